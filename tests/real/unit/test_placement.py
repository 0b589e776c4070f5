"""What a platform's pods and rows come to before any scheduler sees them."""

from types import SimpleNamespace
from typing import Any, cast

from harness.cluster import Cluster
from harness.placement import Platform, storage_classes
from harness.trees import Thing

CLUSTER = cast(Cluster, SimpleNamespace(api=None))


def thing(kind: str, name: str, namespace: str, **spec: Any) -> Thing:
    """An object of a tree."""
    meta = {"name": name, "namespace": namespace}
    return Thing(f"{name}.yaml", b"", {"kind": kind, "metadata": meta, "spec": spec})


def deployment(memory: str, replicas: int = 1) -> Thing:
    """A tenant's Deployment."""
    container = {"resources": {"requests": {"memory": memory, "cpu": "100m"}}}
    pod = {"spec": {"containers": [container]}}
    return thing("Deployment", "openwebui", "team", replicas=replicas, template=pod)


def row(source: str, memory: int, cpu: int, **more: Any) -> dict:
    """A row of the budget."""
    return {
        "name": "a",
        "namespace": "team",
        "workload": "Deployment/team/a",
        "source": source,
        "replicas": 1,
        "request": memory,
        "cpuMillicores": cpu,
        **more,
    }


def test_a_tenants_row_less_its_pods_is_what_comes_and_goes() -> None:
    tenant = row("tenant", 300 << 20, 250)
    case = Platform(CLUSTER, "x", [deployment("100Mi", replicas=2)], {"pods": [tenant]})
    assert case.tenants["team"]["request"] == 100 << 20
    assert case.tenants["team"]["cpuMillicores"] == 50
    assert case.stand_ins == [case.tenants["team"]]
    assert case.expected() == 3


def counted(memory: int) -> list[str]:
    """What is wrong with a tenant's row of so much memory: one pod of 100Mi, one host."""
    solver = row("transient", 64 << 20, 10, name="acme-solver", replicas=0)
    ingress = thing("Ingress", "openwebui", "team", tls=[{"hosts": ["team.example.com"]}])
    pods = [row("tenant", memory << 20, 110), solver]
    case = Platform(CLUSTER, "x", [deployment("100Mi"), ingress], {"pods": pods})
    return case.tenants_counted()


def test_a_tenant_is_counted_with_one_solver_for_each_host() -> None:
    assert counted(164) == []


def test_a_tenant_that_is_counted_too_high_or_too_low_is_seen() -> None:
    assert ["1048576 more" in one for one in counted(165)] == [True]
    assert ["-1048576 more" in one for one in counted(163)] == [True]


def test_cases_do_not_share_namespaces() -> None:
    first, second = (
        Platform(CLUSTER, name, [deployment("1Mi")], {"pods": []}) for name in ("x", "y")
    )
    assert first.objects[0]["metadata"]["namespace"] == "team-x"
    assert not set(first.namespaces) & set(second.namespaces)


def pod(node: str = "", status: str = "False") -> dict:
    """A pod that the scheduler has looked at."""
    condition = {"type": "PodScheduled", "status": status, "message": "Insufficient memory"}
    return {
        "metadata": {"name": "a"},
        "spec": {"nodeName": node} if node else {},
        "status": {"conditions": [condition]},
    }


def test_a_pod_waits_while_it_has_no_node_and_the_scheduler_says_so() -> None:
    case = Platform(CLUSTER, "x", [], {"pods": []})
    assert case.waiting([pod()]) == ["a: Insufficient memory"]
    assert case.waiting([pod(node="node-x"), pod(status="True"), {**pod(), "status": {}}]) == []


def test_classes_that_claims_name_are_made_beside_the_nodes_own() -> None:
    claims = [
        thing("PersistentVolumeClaim", "a", "ai", storageClassName="fast").value,
        thing("PersistentVolumeClaim", "b", "ai", storageClassName="local-path").value,
        thing(
            "StatefulSet", "c", "ai", volumeClaimTemplates=[{"spec": {"storageClassName": "slow"}}]
        ).value,
    ]
    assert [one["metadata"]["name"] for one in storage_classes(claims)] == ["fast", "slow"]
