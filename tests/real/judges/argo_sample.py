"""A small tree by hand, in the forms that the compiler emits: the ground on which faults are
planted, quick to install."""

from __future__ import annotations

from typing import Any

from harness.argo_tree import Promise, Rendered, dump

GIT = "https://git.sample.invalid/platform/tree.git"
CHARTS = "https://charts.sample.invalid/stable"
SERVER = "https://kubernetes.default.svc"
KEEP = {
    "argocd.argoproj.io/sync-options": "Prune=false,Delete=false",
    "argocd.argoproj.io/compare-options": "IgnoreExtraneous",
}
APPLICATIONS = [  # name, wave, after, namespace, project
    ("bootstrap", 0, (), "argocd", "bootstrap"),
    ("namespaces", 10, ("bootstrap",), "default", "platform"),
    ("cert-manager", 20, ("namespaces",), "certificates", "platform"),
    ("issuers", 30, ("cert-manager",), "certificates", "platform"),
    ("database", 40, ("namespaces",), "sample", "platform"),
    ("web", 50, ("database", "issuers"), "sample", "web"),
]
PODS = [
    {
        "application": "cert-manager",
        "source": "chart",
        "workload": f"Deployment/certificates/{name}",
        "name": name,
        "namespace": "certificates",
        "replicas": 1,
        "request": 32 << 20,
        "limit": 64 << 20,
        "cpuMillicores": 10,
    }
    for name in ("cert-manager", "cert-manager-webhook")
]


def promises() -> list[Promise]:
    """What `show waves` would say about this tree."""
    return [Promise(name, wave, after) for name, wave, after, _, _ in APPLICATIONS]


def application(name: str, source: dict, namespace: str, project: str, wave: int | None) -> dict:
    """An Application as the compiler writes one; root is the one without a wave."""
    root = wave is None
    retry = (
        {
            "limit": 20,
            "refresh": True,
            "backoff": {"duration": "10s", "factor": 2, "maxDuration": "3m"},
        }
        if root
        else {
            "limit": 5,
            "refresh": True,
            "backoff": {"duration": "5s", "factor": 2, "maxDuration": "30s"},
        }
    )
    meta: dict = {"name": name, "namespace": "argocd"}
    if root:
        meta["annotations"] = {"argocd.argoproj.io/ignore-healthcheck": "true"}
    else:
        meta["annotations"] = {"argocd.argoproj.io/sync-wave": str(wave)}
        if name != "bootstrap":
            meta["finalizers"] = ["resources-finalizer.argocd.argoproj.io/foreground"]
    spec: dict[str, Any] = {
        "project": project,
        "source": source,
        "destination": {"server": SERVER, "namespace": namespace},
        "syncPolicy": {
            "automated": {"prune": True, "selfHeal": True},
            "retry": retry,
            "syncOptions": ["ServerSideApply=true", "FailOnSharedResource=true"]
            + ([] if root else ["PruneLast=true"]),
        },
    }
    if root or name == "bootstrap":
        spec["ignoreDifferences"] = [
            {
                "group": "argoproj.io",
                "kind": "Application",
                "jsonPointers": ["/operation", "/metadata/annotations/argocd.argoproj.io~1refresh"],
            }
        ]
        spec["syncPolicy"]["syncOptions"].append("RespectIgnoreDifferences=true")
    return {
        "apiVersion": "argoproj.io/v1alpha1",
        "kind": "Application",
        "metadata": meta,
        "spec": spec,
    }


def directory(path: str) -> dict:
    """A source of plain YAML."""
    return {
        "repoURL": GIT,
        "targetRevision": "refs/heads/main",
        "path": path,
        "directory": {"recurse": True, "include": "*.yaml"},
    }


def project(
    name: str,
    repositories: list[str],
    namespaces: list[str],
    cluster: list[tuple],
    namespaced: list[tuple],
) -> dict:
    """An AppProject that allows just this."""
    return {
        "apiVersion": "argoproj.io/v1alpha1",
        "kind": "AppProject",
        "metadata": {"name": name, "namespace": "argocd"},
        "spec": {
            "sourceRepos": repositories,
            "destinations": [{"server": SERVER, "namespace": it} for it in namespaces],
            "clusterResourceWhitelist": [{"group": group, "kind": kind} for group, kind in cluster],
            "namespaceResourceWhitelist": [
                {"group": group, "kind": kind} for group, kind in namespaced
            ],
        },
    }


def pod(name: str, **more: Any) -> dict:
    """A pod template that the restricted standard lets in."""
    container = {
        "name": name,
        "image": f"sample.invalid/{name}:1",
        **more,
        "resources": {"requests": {"cpu": "10m", "memory": "16Mi"}, "limits": {"memory": "32Mi"}},
        "securityContext": {"allowPrivilegeEscalation": False, "capabilities": {"drop": ["ALL"]}},
    }
    return {
        "metadata": {"labels": {"app.kubernetes.io/name": name}},
        "spec": {
            "securityContext": {
                "runAsNonRoot": True,
                "runAsUser": 1000,
                "seccompProfile": {"type": "RuntimeDefault"},
            },
            "containers": [container],
        },
    }


def with_claim(template: dict, claim: str) -> dict:
    """A pod template with the volume of a claim, which nothing mounts."""
    volume = {"name": claim, "persistentVolumeClaim": {"claimName": claim}}
    return {**template, "spec": {**template["spec"], "volumes": [volume]}}


def objects() -> dict[str, dict]:
    """The manifests, path to object."""

    def made(
        application: str,
        version: str,
        kind: str,
        name: str,
        namespace: str = "sample",
        annotations: dict | None = None,
        **body: Any,
    ) -> tuple[str, dict]:
        meta: dict[str, Any] = {
            "name": name,
            **({"namespace": namespace} if namespace != "_cluster" else {}),
            "labels": {"app.kubernetes.io/name": name},
        }
        if annotations:
            meta["annotations"] = annotations
        if kind == "Namespace":
            meta["labels"]["pod-security.kubernetes.io/enforce"] = "restricted"
        return (
            f"out/manifests/{application}/{namespace}/{kind.lower()}-{name}.yaml",
            {"apiVersion": version, "kind": kind, "metadata": meta, **body},
        )

    selector = {"matchLabels": {"app.kubernetes.io/name": "database"}}
    return dict(
        [
            made("namespaces", "v1", "Namespace", "sample", "_cluster", KEEP),
            made("namespaces", "v1", "Namespace", "spare", "_cluster", KEEP),
            made("namespaces", "v1", "Namespace", "certificates", "_cluster", KEEP),
            made(
                "issuers",
                "cert-manager.io/v1",
                "ClusterIssuer",
                "self",
                "_cluster",
                spec={"selfSigned": {}},
            ),
            made(
                "database",
                "v1",
                "Service",
                "database",
                spec={
                    "selector": selector["matchLabels"],
                    "ports": [{"name": "sql", "port": 5432, "protocol": "TCP", "targetPort": 5432}],
                },
            ),
            made(
                "database",
                "v1",
                "PersistentVolumeClaim",
                "backup",
                annotations=KEEP,
                spec={
                    "accessModes": ["ReadWriteOnce"],
                    "resources": {"requests": {"storage": "1Gi"}},
                    "storageClassName": "local-path",
                },
            ),
            made(
                "database",
                "apps/v1",
                "StatefulSet",
                "database",
                spec={
                    "replicas": 1,
                    "serviceName": "database",
                    "selector": selector,
                    "template": with_claim(pod("database"), "backup"),
                },
            ),
            made("web", "v1", "ConfigMap", "web", data={"greeting": "hello"}),
            made("web", "v1", "ConfigMap", "spare", data={"greeting": "hello"}),
            made(
                "web",
                "apps/v1",
                "Deployment",
                "web",
                spec={
                    "replicas": 2,
                    "selector": {"matchLabels": {"app.kubernetes.io/name": "web"}},
                    "template": pod("web", env=[{"name": "GREETING", "value": "hello"}]),
                },
            ),
            made(
                "web",
                "v1",
                "Service",
                "web",
                spec={
                    "selector": {"app.kubernetes.io/name": "web"},
                    "ports": [{"name": "http", "port": 80, "protocol": "TCP", "targetPort": 8080}],
                },
            ),
            made(
                "web",
                "networking.k8s.io/v1",
                "Ingress",
                "web",
                spec={
                    "rules": [
                        {
                            "host": "web.sample.invalid",
                            "http": {
                                "paths": [
                                    {
                                        "path": "/",
                                        "pathType": "Prefix",
                                        "backend": {
                                            "service": {"name": "web", "port": {"name": "http"}}
                                        },
                                    }
                                ]
                            },
                        }
                    ]
                },
            ),
        ]
    )


def tree() -> Rendered:
    """The whole sample."""
    files = {path: dump(it) for path, it in objects().items()}
    chart = {
        "repoURL": CHARTS,
        "chart": "cert-manager",
        "targetRevision": "v1.0.0",
        "helm": {"valuesObject": {"crds": {"enabled": True}}},
    }
    for name, wave, _, namespace, owner in APPLICATIONS:
        source = {"bootstrap": directory("bootstrap/argocd"), "cert-manager": chart}.get(
            name, directory(f"out/manifests/{name}")
        )
        files[f"apps/{name}.yaml"] = dump(application(name, source, namespace, owner, wave))
    argo = [("argoproj.io", "Application"), ("argoproj.io", "AppProject")]
    files["bootstrap/argocd/application-root.yaml"] = dump(
        application("root", directory("apps"), "argocd", "bootstrap", None)
    )
    files["bootstrap/argocd/appproject-bootstrap.yaml"] = dump(
        project("bootstrap", [GIT], ["argocd"], [], argo)
    )
    files["bootstrap/argocd/appproject-platform.yaml"] = dump(
        project(
            "platform",
            [GIT, CHARTS],
            ["default", "certificates", "sample"],
            [
                ("", "Namespace"),
                ("apiextensions.k8s.io", "CustomResourceDefinition"),
                ("cert-manager.io", "ClusterIssuer"),
            ],
            [
                ("", "Service"),
                ("", "PersistentVolumeClaim"),
                ("apps", "Deployment"),
                ("apps", "StatefulSet"),
            ],
        )
    )
    files["bootstrap/argocd/appproject-web.yaml"] = dump(
        project(
            "web",
            [GIT],
            ["sample"],
            [],
            [
                ("", "ConfigMap"),
                ("", "Service"),
                ("apps", "Deployment"),
                ("networking.k8s.io", "Ingress"),
            ],
        )
    )
    return Rendered("sample", files)
