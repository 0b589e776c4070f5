"""The memory of Prometheus while it takes what k3s serves: one process shows the metrics of all its
parts at the kubelet's port."""

from __future__ import annotations

import random
import time
import urllib.request
from dataclasses import dataclass

from harness.context import Context
from harness.pods import quantity
from harness.processes import wait_until
from harness.table import Row

from .prometheus_catalogue import Exporter, Metric, Sample, rendered
from .prometheus_exporters import Content
from .prometheus_stage import Stage, Subject, subject

# What nodes of k3s were seen to answer at once is 56,000 to 79,000 samples.
OF_KUBELET = 60_000
# What the others answer on a platform for one node, rather more than less: 40 containers with a
# hundred series each, objects of 250 kinds of metrics, and what one server says of itself.
OF_OTHERS = {"cadvisor": 4_000, "kube-state-metrics": 5_000}
OF_ONE = 1_500
# How many different answers there are, so that values change.
ANSWERS = 6
BUCKETS = 15
# How much of its limit may be used at most.
SHARE = 0.8
# Prometheus sets this itself by the limit of its container, which it has not here.
GO_SHARE = 0.9
# How often and how long everything is asked: as many samples as in half an hour of the tree.
EVERY, SECONDS = "2s", 120
# How many of the scrapes of k3s have to succeed, or nothing was measured.
TAKEN = 0.5
MIB = 1 << 20
CONTAINER = ("prometheus", "prometheusSpec", "resources", "limits", "memory")


def judge(ctx: Context) -> Row:
    """One row: the peak while everything is asked, written to disk, and read again."""
    row, began = Row("prometheus: memory", 0), time.monotonic()
    for tree in ctx.trees:
        what = subject(ctx, tree)
        if what is not None:
            ctx.say(row.judge)
            judged(ctx, what, row, SECONDS)
            break
    row.seconds = time.monotonic() - began
    return row


def judged(ctx: Context, what: Subject, row: Row, seconds: int) -> None:
    """One tree: its limit holds."""
    limit = limit_of(what.values)
    found = measured(ctx, what, limit, seconds)
    row.objects = found.series
    row.note = (
        f"{found.scraped} samples of k3s, {found.kept} kept, {found.series} active series: "
        f"peak {found.peak // MIB}Mi, started again {found.again // MIB}Mi, of {limit // MIB}Mi"
    )
    row.findings += [f"{what.tree.name}: {it}" for it in held(found, limit)]


@dataclass(frozen=True)
class Measured:
    """What was seen of one Prometheus; memory in bytes."""

    # Of one scrape of k3s: what it answered, and what the tree keeps of it.
    scraped: int
    kept: int
    # The share of its scrapes that succeeded.
    taken: float
    series: int
    # Until all was written to disk, and after the next start.
    peak: int
    again: int


def held(found: Measured, limit: int) -> list[str]:
    """What is too much, or too little to say anything."""
    said = [
        f"{when}: {it // MIB}Mi is more than {SHARE:.0%} of {limit // MIB}Mi"
        for when, it in (("while it asks", found.peak), ("when it starts again", found.again))
        if it > SHARE * limit
    ]
    if found.taken < TAKEN or found.scraped < 0.9 * OF_KUBELET:
        said.append(
            f"nothing was measured: {found.taken:.0%} of the scrapes of k3s succeeded, "
            f"with {found.scraped} samples"
        )
    return said


def limit_of(values: dict) -> int:
    """The limit of Prometheus in the chart's values."""
    found: object = values
    for step in CONTAINER:
        found = found.get(step) if isinstance(found, dict) else None
    if found is None:
        raise LookupError(f"the chart's values have no {'.'.join(CONTAINER)}")
    return round(quantity(found))


def measured(ctx: Context, what: Subject, limit: int, seconds: int) -> Measured:
    """Everything is asked for a while, written to disk, and read again."""
    stage = Stage(ctx, what, "memory")
    stage.every = EVERY
    environment = {"GOMEMLIMIT": f"{int(GO_SHARE * limit / MIB)}MiB"}
    try:
        stage.open()
        for name, contents in stage.contents.items():
            exporter = stage.catalogue.get(name)
            if exporter is None:
                continue
            many = OF_KUBELET if name == "kubelet" else OF_OTHERS.get(name, OF_ONE)
            answers = replayed(exporter, many)
            for content in contents:
                replay(stage, content, answers)
        stage.configure()
        stage.start(environment)
        time.sleep(seconds)
        # What is in memory is written to disk, as it is every two hours.
        url = f"http://127.0.0.1:{stage.port}/api/v1/admin/tsdb/snapshot"
        with urllib.request.urlopen(
            urllib.request.Request(url, method="POST"), timeout=60
        ) as answer:
            answer.read()
        series = int(stage.ask("status/tsdb")["headStats"]["numSeries"])
        scraped, kept, taken = (
            value(stage, f'{function}({metric}{{job="kubelet"}}[{seconds}s])')
            for function, metric in (
                ("max_over_time", "scrape_samples_scraped"),
                ("max_over_time", "scrape_samples_post_metric_relabeling"),
                ("avg_over_time", "up"),
            )
        )
        assert stage.process is not None
        peak = stage.process.peak()
        ctx.processes.stop(stage.process, patience=30)
        # A start reads back what no block has.
        stage.start(environment)
        wait_until(
            "Prometheus", lambda: stage.ask("query", query="up")["result"], 60, stage.process, 0.5
        )
        time.sleep(5)
        again = stage.process.peak()
        return Measured(round(scraped), round(kept), taken, series, peak, again)
    finally:
        stage.close()


def value(stage: Stage, query: str) -> float:
    """The one answer of a query; 0 where there is none."""
    answers = stage.ask("query", query=query)["result"]
    return float(answers[0]["value"][1]) if answers else 0.0


def replay(stage: Stage, content: Content, answers: list[bytes]) -> None:
    """Has a content's places answer what was made before, in turns."""

    def answer(target: str) -> bytes | None:
        if target.partition("?")[0] != content.path:
            return None
        return answers[int(time.monotonic()) % len(answers)]

    for said in stage.exporters.answers.values():
        said[:] = [answer if it is content else it for it in said]


def replayed(exporter: Exporter, many: int) -> list[bytes]:
    """Answers of about so many samples, spread over its metrics by how many labels they have; the
    same in every run."""
    chance = random.Random(exporter.name)
    samples: list[Sample] = []
    whole = sum(weight(it) for it in exporter.metrics.values())
    for name, metric in exporter.metrics.items():
        count = max(1, round(many * weight(metric) / whole / width(metric)))
        for number in range(count):
            samples += series_of(exporter, name, metric, number)
    return [
        rendered(
            (
                Sample(it.metric, it.labels, it.value + turn * chance.randrange(1, 1000))
                for it in samples
            ),
            0,
            0,
        )
        for turn in range(ANSWERS)
    ]


def width(metric: Metric) -> int:
    """How many samples a series of it is."""
    return {"histogram": BUCKETS + 2, "summary": 5}.get(metric.kind, 1)


def weight(metric: Metric) -> int:
    """What share of all samples is its."""
    return width(metric) * (1 + len(metric.labels)) if metric.labels else width(metric)


def series_of(exporter: Exporter, name: str, metric: Metric, number: int) -> list[Sample]:
    """One series of a metric, with labels as long as names are."""
    labels = {
        key: values[number % len(values)] if values else f"{key}-of-{number:05}"
        for key, values in metric.labels.items()
    }
    if metric.labels and all(metric.labels.values()):
        labels[next(iter(labels))] = f"value-{number:05}"
    out = []
    for stored, more in metric.stored(name):
        if "le" in more:
            bounds = [f"{2.0**at / 1000}" for at in range(BUCKETS - 1)] + ["+Inf"]
            out += [exporter.sample(stored, {**labels, "le": it}, 1.0) for it in bounds]
        elif "quantile" in more:
            out += [
                exporter.sample(stored, {**labels, "quantile": it}, 1.0)
                for it in ("0.5", "0.9", "0.99")
            ]
        else:
            out.append(exporter.sample(stored, labels, 1.0))
    return out
