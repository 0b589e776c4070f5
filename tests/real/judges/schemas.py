"""Judges by the strict JSON schemas of Kubernetes 1.35, the target, and by those inside the
resource definitions."""

from __future__ import annotations

import importlib.resources
import json
import os
import re
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import jsonschema
import yaml
from referencing import Registry, Resource

from harness.context import Context
from harness.planting import NoSubject, container, pick, pod_spec, value
from harness.table import Fault, Row
from harness.trees import Thing
from harness.yaml_twelve import YamlTwelve

VERSION = "1.35"
NAME = f"strict schemas of Kubernetes {VERSION} and of the resource definitions"


def strict(schema: dict, root: bool = False) -> dict:
    """A JSON schema that refuses unknown fields, from the structural schema of a resource
    definition."""
    out = {
        key: inner
        for key, inner in schema.items()
        if not key.startswith("x-") and key not in ("format", "default", "example")
    }
    for key in ("items", "not"):
        if isinstance(out.get(key), dict):
            out[key] = strict(out[key])
    for key in ("properties", "patternProperties"):
        if key in out:
            out[key] = {name: strict(inner) for name, inner in out[key].items()}
    if isinstance(out.get("additionalProperties"), dict):
        out["additionalProperties"] = strict(out["additionalProperties"])
    if (
        "properties" in out
        and not schema.get("x-kubernetes-preserve-unknown-fields")
        and "additionalProperties" not in out
    ):
        out["additionalProperties"] = False
    if root or schema.get("x-kubernetes-embedded-resource"):
        out.setdefault("properties", {}).update(
            apiVersion={"type": "string"}, kind={"type": "string"}, metadata={"type": "object"}
        )
    if schema.get("x-kubernetes-int-or-string"):
        out.pop("type", None)
        out["anyOf"] = [{"type": "integer"}, {"type": "string"}]
    if schema.get("nullable") and isinstance(out.get("type"), str):
        out["type"] = [out["type"], "null"]
        if "enum" in out:
            out["enum"] = [*out["enum"], None]
    return out


class Schemas:
    """A validator for each kind, made when it is first needed."""

    def __init__(self, definitions: list[dict]):
        package = importlib.resources.files("kubernetes_validate") / "kubernetes-json-schema"
        folders = sorted(
            one.name
            for one in package.iterdir()
            if re.fullmatch(rf"v{re.escape(VERSION)}\.\d+-local-strict", one.name)
        )
        self.folder = package / folders[-1]
        shared = json.loads((self.folder / "_definitions.json").read_text(encoding="utf-8"))
        self.registry = Resource.from_contents(shared) @ Registry()
        self.custom = {
            (f"{one['spec']['group']}/{version['name']}", one["spec"]["names"]["kind"]): version[
                "schema"
            ]["openAPIV3Schema"]
            for one in definitions
            for version in one["spec"]["versions"]
            if version["served"]
        }
        self.ready: dict[tuple[str, str], jsonschema.Draft202012Validator | None] = {}

    def make(self, api_version: str, kind: str) -> jsonschema.Draft202012Validator | None:
        """The validator of a kind, None where there is no schema."""
        if (api_version, kind) in self.custom:
            return jsonschema.Draft202012Validator(
                strict(self.custom[api_version, kind], root=True)
            )
        group = re.sub(r"^([^./]*)(?:\.[^/]*)?/", r"\1-", api_version)
        file = self.folder / f"{kind.lower()}-{group}.json"
        if not file.is_file():
            return None
        schema = json.loads(file.read_text(encoding="utf-8"))
        return jsonschema.Draft202012Validator(
            schema, registry=Resource.from_contents(schema) @ self.registry
        )

    def look(self, thing: Thing) -> list[str]:
        """What the schema of its kind says about an object."""
        kind = (thing.value["apiVersion"], thing.value["kind"])
        if kind not in self.ready:
            self.ready[kind] = self.make(*kind)
        validator = self.ready[kind]
        if validator is None:
            return [f"no schema for kind {kind[1]} of {kind[0]}"]
        return [
            (
                f"{'/'.join(str(step) for step in error.absolute_path) or '(root)'}: "
                f"{error.message[:200]}"
            )
            for error in validator.iter_errors(thing.value)
        ]


def schemas(ctx: Context) -> Schemas:
    """The schemas of this run, with the trees' own resource definitions."""
    if "schemas" not in ctx.kept:
        own = [
            thing.value for tree in ctx.trees for thing in tree.of_kind("CustomResourceDefinition")
        ]
        ctx.kept["schemas"] = Schemas([*ctx.crds(), *own])
    kept: Schemas = ctx.kept["schemas"]
    return kept


def others() -> Schemas | None:
    """The resource definitions of the folder that `CRDS` names, where it names one."""
    if not os.environ.get("CRDS"):
        return None
    found: list[dict] = []
    for path in sorted(Path(os.environ["CRDS"]).glob("*.yaml")):
        found += [one for one in yaml.load_all(path.read_text(encoding="utf-8"), YamlTwelve) if one]
    if not found:
        raise LookupError("CRDS: the folder has no *.yaml with a resource definition")
    return Schemas(found)


def look_at_all(ctx: Context, row: Row, judging: Schemas, custom_only: bool = False) -> Row:
    """Each object of each tree, once."""
    began, seen = time.monotonic(), set()
    for tree in ctx.trees:
        # A definition of one platform's own says what that platform offers.
        own = tree.of_kind("CustomResourceDefinition")
        kinds = {one.value["spec"]["names"]["kind"] for one in own}
        its = Schemas([*ctx.crds(), *(one.value for one in own)]) if own else judging
        for thing in tree.things:
            kind = (thing.value["apiVersion"], thing.value["kind"])
            if thing.digest not in seen and (not custom_only or kind in judging.custom):
                seen.add(thing.digest)
                row.objects += 1
                by = its if kind[1] in kinds and not custom_only else judging
                row.findings += [f"{tree.name}/{thing.file}: {one}" for one in by.look(thing)]
    row.seconds += time.monotonic() - began
    return row


def judge(ctx: Context) -> list[Row]:
    """The schemas that belong to the judges; those of another folder as a cross-check."""
    began = time.monotonic()
    judging = schemas(ctx)
    rows = [look_at_all(ctx, Row(NAME, 0, seconds=time.monotonic() - began), judging)]
    began = time.monotonic()
    cross = others()
    row = Row("schemas of CRDS (cross-check)", 0, seconds=time.monotonic() - began)
    if cross is None:
        row.note = "CRDS is not set: no other copies of the resource definitions are here"
    else:
        look_at_all(ctx, row, cross, custom_only=True)
    return [*rows, row]


def faults(ctx: Context) -> None:
    """What a schema can see."""
    tree = ctx.trees[0]

    def workload(change: Callable[..., Any]) -> Thing:
        return value(pick(tree, "Deployment", "StatefulSet"), change)

    planted: list[tuple[str, Callable[[], Thing], str]] = [
        (
            "an unknown field of a container",
            lambda: workload(lambda one: container(one).update(resorces={})),
            "resorces",
        ),
        (
            "a number where a string belongs",
            lambda: workload(
                lambda one: container(one).setdefault("env", []).append({"name": "A", "value": 1})
            ),
            "1",
        ),
        (
            "a field that 1.36 has and 1.35 has not",
            lambda: workload(
                lambda one: pod_spec(one).update(schedulingGroup={"podGroupName": "all"})
            ),
            "schedulingGroup",
        ),
        (
            "an API version that is gone",
            lambda: value(
                pick(tree, "Deployment", "StatefulSet"),
                lambda one: one.update(apiVersion="extensions/v1beta1"),
            ),
            "no schema",
        ),
        (
            "an unknown field of an Application",
            lambda: value(
                pick(tree, "Application"), lambda one: one["spec"].update(revision="main")
            ),
            "revision",
        ),
    ]
    for what, make, word in planted:
        try:
            said = schemas(ctx).look(make())
        except NoSubject as lack:
            ctx.fault(Fault(what, f"schemas of {VERSION}", str(lack), False))
            continue
        hits = [one for one in said if word in one]
        ctx.fault(
            Fault(what, f"schemas of {VERSION}", (hits or said or ["nothing"])[0], bool(hits))
        )
