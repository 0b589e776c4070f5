"""Judges the operator by a real cluster: under its own account, with the tree's own rights and
policies, by what becomes of workspaces."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

from harness.checks import TROUBLE, row_of
from harness.context import Context
from harness.table import Row

from . import (
    operator_changes,
    operator_claims,
    operator_faults,
    operator_figures,
    operator_life,
    operator_rights,
    operator_room,
    operator_samples,
    operator_troubles,
)
from .operator_stage import Stage

Check = Callable[[Stage], list[str]]
# How many workspaces stand beside one that goes wrong.
BESIDE = 20
# Each name of a row, and what it tries, one after the other on one cluster.
ROWS: tuple[tuple[str, tuple[Check, ...]], ...] = (
    ("operator: a workspace becomes what a tree has", (operator_life.becomes,)),
    (
        "operator: what others change is as it was",
        (operator_life.drifts, operator_life.changed_meanwhile),
    ),
    (
        "operator: names, namespaces and data",
        (
            operator_claims.foreign,
            operator_claims.contested,
            operator_claims.retained,
            operator_claims.deleted,
            operator_claims.suspended,
            operator_claims.refused,
            operator_claims.marked,
        ),
    ),
    (
        "operator: a change, a full node, a plan",
        (operator_changes.pruned, operator_changes.unplaced, operator_changes.planned),
    ),
    (
        "operator: samples",
        (operator_samples.samples, operator_samples.of_others),
    ),
    ("operator: from Argo CD's hands", (operator_samples.handed_over,)),
    ("operator: a restart writes nothing", (operator_life.restarted,)),
    (
        "operator: one that goes wrong beside others",
        (partial(operator_room.beside, many=BESIDE),),
    ),
    ("operator: the token opens nothing else", (operator_rights.confined,)),
    ("operator: a server that restarts", (operator_troubles.compacted,)),
    ("operator: two replicas, one writer", (operator_troubles.led,)),
    ("operator: any request cut", (operator_troubles.cut,)),
    (
        "operator: what it may is what it does",
        (operator_rights.exact, operator_rights.refusals),
    ),
)
ROOM = "operator: room as the scheduler has it"


def judge(ctx: Context) -> list[Row]:
    """Everything on one cluster, but for what needs a full node, and what is measured."""
    rows = []
    with Stage(ctx, "operator") as stage:
        operator_rights.ready(stage)
        stage.start()
        rows += [row_of(stage, name, checks) for name, checks in ROWS]
    with Stage(ctx, "operator-room", memory="32Gi") as stage:
        operator_rights.ready(stage)
        stage.start()
        rows.append(row_of(stage, ROOM, (operator_room.agrees,)))
    try:
        return [*rows, operator_figures.judge(ctx)]
    except TROUBLE as trouble:
        return [*rows, Row(operator_figures.NAME, 0, [f"{type(trouble).__name__}: {trouble}"])]


def faults(ctx: Context) -> None:
    """See operator_faults.py."""
    operator_faults.plant(ctx)
