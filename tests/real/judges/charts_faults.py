"""Faults planted in a small chart and in what is declared of it: each has to be noticed."""

from __future__ import annotations

import copy
from collections.abc import Callable

from harness.argo_charts import pack
from harness.argo_tree import Application, load
from harness.context import Context
from harness.table import Fault, Row

from .argo_sample import application
from .charts import unread
from .charts_around import differing, idle, reachable
from .charts_held import Declared, held
from .charts_ports import NAME
from .charts_sample import (
    CHART,
    NAMESPACE,
    VERSION,
    Small,
    declared,
    objects,
    pod,
    row,
    webhook,
    workload,
)


def idle_without_resources(_said: Declared, made: list[dict]) -> None:
    """A workload without pods, whose container has neither requests nor a limit."""
    made.append(workload("Deployment", "idle", {}, replicas=0))
    pod(made[-1])["containers"][0].pop("resources")


def job_of_the_chart(said: Declared, made: list[dict]) -> None:
    """A Job that the chart makes, and that is declared."""
    made.append(workload("Job", "init", {}))
    said.pods.append(row("Job", "init"))


def claim(size: str) -> dict:
    """What each pod asks for."""
    spec = {"resources": {"requests": {"storage": size}}}
    return {"metadata": {"name": "data"}, "spec": spec}


def prometheus_of_the_chart(said: Declared, made: list[dict]) -> None:
    """A resource of which an operator makes pods, with a container that nobody counted."""
    resources = {"requests": {"cpu": "10m", "memory": "32Mi"}, "limits": {"memory": "64Mi"}}
    made.append(
        {
            "apiVersion": "monitoring.coreos.com/v1",
            "kind": "Prometheus",
            "metadata": {"name": "own", "namespace": NAMESPACE},
            "spec": {
                "resources": resources,
                "containers": [{"name": "more", "resources": resources}],
            },
        }
    )
    said.pods.append(row("StatefulSet", "prometheus-own"))


# What is wrong, the change of what is declared and made, and words of the finding.
PLANTED: list[tuple[str, Callable[[Declared, list[dict]], object], str]] = [
    (
        "a declared pod that the chart does not make",
        lambda said, made: made.pop(1),
        "cache: declared, and the chart does not make it",
    ),
    (
        "a pod of the chart that nothing declares",
        lambda said, made: said.pods.pop(),
        "cache: the chart makes it, and nothing declares it",
    ),
    (
        "a container that asks for 1Mi more than is declared",
        lambda said, made: pod(made[0])["containers"][0]["resources"]["requests"].update(
            memory="33Mi"
        ),
        "chat: memory request: declared is",
    ),
    (
        "an init container that asks for more than all others",
        lambda said, made: pod(made[0]).update(
            initContainers=[
                {
                    "name": "first",
                    "resources": {
                        "requests": {"cpu": "50m", "memory": "32Mi"},
                        "limits": {"memory": "64Mi"},
                    },
                }
            ]
        ),
        "chat: CPU request: declared is 10m, the chart has 50m",
    ),
    (
        "a limit other than the declared one",
        lambda said, made: pod(made[0])["containers"][0]["resources"]["limits"].update(
            memory="128Mi"
        ),
        "chat: memory limit: declared is",
    ),
    (
        "a container without requests and limit, in a workload without pods",
        idle_without_resources,
        "its container idle has no memory request, no CPU request, no memory limit",
    ),
    (
        "two pods where one is declared",
        lambda said, made: made[0]["spec"].update(replicas=2),
        "chat: replicas: declared is 1, the chart has 2",
    ),
    (
        "a surge that is not declared",
        lambda said, made: made[0]["spec"].pop("strategy"),
        "chat: surge: declared is 0, the chart has 1",
    ),
    (
        "a surge in per cent that is not declared",
        lambda said, made: made[0]["spec"].update(strategy={"rollingUpdate": {"maxSurge": "10%"}}),
        "chat: surge: declared is 0, the chart has 1",
    ),
    (
        "a kind that the project does not permit",
        job_of_the_chart,
        "Job sample/init: the project does not permit its kind (batch)",
    ),
    (
        "a name that the project does not permit",
        lambda said, made: made[3]["metadata"].update(name="reader"),
        "ClusterRole reader: the project does not permit it",
    ),
    (
        "a namespace that the project does not permit",
        lambda said, made: made[2]["metadata"].update(namespace="kube-system"),
        "the project does not permit the namespace kube-system",
    ),
    (
        "a namespace other than the Application's",
        lambda said, made: made[2]["metadata"].update(namespace="elsewhere"),
        "the chart puts it into elsewhere",
    ),
    (
        "a label of the pods that no policy knows",
        lambda said, made: made[1]["spec"]["template"]["metadata"]["labels"].update(
            {NAME: "redis"}
        ),
        "select the pods of nothing",
    ),
    (
        "a pod of which no policy speaks",
        lambda said, made: said.policies.pop(),
        "cache: no policy speaks of its pods",
    ),
    (
        "a policy for a port on which nobody listens",
        lambda said, made: pod(made[1])["containers"][0]["ports"][0].update(containerPort=6379),
        "allow-cache: Deployment/sample/cache listens on no port 8080",
    ),
    (
        "a flow to a port on which nobody listens",
        lambda said, made: said.flows[0].update(port=9090),
        "`show flows`: kube-system/traefik → sample/chat",
    ),
    (
        "a webhook that the API server may not call",
        lambda said, made: made.append(webhook()),
        "`show flows` lets the API server not call Deployment/sample/chat:8080",
    ),
    (
        "a token for pods that may not use it",
        lambda said, made: pod(made[1]).pop("automountServiceAccountToken"),
        "cache: its pods mount a token for the API server",
    ),
    (
        "a toleration that nothing declares",
        lambda said, made: pod(made[0]).update(tolerations=[{"operator": "Exists"}]),
        "the toleration of everything",
    ),
    (
        "a claim that nothing declares",
        lambda said, made: pod(made[0]).update(
            volumes=[{"name": "data", "persistentVolumeClaim": {"claimName": "data"}}]
        ),
        "the claim data",
    ),
    (
        "a volume of each pod that is larger than the declared one",
        lambda said, made: (
            said.pods[0].update(volumes=1 << 30),
            made[0]["spec"].update(volumeClaimTemplates=[claim("2Gi")]),
        ),
        "chat: volumes of each pod: declared is 1073741824 bytes",
    ),
    (
        "a resource of an operator's that asks for more than is declared of its pods",
        prometheus_of_the_chart,
        "prometheus-own: memory request: declared is",
    ),
    (
        "a folder of the host that nothing declares",
        lambda said, made: pod(made[0]).update(
            volumes=[{"name": "logs", "hostPath": {"path": "/var/log"}}]
        ),
        "the host's folder /var/log",
    ),
    (
        "a folder of the host that is declared and not mounted",
        lambda said, made: said.pods[0].update(hostFolders=["/var/log"]),
        "declared is the host's folder /var/log",
    ),
    (
        "a toleration that is declared and not there",
        lambda said, made: said.pods[0].update(tolerations=[{"operator": "Exists"}]),
        "declared is the toleration of everything",
    ),
]


def around() -> list[tuple[str, list[str], str]]:
    """Faults in what a tree says of charts beside their declarations: what, findings, words."""
    spare = objects()
    del spare[3]
    return [
        (
            "an address with a port that the chart's Service does not have",
            reachable(Small(objects(), port=81)),
            "the Service has no such port",
        ),
        (
            "a Service of the chart before no pods",
            reachable(Small(objects()[1:])),
            "the Service has no pods",
        ),
        (
            "a Service that the chart does not make",
            reachable(Small(objects()[:2])),
            "neither the tree nor a chart makes this Service",
        ),
        ("a permission that nobody needs", idle([Small(spare)]), "permits ClusterRole chat-*"),
        (
            "a stub's setting other than the chart's",
            differing("small: argocd-cm", {"url": "https://a"}, {"url": "https://b"}),
            "small: argocd-cm: url",
        ),
    ]


def run(ctx: Context) -> list[Row]:
    """All of them, on what Helm makes of the small chart, which has to be clean before."""
    folder = ctx.fresh("sample")
    (folder / "chat.tgz").write_bytes(pack(CHART, VERSION, objects(), [], {}))

    def render(one: Application) -> bytes:
        return ctx.charts.template(
            ["chat", str(folder / "chat.tgz"), "--namespace", NAMESPACE],
            one.chart["helm"]["valuesObject"],
            [],
        )

    source = {"chart": CHART, "helm": {"valuesObject": {"resorces": {"limits": "64Mi"}}}}
    misspelt = Application("apps/chat.yaml", application("chat", source, NAMESPACE, "platform", 10))
    inert = (
        "a value that the chart does not read",
        unread(misspelt, render),
        "values: resorces.limits: the chart makes the same",
    )
    order = [(one["kind"], one["metadata"]["name"]) for one in objects()]
    clean = sorted(
        load(render(misspelt)), key=lambda it: order.index((it["kind"], it["metadata"]["name"]))
    )
    wrong = held(declared(), clean) + reachable(Small(clean)) + idle([Small(clean)])
    for what, change, words in PLANTED:
        said, changed = declared(), copy.deepcopy(clean)
        change(said, changed)
        seen(ctx, what, held(said, changed), words)
    for what, findings, words in [*around(), inert]:
        seen(ctx, what, findings, words)
    return [Row("charts: a small chart with nothing planted", len(clean), wrong)]


def seen(ctx: Context, what: str, findings: list[str], words: str) -> None:
    """A fault is seen when a finding has the words."""
    message = next((it for it in findings if words in it), "")
    ctx.fault(
        Fault(
            what,
            "charts",
            message or f"nothing with {words}: {' | '.join(findings)[:300]}",
            bool(message),
        )
    )
