"""What the operator costs beside two Go operators that make the same objects of the same workspaces
with controller-runtime (`tools/peer`): one table.

Each of the three gets a control plane of its own with nothing in it but the operator's own objects,
one after the other. All of them come with a token of the operator's own ServiceAccount, under its
roles and its admission policies, which is what each of their writes has to pass, and may write as
often: 50 times a second, 100 at once. By that token the audit log tells what each of them wrote.
Ours holds a Lease beside it, which is counted in its memory and its time, and in nobody's writes.

No controllers run: objects change only by who made them. The figures of time mean something only
while nothing else runs on the machine."""

from __future__ import annotations

import argparse
import datetime
import json
import os
import platform
import signal
import subprocess
import sys
import time
import traceback
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from harness import sandbox
from harness.context import Context
from harness.processes import Process, free_port

from .operator_figures import (
    NAMED,
    SINGLE,
    Begin,
    Figures,
    findings,
    measured,
    ours,
    stage_for,
)
from .operator_stage import Stage, compiled

REAL = Path(__file__).resolve().parent.parent
ROOT = REAL.parent.parent
FORMS = {"full": "typical Go", "lean": "lean Go"}
OURS = "Espalier"
# What has to be there before others can: the compiler's order of the rest is by name.
FIRST = ("Namespace", "ResourceQuota", "LimitRange", "ServiceAccount")


@dataclass
class Expansion:
    """What making a workspace's objects costs where nobody is asked for anything."""

    milliseconds: float
    objects: int


def objects_of(stage: Stage) -> list[dict]:
    """The objects of a workspace whose name stands for any, in the order of their making."""
    made = compiled(stage.ctx, stage.texts(), [stage.resource(NAMED)])[NAMED]
    rank = {kind: at for at, kind in enumerate(FIRST)}
    return sorted((it.value for it in made), key=lambda it: rank.get(it["kind"], len(FIRST)))


def peer(form: str) -> Begin:
    """Starts the Go operator in one of its forms."""

    def begin(stage: Stage) -> tuple[Process, int]:
        file = stage.folder / "objects.json"
        if not file.is_file():
            file.write_text(json.dumps(objects_of(stage)), encoding="utf-8")
        probes = free_port()
        flags = {
            "--form": form,
            "--objects": str(file),
            "--namespace": stage.namespace,
            "--metrics-bind-address": "0",
            "--health-probe-bind-address": f"127.0.0.1:{probes}",
        }
        words = [word for flag in flags.items() for word in flag]
        return stage.launch(form, [stage.ctx.tool("peer"), *words], probes), 0

    return begin


def expansion(stage: Stage) -> Expansion:
    """What the compiler's part of our operator costs."""
    done = subprocess.run(
        [stage.ctx.tool("expansion"), "--platform", str(stage.platform)],
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode:
        raise RuntimeError(f"the example of expansion: {done.stderr.strip()[-400:]}")
    said = json.loads(done.stdout)
    return Expansion(said["milliseconds"], said["objects"])


def table(many: int, figures: dict[str, Figures], expanded: Expansion | None) -> str:
    """All figures beside the goals, which are those of 1,000 workspaces."""

    def mib(pair: tuple[float, float]) -> str:
        return f"{pair[0]:.0f} / {pair[1]:.0f} MiB"

    rows: tuple[tuple[str, Callable[[Figures], str], str], ...] = (
        (f"RSS / peak, {many:,} workspaces", lambda it: mib(it.full), "≤ 26 / 32 MiB"),
        ("the same after a restart", lambda it: mib(it.after), "≤ 28 / 34 MiB"),
        (f"own CPU for the first {many:,}", lambda it: f"{it.used:.1f} s", "≤ 6 s"),
        (
            "writes after a restart, untouched",
            lambda it: f"{sum(it.written.values()):,}",
            "0",
        ),
        (
            "one creation, all objects there",
            lambda it: f"p50 {it.p50:.0f} ms, p99 {it.p99:.0f}",
            "p50 ≤ 60, p99 ≤ 150 ms",
        ),
        (
            f"synced after a start at {many:,}",
            lambda it: f"{it.synced:.2f} s, {it.synced_cpu:.2f} s CPU",
            "≤ 1 s",
        ),
    )
    columns = (*FORMS.values(), OURS)
    lines = [("", *columns, "goal"), ("---",) * (len(columns) + 2)]
    for what, say, goal in rows:
        cells = (say(figures[it]) if it in figures else "–" for it in columns)
        lines.append((what, *cells, goal))
    own = f"{expanded.milliseconds:.3f} ms" if expanded else "–"
    lines.append(("expansion, CPU a workspace", "–", "–", own, "≤ 0.1 ms"))
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)


def machine() -> str:
    """On what the figures were taken."""
    return f"{os.cpu_count()} cores, Linux {platform.release()}, {datetime.date.today()}"


def stand(ctx: Context, who: str, begin: Begin, many: int) -> tuple[Figures, Expansion | None]:
    """The figures of one of them, on a control plane of its own."""
    began = time.monotonic()
    ctx.say(f"{who}: {many} workspaces")
    with stage_for(ctx, f"beside-{who.lower().replace(' ', '-')}", many) as stage:
        # First, while nothing runs beside it but a server that nobody asks.
        expanded = expansion(stage) if who == OURS else None
        figures = measured(stage, begin, many)
    ctx.say(f"{who}: measured in {time.monotonic() - began:.0f} s: {figures}")
    return figures, expanded


def judge(ctx: Context, many: int, only: list[str]) -> int:
    """Measures, prints the table, and says whether anything is wrong."""
    found: list[str] = []
    figures: dict[str, Figures] = {}
    expanded: Expansion | None = None
    for who, begin in ((OURS, ours), *((name, peer(form)) for form, name in FORMS.items())):
        if who not in only:
            continue
        try:
            figures[who], made = stand(ctx, who, begin, many)
            expanded = expanded or made
        except Exception as trouble:
            traceback.print_exc()
            found.append(f"{who}: {type(trouble).__name__}: {str(trouble)[:900]}")
            continue
        if who == OURS:
            found += findings(figures[who], many)
        elif figures[who].made < many:
            found.append(f"{who}: of {many} workspaces, {figures[who].made} got objects")
    print(table(many, figures, expanded))
    size = f"; {expanded.objects} objects a workspace" if expanded else ""
    print(f"\n{machine()}{size}; {SINGLE} creations one at a time")
    for one in found:
        print(f"finding: {one}")
    return 1 if found else 0


def arguments(words: Sequence[str] | None = None) -> argparse.Namespace:
    """The command line."""
    parser = argparse.ArgumentParser(
        prog="tests/real/figures",
        description="Prints what the operator costs beside Go operators of the same objects.",
    )
    parser.add_argument("--manifest", type=Path, required=True, help=argparse.SUPPRESS)
    parser.add_argument(
        "--root", type=Path, default=ROOT, help="measure on another repository's tree"
    )
    parser.add_argument(
        "--workspaces", type=int, default=1000, help="how many (default 1000, as the goals)"
    )
    parser.add_argument(
        "--only",
        choices=(OURS, *FORMS.values()),
        action="append",
        help="one of the columns; may be repeated (default: all)",
    )
    options = parser.parse_args(words)
    if options.workspaces < 1:
        parser.error("--workspaces: at least one")
    return options


def main() -> int:
    """Enters the sandbox and measures."""
    options = arguments()
    manifest = json.loads(options.manifest.read_text(encoding="utf-8"))
    temp = options.manifest.resolve().parent / "scratch"
    temp.mkdir(exist_ok=True)
    sandbox.enter(temp)

    def stop(number: int, _frame: object) -> None:
        raise SystemExit(128 + number)

    for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
        signal.signal(number, stop)
    ctx = Context(options.root.resolve(), temp, manifest)
    try:
        return judge(ctx, options.workspaces, options.only or [OURS, *FORMS.values()])
    finally:
        ctx.processes.stop_all()


if __name__ == "__main__":
    sys.exit(main())
