"""Interrupts a run whose node has pods, in three ways, and looks for what it left behind:
processes, files, control groups."""

import json
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

from harness import cgroups
from harness.context import Context
from harness.processes import Failed, wait_until
from harness.table import Fault

from .leftovers import WAYS, processes_with

REAL = Path(__file__).resolve().parent.parent


def groups_of(number: int) -> list[Path]:
    """The control groups of a run, by the number of its outermost process."""
    return [
        folder
        for place, _, _ in cgroups.hierarchies()
        for folder in (place / os.environ[cgroups.VARIABLE]).glob(f"{cgroups.identity()}{number}-*")
    ]


def interrupted(ctx: Context, way: signal.Signals) -> list[str]:
    """Starts a run of this judge, interrupts it when its first containers run; what is there
    afterwards."""
    folder = ctx.fresh("node-leftovers")
    (folder / "manifest.json").write_text(json.dumps(ctx.manifest), encoding="utf-8")
    # As a run of its own it claims control groups of its own.
    apart = {name: value for name, value in os.environ.items() if name != cgroups.VARIABLE}
    apart[cgroups.WITHIN] = os.environ[cgroups.VARIABLE]
    cgroups.Subtree("interrupted").make()
    harness = subprocess.Popen(
        [
            sys.executable,
            "-m",
            "judges.main",
            "--manifest",
            str(folder / "manifest.json"),
            "--root",
            str(ctx.root),
            "--only",
            "node",
            "--no-faults",
        ],
        cwd=REAL,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        env=apart,
    )
    scratch = str(folder / "scratch")
    try:
        wait_until(
            "containers run",
            lambda: (
                harness.poll() is not None
                or any("containerd-shim" in name for name in below(harness.pid))
            ),
            180,
        )
        if harness.poll() is not None:
            return [f"{way.name}: the run ended with {harness.returncode} before it had containers"]
        if not groups_of(harness.pid):
            return [f"{way.name}: it had no control groups"]
        harness.send_signal(way)
        harness.wait(60)
    except subprocess.TimeoutExpired:
        return [f"{way.name}: it goes on"]
    except Failed as trouble:
        return [f"{way.name}: {trouble}"]
    finally:
        # One that is left alone would go on beside the next; without its outermost process it ends.
        if harness.poll() is None:
            harness.kill()
            harness.wait()
    deadline = time.monotonic() + 8
    while processes_with(scratch) and time.monotonic() < deadline:
        time.sleep(0.05)
    left = [f"{way.name}: process {number}" for number in processes_with(scratch)]
    left += [f"{way.name}: file {path}" for path in (folder / "scratch").rglob("*")]
    while way == signal.SIGKILL and groups_of(harness.pid) and time.monotonic() < deadline:
        # Nobody is left who could remove them: the next run does, when the last process is gone.
        subprocess.run(
            [sys.executable, "-c", "from harness import cgroups; cgroups.sweep()"],
            cwd=REAL,
            check=True,
            stdin=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            env=apart,
        )
    return left + [f"{way.name}: control group {group}" for group in groups_of(harness.pid)]


def below(number: int) -> list[str]:
    """The command lines of all processes that a process has started, and that they have."""
    found, open_ends = [], [number]
    while open_ends:
        one = Path("/proc", str(open_ends.pop()))
        try:
            open_ends += [
                int(child)
                for task in (one / "task").iterdir()
                for child in (task / "children").read_text().split()
            ]
            found.append((one / "cmdline").read_bytes().decode(errors="replace"))
        except OSError:
            continue
    return found


def plant(ctx: Context) -> None:
    """The three ways of interrupting, each a fault that has to leave nothing."""
    for way in WAYS:
        left = interrupted(ctx, way)
        ctx.fault(
            Fault(
                f"a run with pods interrupted by {way.name}",
                "node",
                "; ".join(left) or "nothing is left",
                not left,
            )
        )
