"""The rows that judges hand in and how they are printed."""

from dataclasses import dataclass, field


@dataclass
class Row:
    """What one judge has to say: how much it looked at, what it found, how long it took."""

    judge: str
    objects: int
    findings: list[str] = field(default_factory=list)
    seconds: float = 0.0
    # Why a judge with no objects had nothing to judge; a judge may not be silent about that.
    note: str = ""

    def is_not_run(self) -> bool:
        """Whether the judge says only why it did not judge: it looked at nothing."""
        return not self.objects and not self.findings and bool(self.note)


@dataclass
class Fault:
    """A fault that was planted on purpose, and what the judge said about it."""

    fault: str
    judge: str
    message: str
    bitten: bool
    # The module that planted it.
    planter: str = ""


def columns(rows: list[tuple[str, ...]], right: set[int]) -> str:
    """Aligns text in columns."""
    widths = [max(len(row[at]) for row in rows) for at in range(len(rows[0]))]
    lines = []
    for row in rows:
        cells = [
            cell.rjust(width) if at in right else cell.ljust(width)
            for at, (cell, width) in enumerate(zip(row, widths, strict=True))
        ]
        lines.append("  ".join(cells).rstrip())
    return "\n".join(lines)


def rows_text(rows: list[Row]) -> str:
    """The table of the judges."""
    head = ("judge", "objects", "findings", "seconds", "")
    body = [
        (row.judge, str(row.objects), str(len(row.findings)), f"{row.seconds:.1f}", row.note)
        for row in rows
    ]
    return columns([head, *body], {1, 2, 3})


def findings_text(rows: list[Row], most: int = 200) -> str:
    """The findings, each on its line, below the judge that has them."""
    lines = []
    for row in rows:
        lines += [f"{row.judge}: {finding}" for finding in row.findings[:most]]
        if len(row.findings) > most:
            lines.append(f"{row.judge}: … and {len(row.findings) - most} more")
    return "\n".join(lines)


def short(message: str, width: int = 110) -> str:
    """A message on one line, cut where it is long."""
    line = " ".join(message.split())
    return line if len(line) <= width else line[: width - 1] + "…"


def faults_text(faults: list[Fault]) -> str:
    """The table of the planted faults, with what was said of each this time."""
    lines = ["| planted fault | judge | what it says |", "|---|---|---|"]
    for fault in faults:
        said = short(fault.message).replace("|", "\\|") if fault.bitten else "**NOT SEEN**"
        lines.append(f"| {fault.fault} | {fault.judge} | {said} |")
    return "\n".join(lines)


def faults_row(name: str, faults: list[Fault], seconds: float) -> Row:
    """A row in which each fault that no judge saw is a finding."""
    return Row(
        name,
        len(faults),
        [
            f"not seen: {one.fault} ({one.judge}): {short(one.message)}"
            for one in faults
            if not one.bitten
        ],
        seconds,
    )
