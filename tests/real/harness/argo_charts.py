"""Stub charts: what the compiler declares that a chart will make, as a tiny Helm chart under the
same name and version."""

from __future__ import annotations

import hashlib
import io
import tarfile
from collections import defaultdict
from collections.abc import Iterator
from urllib.parse import urlsplit

from . import argo_settings
from .argo_git import Hosts
from .argo_tree import Application, Rendered, dump, identity
from .real_charts import RealCharts

# Charts that bring definitions: of which API groups, and the value that switches them (with what it
# is when nobody sets it). A stub brings the same ones under the same condition, so a tree that
# forgets the switch fails here as it would on a node.
DEFINITIONS: dict[str, dict] = {
    "argo-cd": {"groups": ("argoproj.io",), "switch": ("crds", "install"), "unset": True},
    "cert-manager": {
        "groups": ("cert-manager.io", "acme.cert-manager.io"),
        "switch": ("crds", "enabled"),
        "unset": False,
    },
    "kube-prometheus-stack": {
        "groups": ("monitoring.coreos.com",),
        "switch": ("crds", "enabled"),
        "unset": True,
    },
    "prometheus-operator-crds": {"groups": ("monitoring.coreos.com",)},
    "sealed-secrets": {"groups": ("bitnami.com",)},
}
# What a Job of a chart is to Helm, and so to Argo CD: a hook, made anew for every sync.
HOOK = {
    "helm.sh/hook": "pre-install,pre-upgrade",
    "helm.sh/hook-delete-policy": "before-hook-creation",
}
# After so many seconds the cluster takes a Job of Argo CD's chart away.
TIME_TO_LIVE = 60
RESTRICTED = {
    "runAsNonRoot": True,
    "runAsUser": 65532,
    "seccompProfile": {"type": "RuntimeDefault"},
}
CONTAINER = {
    "allowPrivilegeEscalation": False,
    "readOnlyRootFilesystem": True,
    "capabilities": {"drop": ["ALL"]},
}


def publish(
    hosts: Hosts, tree: Rendered, pods: list[dict], crds: list[dict], charts: RealCharts | None
) -> list[str]:
    """Serves every chart that the tree names and returns what is odd about them; `charts` may have
    real ones."""
    findings: list[str] = []
    owned = {identity(it) for name in tree.applications() for _, it in tree.objects(name)}
    index: dict[str, dict[str, list]] = defaultdict(lambda: defaultdict(list))
    for application in tree.applications().values():
        source = application.chart
        if not source:
            continue
        name, version, url = (
            source["chart"],
            source["targetRevision"],
            source["repoURL"].rstrip("/"),
        )
        real = charts.archive(name, version) if charts else None
        if real:
            archive = real.read_bytes()
        else:
            mine = [it for it in pods if it["application"] == application.name]
            if not mine and name not in DEFINITIONS:
                findings.append(
                    f"{application.file}: the compiler declares no pod for chart {name}, and "
                    "nothing is known of its CRDs"
                )
            brought = [it for it in _brings(application, crds) if identity(it) not in owned]
            archive = pack(
                name,
                version,
                [*workloads(mine)],
                brought,
                argo_settings.templates() if name == argo_settings.CHART else {},
            )
        parts = urlsplit(url)
        hosts.charts[str(parts.hostname), f"{parts.path}/{name}-{version}.tgz"] = archive
        index[url][name].append(
            {
                "apiVersion": "v2",
                "name": name,
                "version": version,
                "urls": [f"{url}/{name}-{version}.tgz"],
                "digest": hashlib.sha256(archive).hexdigest(),
                "created": "2026-01-01T00:00:00Z",
            }
        )
    for url, entries in index.items():
        parts = urlsplit(url)
        body = dump(
            {
                "apiVersion": "v1",
                "entries": {name: list(rows) for name, rows in entries.items()},
                "generated": "2026-01-01T00:00:00Z",
            }
        )
        hosts.charts[str(parts.hostname), f"{parts.path}/index.yaml"] = body
    return findings


def _brings(application: Application, crds: list[dict]) -> list[dict]:
    """The CRDs that the chart would install with these values."""
    known = DEFINITIONS.get(application.chart["chart"], {})
    helm = application.chart.get("helm") or {}
    if "switch" in known:
        value = helm.get("valuesObject") or {}
        for key in known["switch"]:
            value = value.get(key) if isinstance(value, dict) else None
        if not (known["unset"] if value is None else value):
            return []
    elif helm.get("skipCrds"):
        return []
    return [it for it in crds if it["spec"]["group"] in known.get("groups", ())]


def workloads(pods: list[dict]) -> Iterator[dict]:
    """The declared pods as the workloads that make them, one container a row."""
    grouped: dict[tuple[str, str, str], list[dict]] = defaultdict(list)
    for it in pods:
        kind, _, name = it["workload"].partition("/")
        grouped[kind, it["namespace"], name.rpartition("/")[2]].append(it)
    for (kind, namespace, name), rows in grouped.items():
        labels = {"app.kubernetes.io/name": name, "app.kubernetes.io/managed-by": "stub"}
        containers = [
            {
                "name": f"stub-{number}",
                "image": f"stub.invalid/{name}:1",
                "securityContext": CONTAINER,
                "resources": {
                    "requests": {
                        "cpu": f"{it.get('cpuMillicores') or 1}m",
                        "memory": str(it["request"]),
                    },
                    **({"limits": {"memory": str(it["limit"])}} if it.get("limit") else {}),
                },
            }
            for number, it in enumerate(rows)
        ]
        spec = {
            "securityContext": RESTRICTED,
            "automountServiceAccountToken": False,
            "containers": containers,
        }
        template = {"metadata": {"labels": labels}, "spec": spec}
        body: dict = {"selector": {"matchLabels": labels}, "template": template}
        if kind == "Deployment":
            surge = rows[0].get("surge", 0)
            body["replicas"] = rows[0].get("replicas", 1)
            body["strategy"] = {
                "type": "RollingUpdate",
                "rollingUpdate": {"maxSurge": surge, "maxUnavailable": 0 if surge else 1},
            }
        elif kind == "StatefulSet":
            body |= {"replicas": rows[0].get("replicas", 1), "serviceName": name}
        elif kind == "Job":
            body = {
                "ttlSecondsAfterFinished": TIME_TO_LIVE,
                "template": {**template, "spec": {**spec, "restartPolicy": "Never"}},
            }
        elif kind == "CronJob":
            job = {"template": {**template, "spec": {**spec, "restartPolicy": "Never"}}}
            body = {"schedule": "0 3 1 1 *", "jobTemplate": {"spec": job}}
        elif kind != "DaemonSet":
            raise ValueError(f"workload {rows[0]['workload']}: no stub for this kind")
        version = "batch/v1" if kind in ("Job", "CronJob") else "apps/v1"
        meta = {
            "name": name,
            "namespace": namespace,
            "labels": labels,
            **({"annotations": HOOK} if kind == "Job" else {}),
        }
        yield {"apiVersion": version, "kind": kind, "metadata": meta, "spec": body}


def pack(
    name: str, version: str, objects: list[dict], crds: list[dict], more: dict[str, bytes]
) -> bytes:
    """A chart archive: the objects as templates without a single template action, the CRDs in their
    own folder, and more files."""
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w:gz") as archive:

        def add(path: str, data: bytes) -> None:
            entry = tarfile.TarInfo(f"{name}/{path}")
            entry.size, entry.mode = len(data), 0o644
            archive.addfile(entry, io.BytesIO(data))

        add(
            "Chart.yaml",
            dump(
                {
                    "apiVersion": "v2",
                    "name": name,
                    "version": version,
                    "description": "stub of the declared facts",
                }
            ),
        )
        for path, data in {"values.yaml": b"{}\n", **more}.items():
            add(path, data)
        for number, it in enumerate(objects):
            add(
                f"templates/{number:03}-{it['kind'].lower()}-{it['metadata']['name']}.yaml",
                dump(it),
            )
        for it in crds:
            add(f"crds/{it['metadata']['name']}.yaml", dump(it))
    return out.getvalue()
