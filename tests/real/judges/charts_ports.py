"""Labels, ports and tokens of a chart's pods, against what a tree's policies and flows say."""

from __future__ import annotations

from typing import TYPE_CHECKING

from harness.pods import Workload

if TYPE_CHECKING:
    from .charts_held import Declared

NAME, INSTANCE = "app.kubernetes.io/name", "app.kubernetes.io/instance"


def selectors(policy: dict) -> list[tuple[str, dict[str, str], list[tuple[str, int]]]]:
    """The pods that a policy names: namespace, labels, ports; those that it is for come first."""
    home, spec = policy["metadata"]["namespace"], policy["spec"]

    def ports(rule: dict) -> list[tuple[str, int]]:
        return [(it.get("protocol") or "TCP", it["port"]) for it in rule.get("ports") or []]

    inward = [it for rule in spec.get("ingress") or [] for it in ports(rule)]
    out = [(home, (spec.get("podSelector") or {}).get("matchLabels") or {}, inward)]
    for side, rules in (("from", spec.get("ingress")), ("to", spec.get("egress"))):
        for rule in rules or []:
            for peer in rule.get(side) or []:
                labels = (peer.get("podSelector") or {}).get("matchLabels") or {}
                there = ((peer.get("namespaceSelector") or {}).get("matchLabels") or {}).get(
                    "kubernetes.io/metadata.name", home
                )
                out.append((there, labels, ports(rule) if side == "to" else []))
    return out


def selected(said: Declared, made: list[Workload]) -> list[str]:
    """Each selector picks the pods of one workload; none is left with the default deny alone."""
    out, ruled, mine = [], set(), instances(said, made)
    for policy in said.policies:
        name = f"NetworkPolicy {policy['metadata']['namespace']}/{policy['metadata']['name']}"
        for number, (namespace, labels, ports) in enumerate(selectors(policy)):
            if labels.get(INSTANCE) not in mine or namespace != said.namespace:
                continue
            picked = [it for it in made if it.namespace == namespace and it.bears(labels)]
            ruled |= {it.key for it in picked if number == 0}
            if len(picked) != 1:
                out.append(
                    f"{name}: {labels} select the pods of "
                    f"{', '.join(it.key for it in picked) or 'nothing'}: "
                    "it has to be one workload of the chart"
                )
            for it in picked:
                out += [
                    f"{name}: {it.key} listens on no port {port} ({protocol})"
                    for protocol, port in ports
                    if (protocol, port) not in it.ports
                ]
    return out + [
        f"{it.key}: no policy speaks of its pods, and its namespace denies everything"
        for it in made
        if it.namespace in denied(said) and it.replicas and it.key not in ruled
    ]


def instances(said: Declared, made: list[Workload]) -> set[str | None]:
    """What the chart's pods call the release: pods that an operator makes of a resource bear that
    one's name."""
    return {said.release, *(it.labels.get(INSTANCE) for it in made)} - {None}


def denied(said: Declared) -> set[str]:
    """The namespaces in which nothing is open that no policy opens."""
    return {
        it["metadata"]["namespace"]
        for it in said.policies
        if not (it["spec"].get("podSelector") or {}).get("matchLabels")
    }


def tokens(said: Declared, made: list[Workload], objects: list[dict]) -> list[str]:
    """Pods that may not ask the API server hold no key to it."""
    asking = {flow["from"] for flow in said.flows if flow["to"] == "API server"}
    accounts = {
        it["metadata"]["name"]: it.get("automountServiceAccountToken")
        for it in objects
        if it["kind"] == "ServiceAccount"
    }
    out = []
    for it in made:
        mounted = it.pod.get("automountServiceAccountToken")
        mounted = (
            accounts.get(it.pod.get("serviceAccountName") or "default")
            if mounted is None
            else mounted
        )
        if (
            mounted is not False
            and it.replicas
            and it.namespace in denied(said)
            and f"{it.namespace}/{it.labels.get(NAME)}" not in asking
        ):
            out.append(
                f"{it.key}: its pods mount a token for the API server, and no flow lets them ask it"
            )
    return out


def open_ports(said: Declared, made: list[Workload]) -> list[str]:
    """Each flow to pods of the chart ends at a port on which they listen."""
    called = {f"{it.namespace}/{it.labels.get(NAME)}": it for it in made if it.labels.get(INSTANCE)}
    return [
        f"`show flows`: {flow['from']} → {flow['to']} by {flow['why']}: "
        f"{called[flow['to']].key} listens on no port {flow['port']} ({flow['protocol']})"
        for flow in said.flows
        if flow["to"] in called and (flow["protocol"], flow["port"]) not in called[flow["to"]].ports
    ]


def called(said: Declared, made: list[Workload], objects: list[dict]) -> list[str]:
    """The API server may call each webhook of the chart, at the port on which its pods listen."""
    services = {it["metadata"]["name"]: it["spec"] for it in objects if it["kind"] == "Service"}
    may = {(it["to"], it["port"]) for it in said.flows if "API server" in it["from"]}
    node = {"source": "ownNode", "destination": "everyPod"}
    reaches_all = said.one_node and any(node.items() <= it.items() for it in said.flows)
    out = set()
    for it in objects:
        if not it["kind"].endswith("WebhookConfiguration"):
            continue
        for webhook in it.get("webhooks") or []:
            name = f"{it['kind']} {webhook['name']}"
            asked = webhook["clientConfig"]["service"]
            spec, port = services.get(asked["name"], {"ports": []}), asked.get("port", 443)
            entry = next((one for one in spec["ports"] if one["port"] == port), None)
            pods = [one for one in made if entry and one.replicas and one.bears(spec["selector"])]
            if entry is None or not pods:
                out.add(f"{name}: {asked['name']}:{port} leads to no pods")
                continue
            for one in pods:
                number = one.port_called(entry.get("targetPort") or port)
                listener = (f"{one.namespace}/{one.labels.get(NAME)}", number)
                if not reaches_all and listener not in may:
                    out.add(f"{name}: `show flows` lets the API server not call {one.key}:{number}")
    return sorted(out)
