"""Judges dashboards by the form that Grafana publishes for programs."""

from __future__ import annotations

import json
import subprocess
import time
from collections.abc import Callable
from typing import Any

from harness.context import Context
from harness.table import Fault, Row, short
from harness.trees import Tree


def subjects(tree: Tree) -> list[tuple[str, str]]:
    """The dashboards of a tree: where each is, and its text."""
    return [
        (f"{thing.file}: {name}", text)
        for thing in tree.things
        if thing.value["kind"] == "ConfigMap"
        for name, text in thing.value.get("data", {}).items()
        if name.endswith(".json") and '"schemaVersion"' in text
    ]


def trouble(ctx: Context, text: str) -> str:
    """What the published form has against a dashboard."""
    done = subprocess.run(
        [ctx.tool("dashboards")], input=text, capture_output=True, text=True, check=False
    )
    return f"{done.stdout.strip()} {done.stderr.strip()}".strip() if done.returncode else ""


def judge(ctx: Context) -> Row:
    """One row; a dashboard is an object."""
    row, began = Row("dashboards: form", 0), time.monotonic()
    for tree in ctx.trees:
        for where, text in subjects(tree):
            row.objects += 1
            said = trouble(ctx, text)
            row.findings += [f"{tree.name}/{where}: {short(said, 300)}"] if said else []
    row.note = "" if row.objects else "no subject yet: no dashboard in any tree"
    row.seconds = time.monotonic() - began
    return row


def plant(ctx: Context) -> None:
    """A dashboard of the trees with one thing wrong in each copy."""
    text = next(text for tree in ctx.trees for _, text in subjects(tree))

    def changed(change: Callable[[dict[str, Any]], Any]) -> str:
        value = json.loads(text)
        change(value)
        return json.dumps(value)

    def panel(value: dict[str, Any]) -> dict[str, Any]:
        return next(one for one in value["panels"] if one.get("targets"))

    for what, change in (
        ("a dashboard of another form's version", lambda it: it.update(schemaVersion=7)),
        ("a dashboard with a field that Grafana does not know", lambda it: it.update(titel="a")),
        ("a panel whose place is a text", lambda it: panel(it)["gridPos"].update(x="left")),
        ("a panel with an option that its kind does not have", lambda it: _option(panel(it))),
        (
            "a query with a field that its datasource does not know",
            lambda it: panel(it)["targets"][0].update(expression="up"),
        ),
        ("a variable whose switch is a text", lambda it: it.update(templating=_variable())),
    ):
        said = trouble(ctx, changed(change))
        ctx.fault(Fault(what, "dashboards: form", said or "nothing", bool(said)))
    said = trouble(ctx, text)
    ctx.fault(
        Fault(
            "none: a dashboard that is right is read",
            "dashboards: form",
            said or "nothing",
            not said,
        )
    )


def _option(panel: dict[str, Any]) -> None:
    panel["options"]["colour"] = "green"


def _variable() -> dict[str, Any]:
    return {"list": [{"name": "a", "type": "query", "skipUrlSync": "no"}]}
