"""What a tree says of its charts beside their declarations: addresses, permissions, settings."""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from typing import Protocol

import yaml

from harness import argo_settings
from harness.argo_tree import Application, Rendered, load
from harness.context import Context
from harness.pods import Workload, workloads

from .charts_held import lets

SERVICE = re.compile(rb"\b([a-z0-9-]+)\.([a-z0-9-]+)\.svc\.cluster\.local\.?:([0-9]+)")
# Services that k3s brings.
OF_K3S = {
    ("kube-system", it) for it in ("kube-dns", "metrics-server", "traefik", "traefik-metrics")
}


class TreeWithCharts(Protocol):
    """What these checks need of a tree and of what its charts make."""

    name: str
    tree: Rendered
    applications: list[Application]
    things: list[dict]
    made: dict[str, list[dict]]


def reachable(subject: TreeWithCharts) -> list[str]:
    """Every Service of a chart that the tree names is there, with that port and with pods."""
    own = {
        (it["metadata"]["namespace"], it["metadata"]["name"])
        for it in subject.things
        if it["kind"] == "Service"
    }
    wanted = {
        (namespace.decode(), name.decode(), int(port), path)
        for path, data in subject.tree.files.items()
        for name, namespace, port in SERVICE.findall(data)
    }
    for application in subject.tree.applications():
        for path, it in subject.tree.objects(application):
            if it["kind"] == "Ingress":
                for rule in it["spec"].get("rules") or []:
                    backends = [one["backend"]["service"] for one in rule["http"]["paths"]]
                    wanted |= {
                        (
                            it["metadata"]["namespace"],
                            one["name"],
                            one["port"].get("number") or one["port"]["name"],
                            path,
                        )
                        for one in backends
                    }
    out = []
    for namespace, name, port, path in sorted(wanted, key=str):
        if (namespace, name) not in own | OF_K3S:
            out += [
                f"{path}: {namespace}/{name}:{port}: {trouble}"
                for trouble in answers(subject, namespace, name, port)
            ]
    return out


def answers(subject: TreeWithCharts, namespace: str, name: str, port: int | str) -> list[str]:
    """What is wrong with a Service of a chart."""
    for application, made in subject.made.items():
        home = subject.tree.applications()[application].document["spec"]["destination"]["namespace"]
        for it in made:
            if it["kind"] == "Service" and (
                it["metadata"].get("namespace") or home,
                it["metadata"]["name"],
            ) == (namespace, name):
                return behind(
                    it, port, [one for one in workloads(made, home) if one.namespace == namespace]
                )
    return ["neither the tree nor a chart makes this Service"]


def behind(service: dict, port: int | str, pods: list[Workload]) -> list[str]:
    """Whether pods listen where a Service's port leads."""
    entry = next(
        (it for it in service["spec"]["ports"] if port in (it["port"], it.get("name"))), None
    )
    if entry is None:
        return ["the Service has no such port"]
    picked = [it for it in pods if it.bears(service["spec"]["selector"]) and it.replicas]
    if not picked:
        return ["the Service has no pods"]
    target = entry.get("targetPort") or entry["port"]
    return [
        f"{it.key} does not listen on {target}"
        for it in picked
        if (entry.get("protocol") or "TCP", it.port_called(target)) not in it.ports
    ]


def idle(subjects: Sequence[TreeWithCharts]) -> list[str]:
    """What a project permits to charts and nothing of any tree makes."""
    made = [
        it
        for subject in subjects
        for it in [
            *subject.things,
            *subject.tree.bootstrap(),
            *(one for some in subject.made.values() for one in some),
        ]
    ]
    entries = {}
    for subject in subjects:
        for application in subject.applications:
            name = application.document["spec"]["project"]
            spec = subject.tree.projects()[name][1]["spec"]
            for it in [
                *(spec.get("clusterResourceWhitelist") or []),
                *(spec.get("namespaceResourceWhitelist") or []),
            ]:
                entries[json.dumps([name, it], sort_keys=True)] = (name, it)
    return [
        f"project {name} permits {it['kind']} {it.get('name') or ''} ({it['group'] or 'core'}), "
        "which nothing of any tree makes"
        for name, it in entries.values()
        if not any(lets([it], one) for one in made)
    ]


def settings(ctx: Context, subjects: Sequence[TreeWithCharts]) -> list[str]:
    """The stub makes the ConfigMaps of Argo CD that its chart makes."""
    out = []
    for subject in subjects:
        for it in subject.applications:
            if it.chart["chart"] != argo_settings.CHART or it.name not in subject.made:
                continue
            theirs = {
                one["metadata"]["name"]: one.get("data") or {}
                for one in subject.made[it.name]
                if one["kind"] == "ConfigMap"
            }
            for one in argo_settings.rendered(
                ctx, (it.chart.get("helm") or {}).get("valuesObject") or {}
            ):
                name = one["metadata"]["name"]
                if one["kind"] == "ConfigMap" and name in argo_settings.MAPS.values():
                    out += differing(
                        f"{subject.name}: {name}", one.get("data") or {}, theirs.get(name, {})
                    )
    return out


def differing(name: str, ours: dict, theirs: dict) -> list[str]:
    """Keys in which two ConfigMaps say something else; text that is YAML counts by what it says."""

    def same(key: str) -> bool:
        # What is empty, a program takes for what is not there.
        one, other = ours.get(key) or "", theirs.get(key) or ""
        try:
            return one == other or load(one.encode()) == load(other.encode())
        except yaml.YAMLError:
            return False

    return [
        f"{name}: {key}: the chart has {str(theirs.get(key))[:120]!r}, "
        f"the stub {str(ours.get(key))[:120]!r}"
        for key in sorted({*ours, *theirs})
        if not same(key)
    ]
