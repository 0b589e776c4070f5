"""What Argo CD's programs took, against the limits and with the variables of the tree's values."""

from __future__ import annotations

from harness.argo_settings import variables
from judges.argo_checks import memory

SIZED = {"resources": {"limits": {"memory": "512Mi"}}, "env": [{"name": "A", "value": "1"}]}
VALUES = {
    "controller": {"resources": {"limits": {"memory": "768Mi"}}},
    "repoServer": SIZED,
    "server": {**SIZED, "env": [{"name": "B", "valueFrom": {}}]},
}


def test_who_takes_more_than_its_limit_is_found() -> None:
    objects, findings, note = memory({"controller": 769 << 20, "repo-server": 512 << 20}, VALUES)
    assert objects == 2
    assert findings == ["controller took more than its container may: 769Mi of 768Mi"]
    assert note == "controller 769Mi of 768Mi, repo-server 512Mi of 512Mi"


def test_variables_are_those_with_a_value_of_their_own() -> None:
    assert variables(VALUES) == {"controller": {}, "repo-server": {"A": "1"}, "server": {}}
