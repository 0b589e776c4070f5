"""Judges the rules for the ports of k3s by packets: strangers, whom they allow, pods, the node."""

from __future__ import annotations

import re
import time
from collections.abc import Callable
from pathlib import Path

from harness.context import Context
from harness.processes import Failed
from harness.table import Fault, Row

from .flows_declared import BEYOND, POD, Place
from .flows_pods import NEIGHBOUR, NODE_ADDRESS, PUBLIC
from .flows_stage import API_SERVER, SERVICE, SERVICE_PORT, Lacking, Stage, command
from .flows_tries import OPEN, SECOND_PATIENCE, Try, all_of

FILE = "bootstrap/k3s/firewall.nft"
JUDGE = "firewall"
# Where sshd was moved to, and a Service of the type NodePort: both are in a range that is closed.
SSHD, NODE_PORT, BEHIND = 30022, 30080, 8080
ANYBODY = (22, 80, 443, SSHD)
OURS = (2379, 2380, API_SERVER, 10250)
TUNNELS = (8472, 51820)
# An address of the pods' range that no route of the node leads to pods.
WRITTEN = "10.42.200.1"
TROUBLES = (OSError, LookupError, RuntimeError, Failed, Lacking)


def rules_of(file: Path) -> str:
    """The rules as the bootstrap script loads them: with what only the node knows."""
    known = {"ssh": ("22", str(SSHD)), "allowed4": (PUBLIC,)}
    elements = [
        f"add element inet espalier {name} {{ {one} }}\n"
        for name, values in known.items()
        for one in values
    ]
    return file.read_text(encoding="utf-8") + "".join(elements)


def tries(stage: Stage, tunnel: int) -> list[tuple[str, Try, bool]]:
    """Everything that is tried, and whether it has to be open."""
    pod, world = stage.net_of(stage.pods[0]), stage.world
    found = []
    for who, net, source, is_stranger in (
        ("a stranger", world, NEIGHBOUR, True),
        ("a stranger with a pod's address", world, WRITTEN, True),
        ("who is allowed", world, PUBLIC, False),
        ("a pod", pod, "", False),
        ("the node", stage.node, "", False),
    ):
        for port in (*ANYBODY, *OURS):
            wanted = not is_stranger or port in ANYBODY
            found.append((who, Try(net, NODE_ADDRESS, "TCP", port, source), wanted))
        # Nodes speak to each other there, and pods to nobody.
        meant = not is_stranger and net is not pod
        found.append((who, Try(net, NODE_ADDRESS, "UDP", tunnel, source), meant))
        # What comes from a pod or the node itself would have to be translated both ways.
        if source:
            found.append((who, Try(net, NODE_ADDRESS, "TCP", NODE_PORT, source), not is_stranger))
    # Neither what passes through the node nor the Service of the API server is meant.
    found.append(("a pod", Try(pod, SERVICE, "TCP", SERVICE_PORT), True))
    found.append(("a pod", Try(pod, PUBLIC, "TCP", API_SERVER), True))
    return found


def tried(ctx: Context, rules: str) -> tuple[int, list[str]]:
    """Loads the rules on a node with one pod, and tries; how much, and what was wrong."""
    pod = Place("a pod", POD, "10.42.0.10", "default", {})
    outside = [
        Place("a stranger", BEYOND, NEIGHBOUR),
        Place("a stranger with a pod's address", BEYOND, WRITTEN),
        Place("allowed", BEYOND, PUBLIC),
    ]
    tunnel = next((one for one in TUNNELS if str(one) in rules), TUNNELS[0])
    with Stage(ctx, [pod], outside) as stage:
        tcp = [("TCP", port) for port in sorted({*ANYBODY, *OURS, BEHIND})]
        stage.listen([*tcp, ("UDP", tunnel)])
        with stage.node.inside():
            # As kube-proxy does it.
            node_port = f"-p tcp --dport {NODE_PORT} -m addrtype --dst-type LOCAL"
            to_pod = f"-j DNAT --to-destination {pod.address}:{BEHIND}"
            command(
                ctx, "iptables", "-t", "nat", "-A", "PREROUTING", *f"{node_port} {to_pod}".split()
            )
            # Twice: whoever loads them again finds them there.
            for _ in range(2):
                command(ctx, "nft", "--file", "-", given=rules)
        every = tries(stage, tunnel)
        answers = all_of([it[1] for it in every], stage.listeners)
        again = [at for at, it in enumerate(every) if it[2] and answers[at] != OPEN]
        second = all_of([every[at][1] for at in again], stage.listeners, SECOND_PATIENCE)
        for at, answer in zip(again, second, strict=True):
            answers[at] = answer
    findings = [
        f"{who} → {it.address}:{it.port}/{it.protocol} is {answer}, and has to be "
        f"{'open' if wanted else 'closed'}"
        for (who, it, wanted), answer in zip(every, answers, strict=True)
        if (answer == OPEN) is not wanted
    ]
    return len(every), findings


def judge(ctx: Context) -> Row:
    """The rules of every tree; the same ones once."""
    began = time.monotonic()
    row = Row("firewall: strangers reach no port of k3s, and nobody else is shut out", 0)
    seen: set[str] = set()
    for tree in ctx.trees:
        rules = rules_of(tree.root / FILE)
        if rules in seen:
            continue
        seen.add(rules)
        try:
            count, findings = tried(ctx, rules)
        except TROUBLES as trouble:
            count, findings = 0, [f"{type(trouble).__name__}: {trouble}"]
        row.objects += count
        row.findings += [f"{tree.name}: {one}" for one in findings]
    row.note = f"{len(seen)} kinds of rules"
    row.seconds = time.monotonic() - began
    return row


def without(line: str) -> Callable[[str], str]:
    """The rules without one of them."""

    def change(rules: str) -> str:
        kept = [one for one in rules.splitlines(keepends=True) if line not in one]
        if len(kept) == len(rules.splitlines()):
            raise LookupError(f"no rule has {line}")
        return "".join(kept)

    return change


# What is wrong with the rules, and the finding that has to say it.
PLANTED: list[tuple[str, Callable[[str], str], str]] = [
    (
        "rules in a chain `input`, which no NodePort comes to",
        lambda rules: rules.replace("hook prerouting priority mangle", "hook input priority 0"),
        f"a stranger → {NODE_ADDRESS}:{NODE_PORT}/TCP is open",
    ),
    (
        "rules that do not spare the port of SSH",
        without("tcp dport @ssh accept"),
        f"a stranger → {NODE_ADDRESS}:{SSHD}/TCP is silent",
    ),
    (
        "rules that do not spare pods",
        without('"cni0"'),
        f"a pod → {NODE_ADDRESS}:{API_SERVER}/TCP is silent",
    ),
    (
        "rules that know pods by their address alone",
        lambda rules: re.sub(r"iifname \{ \"cni0\".* \} ip saddr", "ip saddr", rules),
        f"a stranger with a pod's address → {NODE_ADDRESS}:{API_SERVER}/TCP is open",
    ),
    (
        "rules that allow nobody",
        without("ip saddr @allowed4 accept"),
        f"who is allowed → {NODE_ADDRESS}:{API_SERVER}/TCP is silent",
    ),
    (
        "rules that close no port",
        without(" drop"),
        f"a stranger → {NODE_ADDRESS}:{API_SERVER}/TCP is open",
    ),
]


def faults(ctx: Context) -> None:
    """One thing wrong with the rules at a time."""
    rules = rules_of(ctx.trees[0].root / FILE)
    for name, change, says in PLANTED:
        try:
            findings = tried(ctx, change(rules))[1]
        except TROUBLES as trouble:
            findings = [f"{type(trouble).__name__}: {trouble}"]
        hits = [one for one in findings if says in one]
        ctx.fault(Fault(name, JUDGE, (hits or findings or ["nothing"])[0], bool(hits)))
