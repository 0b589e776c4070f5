"""Which program asks for which names outside, beside those that the tree declares for it."""

from __future__ import annotations

import contextlib
import ctypes
import re
import socket
import struct
import threading
import time
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from harness.api import ApiError
from harness.node_inside import NODE
from harness.node_platform import containers_of, template_of
from harness.node_world import World
from harness.processes import Failed
from harness.table import Row
from harness.trees import Tree

from .live_objects import BLOBS, REGISTRY

if TYPE_CHECKING:
    from .live_platform import Live

# CoreDNS asks for two numbers at its start, to see whether it asks itself in a circle.
LOOP = re.compile(r"\d+\.\d+")
# Names of the cluster, which nobody outside is asked for.
INSIDE = (".cluster.local", ".arpa")
EVERY_PACKET, ATTACH_FILTER = 0x0003, 26
# What the kernel keeps of all packets: those of IPv4 (version), UDP (17) and to port 53.
TO_DNS = (
    (0x30, 0, 0, 0),
    (0x54, 0, 0, 0xF0),
    (0x15, 0, 6, 0x40),
    (0x30, 0, 0, 9),
    (0x15, 0, 4, 17),
    (0xB1, 0, 0, 0),
    (0x48, 0, 0, 2),
    (0x15, 0, 1, 53),
    (0x06, 0, 0, 0xFFFF),
    (0x06, 0, 0, 0),
)


def listener() -> socket.socket:
    """A socket that gets all questions for names on the node's network, from their IP header on."""
    wire = socket.socket(socket.AF_PACKET, socket.SOCK_DGRAM, socket.htons(EVERY_PACKET))
    code = ctypes.create_string_buffer(b"".join(struct.pack("HBBI", *one) for one in TO_DNS))
    program = struct.pack("HL", len(TO_DNS), ctypes.addressof(code))
    wire.setsockopt(socket.SOL_SOCKET, ATTACH_FILTER, program)
    # What came before the filter goes.
    wire.setblocking(False)
    try:
        while wire.recv(1):
            pass
    except BlockingIOError:
        pass
    wire.settimeout(0.2)
    return wire


def question(packet: bytes) -> tuple[str, str]:
    """Who asks, by address, and for which name."""
    at, name = (packet[0] & 15) * 4 + 8 + 12, []
    while packet[at]:
        name.append(packet[at + 1 : at + 1 + packet[at]].decode("ascii", "replace"))
        at += 1 + packet[at]
    return socket.inet_ntoa(packet[12:16]), ".".join(name).lower()


class Questions(threading.Thread):
    """Keeps who asked for which name, and which pod had which address, also of pods that are gone;
    to be started by a thread that is in the node's network."""

    def __init__(self, world: World) -> None:
        super().__init__(daemon=True)
        self.world, self.ended = world, threading.Event()
        self.pods: dict[str, dict] = {}
        self.asked: set[tuple[str, str]] = set()
        self.broken = ""

    def run(self) -> None:
        try:
            with listener() as wire:
                self.listen(wire)
        except Exception as trouble:
            # The check says it: nothing that was asked after this is known.
            self.broken = f"{type(trouble).__name__}: {trouble}"

    def listen(self, wire: socket.socket) -> None:
        """Until it is told to end."""
        looked = 0.0
        while not self.ended.is_set():
            if time.monotonic() - looked > 0.5:
                # A server that is gone is what other checks say.
                with contextlib.suppress(ApiError, OSError):
                    self.look()
                looked = time.monotonic()
            try:
                packet = wire.recv(4096)
            except TimeoutError:
                continue
            try:
                self.asked.add(question(packet))
            except IndexError:
                # No question: it ends before its name does.
                continue

    def look(self) -> None:
        """Notes the addresses of all pods that are there now."""
        for one in self.world.pods():
            if address := one["status"].get("podIP"):
                self.pods[address] = one["metadata"]

    def stop(self) -> None:
        """Ends it, and waits until it has."""
        self.ended.set()
        if self.is_alive():
            self.join(10)


def program_of(about: dict, flows: list[dict]) -> str:
    """The name by which `show flows` knows a pod; its own where no flow begins at it."""
    for flow in flows:
        # Others begin at the node, at any pod of other namespaces, or anywhere: at no program.
        begins = flow["source"]
        source = begins.get("pods", {}) if isinstance(begins, dict) else {}
        labels = source.get("labels", {})
        if (
            labels
            and source["namespace"] == about["namespace"]
            and labels.items() <= about.get("labels", {}).items()
        ):
            return flow["from"]
    return f"{about['namespace']}/{about['name']}"


def declared(tree: Tree, flows: list[dict]) -> dict[str, set[str]]:
    """The hosts outside that each program of the tree may ask for: those that its containers name,
    and the registry of whoever pulls models; none where no flow leads outside."""
    away = {flow["from"] for flow in flows if flow["to"] == "outside"}
    found: dict[str, set[str]] = {}
    for thing in tree.things:
        value = thing.value
        if value["kind"] not in ("StatefulSet", "Deployment", "DaemonSet", "CronJob"):
            continue
        template = template_of(value)
        about = {
            **template.get("metadata", {}),
            "namespace": value["metadata"]["namespace"],
            "name": value["metadata"]["name"],
        }
        name, named = program_of(about, flows), set()
        for one in containers_of(template):
            for variable in one.get("env", []):
                host = urlsplit(variable.get("value") or "").hostname or ""
                if "." in host and not host.endswith(INSIDE):
                    named.add(host)
                if variable["name"] == "MODELS":
                    named |= {REGISTRY, BLOBS}
        found[name] = found.get(name, set()) | (named if name in away else set())
    return found


def outside(name: str) -> bool:
    """Whether a name is one that may be outside."""
    return "." in name and not name.endswith(INSIDE) and not LOOP.fullmatch(name)


def compared(live: Live, row: Row) -> None:
    """Each program asks for exactly the hosts that the tree declares for it."""
    if live.questions.broken:
        raise Failed(f"questions for names were not read to the end: {live.questions.broken}")
    live.questions.look()
    flows = live.ctx.flows(live.tree.root)
    may, pods = declared(live.tree, flows), dict(live.questions.pods)
    # CoreDNS passes on what others ask, from its own address and then from the node's.
    passing = {NODE} | {
        address
        for address, about in pods.items()
        if about.get("labels", {}).get("k8s-app") == "kube-dns"
    }
    asked: dict[str, set[str]] = {}
    ran = {program_of(about, flows) for about in pods.values()}
    for address, name in sorted(live.questions.asked.copy()):
        if not outside(name) or address in passing:
            continue
        about = pods.get(address)
        who = program_of(about, flows) if about else f"nobody who is known, at {address},"
        asked.setdefault(who, set()).add(name)
    for who in sorted({*asked, *may}):
        have, right = asked.get(who, set()), may.get(who, set())
        row.findings += [
            f"{who} asked for {one}, which is not declared for it" for one in sorted(have - right)
        ]
        if who in ran:
            row.findings += [f"{who} never asked for {one}" for one in sorted(right - have)]
    everybody = set().union(*asked.values())
    row.findings += [
        f"{one} was asked for outside, by nobody of the cluster"
        for one in sorted(live.asked_outside() - everybody)
        if outside(one)
    ]
    row.objects = sum(map(len, asked.values()))
    row.note = "; ".join(f"{who}: {', '.join(sorted(asked[who]))}" for who in sorted(asked))
    if not everybody:
        raise Failed("nobody asked for any name outside")
