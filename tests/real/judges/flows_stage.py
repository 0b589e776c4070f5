"""A node on a stage: stand-in pods, the world around them, and the real policy controller."""

import contextlib
import json
import os
import socket
import subprocess
from collections.abc import Iterator
from pathlib import Path

from harness.context import Context
from harness.netns import Net
from harness.processes import wait_until
from harness.trees import Thing

from .flows_api import Server, defaulted
from .flows_declared import NODE, POD, Place
from .flows_pods import GATEWAY, NEIGHBOUR, NODE_ADDRESS, PODS
from .flows_tries import Listeners

NAME = "node"
# The Service of the API server, as kube-proxy translates it.
SERVICE, SERVICE_PORT, API_SERVER = "10.43.0.1", 443, 6443
SERVICES = "10.43.0.0/16"
STUB = 8001


class Lacking(Exception):
    """The kernel cannot do something that a node needs; the message says what."""


def environment(ctx: Context) -> dict:
    """Where the controller finds iptables and ipset."""
    folder = Path(ctx.tool("iptables")).parent
    return {"PATH": f"{folder}{os.pathsep}{os.environ['PATH']}"}


def command(ctx: Context, *argv: str, given: str = "") -> str:
    """Runs one of a node's programs, in the namespace of the calling thread."""
    done = subprocess.run(
        [ctx.tool(argv[0]), *argv[1:]],
        input=given,
        capture_output=True,
        text=True,
        check=False,
        env={**os.environ, **environment(ctx)},
    )
    if done.returncode:
        raise OSError(f"`{' '.join(argv)}` ended with {done.returncode}: {done.stderr.strip()}")
    return done.stdout


def hardware(address: str) -> bytes:
    """The hardware address of a stand-in, made of its own."""
    return b"\x0a\x2a" + socket.inet_aton(address)


def setting(path: str, value: str) -> None:
    """Writes a setting of the network namespace of the calling thread."""
    Path(f"/proc/sys/net/{path}").write_text(value, encoding="ascii")


class Stage:
    """One node with its pods. Everything is held by this process: when it goes, all goes."""

    def __init__(self, ctx: Context, pods: list[Place], beyond: list[Place]):
        self.ctx, self.pods, self.beyond = ctx, pods, beyond
        self.exit = contextlib.ExitStack()
        self.listeners = Listeners()
        self.nets: dict[str, Net] = {}
        try:
            self.exit.callback(self.listeners.close)
            self.node, self.world = self.net(), self.net()
            for pod in pods:
                self.nets[pod.name] = self.net()
            self.wire()
        except BaseException:
            self.exit.close()
            raise

    def __enter__(self) -> "Stage":
        return self

    def __exit__(self, *_: object) -> None:
        self.exit.close()

    def net(self) -> Net:
        """A network namespace that ends with the stage."""
        made = Net()
        self.exit.callback(made.close)
        return made

    def net_of(self, place: Place) -> Net:
        """The namespace that a place is in."""
        if place.kind == POD:
            return self.nets[place.name]
        return self.node if place.address == NODE_ADDRESS else self.world

    def wire(self) -> None:
        """Bridge, wires, addresses and routes."""
        lines = [
            "link add cni0 type bridge",
            f"address add {GATEWAY}/{PODS.prefixlen} dev cni0",
            "link set cni0 up",
            f"link add eth0 type veth peer name eth0 netns {self.world.path()}",
            f"address add {NODE_ADDRESS}/24 dev eth0",
            "link set eth0 up",
        ]
        lines.append(f"link set cni0 address {hardware(GATEWAY).hex(':')}")
        for number, pod in enumerate(self.pods):
            lines.append(
                f"link add pod{number} type veth peer name eth0 "
                f"address {hardware(pod.address).hex(':')} "
                f"netns {self.nets[pod.name].path()}"
            )
            lines.append(f"link set pod{number} master cni0 up")
        with self.node.inside():
            command(self.ctx, "ip", "-batch", "-", given="\n".join(lines) + "\n")
            setting("ipv4/ip_forward", "1")
            # The kernel would keep silent about most refusals, and silence takes time.
            setting("ipv4/icmp_ratemask", "0")
            try:
                setting("bridge/bridge-nf-call-iptables", "1")
            except FileNotFoundError:
                raise Lacking("br_netfilter: filters do not see what goes over a bridge") from None
        with self.world.inside():
            self.world.up("eth0", NEIGHBOUR, "255.255.255.0")
            self.world.route(NODE_ADDRESS, str(PODS.network_address), str(PODS.netmask))
            others = [it.address for it in self.beyond if it.address != NEIGHBOUR]
            command(
                self.ctx,
                "ip",
                "-batch",
                "-",
                given="".join(f"address add {it}/32 dev lo\n" for it in others),
            )
        with self.node.inside():
            self.node.route(NEIGHBOUR)
            for chain in ("PREROUTING", "OUTPUT"):
                command(
                    self.ctx,
                    "iptables",
                    "-t",
                    "nat",
                    "-A",
                    chain,
                    "-d",
                    SERVICE,
                    "-p",
                    "tcp",
                    "--dport",
                    str(SERVICE_PORT),
                    "-j",
                    "DNAT",
                    "--to-destination",
                    f"{NODE_ADDRESS}:{API_SERVER}",
                )
        known = [
            (address, hardware(address))
            for address in (GATEWAY, *(pod.address for pod in self.pods))
        ]
        with self.node.inside():
            self.node.neighbours("cni0", known[1:])
        for pod in self.pods:
            net = self.nets[pod.name]
            with net.inside():
                net.up("eth0", pod.address, str(PODS.netmask))
                net.route(GATEWAY)
                net.neighbours("eth0", [it for it in known if it[0] != pod.address])

    def listen(self, ports: list[tuple[str, int]]) -> None:
        """Everybody listens on all of the ports."""
        here = Place("the node", NODE, NODE_ADDRESS)
        for place in (*self.pods, here, *self.beyond):
            with self.net_of(place).inside():
                for protocol, port in ports:
                    self.listeners.listen(protocol, place.address, port)

    def objects(self, things: list[Thing]) -> dict[str, list[dict]]:
        """What the controller is told: namespaces, policies, the stand-in pods, the node."""
        spaces = {
            it.value["metadata"]["name"]: it.value
            for it in things
            if it.value["kind"] == "Namespace"
        }
        for name in sorted({pod.namespace for pod in self.pods}):
            spaces.setdefault(name, {"metadata": {"name": name}})
        named = [
            {
                **it,
                "metadata": {
                    **it["metadata"],
                    "labels": {
                        **it["metadata"].get("labels", {}),
                        "kubernetes.io/metadata.name": name,
                    },
                },
            }
            for name, it in spaces.items()
        ]
        return {
            "namespaces": named,
            "networkpolicies": [
                defaulted(it.value) for it in things if it.value["kind"] == "NetworkPolicy"
            ],
            "pods": [pod_object(pod) for pod in self.pods],
            "nodes": [
                {
                    "metadata": {"name": NAME},
                    "spec": {"podCIDR": str(PODS), "podCIDRs": [str(PODS)]},
                    "status": {
                        "addresses": [
                            {"type": "InternalIP", "address": NODE_ADDRESS},
                            {"type": "Hostname", "address": NAME},
                        ]
                    },
                }
            ],
        }

    @contextlib.contextmanager
    def controlled(self, things: list[Thing]) -> Iterator[None]:
        """The policy controller runs meanwhile, and its rules are there."""
        folder = self.ctx.fresh("flows")
        access = folder / "kubeconfig"
        access.write_text(
            json.dumps(
                {
                    "apiVersion": "v1",
                    "kind": "Config",
                    "current-context": NAME,
                    "users": [{"name": NAME, "user": {}}],
                    "clusters": [{"name": NAME, "cluster": {"server": f"http://127.0.0.1:{STUB}"}}],
                    "contexts": [{"name": NAME, "context": {"cluster": NAME, "user": NAME}}],
                }
            )
        )
        with self.node.inside():
            server = Server(STUB, self.objects(things))
            process = self.ctx.processes.start(
                "netpol",
                [
                    self.ctx.tool("netpol"),
                    "-kubeconfig",
                    access,
                    "-node",
                    NAME,
                    "-services",
                    SERVICES,
                ],
                env=environment(self.ctx),
                log=folder / "netpol.log",
            )
        try:
            wait_until(
                "the policy controller",
                lambda: b"synced\n" in process.log.read_bytes(),
                120,
                process,
            )
            troubles = [
                line
                for line in process.log.read_text(errors="replace").splitlines()
                if line[:1] in "EF"
            ]
            if troubles:
                raise OSError(f"the policy controller: {troubles[0]}")
            yield
        finally:
            self.ctx.processes.stop(process)
            server.close()


def pod_object(pod: Place) -> dict:
    """A stand-in pod as the API has it."""
    return {
        "metadata": {
            "name": pod.name.partition("/")[2],
            "namespace": pod.namespace,
            "labels": pod.labels,
        },
        "spec": {"nodeName": NAME, "containers": [{"name": "stand-in", "image": "stand-in"}]},
        "status": {
            "phase": "Running",
            "podIP": pod.address,
            "podIPs": [{"ip": pod.address}],
            "hostIP": NODE_ADDRESS,
        },
    }
