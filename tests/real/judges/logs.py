"""Judges the way of a line by Alloy itself: from a pod's log file, the audit log or the journal,
through the tree's configuration, to a store that speaks Loki's protocol, and to what the dashboards
ask for."""

from __future__ import annotations

import time

from harness.cluster import Cluster
from harness.context import Context
from harness.table import Row

from . import logs_faults
from .logs_trial import Subject, Trial, subject


def judge(ctx: Context) -> list[Row]:
    """A row for each tree whose logs are read."""
    what = [it for it in map(subject, ctx.trees) if it is not None]
    if not what:
        return [Row("logs", 0, note="no subject yet: no tree reads logs")]
    with Cluster(ctx, "logs") as cluster:
        return [judged(ctx, cluster, it) for it in what]


def judged(ctx: Context, cluster: Cluster, what: Subject) -> Row:
    """One tree."""
    row, began = Row(f"logs: {what.tree.name}", 0), time.monotonic()
    ctx.say(row.judge)
    trial = Trial(ctx, cluster, what)
    try:
        trial.run()
        row.findings = trial.findings
    finally:
        trial.close()
    row.objects = len(trial.expected)
    of_charts = "real charts" if ctx.charts else "charts as they are declared"
    row.note = (
        f"{len(trial.node.speakers)} pods ({of_charts}), {trial.lost} lines of a noisy one left out"
    )
    row.seconds = time.monotonic() - began
    return row


def faults(ctx: Context) -> None:
    """See `logs_faults`."""
    logs_faults.plant(ctx)
