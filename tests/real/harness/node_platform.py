"""What a node runs of a tree: its objects, its Secrets opened by hand, stand-ins for the pods of
charts."""

from __future__ import annotations

import base64
import re
import urllib.parse
from typing import Any

from .node_images import STANDIN
from .node_k3s import PROVISIONER, RESTRICTED, named
from .placement import storage_classes
from .trees import Tree

# What a node's API server takes as it is; the kinds of charts (and what k3s makes of
# HelmChartConfig) are left to the other judges.
ORDER = (
    "Namespace",
    "PriorityClass",
    "ResourceQuota",
    "LimitRange",
    "NetworkPolicy",
    "ServiceAccount",
    "Role",
    "ClusterRole",
    "RoleBinding",
    "ClusterRoleBinding",
    "ConfigMap",
    "Secret",
    "PersistentVolumeClaim",
    "Service",
    "PodDisruptionBudget",
    "StatefulSet",
    "Deployment",
    "DaemonSet",
    "CronJob",
    "Ingress",
)
CRITICAL = "system-cluster-critical"
WORKLOADS = ("StatefulSet", "Deployment", "DaemonSet")


def template_of(value: dict) -> dict:
    """The pod template of a workload; a pod is its own."""
    if value["kind"] == "Pod":
        return value
    spec = value["spec"]
    return (spec["jobTemplate"]["spec"] if value["kind"] == "CronJob" else spec)["template"]


def containers_of(template: dict) -> list[dict]:
    """All containers of a pod template."""
    return template["spec"].get("initContainers", []) + template["spec"]["containers"]


def workloads(tree: Tree) -> list[dict]:
    """What makes pods that stay."""
    return [thing.value for thing in tree.things if thing.value["kind"] in WORKLOADS]


def images(tree: Tree) -> set[str]:
    """The images of the pods that stay."""
    return {one["image"] for value in workloads(tree) for one in containers_of(template_of(value))}


def wanted_keys(values: list[dict]) -> dict[tuple[str, str], set[str]]:
    """Which keys of which Secrets pods name."""
    found: dict[tuple[str, str], set[str]] = {}
    for value in values:
        template, space = template_of(value), value["metadata"]["namespace"]
        for one in containers_of(template):
            for variable in one.get("env", []):
                about = variable.get("valueFrom", {}).get("secretKeyRef")
                if about and not about.get("optional"):
                    found.setdefault((space, about["name"]), set()).add(about["key"])
        for volume in template["spec"].get("volumes", []):
            if "secret" in volume and not volume["secret"].get("optional"):
                keys = {one["key"] for one in volume["secret"].get("items", [])}
                found.setdefault((space, volume["secret"]["secretName"]), set()).update(keys)
    return found


def composed_of(text: str, plain: dict[str, str]) -> str:
    """A template of a Secret with the values in their places, as the controller fills them in."""
    return re.sub(
        r'{{ *\.([\w-]+) *\| *urlquery *\| *replace "\+" "%20" *}}',
        lambda it: urllib.parse.quote(plain[it[1]], safe=""),
        text,
    )


def opened(tree: Tree, value: Any) -> dict[tuple[str, str], dict[str, str]]:
    """What the Secrets hold that the controller would open; `value(key, namespace)` says what is
    sealed, and the rest is composed of it."""
    found: dict[tuple[str, str], dict[str, str]] = {}
    for thing in tree.of_kind("SealedSecret"):
        spec = thing.value["spec"]
        plain = {key: value(key, thing.namespace) for key in spec["encryptedData"]}
        composed = {
            key: composed_of(text, plain)
            for key, text in spec.get("template", {}).get("data", {}).items()
        }
        unread = [text for text in composed.values() if "{{" in text]
        if unread:
            raise LookupError(f"{thing.file}: a template that nothing here reads: {unread[0]}")
        found[thing.namespace, thing.value["metadata"]["name"]] = plain | composed
    return found


def secrets_of(tree: Tree) -> list[dict]:
    """The Secrets that the controller would open, and those that people make by hand, with values
    of their own but the composed ones."""
    found = opened(tree, lambda key, _space: f"p'w\"x-{key}")
    for (space, name), keys in wanted_keys(workloads(tree)).items():
        if (space, name) not in found:
            found[space, name] = {key: by_hand(tree, space, key) for key in keys}
    return [
        named(
            "v1",
            "Secret",
            name,
            space,
            data={key: base64.b64encode(text.encode()).decode() for key, text in values.items()},
        )
        for (space, name), values in found.items()
    ]


def elsewhere(objects: list[dict]) -> list[tuple[str, int]]:
    """The servers outside of the cluster that Secrets name by their address."""
    found = []
    for one in objects:
        for value in one.get("data", {}).values() if one["kind"] == "Secret" else ():
            place = urllib.parse.urlsplit(base64.b64decode(value).decode())
            host = place.hostname or ""
            if place.scheme and re.fullmatch(r"[0-9.]+", host):
                found.append((host, place.port or 5432))
    return found


def proxy_of(objects: list[dict]) -> tuple[str, int] | None:
    """The proxy that the tree's containers are told to go through."""
    told = {
        variable["value"]
        for one in objects
        if one["kind"] in WORKLOADS
        for container in containers_of(template_of(one))
        for variable in container.get("env", [])
        if variable["name"] == "HTTPS_PROXY"
    }
    if not told:
        return None
    (place,) = (urllib.parse.urlsplit(one) for one in told)
    return place.hostname or "", place.port or 80


def by_hand(tree: Tree, space: str, key: str) -> str:
    """The value of a key that nothing seals."""
    servers = [
        thing.value["metadata"]["name"]
        for thing in tree.of_kind("Service")
        if "postgresql" in thing.value["metadata"]["name"]
    ]
    if key == "url" and servers:
        return (
            f"postgresql://openwebui:by-hand@{servers[0]}.{space}.svc.cluster.local:5432/openwebui"
        )
    return f"by-hand-{key}"


def objects_of(tree: Tree) -> list[dict]:
    """The objects of a tree that a node runs, in the order in which they can be made, with their
    Secrets."""
    things = [
        thing.value for thing in tree.things if thing.value["kind"] in ORDER and not thing.by_hand
    ]
    return sorted([*things, *secrets_of(tree)], key=lambda one: ORDER.index(one["kind"]))


def classes_of(objects: list[dict]) -> list[dict]:
    """The classes of volumes that claims name and k3s does not have: whoever has them, the same
    provisioner serves them here."""
    return [
        {**one, "provisioner": PROVISIONER, "volumeBindingMode": "WaitForFirstConsumer"}
        for one in storage_classes(objects)
    ]


def labels_of(tree: Tree, row: dict) -> dict:
    """The labels by which the tree's policies know the pods of a row; those of nobody where no
    policy does."""
    best: dict = {}
    longest = 0
    for thing in tree.of_kind("NetworkPolicy"):
        name = thing.value["metadata"]["name"].removeprefix("allow-")
        if (
            thing.namespace == row["namespace"]
            and (row["name"] == name or row["name"].endswith(f"-{name}"))
            and len(name) > longest
        ):
            best, longest = thing.value["spec"]["podSelector"].get("matchLabels", {}), len(name)
    return best or {"app.kubernetes.io/name": row["name"]}


def ports_of(flows: list[dict], row: dict) -> list[str]:
    """Where others may reach the pods of a row, as `show flows` has it."""
    ends = {f"{row['namespace']}/{row['name']}"} | {
        flow["to"]
        for flow in flows
        if flow["to"].partition("/")[0] == row["namespace"]
        and row["name"].endswith(f"-{flow['to'].partition('/')[2]}")
    }
    ports = {(flow["port"], flow["protocol"]) for flow in flows if flow["to"] in ends}
    return [f"udp:{port}" if protocol == "UDP" else str(port) for port, protocol in sorted(ports)]


def stand_ins(tree: Tree, budget: dict, flows: list[dict]) -> list[dict]:
    """Deployments for the pods that charts, k3s and Jobs make, as the compiler declares them;
    CoreDNS is there already."""
    found = []
    for row in budget["pods"]:
        if row["source"] in ("object", "tenant") or row["name"] == "coredns" or not row["replicas"]:
            continue
        labels, ports = (
            {**labels_of(tree, row), "stand-in": row["name"]},
            ports_of(flows, row) or ["9999"],
        )
        tcp = next((port for port in ports if port.isdigit()), "9999")
        surge = {
            "type": "RollingUpdate",
            "rollingUpdate": {"maxSurge": row["surge"], "maxUnavailable": 0},
        }
        strategy = surge if row["surge"] else {"type": "Recreate"}
        # As k3s ships them: nobody else is evicted as late.
        critical = {"priorityClassName": CRITICAL} if row["source"] == "cluster" else {}
        limits = {"limits": {"memory": str(row["limit"])}} if row.get("limit") else {}
        found.append(
            named(
                "apps/v1",
                "Deployment",
                f"stand-in-{row['name']}",
                row["namespace"],
                spec={
                    "replicas": row["replicas"],
                    "selector": {"matchLabels": labels},
                    "strategy": strategy,
                    "template": {
                        "metadata": {"labels": labels},
                        "spec": {
                            "automountServiceAccountToken": False,
                            "enableServiceLinks": False,
                            **critical,
                            "securityContext": {
                                "runAsNonRoot": True,
                                "runAsUser": 1000,
                                "runAsGroup": 1000,
                                "seccompProfile": {"type": "RuntimeDefault"},
                                "sysctls": [
                                    {"name": "net.ipv4.ip_unprivileged_port_start", "value": "0"}
                                ],
                            },
                            "containers": [
                                {
                                    "name": "stand-in",
                                    "image": STANDIN,
                                    "args": ports if tcp in ports else [*ports, tcp],
                                    "readinessProbe": {
                                        "tcpSocket": {"port": int(tcp)},
                                        "periodSeconds": 2,
                                    },
                                    "securityContext": RESTRICTED,
                                    "resources": {
                                        "requests": {
                                            "memory": str(row["request"]),
                                            "cpu": f"{row['cpuMillicores']}m",
                                        },
                                        **limits,
                                    },
                                }
                            ],
                        },
                    },
                },
            )
        )
    return found


def outside(objects: list[dict], stand_ins: list[dict]) -> list[dict]:
    """The namespaces that are made outside of the tree: of an ingress controller that is there."""
    there = {one["metadata"]["name"] for one in objects if one["kind"] == "Namespace"}
    wanted = {one["metadata"]["namespace"] for one in stand_ins} - there - {"kube-system"}
    return [
        {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": name}}
        for name in sorted(wanted)
    ]


def pods_expected(values: list[dict]) -> int:
    """How many pods the objects make, CoreDNS with them."""
    return 1 + sum(
        value["spec"].get("replicas", 1) for value in values if value["kind"] in WORKLOADS
    )
