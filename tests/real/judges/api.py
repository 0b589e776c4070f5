"""Judges the API of workspaces: a real API server says who calls and what they may, an issuer on
loopback signs tokens, and the API runs as a process under its own account."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from harness.checks import row_of
from harness.context import Context
from harness.table import Row

from . import (
    api_bounds,
    api_calls,
    api_described,
    api_faults,
    api_figures,
    api_findings,
    api_kept,
    api_page,
    api_who,
    api_writers,
)
from .api_stage import MODEL, Stage

Check = Callable[[Stage], list[str]]


def page(stage: Stage) -> list[str]:
    """Somebody asks for a workspace on the page, sees it ready and deletes it, by keyboard."""
    stage.emptied()

    def becomes_ready(name: str) -> None:
        status = {"conditions": [api_calls.said("Ready", "True")]}
        api_calls.told(stage, name, status)

    browser = Path(stage.ctx.chromium).parent
    token = stage.token("admin")
    return api_page.walk(browser, stage.url, token, becomes_ready, stage.ctx.shots, model=MODEL)


# Each row, and what it tries, one after the other on one cluster.
ROWS: tuple[tuple[str, tuple[Check, ...]], ...] = (
    ("api: each call does what the table says", api_calls.CHECKS),
    ("api: who may what", api_who.CHECKS),
    ("api: two writers, one wins", (api_writers.two_writers, api_writers.two_makers)),
    (
        "api: what Git keeps, passwords, tokens, the audit",
        (api_kept.in_git, api_kept.password, api_kept.tokens_untold, api_kept.audited),
    ),
    ("api: findings as `check` has them", (api_findings.same,)),
    (
        "api: who means it ill is refused",
        (api_bounds.slow, api_bounds.large, api_bounds.packed, api_bounds.too_many),
    ),
    ("api: its description is true", (api_described.described,)),
    ("api: the page", (page,)),
    ("api: 1,000 by pages while others change", (api_writers.crowded, api_writers.expired)),
    ("api: what it costs", (api_figures.figures,)),
    ("api: what its account may is what it does", (api_who.exact,)),
)


def judge(ctx: Context) -> list[Row]:
    """Everything on one cluster."""
    with Stage(ctx, "api") as stage:
        stage.rises()
        return [row_of(stage, name, checks) for name, checks in ROWS]


def faults(ctx: Context) -> None:
    """See api_faults.py."""
    api_faults.plant(ctx)
