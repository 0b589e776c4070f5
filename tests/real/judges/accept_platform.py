"""The platform of the judge `accept`: that of golden/operator with the texts that the samples ask
for, on a node where the operator runs of its image's files."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import Any

import yaml

from harness import node_platform
from harness.api import ApiError
from harness.context import Context
from harness.node_images import stored_as
from harness.processes import Failed

from .live_objects import traefik_objects
from .live_platform import Live
from .operator_samples import FORMER, SAMPLES
from .operator_stage import CASE, DEFINITIONS, GROUP, KIND, PLURAL, deployment, own_objects

CONTAINERFILE = "operator/Containerfile"
# What runs beside workspaces and has no part in one: a chat of the platform's own.
OFF = ("postgresql", "openWebui", "ollama")
# The samples of the AIChat Workspace Operator; its third resource is of its own test.
FORMERS = ("former-sample", "former-patterns")
# A text for each name that a sample asks for and the golden platform does not have.
TEXT = "You are given a text. Answer with a summary of it in one sentence.\n"
# Where a workspace for a developer answers.
LOCAL = "localtest.me"


def resource(name: str, spec: dict) -> dict:
    """A workspace's resource, as people write it."""
    return {"apiVersion": GROUP, "kind": KIND, "metadata": {"name": name}, "spec": spec}


def ours(root: Path) -> list[dict]:
    """The samples of a repository."""
    folder = root / SAMPLES
    named = yaml.safe_load((folder / "kustomization.yaml").read_text(encoding="utf-8"))
    return [
        yaml.safe_load((folder / file).read_text(encoding="utf-8")) for file in named["resources"]
    ]


def formers() -> list[dict]:
    """Those of the AIChat Workspace Operator, as they are."""
    return [resource(name, FORMER[name]) for name in FORMERS]


def make_tree(ctx: Context) -> Path:
    """The golden platform without a chat of its own and without files of workspaces, rendered; its
    folder."""
    root = ctx.fresh("accepted")
    shutil.copytree(ctx.root / "tests" / CASE / "spec", root / "spec")
    shutil.rmtree(root / "spec/workspaces")
    file = root / "spec/platform.yaml"
    spec: dict[str, Any] = yaml.safe_load(file.read_text(encoding="utf-8"))
    spec["spec"]["components"] = {name: {"enabled": False} for name in OFF}
    offered = spec["spec"]["workspaces"]["patterns"]
    for sample in [*ours(ctx.root), *formers()]:
        for name in sample["spec"].get("patterns", []):
            if name not in offered:
                offered[name] = f"spec/patterns/{name}.md"
                (root / offered[name]).write_text(TEXT, encoding="utf-8")
    file.write_text(yaml.safe_dump(spec, sort_keys=False), encoding="utf-8")
    done = ctx.run_espalier(root, "render")
    if done.returncode:
        raise Failed(f"espalier render: {done.stderr.strip()[-900:]}")
    return root


def settings(containerfile: str) -> dict[str, Any]:
    """The configuration that a Containerfile gives an image: its user, and what it runs."""
    told = dict(line.split(" ", 1) for line in containerfile.splitlines() if line[:1].isalpha())
    return {"User": told["USER"].strip(), "Entrypoint": json.loads(told["ENTRYPOINT"])}


def with_tag(model: str) -> str:
    """The name by which Ollama lists a model."""
    return model if ":" in model else f"{model}:latest"


def prompts_of(spec: dict) -> list[str]:
    """The prompts that a workspace's models are made with."""
    return [*spec.get("patterns", []), *(one["name"] for one in spec.get("prompts", []))]


def served(spec: dict) -> list[str]:
    """The models that a workspace serves: those that it lists, and those that are made of them."""
    listed = [with_tag(one) for one in spec["models"]]
    return sorted([*listed, *(f"{one}-{name}" for one in listed for name in prompts_of(spec))])


def host_of(spec: dict) -> str:
    """Where a workspace for a developer answers."""
    return f"{spec['workspaceName']}.{LOCAL}"


class Accepted(Live):
    """The node with the operator, before anybody asks for a workspace; `with Accepted(…)`."""

    def __init__(self, ctx: Context, root: Path, samples: list[dict]):
        self.samples = samples
        super().__init__(ctx, root, "accept")
        own = deployment(self.tree)
        self.operator, self.space = own.value, own.namespace

    def hosts(self) -> list[str]:
        """The hosts of the samples."""
        return [host_of(one["spec"]) for one in self.samples]

    def models(self) -> list[str]:
        """The models that the samples list."""
        return sorted({with_tag(model) for one in self.samples for model in one["spec"]["models"]})

    def start(self) -> None:
        """Everything up to the operator and the ingress controller."""
        self.world.start()
        self.outside()
        self.world.import_image(Path(self.about["archive"]))
        image = self.operator["spec"]["template"]["spec"]["containers"][0]["image"]
        told = (self.ctx.root / CONTAINERFILE).read_text(encoding="utf-8")
        folder = Path(self.ctx.manifest["operator-image"])
        self.world.import_image(folder, stored_as(image), settings(told))
        bounds = [one.value for one in own_objects(self.tree)]
        kinds = [one for one in bounds if one["kind"] == "CustomResourceDefinition"]
        self.world.api.install_crds([*self.definitions(), *kinds])
        objects = node_platform.objects_of(self.tree)
        known = [(one["kind"], one["metadata"]["name"]) for one in [*objects, *kinds]]
        rest = [one for one in bounds if (one["kind"], one["metadata"]["name"]) not in known]
        spaces = [one for one in objects if one["kind"] == "Namespace"]
        objects = [one for one in objects if one["kind"] != "Namespace"]
        traefik = [
            one.value
            for one in self.tree.things
            if one.value["apiVersion"].startswith("traefik.io/")
        ]
        # Bounds first: the operator never runs without them.
        values = self.values_of_traefik()
        self.world.apply([*spaces, *rest, *objects, *traefik, *traefik_objects(values)])
        self.lead_in()
        self.expected = node_platform.pods_expected(objects) + 1

    def definitions(self) -> list[dict]:
        """The kinds of others that a workspace is made of, and all those of Traefik, which reads
        them."""
        return [
            one
            for one in self.ctx.crds()
            if one["metadata"]["name"] in DEFINITIONS or one["spec"]["group"] == "traefik.io"
        ]

    def operators(self) -> list[dict]:
        """The operator's pods."""
        labels = self.operator["spec"]["template"]["metadata"]["labels"]
        return self.pods(self.space, labels["app.kubernetes.io/name"])

    def state_of(self, sample: dict) -> dict:
        """The resource of a sample as it is; nothing where there is none."""
        path = f"/apis/{GROUP}/namespaces/{self.space}/{PLURAL}/{sample['metadata']['name']}"
        answer = self.world.api.request("GET", path)
        return {} if answer.refused else answer.body

    def why(self) -> str:
        """What is said of what is not Ready: by the resources, by programs, by the operator."""
        said = [
            f"{one['metadata']['name']}: {about['reason']} {about.get('message', '')}"
            for one in self.samples
            for about in self.state_of(one).get("status", {}).get("conditions") or []
            if about["type"] == "Ready" and about["status"] != "True"
        ]
        try:
            said += self.troubles()
            said += [
                f"the operator said: {line[:300]}"
                for pod in self.operators()
                for line in self.world.log(pod, "operator").splitlines()[-2:]
            ]
        except (ApiError, OSError) as trouble:
            said.append(f"nobody more can be asked: {trouble}")
        return "; ".join(said)
