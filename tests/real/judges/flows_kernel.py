"""Asks the kernel for all that the policy controller needs; tells the names of what it lacks."""

from __future__ import annotations

from typing import Any

from harness.context import Context
from harness.netns import Net

from .flows_stage import Lacking, command

# What the controller's rules are made of: the kernel's name for it, and a rule that has it.
RULES = (
    ("xt_comment", ("-m", "comment", "--comment", "asked")),
    ("xt_addrtype", ("-m", "addrtype", "--src-type", "LOCAL", "--limit-iface-in")),
    ("xt_conntrack", ("-m", "conntrack", "--ctstate", "RELATED,ESTABLISHED")),
    ("xt_physdev", ("-m", "physdev", "--physdev-is-bridged")),
    ("xt_mark", ("-m", "mark", "!", "--mark", "0x10000/0x10000")),
    ("xt_multiport", ("-p", "tcp", "-m", "multiport", "--dports", "30000:32767")),
    ("xt_limit", ("-m", "limit", "--limit", "10/minute", "--limit-burst", "10")),
    ("xt_set", ("-m", "set", "--match-set", "asked", "src")),
    ("xt_MARK", ("-j", "MARK", "--set-xmark", "0x10000/0x10000")),
    ("xt_NFLOG", ("-j", "NFLOG", "--nflog-group", "100")),
    ("ipt_REJECT", ("-j", "REJECT", "--reject-with", "icmp-port-unreachable")),
)
SETS = (("ip_set_hash_ip", "hash:ip", "asked"), ("ip_set_hash_net", "hash:net", "asked-too"))
TRANSLATION = (
    "-t",
    "nat",
    "-A",
    "OUTPUT",
    "-d",
    "10.43.0.1",
    "-p",
    "tcp",
    "--dport",
    "443",
    "-j",
    "DNAT",
    "--to-destination",
    "10.99.0.2:6443",
)


def lacks(ctx: Context, rules: Any = RULES) -> list[str]:
    """What the kernel cannot do, with what it said."""
    found = []

    def ask(name: str, *argv: str) -> None:
        try:
            command(ctx, *argv)
        except OSError as trouble:
            found.append(f"{name} ({trouble})")

    net = Net()
    try:
        with net.inside():
            ask("bridge", "ip", "link", "add", "asked", "type", "bridge")
            ask("veth", "ip", "link", "add", "asked0", "type", "veth", "peer", "name", "asked1")
            for name, kind, made in SETS:
                ask(name, "ipset", "create", made, kind, "timeout", "0")
            for name, rule in rules:
                ask(name, "iptables", "-A", "FORWARD", *rule)
            ask("xt_DNAT", "iptables", *TRANSLATION)
    finally:
        net.close()
    return found


def require(ctx: Context) -> None:
    """Fails with the names of what the kernel lacks."""
    lacking = lacks(ctx)
    if lacking:
        raise Lacking(
            f"this machine's kernel cannot filter as a node does: it lacks {'; '.join(lacking)}"
        )
