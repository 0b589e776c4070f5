"""The judge `live`: real programs as the tree has them, a person before them, a lost node."""

from __future__ import annotations

import argparse
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

from harness.context import Context
from harness.faults import table_row
from harness.running import checked, entered, guarded, reported
from harness.table import Row, faults_row, faults_text

from . import (
    live_backup,
    live_checks,
    live_drill,
    live_face,
    live_faults,
    live_hosts,
    live_memory,
    live_replicas,
)
from .live_platform import Live, make_tree

REAL = Path(__file__).resolve().parent.parent
ROOT = REAL.parent.parent
CHECKS = (
    ("a person chats and uploads", live_checks.chats),
    ("a second person", live_checks.second),
    ("a tenant", live_checks.tenant),
    ("the internet face", live_face.bounded),
    ("bootstrap.sh verify", live_checks.verify),
    ("a pod of Ollama is replaced", live_checks.replaced),
    ("a backup", live_backup.backup),
    ("hosts outside", live_hosts.compared),
    ("memory", live_memory.memory),
)
# Of the second platform, which has Redis between two Open WebUI.
OF_REPLICAS = (
    ("an answer from the other replica", live_replicas.answers),
    ("a sign-out", live_replicas.signs_out),
    ("hosts outside", live_hosts.compared),
    ("memory", live_memory.memory),
)


def check(ctx: Context, name: str, work: Callable[..., Any]) -> Row:
    """One row; a check that breaks is a finding."""
    return checked(ctx, f"live: {name}", work)


def up(live: Live) -> Callable[[Row], None]:
    """The check that all pods become Ready."""

    def work(row: Row) -> None:
        row.note, row.objects = f"all Ready after {live.ready():.0f} s", live.expected
        again, found = live_checks.restarts(live)
        row.note += f"; {again or 'no container was started again'}"
        row.findings += found

    return work


def first(
    ctx: Context, root: Path, options: argparse.Namespace, rows: list[Row], kept: dict
) -> None:
    """The platform that people use, until its node is lost."""
    with Live(ctx, root) as live:
        live.prepare(options.shots)
        rows.append(check(ctx, "pods run", up(live)))
        if rows[-1].findings:
            return
        for name, work in CHECKS:
            rows.append(check(ctx, name, lambda row, work=work: work(live, row)))
        kept.update(chat=live.chat, storage=live.storage)
    # The first node is gone with its volumes: what is left is the clone, its key, and the storage.
    live.forget()


def after(
    ctx: Context, root: Path, options: argparse.Namespace, rows: list[Row], kept: dict
) -> None:
    """An empty node, and what `restore` makes of it."""
    with Live(ctx, root, "after", kept["storage"]) as live:
        live.prepare(options.shots)
        for name, work in (
            ("pods run on an empty node", up(live)),
            ("restore", lambda row: live_drill.after(live, kept["chat"], row)),
            (
                "damaged and foreign backups",
                lambda row: live_drill.refused(live, kept["chat"], row),
            ),
            ("hosts outside, after the restore", lambda row: live_hosts.compared(live, row)),
        ):
            rows.append(check(ctx, name, work))
    live.forget()


def replicas(ctx: Context, options: argparse.Namespace, rows: list[Row]) -> None:
    """The platform with two Open WebUI."""
    with Live(ctx, live_replicas.make_tree(ctx), "replicas") as live:
        live.prepare(options.shots)
        rows.append(check(ctx, "two replicas: pods run", up(live)))
        if rows[-1].findings:
            return
        for name, work in OF_REPLICAS:
            rows.append(check(ctx, f"two replicas: {name}", lambda row, work=work: work(live, row)))
    live.forget()


def whole(ctx: Context, name: str, rows: list[Row], work: Callable[..., Any]) -> None:
    """A part of the run: where it breaks, its rows stay and one more says what it was."""
    guarded(ctx, f"live: {name}", rows, work)


def judge(ctx: Context, options: argparse.Namespace) -> list[Row]:
    """All of it, on one node, on another after it, and the second platform."""
    rows: list[Row] = []
    kept: dict = {}

    def work() -> None:
        root = make_tree(ctx)
        first(ctx, root, options, rows, kept)
        if kept and not options.no_drill:
            after(ctx, root, options, rows, kept)

    whole(ctx, "the platform", rows, work)
    whole(ctx, "two replicas", rows, lambda: replicas(ctx, options, rows))
    return rows


def arguments() -> argparse.Namespace:
    """The command line."""
    parser = argparse.ArgumentParser(
        prog="tests/real/live",
        description="Runs the tree's real programs, with a person in front of them.",
    )
    parser.add_argument("--manifest", type=Path, required=True, help=argparse.SUPPRESS)
    parser.add_argument(
        "--root", type=Path, default=ROOT, help="judge another repository than this one"
    )
    parser.add_argument(
        "--shots",
        type=Path,
        default=None,
        help="where pictures of the pages go [default: live-shots beside the tools]",
    )
    parser.add_argument("--no-drill", action="store_true", help="do not lose the node")
    half = parser.add_mutually_exclusive_group()
    half.add_argument("--no-faults", action="store_true", help="do not plant the faults")
    half.add_argument("--faults", action="store_true", help="plant the faults only")
    parser.add_argument(
        "--markdown",
        action="store_true",
        help="write the table of planted faults, FAULTS.md, in place of comparing with it",
    )
    return parser.parse_args()


def main() -> int:
    """Enters the sandbox and judges."""
    options = arguments()
    options.shots = (options.shots or options.manifest.resolve().parent / "live-shots").resolve()
    options.shots.mkdir(parents=True, exist_ok=True)
    ctx, began = entered(options.root, options.manifest), time.monotonic()
    try:
        rows = [] if options.faults else judge(ctx, options)
        if not options.no_faults and not any(row.findings for row in rows):
            whole(
                ctx,
                "planting of faults",
                rows,
                lambda: rows.extend(live_faults.plant(ctx, options.shots)),
            )
            rows.append(faults_row("live: planted faults", ctx.planted, 0))
            for one in ctx.planted:
                one.planter = "live"
            whole_run = not any(row.findings for row in rows)
            rows.append(table_row(ctx.planted, ["live"], options.markdown and whole_run))
    finally:
        ctx.processes.stop_all()
    if ctx.planted:
        print(faults_text(ctx.planted), end="\n\n")
    found = reported(rows)
    print(f"\npictures: {options.shots}; {(time.monotonic() - began) / 60:.0f} minutes")
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
