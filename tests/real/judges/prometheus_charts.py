"""Judges the rules that kube-prometheus-stack brings by a real Prometheus: each reads what some
target serves that is asked, and none fires on health."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Any

from harness.argo_tree import Rendered
from harness.context import Context
from harness.table import Row, short

from .prometheus_catalogue import Exporter, Sample
from .prometheus_stage import Stage, Subject, monitored, taken

# Endpoints of the chart's monitors, by what the monitor is called after the release and the port
# (of the kubelet, the path): whose metrics they are, as the catalogue has them.
ENDPOINTS = {
    ("alertmanager", "http-web"): "alertmanager",
    ("alertmanager", "reloader-web"): "config-reloader",
    ("kube-state-metrics", "http"): "kube-state-metrics",
    ("kube-state-metrics", "metrics"): "kube-state-metrics-self",
    ("kubelet", "/metrics"): "kubelet",
    ("kubelet", "/metrics/cadvisor"): "cadvisor",
    ("operator", "http"): "prometheus-operator",
    ("prometheus", "http-web"): "prometheus",
    ("prometheus", "reloader-web"): "config-reloader",
}
# What Prometheus itself makes of alerts that fire.
OF_ALERTS = "ALERTS"
# These are there with health: one says that alerts reach somebody, the other keeps others quiet.
ALWAYS = {"InfoInhibitor", "Watchdog"}
# What is healthy, where it is not 1: the value of each series of a metric.
NONE = (
    "aggregator_unavailable_apiservice",
    "alertmanager_cluster_failed_peers",
    "kube_daemonset_status_number_misscheduled",
    "kube_deployment_status_condition",
    "kube_job_failed",
    "kube_job_status_active",
    "kube_node_spec_taint",
    "kube_node_spec_unschedulable",
    "kube_persistentvolume_status_phase",
    "kube_pod_container_status_waiting_reason",
    "kube_pod_status_phase",
    "kube_state_metrics_shard_ordinal",
    "prometheus_notifications_queue_length",
    "prometheus_operator_managed_resources",
    "prometheus_operator_syncs",
)
HEALTHY: dict[str, float] = dict.fromkeys(NONE, 0.0) | {
    "kube_horizontalpodautoscaler_spec_max_replicas": 2.0,
    "kube_node_status_allocatable": 10.0,
    "kubelet_certificate_manager_client_ttl_seconds": 3e7,
    "kubelet_certificate_manager_server_ttl_seconds": 3e7,
    "prometheus_engine_queries_concurrent_max": 20.0,
    "prometheus_notifications_queue_capacity": 10_000.0,
}
# What stands still where something is wrong.
GROWS = {"prometheus_tsdb_head_samples_appended_total"}
# How long everything is asked before nothing may be pending.
SECONDS = 25


@dataclass(frozen=True)
class Asked:
    """A target of the chart's own monitors."""

    exporter: str
    labels: tuple[tuple[str, str], ...]


@dataclass(frozen=True)
class Brought:
    """What a chart brings for Prometheus."""

    rules: list[dict]
    targets: list[Asked]
    # Endpoints of which nobody knows whose metrics they are.
    strange: list[str]


def brought(ctx: Context, what: Subject) -> Brought | None:
    """What the real chart makes with the tree's values; None where it is not here."""
    application = monitored(ctx, what.tree)
    if application is None or not ctx.charts:
        return None
    made = ctx.charts.render(Rendered.read(what.tree.name, what.tree.root), application)
    if made is None:
        return None
    rules = [taken(ctx, it) for it in made if it["kind"] == "PrometheusRule"]
    targets, strange = [], []
    services = [it for it in made if it["kind"] == "Service"]
    for it in made:
        if it["kind"] == "ServiceMonitor":
            for endpoint in it["spec"]["endpoints"]:
                found = target(application.name, it, endpoint, services)
                if isinstance(found, str):
                    strange.append(found)
                elif found is not None:
                    targets.append(found)
    return Brought(rules, targets, strange)


def target(release: str, monitor: dict, endpoint: dict, services: list[dict]) -> Asked | str | None:
    """A target with the labels that Prometheus gives it; None of what has no metrics that are read,
    a text of what nobody knows."""
    name = monitor["metadata"]["name"].removeprefix(f"{release}-")
    spec, path = monitor["spec"], endpoint.get("path", "/metrics")
    if name == "kubelet":
        # The operator makes its Service, which bears the label that the job is called after.
        if path == "/metrics/probes":
            return None
        exporter = ENDPOINTS.get((name, path))
        labels = {"job": spec["selector"]["matchLabels"][spec["jobLabel"]], "metrics_path": path}
        more = {"namespace": spec["namespaceSelector"]["matchNames"][0]}
    else:
        exporter = ENDPOINTS.get((name, endpoint["port"]))
        wanted = spec["selector"]["matchLabels"].items()
        found = [it for it in services if wanted <= it["metadata"]["labels"].items()]
        ports = [it["name"] for one in found for it in one["spec"]["ports"]]
        if len(found) != 1 or endpoint["port"] not in ports:
            return f"{monitor['metadata']['name']}: no one Service has {endpoint['port']}"
        about = found[0]["metadata"]
        job = about["labels"].get(spec.get("jobLabel", ""), about["name"])
        labels = {"job": job, "endpoint": endpoint["port"]}
        more = {"namespace": about["namespace"], "service": about["name"]}
    if exporter is None:
        return f"{monitor['metadata']['name']}: nobody knows the metrics of {endpoint}"
    return Asked(exporter, tuple(sorted((labels | more).items())))


def judge(ctx: Context, what: Subject) -> Row:
    """One tree: all of the chart's rules."""
    row = Row(f"prometheus: {what.tree.name}: the chart's own rules", 0)
    found = brought(ctx, what)
    if found is None:
        row.note = "no charts are here: CHARTS names none"
        return row
    began = time.monotonic()
    ctx.say(row.judge)
    row.findings += found.strange
    row.findings += judged(ctx, what, found, row)
    row.seconds = time.monotonic() - began
    return row


def judged(ctx: Context, what: Subject, found: Brought, row: Row) -> list[str]:
    """What is wrong with rules of a chart, whose targets are these."""
    stage = Asking(
        ctx, replace(what, objects={**what.objects, "rules": found.rules}), found.targets
    )
    said: list[str] = []
    try:
        stage.open()
        stage.configure()
        healthy(stage)
        stage.start()
        said += [f"refused by prometheus-operator: {it}" for it in stage.made["refused"] or []]
        time.sleep(SECONDS)
        loaded = [
            rule
            for group in stage.ask("rules")["groups"]
            for rule in group["rules"]
            if rule["name"] in names(found.rules)
        ]
        row.objects = len(loaded)
        if len(loaded) != sum(1 for _ in each(found.rules)):
            said.append(f"{len(loaded)} rules are loaded")
        recorded = {it["name"] for it in loaded if it["type"] == "recording"}
        for rule in loaded:
            said += [f"{rule['name']}: {it}" for it in unserved(stage, rule, recorded)]
            said += [f"{rule['name']}: {it}" for it in awake(rule)]
    finally:
        stage.close()
    return said


def each(rules: list[dict]) -> Iterator[dict]:
    """The single rules of objects."""
    for one in rules:
        for group in one["spec"]["groups"]:
            yield from group["rules"]


def names(rules: list[dict]) -> set[str]:
    """What they are called."""
    return {it.get("alert") or it["record"] for it in each(rules)}


def awake(rule: dict) -> Iterator[str]:
    """An alert that is there with health, or a rule that cannot be evaluated."""
    if rule["health"] != "ok":
        yield f"{rule['health']}: {short(rule.get('lastError', ''), 120)}"
    if rule["type"] != "alerting" or rule["name"] in ALWAYS:
        return
    for one in rule.get("alerts", []):
        yield f"with health it is {one['state']}: {short(json.dumps(one['labels']), 160)}"
        return


def unserved(stage: Asking, rule: dict, recorded: set[str]) -> Iterator[str]:
    """What a rule reads that no target serves."""
    tree = stage.ask("parse_query", query=rule["query"])
    for selector in selectors(tree):
        name, matchers = selector["name"], selector["matchers"]
        if name in recorded or name == OF_ALERTS:
            continue
        who = [it for it in stage.catalogue.values() if name in it.own]
        if not who and name != "up":
            yield f"{name}: no exporter that is known serves it"
            continue
        wanted = [it for it in matchers if it["name"] != "__name__" and not free(it, name, who)]
        text = ",".join(f"{it['name']}{it['type']}{json.dumps(it['value'])}" for it in wanted)
        if not stage.ask("series", **{"match[]": f"{name}{{{text}}}"}):
            yield f"{name}{{{text}}}: no target that is asked serves it"


def free(matcher: dict, metric: str, who: list[Exporter]) -> bool:
    """Whether a label is the exporter's own, so that nobody knows all of its values."""
    return any(
        matcher["name"] in it.own[metric] and (it.keeps or matcher["name"] not in it.target_labels)
        for it in who
    )


def selectors(node: Any) -> Iterator[dict]:
    """The series that a query asks for. What is taken away by `unless` need not be there."""
    if isinstance(node, list):
        for it in node:
            yield from selectors(it)
        return
    if not isinstance(node, dict):
        return
    if node.get("type") in ("vectorSelector", "matrixSelector"):
        yield node
        return
    for key, value in node.items():
        if not (key == "rhs" and node.get("op") == "unless"):
            yield from selectors(value)


class Asking(Stage):
    """A Prometheus that asks as the chart's own monitors have it, and nobody else."""

    def __init__(self, ctx: Context, what: Subject, targets: list[Asked]) -> None:
        super().__init__(ctx, what, "charts")
        self.targets = targets

    def of_chart(self) -> list[tuple[str, dict[str, str]]]:
        """What the chart's monitors ask, each with the labels of its target."""
        return [(it.exporter, dict(it.labels)) for it in self.targets]


def healthy(stage: Asking) -> None:
    """What is health of the metrics that the chart's rules read."""
    for contents in stage.contents.values():
        for content in contents:
            content.health = [well(it) for it in content.health]


def well(sample: Sample) -> Sample:
    """A series as it is when all is well."""
    pace = 100.0 if sample.metric in GROWS else 0.0
    return replace(sample, value=HEALTHY.get(sample.metric, sample.value), each_second=pace)
