"""What the kernel has to have for a node, each thing tried where that changes nothing."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

from . import cgroups
from .sandbox import libc

# For version 1, where each is a hierarchy of its own.
GROUPS = ("cpu", "cpuset", "memory", "pids", "devices", "freezer")
NEW = {
    "mount": 0x00020000,
    "UTS": 0x04000000,
    "IPC": 0x08000000,
    "process": 0x20000000,
    "network": 0x40000000,
    "control group": 0x02000000,
}


def in_child(work: Callable[..., Any]) -> bool:
    """Whether something succeeds in a process of its own, which ends after it."""
    child = os.fork()
    if not child:
        try:
            os._exit(0 if work() else 1)
        finally:
            os._exit(1)
    return os.waitpid(child, 0)[1] == 0


def namespaces() -> list[str]:
    """The kinds of namespaces that cannot be made."""
    return [
        f"no new {name} namespace"
        for name, flag in NEW.items()
        if not in_child(lambda flag=flag: libc.unshare(flag) == 0)
    ]


def groups() -> list[str]:
    """What is missing of control groups, or may not be made."""
    there = cgroups.hierarchies()
    if cgroups.unified():
        have = (
            set((there[0][0] / "cgroup.controllers").read_text(encoding="utf-8").split())
            if there
            else set()
        )
        missing = [one for one in cgroups.CONTROLLERS if one not in have and one != "io"]
    else:
        have = {option for _, _, options in there for option in options}
        missing = [one for one in GROUPS if one not in have]
    lacks = [f"no control group of {one}" for one in missing]
    lacks += [
        f"{place} cannot be written" for place, _, _ in there if not os.access(place, os.W_OK)
    ]
    return lacks


def network(run: Callable[..., Any] = subprocess.run) -> list[str]:
    """What the network of a node is made of: pairs of interfaces, a bridge, filters, sets of
    addresses; tried in a network of its own."""
    tries = {
        "pairs of interfaces (veth)": "ip link add judge0 type veth peer name judge1",
        "bridges": "ip link add judge2 type bridge",
        "filters (nf_tables) with sets (ipset, xt_set)": (
            "ipset create judge hash:ip &&"
            " iptables -A INPUT -m set --match-set judge src -m comment --comment judge -j ACCEPT"
        ),
        "address translation": (
            "iptables -t nat -A POSTROUTING -s 10.42.0.0/16 -j MASQUERADE --random-fully"
        ),
        "connection tracking": (
            "iptables -A INPUT -m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT"
        ),
        "marks and statistics": (
            "iptables -t nat -A PREROUTING -m statistic --mode random --probability 0.5"
            " -j MARK --set-mark 1"
        ),
        "filters on bridges (br_netfilter)": "test -e /proc/sys/net/bridge/bridge-nf-call-iptables",
    }
    lacks = []
    for what, command in tries.items():
        done = run(
            ["unshare", "--net", "bash", "-c", command],
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            check=False,
        )
        if done.returncode:
            lacks.append(f"no {what}: {(done.stderr or done.stdout).strip()[-160:]}")
    return lacks


def file_systems() -> list[str]:
    """Images are layers that lie over each other."""
    return (
        []
        if "\toverlay\n" in Path("/proc/filesystems").read_text(encoding="utf-8")
        else ["no overlay file system"]
    )


def lacking(tools: Path | None = None) -> list[str]:
    """Everything that is missing, in words."""
    # The root of a user namespace may mount no control groups, and set no limit of the machine.
    everybody = ["0", "0", "4294967295"]
    if os.geteuid() or Path("/proc/self/uid_map").read_text(encoding="utf-8").split() != everybody:
        return ["it needs root, and not that of a user namespace only"]
    before = os.environ["PATH"]
    if tools:
        os.environ["PATH"] = f"{tools}:{before}"
    try:
        return [*namespaces(), *groups(), *network(), *file_systems()]
    finally:
        os.environ["PATH"] = before
