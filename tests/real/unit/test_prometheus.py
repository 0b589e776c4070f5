"""Queries made fast, series of exporters, rounds of alerts, and what memory is too much."""

from pathlib import Path

import pytest

from judges.prometheus_alerts import Case, Series, faster, hurried, rounds, seconds
from judges.prometheus_boards import asked, filled, without_thresholds
from judges.prometheus_catalogue import Sample, read, series
from judges.prometheus_charts import Asked, awake, selectors, target
from judges.prometheus_memory import MIB, OF_KUBELET, Measured, held
from judges.prometheus_stage import defaulted

FILE = """exporter: argo
version: 1.0
source: made up for this test
own labels: renamed
target labels: container instance job namespace pod

argo_app_info gauge name namespace status=Synced|Unknown
argo_wait_seconds histogram name
"""


@pytest.mark.parametrize(
    ("query", "fast"),
    [
        ("rate(x[15m]) > 5", "rate(x[15s]) > 5"),
        ("increase(x[5m]) > 0", "increase(x[6s]) > 0"),
        ("increase(x[1d]) > 0", "increase(x[45s]) > 0"),
        ("predict_linear(x[1h], 345600) < 0", "predict_linear(x[45s], 5760) < 0"),
        ("max_over_time(x[30m:10m])", "max_over_time(x[30s:10s])"),
        ("x offset 1h", "x offset 45s"),
        ('x{path="[5m]"} or y', 'x{path="[6s]"} or y'),
        ("time() - x > 172800", "time() - x > 172800"),
    ],
)
def test_ranges_are_divided(query: str, fast: str) -> None:
    assert faster(query) == fast


def test_a_rule_has_to_last_a_few_seconds_at_most() -> None:
    rule = {"alert": "A", "expr": "x > 0", "for": "1h"}
    group = {"name": "a", "interval": "1m", "rules": [rule]}
    assert hurried({"groups": [group]}) == {
        "groups": [{"name": "a", "rules": [{"alert": "A", "expr": "x > 0", "for": "5s"}]}]
    }
    assert seconds("1h30m") == 5400


def test_what_is_stored_is_written_by_its_exporter(tmp_path: Path) -> None:
    (tmp_path / "argo-1.0.txt").write_text(FILE, encoding="utf-8")
    argo = read(tmp_path)["argo"]
    name, labels = series('argo_app_info{exported_namespace="ai",namespace="argocd",name="a\\"b"}')
    assert (name, labels["name"]) == ("argo_app_info", 'a\\"b')
    assert argo.written(name, {**labels, "name": "a"}) == {"namespace": "ai", "name": "a"}
    assert argo.stores(name) == {
        *("container", "exported_namespace", "instance", "job", "name", "namespace"),
        *("pod", "status"),
    }
    line = argo.sample(name, {"name": "a"}, 2.0, 1.0).line(3.0, 0.0)
    assert line == 'argo_app_info{name="a",namespace="x",status="Synced"} 5.0'
    assert "argo_wait_seconds_bucket" in argo.own
    # A time is written as if the clock had begun an hour ago.
    assert Sample("x", (), 60.0, 0.0, 3600.0).line(0.0, 10_000.0) == "x 6460.0"


def test_alerts_of_one_metric_are_not_tried_together() -> None:
    def case(name: str, metric: str) -> Case:
        return Case(name, metric, [Series(metric, {}, 1, 0)], [], {}, 60)

    found = rounds([case("A", "x"), case("B", "y"), case("C", "x")])
    assert [[it.alert for it in some] for some in found] == [["A", "B"], ["C"]]


def test_variables_of_dashboards_are_filled_in() -> None:
    query = 'sum(rate(x{namespace="$namespace",code=~"5.."}[$__rate_interval])) by (pod)'
    assert filled(query) == 'sum(rate(x{namespace=~".*",code=~"5.."}[10s])) by (pod)'
    assert list(asked('x{namespace="ai",pod=~"a|b",code=~"5.."}')) == [
        ("x", {"namespace": "ai", "pod": "a", "code": "5.."})
    ]


def test_thresholds_are_left_out() -> None:
    assert without_thresholds('count(up{a=">= 1"} == 0) > 5') == 'count(up{a=">= 1"})'
    assert without_thresholds("a > bool 1 and b < 0.5") == "a and b"


def test_defaults_are_filled_in_where_their_parent_is() -> None:
    path = {"type": "string", "default": "/probe"}
    schema = {"properties": {"prober": {"properties": {"path": path}}, "list": {"items": {}}}}
    assert defaulted({"prober": {"url": "a"}}, schema) == {"prober": {"url": "a", "path": "/probe"}}
    assert defaulted({"prober": {"path": "/"}}, schema) == {"prober": {"path": "/"}}
    assert defaulted({"list": [1]}, schema) == {"list": [1]}


def test_memory_is_held_against_the_limit() -> None:
    good = Measured(OF_KUBELET, 100, 1.0, 100, 80 * MIB, 80 * MIB)
    assert held(good, 100 * MIB) == []
    assert len(held(good, 99 * MIB)) == 2
    slow = Measured(OF_KUBELET, 100, 0.1, 100, MIB, MIB)
    assert "nothing was measured" in held(slow, 100 * MIB)[0]


def test_what_unless_takes_away_is_not_asked_for() -> None:
    def of(name: str) -> dict:
        return {"type": "vectorSelector", "name": name, "matchers": []}

    tree = {
        "type": "binaryExpr",
        "op": "unless",
        "lhs": {"type": "call", "args": [{**of("a"), "type": "matrixSelector"}]},
        "rhs": {"type": "aggregation", "expr": of("b")},
    }
    assert [it["name"] for it in selectors(tree)] == ["a"]
    assert [it["name"] for it in selectors({**tree, "op": "or"})] == ["a", "b"]


def test_a_target_has_the_labels_of_its_service() -> None:
    monitor = {
        "metadata": {"name": "stack-operator"},
        "spec": {"selector": {"matchLabels": {"app": "o"}}, "endpoints": []},
    }
    service = {
        "metadata": {"name": "stack-operator", "namespace": "m", "labels": {"app": "o", "x": "y"}},
        "spec": {"ports": [{"name": "http"}]},
    }
    found = target("stack", monitor, {"port": "http"}, [service])
    assert isinstance(found, Asked)
    assert found.exporter == "prometheus-operator"
    assert dict(found.labels) == {
        "job": "stack-operator",
        "endpoint": "http",
        "namespace": "m",
        "service": "stack-operator",
    }
    assert "no one Service" in str(target("stack", monitor, {"port": "https"}, [service]))
    strange = {**monitor, "metadata": {"name": "stack-other"}}
    assert "nobody knows" in str(target("stack", strange, {"port": "http"}, [service]))


def test_an_alert_that_is_there_with_health_is_seen() -> None:
    rule = {"name": "A", "type": "alerting", "health": "ok", "alerts": []}
    assert not list(awake(rule))
    pending = {**rule, "alerts": [{"state": "pending", "labels": {"a": "b"}}]}
    assert "it is pending" in next(awake(pending))
    assert not list(awake({**pending, "name": "Watchdog"}))
    assert "err" in next(awake({**rule, "health": "err", "lastError": "many-to-many"}))
