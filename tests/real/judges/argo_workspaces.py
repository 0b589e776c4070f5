"""The health of workspaces' resources that the tree ships, case by case, by the real Argo CD."""

from __future__ import annotations

import time
from concurrent.futures import ThreadPoolExecutor
from typing import Any

from harness.argo_settings import values_of
from harness.argo_tree import Rendered, dump
from harness.context import Context
from harness.table import Fault, Row

from .argo_health import asked, settings_of

JUDGE = "argocd: health of workspaces"
TREE = "golden/operator"
LUA = "resource.customizations.health.apps.aichatworkspaces.io_AIChatWorkspace"


def told(kind: str, status: str, reason: str = "Why", generation: int = 2) -> dict:
    """A condition, as the operator writes it."""
    return {
        "type": kind,
        "status": status,
        "reason": reason,
        "message": "What it says.",
        "observedGeneration": generation,
    }


FINE = [told("Accepted", "True"), told("Admitted", "True")]
# What it is, the conditions, what the spec says besides, what the gate has to be told.
CASES: list[tuple[str, list[dict], dict[str, Any], str]] = [
    ("nobody has looked at it", [], {}, "Progressing"),
    ("its spec is refused", [told("Accepted", "False", "InvalidSpec")], {}, "Degraded"),
    ("it waits for room", [FINE[0], told("Admitted", "False", "NoRoom")], {}, "Suspended"),
    ("its pods start", [*FINE, told("Ready", "False", "RollingOut")], {}, "Progressing"),
    ("it is ready", [*FINE, told("Ready", "True")], {}, "Healthy"),
    (
        "it was ready before its last change",
        [told("Accepted", "True", generation=1), told("Ready", "True", generation=1)],
        {},
        "Progressing",
    ),
    (
        "it runs, and an object cannot be applied",
        [*FINE, told("Ready", "True"), told("Degraded", "True", "ApplyFailed")],
        {},
        "Degraded",
    ),
    (
        "it is at rest",
        [*FINE, told("Ready", "False", "Suspended")],
        {"suspend": True},
        "Suspended",
    ),
]


def wrong(ctx: Context, settings: dict) -> list[str]:
    """The cases in which the health of that argocd-cm is another than it has to be."""
    folder = ctx.fresh("health-of-workspaces")
    (folder / "cm.yaml").write_bytes(dump(settings))

    def one(number: int) -> str:
        what, conditions, more, wanted = CASES[number]
        file = folder / f"{number}.yaml"
        resource = {
            "apiVersion": "apps.aichatworkspaces.io/v1alpha1",
            "kind": "AIChatWorkspace",
            "metadata": {"name": "a", "namespace": "b", "generation": 2},
            "spec": {"workspaceName": "a", "models": [], **more},
            "status": {"conditions": conditions},
        }
        file.write_bytes(dump(resource))
        done = asked(ctx, folder, file)
        lines = done.stdout.splitlines()
        said = next((line.split()[1] for line in lines if line.startswith("STATUS: ")), None)
        if said == wanted:
            return ""
        trouble = said or (done.stderr or done.stdout).strip()[-200:]
        return f"{what}: {trouble}, it has to be {wanted}"

    with ThreadPoolExecutor(2) as pool:
        return [it for it in pool.map(one, range(len(CASES))) if it]


def settings(ctx: Context) -> dict | None:
    """The argocd-cm of the tree with the operator."""
    tree = next((tree for tree in ctx.trees if tree.name == TREE), None)
    return settings_of(ctx, values_of(Rendered.read(tree.name, tree.root))) if tree else None


def judge(ctx: Context) -> Row:
    """All cases with the tree's own Lua."""
    began, of = time.monotonic(), settings(ctx)
    if of is None:
        return Row(JUDGE, 0, [], 0, f"{TREE} is not among the trees")
    return Row(JUDGE, len(CASES), wrong(ctx, of), time.monotonic() - began)


def plant(ctx: Context) -> None:
    """What Argo CD does without a script: it takes whatever is there for well."""
    of = settings(ctx)
    if of is None:
        ctx.fault(Fault("no health of workspaces", JUDGE, f"there is no {TREE}", False))
        return
    of = {**of, "data": {key: value for key, value in of["data"].items() if key != LUA}}
    said = wrong(ctx, of)
    hits = [one for one in said if one.startswith("its spec is refused")]
    ctx.fault(Fault("no health of workspaces", JUDGE, (hits or said or ["nothing"])[0], bool(hits)))
