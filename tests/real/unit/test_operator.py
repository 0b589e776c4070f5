"""What the judge of the operator knows without a cluster."""

import base64
import json
import threading
from typing import Any

import pytest

from judges.operator_life import differing, wish
from judges.operator_proxy import AFTER, BEFORE, Proxy, Request, writes_of
from judges.operator_samples import identity
from judges.operator_stage import credential


@pytest.fixture
def proxy() -> Proxy:
    made = Proxy.__new__(Proxy)
    made.__dict__.update(guard=threading.Lock(), seen=0, cut_at=0, was_cut="")
    return made


def test_only_the_request_of_that_number_is_cut(proxy: Proxy) -> None:
    proxy.cut(2, AFTER)
    said = [proxy.next_is_cut(Request("PATCH", f"/api/v1/x/{it}?a=b")) for it in range(4)]
    assert said == ["", AFTER, "", ""]
    assert proxy.was_cut == "PATCH /api/v1/x/1"


def test_a_lease_is_not_counted(proxy: Proxy) -> None:
    proxy.cut(1, BEFORE)
    assert not proxy.next_is_cut(Request("PUT", "/apis/coordination.k8s.io/v1/leases/x"))
    assert proxy.next_is_cut(Request("GET", "/api/v1/x")) == BEFORE


def test_reading_is_no_write() -> None:
    swallow = writes_of("services")
    assert swallow(Request("PATCH", "/api/v1/namespaces/a/services/b?force=true"))
    assert not swallow(Request("GET", "/api/v1/services?watch=true"))
    assert not swallow(Request("PATCH", "/apis/apps/v1/namespaces/a/deployments/b"))


def test_a_watch_is_one() -> None:
    assert Request("GET", "/api/v1/pods?watch=true&resourceVersion=1").is_watch
    assert Request("GET", "/api/v1/pods?watch").is_watch
    assert not Request("GET", "/api/v1/pods?limit=1").is_watch


def test_what_the_cluster_notes_is_no_wish() -> None:
    before: dict[str, Any] = {
        "kind": "Service",
        "metadata": {"resourceVersion": "1", "labels": {"a": "b"}, "annotations": {}},
        "spec": {"clusterIP": "10.43.0.7", "ports": [1]},
        "status": {},
    }
    after: dict[str, Any] = {**before, "metadata": {**before["metadata"], "resourceVersion": "2"}}
    after["spec"] = {**before["spec"], "clusterIP": "10.43.0.8"}
    assert wish(before) == wish(after)
    other = {**after, "spec": {"ports": [2]}}
    assert wish(before) != wish(other)
    assert differing(wish(before), wish(other)) == "/spec/ports: [1] became [2]"


def test_the_identity_of_a_token() -> None:
    body = base64.urlsafe_b64encode(json.dumps({"jti": "one-of-many"}).encode()).decode()
    assert credential(f"head.{body.rstrip('=')}.signature") == "JTI=one-of-many"


def of_kind(kind: str, generation: int, **more: Any) -> dict:
    return {"kind": kind, "metadata": {"uid": "a", "generation": generation}, **more}


def test_a_change_of_hands_leaves_what_an_object_is() -> None:
    before = of_kind("Service", 1, spec={"a": 1})
    assert identity(before) == identity({**before, "status": {"b": 1}})
    assert identity(before) != identity(of_kind("Service", 2, spec={"a": 1}))
    assert identity(before) != identity(of_kind("Service", 1, spec={"a": 2}))


def test_a_deployment_may_lose_an_annotation() -> None:
    before = of_kind("Deployment", 1, spec={"a": 1})
    assert identity(before) == identity(of_kind("Deployment", 2, spec={"a": 1}))
    assert identity(before) != identity(of_kind("Deployment", 2, spec={"a": 2}))
