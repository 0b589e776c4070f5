"""The control groups of a run: a folder in each hierarchy, which outlives its processes, so that
somebody outside has to remove it."""

import os
import sys
import time
from pathlib import Path

PREFIX = "espalier-judges-"
# The name of this run's folders, for the lanes that it starts inside itself.
VARIABLE = "JUDGE_CGROUP"
# Where a run of its own makes its folders that is started by another one: the outer one removes
# them, whatever becomes of it.
WITHIN = "JUDGE_CGROUP_WITHIN"
# What version 2 has to hand down, so that a node can limit its pods.
CONTROLLERS = ("cpu", "cpuset", "memory", "pids", "io")


def hierarchies() -> list[tuple[Path, int, tuple[str, ...]]]:
    """Where control groups are mounted: the folder, the version, and the options of a version 1
    mount."""
    found = []
    for line in Path("/proc/self/mountinfo").read_text(encoding="utf-8").splitlines():
        before, _, after = line.partition(" - ")
        kind, _, options = after.split(" ", 2)
        place, root = Path(before.split()[4]), before.split()[3]
        if kind in ("cgroup", "cgroup2") and root == "/":
            wanted = tuple(one for one in options.split(",") if one not in ("rw", "ro", "noprefix"))
            found.append((place, 2 if kind == "cgroup2" else 1, wanted if kind == "cgroup" else ()))
    return found


def unified() -> bool:
    """Whether version 2 alone is mounted."""
    return all(version == 2 for _, version, _ in hierarchies())


def remove(folder: Path) -> None:
    """Removes a folder of control groups and those below it; processes that are on their way out
    are waited for."""
    deadline = time.monotonic() + 5
    while folder.is_dir():
        for below, _, _ in os.walk(folder, topdown=False):
            try:
                Path(below).rmdir()
            except OSError:
                continue
        if not folder.is_dir() or time.monotonic() > deadline:
            return
        time.sleep(0.05)


def started_at(number: int) -> str:
    """When a process began, in the kernel's own count: tells it from a later one of the same
    number."""
    return Path(f"/proc/{number}/stat").read_text(encoding="utf-8").rpartition(")")[2].split()[19]


def identity() -> str:
    """What begins the names of runs that can see each other's processes: of others nobody here can
    say whether they live."""
    return f"{PREFIX}{Path('/proc/self/ns/pid').stat().st_ino}-"


def owner_lives(name: str) -> bool:
    """Whether the run that a folder is named after is still there."""
    try:
        number, began = name.removeprefix(identity()).split("-")
        return started_at(int(number)) == began
    except (OSError, ValueError):
        return False


def inhabited(folder: Path) -> bool:
    """Whether any process is in a folder of control groups or below it."""
    for below, _, _ in os.walk(folder):
        try:
            if (Path(below) / "cgroup.procs").read_text(encoding="utf-8").split():
                return True
        except OSError:
            continue
    return False


def leftovers() -> list[Path]:
    """The folders of runs that were killed."""
    return [
        folder
        for place, _, _ in hierarchies()
        for folder in sorted((place / os.environ.get(WITHIN, "")).glob(f"{identity()}*"))
        if not owner_lives(folder.name) and not inhabited(folder)
    ]


def sweep() -> list[Path]:
    """Removes what runs that were killed have left; returns it."""
    found = leftovers()
    for folder in found:
        remove(folder)
    for name in sorted({folder.name for folder in found}):
        print(
            f"judges: a run that was killed had left control groups, now removed: {name}",
            file=sys.stderr,
            flush=True,
        )
    return found


def claim() -> list[Path]:
    """The folders that this run may make; none when a run around this one has claimed them already,
    and will remove them."""
    if VARIABLE in os.environ:
        return []
    sweep()
    os.environ[VARIABLE] = str(
        Path(os.environ.get(WITHIN, "")) / f"{identity()}{os.getpid()}-{started_at(os.getpid())}"
    )
    return [place / os.environ[VARIABLE] for place, _, _ in hierarchies()]


def release(claimed: list[Path]) -> None:
    """Removes this run's folders in every hierarchy."""
    for folder in claimed:
        remove(folder)


class Subtree:
    """A node's part of every hierarchy."""

    def __init__(self, name: str):
        self.name = f"{os.environ[VARIABLE]}/{name}"
        self.folders: list[Path] = []

    def make(self) -> None:
        """Makes its folders, with what the kernel wants of them before a process may enter."""
        self.folders = []
        for place, version, options in hierarchies():
            folder = place
            for part in self.name.split("/"):
                if version == 2 and unified():
                    hand_down(folder)
                folder /= part
                folder.mkdir(exist_ok=True)
                if "cpuset" in options:
                    for file in ("cpuset.cpus", "cpuset.mems"):
                        (folder / file).write_text((folder.parent / file).read_text())
                    (folder / "cgroup.clone_children").write_text("1")
            self.folders.append(folder)

    def memory(self) -> Path:
        """The folder in which memory is counted."""
        for folder, (_, version, options) in zip(self.folders, hierarchies(), strict=True):
            if "memory" in options or (version == 2 and unified()):
                return folder
        raise LookupError("this kernel counts no memory in control groups")

    def doors(self) -> list[str]:
        """The files by which a process enters."""
        return [
            str(folder / ("init/cgroup.procs" if (folder / "init").is_dir() else "cgroup.procs"))
            for folder in self.folders
        ]

    def settle(self, number: int) -> None:
        """Of version 2 a group that hands down controllers may hold no process itself: the one that
        waits outside moves below it."""
        deadline = time.monotonic() + 10
        while unified() and time.monotonic() < deadline:
            if (self.folders[0] / "init").is_dir():
                (self.folders[0] / "init/cgroup.procs").write_text(str(number), encoding="utf-8")
                return
            time.sleep(0.02)

    def empty(self) -> None:
        """Removes what is below its folders, when no process is left."""
        for folder in self.folders:
            for below in folder.iterdir() if folder.is_dir() else ():
                if below.is_dir():
                    remove(below)

    def remove(self) -> None:
        """Removes its folders."""
        for folder in self.folders:
            remove(folder)


def hand_down(folder: Path) -> None:
    """Lets the groups below a folder of version 2 limit what the node limits."""
    there = (folder / "cgroup.controllers").read_text(encoding="utf-8").split()
    for one in CONTROLLERS:
        if one in there:
            (folder / "cgroup.subtree_control").write_text(f"+{one}")
