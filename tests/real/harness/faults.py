"""The committed table of planted faults (`FAULTS.md`): which of them each judge has to see.

A run holds what it planted against it, so a fault that is planted no more, or that another judge
sees than before, is a difference that somebody has to commit.
"""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterable

from .installing import REAL
from .table import Fault, Row

# By judge: pairs of a fault and of the check that sees it.
Table = dict[str, list[tuple[str, str]]]
FILE = REAL / "FAULTS.md"
HEAD = """# The planted faults

Each run of the judges plants these on purpose, and each is seen by the check beside it.
A run writes this file (with `--markdown`), and fails where
its own table is another: see [README.md](README.md#the-planted-faults).
"""


def table_of(faults: Iterable[Fault]) -> Table:
    """What was planted and seen, in an order that does not depend on who was first."""
    found: Table = {}
    for one in faults:
        if one.bitten:
            found.setdefault(one.planter, []).append((one.fault, one.judge))
    return {planter: sorted(found[planter]) for planter in sorted(found)}


def written(table: Table) -> str:
    """The table in Markdown."""
    lines = [HEAD]
    for planter, rows in sorted(table.items()):
        lines += [f"## {planter}", "", "| planted fault | seen by |", "|---|---|"]
        lines += [f"| {_cell(fault)} | {_cell(judge)} |" for fault, judge in rows]
        lines.append("")
    return "\n".join(lines)


def read(text: str) -> Table:
    """The table that a file has; a line in it that is no row is an error, not silence."""
    found: Table = {}
    planter = ""
    for number, line in enumerate(text.removeprefix(HEAD).splitlines(), 1):
        if line.startswith("## "):
            planter = line.removeprefix("## ")
            found[planter] = []
        elif line.startswith("| ") and not line.startswith("| planted fault |") and planter:
            cells = [_plain(it) for it in re.split(r"(?<!\\)\|", line)[1:-1]]
            if len(cells) != 2:
                raise ValueError(f"FAULTS.md, line {number} after its head: {line}")
            found[planter].append((cells[0], cells[1]))
        elif line and not line.startswith(("|---", "| planted fault |")):
            raise ValueError(f"FAULTS.md, line {number} after its head: {line}")
    return found


def merged(committed: Table, seen: Table, planters: Iterable[str]) -> Table:
    """The committed table, with what the judges that planted have to say now in its place."""
    kept = {name: rows for name, rows in committed.items() if name not in set(planters)}
    return kept | {name: seen[name] for name in planters if name in seen}


def differences(committed: Table, seen: Table, planters: Iterable[str]) -> list[str]:
    """The lines that differ; of judges that did not plant nothing is known, and nothing said."""
    after = written(merged(committed, seen, planters)).splitlines()
    before = written(committed).splitlines()
    lines = list(difflib.unified_diff(before, after, "FAULTS.md", "this run", lineterm="", n=0))
    return [line for line in lines if not line.startswith("@@")]


def table_row(planted: list[Fault], planters: list[str], write: bool) -> Row:
    """Holds the table against the committed one, or writes it anew; a fault that nobody saw is in
    neither."""
    row = Row("planted faults: the table in FAULTS.md", len(planted))
    committed = read(FILE.read_text(encoding="utf-8")) if FILE.is_file() else {}
    seen = table_of(planted)
    if write:
        FILE.write_text(written(merged(committed, seen, planters)), encoding="utf-8")
        row.note = "written"
        return row
    row.findings = differences(committed, seen, planters)
    silent = sorted(set(committed) - set(planters))
    row.note = f"not compared, since these did not plant: {', '.join(silent)}" if silent else ""
    return row


def _cell(text: str) -> str:
    return " ".join(text.split()).replace("|", "\\|")


def _plain(cell: str) -> str:
    return cell.strip().replace("\\|", "|")
