"""What every judge is handed: the trees, the tools, a folder to work in, the servers that run."""

import itertools
import json
import subprocess
import sys
import time
from functools import cached_property
from pathlib import Path
from typing import Any

import yaml

from .processes import Processes
from .real_charts import RealCharts
from .table import Fault, short
from .trees import Tree, find_trees
from .yaml_twelve import YamlTwelve

# Where the modules keep their resource definitions.
DEFINITIONS = {
    "github.com/argoproj/argo-cd/v3": "manifests/crds/*-crd.yaml",
    "github.com/bitnami/sealed-secrets": "helm/sealed-secrets/crds/*.yaml",
    "github.com/cert-manager/cert-manager": "deploy/crds/*.yaml",
    "github.com/k3s-io/helm-controller": "pkg/crds/yaml/generated/*.yaml",
    "github.com/prometheus-operator/prometheus-operator": "example/prometheus-operator-crd/*.yaml",
    "github.com/traefik/traefik/v3": "docs/content/reference/dynamic*/traefik.io_*.yaml",
}


class Context:
    """See README.md, "For whoever adds a judge"."""

    def __init__(self, root: Path, temp: Path, manifest: dict):
        self.root, self.temp, self.manifest = root, temp, manifest
        self.processes = Processes(temp / "processes")
        self.trees: list[Tree] = find_trees(root, temp / "trees")
        self.planted: list[Fault] = []
        self.python: str = manifest["python"]
        self.espalier: str = manifest["tools"]["espalier"]
        self.chromium: str = f"{manifest['browser']}/chromium"
        # Where pictures of pages go, which outlast the run.
        self.shots = temp / "shots"
        self.started = time.monotonic()
        self.numbers = itertools.count()
        self.charts = RealCharts(self)
        # Of the random platforms; the run says which.
        self.seed, self.cases = 0, 0
        # What a judge makes once and needs again, by a name of its own.
        self.kept: dict[str, Any] = {}

    def fresh(self, name: str) -> Path:
        """A new empty folder in the run's memory file system."""
        folder = self.temp / f"{name}-{next(self.numbers)}"
        folder.mkdir(parents=True)
        return folder

    def tool(self, name: str) -> str:
        """The path of a program."""
        path = self.manifest["tools"].get(name)
        if not path or not Path(path).is_file():
            raise LookupError(f"no program {name} among the judges' tools")
        return path

    def module(self, path: str) -> Path:
        """The unpacked folder of a pinned Go module."""
        if path not in self.manifest["modules"]:
            raise LookupError(f"no module {path} among the judges' tools")
        return Path(self.manifest["modules"][path])

    @cached_property
    def definitions(self) -> list[dict]:
        """All resource definitions of the modules; a name that two modules have is an error."""
        found: dict[str, dict] = {}
        for module, pattern in DEFINITIONS.items():
            files = sorted(self.module(module).glob(pattern))
            if not files:
                raise LookupError(f"{module} has no {pattern}")
            for file in files:
                for value in yaml.load_all(file.read_text(encoding="utf-8"), YamlTwelve):
                    if not value or value.get("kind") != "CustomResourceDefinition":
                        continue
                    name = value["metadata"]["name"]
                    if name in found:
                        raise LookupError(f"{name} is defined by two modules")
                    found[name] = value
        return list(found.values())

    def crds(self) -> list[dict]:
        """A copy of all resource definitions."""
        return json.loads(json.dumps(self.definitions))

    def run_espalier(self, root: Path, *arguments: str) -> subprocess.CompletedProcess:
        """Runs the compiler on a folder."""
        return subprocess.run(
            [self.espalier, *arguments, "--root", str(root)],
            cwd=root,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            check=False,
        )

    def budget(self, root: Path) -> dict:
        """What the compiler says the pods of a folder's platform request, and what the node has."""
        done = self.run_espalier(root, "show", "budget", "--format", "json")
        try:
            return json.loads(done.stdout)
        except ValueError:
            raise LookupError(
                f"`espalier show budget --format json` said no JSON ({done.returncode}): "
                f"{short(done.stderr or done.stdout, 400)}"
            ) from None

    def flows(self, root: Path) -> list[dict]:
        """Which connections the compiler declares for a folder's platform."""
        done = self.run_espalier(root, "show", "flows", "--format", "json")
        try:
            return json.loads(done.stdout)
        except ValueError:
            raise LookupError(
                f"`espalier show flows --format json` said no JSON ({done.returncode}): "
                f"{short(done.stderr or done.stdout, 400)}"
            ) from None

    def fault(self, fault: Fault) -> None:
        """Notes a planted fault for the table."""
        fault.message = fault.message.replace(f"{self.temp}/", "")
        self.planted.append(fault)
        self.say(
            f"planted: {fault.fault} → {fault.judge}: {'seen' if fault.bitten else 'NOT SEEN'}: "
            f"{short(fault.message)}"
        )

    def say(self, text: str) -> None:
        """A line about the progress, on standard error."""
        print(
            f"judges: {time.monotonic() - self.started:6.1f} s  {text}", file=sys.stderr, flush=True
        )
