"""Runs the judges inside the sandbox, prints their table and says by the exit code whether anything
was found."""

from __future__ import annotations

import argparse
import importlib
import json
import os
import signal
import subprocess
import sys
import tempfile
import time
import traceback
from collections.abc import Callable
from dataclasses import asdict
from functools import partial
from pathlib import Path
from types import ModuleType
from typing import Any

from harness import sandbox
from harness.context import Context
from harness.faults import table_row
from harness.table import Fault, Row, faults_row, faults_text, findings_text, rows_text
from harness.trees import tree_names

REAL = Path(__file__).resolve().parent.parent
ROOT = REAL.parent.parent
# Each module has `judge(ctx)` and `faults(ctx)`. A lane: which modules, one after the other, and
# which of the two of each. The longest come first.
LANES = (
    (("argocd",), ("judge",)),
    (("node",), ("judge",)),
    (("node_trees",), ("judge",)),
    (("pinned",), ("judge", "faults")),
    (("flows",), ("judge", "faults")),
    (("operator",), ("judge", "faults")),
    (("api",), ("judge", "faults")),
    (("database",), ("judge", "faults")),
    (("argocd",), ("faults",)),
    (("grafana",), ("faults",)),
    (
        ("charts", "readers", "schemas", "apiserver", "scheduler", "configs", "leftovers"),
        ("judge", "faults"),
    ),
    (("node",), ("faults",)),
    (("prometheus",), ("judge", "faults")),
    (("logs",), ("judge", "faults")),
    (("backup",), ("judge", "faults")),
    (("sealing",), ("judge", "faults")),
)
# Their trees are judged before the sandbox is entered, where other machines can be reached.
OUTSIDE = ("grafana",)
# How many lanes run at the same time: judges wait more than they compute (a lane keeps about half a
# core busy), but an Argo CD that gets too little gives up after so and so long.
AT_ONCE = 1 + max(2, os.cpu_count() or 1)
# Judges with more than one module, so that parts of them run side by side.
TOGETHER = {"node": ("node", "node_trees")}
JUDGES = tuple(dict.fromkeys(name for names, _ in LANES for name in names))
# Where pictures go, beside the tools.
SHOTS = "grafana-shots"


def arguments() -> argparse.Namespace:
    """The command line."""
    parser = argparse.ArgumentParser(
        prog="tests/real/run",
        description="Holds the tree against the real programs that will read it.",
    )
    parser.add_argument("--manifest", type=Path, required=True, help=argparse.SUPPRESS)
    parser.add_argument("--result", type=Path, help=argparse.SUPPRESS)
    parser.add_argument(
        "--only", default=",".join(JUDGES), help=f"judges, with commas between: {', '.join(JUDGES)}"
    )
    half = parser.add_mutually_exclusive_group()
    half.add_argument(
        "--no-faults",
        action="store_true",
        help="do not plant the faults that show that each judge bites",
    )
    half.add_argument("--faults", action="store_true", help="plant the faults only")
    parser.add_argument(
        "--markdown",
        action="store_true",
        help="write the table of planted faults, FAULTS.md, in place of comparing with it",
    )
    parser.add_argument(
        "--root", type=Path, default=ROOT, help="judge another repository than this one"
    )
    parser.add_argument(
        "--seed", type=int, default=None, help="of the random platforms (printed by every run)"
    )
    parser.add_argument(
        "--cases", type=int, default=12, help="how many random platforms (default 12)"
    )
    return parser.parse_args()


def guarded(name: str, what: str, work: Callable[..., Any]) -> list[Row]:
    """Runs a judge; one that breaks is a finding, never silence."""
    began = time.monotonic()
    try:
        return work()
    except Exception as trouble:
        traceback.print_exc()
        return [
            Row(
                f"{name} ({what})",
                0,
                [f"the judge itself broke: {type(trouble).__name__}: {trouble}"],
                time.monotonic() - began,
            )
        ]


def judged(module: ModuleType, ctx: Context) -> list[Row]:
    """The rows of a judge; one without rows is a finding."""
    name = module.__name__.rpartition(".")[2]
    return module.judge(ctx) or [Row(name, 0, ["the judge says nothing"])]


def planted(module: ModuleType, ctx: Context) -> list[Row]:
    """The rows of what a judge plants, if it has some beside the faults themselves."""
    return module.faults(ctx) or []


def run(options: argparse.Namespace, temp: Path, names: list[str], parts: list[str]) -> dict:
    """The judges of one lane, one after the other."""
    ctx = Context(
        options.root.resolve(), temp, json.loads(options.manifest.read_text(encoding="utf-8"))
    )
    ctx.seed, ctx.cases = options.seed, options.cases
    rows: list[Row] = []
    planters: list[str] = []
    try:
        for name in names:
            module = importlib.import_module(f".{name}", __package__)
            if "judge" in parts:
                ctx.say(f"{name}: judging")
                rows += guarded(
                    name,
                    "trees",
                    partial(judged, module, ctx),
                )
            if "faults" in parts:
                before, began = len(ctx.planted), time.monotonic()
                said = guarded(name, "faults", partial(planted, module, ctx))
                # A judge that this machine cannot run says so in place of planting.
                if not said or not all(row.is_not_run() for row in said):
                    planters.append(name)
                for one in ctx.planted[before:]:
                    one.planter = name
                rows += said
                rows.append(
                    faults_row(
                        f"{name}: planted faults", ctx.planted[before:], time.monotonic() - began
                    )
                )
    finally:
        ctx.processes.stop_all()
    return {
        "rows": [asdict(row) for row in rows if row.objects or row.findings or row.note],
        "planted": [asdict(one) for one in ctx.planted],
        "planters": planters,
    }


def outside(options: argparse.Namespace, names: list[str]) -> list[dict]:
    """The rows of judges that ask other machines."""
    rows: list[Row] = []
    for name in names:
        with tempfile.TemporaryDirectory() as temp:
            manifest = json.loads(options.manifest.read_text(encoding="utf-8"))
            ctx = Context(options.root.resolve(), Path(temp), manifest)
            ctx.shots = options.manifest.parent / SHOTS
            module = importlib.import_module(f".{name}", __package__)
            try:
                rows += guarded(name, "trees", partial(judged, module, ctx))
            finally:
                ctx.processes.stop_all()
    return [asdict(row) for row in rows]


def run_lanes(
    options: argparse.Namespace, temp: Path, lanes: list[tuple[list[str], list[str]]]
) -> dict:
    """Each lane is a run of its own, in a sandbox inside this one; a few at a time, since judges
    wait a lot."""
    running: dict[int, subprocess.Popen] = {}
    ended: dict[int, int] = {}
    while len(ended) < len(lanes):
        for number in range(len(running) + len(ended), len(lanes)):
            if len(running) == AT_ONCE:
                break
            running[number] = started(options, temp / f"lane-{number}", *lanes[number])
        time.sleep(0.2)
        for number in [it for it, process in running.items() if process.poll() is not None]:
            ended[number] = running.pop(number).returncode
    result: dict = {"rows": [], "planted": [], "planters": []}
    for number, (names, parts) in enumerate(lanes):
        file = temp / f"lane-{number}/result.json"
        if ended[number] or not file.is_file():
            lane = f"{', '.join(names)} ({' and '.join(parts)})"
            result["rows"].append(asdict(Row(lane, 0, [f"its process ended with {ended[number]}"])))
            continue
        part = json.loads(file.read_text(encoding="utf-8"))
        for key in result:
            result[key] += part[key]
    return result


def started(
    options: argparse.Namespace, folder: Path, names: list[str], parts: list[str]
) -> subprocess.Popen:
    """The process of one lane; it leaves `result.json` in its folder."""
    folder.mkdir()
    (folder / "manifest.json").write_bytes(options.manifest.read_bytes())
    argv = [
        sys.executable,
        "-m",
        "judges.main",
        "--manifest",
        str(folder / "manifest.json"),
        "--root",
        str(options.root.resolve()),
        "--only",
        ",".join(names),
        "--seed",
        str(options.seed),
        "--cases",
        str(options.cases),
        "--result",
        str(folder / "result.json"),
    ]
    argv += [] if len(parts) == 2 else ["--no-faults" if parts == ["judge"] else "--faults"]
    return subprocess.Popen(argv, cwd=REAL, stdin=subprocess.DEVNULL)


def report(options: argparse.Namespace, result: dict, seconds: float) -> int:
    """Prints everything; the exit code says whether all is well."""
    rows = [Row(**row) for row in result["rows"]]
    planted = [Fault(**one) for one in result["planted"]]
    if result["planters"]:
        whole = not any(row.findings for row in rows)
        rows.append(table_row(planted, result["planters"], options.markdown and whole))
    if planted:
        print(faults_text(planted), end="\n\n")
    print(rows_text(rows))
    for cost in json.loads(options.manifest.read_text(encoding="utf-8"))["costs"]:
        print(f"built: {cost['what']}: {cost['wall']:.0f} s wall, {cost['cpu']:.0f} s CPU")
    names = tree_names(options.root.resolve())
    print(f"\n{len(names)} trees ({', '.join(names)}); seed {options.seed}; {seconds:.0f} s")
    # They are among those that passed, since they found nothing: nobody may read more into that.
    notes = dict.fromkeys(row.note for row in rows if row.is_not_run())
    for note in notes:
        print(
            f"judged nothing ({note}): "
            f"{', '.join(row.judge for row in rows if row.is_not_run() and row.note == note)}"
        )
    found = sum(len(row.findings) for row in rows)
    # At the end, where a person looks first, and what a log that was cut still has.
    if found:
        print(f"\n{findings_text(rows)}\n")
    good = sum(not row.findings for row in rows)
    print(f"judges: {good} passed, {len(rows) - good} failed")
    return 1 if found or not rows else 0


def main() -> int:
    """Enters the sandbox and judges."""
    options = arguments()
    # A lane is told exactly what it is to do.
    together = {} if options.result else TOGETHER
    wanted = [one for name in options.only.split(",") for one in together.get(name, (name,))]
    unknown = [name for name in wanted if name not in JUDGES]
    if unknown:
        print(
            f"judges: no judge {', '.join(unknown)}; there are {', '.join(JUDGES)}", file=sys.stderr
        )
        return 2
    if not tree_names(options.root.resolve()):
        print(
            "judges: no tree to judge: neither apps/ nor tests/golden/<case>/base", file=sys.stderr
        )
        return 2
    options.manifest = options.manifest.resolve()
    options.seed = (
        options.seed if options.seed is not None else int.from_bytes(os.urandom(4), "big")
    )
    asked = [
        part
        for part, refused in (("judge", options.faults), ("faults", options.no_faults))
        if not refused
    ]
    lanes = [
        ([name for name in names if name in wanted], [part for part in parts if part in asked])
        for names, parts in LANES
    ]
    lanes = [(names, parts) for names, parts in lanes if names and parts]
    began = time.monotonic()
    rows: list[dict] = []
    if not options.result and "judge" in asked:
        rows = outside(options, [name for name in OUTSIDE if name in wanted])
    temp = options.manifest.parent / "scratch"
    temp.mkdir(exist_ok=True)
    sandbox.enter(temp)

    def stop(number: int, _frame: object) -> None:
        raise SystemExit(128 + number)

    for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
        signal.signal(number, stop)
    result = run(options, temp, *lanes[0]) if len(lanes) == 1 else run_lanes(options, temp, lanes)
    result["rows"] += rows
    if options.result:
        options.result.write_text(json.dumps(result), encoding="utf-8")
        return 0
    return report(options, result, time.monotonic() - began)


if __name__ == "__main__":
    sys.exit(main())
