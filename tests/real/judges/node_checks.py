"""Whether containers are in truth what the tree declares: asked of /proc, of the control groups and
of the pods' own network."""

from __future__ import annotations

import re
import socket
from pathlib import Path

from harness.node_platform import WORKLOADS, template_of
from harness.node_world import World
from harness.pods import quantity

CAPABILITIES = {
    "CHOWN": 0,
    "DAC_OVERRIDE": 1,
    "FOWNER": 3,
    "KILL": 5,
    "SETGID": 6,
    "SETUID": 7,
    "NET_BIND_SERVICE": 10,
    "NET_RAW": 13,
    "SYS_ADMIN": 21,
}


def allocatable(world: World, budget: dict) -> list[str]:
    """Where the node has other room for pods than the budget says; the figures are the kubelet's
    own."""
    said, node, findings = (
        world.api.get("/api/v1/nodes/node")["status"]["allocatable"],
        budget["node"],
        [],
    )
    pods = next(
        (int(one.partition("=")[2]) for one in world.arguments if one.startswith("max-pods=")), 110
    )
    for what, wanted in (
        ("memory", node["allocatable"]),
        ("cpu", node["cpuAllocatableMillicores"] / 1000),
        ("pods", pods),
    ):
        if quantity(said[what]) != wanted:
            findings.append(f"allocatable {what} is {said[what]}, the budget says {wanted}")
    limit = limit_of(world.subtree.memory() / "kubepods")
    if limit != node["allocatable"] + node["evictionThreshold"]:
        findings.append(
            f"all pods together may take {limit} bytes, the budget says {node['allocatable']}"
            f" and {node['evictionThreshold']}"
        )
    return findings


def limit_of(group: Path) -> int | None:
    """The memory limit of a control group."""
    for name in ("memory.limit_in_bytes", "memory.max"):
        if (group / name).is_file():
            text = (group / name).read_text(encoding="utf-8").strip()
            return int(text) if text.isdigit() and int(text) < 1 << 60 else None
    raise LookupError(f"{group} has no memory limit")


def working_set(group: Path) -> int:
    """The memory that the kubelet holds against a limit: what is used, less the files that nobody
    has touched for long."""
    stat = dict(
        line.split() for line in (group / "memory.stat").read_text(encoding="utf-8").splitlines()
    )
    for used, idle in (
        ("memory.usage_in_bytes", "total_inactive_file"),
        ("memory.current", "inactive_file"),
    ):
        if (group / used).is_file():
            return max(0, int((group / used).read_text(encoding="utf-8")) - int(stat[idle]))
    raise LookupError(f"{group} counts no memory")


def group_of(world: World, pod: dict, container: str) -> Path:
    """The control group in which a container's memory is counted."""
    number = world.container(pod, container)
    found = list(
        (world.subtree.memory() / "kubepods").glob(f"**/pod{pod['metadata']['uid']}/{number}")
    )
    if not found:
        raise LookupError(f"{pod['metadata']['name']}: no control group of container {container}")
    return found[0]


def status_of(process: Path) -> dict[str, str]:
    """What the kernel says about a process."""
    return dict(
        line.split(":", 1)
        for line in (process / "status").read_text(encoding="utf-8").splitlines()
        if ":" in line
    )


def process_of(world: World, pod: dict, container: str) -> Path:
    """The first process of a container."""
    numbers = (group_of(world, pod, container) / "cgroup.procs").read_text(encoding="utf-8").split()
    firsts = [
        number for number in numbers if status_of(Path("/proc", number))["NSpid"].split()[-1] == "1"
    ]
    if not firsts:
        raise LookupError(f"{pod['metadata']['name']}: container {container} has no process 1")
    return Path("/proc", firsts[0])


def rights(status: dict, pod: dict, own: dict) -> list[str]:
    """User, groups, capabilities, what they may become, which calls of the kernel are filtered."""
    wanted, findings = {**pod, **own}, []
    for field, key in (("Uid", "runAsUser"), ("Gid", "runAsGroup")):
        have = set(status[field].split())
        if key in wanted and have != {str(wanted[key])}:
            findings.append(f"{key} is {wanted[key]}, the process has {' '.join(sorted(have))}")
    if (
        "fsGroup" in pod
        and str(pod["fsGroup"]) not in status["Groups"].split() + status["Gid"].split()
    ):
        findings.append(f"fsGroup is {pod['fsGroup']}, the process has{status['Groups']}")
    lists = own.get("capabilities", {})
    if "ALL" in lists.get("drop", []):
        bits = sum(1 << CAPABILITIES[name] for name in lists.get("add", []))
        for field in ("CapBnd", "CapPrm", "CapEff", "CapInh"):
            mask = int(status[field].strip(), 16)
            if mask & ~bits or (field == "CapBnd" and mask != bits):
                findings.append(f"{field} is {mask:x}, capabilities declare {bits:x}")
    if own.get("allowPrivilegeEscalation") is False and status["NoNewPrivs"].strip() != "1":
        findings.append("the process may gain rights, allowPrivilegeEscalation is false")
    if (
        wanted.get("seccompProfile", {}).get("type") == "RuntimeDefault"
        and status["Seccomp"].strip() != "2"
    ):
        findings.append("no filter of system calls is in force, seccompProfile is RuntimeDefault")
    return findings


def mounts_of(process: Path) -> dict[str, list[str]]:
    """The options of each place where something is mounted, the last one counts."""
    found = {}
    for line in (process / "mountinfo").read_text(encoding="utf-8").splitlines():
        words = line.split()
        found[words[4]] = words[5].split(",")
    return found


def files(world: World, pod: dict, spec: dict, container: dict, process: Path) -> list[str]:
    """The root and each mount: there, to be read only where that is declared, else to be written by
    the container's user."""
    mounts, findings = mounts_of(process), []
    sealed = container.get("securityContext", {}).get("readOnlyRootFilesystem")
    if sealed and "ro" not in mounts["/"]:
        findings.append("its root can be written, readOnlyRootFilesystem is true")
    places = {
        one["mountPath"].rstrip("/"): one.get("readOnly", False)
        for one in container.get("volumeMounts", [])
        if "subPath" not in one
    }
    # A link of the image may lead elsewhere: /var/run to /run.
    there = {
        place: place in mounts or place.replace("/var/run", "/run", 1) in mounts for place in places
    }
    findings += [
        f"{place}: nothing is mounted there" for place, found in there.items() if not found
    ]
    probe = [
        f"{place}/.judge"
        for place, sealed_place in places.items()
        if there[place] and not sealed_place
    ]
    refused = [
        f"{place}/.judge" for place, sealed_place in places.items() if there[place] and sealed_place
    ] + (["/.judge"] if sealed else [])
    script = (
        'for f in "$@"; do case $f in'
        ' !*) f=${f#!}; if (: >"$f") 2>/dev/null; then echo "$f: can be written"; rm -f "$f"; fi;;'
        ' *) if (: >"$f") 2>/dev/null; then rm -f "$f"; else echo "$f: cannot be written"; fi;;'
        " esac; done"
    )
    about = pod["metadata"]
    done = world.exec(
        about["namespace"],
        about["name"],
        ["/bin/sh", "-c", script, "sh", *probe, *(f"!{one}" for one in refused)],
        container["name"],
    )
    findings += [line.replace("/.judge", "") for line in done.stdout.splitlines()]
    if done.returncode:
        findings.append(f"nothing could be asked inside: {done.stderr.strip()[-200:]}")
    token = any(
        place.startswith(("/var/run/secrets/kubernetes.io", "/run/secrets/kubernetes.io"))
        for place in mounts
    )
    if token and spec.get("automountServiceAccountToken") is False:
        findings.append(
            "a token of the API server is mounted, automountServiceAccountToken is false"
        )
    return findings


def room(world: World, pod: dict, container: dict, process: Path) -> list[str]:
    """The memory limit, and how soon the kernel would end the process when the node itself has none
    left."""
    resources, findings = container.get("resources", {}), []
    wanted = resources.get("limits", {}).get("memory")
    limit = limit_of(group_of(world, pod, container["name"]))
    if limit != (quantity(wanted) if wanted else None):
        findings.append(f"the memory limit in force is {limit}, declared is {wanted}")
    if pod["status"]["qosClass"] == "Burstable" and resources.get("requests", {}).get("memory"):
        score = 1000 - 1000 * int(quantity(resources["requests"]["memory"])) // world.memory
        have = int((process / "oom_score_adj").read_text(encoding="utf-8"))
        if abs(have - max(3, min(999, score))) > 1:
            findings.append(f"oom_score_adj is {have}, the kubelet's rule makes {score}")
    return findings


def talks(pod: dict, container: dict) -> list[str]:
    """Each declared TCP port takes a connection from the node."""
    findings = []
    for port in container.get("ports", []):
        if port.get("protocol", "TCP") == "TCP":
            try:
                socket.create_connection((pod["status"]["podIP"], port["containerPort"]), 2).close()
            except OSError as trouble:
                findings.append(f"port {port['containerPort']}: {trouble}")
    return findings


def surroundings(spec: dict, container: dict, process: Path) -> list[str]:
    """The environment, and where names are asked for."""
    have = dict(
        one.split("=", 1)
        for one in (process / "environ").read_text(errors="replace").split("\0")
        if "=" in one
    )
    findings = []
    for one in container.get("env", []):
        value = one.get("value")
        if one["name"] not in have:
            findings.append(f"variable {one['name']} is not set")
        elif value is not None and "$(" not in value and have[one["name"]] != value:
            findings.append(
                f"variable {one['name']} is {have[one['name']]!r}, declared is {value!r}"
            )
    if spec.get("enableServiceLinks") is False:
        links = [
            name
            for name in have
            if name.endswith("_SERVICE_HOST") and not name.startswith("KUBERNETES_")
        ]
        findings += [f"variable {name} of another Service is set" for name in links]
    resolver = (process / "root/etc/resolv.conf").read_text(encoding="utf-8")
    if (
        "nameserver 10.43.0.10" not in resolver
        and spec.get("dnsPolicy", "ClusterFirst") == "ClusterFirst"
    ):
        findings.append("names are not asked of the cluster's DNS")
    for option in spec.get("dnsConfig", {}).get("options", []):
        text = f"{option['name']}:{option['value']}" if "value" in option else option["name"]
        if not re.search(rf"options .*\b{re.escape(text)}\b", resolver):
            findings.append(f"the resolver's option {text} is not in force")
    return findings


def container_is(world: World, pod: dict, spec: dict, container: dict) -> list[str]:
    """Everything that a container declares, against what runs."""
    process = process_of(world, pod, container["name"])
    findings = rights(
        status_of(process), spec.get("securityContext", {}), container.get("securityContext", {})
    )
    findings += files(world, pod, spec, container, process) + room(world, pod, container, process)
    findings += talks(pod, container) + surroundings(spec, container, process)
    return [
        f"{pod['metadata']['namespace']}/{pod['metadata']['name']} {container['name']}: {one}"
        for one in findings
    ]


def owner(pod: dict) -> str:
    """The name of the workload that a pod is of."""
    about = next(iter(pod["metadata"].get("ownerReferences", [])), {"kind": "", "name": ""})
    return about["name"].rpartition("-")[0] if about["kind"] == "ReplicaSet" else about["name"]


def pods_are(world: World, values: list[dict]) -> tuple[int, list[str]]:
    """All containers of the pods that workloads have made; how many, and where one is not what its
    template says."""
    count, findings, pods = 0, [], world.pods()
    for value in values:
        if value["kind"] not in WORKLOADS:
            continue
        about, spec = value["metadata"], template_of(value)["spec"]
        own = [
            pod
            for pod in pods
            if pod["metadata"]["namespace"] == about["namespace"]
            and owner(pod) == about["name"]
            and not pod["metadata"].get("deletionTimestamp")
            and pod["status"]["phase"] == "Running"
        ]
        if len(own) != value["spec"].get("replicas", 1):
            findings.append(f"{about['namespace']}/{about['name']}: {len(own)} pods run")
        for pod in own:
            for container in spec["containers"]:
                count += 1
                try:
                    findings += container_is(world, pod, spec, container)
                except (LookupError, OSError) as trouble:
                    findings.append(
                        f"{about['namespace']}/{pod['metadata']['name']} {container['name']}:"
                        f" cannot be asked: {trouble}"
                    )
    return count, findings
