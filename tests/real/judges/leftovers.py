"""Interrupts a run of the harness in the middle, in three ways, and looks for what it left
behind."""

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

from harness.context import Context
from harness.processes import Failed, wait_until
from harness.table import Row

WAYS = (signal.SIGINT, signal.SIGTERM, signal.SIGKILL)
# A judge that has servers, and one that has a node's network besides: namespaces and wires (filters
# are inside of the namespaces, and go with them). For each: how many processes of its folder have
# to be there; the second has one of each stage, its controller.
JUDGES = {"apiserver": 2, "flows": 1}
# How long the servers may take to start, on a machine that does other things too.
PATIENCE = 90
# How long the kernel may take to clear up behind it there: only what stays waits that long.
PARTING = 20


def processes_with(text: str) -> list[int]:
    """The processes whose command line mentions something."""
    found = []
    for folder in Path("/proc").iterdir():
        if folder.name.isdigit() and int(folder.name) != os.getpid():
            try:
                if text.encode() in (folder / "cmdline").read_bytes():
                    found.append(int(folder.name))
            except OSError:
                continue
    return found


def networks() -> set[str]:
    """The network namespaces that processes are in, and the devices of our own."""
    found = set()
    for folder in Path("/proc").iterdir():
        if folder.name.isdigit():
            try:
                found.add(str((folder / "ns/net").readlink()))
            except OSError:
                continue
    devices = [
        line.split(":")[0].strip() for line in Path("/proc/net/dev").read_text().splitlines()[2:]
    ]
    return found | {f"device {name}" for name in devices}


def remains(scratch: str, before: set[str]) -> list[str]:
    """What of an interrupted run is there at this moment. A process that ends gives up its memory,
    and so its command line, before its network: no part says anything about the others."""
    left = [f"process {number}" for number in processes_with(scratch)]
    left += sorted(networks() - before)
    return left + [f"file {path}" for path in Path(scratch).rglob("*")]


def interrupted(ctx: Context, judge_name: str, way: signal.Signals) -> list[str]:
    """Starts a run with a folder of its own, interrupts it when its servers are starting, and says
    what is still there."""
    folder, before = ctx.fresh("leftovers"), networks()
    manifest = folder / "manifest.json"
    manifest.write_text(json.dumps(ctx.manifest))
    harness = ctx.processes.start(
        f"leftovers-{judge_name}-{way.name}",
        [
            sys.executable,
            "-m",
            "judges.main",
            "--manifest",
            manifest,
            "--root",
            ctx.root,
            "--only",
            judge_name,
            "--no-faults",
        ],
        cwd=Path(__file__).resolve().parent.parent,
    )
    scratch = str(folder / "scratch")
    try:
        wait_until(
            "the servers start",
            lambda: len(processes_with(f"{scratch}/")) >= JUDGES[judge_name],
            PATIENCE,
            harness,
        )
        harness.handle.send_signal(way)
        harness.handle.wait(10)
    except subprocess.TimeoutExpired:
        return [f"{judge_name}, {way.name}: it goes on"]
    except Failed as trouble:
        return [f"{judge_name}, {way.name}: {trouble}"]
    finally:
        # One that is left alone would go on beside the next.
        if harness.alive():
            ctx.processes.stop(harness)
    deadline = time.monotonic() + PARTING
    while (left := remains(scratch, before)) and time.monotonic() < deadline:
        time.sleep(0.05)
    return [f"{judge_name}, {way.name}: {it}" for it in left]


def judge(ctx: Context) -> list[Row]:
    """One row; each way of interrupting counts as an object."""
    every = [(name, way) for name in JUDGES for way in WAYS]
    row, began = Row("an interrupted run leaves nothing behind", len(every)), time.monotonic()
    for name, way in every:
        row.findings += interrupted(ctx, name, way)
    row.note = ", ".join(way.name for way in WAYS)
    row.seconds = time.monotonic() - began
    return [row]


def faults(_ctx: Context) -> None:
    """Nothing to plant: the judge above is itself the interruption."""
