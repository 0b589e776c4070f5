"""Argo CD's own settings, as the tree ships them: the values of its chart over the chart's
defaults, in the ConfigMaps that its processes read."""

from __future__ import annotations

import io
import json
import subprocess
import tarfile
from pathlib import Path
from typing import TYPE_CHECKING

import yaml

from .argo_tree import LOADER, Rendered, dump, load

if TYPE_CHECKING:
    from .context import Context


CHART, VERSION = "argo-cd", "10.1.1"
LUA = "resource.customizations.health.argoproj.io_Application"
# Upstream's manifests of the version that runs here: which environment variable of which program
# comes from which key.
MANIFESTS = {
    "controller": "application-controller/argocd-application-controller-statefulset.yaml",
    "repo-server": "repo-server/argocd-repo-server-deployment.yaml",
    "server": "server/argocd-server-deployment.yaml",
}


# Where the values speak of the container of each program.
SECTIONS = {"controller": "controller", "repo-server": "repoServer", "server": "server"}


def _paths(kind: str, *paths: str) -> str:
    return json.dumps({kind: list(paths)})


def _jq(*words: str) -> str:
    return _paths(
        "jqPathExpressions",
        *(f'.metadata.annotations."{it}"' if not it.startswith(".") else it for it in words),
    )


def _excluded(groups: str, kinds: str) -> dict:
    return {"apiGroups": [it.replace("core", "") for it in groups.split()], "kinds": kinds.split()}


IGNORED = "resource.customizations.ignoreResourceUpdates."
# What the chart puts into the three ConfigMaps where the values say nothing (its values.yaml below
# `configs`; what is empty there is left out by it, and here). `compared` holds this table against
# the chart's own file, where that lies beside the repository.
DEFAULTS: dict[str, dict] = {
    "cm": {
        "application.instanceLabelKey": "argocd.argoproj.io/instance",
        "application.sync.impersonation.enabled": False,
        "exec.enabled": False,
        "admin.enabled": True,
        "timeout.reconciliation": "120s",
        "timeout.reconciliation.jitter": "60s",
        "timeout.hard.reconciliation": "0s",
        "statusbadge.enabled": False,
        f"{IGNORED}all": _paths("jsonPointers", "/status"),
        f"{IGNORED}argoproj.io_Application": _jq(
            "notified.notifications.argoproj.io",
            "argocd.argoproj.io/refresh",
            "argocd.argoproj.io/hydrate",
            ".operation",
        ),
        f"{IGNORED}argoproj.io_Rollout": _jq("notified.notifications.argoproj.io"),
        f"{IGNORED}autoscaling_HorizontalPodAutoscaler": _jq(
            *(
                f"autoscaling.alpha.kubernetes.io/{it}"
                for it in ("behavior", "conditions", "metrics", "current-metrics")
            )
        ),
        f"{IGNORED}ConfigMap": _jq(
            "cluster-autoscaler.kubernetes.io/last-updated",
            "control-plane.alpha.kubernetes.io/leader",
        ),
        f"{IGNORED}apps_ReplicaSet": _jq(
            "deployment.kubernetes.io/desired-replicas",
            "deployment.kubernetes.io/max-replicas",
            "rollout.argoproj.io/desired-replicas",
        ),
        f"{IGNORED}discovery.k8s.io_EndpointSlice": _paths(
            "jsonPointers", "/metadata", "/endpoints", "/ports"
        ),
        f"{IGNORED}Endpoints": _paths("jsonPointers", "/metadata", "/subsets"),
        "resource.exclusions": json.dumps(
            [
                _excluded("core discovery.k8s.io", "Endpoints EndpointSlice"),
                _excluded("coordination.k8s.io", "Lease"),
                _excluded(
                    "authentication.k8s.io authorization.k8s.io",
                    "SelfSubjectReview TokenReview LocalSubjectAccessReview "
                    "SelfSubjectAccessReview SelfSubjectRulesReview SubjectAccessReview",
                ),
                _excluded("certificates.k8s.io", "CertificateSigningRequest"),
                _excluded("cert-manager.io", "CertificateRequest"),
                _excluded("cilium.io", "CiliumIdentity CiliumEndpoint CiliumEndpointSlice"),
                _excluded(
                    "kyverno.io reports.kyverno.io wgpolicyk8s.io",
                    "PolicyReport ClusterPolicyReport EphemeralReport "
                    "ClusterEphemeralReport AdmissionReport ClusterAdmissionReport "
                    "BackgroundScanReport "
                    "ClusterBackgroundScanReport UpdateRequest",
                ),
            ]
        ),
    },
    "params": {},
    "rbac": {
        "policy.default": "",
        "policy.csv": "",
        "scopes": "[groups]",
        "policy.matchMode": "glob",
    },
}
# What the chart works out by itself, under the values. Where its processes find each other is
# another matter here: see the flags.
PRESETS = {
    "cm": {"url": 'printf "https://%s" .Values.global.domain'},
    "params": {
        "repo.server": '"argocd-repo-server:8081"',
        "redis.server": '"argocd-redis:6379"',
        "server.repo.server.strict.tls": '"false"',
        "applicationsetcontroller.enable.leader.election": '"false"',
        **{
            f"{it}.log.{key}": f'"{value}"'
            for it in (
                "applicationsetcontroller",
                "commitserver",
                "controller",
                "dexserver",
                "notificationscontroller",
                "reposerver",
                "server",
            )
            for key, value in (("format", "text"), ("level", "info"))
        },
    },
    "rbac": {},
}
MAPS = {"cm": "argocd-cm", "params": "argocd-cmd-params-cm", "rbac": "argocd-rbac-cm"}
EMPTY = ("argocd-tls-certs-cm", "argocd-ssh-known-hosts-cm", "argocd-gpg-keys-cm")


def templates() -> dict[str, bytes]:
    """Templates of the stub chart: the ConfigMaps out of its values, by Helm's own merge, and what
    else Argo CD must find."""
    head = (
        "apiVersion: v1\nkind: {kind}\nmetadata:\n  name: {name}\n  namespace: {{{{ "
        ".Release.Namespace }}}}\n"
        "  labels: {{app.kubernetes.io/part-of: argocd}}\n"
    )
    files = {}
    for key, name in MAPS.items():
        presets = " ".join(f'"{it}" ({value})' for it, value in PRESETS[key].items())
        files[f"templates/{name}.yaml"] = (
            head.format(kind="ConfigMap", name=name) + "data:\n"
            f"{{{{- range $key, $value := mergeOverwrite (dict {presets}) "
            f'(omit .Values.configs.{key} "create" "annotations") }}}}\n'
            '{{- if ne (toString $value) "" }}\n  {{ $key | quote }}: {{ toString $value | toJson '
            "}}\n{{- end }}\n{{- end }}\n"
        ).encode()
    for name in EMPTY:
        files[f"templates/{name}.yaml"] = head.format(kind="ConfigMap", name=name).encode()
    files["templates/argocd-secret.yaml"] = (
        head.format(kind="Secret", name="argocd-secret") + "type: Opaque\n"
    ).encode()
    files["values.yaml"] = dump({"configs": DEFAULTS, "global": {"domain": "argocd.example.com"}})
    return files


def values_of(tree: Rendered) -> dict:
    """The values that the tree gives to Argo CD's chart."""
    for it in tree.applications().values():
        if it.chart and it.chart["chart"] == CHART:
            if it.chart["targetRevision"] != VERSION:
                raise LookupError(
                    f"{it.file}: {CHART} {it.chart['targetRevision']}; the judge knows the "
                    f"defaults of {VERSION}: argo_settings.py"
                )
            return (it.chart.get("helm") or {}).get("valuesObject") or {}
    raise LookupError(
        f"{tree.name}: no Application has the chart {CHART}, so nothing says how Argo CD is set up"
    )


def rendered(ctx: Context, values: dict) -> list[dict]:
    """What the stub chart makes of values, by the real Helm, without workloads and definitions."""
    folder = ctx.fresh("settings")
    with tarfile.open(folder / "chart.tgz", mode="w:gz") as archive:
        for path, data in {
            **templates(),
            "Chart.yaml": dump({"apiVersion": "v2", "name": CHART, "version": VERSION}),
        }.items():
            entry = tarfile.TarInfo(f"{CHART}/{path}")
            entry.size, entry.mode = len(data), 0o644
            archive.addfile(entry, io.BytesIO(data))
    (folder / "values.json").write_bytes(dump(values))
    done = subprocess.run(
        [
            ctx.tool("helm"),
            "template",
            "argocd",
            str(folder / "chart.tgz"),
            "--namespace",
            "argocd",
            "--values",
            str(folder / "values.json"),
        ],
        env={"HOME": str(folder), "PATH": "/usr/bin:/bin"},
        capture_output=True,
        check=False,
    )
    if done.returncode != 0:
        raise RuntimeError(
            f"helm template {CHART}: {done.stderr.decode(errors='replace').strip()[-300:]}"
        )
    return load(done.stdout)


def without_lua(values: dict) -> dict:
    """The same values without the health of Applications."""
    configs = values["configs"]
    return {
        **values,
        "configs": {
            **configs,
            "cm": {key: value for key, value in configs["cm"].items() if key != LUA},
        },
    }


def environment(module: Path, program: str, maps: dict[str, dict]) -> dict[str, str]:
    """The variables that a program's pod would be given out of the ConfigMaps of the cluster."""
    workload = load((module / "manifests/base" / MANIFESTS[program]).read_bytes())[0]
    found = {}
    for entry in workload["spec"]["template"]["spec"]["containers"][0].get("env") or []:
        reference = (entry.get("valueFrom") or {}).get("configMapKeyRef")
        if (
            reference
            and (value := maps.get(reference["name"], {}).get(reference["key"])) is not None
        ):
            found[entry["name"]] = value
    return found


def variables(values: dict) -> dict[str, dict[str, str]]:
    """The variables that the values themselves give to the container of each program."""
    return {
        program: {
            it["name"]: it["value"]
            for it in (values.get(section) or {}).get("env") or []
            if "value" in it
        }
        for program, section in SECTIONS.items()
    }


def limits(values: dict) -> dict[str, str]:
    """The memory limit that the values give to the container of each program."""
    return {
        program: values[section]["resources"]["limits"]["memory"]
        for program, section in SECTIONS.items()
    }


def unread(module: Path, values: dict) -> list[str]:
    """Parameters of the tree that no program of Argo CD reads: a wrong name in there is silence on
    a node."""
    known: set[str] = set()
    for path in sorted((module / "manifests/base").glob("*/*.yaml")):
        for it in load(path.read_bytes()):
            pod = ((it.get("spec") or {}).get("template") or {}).get("spec") or {}
            for container in pod.get("containers") or []:
                known |= {
                    reference["key"]
                    for entry in container.get("env") or []
                    if (reference := (entry.get("valueFrom") or {}).get("configMapKeyRef"))
                }
    given = (values.get("configs") or {}).get("params") or {}
    return [
        f"configs.params: no program of Argo CD reads {key}"
        for key in given
        if key not in known | {"create", "annotations"}
    ]


def compared(ctx: Context) -> tuple[list[str], str]:
    """The table above against the chart's own values, where `CHARTS` has them: findings, and a
    note."""
    values = ctx.charts.values(CHART, VERSION)
    if values is None:
        why = f"CHARTS has no {CHART}-{VERSION}" if ctx.charts else "CHARTS is not set"
        return [], f"{why}: its defaults are those of argo_settings.py, unchecked"
    chart = values["configs"]

    def plain(value: object) -> object:
        return (
            yaml.load(value, Loader=LOADER)
            if isinstance(value, str) and (":" in value or value.startswith("[{"))
            else value
        )

    findings = []
    for section, ours in DEFAULTS.items():
        theirs = {
            key: value
            for key, value in chart[section].items()
            if key not in ("create", "annotations")
        }
        findings += [
            (
                f"the chart's default of configs.{section}.{key} is {theirs.get(key)!r}, "
                f"argo_settings.py says {ours.get(key)!r}"
            )
            for key in {**theirs, **ours}
            if plain(theirs.get(key)) != plain(ours.get(key))
        ]
    return findings, ""
