"""What is on a node beside the tree: what k3s brings, volumes, Secrets that are opened by hand, stand-ins for the pods of charts."""

import base64
import re
import shutil
import threading
import urllib.parse
from pathlib import Path

from .api import Api
from .node_images import COREDNS, STANDIN
from .trees import Tree

PROVISIONER = "rancher.io/local-path"
# What a node's API server takes as it is; the kinds of charts (and what k3s makes of HelmChartConfig) are left to the other judges.
ORDER = ("Namespace", "PriorityClass", "ResourceQuota", "LimitRange", "NetworkPolicy", "ServiceAccount", "Role", "ClusterRole",
         "RoleBinding", "ClusterRoleBinding", "ConfigMap", "Secret", "PersistentVolumeClaim", "Service", "PodDisruptionBudget",
         "StatefulSet", "Deployment", "DaemonSet", "CronJob", "Ingress")
WORKLOADS = ("StatefulSet", "Deployment", "DaemonSet")
RESTRICTED = {"allowPrivilegeEscalation": False, "capabilities": {"drop": ["ALL"]}, "readOnlyRootFilesystem": True}
COREFILE = """.:53 {
    errors
    health
    ready
    kubernetes cluster.local in-addr.arpa ip6.arpa {
        pods insecure
        fallthrough in-addr.arpa ip6.arpa
    }
    hosts /etc/coredns/NodeHosts {
        ttl 60
        reload 15s
        fallthrough
    }
    prometheus :9153
    cache 30
    loop
    reload
    loadbalance
    forward . /etc/resolv.conf
}
"""
OUTSIDE = "203.0.113.10 registry.ollama.ai\n"


def named(api_version: str, kind: str, name: str, namespace: str = "", **more) -> dict:
    """An object."""
    place = {"namespace": namespace} if namespace else {}
    return {"apiVersion": api_version, "kind": kind, "metadata": {"name": name, **place, **more.pop("metadata", {})}, **more}


def base_objects() -> list[dict]:
    """The class of volumes, CoreDNS with its Service, and what kube-proxy may read."""
    rights, system = "rbac.authorization.k8s.io/v1", "kube-system"

    def binding(role: str, subject: dict) -> dict:
        return named(rights, "ClusterRoleBinding", role, subjects=[subject],
                     roleRef={"apiGroup": "rbac.authorization.k8s.io", "kind": "ClusterRole", "name": role})

    labels = {"k8s-app": "kube-dns"}
    ports = [("dns", 53, "UDP"), ("dns-tcp", 53, "TCP")]
    return [
        named("storage.k8s.io/v1", "StorageClass", "local-path", provisioner=PROVISIONER, reclaimPolicy="Delete",
              volumeBindingMode="WaitForFirstConsumer",
              metadata={"annotations": {"storageclass.kubernetes.io/is-default-class": "true"}}),
        binding("system:node-proxier", {"kind": "User", "name": "system:kube-proxy", "apiGroup": "rbac.authorization.k8s.io"}),
        named(rights, "ClusterRole", "coredns", rules=[
            {"apiGroups": [""], "resources": ["endpoints", "services", "pods", "namespaces"], "verbs": ["list", "watch"]},
            {"apiGroups": ["discovery.k8s.io"], "resources": ["endpointslices"], "verbs": ["list", "watch"]}]),
        binding("coredns", {"kind": "ServiceAccount", "name": "coredns", "namespace": system}),
        named("v1", "ServiceAccount", "coredns", system),
        named("v1", "ConfigMap", "coredns", system, data={"Corefile": COREFILE, "NodeHosts": OUTSIDE}),
        named("apps/v1", "Deployment", "coredns", system, metadata={"labels": labels}, spec={
            "selector": {"matchLabels": labels}, "template": {"metadata": {"labels": labels}, "spec": {
                "serviceAccountName": "coredns", "priorityClassName": "system-cluster-critical", "dnsPolicy": "Default",
                "tolerations": [{"key": "CriticalAddonsOnly", "operator": "Exists"}],
                "containers": [{
                    "name": "coredns", "image": COREDNS, "args": ["-conf", "/etc/coredns/Corefile"],
                    "ports": [{"containerPort": port, "name": name, "protocol": protocol} for name, port, protocol in ports],
                    "resources": {"limits": {"memory": "170Mi"}, "requests": {"cpu": "100m", "memory": "70Mi"}},
                    "livenessProbe": {"httpGet": {"path": "/health", "port": 8080}, "initialDelaySeconds": 60, "failureThreshold": 3},
                    "readinessProbe": {"httpGet": {"path": "/ready", "port": 8181}, "periodSeconds": 2},
                    "securityContext": {**RESTRICTED, "capabilities": {"add": ["NET_BIND_SERVICE"], "drop": ["ALL"]}},
                    "volumeMounts": [{"name": "config", "mountPath": "/etc/coredns", "readOnly": True}]}],
                "volumes": [{"name": "config", "configMap": {"name": "coredns"}}]}}}),
        named("v1", "Service", "kube-dns", system, metadata={"labels": labels}, spec={
            "clusterIP": "10.43.0.10", "selector": labels,
            "ports": [{"name": name, "port": port, "protocol": protocol} for name, port, protocol in ports]}),
    ]


class Provisioner(threading.Thread):
    """What k3s' provisioner does: a folder that everybody may write for a claim whose pod has a node, and its end with the claim."""

    def __init__(self, api: Api, folder: Path):
        super().__init__(name="provisioner", daemon=True)
        self.api, self.folder, self.ended = Api(f"https://{api.host}:{api.port}", api.token, ""), folder, threading.Event()
        self.api.tls = api.tls

    def run(self) -> None:
        while not self.ended.wait(0.3):
            try:
                self.look()
            except Exception:  # pylint: disable=broad-except
                # The API server may be away for a while; pods without a volume are found out by whoever waits for them.
                continue

    def look(self) -> None:
        """One round."""
        classes = {one["metadata"]["name"] for one in self.api.get("/apis/storage.k8s.io/v1/storageclasses")["items"]
                   if one["provisioner"] == PROVISIONER}
        for claim in self.api.get("/api/v1/persistentvolumeclaims")["items"]:
            node = claim["metadata"].get("annotations", {}).get("volume.kubernetes.io/selected-node")
            if claim["spec"].get("storageClassName") in classes and not claim["spec"].get("volumeName") and node:
                self.make(claim, node)
        for volume in self.api.get("/api/v1/persistentvolumes")["items"]:
            if volume.get("status", {}).get("phase") == "Released":
                shutil.rmtree(self.folder / Path(volume["spec"]["hostPath"]["path"]).name, ignore_errors=True)
                self.api.delete(f"/api/v1/persistentvolumes/{volume['metadata']['name']}")

    def make(self, claim: dict, node: str) -> None:
        """A folder and the volume that names it."""
        about = claim["metadata"]
        name = f"pvc-{about['uid']}"
        folder = self.folder / f"{name}_{about['namespace']}_{about['name']}"
        folder.mkdir(parents=True, exist_ok=True)
        folder.chmod(0o777)
        self.api.apply(named("v1", "PersistentVolume", name, metadata={
            "annotations": {"pv.kubernetes.io/provisioned-by": PROVISIONER}}, spec={
                "accessModes": claim["spec"]["accessModes"], "capacity": {"storage": claim["spec"]["resources"]["requests"]["storage"]},
                "persistentVolumeReclaimPolicy": "Delete", "storageClassName": claim["spec"]["storageClassName"],
                "volumeMode": "Filesystem", "hostPath": {"path": f"/var/lib/rancher/k3s/storage/{folder.name}", "type": "DirectoryOrCreate"},
                "claimRef": {"apiVersion": "v1", "kind": "PersistentVolumeClaim", "name": about["name"],
                             "namespace": about["namespace"], "uid": about["uid"]},
                "nodeAffinity": {"required": {"nodeSelectorTerms": [{"matchExpressions": [
                    {"key": "kubernetes.io/hostname", "operator": "In", "values": [node]}]}]}}}))

    def stop(self) -> None:
        """No round after this one."""
        self.ended.set()
        self.join(10)


def template_of(value: dict) -> dict:
    """The pod template of a workload."""
    spec = value["spec"]
    return spec["jobTemplate"]["spec"]["template"] if value["kind"] == "CronJob" else spec["template"]


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


def secrets_of(tree: Tree) -> list[dict]:
    """The Secrets that the controller would open, and those that people make by hand, with values of their own but the composed ones."""
    found: dict[tuple[str, str], dict[str, str]] = {}
    for thing in tree.of_kind("SealedSecret"):
        spec = thing.value["spec"]
        plain = {key: f"p'w\"x-{key}" for key in spec["encryptedData"]}
        composed = {key: re.sub(r"{{ *\.(\w+) *\| *urlquery *}}", lambda it: urllib.parse.quote(plain[it[1]], safe=""), text)
                    for key, text in spec.get("template", {}).get("data", {}).items()}
        found[thing.namespace, thing.value["metadata"]["name"]] = plain | composed
    for (space, name), keys in wanted_keys(workloads(tree)).items():
        if (space, name) not in found:
            found[space, name] = {key: by_hand(tree, space, key) for key in keys}
    return [named("v1", "Secret", name, space, data={key: base64.b64encode(text.encode()).decode() for key, text in values.items()})
            for (space, name), values in found.items()]


def by_hand(tree: Tree, space: str, key: str) -> str:
    """The value of a key that nothing seals."""
    servers = [thing.value["metadata"]["name"] for thing in tree.of_kind("Service") if "postgresql" in thing.value["metadata"]["name"]]
    if key == "url" and servers:
        return f"postgresql://openwebui:by-hand@{servers[0]}.{space}.svc.cluster.local:5432/openwebui"
    return f"by-hand-{key}"


def objects_of(tree: Tree) -> list[dict]:
    """The objects of a tree that a node runs, in the order in which they can be made, with their Secrets."""
    things = [thing.value for thing in tree.things if thing.value["kind"] in ORDER and not thing.by_hand]
    return sorted([*things, *secrets_of(tree)], key=lambda one: ORDER.index(one["kind"]))


def labels_of(tree: Tree, row: dict) -> dict:
    """The labels by which the tree's policies know the pods of a row; those of nobody where no policy does."""
    best: dict = {}
    longest = 0
    for thing in tree.of_kind("NetworkPolicy"):
        name = thing.value["metadata"]["name"].removeprefix("allow-")
        if thing.namespace == row["namespace"] and (row["name"] == name or row["name"].endswith(f"-{name}")) and len(name) > longest:
            best, longest = thing.value["spec"]["podSelector"].get("matchLabels", {}), len(name)
    return best or {"app.kubernetes.io/name": row["name"]}


def ports_of(flows: list[dict], row: dict) -> list[str]:
    """Where others may reach the pods of a row, as `show flows` has it."""
    ends = {f"{row['namespace']}/{row['name']}"} | {flow["to"] for flow in flows if flow["to"].partition("/")[0] == row["namespace"]
                                                    and row["name"].endswith(f"-{flow['to'].partition('/')[2]}")}
    ports = {(flow["port"], flow["protocol"]) for flow in flows if flow["to"] in ends}
    return [f"udp:{port}" if protocol == "UDP" else str(port) for port, protocol in sorted(ports)]


def stand_ins(tree: Tree, budget: dict, flows: list[dict]) -> list[dict]:
    """Deployments for the pods that charts, k3s and Jobs make, as the compiler declares them; CoreDNS is there already."""
    found = []
    for row in budget["pods"]:
        if row["source"] in ("object", "tenant") or row["name"] == "coredns" or not row["replicas"]:
            continue
        labels, ports = {**labels_of(tree, row), "stand-in": row["name"]}, ports_of(flows, row) or ["9999"]
        tcp = next((port for port in ports if port.isdigit()), "9999")
        surge = {"type": "RollingUpdate", "rollingUpdate": {"maxSurge": row["surge"], "maxUnavailable": 0}}
        strategy = surge if row["surge"] else {"type": "Recreate"}
        limits = {"limits": {"memory": str(row["limit"])}} if row.get("limit") else {}
        found.append(named("apps/v1", "Deployment", f"stand-in-{row['name']}", row["namespace"], spec={
            "replicas": row["replicas"], "selector": {"matchLabels": labels}, "strategy": strategy,
            "template": {"metadata": {"labels": labels}, "spec": {
                "automountServiceAccountToken": False, "enableServiceLinks": False,
                "securityContext": {"runAsNonRoot": True, "runAsUser": 1000, "runAsGroup": 1000,
                                    "seccompProfile": {"type": "RuntimeDefault"},
                                    "sysctls": [{"name": "net.ipv4.ip_unprivileged_port_start", "value": "0"}]},
                "containers": [{
                    "name": "stand-in", "image": STANDIN, "args": ports if tcp in ports else [*ports, tcp],
                    "readinessProbe": {"tcpSocket": {"port": int(tcp)}, "periodSeconds": 2}, "securityContext": RESTRICTED,
                    "resources": {"requests": {"memory": str(row["request"]), "cpu": f"{row['cpuMillicores']}m"}, **limits}}]}}}))
    return found


def pods_expected(values: list[dict]) -> int:
    """How many pods the objects make, CoreDNS with them."""
    return 1 + sum(value["spec"].get("replicas", 1) for value in values if value["kind"] in WORKLOADS)
