"""What a tree declares of a chart, held against what the chart makes: pods, kinds, namespaces."""

from __future__ import annotations

import dataclasses
import fnmatch

from harness.argo_tree import group, title
from harness.pods import Workload, pod_requests, quantity, workloads

from .argo_projects import into
from .charts_ports import called, open_ports, selected, tokens

# Kinds of the API server itself (and of what charts define) that lie in no namespace.
OF_CLUSTER = {
    "APIService",
    "CSIDriver",
    "ClusterIssuer",
    "ClusterRole",
    "ClusterRoleBinding",
    "CustomResourceDefinition",
    "IngressClass",
    "MutatingAdmissionPolicy",
    "MutatingAdmissionPolicyBinding",
    "MutatingWebhookConfiguration",
    "Namespace",
    "PersistentVolume",
    "PriorityClass",
    "RuntimeClass",
    "StorageClass",
    "ValidatingAdmissionPolicy",
    "ValidatingAdmissionPolicyBinding",
    "ValidatingWebhookConfiguration",
}
# What a pod may ask of its node without a word in the tree: any node of this cluster has it.
EVERY_NODE = {"kubernetes.io/os": "linux"}
# Labels of nodes without a kubelet of their own, which clouds have.
OF_CLOUDS = ("eks.amazonaws.com/compute-type", "type")
HOST = ("hostNetwork", "hostPID", "hostIPC")


@dataclasses.dataclass
class Declared:
    """What a tree says of one chart."""

    application: str
    release: str
    namespace: str
    # Rows of `show budget` and of `show flows`.
    pods: list[dict]
    flows: list[dict]
    # The project of the Application, and the policies of the tree.
    project: dict
    policies: list[dict]
    # The API server is on the only node, which reaches every pod without a policy.
    one_node: bool = False


def held(said: Declared, objects: list[dict]) -> list[str]:
    """All disagreements, each with the name of what it is about."""
    made = {it.key: it for it in workloads(objects, said.namespace)}
    out = counted(said, made)
    rows = {it["workload"]: it for it in said.pods}
    for it in made.values():
        out += limited(it) + undeclared(it, rows.get(it.key, {})) + not_there(it, rows.get(it.key))
    out += [
        f"{title(it)}: the chart makes a claim, and the tree declares none"
        for it in objects
        if it["kind"] == "PersistentVolumeClaim"
    ]
    pods = list(made.values())
    return (
        out
        + permitted(said, objects)
        + selected(said, pods)
        + open_ports(said, pods)
        + tokens(said, pods, objects)
        + called(said, pods, objects)
    )


def counted(said: Declared, made: dict[str, Workload]) -> list[str]:
    """The rows of the budget against the pods."""
    rows = {it["workload"]: it for it in said.pods}
    out = [
        f"{key}: declared, and the chart does not make it"
        for key, row in rows.items()
        if key not in made and row["replicas"]
    ]
    out += [
        f"{key}: the chart makes it, and nothing declares it"
        for key, it in made.items()
        if key not in rows and it.replicas
    ]
    for key, row in rows.items():
        if key not in made:
            continue
        it = made[key]
        figures = [
            ("replicas", "", row["replicas"], it.replicas),
            ("surge", "", row["surge"], it.surge),
            ("memory request", " bytes", row["request"], round(pod_requests(it.pod, "memory"))),
            (
                "memory limit",
                " bytes",
                row.get("limit") or 0,
                round(pod_requests(it.pod, "memory", "limits")),
            ),
            ("CPU request", "m", row["cpuMillicores"], round(pod_requests(it.pod, "cpu") * 1000)),
            ("GPUs", "", row.get("gpus", 0), round(pod_requests(it.pod, "nvidia.com/gpu"))),
            ("volumes of each pod", " bytes", row.get("volumes", 0), it.volumes),
        ]
        out += [
            f"{key}: {what}: declared is {ours}{unit}, the chart has {theirs}{unit}"
            for what, unit, ours, theirs in figures
            if ours != theirs
        ]
    return out


def limited(it: Workload) -> list[str]:
    """Every container has its requests and its limit of memory: a sum alone stops none of them."""
    out = []
    for one in it.containers:
        resources = one.get("resources") or {}
        asked, most = resources.get("requests") or {}, resources.get("limits") or {}
        lacking = [
            what
            for what, there in (
                ("memory request", asked.get("memory")),
                ("CPU request", asked.get("cpu")),
                ("memory limit", most.get("memory")),
            )
            if there is None
        ]
        if lacking:
            out.append(f"{it.key}: its container {one['name']} has no {', no '.join(lacking)}")
        elif quantity(asked["memory"]) > quantity(most["memory"]):
            out.append(f"{it.key}: its container {one['name']} asks for more memory than its limit")
    return out


def not_there(it: Workload, row: dict | None) -> list[str]:
    """What is declared of where a pod runs, and not so."""
    folders = {
        one["hostPath"]["path"] for one in it.pod.get("volumes") or [] if one.get("hostPath")
    }
    tolerations = it.pod.get("tolerations") or []
    return [
        f"{it.key}: declared is {what}, which its pods do not have"
        for what in [
            *(
                f"the host's folder {one}"
                for one in (row or {}).get("hostFolders", [])
                if one not in folders
            ),
            *(
                f"the toleration {one.get('key', 'of everything')}"
                for one in (row or {}).get("tolerations", [])
                if one not in tolerations
            ),
        ]
    ]


def holds_always(it: Workload, kind: str, rules: dict) -> bool:
    """Whether a rule holds on every node of a platform: its only pod keeps away from itself, or it
    keeps away from nodes of a cloud, by labels that those bear."""
    wanted = rules["requiredDuringSchedulingIgnoredDuringExecution"]
    if kind == "podAntiAffinity":
        return it.replicas == 1 and all(
            it.bears(one["labelSelector"]["matchLabels"]) for one in wanted
        )
    if kind == "nodeAffinity":
        expressions = [
            one
            for term in wanted["nodeSelectorTerms"]
            for one in term.get("matchExpressions") or []
        ]
        return bool(expressions) and all(
            one["operator"] == "NotIn" and one["key"] in OF_CLOUDS for one in expressions
        )
    return False


def undeclared(it: Workload, row: dict) -> list[str]:
    """What decides where a pod runs, or what it leaves behind, and is in no declaration."""
    spec, odd = it.pod, []
    odd += [
        f"the toleration {one.get('key', 'of everything')}"
        for one in spec.get("tolerations") or []
        if one not in row.get("tolerations", [])
    ]
    odd += [
        f"the node label {key}={value}"
        for key, value in (spec.get("nodeSelector") or {}).items()
        if EVERY_NODE.get(key) != value
    ]
    odd += [
        f"{kind} that must be met"
        for kind, rules in (spec.get("affinity") or {}).items()
        if (rules or {}).get("requiredDuringSchedulingIgnoredDuringExecution")
        and not holds_always(it, kind, rules)
    ]
    odd += [
        "a spread that must be met"
        for one in spec.get("topologySpreadConstraints") or []
        if one.get("whenUnsatisfiable") != "ScheduleAnyway"
    ]
    odd += [
        f"{what} {spec[what]}"
        for what in ("priorityClassName", "runtimeClassName", "schedulerName")
        if spec.get(what)
    ]
    odd += [f"the host's {what.removeprefix('host')}" for what in HOST if spec.get(what)]
    odd += [
        f"the host's port {one['hostPort']}"
        for container in it.containers
        for one in container.get("ports") or []
        if one.get("hostPort")
    ]
    odd += [
        f"the host's folder {one['hostPath']['path']}"
        for one in spec.get("volumes") or []
        if one.get("hostPath") and one["hostPath"]["path"] not in row.get("hostFolders", [])
    ]
    odd += [
        f"the claim {one['persistentVolumeClaim']['claimName']}"
        for one in spec.get("volumes") or []
        if one.get("persistentVolumeClaim")
    ]
    return [f"{it.key}: its pods have {one}, which nothing declares" for one in odd]


def lets(rows: list[dict] | None, thing: dict) -> bool:
    """Whether a whitelist has an object, by group, kind and (where it says one) name."""
    return any(
        fnmatch.fnmatchcase(group(thing), it["group"])
        and fnmatch.fnmatchcase(thing["kind"], it["kind"])
        and fnmatch.fnmatchcase(thing["metadata"]["name"], it.get("name") or "*")
        for it in rows or []
    )


def permitted(said: Declared, objects: list[dict]) -> list[str]:
    """Each object is in the project: its kind, its name, its namespace."""
    out = []
    for it in objects:
        if it["kind"] in OF_CLUSTER:
            if not lets(said.project.get("clusterResourceWhitelist"), it):
                out.append(f"{title(it)}: the project does not permit it")
            continue
        if not lets(said.project.get("namespaceResourceWhitelist"), it):
            out.append(f"{title(it)}: the project does not permit its kind ({group(it) or 'core'})")
        namespace = it["metadata"].get("namespace") or said.namespace
        if not into(said.project, namespace):
            out.append(f"{title(it)}: the project does not permit the namespace {namespace}")
        elif namespace != said.namespace:
            out.append(
                f"{title(it)}: the chart puts it into {namespace}, "
                f"and the Application is for {said.namespace}"
            )
    return out
