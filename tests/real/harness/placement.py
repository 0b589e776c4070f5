"""Puts the pods of a platform on a node with the real scheduler and says which of them it
places."""

from __future__ import annotations

import copy
import time
from typing import TYPE_CHECKING, Any

from .api import MERGE
from .cluster import Cluster
from .pods import Workload, pod_requests
from .stand_ins import declared, node, rendered, stand_in
from .trees import Thing

if TYPE_CHECKING:
    from .context import Context


MIB = 1 << 20
# Within this many seconds the scheduler has tried a waiting pod again (its settings below say one).
RETRY = 2.2
# What a pod needs to be made and placed; everything else in a tree says nothing to the scheduler.
KINDS = (
    "ServiceAccount",
    "ConfigMap",
    "Secret",
    "LimitRange",
    "ResourceQuota",
    "PriorityClass",
    "StorageClass",
    "PersistentVolumeClaim",
    "DaemonSet",
    "StatefulSet",
    "Deployment",
    "Job",
)
CONTROLLED = ("Deployment", "StatefulSet", "DaemonSet")
# k3s' own class.
STORAGE_CLASS: dict[str, Any] = {
    "apiVersion": "storage.k8s.io/v1",
    "kind": "StorageClass",
    "provisioner": "rancher.io/local-path",
    "metadata": {
        "name": "local-path",
        "annotations": {"storageclass.kubernetes.io/is-default-class": "true"},
    },
    "reclaimPolicy": "Delete",
    "volumeBindingMode": "WaitForFirstConsumer",
}


def storage_classes(objects: list[dict]) -> list[dict]:
    """The classes that claims ask for, beside k3s' own; the fakelet is the provisioner of all."""
    claims = [one["spec"] for one in objects if one["kind"] == "PersistentVolumeClaim"]
    claims += [
        claim["spec"]
        for one in objects
        for claim in one.get("spec", {}).get("volumeClaimTemplates", [])
    ]
    names = {claim["storageClassName"] for claim in claims if claim.get("storageClassName")} - {
        STORAGE_CLASS["metadata"]["name"]
    }
    return [{**STORAGE_CLASS, "metadata": {"name": name}} for name in sorted(names)]


def start(ctx: Context) -> Cluster:
    """A control plane with controllers, scheduler and the fake kubelet; a pod that waits is tried
    again after a second at most."""
    cluster = Cluster(ctx, "scheduler", with_=("kcm", "fakelet"))
    cluster.start()
    cluster.api.post("/apis/storage.k8s.io/v1/storageclasses", STORAGE_CLASS)
    settings = cluster.folder / "scheduler.yaml"
    settings.write_text(
        "apiVersion: kubescheduler.config.k8s.io/v1\nkind: "
        "KubeSchedulerConfiguration\nleaderElection: {leaderElect: false}\n"
        "clientConnection: "
        f"{{kubeconfig: {cluster.folder}/scheduler.kubeconfig, qps: 300, burst: 600}}\n"
        "podInitialBackoffSeconds: 1\npodMaxBackoffSeconds: 1\n"
    )
    cluster.launch("scheduler", "kube-scheduler", [f"--config={settings}", "--secure-port=0"])
    return cluster


class Platform:
    """The pods of one platform on a node of its own; namespaces get names of this case, so that
    cases do not wait for each other."""

    def __init__(
        self,
        cluster: Cluster,
        name: str,
        things: list[Thing],
        budget: dict,
        made: dict[str, Workload] | None = None,
    ):
        self.cluster, self.api, self.name, self.budget = cluster, cluster.api, name, budget
        self.node = f"node-{name}"
        self.nodes: list[str] = []
        self.namespaces = sorted(
            {self.renamed(one.namespace) for one in things if one.namespace}
            | {self.renamed("stand-ins")}
        )
        self.hosts = {
            (one.namespace, host)
            for one in things
            if one.value["kind"] == "Ingress"
            for tls in one.value["spec"].get("tls", [])
            for host in tls.get("hosts", [])
        }
        self.objects = [
            self.moved(one) for one in things if one.value["kind"] in (*KINDS, "Namespace")
        ]
        # A tenant's row sums up its pods, which the tree has, and what comes and goes beside them,
        # which it has not.
        self.tenants = {
            row["namespace"]: self.rest(row) for row in budget["pods"] if row["source"] == "tenant"
        }
        self.stand_ins = [
            row
            for row in budget["pods"]
            if row["source"] not in ("object", "tenant") and row["replicas"]
        ]
        # A Job of the tree comes and goes, and its row stands for it.
        transient = {row["workload"] for row in self.stand_ins}
        self.objects = [one for one in self.objects if self.workload(one) not in transient]
        self.stand_ins += [row for row in self.tenants.values() if row["request"] > 0]
        # What charts make, where there are real ones: these stand in for themselves.
        self.made = made or {}

    def workload(self, one: dict) -> str:
        """What the budget calls an object."""
        namespace = one["metadata"].get("namespace", "").removesuffix(f"-{self.name}")
        return f"{one['kind']}/{namespace}/{one['metadata']['name']}"

    def renamed(self, namespace: str) -> str:
        """The name of a namespace in this case."""
        return f"{namespace}-{self.name}"

    def moved(self, thing: Thing) -> dict:
        """An object in the namespace of this case."""
        value = copy.deepcopy(thing.value)
        if value["kind"] == "Namespace":
            value["metadata"]["name"] = self.renamed(value["metadata"]["name"])
        elif "namespace" in value["metadata"]:
            value["metadata"]["namespace"] = self.renamed(value["metadata"]["namespace"])
        return value

    def rest(self, row: dict) -> dict:
        """A tenant's row less the pods that the tree has for it."""
        memory, cpu = row["request"], row["cpuMillicores"]
        for one in self.objects:
            if one["kind"] in CONTROLLED and one["metadata"]["namespace"] == self.renamed(
                row["namespace"]
            ):
                replicas, spec = one["spec"].get("replicas", 1), one["spec"]["template"]["spec"]
                memory -= replicas * round(pod_requests(spec, "memory"))
                cpu -= replicas * round(pod_requests(spec, "cpu") * 1000)
        return {**row, "request": memory, "cpuMillicores": cpu}

    def tenants_counted(self) -> list[str]:
        """Where a tenant's row says something else than its pods and one ACME solver for each of
        its hosts."""
        solvers = [row for row in self.budget["pods"] if row["name"] == "acme-solver"]
        hosts: dict[str, set[str]] = {}
        for namespace, name in self.hosts:
            hosts.setdefault(namespace, set()).add(name)
        findings = []
        for namespace, rest in self.tenants.items():
            number = len(hosts.get(namespace, ()))
            for what in ("request", "cpuMillicores"):
                wanted = number * solvers[0][what] if solvers else 0
                if rest[what] != wanted:
                    findings.append(
                        f"tenant {namespace}: {what} is {rest[what] - wanted} more than its pods "
                        f"and {number} ACME solvers ask for"
                    )
        return findings

    def __enter__(self) -> Platform:
        return self

    def __exit__(self, *_: object) -> None:
        self.remove()

    def deploy(self, memory: int, cpu: int) -> None:
        """Makes the node and everything that makes pods."""
        specs = [
            one["spec"]["template"]["spec"] for one in self.objects if one["kind"] in CONTROLLED
        ]
        if "nodes" in self.budget:
            nodes = declared(self.node, self.budget["nodes"])
        else:
            # Of one node the spec does not say the labels: it has those that pods ask for.
            labels = {
                key: value for spec in specs for key, value in spec.get("nodeSelector", {}).items()
            }
            nodes = [
                node(self.node, cpu, memory, gpus=self.budget["node"].get("gpus", 0), labels=labels)
            ]
        self.nodes = [one["metadata"]["name"] for one in nodes]
        for one in nodes:
            self.api.post("/api/v1/nodes", one)
        for name in sorted(
            {spec["runtimeClassName"] for spec in specs if spec.get("runtimeClassName")}
        ):
            self.api.apply(
                {
                    "apiVersion": "node.k8s.io/v1",
                    "kind": "RuntimeClass",
                    "metadata": {"name": name},
                    "handler": name,
                }
            )
        for one in storage_classes(self.objects):
            self.api.apply(one)
        there = {one["metadata"]["name"] for one in self.objects if one["kind"] == "Namespace"}
        for namespace in self.namespaces:
            if namespace not in there:
                self.api.post(
                    "/api/v1/namespaces",
                    {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": namespace}},
                )
        order = ("Namespace", *KINDS)
        for one in sorted(self.objects, key=lambda one: order.index(one["kind"])):
            answer = self.api.apply(one)
            if answer.refused:
                raise RuntimeError(f"{one['kind']}/{one['metadata']['name']}: {answer.message}")
        for number, row in enumerate(self.stand_ins):
            self.stand(row, f"s{number}")

    def stand(self, row: dict, name: str) -> None:
        """Makes what stands in for a row."""
        namespace, made = self.renamed("stand-ins"), self.made.get(row["workload"])
        thing = (
            rendered(made, name, namespace, row["replicas"])
            if made
            else stand_in(row, name, namespace)
        )
        answer = self.api.apply(thing)
        if answer.refused:
            raise RuntimeError(f"{row['workload']} as {name}: {answer.message}")

    def expected(self) -> int:
        """How many pods there are when all is well."""
        own = sum(
            one["spec"].get("replicas", 1) for one in self.objects if one["kind"] in CONTROLLED
        )
        jobs = sum(
            one["spec"].get("completions", 1) for one in self.objects if one["kind"] == "Job"
        )
        return own + jobs + sum(row["replicas"] for row in self.stand_ins)

    def pods(self) -> list[dict]:
        """All pods of this case that are not on their way out."""
        return [
            one
            for one in self.api.get("/api/v1/pods")["items"]
            if one["metadata"]["namespace"] in self.namespaces
        ]

    def waiting(self, pods: list[dict]) -> list[str]:
        """The pods for which the scheduler found no place, with its words."""
        return [
            f"{one['metadata']['name']}: {it.get('message', it.get('reason', ''))}"
            for one in pods
            if not one["spec"].get("nodeName")
            for it in one.get("status", {}).get("conditions", [])
            if it["type"] == "PodScheduled" and it["status"] == "False"
        ]

    def settle(
        self, expected: int | None = None, seconds: float = 30, patience: float = 0.7
    ) -> list[str]:
        """Waits until every pod is placed (then nothing is returned) or until it is plain that some
        are not: those are returned.

        Plain means that nothing has changed for `patience` seconds; after a change of the node that
        is RETRY at least.
        """
        expected = self.expected() if expected is None else expected
        deadline, since, before = time.monotonic() + seconds, time.monotonic(), None
        while True:
            pods = [one for one in self.pods() if not one["metadata"].get("deletionTimestamp")]
            placed = sum(bool(one["spec"].get("nodeName")) for one in pods)
            waiting = self.waiting(pods)
            if placed == len(pods) == expected:
                return []
            state = (placed, len(pods), len(waiting))
            if state != before:
                before, since = state, time.monotonic()
            if (
                waiting
                and placed + len(waiting) == len(pods)
                and time.monotonic() - since > patience
            ):
                return waiting
            if time.monotonic() > deadline:
                self.cluster.check()
                return waiting or [
                    (
                        f"{placed} of {len(pods)} pods placed, {expected} expected, after "
                        f"{seconds:.0f} s"
                    )
                ]
            time.sleep(0.05)

    def resize(self, memory: int, cpu: int | None = None) -> None:
        """Changes what the node has to give, as a kubelet would report it."""
        room = {"memory": str(memory)} | ({"cpu": f"{cpu}m"} if cpu else {})
        self.api.must(
            "PATCH",
            f"/api/v1/nodes/{self.node}/status",
            {"status": {"allocatable": room, "capacity": room}},
            MERGE,
        )

    def counted(self) -> list[str]:
        """Where the budget's rows about the tree's own workloads say something else than the pods
        that the controllers made of them."""
        made: dict[str, list[dict]] = {}
        for one in self.pods():
            namespace = one["metadata"]["namespace"].removesuffix(f"-{self.name}")
            owner = one["metadata"].get(
                "ownerReferences", [{"kind": "Pod", "name": one["metadata"]["name"]}]
            )[0]
            kind, name = owner["kind"], owner["name"]
            if kind == "ReplicaSet":
                kind, name = "Deployment", name.rpartition("-")[0]
            if namespace != "stand-ins" and namespace not in self.tenants:
                made.setdefault(f"{kind}/{namespace}/{name}", []).append(one)
        rows = {
            row["workload"]: row
            for row in self.budget["pods"]
            if row["source"] == "object" and row["replicas"]
        }
        findings = self.tenants_counted()
        findings += [
            f"{workload}: pods but no row in the budget"
            for workload in sorted(set(made) - set(rows))
        ]
        for workload, row in rows.items():
            pods = made.get(workload, [])
            if len(pods) != row["replicas"]:
                findings.append(f"{workload}: {len(pods)} pods, the budget says {row['replicas']}")
            for one in pods[:1]:
                memory, cpu = (
                    pod_requests(one["spec"], "memory"),
                    pod_requests(one["spec"], "cpu") * 1000,
                )
                if memory != row["request"]:
                    findings.append(
                        f"{workload}: a pod asks for {memory:.0f} bytes, the budget says "
                        f"{row['request']}"
                    )
                gpus = pod_requests(one["spec"], "nvidia.com/gpu")
                if gpus != row.get("gpus", 0):
                    findings.append(
                        f"{workload}: a pod asks for {gpus:.0f} GPUs, the budget says "
                        f"{row.get('gpus', 0)}"
                    )
                if round(cpu) != row["cpuMillicores"]:
                    findings.append(
                        f"{workload}: a pod asks for {cpu:.0f}m CPU, the budget says "
                        f"{row['cpuMillicores']}m"
                    )
        return findings

    def surging(self) -> str | None:
        """The path of the Deployment whose rolling update needs the most room beside the others, as
        the budget's rows have it."""
        rows = [row for row in self.budget["pods"] if row.get("surge") and row["replicas"]]
        if not rows:
            return None
        row = max(rows, key=lambda one: one["request"])
        if row in self.stand_ins:
            return self.path_of(row)
        _, namespace, name = row["workload"].split("/")
        return f"/apis/apps/v1/namespaces/{self.renamed(namespace)}/deployments/{name}"

    def path_of(self, row: dict) -> str:
        """The path of the Deployment that stands in for a row."""
        namespace, number = self.renamed("stand-ins"), self.stand_ins.index(row)
        return f"/apis/apps/v1/namespaces/{namespace}/deployments/s{number}"

    def roll(self, path: str) -> None:
        """Starts a rolling update."""
        self.api.patch(
            path,
            {
                "spec": {
                    "template": {"metadata": {"annotations": {"rolled": str(time.monotonic_ns())}}}
                }
            },
        )

    def done(self, path: str) -> bool:
        """Whether a rolling update has ended."""
        one = self.api.get(path)
        status, wanted = one.get("status", {}), one["spec"].get("replicas", 1)
        return (
            status.get("observedGeneration", 0) >= one["metadata"]["generation"]
            and status.get("updatedReplicas", 0) == wanted
            and status.get("replicas", 0) == wanted
            and status.get("availableReplicas", 0) == wanted
        )

    def stuck(self, path: str, seconds: float = 15) -> bool:
        """Whether a rolling update comes to a pod that finds no place before it comes to its
        end."""
        deadline = time.monotonic() + seconds
        while time.monotonic() < deadline:
            if self.waiting(self.pods()):
                return True
            if self.done(path):
                return False
            time.sleep(0.05)
        raise RuntimeError(f"a rolling update neither waits nor ends within {seconds:.0f} s")

    def rolled(self, path: str, seconds: float = 30) -> bool:
        """Whether a rolling update comes to its end; a pod that goes on waiting says that it does
        not."""
        deadline, since = time.monotonic() + seconds, time.monotonic()
        while time.monotonic() < deadline:
            if self.done(path):
                return True
            if not self.waiting(self.pods()):
                since = time.monotonic()
            elif time.monotonic() - since > 2 * RETRY:
                return False
            time.sleep(0.05)
        self.cluster.check()
        return False

    def remove(self) -> None:
        """Takes away the pods, whatever would make them anew, and the node; the rest goes with the
        control plane."""
        now = {
            "kind": "DeleteOptions",
            "apiVersion": "v1",
            "gracePeriodSeconds": 0,
            "propagationPolicy": "Background",
        }
        for namespace in self.namespaces:
            for makers in ("deployments", "statefulsets", "daemonsets", "replicasets"):
                self.api.delete(f"/apis/apps/v1/namespaces/{namespace}/{makers}", now)
            self.api.delete(f"/apis/batch/v1/namespaces/{namespace}/jobs", now)
        deadline, gone = time.monotonic() + 20, 0
        while gone < 2 and time.monotonic() < deadline:
            there = {one["metadata"]["namespace"] for one in self.pods()}
            for namespace in there:
                self.api.delete(f"/api/v1/namespaces/{namespace}/pods", now)
            gone = 0 if there else gone + 1
            time.sleep(0.05)
        for name in self.nodes:
            self.api.delete(f"/api/v1/nodes/{name}")
