"""What stands in for nodes, and for the pods that a tree does not hold itself."""

from __future__ import annotations

import copy

from .pods import MAKERS, Workload


def node(
    name: str,
    cpu_millicores: int,
    memory_bytes: int,
    pods: int = 110,
    gpus: int = 0,
    labels: dict | None = None,
    taints: list[dict] | None = None,
) -> dict:
    """A node that is ready, with what pods may use on it."""
    room = ({"nvidia.com/gpu": str(gpus)} if gpus else {}) | {
        "cpu": f"{cpu_millicores}m",
        "memory": str(memory_bytes),
        "pods": str(pods),
        "ephemeral-storage": "200Gi",
    }
    moment = "2026-01-01T00:00:00Z"
    return {
        "apiVersion": "v1",
        "kind": "Node",
        "metadata": {
            "name": name,
            "labels": {
                "kubernetes.io/hostname": name,
                "kubernetes.io/os": "linux",
                "kubernetes.io/arch": "amd64",
                "node-role.kubernetes.io/control-plane": "true",
                **(labels or {}),
            },
        },
        **({"spec": {"taints": taints}} if taints else {}),
        "status": {
            "capacity": room,
            "allocatable": room,
            "conditions": [
                {
                    "type": "Ready",
                    "status": "True",
                    "reason": "Fake",
                    "message": "no kubelet",
                    "lastHeartbeatTime": moment,
                    "lastTransitionTime": moment,
                }
            ],
        },
    }


def declared(prefix: str, groups: list[dict]) -> list[dict]:
    """The nodes that a spec declares, group by group."""
    return [
        node(
            f"{prefix}-{group['name']}-{number}",
            group["cpuAllocatableMillicores"],
            group["allocatable"],
            pods=group["maxPods"],
            gpus=group["gpus"],
            labels=group["labels"],
            taints=[{key: value for key, value in one.items() if value} for one in group["taints"]],
        )
        for group in groups
        for number in range(group["count"])
    ]


def stand_in(row: dict, name: str, namespace: str) -> dict:
    """A Deployment for a row of the budget: pods of a chart, of the cluster, of a Job."""
    surge = row.get("surge", 0)
    label = {"stand-in": name}
    return {
        "apiVersion": "apps/v1",
        "kind": "Deployment",
        "metadata": {"name": name, "namespace": namespace},
        "spec": {
            "replicas": row["replicas"],
            "selector": {"matchLabels": label},
            "strategy": {
                "type": "RollingUpdate",
                "rollingUpdate": {"maxSurge": surge, "maxUnavailable": 0 if surge else 1},
            },
            "template": {
                "metadata": {"labels": label},
                "spec": {
                    "terminationGracePeriodSeconds": 0,
                    "containers": [
                        {
                            "name": "stand-in",
                            "image": "stand-in",
                            "resources": {
                                "requests": {
                                    "memory": str(row["request"]),
                                    "cpu": f"{row['cpuMillicores']}m",
                                }
                            },
                        }
                    ],
                },
            },
        },
    }


def rendered(made: Workload, name: str, namespace: str, count: int) -> dict:
    """A chart's own workload, under another name, with all of it that the scheduler reads.

    A Job comes and goes, and the budget counts it as present: it stays here, as a Deployment that
    never surges. A DaemonSet would run on the nodes of other cases too: it is a Deployment of as
    many pods as the budget says, which never surges either.
    """
    pod = copy.deepcopy(made.pod)
    # An account would have to be there first, and nothing of it decides where a pod runs.
    for field in ("serviceAccount", "serviceAccountName", "restartPolicy"):
        pod.pop(field, None)
    label = {"stand-in": name}
    # Rules between pods (spread, affinity) name the chart's own labels.
    template = {
        "metadata": {"labels": {**made.labels, **label}},
        "spec": {**pod, "automountServiceAccountToken": False, "terminationGracePeriodSeconds": 0},
    }
    meta, spec = {"name": name, "namespace": namespace}, made.thing["spec"]
    if made.thing["kind"] not in ("Deployment", "StatefulSet"):
        is_daemon = made.thing["kind"] == "DaemonSet" and not made.surge
        is_other = MAKERS[made.thing["kind"]] == ("template",) and made.thing["kind"] != "Job"
        if is_other and not is_daemon:
            raise LookupError(f"{made.key}: no stand-in for this kind")
        spec = {
            "replicas": count if is_daemon else made.replicas,
            "strategy": {"type": "Recreate"},
        }
        return {
            "apiVersion": "apps/v1",
            "kind": "Deployment",
            "metadata": meta,
            "spec": {**spec, "selector": {"matchLabels": label}, "template": template},
        }
    kept = {
        key: copy.deepcopy(it)
        for key, it in spec.items()
        if key
        in ("replicas", "strategy", "serviceName", "podManagementPolicy", "volumeClaimTemplates")
    }
    return {
        "apiVersion": "apps/v1",
        "kind": made.thing["kind"],
        "metadata": meta,
        "spec": {**kept, "selector": {"matchLabels": label}, "template": template},
    }
