"""How a judge that is a run of its own begins, checks and ends."""

from __future__ import annotations

import json
import signal
import time
import traceback
from collections.abc import Callable
from pathlib import Path

from . import sandbox
from .context import Context
from .table import Row, findings_text, rows_text


def entered(root: Path, manifest: Path) -> Context:
    """Returns inside of the sandbox, with what judges are handed; a signal ends the run in
    order."""
    about = json.loads(manifest.read_text(encoding="utf-8"))
    temp = manifest.resolve().parent / "scratch"
    temp.mkdir(exist_ok=True)
    sandbox.enter(temp)

    def stop(number: int, _frame: object) -> None:
        raise SystemExit(128 + number)

    for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
        signal.signal(number, stop)
    return Context(root.resolve(), temp, about)


def broken(trouble: Exception) -> str:
    """What a check that broke says; where it broke is on standard error."""
    traceback.print_exception(trouble)
    return f"{type(trouble).__name__}: {str(trouble)[:900]}"


def checked(ctx: Context, name: str, work: Callable[[Row], object]) -> Row:
    """One row; a check that breaks is a finding."""
    row, began = Row(name, 0), time.monotonic()
    try:
        work(row)
    except Exception as trouble:
        row.findings.append(broken(trouble))
    row.seconds = time.monotonic() - began
    ctx.say(f"{row.judge}: {row.note} {row.findings or ''}")
    return row


def guarded(ctx: Context, name: str, rows: list[Row], work: Callable[[], object]) -> None:
    """A part of the run: where it breaks, its rows stay and one more says what it was."""
    try:
        work()
    except Exception as trouble:
        said = broken(trouble)
        rows.append(Row(name, 0, [said]))
        ctx.say(f"{name}: {said}")


def reported(rows: list[Row]) -> int:
    """Prints findings and the table; how many findings there are."""
    found = sum(len(row.findings) for row in rows)
    if found:
        print(findings_text(rows), end="\n\n")
    print(rows_text(rows))
    return found
