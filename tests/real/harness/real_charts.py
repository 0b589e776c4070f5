"""Real charts, where there are some: those of the folder that `CHARTS` names."""

from __future__ import annotations

import hashlib
import json
import os
import re
import shutil
import subprocess
from pathlib import Path
from typing import TYPE_CHECKING

import yaml

from . import yaml_twelve
from .argo_tree import LOADER, Application, Rendered, dump
from .pods import Workload, workloads

if TYPE_CHECKING:
    from .context import Context


# What upstream's folder says of its version where a release tool writes the real one.
UNSTAMPED = "v0.0.0"
VERSION_OF_K3S = re.compile(rb"^readonly k3s_version='(v[0-9.]+)", re.M)


class RealCharts:
    """The charts of one folder.

    Each is `<name>-<version>.tgz`, or `<name>-<version>/` as it lies in the chart's own repository.
    """

    def __init__(self, ctx: Context, folder: Path | None = None):
        self.ctx = ctx
        named = os.environ.get("CHARTS")
        self.folder = folder or (Path(named) if named else None)
        if self.folder and not self.folder.is_dir():
            raise LookupError(f"CHARTS: {self.folder} is no folder")
        self._archives: dict[str, Path | None] = {}
        # Conditions of the parts that were left out of a chart, and what each is by default.
        self._without: dict[Path, dict[str, object]] = {}
        self._renders: dict[str, bytes] = {}

    def __bool__(self) -> bool:
        return self.folder is not None

    def archive(self, name: str, version: str) -> Path | None:
        """The chart as its repository would serve it; None where the folder has no such chart."""
        full = f"{name}-{version}"
        if self.folder and full not in self._archives:
            packed, source = self.folder / f"{full}.tgz", self.folder / full
            self._archives[full] = (
                packed
                if packed.is_file()
                else self._packed(source, name, version)
                if source.is_dir()
                else None
            )
        return self._archives.get(full)

    def _packed(self, source: Path, name: str, version: str) -> Path:
        """A folder, packed.

        A part that can be switched off, and is not there, is left out: Helm would want it fetched.
        """
        work = self.ctx.fresh("chart")
        shutil.copytree(source, work / name)
        about = yaml.load((work / name / "Chart.yaml").read_bytes(), Loader=LOADER)
        values = yaml.load((work / name / "values.yaml").read_bytes(), Loader=LOADER) or {}
        if about["name"] != name or about["version"] not in (version, UNSTAMPED):
            raise LookupError(f"CHARTS: {source.name} holds {about['name']} {about['version']}")
        stamps = (
            ["--version", version, "--app-version", version]
            if about["version"] == UNSTAMPED
            else []
        )
        parts = about.get("dependencies") or []
        left = [it for it in parts if not _there(work / name, it) and it.get("condition")]
        if left:
            (work / name / "Chart.yaml").write_bytes(
                dump({**about, "dependencies": [it for it in parts if it not in left]})
            )
            (work / name / "Chart.lock").unlink(missing_ok=True)
        self._helm("package", str(work / name), "--destination", str(work), *stamps)
        archive = work / f"{name}-{version}.tgz"
        self._without[archive] = {it["condition"]: at(values, it["condition"]) for it in left}
        return archive

    def values(self, name: str, version: str) -> dict | None:
        """The chart's own values."""
        archive = self.archive(name, version)
        return (
            yaml.load(self._helm("show", "values", str(archive)), Loader=LOADER)
            if archive
            else None
        )

    def render(self, tree: Rendered, application: Application) -> list[dict] | None:
        """What the chart makes for an Application; None where the folder has no such chart."""
        made = self.text(tree, application)
        return None if made is None else yaml_twelve.objects(made)

    def text(self, tree: Rendered, application: Application) -> bytes | None:
        """The same as Helm writes it, asked as Argo CD would ask."""
        source = application.chart
        archive = self.archive(source["chart"], source["targetRevision"])
        if archive is None:
            return None
        helm = source.get("helm") or {}
        values = helm.get("valuesObject") or {}
        for condition, usual in self._without.get(archive, {}).items():
            written = at(values, condition)
            if usual if written is None else written:
                raise LookupError(
                    f"CHARTS: {application.name} has {condition} on, "
                    f"and that part of {source['chart']} is not in its charts/"
                )
        namespace = application.document["spec"]["destination"]["namespace"]
        words = [
            helm.get("releaseName") or application.name,
            str(archive),
            "--namespace",
            namespace,
            "--kube-version",
            kubernetes(tree),
        ]
        return self.template(words, values, [] if helm.get("skipCrds") else ["--include-crds"])

    def made(self, name: str, root: Path) -> dict[str, Workload]:
        """All that makes pods in the charts of a tree, as far as the folder has them."""
        if not self:
            return {}
        tree = Rendered.read(name, root)
        found = [
            (it, self.render(tree, it) or []) for it in tree.applications().values() if it.chart
        ]
        return {
            one.key: one
            for it, objects in found
            for one in workloads(objects, it.document["spec"]["destination"]["namespace"])
        }

    def template(self, words: list[str], values: dict, more: list[str]) -> bytes:
        """`helm template`; the same question is asked once."""
        key = hashlib.sha256(json.dumps([words, values, more], sort_keys=True).encode()).hexdigest()
        if key not in self._renders:
            file = self.ctx.fresh("values") / "values.json"
            file.write_bytes(dump(values))
            self._renders[key] = self._helm(
                "template", *words, "--values", str(file), "--skip-tests", *more
            )
            file.unlink()
        return self._renders[key]

    def _helm(self, *words: str) -> bytes:
        environment = {"HOME": str(self.ctx.temp), "PATH": "/usr/bin:/bin"}
        done = subprocess.run(
            [self.ctx.tool("helm"), *words],
            env=environment,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            check=False,
        )
        if done.returncode != 0:
            raise RuntimeError(
                f"helm {words[0]} {Path(words[1]).name}: "
                f"{done.stderr.decode(errors='replace').strip()[-400:]}"
            )
        return done.stdout


def kubernetes(tree: Rendered) -> str:
    """The version of the cluster that the tree is for, as its script installs it."""
    found = VERSION_OF_K3S.search(tree.files.get("bootstrap/platform.sh", b""))
    if found is None:
        raise LookupError(f"{tree.name}: bootstrap/platform.sh does not say which k3s is installed")
    return found.group(1).decode()


def _there(chart: Path, dependency: dict) -> bool:
    return any((chart / "charts").glob(f"{dependency['name']}*"))


def at(values: object, path: str | None) -> object:
    """What is at a dotted path; None where there is nothing."""
    if not path:
        return None
    for step in path.split("."):
        values = values.get(step) if isinstance(values, dict) else None
    return values
