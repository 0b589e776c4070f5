"""A small chart, a tree that has it, and what is declared of it, on which faults are planted."""

from __future__ import annotations

from typing import Any

from harness.argo_tree import Application, Rendered, dump

from .argo_sample import application
from .charts_held import Declared
from .charts_ports import INSTANCE, NAME

NAMESPACE, CHART, VERSION = "sample", "chat", "1.0.0"
LABELS = {NAME: "chat", INSTANCE: "chat"}
OLD_FIRST = {"type": "RollingUpdate", "rollingUpdate": {"maxSurge": 0, "maxUnavailable": 1}}


def row(kind: str, name: str, surge: int = 0) -> dict:
    """A line of the budget."""
    return {
        "workload": f"{kind}/{NAMESPACE}/{name}",
        "replicas": 1,
        "surge": surge,
        "request": 32 << 20,
        "limit": 64 << 20,
        "cpuMillicores": 10,
    }


def workload(kind: str, name: str, labels: dict, **more: Any) -> dict:
    """A workload with one container that listens on one port."""
    container = {
        "name": name,
        "image": f"sample.invalid/{name}:1",
        "ports": [{"name": "http", "containerPort": 8080}],
        "resources": {"requests": {"cpu": "10m", "memory": "32Mi"}, "limits": {"memory": "64Mi"}},
    }
    return {
        "apiVersion": "batch/v1" if kind == "Job" else "apps/v1",
        "kind": kind,
        "metadata": {"name": name, "namespace": NAMESPACE},
        "spec": {
            "template": {
                "metadata": {"labels": labels},
                "spec": {"automountServiceAccountToken": False, "containers": [container]},
            },
            **more,
        },
    }


def objects() -> list[dict]:
    """What the small chart makes."""
    return [
        workload("Deployment", "chat", LABELS, strategy=OLD_FIRST),
        workload("Deployment", "cache", {**LABELS, NAME: "cache"}),
        {
            "apiVersion": "v1",
            "kind": "Service",
            "metadata": {"name": "chat"},
            "spec": {
                "selector": LABELS,
                "ports": [{"name": "web", "port": 80, "targetPort": "http"}],
            },
        },
        {
            "apiVersion": "rbac.authorization.k8s.io/v1",
            "kind": "ClusterRole",
            "metadata": {"name": "chat-reader"},
            "rules": [],
        },
    ]


def webhook() -> dict:
    """A webhook that one of its workloads answers."""
    asked = {"namespace": NAMESPACE, "name": "chat", "port": 80}
    return {
        "apiVersion": "admissionregistration.k8s.io/v1",
        "kind": "ValidatingWebhookConfiguration",
        "metadata": {"name": "chat"},
        "webhooks": [{"name": "chat.sample.invalid", "clientConfig": {"service": asked}}],
    }


def policy(name: str) -> dict:
    """A policy that speaks of one of its workloads."""
    return {
        "kind": "NetworkPolicy",
        "metadata": {"name": f"allow-{name}", "namespace": NAMESPACE},
        "spec": {
            "podSelector": {"matchLabels": {**LABELS, NAME: name}},
            "ingress": [{"ports": [{"port": 8080, "protocol": "TCP"}]}],
        },
    }


def declared() -> Declared:
    """What is declared of it, and right."""
    deny = {
        "kind": "NetworkPolicy",
        "metadata": {"name": "default-deny", "namespace": NAMESPACE},
        "spec": {"podSelector": {}},
    }
    project = {
        "destinations": [{"namespace": NAMESPACE}, {"namespace": "elsewhere"}],
        "clusterResourceWhitelist": [
            {"group": "rbac.authorization.k8s.io", "kind": "ClusterRole", "name": "chat-*"}
        ],
        "namespaceResourceWhitelist": [
            {"group": "apps", "kind": "Deployment"},
            {"group": "", "kind": "Service"},
        ],
    }
    flow = {
        "from": "kube-system/traefik",
        "to": f"{NAMESPACE}/chat",
        "port": 8080,
        "protocol": "TCP",
        "why": "chat",
    }
    return Declared(
        "chat",
        "chat",
        NAMESPACE,
        [row("Deployment", "chat"), row("Deployment", "cache", 1)],
        [flow],
        project,
        [deny, policy("chat"), policy("cache")],
    )


class Small:
    """A tree with that chart alone, in the form of the judge's own subjects."""

    name = "small"

    def __init__(self, made: list[dict], port: int = 80):
        source = {
            "repoURL": "https://charts.sample.invalid",
            "chart": CHART,
            "targetRevision": VERSION,
        }
        one = application("chat", source, NAMESPACE, "platform", 10)
        self.tree = Rendered(
            "small",
            {
                "apps/chat.yaml": dump(one),
                "out/README.md": f"http://chat.sample.svc.cluster.local:{port}/metrics".encode(),
                "bootstrap/argocd/appproject-platform.yaml": dump(
                    {
                        "kind": "AppProject",
                        "metadata": {"name": "platform"},
                        "spec": declared().project,
                    }
                ),
            },
        )
        self.applications = [Application("apps/chat.yaml", one)]
        self.things: list[dict] = []
        self.made = {"chat": made}


def pod(it: dict) -> dict:
    """The pods of a workload."""
    return it["spec"]["template"]["spec"]
