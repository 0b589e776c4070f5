"""A tree as Prometheus meets it: pods with addresses, the configuration that prometheus-operator
makes, exporters behind the addresses, and a real Prometheus that asks them."""

from __future__ import annotations

import json
import re
import subprocess
import urllib.parse
import urllib.request
from dataclasses import dataclass, field
from typing import Any

import yaml

from harness.argo_tree import Application, Rendered
from harness.context import Context
from harness.installing import REAL
from harness.node_platform import template_of
from harness.processes import Process, free_port, wait_until
from harness.table import short
from harness.trees import Tree

from .prometheus_alerts import hurried
from .prometheus_catalogue import Exporter, read
from .prometheus_exporters import Content, Exporters, certificate

STACK = "kube-prometheus-stack"
NODE, NODE_NAME, KUBELET = "127.0.1.1", "node-1", 10250
RUNNING = ("Deployment", "StatefulSet", "DaemonSet")
ACCOUNT = "/var/run/secrets/kubernetes.io/serviceaccount"
# How often everything is asked and evaluated, in place of the tree's own interval.
EVERY = "1s"
# What the chart asks by monitors of its own, which are not in the tree: each with the labels of
# its target. The names are those of the catalogue's files.
OF_CHART = {
    "alertmanager": {},
    "cadvisor": {"metrics_path": "/metrics/cadvisor"},
    "config-reloader": {},
    "kube-state-metrics": {},
    "kube-state-metrics-self": {},
    "kubelet": {"metrics_path": "/metrics"},
    "prometheus": {},
    "prometheus-operator": {},
}
# Pods that serve the metrics of another exporter of the catalogue than the one that they are
# called after.
SERVES = {"otel-collector": "open-webui", "prometheus-node-exporter": "node-exporter"}
# What is asked by probes, by the labels of its targets: who probes has the first part of its name.
OF_PROBES = {"instance", "job", "namespace"}
PROBERS, PROBED_AT = "127.2.0.1", "/probe"
# Where the chart's values have what is kept of them.
RELABELLED = {"cadvisor": "cAdvisorMetricRelabelings", "kubelet": "metricRelabelings"}
UPPER = re.compile("[A-Z]")
MONITORS = {"PodMonitor": "podMonitors", "Probe": "probes", "PrometheusRule": "rules"}


@dataclass
class Pod:
    """A pod of the tree, with an address of this machine's."""

    namespace: str
    name: str
    labels: dict[str, str]
    # Container, port's name, number.
    ports: list[tuple[str, str, int]]
    address: str = ""

    def found(self) -> list[dict]:
        """What discovery by role `pod` tells of it: a target a port."""
        meta = {
            "__meta_kubernetes_namespace": self.namespace,
            "__meta_kubernetes_pod_name": self.name,
            "__meta_kubernetes_pod_ip": self.address,
            "__meta_kubernetes_pod_host_ip": NODE,
            "__meta_kubernetes_pod_node_name": NODE_NAME,
            "__meta_kubernetes_pod_phase": "Running",
            "__meta_kubernetes_pod_ready": "true",
            "__meta_kubernetes_pod_uid": f"{self.namespace}-{self.name}",
        }
        for key, value in self.labels.items():
            clean = "".join(it if it.isalnum() else "_" for it in key)
            meta[f"__meta_kubernetes_pod_label_{clean}"] = value
            meta[f"__meta_kubernetes_pod_labelpresent_{clean}"] = "true"
        return [
            {
                "targets": [f"{self.address}:{number}"],
                "labels": {
                    **meta,
                    "__meta_kubernetes_pod_container_name": container,
                    "__meta_kubernetes_pod_container_init": "false",
                    "__meta_kubernetes_pod_container_port_name": name,
                    "__meta_kubernetes_pod_container_port_number": str(number),
                    "__meta_kubernetes_pod_container_port_protocol": "TCP",
                },
            }
            for container, name, number in self.ports
        ]


def ports_of(pod: dict) -> list[tuple[str, str, int]]:
    """The TCP ports of a pod's containers."""
    return [
        (one["name"], it.get("name", ""), int(it["containerPort"]))
        for one in pod["containers"]
        for it in one.get("ports") or []
        if it.get("protocol", "TCP") == "TCP"
    ]


@dataclass
class Subject:
    """What a tree has for Prometheus."""

    tree: Tree
    # Rows of `show monitoring`: ports that serve metrics.
    scrapes: list[dict]
    # And what is probed.
    probes: list[dict]
    prometheus: dict
    pods: list[Pod]
    objects: dict[str, list[dict]]
    namespaces: list[dict]
    # The values of the chart.
    values: dict
    # Whether the pods of charts are those that the real charts make.
    real_charts: bool = False
    troubles: list[str] = field(default_factory=list)


def monitored(ctx: Context, tree: Tree) -> Application | None:
    """The Application that brings Prometheus; None where nobody monitors."""
    every = Rendered.read(tree.name, tree.root).applications().values()
    return next((it for it in every if it.chart.get("chart") == STACK), None)


def version() -> str:
    """Of the Prometheus that runs here: 3.14.0 is the module's v0.314.0."""
    pinned = (REAL / "tools/prometheus/go.mod").read_text(encoding="utf-8")
    found = re.search(r"github.com/prometheus/prometheus v0\.(\d)(\d\d)\.(\d+)", pinned)
    if found is None:
        raise LookupError("tools/prometheus/go.mod pins no Prometheus")
    return f"v{found[1]}.{int(found[2])}.{found[3]}"


def resource(application: Application) -> dict:
    """The chart's resource `Prometheus`, of the values that say what it selects."""
    values = (application.chart.get("helm") or {}).get("valuesObject") or {}
    spec = (values.get("prometheus") or {}).get("prometheusSpec") or {}
    release = {"matchLabels": {"release": application.name}}
    selectors = {}
    for kind in ("serviceMonitor", "podMonitor", "probe", "rule"):
        everything = spec.get(f"{kind}SelectorNilUsesHelmValues", True) is False
        selectors[f"{kind}Selector"] = {} if everything else release
        selectors[f"{kind}NamespaceSelector"] = {}
    return {
        "apiVersion": "monitoring.coreos.com/v1",
        "kind": "Prometheus",
        "metadata": {
            "name": f"{application.name}-prometheus",
            "namespace": application.document["spec"]["destination"]["namespace"],
        },
        "spec": {
            **selectors,
            "version": version(),
            "evaluationInterval": "30s",
            "scrapeInterval": "30s",
        },
    }


def subject(ctx: Context, tree: Tree) -> Subject | None:
    """What a tree has; None where nobody monitors."""
    application = monitored(ctx, tree)
    if application is None:
        return None
    done = ctx.run_espalier(tree.spec_root, "show", "monitoring", "--format", "json")
    try:
        offered = json.loads(done.stdout)
        scrapes = offered["scrapes"]
    except ValueError:
        raise LookupError(
            f"`espalier show monitoring` said no JSON: {short(done.stderr, 300)}"
        ) from None
    pods = [
        Pod(
            it.namespace,
            f"{it.value['metadata']['name']}-0",
            template_of(it.value)["metadata"].get("labels", {}),
            ports_of(template_of(it.value)["spec"]),
        )
        for it in tree.of_kind(*RUNNING)
    ]
    made = ctx.charts.made(tree.name, tree.root)
    pods += [
        Pod(it.namespace, f"{it.thing['metadata']['name']}-0", it.labels, ports_of(it.pod))
        for it in made.values()
        if it.thing["kind"] in RUNNING and it.replicas
    ]
    # What no manifest here makes (a chart's, without charts; k3s' own): as the compiler has it.
    for row in scrapes:
        if not any(bears(it, row) for it in pods):
            ports = [("exporter", "", it["port"]) for it in scrapes if it["pods"] == row["pods"]]
            pods.append(Pod(row["namespace"], f"{row['pods']}-0", row["labels"], ports))
    for number, pod in enumerate(pods):
        pod.address = f"127.1.{number // 200}.{number % 200 + 1}"
    names = {it.namespace for it in tree.things} | {it.namespace for it in pods} | {"kube-system"}
    objects: dict[str, list[dict]] = {
        key: [taken(ctx, it.value) for it in tree.of_kind(kind)] for kind, key in MONITORS.items()
    }
    return Subject(
        tree,
        scrapes,
        offered["probes"],
        resource(application),
        pods,
        objects,
        [{"metadata": {"name": it}} for it in sorted(names) if it],
        (application.chart.get("helm") or {}).get("valuesObject") or {},
        bool(made),
    )


def taken(ctx: Context, value: dict) -> dict:
    """An object as the API server hands it out: with what its definition adds."""
    for it in ctx.definitions:
        if it["spec"]["names"]["kind"] == value["kind"]:
            for version in it["spec"]["versions"]:
                if value["apiVersion"].endswith(f"/{version['name']}"):
                    return defaulted(value, version["schema"]["openAPIV3Schema"])
    raise LookupError(f"nothing defines {value['kind']} {value['apiVersion']}")


def defaulted(value: Any, schema: dict) -> Any:
    """A value with the defaults of its schema, as the API server fills them in."""
    if isinstance(value, list):
        return [defaulted(it, schema.get("items") or {}) for it in value]
    if not isinstance(value, dict):
        return value
    known = schema.get("properties") or {}
    filled = {key: it["default"] for key, it in known.items() if "default" in it} | value
    return {key: defaulted(it, known.get(key) or {}) for key, it in filled.items()}


def bears(pod: Pod, row: dict) -> bool:
    """Whether a row of `show monitoring` speaks of a pod."""
    return pod.namespace == row["namespace"] and row["labels"].items() <= pod.labels.items()


class Stage:
    """One Prometheus with its exporters."""

    def __init__(self, ctx: Context, what: Subject, name: str) -> None:
        self.ctx, self.subject, self.name = ctx, what, name
        self.folder = ctx.fresh("prometheus")
        self.catalogue = read(ctx.root / "src/facts/metrics")
        self.exporters = Exporters()
        # What each exporter of the catalogue says, once for every place where it is asked.
        self.contents: dict[str, list[Content]] = {}
        self.made: dict[str, Any] = {}
        self.process: Process | None = None
        self.port = free_port()
        self.every = EVERY

    def exporter_of(self, row: dict) -> Exporter | None:
        """The catalogue's exporter behind a scraped port: it has the name of its pods."""
        labels = row["labels"]
        names = (row["pods"], *(labels.get(it) for it in ("app.kubernetes.io/name", "app")))
        known = [SERVES.get(it, it) for it in names]
        found = (self.catalogue[it] for it in known if it in self.catalogue)
        return next((it for it in found if it.target_labels != OF_PROBES), None)

    def probers(self) -> dict[str, str]:
        """Whom the probes ask, each with an address of this machine's."""
        urls = sorted({it["spec"]["prober"]["url"] for it in self.subject.objects["probes"]})
        return {url: f"{PROBERS}:{9000 + number}" for number, url in enumerate(urls)}

    def of_chart(self) -> list[tuple[str, dict[str, str]]]:
        """What the chart's monitors ask, each with the labels of its target."""
        return list(OF_CHART.items())

    def open(self) -> None:
        """The exporters, before anybody asks."""
        for row in self.subject.scrapes:
            exporter = self.exporter_of(row)
            content = Content(row["path"], exporter.usual() if exporter else [])
            name = exporter.name if exporter else f"{row['namespace']}/{row['pods']}"
            for pod in self.subject.pods:
                if bears(pod, row):
                    self.contents.setdefault(name, []).append(content)
                    secret = certificate(self.folder) if row["scheme"] == "https" else None
                    self.exporters.listen((pod.address, row["port"]), content, secret)
        for url, address in self.probers().items():
            for exporter in self.catalogue.values():
                if exporter.target_labels == OF_PROBES and exporter.name.startswith(
                    url.split(".")[0]
                ):
                    content = Content(PROBED_AT, exporter.usual())
                    self.contents.setdefault(exporter.name, []).append(content)
                    host, port = address.split(":")
                    self.exporters.listen((host, int(port)), content)
        for number, (name, _) in enumerate(self.of_chart()):
            content = Content("/metrics", self.catalogue[name].usual())
            self.contents.setdefault(name, []).append(content)
            self.exporters.listen((NODE, KUBELET + number), content)

    def configure(self) -> None:
        """The operator's part: which monitors and rules it takes, and what it makes of them."""
        given = {
            "prometheus": self.subject.prometheus,
            "namespaces": self.subject.namespaces,
            **self.subject.objects,
        }
        done = subprocess.run(
            [self.ctx.tool("operator")],
            input=json.dumps(given),
            capture_output=True,
            text=True,
            check=False,
        )
        if done.returncode:
            raise RuntimeError(f"prometheus-operator: {short(done.stderr, 300)}")
        self.made = json.loads(done.stdout)
        files = []
        for name, text in sorted((self.made["rules"] or {}).items()):
            file = self.folder / f"rules-{name}"
            file.write_text(json.dumps(hurried(yaml.safe_load(text))), encoding="utf-8")
            files.append(str(file))
        # The container beside Prometheus fills these in, by variables that the operator gives it.
        text = self.made["configuration"].replace("$(SHARD)", "0").replace("$(POD_NAME)", "pod-0")
        for url, address in self.probers().items():
            text = text.replace(f"replacement: {url}\n", f"replacement: {address}\n")
        configuration = yaml.safe_load(text)
        (self.folder / "prometheus.yaml").write_text(
            json.dumps(self.adapted(configuration, files)), encoding="utf-8"
        )

    def adapted(self, configuration: dict, rules: list[str]) -> dict:
        """The operator's configuration, with the pods of a file in place of an API server's."""
        configuration["global"] |= {
            "scrape_interval": self.every,
            "scrape_timeout": self.every,
            "evaluation_interval": self.every,
        }
        configuration["rule_files"] = rules
        configuration.pop("alerting", None)
        for number, one in enumerate(configuration["scrape_configs"]):
            one.pop("scrape_interval", None)
            one.pop("scrape_timeout", None)
            file = self.folder / f"pods-{number}.json"
            asked = one.pop("kubernetes_sd_configs", None)
            if asked is None:
                continue
            spaces = [name for it in asked for name in it.get("namespaces", {}).get("names", [])]
            pods = [it for it in self.subject.pods if not spaces or it.namespace in spaces]
            file.write_text(json.dumps([row for it in pods for row in it.found()]))
            one["file_sd_configs"] = [{"files": [str(file)]}]
        for number, (name, labels) in enumerate(self.of_chart()):
            usual = dict.fromkeys(self.catalogue[name].target_labels - {"instance", "job"}, name)
            configuration["scrape_configs"].append(
                {
                    "job_name": f"chart/{number}/{name}",
                    "honor_labels": self.catalogue[name].keeps,
                    "metric_relabel_configs": self.relabelled(name),
                    "static_configs": [
                        {
                            "targets": [f"{NODE}:{KUBELET + number}"],
                            "labels": {"job": name, **usual, **labels},
                        }
                    ],
                }
            )
        return configuration

    def relabelled(self, exporter: str) -> list[dict]:
        """What the tree's values keep of an exporter that the chart asks."""
        monitor = (self.subject.values.get("kubelet") or {}).get("serviceMonitor") or {}
        return [
            {UPPER.sub(lambda it: f"_{it[0].lower()}", key): value for key, value in one.items()}
            for one in monitor.get(RELABELLED.get(exporter, ""), [])
        ]

    def start(self, environment: dict | None = None) -> None:
        """Prometheus itself."""
        self.process = self.ctx.processes.start(
            f"prometheus-{self.name}",
            [
                self.ctx.tool("prometheus"),
                f"--config.file={self.folder}/prometheus.yaml",
                f"--storage.tsdb.path={self.folder}/data",
                f"--web.listen-address=127.0.0.1:{self.port}",
                "--log.level=warn",
                "--web.enable-admin-api",
            ],
            environment,
        )
        wait_until("Prometheus", self.ready, 90, self.process, 0.3)

    def ready(self) -> bool:
        """Whether it answers."""
        try:
            self.ask("query", query="vector(1)")
        except OSError:
            return False
        return True

    def ask(self, what: str, **words: str) -> Any:
        """A question to its API."""
        query = urllib.parse.urlencode(words)
        with urllib.request.urlopen(
            f"http://127.0.0.1:{self.port}/api/v1/{what}?{query}", timeout=20
        ) as answer:
            return json.load(answer)["data"]

    def close(self) -> None:
        """Ends everything."""
        if self.process:
            self.ctx.processes.stop(self.process)
        self.exporters.close()
