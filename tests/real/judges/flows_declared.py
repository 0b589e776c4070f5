"""What the compiler's graph says: which ends there are, and what is open between them."""

from __future__ import annotations

from dataclasses import dataclass, field
from ipaddress import IPv4Address, IPv4Network
from typing import Any

# In place of a set of ports: every one.
EVERY = None
POD, NODE, BEYOND = "pod", "node", "beyond"


@dataclass(frozen=True)
class Place:
    """Where a connection can begin or end: a pod, the node, or an address beyond it."""

    name: str
    kind: str
    address: str
    namespace: str = ""
    labels: dict = field(default_factory=dict, hash=False, compare=False)
    # Those of its namespace.
    around: dict = field(default_factory=dict, hash=False, compare=False)

    @property
    def ip(self) -> IPv4Address:
        """The address as a number."""
        return IPv4Address(self.address)


def bears(labels: dict, wanted: dict) -> bool:
    """Whether labels have all that a selector wants."""
    return wanted.items() <= labels.items()


def kind_of(end: Any) -> str:
    """The name of an end's variant."""
    return end if isinstance(end, str) else next(iter(end))


def is_pods(end: Any) -> bool:
    """Whether an end stands for pods by what they are, so that it opens their own half."""
    return kind_of(end) in ("pods", "otherNamespaces", "everyPod")


def covers(end: Any, place: Place, other: Place) -> bool:
    """Whether a place is among those that an end of a row stands for."""
    kind = kind_of(end)
    if kind == "anywhere":
        return True
    if kind == "ownNode":
        return place.kind == NODE and other.kind == POD
    if kind == "addresses":
        block = end["addresses"]
        inside = place.ip in IPv4Network(block["cidr"])
        return inside and not any(place.ip in IPv4Network(it) for it in block["except"])
    if place.kind != POD:
        return False
    if kind == "everyPod":
        return True
    if kind == "namespaces":
        return bears(place.around, end["namespaces"]["labels"])
    if kind == "otherNamespaces":
        return place.namespace not in end["otherNamespaces"]
    if kind == "pods":
        pods = end["pods"]
        return place.namespace == pods["namespace"] and bears(place.labels, pods["labels"])
    raise LookupError(f"`show flows` has an end that the judge does not know: {kind}")


class Declared:
    """The rows of `show flows --format json`."""

    def __init__(self, rows: list[dict]):
        self.rows = rows

    def ports(self, protocol: str) -> set[int]:
        """All ports that some row names."""
        return {it["port"] for it in self.rows if it["protocol"] == protocol}

    def fenced(self) -> set[str]:
        """The namespaces that have policies."""
        ends = [end for row in self.rows for end in (row["source"], row["destination"])]
        lists = [end["otherNamespaces"] for end in ends if kind_of(end) == "otherNamespaces"]
        if not lists:
            raise LookupError("`show flows` does not say which namespaces have policies")
        return set(lists[0])

    def ends(self) -> list[tuple[str, str, dict]]:
        """Pods that rows name, each once: their name for people, namespace, labels."""
        found = {}
        for row in self.rows:
            for name, end in ((row["from"], row["source"]), (row["to"], row["destination"])):
                if kind_of(end) == "pods":
                    pods = end["pods"]
                    found[(pods["namespace"], *sorted(pods["labels"].items()))] = (
                        name,
                        pods["namespace"],
                        pods["labels"],
                    )
        return list(found.values())

    def blocks(self) -> list[dict]:
        """Ranges of addresses that rows name; each once."""
        ends = [end for row in self.rows for end in (row["source"], row["destination"])]
        blocks = [end["addresses"] for end in ends if kind_of(end) == "addresses"]
        return list({str(it): it for it in blocks}.values())

    def half(self, mine: str, other: str, place: Place, far: Place) -> Any:
        """The ports at which a place's own half is open: EVERY, or pairs of protocol and port."""
        if place.kind != POD:
            return EVERY
        found = set()
        for row in self.rows:
            if (
                is_pods(row[mine])
                and covers(row[mine], place, far)
                and covers(row[other], far, place)
            ):
                if row["port"] is None:
                    return EVERY
                found.add((row["protocol"], row["port"]))
        return found

    def opened(self, source: Place, target: Place) -> Any:
        """The ports that a place may reach at another: those that both halves let through."""
        out = self.half("source", "destination", source, target)
        into = self.half("destination", "source", target, source)
        if out is EVERY:
            return into
        return out if into is EVERY else out & into
