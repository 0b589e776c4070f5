"""Process 1 of a node: makes its file systems, its network and what it pretends to be, then reaps
until it is killed."""

import ctypes
import json
import os
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

from .cgroups import CONTROLLERS, hand_down, hierarchies
from .sandbox import libc, mount

BIND, SHARED, RECURSIVE = 1 << 12, 1 << 20, 1 << 14
# What lasts when the node loses its power.
LASTING = (
    "var/lib/kubelet",
    "var/lib/containerd",
    "var/lib/cni",
    "var/log",
    "var/lib/rancher",
    "opt",
)
NODE, GATEWAY, OUTSIDE = "10.99.0.2", "10.99.0.1", "203.0.113.10"
PODS, ALL_PODS = "10.42.0.0/24", "10.42.0.0/16"
# As flannel's delegate writes it.
BRIDGE = {
    "cniVersion": "1.0.0",
    "name": "cbr0",
    "plugins": [
        {
            "type": "bridge",
            "bridge": "cni0",
            "isDefaultGateway": True,
            "hairpinMode": True,
            "forceAddress": True,
            "ipMasq": False,
            "mtu": 1450,
            "ipam": {
                "type": "host-local",
                "ranges": [[{"subnet": PODS}]],
                "routes": [{"dst": ALL_PODS}],
            },
        },
        {"type": "portmap", "capabilities": {"portMappings": True}},
    ],
}
# What flannel adds to the bridge.
FLANNEL = (
    "-t nat -N FLANNEL-POSTRTG",
    "-t nat -A POSTROUTING -j FLANNEL-POSTRTG",
    "-t nat -A FLANNEL-POSTRTG -m mark --mark 0x4000/0x4000 -j RETURN",
    f"-t nat -A FLANNEL-POSTRTG -s {PODS} -d {ALL_PODS} -j RETURN",
    f"-t nat -A FLANNEL-POSTRTG -s {ALL_PODS} -d {PODS} -j RETURN",
    f"-t nat -A FLANNEL-POSTRTG ! -s {ALL_PODS} -d {PODS} -j RETURN",
    f"-t nat -A FLANNEL-POSTRTG -s {ALL_PODS} ! -d 224.0.0.0/4 -j MASQUERADE --random-fully",
    f"-t nat -A FLANNEL-POSTRTG ! -s {ALL_PODS} -d {ALL_PODS} -j MASQUERADE --random-fully",
    "-N FLANNEL-FWD",
    "-A FORWARD -j FLANNEL-FWD",
    f"-A FLANNEL-FWD -s {ALL_PODS} -j ACCEPT",
    f"-A FLANNEL-FWD -d {ALL_PODS} -j ACCEPT",
)
SETTINGS = {
    "net/ipv4/ip_forward": "1",
    "net/bridge/bridge-nf-call-iptables": "1",
    # Refusals come at once, not ten a second.
    "net/ipv4/icmp_ratelimit": "0",
    "net/ipv4/icmp_msgs_per_sec": "1000000",
    "net/ipv4/icmp_msgs_burst": "1000000",
}


def run(*argv: str) -> None:
    """Runs a program that has to succeed."""
    done = subprocess.run(
        argv, stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False
    )
    if done.returncode:
        raise SystemExit(f"{' '.join(argv)}: {done.stderr.strip() or done.returncode}")


def file_systems(state: Path, groups: list) -> None:
    """Its own view of processes, of the system, of control groups; folders of its own that last."""
    mount("proc", "/proc", "proc")
    mount("sysfs", "/sys", "sysfs")
    if all(version == 2 for _, version, _ in groups):
        mount("cgroup2", "/sys/fs/cgroup", "cgroup2")
        # Groups below this one get controllers only while no process is in it.
        Path("/sys/fs/cgroup/init").mkdir(exist_ok=True)
        Path("/sys/fs/cgroup/init/cgroup.procs").write_text(str(os.getpid()), encoding="utf-8")
        for _ in range(200):
            try:
                hand_down(Path("/sys/fs/cgroup"))
                break
            except OSError as trouble:
                # The process that waits outside is still on its way.
                why = trouble
                time.sleep(0.02)
        else:
            raise SystemExit(f"control groups: controllers cannot be handed down: {why}")
        given = Path("/sys/fs/cgroup/cgroup.subtree_control").read_text(encoding="utf-8").split()
        # A kubelet starts without `io`, and without no other.
        if lacking := sorted(set(CONTROLLERS) - {"io"} - set(given)):
            raise SystemExit(f"control groups: no controller {', '.join(lacking)} is handed down")
    else:
        mount("tmpfs", "/sys/fs/cgroup", "tmpfs")
        for name, version, options in groups:
            own = Path("/sys/fs/cgroup") / name
            own.mkdir()
            named = any(one.startswith("name=") for one in options)
            mount(
                "cgroup",
                str(own),
                "cgroup2" if version == 2 else "cgroup",
                options=",".join([*(["none"] if named else []), *options]),
            )
    mount("tmpfs", "/run", "tmpfs", options="mode=755")
    for name in LASTING:
        (state / name).mkdir(parents=True, exist_ok=True)
        Path("/", name).mkdir(parents=True, exist_ok=True)
        mount(str(state / name), f"/{name}", "", BIND)
    mount("none", "/var/lib/kubelet", "", SHARED | RECURSIVE)
    Path("/var/log/pods").mkdir(exist_ok=True)
    Path("/var/log/containers").mkdir(exist_ok=True)


def network(state: Path) -> None:
    """`eth0` here, the outside in a namespace beside it, with a public address of the
    documentation's range."""
    run("ip", "link", "set", "lo", "up")
    run("ip", "netns", "add", "world")
    run("ip", "link", "add", "eth0", "type", "veth", "peer", "name", "wan", "netns", "world")
    run("ip", "addr", "add", f"{NODE}/24", "dev", "eth0")
    run("ip", "link", "set", "eth0", "up")
    for arguments in (
        ("link", "set", "lo", "up"),
        ("addr", "add", f"{GATEWAY}/24", "dev", "wan"),
        ("link", "set", "wan", "up"),
        ("addr", "add", f"{OUTSIDE}/32", "dev", "lo"),
        ("route", "add", ALL_PODS, "via", NODE),
    ):
        run("ip", "-n", "world", *arguments)
    run("ip", "route", "add", "default", "via", GATEWAY)
    for name, value in SETTINGS.items():
        Path("/proc/sys", name).write_text(value, encoding="utf-8")
    for line in FLANNEL:
        run("iptables", *line.split())
    (state / "cni").mkdir(exist_ok=True)
    (state / "cni/10-bridge.conflist").write_text(json.dumps(BRIDGE), encoding="utf-8")
    Path("/run/flannel").mkdir()


def pretend(memory: int, cpus: int) -> None:
    """A machine of another size: what the kernel tells is changed, nothing is taken away."""
    here, kilobytes = Path("/run/pretend"), memory // 1024
    (here / "node/node0").mkdir(parents=True)
    lines = []
    for line in Path("/proc/meminfo").read_text(encoding="utf-8").splitlines():
        name = line.partition(":")[0]
        size = {
            "MemTotal": kilobytes,
            "MemFree": kilobytes * 3 // 4,
            "MemAvailable": kilobytes * 3 // 4,
        }.get(name)
        lines.append(f"{name}: {size} kB" if size else line)
    (here / "meminfo").write_text("\n".join(lines) + "\n", encoding="utf-8")
    for name in ("online", "possible", "present"):
        (here / "cpu").mkdir(exist_ok=True)
        (here / "cpu" / name).write_text(f"0-{cpus - 1}\n", encoding="utf-8")
    (here / "node/node0/cpulist").write_text(f"0-{cpus - 1}\n", encoding="utf-8")
    system = Path("/sys/devices/system/node")
    for name in ("online", "possible"):
        shutil.copyfile(system / name, here / "node" / name)
    shutil.copyfile(system / "node0/distance", here / "node/node0/distance")
    (here / "node/node0/meminfo").write_text(f"Node 0 MemTotal: {kilobytes} kB\n", encoding="utf-8")
    (here / "node/node0/hugepages").mkdir()
    for number in range(cpus):
        for place in (here / "cpu", here / "node/node0"):
            topology = place / f"cpu{number}/topology"
            topology.mkdir(parents=True)
            for file, value in (
                ("core_id", number),
                ("physical_package_id", 0),
                ("thread_siblings_list", number),
            ):
                (topology / file).write_text(f"{value}\n", encoding="utf-8")
    mount(str(here / "meminfo"), "/proc/meminfo", "", BIND)
    mount(str(here / "cpu"), "/sys/devices/system/cpu", "", BIND)
    mount(str(here / "node"), "/sys/devices/system/node", "", BIND)
    more_cpus(here)


def more_cpus(here: Path) -> None:
    """With more CPUs than there are, the kernel refuses what the kubelet writes about the group of
    all pods: it writes to a file instead."""
    for place, version, options in hierarchies():
        if version == 1 and not {"freezer", "devices", "blkio"} & set(options):
            (place / "kubepods").mkdir(exist_ok=True)
        if "cpuset" in options:
            # The groups below it take over what is really there (cgroup.clone_children).
            shutil.copyfile(place / "kubepods/cpuset.cpus", here / "cpuset.cpus")
            mount(str(here / "cpuset.cpus"), str(place / "kubepods/cpuset.cpus"), "", BIND)


def main() -> None:
    """Makes the node, says so by a file, then waits."""
    settings = json.loads(sys.argv[1])
    state = Path(settings["state"])
    libc.sethostname(b"node", ctypes.c_size_t(4))
    file_systems(state, settings["groups"])
    network(state)
    pretend(settings["memory"], settings["cpus"])
    Path(settings["ready"]).touch()
    # Asked to end or not: a node ends when its power does.
    for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
        signal.signal(number, signal.SIG_IGN)
    signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGCHLD})
    while True:
        signal.sigwait({signal.SIGCHLD})
        try:
            while os.waitpid(-1, os.WNOHANG)[0]:
                pass
        except ChildProcessError:
            pass


if __name__ == "__main__":
    main()
