"""Checks that are tried one after the other on one stage, and the row that some of them make."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Protocol, TypeVar

from .api import ApiError
from .context import Context
from .processes import Failed
from .table import Row


class Staged(Protocol):
    """A cluster with a program on it that checks may break."""

    ctx: Context
    name: str
    # What the checks tell beside their findings.
    notes: list[str]

    def fallen(self) -> list[str]:
        """The last words of programs that have ended."""

    def rises(self) -> None:
        """Starts the program again where none runs."""


S = TypeVar("S", bound=Staged)
# What a check may meet that is a finding, and ends no run.
TROUBLE = (Failed, ApiError, LookupError, OSError, RuntimeError, TypeError, ValueError)


def tried(stage: S, check: Callable[[S], list[str]]) -> list[str]:
    """What a check finds; one that breaks is a finding, and the next one has a program again."""
    name = getattr(check, "func", check).__name__.replace("_", " ")
    stage.ctx.say(f"{stage.name}: {name}")
    try:
        found = check(stage)
    except TROUBLE as trouble:
        found = [f"{type(trouble).__name__}: {trouble} {stage.fallen() or ''}".strip()]
    stage.rises()
    return [f"{name}: {one}" for one in found]


def row_of(stage: S, name: str, checks: tuple[Callable[[S], list[str]], ...]) -> Row:
    """The row of some checks."""
    began, row = time.monotonic(), Row(name, len(checks))
    stage.notes.clear()
    for check in checks:
        row.findings += tried(stage, check)
    row.note, row.seconds = "; ".join(stage.notes), time.monotonic() - began
    return row
