"""The faults that the judge of the operator has to see."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass

import yaml

from harness.api import ApiError
from harness.context import Context
from harness.processes import Failed
from harness.table import Fault

from . import (
    operator_claims,
    operator_life,
    operator_rights,
    operator_room,
    operator_samples,
    operator_troubles,
)
from .operator_proxy import JSON_PATCH, Proxy, Swallow, writes_of
from .operator_stage import MARK, Stage

Check = Callable[[Stage], list[str]]
# A check that waits in vain has to come to its end.
PATIENCE = 8.0


@dataclass(frozen=True)
class Around:
    """A fault between the operator and the server."""

    name: str
    check: Check
    says: str
    swallow: Swallow | None = None
    deaf: bool = False
    runs: bool = True


AROUND = (
    Around("no operator runs", operator_life.becomes, "Ready=True", runs=False),
    Around(
        "Services that the operator never applies",
        operator_life.becomes,
        "plain",
        swallow=writes_of("services"),
    ),
    Around(
        "a status that is never written",
        operator_life.becomes,
        "Ready=True",
        swallow=lambda asked: asked.method == "PATCH" and "/status" in asked.path,
    ),
    Around("events that get lost", operator_life.drifts, "drifting", deaf=True),
    Around(
        "a deletion that never happens",
        operator_claims.deleted,
        "",
        swallow=lambda asked: asked.method == "DELETE",
    ),
    Around(
        "fields of Argo CD's that nobody takes",
        operator_samples.handed_over,
        "still owns fields",
        swallow=lambda asked: asked.kind == JSON_PATCH and "/namespaces/handed" in asked.path,
    ),
)


def policies(thing: dict) -> dict | None:
    """The operator's objects, without its admission policies."""
    return None if thing["kind"].startswith("ValidatingAdmissionPolicy") else thing


def more(thing: dict) -> dict:
    """A role with a verb that nobody uses."""
    if thing["kind"] == "ClusterRole":
        rule = {"apiGroups": ["apps"], "resources": ["daemonsets"], "verbs": ["create"]}
        thing["rules"].append(rule)
    return thing


def less(thing: dict) -> dict:
    """A role that may not apply Services."""
    if thing["kind"] == "ClusterRole":
        for rule in thing["rules"]:
            if "services" in rule["resources"]:
                rule["resources"].remove("services")
        rule = {"apiGroups": [""], "resources": ["services"], "verbs": ["list", "watch"]}
        thing["rules"].append(rule)
    return thing


def older(thing: dict) -> dict:
    """A definition of workspaces that lacks a field of the samples."""
    if thing["kind"] == "CustomResourceDefinition":
        for version in thing["spec"]["versions"]:
            del version["schema"]["openAPIV3Schema"]["properties"]["spec"]["properties"]["onDelete"]
    return thing


def roomier(stage: Stage) -> None:
    """The platform promises a larger node than there is, by a few workspaces."""
    file = stage.platform / "spec/platform.yaml"
    spec = yaml.safe_load(file.read_text(encoding="utf-8"))
    spec["spec"]["node"]["memory"] = "36Gi"
    file.write_text(yaml.safe_dump(spec), encoding="utf-8")


def seen(ctx: Context, name: str, stage: Stage, check: Check, says: str) -> None:
    """Notes whether a check finds what was planted."""
    stage.patience = PATIENCE
    try:
        found = check(stage)
    except (Failed, ApiError) as trouble:
        found = [str(trouble)]
    row = f"operator: {check.__name__.replace('_', ' ')}"
    wanted = [one for one in found if says in one]
    ctx.fault(Fault(name, row, (wanted or found or [""])[0], bool(wanted)))


def around(ctx: Context, stage: Stage, fault: Around) -> None:
    """Plants a fault between the operator and the server."""
    proxied: AbstractContextManager[Proxy | None] = (
        operator_troubles.of(stage) if fault.runs else nullcontext()
    )
    with proxied as proxy:
        if proxy is not None:
            stage.start(url=proxy.url)
            proxy.is_deaf = fault.deaf
            if fault.swallow:
                proxy.swallow = fault.swallow
        seen(ctx, fault.name, stage, fault.check, fault.says)
        for process in list(stage.running):
            stage.end(process, 1)
    emptied(stage)


def emptied(stage: Stage) -> None:
    """Takes away all workspaces, so that the next fault finds none."""
    for one in stage.api.get(stage.path())["items"]:
        path = stage.path(one["metadata"]["name"])
        free = {"metadata": {"finalizers": None}}
        stage.api.request("PATCH", path, free, "application/merge-patch+json")
        stage.api.delete(path)
    spaces = [
        it["metadata"]["name"]
        for it in stage.api.list("v1", "Namespace")
        if MARK in it["metadata"].get("labels", {})
    ]
    for name in spaces:
        for held in stage.api.list("v1", "ConfigMap", name):
            path = f"/api/v1/namespaces/{name}/configmaps/{held['metadata']['name']}"
            free = {"metadata": {"finalizers": None}}
            stage.api.request("PATCH", path, free, "application/merge-patch+json")
        stage.api.delete(f"/api/v1/namespaces/{name}")
    stage.until(
        "the workspaces of the last fault are gone",
        lambda: all(
            stage.api.request("GET", f"/api/v1/namespaces/{name}").status == 404 for name in spaces
        ),
        60,
    )


def plant(ctx: Context) -> None:
    """Plants each."""
    with Stage(ctx, "operator-around") as stage:
        operator_rights.ready(stage)
        for fault in AROUND:
            around(ctx, stage, fault)
    with Stage(ctx, "operator-less", less) as stage:
        operator_rights.ready(stage)
        stage.start()
        name = "a role that may not apply what a workspace needs"
        seen(ctx, name, stage, operator_life.becomes, "Ready=True")
    with Stage(ctx, "operator-older", older) as stage:
        operator_rights.ready(stage)
        name = "a definition without a field that a sample has"
        seen(ctx, name, stage, operator_samples.samples, "onDelete")
    with Stage(ctx, "operator-more", lambda it: policies(more(it))) as stage:
        stage.start()
        name = "no admission policies"
        seen(ctx, name, stage, operator_rights.confined, "it may")
        name = "a verb that the operator never uses"
        seen(ctx, name, stage, operator_rights.exact, "create daemonsets: it may, and never does")
    with Stage(ctx, "operator-roomier", memory="32Gi") as stage:
        operator_rights.ready(stage)
        operator_room.measured(stage)
        roomier(stage)
        stage.start()
        name = "a node that is smaller than the platform says"
        seen(ctx, name, stage, operator_room.agrees, "without a place")
