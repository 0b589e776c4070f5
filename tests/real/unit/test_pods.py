"""Figures of pods as scheduler and controllers count them."""

from typing import Any

import pytest

from harness.pods import Workload, pod_requests, quantity, workloads


@pytest.mark.parametrize(
    ("text", "number"),
    [("1Gi", 1 << 30), ("500m", 0.5), ("1.5Gi", 3 << 29), (2, 2), ("1e3", 1000), ("2k", 2000)],
)
def test_quantities(text: Any, number: float) -> None:
    assert quantity(text) == number


@pytest.mark.parametrize("text", ["", "Gi", "1GB", "1 Gi", "-1Gi"])
def test_what_is_no_quantity_is_an_error(text: str) -> None:
    with pytest.raises(ValueError, match="is no quantity"):
        quantity(text)


def asks(memory: str, **more: Any) -> dict:
    """A container that asks for memory."""
    return {"resources": {"requests": {"memory": memory}}, **more}


@pytest.mark.parametrize(
    ("spec", "wanted"),
    [
        ({"containers": [asks("1Mi"), asks("2Mi")]}, 3 << 20),
        ({"containers": [asks("1Mi")], "initContainers": [asks("5Mi")]}, 5 << 20),
        (
            {"containers": [asks("1Mi")], "initContainers": [asks("5Mi", restartPolicy="Always")]},
            6 << 20,
        ),
        (
            {
                "containers": [asks("1Mi")],
                "initContainers": [asks("5Mi", restartPolicy="Always"), asks("2Mi")],
            },
            7 << 20,
        ),
        ({"containers": [asks("1Mi")], "overhead": {"memory": "1Mi"}}, 2 << 20),
        ({"containers": [{}]}, 0),
    ],
    ids=["a sum", "a greedy init", "a sidecar", "an init beside it", "overhead", "nothing"],
)
def test_what_the_scheduler_counts(spec: dict, wanted: float) -> None:
    assert pod_requests(spec, "memory") == wanted


def workload(kind: str, **spec: Any) -> Workload:
    """A workload with one container."""
    return Workload({"kind": kind, "metadata": {"name": "a"}, "spec": spec}, "ai")


@pytest.mark.parametrize(
    ("it", "replicas", "surge"),
    [
        (workload("Deployment", replicas=5), 5, 2),
        (workload("Deployment"), 1, 1),
        (workload("Deployment", replicas=3, strategy={"type": "Recreate"}), 3, 0),
        (workload("Deployment", replicas=3, strategy={"rollingUpdate": {"maxSurge": 0}}), 3, 0),
        (
            workload("Deployment", replicas=11, strategy={"rollingUpdate": {"maxSurge": "10%"}}),
            11,
            2,
        ),
        (workload("Deployment", replicas=0), 0, 0),
        (workload("StatefulSet", replicas=2), 2, 0),
        (workload("DaemonSet"), 1, 0),
        (workload("Job", parallelism=3), 3, 0),
        (workload("CronJob", jobTemplate={}), 2, 0),
        (workload("CronJob", jobTemplate={}, concurrencyPolicy="Forbid"), 1, 0),
    ],
)
def test_how_many_pods_there_are_and_may_be_more(it: Workload, replicas: int, surge: int) -> None:
    assert (it.replicas, it.surge) == (replicas, surge)


def test_what_the_operator_makes_of_a_resource_is_a_workload() -> None:
    """Its own options, and what the resource lays over its containers."""
    asked = {"requests": {"memory": "400Mi"}, "limits": {"memory": "800Mi"}}
    patch = {"requests": {"memory": "24Mi", "ephemeral-storage": "100Mi"}}
    prometheus = {
        "apiVersion": "monitoring.coreos.com/v1",
        "kind": "Prometheus",
        "metadata": {"name": "own"},
        "spec": {
            "resources": asked,
            "containers": [{"name": "config-reloader", "resources": patch}],
            "storage": {
                "volumeClaimTemplate": {"spec": {"resources": {"requests": {"storage": "6Gi"}}}}
            },
        },
    }
    words = [
        "--config-reloader-cpu-request=0",
        "--config-reloader-memory-request=50Mi",
        "--config-reloader-memory-limit=64Mi",
    ]
    operator = {
        "kind": "Deployment",
        "metadata": {"name": "operator"},
        "spec": {"template": {"spec": {"containers": [{"name": "operator", "args": words}]}}},
    }
    made = workloads([operator, prometheus], "monitoring")[1]
    assert made.key == "StatefulSet/monitoring/prometheus-own"
    assert pod_requests(made.pod, "memory") == 424 << 20
    assert pod_requests(made.pod, "memory", "limits") == 864 << 20
    assert pod_requests(made.pod, "ephemeral-storage") == 100 << 20
    assert made.volumes == 6 << 30
    assert made.bears({"app.kubernetes.io/name": "prometheus"})
    assert made.ports == {("TCP", 9090), ("TCP", 8080), ("TCP", 8081)}
