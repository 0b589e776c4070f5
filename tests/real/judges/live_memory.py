"""The memory that each container has had, beside what it asks for and what it may have."""

import re
from pathlib import Path

from harness.node_platform import WORKLOADS, containers_of, template_of
from harness.node_pods import OVER
from harness.pods import quantity
from harness.processes import Failed
from harness.table import Row

from .live_platform import Live

# The kernel's files of a group: version 1 has the first of each pair, version 2 the second.
PEAK = ("memory.max_usage_in_bytes", "memory.peak")
LIMIT = ("memory.limit_in_bytes", "memory.max")
ENDED = ("memory.oom_control", "memory.events")


def memory(live: Live, row: Row) -> None:
    """The peak of each container. A pod is a group too, with a limit that is the sum of its
    containers' and with their sandbox in it: it comes to its limit before its only container
    does."""
    lines = []
    wanted = {
        (value["metadata"]["namespace"], one["name"]): one.get("resources", {})
        for thing in live.tree.things
        if (value := thing.value)["kind"] in WORKLOADS
        for one in containers_of(template_of(value))
    }
    spaces = {space for space, _ in wanted}
    for pod in live.world.pods():
        space = pod["metadata"]["namespace"]
        if space not in spaces or pod["status"]["phase"] in OVER:
            continue
        group = next(live.world.subtree.memory().rglob(f"pod{pod['metadata']['uid']}"), None)
        name = f"{space}/{pod['metadata']['name']}"
        if group is None:
            row.findings.append(f"{name}: the kernel has no group of it")
            continue
        row.findings += [f"{name} {one}" for one in trouble(group)]
        for one in pod["status"].get("containerStatuses", []):
            place = f"{name} {one['name']}"
            about = wanted.get((space, one["name"]))
            if about is None:
                row.findings.append(f"{place}: no workload of the tree has this container")
                continue
            number = one.get("containerID", "").rpartition("/")[2]
            peak = read(group / number, PEAK) if number else 0
            if not peak:
                row.findings.append(f"{place}: the kernel has no peak of its memory")
                continue
            asks, may = (
                int(quantity(about.get(kind, {}).get("memory", "0")))
                for kind in ("requests", "limits")
            )
            lines.append(f"{place}: {peak >> 20} of {asks >> 20} and {may >> 20}Mi")
            if may and peak >= may:
                row.findings.append(f"{lines[-1]}: it came to its limit")
            last = one.get("lastState", {}).get("terminated", {})
            if last.get("reason") == "OOMKilled":
                row.findings.append(f"{place} had too little: the kernel ended it")
            elif last:
                lines[-1] += f", started again after {last.get('exitCode')}"
    if not lines:
        raise Failed("no container's memory can be read")
    row.objects, row.note = len(lines), "peak of request and limit: " + "; ".join(lines)


def read(folder: Path, names: tuple[str, ...]) -> int:
    """The number in whichever of the files there is; 0 where none is, or where it is no number."""
    for name in names:
        if (folder / name).is_file():
            text = (folder / name).read_text(encoding="utf-8").strip()
            return int(text) if text.isdigit() else 0
    return 0


def trouble(group: Path) -> list[str]:
    """What the kernel says of a pod that had too little: its peak, and processes that it ended."""
    found = []
    peak, limit = read(group, PEAK), read(group, LIMIT)
    if not peak:
        found.append("has no peak of its memory")
    elif limit and peak >= limit:
        found.append(f"came to its limit: {peak >> 20} of {limit >> 20}Mi")
    if ended := ended_in(group):
        found.append(f"had too little: the kernel ended {ended} of its processes")
    return found


def ended_in(group: Path) -> int:
    """The processes of a pod that the kernel has ended for want of memory. Version 1 counts them in
    the group that each was in, version 2 in those above it too."""
    counts = {}
    for folder in (group, *(one for one in group.iterdir() if one.is_dir())):
        for name in ENDED:
            if (folder / name).is_file():
                said = re.search(r"^oom_kill (\d+)$", (folder / name).read_text(), re.MULTILINE)
                if not said:
                    raise Failed(f"{folder / name} does not say whom the kernel has ended")
                counts[folder] = int(said[1])
    if not counts:
        raise Failed(f"{group} does not say whom the kernel has ended")
    return max(counts[group], sum(counts[one] for one in counts if one != group))
