"""Faults for the judge `prometheus`: monitors, rules and exporters with one thing wrong in each."""

from __future__ import annotations

import copy
import re
from collections.abc import Callable
from dataclasses import dataclass, replace

from harness.context import Context
from harness.planting import NoSubject
from harness.table import Fault, Row, short

from . import prometheus, prometheus_charts, prometheus_memory
from .prometheus_alerts import cases
from .prometheus_catalogue import Sample
from .prometheus_stage import Stage, Subject, subject

TARGETS, RULES, FIRES, BOARDS, CHART, MEMORY = (
    f"prometheus: {it}"
    for it in (
        "targets",
        "rules, with health",
        "alerts fire on their faults",
        "queries of dashboards",
        "the chart's own rules",
        "memory",
    )
)
# The alerts whose rules are spoilt, so that no more than these are tried.
SPOILT = ("ApplicationNotCompared", "ChatDown", "DatabaseDown", "NodesMissing")
BOARD = ("a dashboard: a panel", "a_metric_that_nobody_serves")


@dataclass(frozen=True)
class Wrong:
    """A fault in an object: which one, what is changed, who says what."""

    fault: str
    key: str
    name: str
    change: Callable[[dict], object]
    row: str
    says: str


def endpoint(one: dict) -> dict:
    """The first endpoint of a monitor."""
    return one["spec"]["podMetricsEndpoints"][0]


def rule(alert: str, change: Callable[[str], str]) -> Callable[[dict], object]:
    """Changes the query of an alert."""

    def changed(one: dict) -> None:
        for group in one["spec"]["groups"]:
            for it in group["rules"]:
                if it.get("alert") == alert:
                    it["expr"] = change(it["expr"])

    return changed


OBJECTS = (
    Wrong(
        "a monitor of a port that the pods do not have",
        "podMonitors",
        "cert-manager-cert-manager",
        lambda it: endpoint(it).update(portNumber=9403),
        TARGETS,
        r"cert-manager/cert-manager\S*: no target asks it",
    ),
    Wrong(
        "a monitor whose selector names a label that no pod bears",
        "podMonitors",
        "cert-manager-cainjector",
        lambda it: it["spec"]["selector"]["matchLabels"].update(tier="x"),
        TARGETS,
        r"cert-manager/\S*cainjector\S*: no target asks it",
    ),
    Wrong(
        "a monitor of a path at which nothing answers",
        "podMonitors",
        "cert-manager-webhook",
        lambda it: endpoint(it).update(path="/metricz"),
        TARGETS,
        r"asks http://\S+/metricz, which nothing offers",
    ),
    Wrong(
        "a monitor of another namespace",
        "podMonitors",
        "argocd-argocd-repo-server",
        lambda it: it["spec"]["namespaceSelector"].update(matchNames=["ai"]),
        TARGETS,
        r"argocd/\S*repo-server\S*: no target asks it",
    ),
    Wrong(
        "a monitor that lets an exporter's own labels stand before the target's",
        "podMonitors",
        "kube-system-sealed-secrets",
        lambda it: endpoint(it).update(honorLabels=True),
        TARGETS,
        r"sealed_secrets\S+ is stored with .* and queries count on .*exported_namespace",
    ),
    Wrong(
        "an alert over a metric that nobody has",
        "rules",
        "openwebui",
        rule("ChatDown", lambda it: it.replace("kube_deployment_status", "kube_deployment_state")),
        FIRES,
        r"ChatDown: it does not fire",
    ),
    Wrong(
        "an alert over a label that its exporter calls another name",
        "rules",
        "argocd",
        rule("ApplicationNotCompared", lambda it: it.replace("sync_status", "sync_state")),
        FIRES,
        r"ApplicationNotCompared: it does not fire",
    ),
    Wrong(
        "an alert that is there with health, too",
        "rules",
        "bootstrap",
        rule("NodesMissing", lambda it: re.sub(r"< \d+$", ">= 0", it)),
        RULES,
        r"NodesMissing: with health it is",
    ),
    Wrong(
        "an alert whose query does not parse",
        "rules",
        "postgresql",
        rule("DatabaseDown", lambda it: f"sum({it}"),
        TARGETS,
        r"refused by prometheus-operator: PrometheusRule/\S+/postgresql",
    ),
)


def plant(ctx: Context) -> None:
    """All of them on one Prometheus: each is another object's."""
    what = next((it for tree in ctx.trees if (it := subject(ctx, tree))), None)
    if what is None:
        raise NoSubject("no tree has kube-prometheus-stack")
    wrong = spoilt(what)
    alerts = [it for it in cases(ctx, what.tree) if it.alert in SPOILT]
    verdict = prometheus.judged(ctx, wrong, alerts, dumb, (BOARD,))
    said = {
        TARGETS: verdict.targets.findings,
        RULES: verdict.quiet.findings,
        FIRES: verdict.fires.findings,
        BOARDS: verdict.boards.findings,
    }
    for one in OBJECTS:
        seen(ctx, one.fault, one.row, said[one.row], one.says)
    for fault, row, says in (
        ("an exporter that does not answer", TARGETS, r"argocd-server\S*: it is down"),
        (
            "an exporter whose label has another name",
            TARGETS,
            r"traefik_\S+ is stored with .*status_code.* and queries count on ",
        ),
        ("an alert whose query does not parse", RULES, r"DatabaseDown: Prometheus has no such"),
        ("a query of a dashboard that nothing answers", BOARDS, rf"no answer to {BOARD[1]}"),
    ):
        seen(ctx, fault, row, said[row], says)
    seen(
        ctx,
        "monitors and rules without the label that Prometheus selects by",
        TARGETS,
        unselected(ctx, what),
        r"PodMonitor/\S+: Prometheus does not select it",
    )
    of_chart(ctx, what)
    seen(
        ctx,
        "a Prometheus of 200Mi that keeps all metrics of k3s",
        MEMORY,
        pressed(ctx, what),
        r"is more than 80% of 200Mi",
    )


# Rules as a chart would bring them, and what is said of each that is wrong.
BROUGHT = (
    (
        "none: a rule that reads what is served, and what only others would take away",
        {"alert": "Right", "expr": 'up{job="kubelet"} == 0 unless nobody_has_it'},
        "",
    ),
    (
        "a rule over a metric that no exporter has",
        {"alert": "Unknown", "expr": "container_memory_of_nobody > 0"},
        r"Unknown: container_memory_of_nobody: no exporter that is known serves it",
    ),
    (
        "a rule over a metric that is dropped before it is stored",
        {"record": "dropped:sum", "expr": 'sum(etcd_requests_total{job="kubelet"})'},
        r"dropped:sum: etcd_requests_total\{job=\"kubelet\"\}: no target that is asked serves it",
    ),
    (
        "a rule over a job that nobody asks",
        {"alert": "Elsewhere", "expr": 'absent(up{job="apiserver"})'},
        r"Elsewhere: up\{job=\"apiserver\"\}: no target that is asked serves it",
    ),
    (
        "a rule that is there with health",
        {"alert": "Always", "expr": 'up{job="kubelet"} == 1'},
        r"Always: with health it is (firing|pending)",
    ),
    (
        "a rule that cannot be evaluated",
        {"alert": "Twice", "expr": "up * on() group_left() up"},
        r"Twice: err: ",
    ),
)


def of_chart(ctx: Context, what: Subject) -> None:
    """Rules of a chart that nobody has, over a target of the kubelet and no others."""
    rules = [it for _, it, _ in BROUGHT]
    chart = {
        "apiVersion": "monitoring.coreos.com/v1",
        "kind": "PrometheusRule",
        "metadata": {"name": "brought", "namespace": "monitoring"},
        "spec": {"groups": [{"name": "brought", "rules": rules}]},
    }
    labels = {"job": "kubelet", "metrics_path": "/metrics", "namespace": "kube-system"}
    targets = [
        prometheus_charts.Asked("kubelet", tuple(labels.items())),
        prometheus_charts.Asked("prometheus", (("job", "prometheus"),)),
    ]
    brought = prometheus_charts.Brought([chart], targets, [])
    found = prometheus_charts.judged(ctx, what, brought, Row(CHART, 0))
    for fault, rule, says in BROUGHT:
        if says:
            seen(ctx, fault, CHART, found, says)
            continue
        said = [it for it in found if it.startswith(f"{rule['alert']}: ")]
        ctx.fault(Fault(fault, CHART, "; ".join(said) or "taken", not said))


def pressed(ctx: Context, what: Subject) -> list[str]:
    """What is said of a Prometheus with a small limit that keeps all that k3s says."""
    values = copy.deepcopy(what.values)
    values["prometheus"]["prometheusSpec"]["resources"]["limits"]["memory"] = "200Mi"
    values["kubelet"]["serviceMonitor"].pop("metricRelabelings", None)
    row = Row(MEMORY, 0)
    prometheus_memory.judged(ctx, replace(what, values=values), row, 20)
    return row.findings


def seen(ctx: Context, fault: str, row: str, findings: list[str], says: str) -> None:
    """Notes what was said of a fault."""
    found = next((it for it in findings if re.search(says, it)), None)
    ctx.fault(Fault(fault, row, found or short("; ".join(findings), 300), found is not None))


def spoilt(what: Subject) -> Subject:
    """The tree with the faults of `OBJECTS`."""
    objects = copy.deepcopy(what.objects)
    for one in OBJECTS:
        found = [it for it in objects[one.key] if it["metadata"]["name"] == one.name]
        if len(found) != 1:
            raise NoSubject(f"the tree has no object {one.name} among its {one.key}")
        one.change(found[0])
    return replace(what, objects=objects)


def dumb(stage: Stage) -> None:
    """One exporter answers nothing, and one calls a label something else."""
    for content in stage.contents["argocd-server"]:
        content.silent = True
    for content in stage.contents["traefik"]:
        content.health = [renamed(it) for it in content.health]


def renamed(sample: Sample) -> Sample:
    """A series with another name for one of its labels."""
    labels = tuple(("status_code" if key == "code" else key, it) for key, it in sample.labels)
    return replace(sample, labels=labels)


def unselected(ctx: Context, what: Subject) -> list[str]:
    """What the operator leaves out where the chart's own selectors are kept."""
    resource = copy.deepcopy(what.prometheus)
    for kind in ("podMonitor", "rule"):
        resource["spec"][f"{kind}Selector"] = {"matchLabels": {"release": "x"}}
    stage = Stage(ctx, replace(what, prometheus=resource), "unselected")
    try:
        stage.configure()
        return prometheus.refused(stage)
    finally:
        stage.close()
