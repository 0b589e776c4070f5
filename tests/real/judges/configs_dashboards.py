"""Judges dashboards by the form that Grafana publishes for programs, and, where there is a Grafana,
by that one."""

from __future__ import annotations

import json
import os
import subprocess
import time
import urllib.error
import urllib.request
from collections.abc import Callable
from typing import Any

from harness.context import Context
from harness.table import Fault, Row, short
from harness.trees import Tree

# Where a Grafana answers that dashboards may be written to, and a token of a service account there.
SERVER, TOKEN = "GRAFANA", "GRAFANA_TOKEN"


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


def asked(path: str, body: dict[str, Any]) -> dict[str, Any]:
    """The answer of the Grafana that one has."""
    headers = {"Content-Type": "application/json"}
    if os.environ.get(TOKEN):
        headers["Authorization"] = f"Bearer {os.environ[TOKEN]}"
    request = urllib.request.Request(
        os.environ[SERVER].rstrip("/") + path,
        data=json.dumps(body).encode(),
        headers=headers,
        method="POST",
    )
    with urllib.request.urlopen(request, timeout=30) as answer:
        read: dict[str, Any] = json.load(answer)
        return read


def panel_queries(dashboard: dict[str, Any]) -> list[tuple[str, list[dict[str, Any]]]]:
    """The queries of each panel, as Grafana's own page would ask them with everything chosen."""
    found = []
    for panel in dashboard["panels"]:
        queries = []
        for target in panel.get("targets", []):
            text = target["expr"]
            for chosen in dashboard["templating"]["list"]:
                text = text.replace(f"${chosen['name']}", chosen.get("allValue") or ".+")
            queries.append({**target, "expr": text, "intervalMs": 60000, "maxDataPoints": 60})
        if queries:
            found.append((panel["title"], queries))
    return found


def loaded(text: str) -> list[str]:
    """What the Grafana that one has says of a dashboard: that it takes it, and each of its
    panels' queries."""
    dashboard = json.loads(text)
    try:
        asked("/api/dashboards/db", {"dashboard": dashboard, "overwrite": True})
    except (urllib.error.URLError, OSError) as error:
        return [f"is not taken: {error}"]
    findings = []
    for title, queries in panel_queries(dashboard):
        try:
            asked("/api/ds/query", {"queries": queries, "from": "now-1h", "to": "now"})
        except (urllib.error.URLError, OSError) as error:
            findings.append(f"{title}: {error}")
    return findings


def judge(ctx: Context) -> list[Row]:
    """One row for the form, one for a Grafana; a dashboard is an object."""
    form, began = Row("dashboards: form", 0), time.monotonic()
    texts: dict[str, str] = {}
    for tree in ctx.trees:
        for where, text in subjects(tree):
            form.objects += 1
            texts.setdefault(text, f"{tree.name}/{where}")
            said = trouble(ctx, text)
            form.findings += [f"{tree.name}/{where}: {short(said, 300)}"] if said else []
    form.note = "" if form.objects else "no subject yet: no dashboard in any tree"
    form.seconds = time.monotonic() - began
    server, began = Row("dashboards: Grafana", 0), time.monotonic()
    if os.environ.get(SERVER):
        for text, where in texts.items():
            server.objects += 1
            server.findings += [f"{where}: {short(one, 300)}" for one in loaded(text)]
    else:
        server.note = f"no Grafana is asked: {SERVER} names none"
    server.seconds = time.monotonic() - began
    return [form, server]


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
