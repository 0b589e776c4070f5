"""Alerts and their examples, made fast: which series to plant for each, and its rule with every
duration divided."""

from __future__ import annotations

import json
import re
import subprocess
from collections.abc import Iterable
from dataclasses import dataclass

from harness.context import Context
from harness.table import short
from harness.trees import Tree

from .configs_alerts import WRITER
from .prometheus_catalogue import Exporter, Sample, series

# So much faster than in life: a minute of an example is a second.
FASTER = 60
# The shortest range that still has samples, the longest that is waited for, and the longest that a
# state has to last, in seconds.
SHORTEST, LONGEST, LONGEST_FOR = 6, 45, 5
UNITS = {"ms": 0.001, "s": 1, "m": 60, "h": 3600, "d": 86400, "w": 604800}
# How the names of metrics end whose values are times, where a query compares them with now.
TIMES = ("_seconds", "_time", "_created", "_expiry")
DURATION = re.compile(r"(\d+)(ms|[smhdw])")
RANGE = re.compile(
    r"(?<=[\[:])((?:\d+(?:ms|[smhdw]))+)(?=[\]:])|(?<=offset )((?:\d+(?:ms|[smhdw]))+)"
)
# `predict_linear` looks ahead by a number of seconds.
AHEAD = re.compile(r"(predict_linear\([^\[]*\[[^\]]*\], )(\d+)")
VALUES = re.compile(r"(-?\d+)([+-]\d+)x(\d+)")


@dataclass(frozen=True)
class Series:
    """A series of an example."""

    metric: str
    labels: dict[str, str]
    first: float
    each_minute: float


@dataclass(frozen=True)
class Case:
    """An alert with its examples."""

    alert: str
    expression: str
    fault: list[Series]
    health: list[Series]
    # The labels that it fires with, besides its own.
    labels: dict[str, str]
    # How many seconds of the example have passed when it is looked at.
    asked: float

    @property
    def metrics(self) -> set[str]:
        """The metrics that its examples speak of."""
        return {it.metric for it in (*self.fault, *self.health)}


def seconds(text: str) -> float:
    """A duration as Prometheus writes it."""
    return sum(int(number) * UNITS[unit] for number, unit in DURATION.findall(text))


def cases(ctx: Context, tree: Tree) -> list[Case]:
    """The examples of a tree's alerts, as the compiler's own example writes them for promtool."""
    done = subprocess.run(
        [ctx.tool(WRITER), str(tree.spec_root)],
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode:
        raise RuntimeError(f"{WRITER}: {short(done.stderr, 300)}")
    return [case_of(json.loads(line)) for line in done.stdout.splitlines()]


def case_of(row: dict) -> Case:
    """A line of the writer."""
    fault, health = row["tests"]["tests"]
    expected = fault["alert_rule_test"][0]

    def of(test: dict) -> list[Series]:
        found = []
        for one in test["input_series"]:
            metric, labels = series(one["series"])
            values = VALUES.fullmatch(one["values"])
            if values is None:
                raise ValueError(f"{row['alert']}: {one['values']} are no values")
            found.append(Series(metric, labels, float(values[1]), float(values[2])))
        return found

    return Case(
        row["alert"],
        row["rules"]["groups"][0]["rules"][0]["expr"],
        of(fault),
        of(health),
        expected["exp_alerts"][0]["exp_labels"],
        seconds(expected["eval_time"]),
    )


def planted(case: Case, one: Series, exporter: Exporter) -> Sample:
    """A series of an example, as its exporter writes it."""
    is_time = "time()" in case.expression and one.metric.endswith(TIMES)
    # A label that the query asks for and the example leaves out is empty; any other has a value.
    asked = dict.fromkeys(re.findall(r"\w+", case.expression), "")
    empty = {key: value for key, value in asked.items() if key in exporter.own[one.metric]}
    return exporter.sample(
        one.metric,
        empty | exporter.written(one.metric, one.labels),
        one.first,
        one.each_minute * FASTER / 60,
        case.asked if is_time else None,
    )


def faster(expression: str) -> str:
    """A query in which every range is shorter, but never too short for its samples."""

    def shorter(found: re.Match[str]) -> str:
        return f"{min(LONGEST, max(SHORTEST, round(seconds(found[0]) / FASTER)))}s"

    ahead = AHEAD.sub(lambda it: f"{it[1]}{max(1, int(it[2]) // FASTER)}", expression)
    return RANGE.sub(shorter, ahead)


def hurried(rules: dict) -> dict:
    """A file of rules that is evaluated every second, with its durations divided."""
    for group in rules["groups"]:
        group.pop("interval", None)
        for rule in group["rules"]:
            rule["expr"] = faster(str(rule["expr"]))
            for key in ("for", "keep_firing_for"):
                if key in rule:
                    rule[key] = f"{min(LONGEST_FOR, round(seconds(rule[key]) / FASTER))}s"
    return rules


def rounds(all_cases: Iterable[Case]) -> list[list[Case]]:
    """Alerts that can be made to fire at the same time: no two of them read one metric, since what
    is planted for one would be the health of the other."""
    found: list[tuple[set[str], list[Case]]] = []
    for case in all_cases:
        for metrics, some in found:
            if not metrics & case.metrics:
                metrics.update(case.metrics)
                some.append(case)
                break
        else:
            found.append((set(case.metrics), [case]))
    return [some for _, some in found]
