"""What k3s brings to a node: CoreDNS, the class of volumes, and who makes them."""

from __future__ import annotations

import shutil
import threading
from pathlib import Path
from typing import Any

from .api import Api
from .node_images import COREDNS

PROVISIONER = "rancher.io/local-path"
RESTRICTED = {
    "allowPrivilegeEscalation": False,
    "capabilities": {"drop": ["ALL"]},
    "readOnlyRootFilesystem": True,
}
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


def named(api_version: str, kind: str, name: str, namespace: str = "", **more: Any) -> dict:
    """An object."""
    place = {"namespace": namespace} if namespace else {}
    return {
        "apiVersion": api_version,
        "kind": kind,
        "metadata": {"name": name, **place, **more.pop("metadata", {})},
        **more,
    }


def base_objects(outside: str = OUTSIDE) -> list[dict]:
    """The class of volumes, CoreDNS with its Service and what it knows of the outside, and what
    kube-proxy may read."""
    rights, system = "rbac.authorization.k8s.io/v1", "kube-system"

    def binding(role: str, subject: dict) -> dict:
        return named(
            rights,
            "ClusterRoleBinding",
            role,
            subjects=[subject],
            roleRef={"apiGroup": "rbac.authorization.k8s.io", "kind": "ClusterRole", "name": role},
        )

    labels = {"k8s-app": "kube-dns"}
    ports = [("dns", 53, "UDP"), ("dns-tcp", 53, "TCP")]
    return [
        named(
            "storage.k8s.io/v1",
            "StorageClass",
            "local-path",
            provisioner=PROVISIONER,
            reclaimPolicy="Delete",
            volumeBindingMode="WaitForFirstConsumer",
            metadata={"annotations": {"storageclass.kubernetes.io/is-default-class": "true"}},
        ),
        binding(
            "system:node-proxier",
            {"kind": "User", "name": "system:kube-proxy", "apiGroup": "rbac.authorization.k8s.io"},
        ),
        named(
            rights,
            "ClusterRole",
            "coredns",
            rules=[
                {
                    "apiGroups": [""],
                    "resources": ["endpoints", "services", "pods", "namespaces"],
                    "verbs": ["list", "watch"],
                },
                {
                    "apiGroups": ["discovery.k8s.io"],
                    "resources": ["endpointslices"],
                    "verbs": ["list", "watch"],
                },
            ],
        ),
        binding("coredns", {"kind": "ServiceAccount", "name": "coredns", "namespace": system}),
        named("v1", "ServiceAccount", "coredns", system),
        named(
            "v1", "ConfigMap", "coredns", system, data={"Corefile": COREFILE, "NodeHosts": outside}
        ),
        named(
            "apps/v1",
            "Deployment",
            "coredns",
            system,
            metadata={"labels": labels},
            spec={
                "selector": {"matchLabels": labels},
                "template": {
                    "metadata": {"labels": labels},
                    "spec": {
                        "serviceAccountName": "coredns",
                        "priorityClassName": "system-cluster-critical",
                        "dnsPolicy": "Default",
                        "tolerations": [{"key": "CriticalAddonsOnly", "operator": "Exists"}],
                        "containers": [
                            {
                                "name": "coredns",
                                "image": COREDNS,
                                "args": ["-conf", "/etc/coredns/Corefile"],
                                "ports": [
                                    {"containerPort": port, "name": name, "protocol": protocol}
                                    for name, port, protocol in ports
                                ],
                                "resources": {
                                    "limits": {"memory": "170Mi"},
                                    "requests": {"cpu": "100m", "memory": "70Mi"},
                                },
                                "livenessProbe": {
                                    "httpGet": {"path": "/health", "port": 8080},
                                    "initialDelaySeconds": 60,
                                    "failureThreshold": 3,
                                },
                                "readinessProbe": {
                                    "httpGet": {"path": "/ready", "port": 8181},
                                    "periodSeconds": 2,
                                },
                                "securityContext": {
                                    **RESTRICTED,
                                    "capabilities": {"add": ["NET_BIND_SERVICE"], "drop": ["ALL"]},
                                },
                                "volumeMounts": [
                                    {
                                        "name": "config",
                                        "mountPath": "/etc/coredns",
                                        "readOnly": True,
                                    }
                                ],
                            }
                        ],
                        "volumes": [{"name": "config", "configMap": {"name": "coredns"}}],
                    },
                },
            },
        ),
        named(
            "v1",
            "Service",
            "kube-dns",
            system,
            metadata={"labels": labels},
            spec={
                "clusterIP": "10.43.0.10",
                "selector": labels,
                "ports": [
                    {"name": name, "port": port, "protocol": protocol}
                    for name, port, protocol in ports
                ],
            },
        ),
    ]


class Provisioner(threading.Thread):
    """What k3s' provisioner does: a folder that everybody may write for a claim whose pod has a
    node, and its end with the claim."""

    def __init__(self, api: Api, folder: Path):
        super().__init__(name="provisioner", daemon=True)
        self.api, self.folder, self.ended = (
            Api(f"https://{api.host}:{api.port}", api.token, ""),
            folder,
            threading.Event(),
        )
        self.api.tls = api.tls

    def run(self) -> None:
        while not self.ended.wait(0.3):
            try:
                self.look()
            except Exception:
                # The API server may be away for a while; pods without a volume are found out by
                # whoever waits for them.
                continue

    def look(self) -> None:
        """One round."""
        classes = {
            one["metadata"]["name"]
            for one in self.api.get("/apis/storage.k8s.io/v1/storageclasses")["items"]
            if one["provisioner"] == PROVISIONER
        }
        for claim in self.api.get("/api/v1/persistentvolumeclaims")["items"]:
            node = (
                claim["metadata"].get("annotations", {}).get("volume.kubernetes.io/selected-node")
            )
            if (
                claim["spec"].get("storageClassName") in classes
                and not claim["spec"].get("volumeName")
                and node
            ):
                self.make(claim, node)
        for volume in self.api.get("/api/v1/persistentvolumes")["items"]:
            if volume.get("status", {}).get("phase") == "Released":
                shutil.rmtree(
                    self.folder / Path(volume["spec"]["hostPath"]["path"]).name, ignore_errors=True
                )
                self.api.delete(f"/api/v1/persistentvolumes/{volume['metadata']['name']}")

    def make(self, claim: dict, node: str) -> None:
        """A folder and the volume that names it."""
        about = claim["metadata"]
        name = f"pvc-{about['uid']}"
        folder = self.folder / f"{name}_{about['namespace']}_{about['name']}"
        folder.mkdir(parents=True, exist_ok=True)
        folder.chmod(0o777)
        self.api.apply(
            named(
                "v1",
                "PersistentVolume",
                name,
                metadata={"annotations": {"pv.kubernetes.io/provisioned-by": PROVISIONER}},
                spec={
                    "accessModes": claim["spec"]["accessModes"],
                    "capacity": {"storage": claim["spec"]["resources"]["requests"]["storage"]},
                    "persistentVolumeReclaimPolicy": "Delete",
                    "storageClassName": claim["spec"]["storageClassName"],
                    "volumeMode": "Filesystem",
                    "hostPath": {
                        "path": f"/var/lib/rancher/k3s/storage/{folder.name}",
                        "type": "DirectoryOrCreate",
                    },
                    "claimRef": {
                        "apiVersion": "v1",
                        "kind": "PersistentVolumeClaim",
                        "name": about["name"],
                        "namespace": about["namespace"],
                        "uid": about["uid"],
                    },
                    "nodeAffinity": {
                        "required": {
                            "nodeSelectorTerms": [
                                {
                                    "matchExpressions": [
                                        {
                                            "key": "kubernetes.io/hostname",
                                            "operator": "In",
                                            "values": [node],
                                        }
                                    ]
                                }
                            ]
                        }
                    },
                },
            )
        )

    def stop(self) -> None:
        """No round after this one."""
        self.ended.set()
        self.join(10)
