"""What the operator costs: memory, its own time, writes after a restart, how long a creation
takes. Only the writes are judged; the rest is printed."""

from __future__ import annotations

import datetime
import os
import statistics
import time
from pathlib import Path

from harness.context import Context
from harness.processes import Process
from harness.table import Row

from . import operator_rights
from .operator_stage import Stage, metrics_of

# `OPERATOR_WORKSPACES=1000` is the long form.
MANY = int(os.environ.get("OPERATOR_WORKSPACES", "100"))
TICKS = os.sysconf("SC_CLK_TCK")
NAME = "operator: figures"


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


def moment(text: str) -> float:
    """A time of the audit log, in seconds."""
    return datetime.datetime.fromisoformat(text).timestamp()


def creations(stage: Stage, asked: dict[str, float], since: int) -> list[float]:
    """For each workspace, milliseconds from the answer to its creation to its last object."""
    last: dict[str, float] = {}
    for one in stage.log(since):
        space = one.get("objectRef", {}).get("namespace", "")
        if one["verb"] in ("patch", "create") and space in asked:
            last[space] = max(last.get(space, 0), moment(one["stageTimestamp"]))
    return [1000 * (last[name] - began) for name, began in asked.items() if name in last]


def all_there(stage: Stage) -> bool:
    """Whether every workspace tells that its objects are made."""
    listed = stage.api.get(stage.path())["items"]
    return len(listed) == MANY and all(it.get("status", {}).get("isCreated") for it in listed)


def judge(ctx: Context) -> Row:
    """One row; a write after a restart over untouched workspaces is a finding."""
    began, row = time.monotonic(), Row(NAME, MANY)
    cores, memory, pods = 4 * MANY, f"{8 * MANY}Gi", 4 * MANY + 100
    with Stage(ctx, "operator-figures", cpu=cores, memory=memory, pods=pods, with_=()) as stage:
        operator_rights.ready(stage)
        process, _ = stage.start()
        idle, since = resident(process), stage.mark()
        used, asked = cpu(process), {}
        for number in range(MANY):
            name = f"one-of-many-{number}"
            stage.ask(name)
            asked[name] = time.time()
            time.sleep(0.02)
        stage.until("all of them are made", lambda: all_there(stage), 120 + MANY)
        time.sleep(1)
        used = cpu(process) - used
        full, peak = resident(process), process.peak() / (1 << 20)
        took = sorted(creations(stage, asked, since))
        if len(took) < MANY:
            row.findings.append(f"of {MANY} workspaces, {len(took)} got objects")
        stage.end(process)
        before = stage.mark()
        again, started = time.monotonic(), stage.start()
        synced = time.monotonic() - again
        time.sleep(4)
        written = sum(stage.writes(before).values())
        if written:
            row.findings.append(f"after a restart: {dict(stage.writes(before))}")
        after = resident(started[0]), started[0].peak() / (1 << 20)
        reconciled = metrics_of(started[1])
        total = sum(
            value
            for name, value in reconciled.items()
            if name.startswith("espalier_operator_reconciles_total")
        )
        if total < MANY:
            row.findings.append(f"after a restart {total:.0f} of {MANY} workspaces were looked at")
        p50 = statistics.median(took) if took else 0
        p99 = took[int(len(took) * 0.99)] if took else 0
        row.note = (
            f"RSS {idle:.0f} → {full:.0f} (peak {peak:.0f}) MiB, after a restart {after[0]:.0f} "
            f"({after[1]:.0f}); CPU {used:.2f} s; a creation p50 {p50:.0f}, p99 {p99:.0f} ms; "
            f"synced after {synced:.2f} s; {written} writes after a restart"
        )
    row.seconds = time.monotonic() - began
    return row
