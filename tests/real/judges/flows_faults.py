"""The faults that the judge of flows has to see, in policies, in pods, in the graph."""

from __future__ import annotations

import copy
from collections.abc import Callable
from dataclasses import dataclass

from harness.planting import NoSubject, value
from harness.trees import Thing

# The objects, the graph's rows, and whether the policy controller runs.
Staged = tuple[list[Thing], list[dict], bool]
Planting = Callable[[list[Thing], list[dict]], Staged]
# The smallest tree that has what each fault changes: the committed one makes six times the stage.
ONE, MANY, SHARED = "golden/starter", "golden/tenants", "golden/workspace"
NAME, SPACE = "app.kubernetes.io/name", "kubernetes.io/metadata.name"


@dataclass(frozen=True)
class Planted:
    """A fault, what the judge has to say among other things, and the tree that it is planted in."""

    name: str
    says: str
    plant: Planting
    tree: str = ONE


def policy_of(things: list[Thing], name: str) -> Thing:
    """The policy `namespace/name`."""
    namespace, _, short = name.partition("/")
    for thing in things:
        found = (thing.namespace, thing.value["metadata"]["name"])
        if thing.value["kind"] == "NetworkPolicy" and found == (namespace, short):
            return thing
    raise NoSubject(f"the tree has no policy {name}")


def without(name: str) -> Planting:
    """A policy is not there."""

    def plant(things: list[Thing], rows: list[dict]) -> Staged:
        gone = policy_of(things, name)
        return [it for it in things if it is not gone], rows, True

    return plant


def changed(**changes: Callable[[dict], None]) -> Planting:
    """Policies say something else; `ai__allow_ollama` is `ai/allow-ollama`."""

    def plant(things: list[Thing], rows: list[dict]) -> Staged:
        for written, change in changes.items():
            old = policy_of(things, written.replace("__", "/").replace("_", "-"))
            new = value(old, lambda it, change=change: change(it["spec"]))
            if new.value == old.value:
                raise NoSubject(f"{old.name} is as it was")
            things = [new if it is old else it for it in things]
        return things, rows, True

    return plant


def relabelled(kind: str, name: str, label: str, other: str) -> Planting:
    """A workload's pods bear another label."""

    def plant(things: list[Thing], rows: list[dict]) -> Staged:
        for old in things:
            if (old.value["kind"], old.value["metadata"]["name"]) == (kind, name):
                new = value(
                    old,
                    lambda it: it["spec"]["template"]["metadata"]["labels"].update({label: other}),
                )
                return [new if it is old else it for it in things], rows, True
        raise NoSubject(f"the tree has no {kind} {name}")

    return plant


def told(change: Callable[[list[dict]], None]) -> Planting:
    """The graph says something else than the policies."""

    def plant(things: list[Thing], rows: list[dict]) -> Staged:
        copied = copy.deepcopy(rows)
        change(copied)
        return things, copied, True

    return plant


def rule(spec: dict, way: str, number: int) -> dict:
    """The rule of a policy that opens a port."""
    for one in spec.get(way) or []:
        if any(port["port"] == number for port in one["ports"]):
            return one
    raise NoSubject(f"no rule of {way} opens {number}")


def port_of(spec: dict, way: str, number: int) -> dict:
    """A port of a rule."""
    return next(port for port in rule(spec, way, number)["ports"] if port["port"] == number)


def block_of(spec: dict) -> dict:
    """The addresses of the rule for the outside."""
    for one in spec["egress"]:
        if "ipBlock" in (one.get("to") or [{}])[0]:
            return one["to"][0]["ipBlock"]
    raise NoSubject("no rule is for the outside")


def split(spec: dict, number: int) -> None:
    """Namespace and pods as two peers (either of them) in place of one (both)."""
    one = rule(spec, "ingress", number)
    one["from"] = [{key: it} for key, it in one["from"][0].items()]


def everybody(way: str, side: str, number: int) -> Callable[[dict], None]:
    """A rule for pods of every namespace, whatever they are called."""
    return lambda spec: rule(spec, way, number).update({side: [{"namespaceSelector": {}}]})


def within(way: str, side: str, number: int, namespace: str) -> Callable[[dict], None]:
    """One more rule, for the pods of a namespace."""
    peer = {"namespaceSelector": {"matchLabels": {SPACE: namespace}}}
    ports = [{"port": number, "protocol": "TCP"}]
    return lambda spec: spec.setdefault(way, []).append({side: [peer], "ports": ports})


def from_block(number: int, block: str) -> Callable[[dict], None]:
    """One more rule, for whoever calls from a range of addresses."""
    ports = [{"port": number, "protocol": "TCP"}]
    added = {"from": [{"ipBlock": {"cidr": block}}], "ports": ports}
    return lambda spec: spec["ingress"].append(added)


def one_row(rows: list[dict], start: str, end: str) -> dict:
    """The first row between two ends."""
    for row in rows:
        if (row["from"], row["to"]) == (start, end):
            return row
    raise NoSubject(f"no row from {start} to {end}")


def of_nobody(rows: list[dict]) -> None:
    """A row that no component declared."""
    rows.append({**copy.deepcopy(one_row(rows, "ai/openwebui", "ai/postgresql")), "port": 9999})


def left_out(start: str, end: str) -> Planting:
    """A row that is not told."""
    return told(lambda rows: rows.remove(one_row(rows, start, end)))


DATABASE = "ai/openwebui-0 → ai/postgresql-0:5432/TCP"
PAGE = "ai/openwebui-0:8080/TCP"
OUT = "ai/stranger → outside:443/TCP is open"
NAMES = "kube-system/coredns:53/UDP is declared, and refused"
PLANTED = (
    Planted(
        "nobody enforces the policies",
        "ai/stranger → ai/postgresql-0:5432/TCP is open",
        lambda things, rows: (things, rows, False),
    ),
    Planted(
        "a policy is missing",
        f"{DATABASE} is declared, and refused",
        without("ai/allow-postgresql"),
    ),
    Planted("the default of a namespace is missing", OUT, without("ai/default-deny")),
    Planted(
        "a default that forgets what goes out",
        OUT,
        changed(ai__default_deny=lambda it: it.update(policyTypes=["Ingress"])),
    ),
    Planted(
        "a port widened to a range",
        "kube-system/traefik → ai/openwebui-0:8089/TCP is open",
        changed(ai__allow_openwebui=lambda it: port_of(it, "ingress", 8080).update(endPort=8443)),
    ),
    Planted(
        "a rule without ports",
        "kube-system/traefik → ai/openwebui-0:9999/TCP is open",
        changed(ai__allow_openwebui=lambda it: rule(it, "ingress", 8080).pop("ports")),
    ),
    Planted(
        "the Service's port in place of the pods'",
        "cert-manager/cainjector → the node:6443/TCP is declared, and refused",
        changed(
            cert_manager__allow_cainjector=lambda it: port_of(it, "egress", 6443).update(port=443)
        ),
    ),
    Planted(
        "a rule for these labels in every namespace",
        f"→ {PAGE} is open",
        changed(
            ai__allow_openwebui=lambda it: rule(it, "ingress", 8080)["from"][0].update(
                namespaceSelector={}
            )
        ),
    ),
    Planted(
        "namespace or pods in place of namespace and pods",
        f"kube-system/stranger → {PAGE} is open",
        changed(ai__allow_openwebui=lambda it: split(it, 8080)),
    ),
    Planted(
        "addresses of everywhere, private ones too",
        "ai/ollama-0 → an address of 192.168.0.0/16:443/TCP is open",
        changed(ai__allow_ollama=lambda it: block_of(it).pop("except")),
    ),
    Planted(
        "a range of addresses outside may call the database",
        "an address of 192.168.0.0/16 → ai/postgresql-0:5432/TCP is open",
        changed(ai__allow_postgresql=from_block(5432, "192.168.0.0/16")),
    ),
    Planted(
        "the metadata of the cloud is reached",
        "argocd/argocd-repo-server → metadata:443/TCP is open",
        changed(
            argocd__allow_argocd_repo_server=lambda it: block_of(it)["except"].remove(
                "169.254.0.0/16"
            )
        ),
    ),
    Planted(
        "a label of a selector is misspelt",
        "ai/openwebui-0 → ai/ollama-0:11434/TCP is declared, and refused",
        changed(
            ai__allow_ollama=lambda it: it["podSelector"]["matchLabels"].update({NAME: "olama"})
        ),
    ),
    Planted(
        "a label of pods is renamed",
        "no pod bears the labels under which the graph knows ai/openwebui",
        relabelled("Deployment", "openwebui", NAME, "open-webui"),
    ),
    Planted(
        "names are not resolved",
        f"ai/openwebui-0 → {NAMES}",
        changed(ai__allow_openwebui=lambda it: it["egress"].remove(rule(it, "egress", 53))),
    ),
    Planted(
        "names are resolved by TCP only",
        f"ai/ollama-0 → {NAMES}",
        changed(
            ai__allow_ollama=lambda it: rule(it, "egress", 53)["ports"].remove(
                {"port": 53, "protocol": "UDP"}
            )
        ),
    ),
    Planted(
        "a tenant's rules for the pods of every tenant",
        "team-a/team-a-openwebui-0 → team-b/team-b-ollama-0:11434/TCP is open",
        changed(
            team_a__allow_team_a_openwebui=everybody("egress", "to", 11434),
            team_b__allow_team_b_ollama=everybody("ingress", "from", 11434),
        ),
        MANY,
    ),
    Planted(
        "a tenant may call the platform's database",
        "zero-0/zero-0-openwebui-0 → ai/postgresql-0:5432/TCP is open",
        changed(
            zero_0__allow_zero_0_openwebui=within("egress", "to", 5432, "ai"),
            ai__allow_postgresql=within("ingress", "from", 5432, "zero-0"),
        ),
        MANY,
    ),
    Planted(
        "a row that no policy opens",
        "ai/openwebui-0 → ai/postgresql-0:9999/TCP is declared, and refused",
        told(of_nobody),
    ),
    Planted(
        "a tenant's flow that the graph leaves out",
        (
            "zero-0/zero-0-openwebui-0 → zero-0/zero-0-ollama-0:11434/TCP is open, and nobody "
            "declared it"
        ),
        left_out("zero-0/zero-0-openwebui", "zero-0/zero-0-ollama"),
        MANY,
    ),
    Planted(
        "a shared Ollama that every tenant may call",
        "zero-0/zero-0-openwebui-0 → ai/ollama-0:11434/TCP is open",
        changed(
            zero_0__allow_zero_0_openwebui=within("egress", "to", 11434, "ai"),
            ai__allow_ollama=within("ingress", "from", 11434, "zero-0"),
        ),
        SHARED,
    ),
    Planted(
        "a shared Ollama that the graph leaves out",
        "team-b/team-b-openwebui-0 → ai/ollama-0:11434/TCP is open, and nobody declared it",
        left_out("team-b/team-b-openwebui", "ai/ollama"),
        SHARED,
    ),
)
