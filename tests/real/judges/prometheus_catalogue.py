"""The metrics that each exporter serves (`src/facts/metrics/`), and series as Prometheus stores and
as exporters write them."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path

NAME = re.compile(r"[a-zA-Z_:][a-zA-Z0-9_:]*")
LABEL = re.compile(r'\s*([a-zA-Z_][a-zA-Z0-9_]*)\s*=\s*"((?:[^"\\]|\\.)*)"\s*,?')
# What a label of which no value is known says.
ANY = "x"


@dataclass(frozen=True)
class Sample:
    """A series that an exporter writes, and how its value grows."""

    metric: str
    labels: tuple[tuple[str, str], ...]
    value: float
    each_second: float = 0.0
    # A time, written as if the clock had begun at 0 some seconds before now.
    since: float | None = None

    def line(self, running: float, now: float) -> str:
        """A line of its exporter's answer, so many seconds after it was planted."""
        value = self.value + self.each_second * running
        if self.since is not None:
            value += now - self.since
        labels = ",".join(f'{key}="{escaped(text)}"' for key, text in self.labels)
        return f"{self.metric}{{{labels}}} {value!r}" if labels else f"{self.metric} {value!r}"


def escaped(text: str) -> str:
    """A label's value, as the text format has it."""
    return text.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n")


def series(text: str) -> tuple[str, dict[str, str]]:
    """The name and the labels of a series as queries write them."""
    found = NAME.match(text)
    if found is None:
        raise ValueError(f"{text} is no series")
    return found[0], dict(LABEL.findall(text[found.end() :].strip("{} ")))


@dataclass
class Metric:
    """One metric of an exporter."""

    kind: str
    # Its own labels, with their values where these are known.
    labels: dict[str, list[str]]

    def stored(self, name: str) -> list[tuple[str, dict[str, str]]]:
        """The series of it, each with the label that its kind adds."""
        if self.kind == "histogram":
            return [(f"{name}_bucket", {"le": "+Inf"}), (f"{name}_sum", {}), (f"{name}_count", {})]
        if self.kind == "summary":
            return [(name, {"quantile": "0.5"}), (f"{name}_sum", {}), (f"{name}_count", {})]
        return [(name, {})]


@dataclass
class Exporter:
    """One file of the catalogue."""

    name: str
    version: str
    # Whether a label of its own stands before one of its target.
    keeps: bool
    target_labels: set[str]
    metrics: dict[str, Metric] = field(default_factory=dict)
    # Each series by its name: its metric and the labels of its own.
    own: dict[str, set[str]] = field(default_factory=dict)
    # A value of each of these, where some is known.
    values: dict[str, dict[str, str]] = field(default_factory=dict)

    def usual(self) -> list[Sample]:
        """One series of each name."""
        return [
            self.sample(stored, more, 1.0)
            for name, metric in self.metrics.items()
            for stored, more in metric.stored(name)
        ]

    def sample(
        self,
        metric: str,
        labels: dict[str, str],
        value: float,
        each_second: float = 0.0,
        since: float | None = None,
    ) -> Sample:
        """A series with all labels that it has; of those that nobody names, any value."""
        every = {it: self.values[metric].get(it, ANY) for it in self.own[metric]} | labels
        return Sample(metric, tuple(sorted(every.items())), value, each_second, since)

    def written(self, metric: str, labels: dict[str, str]) -> dict[str, str]:
        """The labels that the exporter itself writes of a series that Prometheus stores."""
        own, out = self.own[metric], {}
        for key, value in labels.items():
            raw = key.removeprefix("exported_")
            if key != raw and not self.keeps and raw in own & self.target_labels:
                out[raw] = value
            elif key in own and (self.keeps or key not in self.target_labels):
                out[key] = value
        return out

    def stores(self, metric: str) -> set[str]:
        """The labels that Prometheus has of a series."""
        if self.keeps:
            return self.own[metric] | self.target_labels
        renamed = {f"exported_{it}" if it in self.target_labels else it for it in self.own[metric]}
        return renamed | self.target_labels


def read(folder: Path) -> dict[str, Exporter]:
    """All files, by the exporter's name."""
    found = {}
    for file in sorted(folder.glob("*.txt")):
        head, _, rows = file.read_text(encoding="utf-8").partition("\n\n")
        about = dict(line.split(": ", 1) for line in head.splitlines())
        one = Exporter(
            about["exporter"],
            about["version"],
            about["own labels"] == "kept",
            set(about["target labels"].split()),
        )
        for row in rows.splitlines():
            name, kind, *words = row.split()
            labels = {
                label: values.split("|") if values else []
                for label, _, values in (it.partition("=") for it in words)
            }
            one.metrics[name] = Metric(kind, labels)
            for stored, more in one.metrics[name].stored(name):
                one.own[stored] = {*labels, *more}
                one.values[stored] = {key: it[0] for key, it in labels.items() if it} | more
        found[one.name] = one
    if not found:
        raise LookupError(f"{folder} has no metrics")
    return found


def rendered(samples: Iterable[Sample], running: float, now: float) -> bytes:
    """What an exporter answers."""
    return ("\n".join(it.line(running, now) for it in samples) + "\n").encode()
