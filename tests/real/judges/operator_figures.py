"""What the operator costs: memory, its own time, writes after a restart, how long a creation
takes. Only the writes are judged; the rest is printed."""

from __future__ import annotations

import datetime
import os
import statistics
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from harness.context import Context
from harness.processes import Failed, Process, wait_until
from harness.table import Row

from . import operator_rights
from .operator_stage import Stage, metrics_of

# `OPERATOR_WORKSPACES=1000` is the long form.
MANY = int(os.environ.get("OPERATOR_WORKSPACES", "100"))
# So many are made one at a time when the others are there, and after each of them so many seconds
# pass, so that what may be written at once may be written again.
SINGLE, PAUSE = 20, 1.0
TICKS = os.sysconf("SC_CLK_TCK")
NAME = "operator: figures"
# What all workspaces are called, before their numbers.
NAMED = "one-of-many"
# For how many seconds nothing may be written before that counts as the end.
QUIET = 3.0
WRITES = (b'"verb":"patch"', b'"verb":"create"', b'"verb":"delete"')
# Starts an operator, and waits until it is ready: its process, and the port of its metrics, which
# is 0 where it has none that anybody reads.
Begin = Callable[[Stage], tuple[Process, int]]


def cpu(process: Process) -> float:
    """Seconds of a process so far."""
    text = Path(f"/proc/{process.handle.pid}/stat").read_text(encoding="ascii")
    fields = text.rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / TICKS


def resident(process: Process) -> float:
    """MiB that a process has now."""
    text = Path(f"/proc/{process.handle.pid}/status").read_text(encoding="ascii")
    line = next(it for it in text.splitlines() if it.startswith("VmRSS:"))
    return int(line.split()[1]) / 1024


def memory(process: Process) -> tuple[float, float]:
    """MiB that a process has now, and the most that it had."""
    return resident(process), process.peak() / (1 << 20)


def moment(text: str) -> float:
    """A time of the audit log, in seconds."""
    return datetime.datetime.fromisoformat(text).timestamp()


def creations(log: Iterable[dict], asked: dict[str, float]) -> list[float]:
    """For each workspace, milliseconds from the answer to its creation to its last object."""
    last: dict[str, float] = {}
    for one in log:
        space = one.get("objectRef", {}).get("namespace", "")
        if space in asked and one["responseStatus"]["code"] == operator_rights.CREATED:
            last[space] = max(last.get(space, 0), moment(one["stageTimestamp"]))
    return [1000 * (last[name] - began) for name, began in asked.items() if name in last]


def is_made(resource: dict) -> bool:
    """Whether a resource tells that its objects are made."""
    return bool(resource.get("status", {}).get("isCreated"))


def made(stage: Stage, name: str) -> bool:
    """Whether the resource of a name does."""
    return is_made(stage.live(name))


def all_there(stage: Stage, many: int) -> bool:
    """Whether every workspace tells that its objects are made."""
    listed = stage.api.get(stage.path())["items"]
    return len(listed) == many and all(is_made(it) for it in listed)


def quiet(stage: Stage, seconds: float) -> None:
    """Waits until the operator has ended to write."""
    user, last = stage.user.encode(), time.monotonic()
    deadline = last + seconds
    with stage.audit.open("rb") as log:
        log.seek(0, os.SEEK_END)
        while time.monotonic() < last + QUIET:
            time.sleep(0.2)
            # All lines are taken, so that the next look begins with what comes then.
            if [line for line in log if user in line and any(it in line for it in WRITES)]:
                last = time.monotonic()
            if last > deadline:
                raise Failed(f"it still writes after {seconds:.0f} s")


def crowd(stage: Stage, many: int) -> dict[str, float]:
    """Makes many workspaces, and waits until their objects are there: when each was asked for."""
    asked = {}
    for number in range(many):
        name = f"{NAMED}-{number}"
        stage.ask(name)
        asked[name] = time.time()
        time.sleep(0.02)
    there, patience = lambda: all_there(stage, many), 120 + 2 * many
    # A list of all is work for the server.
    wait_until("all of them are made", there, patience, stage.running[0], pause=0.5)
    return asked


def one_at_a_time(stage: Stage, first: int) -> list[float]:
    """Milliseconds of creations of which none waits for another, the shortest first."""
    asked, since = {}, stage.mark()
    for number in range(first, first + SINGLE):
        name = f"{NAMED}-{number}"
        stage.ask(name)
        asked[name] = time.time()
        stage.until(f"{name} is made", partial(made, stage, name))
        time.sleep(PAUSE)
    return sorted(creations(stage.log(since), asked))


@dataclass
class Figures:
    """What an operator costs; memory in MiB, now and at most, CPU in seconds."""

    idle: float
    full: tuple[float, float]
    used: float
    # How many workspaces got objects.
    made: int
    # Creations, one at a time, in milliseconds.
    single: list[float]
    after: tuple[float, float]
    synced: float
    synced_cpu: float
    # Writes after the restart, by verb and kind.
    written: dict[str, int]
    # How many workspaces it looked at after the restart, as far as anybody knows.
    looked_at: int

    @property
    def p50(self) -> float:
        """A creation, as half of them are."""
        return statistics.median(self.single) if self.single else 0

    @property
    def p99(self) -> float:
        """A creation, as nearly none is slower."""
        return self.single[int(len(self.single) * 0.99)] if self.single else 0


def stage_for(ctx: Context, name: str, many: int) -> Stage:
    """A control plane of its own on whose node all of them have room."""
    many += SINGLE
    cores, size, pods = 4 * many, f"{8 * many}Gi", 4 * many + 100
    return Stage(ctx, name, cpu=cores, memory=size, pods=pods, with_=())


def measured(stage: Stage, begin: Begin, many: int) -> Figures:
    """What an operator costs with many workspaces, and after a restart over them."""
    operator_rights.ready(stage)
    patience = 120 + 2.0 * many
    process, _ = begin(stage)
    idle, since, used = resident(process), stage.mark(), cpu(process)
    asked = crowd(stage, many)
    quiet(stage, patience)
    used = cpu(process) - used
    full, count = memory(process), len(creations(stage.log(since), asked))
    single = one_at_a_time(stage, many)
    quiet(stage, patience)
    stage.end(process)
    before, again = stage.mark(), time.monotonic()
    process, port = begin(stage)
    synced, synced_cpu = time.monotonic() - again, cpu(process)
    quiet(stage, patience)
    # What is not written is told by nobody: the turns are over when nothing is used any more.
    time.sleep(1)
    after, written = memory(process), dict(stage.writes(before))
    looked_at = many + SINGLE
    if port:
        counted = metrics_of(port).items()
        name = "espalier_operator_reconciles_total"
        looked_at = int(sum(value for key, value in counted if key.startswith(name)))
    return Figures(idle, full, used, count, single, after, synced, synced_cpu, written, looked_at)


def ours(stage: Stage) -> tuple[Process, int]:
    """The repository's own operator."""
    return stage.start()


def findings(figures: Figures, many: int) -> list[str]:
    """What is wrong with the operator's own figures."""
    found = []
    if figures.made < many:
        found.append(f"of {many} workspaces, {figures.made} got objects")
    if figures.written:
        found.append(f"after a restart: {figures.written}")
    if figures.looked_at < many:
        found.append(f"after a restart {figures.looked_at} of {many} workspaces were looked at")
    return found


def judge(ctx: Context) -> Row:
    """One row; a write after a restart over untouched workspaces is a finding."""
    began, row = time.monotonic(), Row(NAME, MANY)
    with stage_for(ctx, "operator-figures", MANY) as stage:
        it = measured(stage, ours, MANY)
    row.findings = findings(it, MANY)
    row.note = (
        f"RSS {it.idle:.0f} → {it.full[0]:.0f} (peak {it.full[1]:.0f}) MiB, after a restart "
        f"{it.after[0]:.0f} ({it.after[1]:.0f}); CPU {it.used:.2f} s; one creation at a time p50 "
        f"{it.p50:.0f}, p99 {it.p99:.0f} ms; synced after {it.synced:.2f} s; "
        f"{sum(it.written.values())} writes after a restart"
    )
    row.seconds = time.monotonic() - began
    return row
