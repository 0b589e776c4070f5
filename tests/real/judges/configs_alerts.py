"""Judges alerts by their examples: promtool sees each fire on its fault, and not on health."""

from __future__ import annotations

import json
import subprocess
import time
from typing import Any

from harness.context import Context
from harness.table import Fault, Row, short

# The example of the repository that writes rules and their tests.
WRITER = "alert_tests"


def cases(ctx: Context) -> list[dict[str, Any]]:
    """Rules and tests of every alert of all trees; what is alike is there once."""
    folders = sorted({str(tree.spec_root) for tree in ctx.trees})
    done = subprocess.run(
        [ctx.tool(WRITER), *folders],
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode:
        raise RuntimeError(f"{WRITER}: {short(done.stderr, 300)}")
    return [json.loads(line) for line in done.stdout.splitlines()]


def trouble(ctx: Context, case: dict[str, Any]) -> str:
    """What promtool has against an alert."""
    folder = ctx.fresh("alert")
    for name in ("rules", "tests"):
        (folder / f"{name}.json").write_text(json.dumps(case[name]), encoding="utf-8")
    done = subprocess.run(
        [ctx.tool("promtool"), "test", "rules", "tests.json"],
        cwd=folder,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=False,
    )
    return f"{done.stdout.strip()} {done.stderr.strip()}".strip() if done.returncode else ""


def judge(ctx: Context) -> Row:
    """One row, an alert of its own thresholds an object."""
    row, began = Row("promtool: alerts", 0), time.monotonic()
    if WRITER not in ctx.manifest["tools"]:
        row.findings.append(f"no alert is tested: the example {WRITER} is not built")
        return row
    for case in cases(ctx):
        row.objects += 1
        said = trouble(ctx, case)
        row.findings += [f"{case['alert']}: {short(said, 300)}"] if said else []
    row.note = "" if row.objects else "no subject yet: no alert in any platform"
    row.seconds = time.monotonic() - began
    return row


def plant(ctx: Context) -> None:
    """An alert that never fires, and one that always does."""
    case = next(case for case in cases(ctx) if case["alert"] == "NodesMissing")
    for fault, expression in (
        ("an alert that does not fire on its fault", "sum(kube_node_status_condition) < 0"),
        ("an alert that fires on health", "sum(kube_node_status_condition) >= 0"),
    ):
        rules = json.loads(json.dumps(case["rules"]))
        rules["groups"][0]["rules"][0]["expr"] = expression
        said = trouble(ctx, {**case, "rules": rules})
        ctx.fault(Fault(fault, "promtool: alerts", said or "nothing", bool(said)))
