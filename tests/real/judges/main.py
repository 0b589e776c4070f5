"""Runs the judges inside the sandbox, prints their table and says by the exit code whether anything was found."""

import argparse
import importlib
import json
import os
import signal
import sys
import time
import traceback
from pathlib import Path

from . import sandbox
from .table import Row, faults_row, faults_text, findings_text, rows_text

ROOT = Path(__file__).resolve().parent.parent.parent.parent
# Each module has `judge(ctx)` and `faults(ctx)`; the order is that of the table.
JUDGES = ("readers", "schemas", "apiserver", "scheduler", "configs", "argocd", "leftovers")


def arguments() -> argparse.Namespace:
    """The command line."""
    parser = argparse.ArgumentParser(prog="tests/real/run", description="Holds the tree against the real programs that will read it.")
    parser.add_argument("--manifest", type=Path, required=True, help=argparse.SUPPRESS)
    parser.add_argument("--only", default=",".join(JUDGES), help=f"judges, with commas between: {', '.join(JUDGES)}")
    parser.add_argument("--no-faults", action="store_true", help="do not plant the faults that show that each judge bites")
    parser.add_argument("--faults", action="store_true", help="plant the faults only")
    parser.add_argument("--root", type=Path, default=ROOT, help="judge another repository than this one")
    parser.add_argument("--seed", type=int, default=None, help="of the random platforms (printed by every run)")
    parser.add_argument("--cases", type=int, default=12, help="how many random platforms (default 12)")
    return parser.parse_args()


def guarded(name: str, what: str, work) -> list[Row]:
    """Runs a judge; one that breaks is a finding, never silence."""
    began = time.monotonic()
    try:
        return work()
    except Exception as trouble:  # pylint: disable=broad-except
        traceback.print_exc()
        return [Row(f"{name} ({what})", 0, [f"the judge itself broke: {type(trouble).__name__}: {trouble}"], time.monotonic() - began)]


def run(options: argparse.Namespace, temp: Path) -> int:
    """All judges, one after the other."""
    from .context import Context  # Its modules are those of the virtual environment, of no use to whoever only asks for --help.

    manifest = json.loads(options.manifest.read_text(encoding="utf-8"))
    ctx = Context(options.root.resolve(), temp, manifest)
    ctx.seed, ctx.cases = options.seed if options.seed is not None else int.from_bytes(os.urandom(4), "big"), options.cases
    rows: list[Row] = []
    if not ctx.trees:
        print("judges: no tree to judge: neither apps/ nor tests/golden/<case>/tree/", file=sys.stderr)
        return 2
    try:
        for name in options.only.split(","):
            if name not in JUDGES:
                raise SystemExit(f"judges: no judge {name}: {', '.join(JUDGES)}")
            module = importlib.import_module(f".{name}", __package__)
            if not options.faults:
                ctx.say(f"{name}: judging")
                rows += guarded(name, "trees", lambda: module.judge(ctx))
            if not options.no_faults:
                before, began = len(ctx.planted), time.monotonic()
                rows += guarded(name, "faults", lambda: module.faults(ctx) or [])
                rows.append(faults_row(f"{name}: planted faults", ctx.planted[before:], time.monotonic() - began))
    finally:
        ctx.processes.stop_all()
    rows = [row for row in rows if row.objects or row.findings or row.note]
    return report(ctx, manifest, rows)


def report(ctx, manifest: dict, rows: list[Row]) -> int:
    """Prints everything; the exit code says whether all is well."""
    if ctx.planted:
        print(faults_text(ctx.planted), end="\n\n")
    found = sum(len(row.findings) for row in rows)
    if found:
        print(findings_text(rows), end="\n\n")
    print(rows_text(rows))
    for cost in manifest["costs"]:
        print(f"built: {cost['what']}: {cost['wall']:.0f} s wall, {cost['cpu']:.0f} s CPU")
    trees = ", ".join(tree.name for tree in ctx.trees)
    seconds = time.monotonic() - ctx.started
    print(f"\n{len(ctx.trees)} trees ({trees}); seed {ctx.seed}; {seconds:.0f} s")
    good = sum(not row.findings for row in rows)
    print(f"judges: {good} passed, {len(rows) - good} failed")
    return 1 if found else 0


def main() -> int:
    """Enters the sandbox and judges."""
    options = arguments()
    options.manifest = options.manifest.resolve()
    temp = options.manifest.parent / "scratch"
    temp.mkdir(exist_ok=True)
    sandbox.enter(temp)

    def stop(number, _frame):
        raise SystemExit(128 + number)

    for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
        signal.signal(number, stop)
    return run(options, temp)


if __name__ == "__main__":
    sys.exit(main())
