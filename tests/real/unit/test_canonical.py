"""The comparison of what was sent with what a server stores of it."""

from typing import Any

import pytest

from judges.canonical import Difference, against_stored, differences, project, without_bookkeeping


def said(sent: Any, stored: Any) -> list[str]:
    """What differs, and where."""
    return [f"{one.what} {one.path}" for one in differences(sent, stored)]


@pytest.mark.parametrize(
    ("sent", "stored", "wanted"),
    [
        ({"a": 1}, {"a": 1}, []),
        ({"memory": "1024Mi"}, {"memory": "1Gi"}, ["CHANGED /memory"]),
        ({"hostNetwork": False}, {}, ["DROPPED /hostNetwork"]),
        ({"nodeSelector": {}}, {}, ["EMPTY, NOT STORED /nodeSelector"]),
        ({"a": None}, {}, ["EMPTY, NOT STORED /a"]),
        ({}, {"volumeMode": "Filesystem"}, ["ADDED /volumeMode"]),
        # `True == 1` and `1 == 1.0` in Python, and not in YAML.
        ({"a": True}, {"a": 1}, ["CHANGED /a"]),
        ({"a": 1}, {"a": 1.0}, ["CHANGED /a"]),
        ([1], [1, 2], ["CHANGED "]),
        ({"a": [{"n": 1}]}, {"a": [{"n": 2}]}, ["CHANGED /a[0]/n"]),
    ],
)
def test_each_kind_of_difference(sent: Any, stored: Any, wanted: list[str]) -> None:
    assert said(sent, stored) == wanted


def test_lists_in_another_order_are_the_same() -> None:
    assert said([{"n": "a"}, {"n": "b"}], [{"n": "b"}, {"n": "a"}]) == []


def test_an_item_is_compared_with_the_one_most_alike() -> None:
    sent = [{"n": "a", "v": 1, "w": 1}, {"n": "b", "v": 1, "w": 2}]
    stored = [{"n": "b", "v": 1, "w": 2}, {"n": "a", "v": 2, "w": 1}]
    assert said(sent, stored) == ["CHANGED [0]/v"]


def test_an_item_is_used_once() -> None:
    assert said([1, 1], [1, 2]) == ["CHANGED [1]"]


def test_a_difference_says_both_values() -> None:
    assert str(Difference("CHANGED", "/a", "1024Mi", "1Gi")) == (
        'CHANGED /a: sent "1024Mi", stored "1Gi"'
    )


def test_what_others_own_is_left_out() -> None:
    owned: dict = {
        "f:spec": {"f:replicas": {}, "f:items": {'k:{"name":"a"}': {".": {}, "f:v": {}}}}
    }
    stored = {
        "spec": {
            "replicas": 2,
            "defaulted": "by the server",
            "items": [{"name": "a", "v": 1, "added": 1}, {"name": "b", "v": 9}],
        }
    }
    assert project(stored, owned) == {"spec": {"replicas": 2, "items": [{"v": 1}]}}


def test_an_atomic_value_is_taken_whole() -> None:
    assert project({"a": {"b": 1, "c": 2}}, {"f:a": {}}) == {"a": {"b": 1, "c": 2}}
    assert project(["x", "y"], {'v:"y"': {}}) == ["y"]


def answer(spec: dict, fields: dict, manager: str = "judge", operation: str = "Apply") -> dict:
    """What the server answers to an apply."""
    entry = {"manager": manager, "operation": operation, "fieldsV1": fields}
    return {
        "apiVersion": "v1",
        "kind": "ConfigMap",
        "metadata": {"name": "a", "namespace": "b", "uid": "1", "managedFields": [entry]},
        **spec,
    }


SENT = {
    "apiVersion": "v1",
    "kind": "ConfigMap",
    "metadata": {"name": "a", "namespace": "b"},
    "data": {"k": "v"},
}


def test_a_faithful_answer_has_no_differences() -> None:
    assert against_stored(SENT, answer({"data": {"k": "v"}}, {"f:data": {"f:k": {}}})) == []


def test_a_changed_field_of_ours_is_seen() -> None:
    found = against_stored(SENT, answer({"data": {"k": "w"}}, {"f:data": {"f:k": {}}}))
    assert [str(one) for one in found] == ['CHANGED /data/k: sent "v", stored "w"']


def test_fields_of_another_manager_do_not_count_as_ours() -> None:
    found = against_stored(SENT, answer({"data": {"k": "v"}}, {"f:data": {"f:k": {}}}, "kcm"))
    assert [one.what for one in found] == ["DROPPED"]


def test_the_status_of_a_claim_template_is_the_servers_own() -> None:
    claim = {"spec": {"volumeClaimTemplates": [{"status": {"phase": "Pending"}, "spec": {}}]}}
    fields: dict = {"f:spec": {"f:volumeClaimTemplates": {}}}
    sent = {**SENT, "spec": {"volumeClaimTemplates": [{"spec": {}}]}}
    del sent["data"]
    assert against_stored(sent, answer(claim, fields)) == []


def test_bookkeeping_is_no_difference() -> None:
    kept = without_bookkeeping(
        {**SENT, "metadata": {"name": "a", "resourceVersion": "7", "managedFields": []}}
    )
    assert kept == without_bookkeeping({**SENT, "metadata": {"name": "a"}})
