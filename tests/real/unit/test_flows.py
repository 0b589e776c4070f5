"""Which connections the compiler's rows open."""

from typing import Any

import pytest

from harness.trees import Thing
from judges.flows import of_one_policy
from judges.flows_declared import EVERY, NODE, POD, Declared, Place, covers

CHAT = Place("ai/chat", POD, "10.42.0.10", "ai", {"app": "chat", "pod-template-hash": "1"})
DATABASE = Place("ai/database", POD, "10.42.0.11", "ai", {"app": "database"})
TENANT = Place("team/chat", POD, "10.42.0.13", "team", {"app": "chat"}, {"ollama": "shared"})
STRANGER = Place("other/chat", POD, "10.42.0.12", "other", {"app": "chat"})
KUBELET = Place("node", NODE, "10.0.0.1", "", {})


def pods(app: str) -> dict:
    """The pods of one name."""
    return {"pods": {"namespace": "ai", "labels": {"app": app}}}


def row(source: Any, target: Any, port: int | None = 5432) -> dict:
    """A row of `show flows`."""
    ends = {"source": source, "destination": target, "from": "a", "to": "b"}
    return {**ends, "port": port, "protocol": "TCP"}


@pytest.mark.parametrize(
    ("end", "place", "inside"),
    [
        ("anywhere", STRANGER, True),
        ("everyPod", STRANGER, True),
        ("everyPod", KUBELET, False),
        ("ownNode", KUBELET, True),
        ("ownNode", STRANGER, False),
        (pods("chat"), CHAT, True),
        (pods("chat"), STRANGER, False),
        (pods("chat"), DATABASE, False),
        ({"otherNamespaces": ["ai"]}, STRANGER, True),
        ({"otherNamespaces": ["ai"]}, CHAT, False),
        ({"namespaces": {"labels": {"ollama": "shared"}}}, TENANT, True),
        ({"namespaces": {"labels": {"ollama": "shared"}}}, CHAT, False),
        ({"namespaces": {"labels": {"ollama": "shared"}}}, KUBELET, False),
        ({"addresses": {"cidr": "10.42.0.0/24", "except": []}}, CHAT, True),
        ({"addresses": {"cidr": "10.42.0.0/24", "except": ["10.42.0.10/32"]}}, CHAT, False),
        ({"addresses": {"cidr": "10.43.0.0/24", "except": []}}, CHAT, False),
    ],
)
def test_who_is_among_an_end(end: Any, place: Place, inside: bool) -> None:
    assert covers(end, place, DATABASE) is inside


def test_an_end_that_nobody_knows_is_an_error() -> None:
    with pytest.raises(LookupError, match="somewhere"):
        covers("somewhere", CHAT, DATABASE)


def test_a_connection_is_open_where_both_halves_let_it_through() -> None:
    declared = Declared([row(pods("chat"), pods("database"))])
    assert declared.opened(CHAT, DATABASE) == {("TCP", 5432)}
    assert declared.opened(DATABASE, CHAT) == set()
    assert declared.opened(STRANGER, DATABASE) == set()


def test_one_half_alone_opens_nothing() -> None:
    out = Declared([row(pods("chat"), "anywhere")])
    assert out.opened(CHAT, DATABASE) == set()


def test_a_namespace_that_may_enter_still_needs_the_half_of_its_own_pods() -> None:
    entry = row({"namespaces": {"labels": {"ollama": "shared"}}}, pods("database"))
    own = row({"pods": {"namespace": "team", "labels": {"app": "chat"}}}, pods("database"))
    assert Declared([entry]).opened(TENANT, DATABASE) == set()
    assert Declared([entry, own]).opened(TENANT, DATABASE) == {("TCP", 5432)}
    assert Declared([entry, own]).opened(CHAT, DATABASE) == set()


def test_a_row_without_a_port_opens_every_port() -> None:
    assert Declared([row(pods("chat"), pods("database"), None)]).opened(CHAT, DATABASE) is EVERY


def test_a_graph_that_names_no_fenced_namespaces_is_an_error() -> None:
    with pytest.raises(LookupError, match="which namespaces"):
        Declared([row(pods("chat"), pods("database"))]).fenced()


def test_a_port_is_borne_between_two_pods_of_one_policy_that_leads_everywhere_alone() -> None:
    one, other = (
        Place(f"ai/chat-{number}", POD, f"10.42.0.{number}", "ai", {"app": "chat"})
        for number in (20, 21)
    )

    def policy(**rule: Any) -> list[Thing]:
        port = {"port": 6443, "protocol": "TCP"}
        rule = {"ports": [port], **rule}
        spec = {"podSelector": {"matchLabels": {"app": "chat"}}, "egress": [rule]}
        meta = {"name": "chat", "namespace": "ai"}
        return [Thing("file", b"", {"kind": "NetworkPolicy", "metadata": meta, "spec": spec})]

    assert of_one_policy(policy(), one, other, "a → b:6443/TCP")
    assert not of_one_policy(policy(), one, other, "a → b:6443/UDP")
    assert not of_one_policy(policy(), one, other, "a → b:80/TCP")
    assert not of_one_policy(policy(), one, DATABASE, "a → b:6443/TCP")
    assert not of_one_policy(policy(), one, STRANGER, "a → b:6443/TCP")
    assert not of_one_policy(policy(), one, KUBELET, "a → b:6443/TCP")
    assert not of_one_policy(policy(to=[{"podSelector": {}}]), one, other, "a → b:6443/TCP")
