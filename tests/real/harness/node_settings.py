"""How a node's programs are set: the tree's part, that of k3s, what such a machine needs."""

from __future__ import annotations

import socket
from pathlib import Path
from typing import Any

import yaml

# Where k3s has its API server, which policies name.
API_SERVER = 6443
SOCKET = "/run/containerd/containerd.sock"
# What k3s itself tells its kubelet, whatever the platform.
OF_K3S: dict[str, Any] = {
    "cgroupDriver": "cgroupfs",
    "failSwapOn": False,
    "serializeImagePulls": False,
    "clusterDNS": ["10.43.0.10"],
    "clusterDomain": "cluster.local",
    "readOnlyPort": 0,
    "address": "0.0.0.0",
    "authentication": {"anonymous": {"enabled": False}, "webhook": {"enabled": True}},
    "authorization": {"mode": "Webhook"},
}
# What this machine needs beside it; README.md has the same list, with the reasons.
OF_THIS_MACHINE = {"failCgroupV1": False, "imageGCHighThresholdPercent": 100}
OF_KUBE_PROXY = (
    "--conntrack-max-per-core=0",
    "--conntrack-tcp-timeout-established=0s",
    "--conntrack-tcp-timeout-close-wait=0s",
)
CONTAINERD = """version = 2
root = "/var/lib/containerd"
state = "/run/containerd"
[grpc]
  address = "{socket}"
[plugins."io.containerd.grpc.v1.cri"]
  sandbox_image = "{pause}"
  restrict_oom_score_adj = true
  [plugins."io.containerd.grpc.v1.cri".cni]
    bin_dir = "{plugins}"
    conf_dir = "{state}/cni"
  [plugins."io.containerd.grpc.v1.cri".containerd.runtimes.runc]
    runtime_type = "io.containerd.runc.v2"
"""


def apiserver_flags(node: str, pki: Path) -> tuple[str, ...]:
    """How the API server is reached from pods, and reaches the kubelet of a node."""
    return (
        "--bind-address=0.0.0.0",
        f"--advertise-address={node}",
        "--endpoint-reconciler-type=lease",
        f"--kubelet-client-certificate={pki}/client.crt",
        f"--kubelet-client-key={pki}/client.key",
        "--kubelet-preferred-address-types=InternalIP",
        "--enable-admission-plugins=NodeRestriction",
    )


def healthy(port: int) -> bool:
    """Whether a program of the node says on its own port that it is well."""
    try:
        with socket.create_connection(("127.0.0.1", port), 2) as connection:
            connection.sendall(b"GET /healthz HTTP/1.0\r\n\r\n")
            return b" 200 " in connection.recv(64)
    except OSError:
        return False


def told(root: Path) -> dict[str, Any]:
    """k3s' configuration of a tree."""
    found: dict[str, Any] = yaml.safe_load(
        (root / "bootstrap/k3s/config.yaml").read_text(encoding="utf-8")
    )
    return found


def kubelet_settings(resolver: Path, authority: Path) -> dict[str, Any]:
    """The kubelet's configuration beside its arguments: of k3s, and what this machine needs."""
    return {
        "apiVersion": "kubelet.config.k8s.io/v1beta1",
        "kind": "KubeletConfiguration",
        **OF_K3S,
        **OF_THIS_MACHINE,
        "containerRuntimeEndpoint": f"unix://{SOCKET}",
        "resolvConf": str(resolver),
        "authentication": {**OF_K3S["authentication"], "x509": {"clientCAFile": str(authority)}},
    }


def kubelet_arguments(root: Path) -> list[str]:
    """What the tree tells the kubelet, unchanged: by itself, and through a key of k3s of that
    name."""
    arguments = list(told(root).get("kubelet-arg", []))
    if told(root).get("protect-kernel-defaults"):
        arguments.append("protect-kernel-defaults=true")
    return arguments


def set_kernel(root: Path) -> None:
    """Sets what a tree wants of the kernel, as the bootstrap script does before it starts k3s. A
    kubelet that is told nothing sets the same by itself."""
    for line in (root / "bootstrap/k3s/kernel.conf").read_text(encoding="utf-8").splitlines():
        key, mark, value = line.partition(" = ")
        if mark:
            (Path("/proc/sys") / key.replace(".", "/")).write_text(value, encoding="ascii")


def cpus_of(budget: dict, arguments: list[str]) -> int:
    """The CPUs of the node that a tree is for: what may be asked for, and what is kept back."""
    kept = 0
    for argument in arguments:
        name, _, value = argument.partition("=")
        if name in ("system-reserved", "kube-reserved"):
            amounts = dict(one.split("=") for one in value.split(","))
            kept += int(amounts.get("cpu", "0m").removesuffix("m"))
    return (budget["node"]["cpuAllocatableMillicores"] + kept) // 1000
