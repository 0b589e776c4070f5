"""The journal of a node, written by systemd's own program: what k3s says there, and others beside
it."""

from __future__ import annotations

import subprocess
from datetime import datetime
from pathlib import Path

from harness.context import Context
from harness.processes import Failed

# The folder and the file of a journal, by the number of a machine that there is none of.
MACHINE = "0123456789abcdef0123456789abcdef"
OPEN, CLOSED = "system.journal", "system@closed.journal"
# When it was started, in microseconds: entries of several files are in the order of their times
# since then.
STARTED = 1_700_000_000_000_000
K3S, ANOTHER = "k3s", "sshd"


def entry(moment: datetime, program: str, text: str) -> bytes:
    """An entry, as systemd exports it; a text of several lines has its length before it."""
    microseconds = int(moment.timestamp()) * 1_000_000 + moment.microsecond
    head = (
        f"__REALTIME_TIMESTAMP={microseconds}\n__MONOTONIC_TIMESTAMP={microseconds - STARTED}\n"
        f"_BOOT_ID={MACHINE}\n"
        f"_MACHINE_ID={MACHINE}\nPRIORITY=6\nSYSLOG_IDENTIFIER={program}\n"
    ).encode()
    body = text.encode()
    if b"\n" in body:
        return head + b"MESSAGE\n" + len(body).to_bytes(8, "little") + body + b"\n\n"
    return head + b"MESSAGE=" + body + b"\n\n"


class Journal:
    """A journal below the node's folder of logs."""

    def __init__(self, ctx: Context, logs: Path) -> None:
        self.writer = ctx.tool("systemd-journal-remote")
        self.folder = logs / "journal" / MACHINE
        self.folder.mkdir(parents=True, exist_ok=True)

    def write(self, *entries: bytes) -> None:
        """Adds entries, whose times may only grow."""
        done = subprocess.run(
            [self.writer, "--output", str(self.folder / OPEN), "-"],
            input=b"".join(entries),
            capture_output=True,
            check=False,
        )
        if done.returncode:
            raise Failed(f"systemd-journal-remote: {done.stderr.decode(errors='replace')[-300:]}")

    def turn_over(self) -> None:
        """What is written next begins a new file."""
        (self.folder / OPEN).rename(self.folder / CLOSED)
