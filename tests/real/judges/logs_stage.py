"""A node as Alloy meets it: pods of the tree at a real API server, their log files as the kubelet
lays them, Alloy itself with the tree's configuration, and VictoriaLogs where Loki would be."""

from __future__ import annotations

import json
import os
import threading
import time
import urllib.error
import urllib.parse
import urllib.request
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

from harness.cluster import Cluster
from harness.context import Context
from harness.node_platform import containers_of, labels_of, template_of
from harness.processes import Process, free_port, wait_until
from harness.trees import Tree

from .logs_journal import Journal

NODE = "node-1"
RUNNING = ("Deployment", "StatefulSet", "DaemonSet")
# Where the tree's configuration sends lines, by the name that pods look up.
LOKI, LOKI_PORT, PUSH = "loki.monitoring.svc.cluster.local", 3100, "/loki/api/v1/push"
# What the node's log folder is mounted as where the chart's values ask for it.
LOGS = "/var/log"
# A mount namespace with the folders that the pod would have: the first word is a file with a line a
# folder, its source and where it is mounted.
IN_A_POD = (
    'mount -t tmpfs none /var/lib && while read -r from to; do { [ -e "$to" ] || mkdir -p "$to"; } '
    '&& mount --bind "$from" "$to" || exit 1; done < "$0" && exec "$@"'
)
# The container runtime breaks lines here.
PIECE = 16 << 10


@dataclass
class Speaker:
    """A pod of the tree, as far as its log is concerned."""

    namespace: str
    pod: str
    labels: dict[str, str]
    containers: list[str]
    uid: str = ""

    def app(self, container: str) -> str:
        """What its lines are found by: its name for what runs in it."""
        for key in ("app.kubernetes.io/name", "k8s-app", "app"):
            if self.labels.get(key):
                return self.labels[key]
        return container


def speakers(ctx: Context, tree: Tree) -> list[Speaker]:
    """One pod of each workload of the tree, of its charts and of k3s."""
    found = [
        Speaker(
            it.namespace,
            f"{it.value['metadata']['name']}-0",
            template_of(it.value)["metadata"].get("labels", {}),
            [one["name"] for one in containers_of(template_of(it.value))],
        )
        for it in tree.of_kind(*RUNNING)
    ]
    made = ctx.charts.made(tree.name, tree.root)
    found += [
        Speaker(
            it.namespace,
            f"{it.thing['metadata']['name']}-0",
            it.labels,
            [one["name"] for one in it.containers],
        )
        for it in made.values()
        if it.thing["kind"] in RUNNING and it.replicas
    ]
    there = {(it.namespace, it.pod) for it in found}
    for row in ctx.budget(tree.spec_root)["pods"]:
        of_tree = row["source"] in ("object", "tenant")
        name = f"{row['name']}-0"
        if of_tree or not row["replicas"] or (row["namespace"], name) in there:
            continue
        found.append(Speaker(row["namespace"], name, labels_of(tree, row), [row["name"]]))
    return found


def written(moment: datetime) -> str:
    """A time as the container runtime writes it."""
    return moment.strftime("%Y-%m-%dT%H:%M:%S.%f") + "000Z"


def lines(moment: datetime, text: str) -> str:
    """A line of a program as the container runtime writes it: in pieces, where it is long."""
    pieces = [text[at : at + PIECE] for at in range(0, len(text), PIECE)] or [""]
    tags = ["P"] * (len(pieces) - 1) + ["F"]
    return "".join(
        f"{written(moment)} stdout {tag} {piece}\n" for tag, piece in zip(tags, pieces, strict=True)
    )


class Clock:
    """Times that differ, all within the last minute."""

    def __init__(self) -> None:
        self.next = datetime.now(UTC) - timedelta(seconds=50)

    def tick(self) -> datetime:
        """The next one."""
        self.next += timedelta(milliseconds=1)
        return self.next


class Way(BaseHTTPRequestHandler):
    """Takes what is sent to Loki, and hands it to VictoriaLogs, which takes it at another path."""

    store: str

    def do_POST(self) -> None:
        """One batch."""
        body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        status = 404
        if self.path == PUSH:
            kept = ("Content-Type", "Content-Encoding")
            headers = {key: self.headers[key] for key in kept if self.headers[key]}
            # What is in a line stays there, as Loki keeps it.
            url = f"{self.store}/insert{PUSH}?disable_message_parsing=1"
            request = urllib.request.Request(url, body, headers)
            try:
                with urllib.request.urlopen(request, timeout=20) as answer:
                    status = answer.status
            except urllib.error.HTTPError as refusal:
                status = refusal.code
        self.send_response(status)
        self.send_header("Content-Length", "0")
        self.end_headers()

    def log_message(self, *_: object) -> None:
        """It says nothing."""


@dataclass
class Line:
    """What a query finds."""

    text: str
    time: str
    # What it is found by.
    labels: dict[str, str]
    # What stands beside it.
    beside: dict[str, str] = field(default_factory=dict)


class Node:
    """A node with Alloy, and the store that it sends to."""

    def __init__(self, ctx: Context, cluster: Cluster, tree: Tree, values: dict) -> None:
        self.ctx, self.cluster, self.tree, self.values = ctx, cluster, tree, values
        self.folder = ctx.fresh("logs")
        self.speakers = speakers(ctx, tree)
        self.store_url = f"http://127.0.0.1:{free_port()}"
        self.alloy: Process | None = None
        self.store: Process | None = None
        self.way: ThreadingHTTPServer | None = None
        self.log = self.folder / "node-logs"
        self.mounts = self.mounted()
        self.journal = Journal(ctx, self.log)

    def mounted(self) -> dict[str, Path]:
        """The folders of the node that the pod has, by where it has them."""
        alloy = self.values["alloy"]
        folders = {it["mountPath"]: self.folder / "node" / it["name"] for it in extra(alloy)}
        if alloy.get("mounts", {}).get("varlog"):
            folders[LOGS] = self.log
        for folder in (*folders.values(), self.log / "pods"):
            folder.mkdir(parents=True, exist_ok=True)
        return folders

    def register(self) -> None:
        """The pods, at the API server: with an address, as they have once they run."""
        api = self.cluster.api
        spaces = {it.namespace for it in self.speakers} | {self.namespace}
        for space in sorted(spaces):
            of = {"apiVersion": "v1", "metadata": {"name": space}}
            api.apply({**of, "kind": "Namespace"})
            account = {"name": "default", "namespace": space}
            api.apply({**of, "kind": "ServiceAccount", "metadata": account})
        for number, one in enumerate(self.speakers):
            path = f"/api/v1/namespaces/{one.namespace}/pods"
            names = dict.fromkeys(one.containers)
            pod = {
                "apiVersion": "v1",
                "kind": "Pod",
                "metadata": {"name": one.pod, "labels": one.labels},
                "spec": {
                    "nodeName": NODE,
                    "containers": [
                        # Two ports: discovery then tells of the container twice.
                        {
                            "name": it,
                            "image": "x",
                            "ports": [{"containerPort": 9000}, {"containerPort": 9001}],
                        }
                        for it in names
                    ],
                },
            }
            api.request("DELETE", f"{path}/{one.pod}?gracePeriodSeconds=0")
            one.uid = api.post(path, pod)["metadata"]["uid"]
            address = f"10.42.{number // 250}.{number % 250 + 2}"
            status = {"phase": "Running", "podIP": address, "podIPs": [{"ip": address}]}
            kind = "application/merge-patch+json"
            api.must("PATCH", f"{path}/{one.pod}/status", {"status": status}, kind)

    @property
    def namespace(self) -> str:
        """Where Alloy runs."""
        return "node-agents"

    def account(self, rules: list[dict]) -> str:
        """Alloy's own account, with the rights that the values give it; its token."""
        api, name = self.cluster.api, {"name": "alloy"}
        rbac = "rbac.authorization.k8s.io"
        mine = {"name": "alloy", "namespace": self.namespace}
        api.apply({"apiVersion": "v1", "kind": "ServiceAccount", "metadata": mine})
        of = {"apiVersion": f"{rbac}/v1", "metadata": name}
        api.apply({**of, "kind": "ClusterRole", "rules": rules})
        api.apply(
            {
                **of,
                "kind": "ClusterRoleBinding",
                "roleRef": {"apiGroup": rbac, "kind": "ClusterRole", **name},
                "subjects": [{"kind": "ServiceAccount", **mine}],
            }
        )
        path = f"/api/v1/namespaces/{self.namespace}/serviceaccounts/alloy/token"
        kind = {"apiVersion": "authentication.k8s.io/v1", "kind": "TokenRequest", "spec": {}}
        return api.post(path, kind)["status"]["token"]

    def file(self, one: Speaker, container: str) -> Path:
        """The log of a container, where the kubelet has it."""
        name = f"{one.namespace}_{one.pod}_{one.uid}"
        folder = self.log / "pods" / name / container
        folder.mkdir(parents=True, exist_ok=True)
        return folder / "0.log"

    def say(self, one: Speaker, container: str, moment: datetime, text: str) -> None:
        """A line of a container."""
        with self.file(one, container).open("a", encoding="utf-8") as file:
            file.write(lines(moment, text))

    def open(self) -> None:
        """The store, and the way to it."""
        self.store = self.ctx.processes.start(
            f"victorialogs-{self.tree.name.replace('/', '-')}",
            [
                self.ctx.tool("victoria-logs"),
                f"-storageDataPath={self.folder}/store",
                f"-httpListenAddr={self.store_url.removeprefix('http://')}",
                # What is too old for Loki has to be left out before.
                "-retentionPeriod=100y",
                "-loggerLevel=WARN",
            ],
        )
        wait_until("VictoriaLogs", self.ready, 60, self.store, 0.3)
        handler = type("Handler", (Way,), {"store": self.store_url})
        self.way = ThreadingHTTPServer(("127.0.0.1", LOKI_PORT), handler)
        threading.Thread(target=self.way.serve_forever, daemon=True).start()

    def ready(self) -> bool:
        """Whether the store answers."""
        try:
            with urllib.request.urlopen(f"{self.store_url}/health", timeout=5) as answer:
                return answer.status == 200
        except OSError:
            return False

    def start(self, configuration: str, token: str, storage: str) -> None:
        """Alloy, as its pod would be: its folders, its account, its node's name."""
        pod = self.folder / "pod"
        account = pod / "run/secrets/kubernetes.io/serviceaccount"
        account.mkdir(parents=True, exist_ok=True)
        (account / "token").write_text(token, encoding="utf-8")
        (account / "ca.crt").write_bytes(self.cluster.ca.read_bytes())
        (account / "namespace").write_text(self.namespace, encoding="utf-8")
        (pod / "hosts").write_text(f"127.0.0.1 localhost {LOKI}\n", encoding="utf-8")
        (pod / "config.alloy").write_text(configuration, encoding="utf-8")
        mounts = {
            os.path.realpath("/var/run"): pod / "run",
            "/etc/hosts": pod / "hosts",
            **self.mounts,
        }
        table = "".join(f"{source} {place}\n" for place, source in mounts.items())
        (pod / "mounts").write_text(table, encoding="utf-8")
        host, port = self.cluster.url.removeprefix("https://").rsplit(":", 1)
        self.alloy = self.ctx.processes.start(
            f"alloy-{self.tree.name.replace('/', '-')}",
            [
                *("unshare", "--mount", "sh", "-c", IN_A_POD, pod / "mounts"),
                # Its image has systemd's library where every program finds it.
                *("env", f"LD_LIBRARY_PATH={self.ctx.manifest['journal']}"),
                *(self.ctx.tool("alloy"), pod / "config.alloy", storage),
            ],
            {
                "HOSTNAME": NODE,
                "KUBERNETES_SERVICE_HOST": host,
                "KUBERNETES_SERVICE_PORT": port,
            },
            log=self.folder / "alloy.log",
        )

    def refusal(self) -> str:
        """What Alloy said when it ended by itself."""
        if self.alloy is None or self.alloy.alive():
            return ""
        return self.alloy.tail(12)

    def stop_alloy(self) -> None:
        """Ends Alloy, which writes down how far it has read."""
        if self.alloy:
            self.ctx.processes.stop(self.alloy, patience=20)
            self.alloy = None

    def ask(self, query: str) -> list[Line]:
        """What the store finds."""
        with urllib.request.urlopen(f"{self.store_url}/internal/force_flush", timeout=20):
            pass
        body = urllib.parse.urlencode({"query": query, "limit": "100000"}).encode()
        url = f"{self.store_url}/select/logsql/query"
        with urllib.request.urlopen(url, body, timeout=60) as answer:
            return [line_of(json.loads(it)) for it in answer.read().splitlines() if it]

    def close(self) -> None:
        """Ends everything."""
        self.stop_alloy()
        if self.way:
            self.way.shutdown()
            self.way.server_close()
        if self.store:
            self.ctx.processes.stop(self.store)


def extra(alloy: dict[str, Any]) -> list[dict]:
    """The folders of the node that the values add."""
    return alloy.get("mounts", {}).get("extra") or []


def stream(text: str) -> dict[str, str]:
    """The labels of a stream as the store writes them: `{a="b",c="d"}`."""
    found = {}
    for part in text.strip("{}").split('",'):
        key, _, value = part.partition('="')
        if key:
            found[key] = value.rstrip('"')
    return found


def line_of(row: dict[str, str]) -> Line:
    """A line of the store's answer."""
    labels = stream(row.get("_stream", "{}"))
    beside = {
        key: value for key, value in row.items() if not key.startswith("_") and key not in labels
    }
    return Line(row.get("_msg", ""), row.get("_time", ""), labels, beside)


def until(ready: Any, seconds: float) -> bool:
    """Waits for something, for so long at most."""
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        if ready():
            return True
        time.sleep(0.5)
    return bool(ready())
