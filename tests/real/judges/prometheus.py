"""Judges monitoring by a real Prometheus: it asks what the tree offers, through the configuration
that prometheus-operator makes, and each alert fires on its fault and not on health."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterator

from harness.context import Context
from harness.table import Row, short

from . import prometheus_charts, prometheus_faults, prometheus_memory
from .prometheus_alerts import Case, Series, cases, faster, planted, rounds, seconds
from .prometheus_boards import asked, expressions, without_thresholds
from .prometheus_catalogue import Sample
from .prometheus_stage import MONITORS, Pod, Stage, Subject, bears, subject

# What a target has that a PodMonitor brings, where the catalogue does not know its exporter.
OF_PODS = {"container", "instance", "job", "namespace", "pod"}
# How long everything may take to be asked, and a fault to be seen beyond its alert's own time.
PATIENCE, LATE = 60, 30
# How long after its ranges are filled an alert may still be evaluated for the last time.
SETTLED = 6
# How long a range of a dashboard needs to have samples.
FIRST = 12
# What an alert has besides the labels of its example.
OF_ALERTS = {"alertname", "severity"}


class Verdict:
    """The rows of one tree."""

    def __init__(self, name: str) -> None:
        self.targets = Row(f"prometheus: {name}: targets", 0)
        self.quiet = Row(f"prometheus: {name}: rules, with health", 0)
        self.fires = Row(f"prometheus: {name}: alerts fire on their faults", 0)
        self.boards = Row(f"prometheus: {name}: queries of dashboards", 0)

    def rows(self) -> list[Row]:
        """All of them."""
        return [self.targets, self.quiet, self.fires, self.boards]


def judge(ctx: Context) -> list[Row]:
    """Five rows for each tree that has monitoring, and one for the memory of Prometheus."""
    rows: list[Row] = []
    for tree in ctx.trees:
        what = subject(ctx, tree)
        if what is not None:
            rows += judged(ctx, what, cases(ctx, tree)).rows()
            rows.append(prometheus_charts.judge(ctx, what))
    if not rows:
        return [Row("prometheus", 0, note="no subject yet: no tree has kube-prometheus-stack")]
    return [*rows, prometheus_memory.judge(ctx)]


def judged(
    ctx: Context,
    what: Subject,
    alerts: list[Case],
    change: Callable[[Stage], None] | None = None,
    more: tuple[tuple[str, str], ...] = (),
) -> Verdict:
    """One tree; `change` is what is wrong with its exporters, `more` are queries beside its own."""
    verdict, name = Verdict(what.tree.name), what.tree.name.replace("/", "-")
    stage = Stage(ctx, what, name)
    try:
        stage.open()
        stage.configure()
        health(stage, alerts)
        if change:
            change(stage)
        stage.start()
        boards = [*expressions(what.tree), *more]
        steps: tuple[tuple[Row, Callable[[], None]], ...] = (
            (verdict.targets, lambda: targets(stage, verdict.targets)),
            (verdict.quiet, lambda: loaded(stage, alerts, verdict.quiet)),
            (verdict.fires, lambda: fires(stage, alerts, verdict)),
            (verdict.boards, lambda: answered(stage, alerts, boards, verdict.boards)),
        )
        for row, work in steps:
            ctx.say(row.judge)
            began = time.monotonic()
            work()
            row.seconds = time.monotonic() - began
    finally:
        stage.close()
    return verdict


def serve(stage: Stage, query: str) -> None:
    """Health of what a query asks for: its series with the labels that it names."""
    for metric, labels in asked(query):
        for name, contents in stage.contents.items():
            exporter = stage.catalogue.get(name)
            if exporter is None or metric not in exporter.own:
                continue
            sample = exporter.sample(metric, exporter.written(metric, labels), 1.0)
            for content in contents:
                if sample not in content.health:
                    content.health.append(sample)


def health(stage: Stage, alerts: list[Case]) -> None:
    """What exporters say until faults are planted: the healthy series of all alerts, and one series
    of each metric that no alert reads."""
    read = {metric for case in alerts for metric in case.metrics}
    for name, contents in stage.contents.items():
        exporter = stage.catalogue.get(name)
        samples: dict[tuple, Sample] = {}
        for case in alerts:
            for one in case.health:
                if exporter is not None and one.metric in exporter.own:
                    sample = planted(case, one, exporter)
                    samples.setdefault((sample.metric, sample.labels), sample)
        for content in contents:
            content.health = [it for it in content.health if it.metric not in read]
            content.plant(set(), [])
            content.health += samples.values()


def targets(stage: Stage, row: Row) -> None:
    """Each offered port is asked by one target, which is up and has the labels of the catalogue."""
    what = stage.subject
    row.findings += refused(stage)
    ours = {
        f"{offer['scheme']}://{pod.address}:{offer['port']}{offer['path']}": (offer, pod)
        for offer in what.scrapes
        for pod in what.pods
        if bears(pod, offer)
    }
    deadline = time.monotonic() + PATIENCE
    found = active(stage)
    while time.monotonic() < deadline and not (
        ours.keys() <= found.keys() and all(it["health"] != "unknown" for it in found.values())
    ):
        time.sleep(0.5)
        found = active(stage)
    row.objects = len(ours)
    for url, (offer, pod) in ours.items():
        name = f"{pod.namespace}/{pod.name}:{offer['port']}{offer['path']}"
        row.findings += [f"{name}: {it}" for it in of_target(stage, found.get(url), offer, pod)]
    row.findings += [
        f"{it['scrapePool']}: asks {url}, which nothing offers"
        for url, it in found.items()
        if url not in ours and not (is_probe(it) or it["scrapePool"].startswith("chart/"))
    ]
    row.findings += [
        f"{it['scrapePool']}: {url} is down: {short(it['lastError'], 120)}"
        for url, it in found.items()
        if it["health"] != "up" and url not in ours
    ]
    probed = {bare(it["labels"]["instance"]) for it in found.values() if is_probe(it)}
    row.objects += len(what.probes)
    missed = [it["target"] for it in what.probes if bare(it["target"]) not in probed]
    row.findings += [f"{it}: no probe asks it" for it in missed]
    unborne = [it for it in what.scrapes if not any(bears(pod, it) for pod in what.pods)]
    row.findings += [f"{it['namespace']}/{it['pods']}: no pod is there" for it in unborne]
    row.note = (
        "pods of real charts" if what.real_charts else "pods of charts are those that are declared"
    )


def is_probe(target: dict) -> bool:
    """Whether a target is asked by way of an exporter that asks somebody else."""
    return target["scrapePool"].startswith("probe/")


def bare(address: str) -> str:
    """An address without what it is asked by."""
    return address.rpartition("://")[2].rstrip("/")


def refused(stage: Stage) -> list[str]:
    """Objects that the operator leaves out: by a selector, or because it does not take them."""
    said = [f"refused by prometheus-operator: {it}" for it in stage.made["refused"] or []]
    for kind, key in MONITORS.items():
        for one in stage.subject.objects[key]:
            name = f"{kind}/{one['metadata']['namespace']}/{one['metadata']['name']}"
            if name not in (stage.made["selected"] or []):
                said.append(f"{name}: Prometheus does not select it")
    return said


def active(stage: Stage) -> dict[str, dict]:
    """The targets, by what they ask."""
    every = stage.ask("targets", state="active")["activeTargets"]
    return {it["scrapeUrl"]: it for it in every}


def of_target(stage: Stage, found: dict | None, offer: dict, pod: Pod) -> Iterator[str]:
    """What is wrong with one."""
    if found is None:
        yield "no target asks it"
        return
    if found["health"] != "up":
        yield f"it is down: {short(found['lastError'], 120)}"
    labels = found["labels"]
    exporter = stage.exporter_of(offer)
    wanted = exporter.target_labels if exporter else OF_PODS
    if set(labels) != wanted:
        yield (
            f"its labels are {', '.join(sorted(labels))}, "
            f"and the catalogue has {', '.join(sorted(wanted))}"
        )
    for key, value in (("namespace", pod.namespace), ("pod", pod.name)):
        if labels.get(key) != value:
            yield f"its label {key} is {labels.get(key)!r}, and not {value!r}"
    stored: dict[str, set[str]] = {}
    for one in stage.ask("series", **{"match[]": f'{{instance="{labels["instance"]}"}}'}):
        stored.setdefault(one.pop("__name__"), set()).update(one)
    if exporter is None:
        return
    for metric in exporter.own:
        if metric in stored and stored[metric] != exporter.stores(metric):
            yield (
                f"{metric} is stored with {', '.join(sorted(stored[metric]))}, "
                f"and queries count on {', '.join(sorted(exporter.stores(metric)))}"
            )
            return
    if not stored.keys() & exporter.own.keys():
        yield "nothing of its exporter is stored"


def loaded(stage: Stage, alerts: list[Case], row: Row) -> None:
    """Each rule of the tree is loaded, and can be evaluated."""
    wanted = {
        rule["alert"]
        for one in stage.subject.objects["rules"]
        for group in one["spec"]["groups"]
        for rule in group["rules"]
        if "alert" in rule
    }
    row.findings += [
        f"{it}: an alert without examples" for it in wanted - {c.alert for c in alerts}
    ]
    found = rules(stage)
    deadline = time.monotonic() + PATIENCE
    while time.monotonic() < deadline and any(it["health"] == "unknown" for it in found.values()):
        time.sleep(0.5)
        found = rules(stage)
    row.objects = len(wanted)
    for name in sorted(wanted):
        rule = found.get(name)
        if rule is None:
            row.findings.append(f"{name}: Prometheus has no such alert")
        elif rule["health"] != "ok":
            row.findings.append(
                f"{name}: {rule['health']}: {short(rule.get('lastError', ''), 120)}"
            )


def rules(stage: Stage) -> dict[str, dict]:
    """The alerts that Prometheus has, by name."""
    groups = stage.ask("rules", type="alert")["groups"]
    return {rule["name"]: rule for group in groups for rule in group["rules"]}


def quiet(stage: Stage, some: list[Case]) -> Iterator[str]:
    """With their health, no alert of a round is even pending."""
    put(stage, some, lambda case: case.health)
    # Ranges have to be filled with what is healthy, too.
    time.sleep(max(longest(it) for it in some) + SETTLED)
    found = rules(stage)
    for case in some:
        for one in found.get(case.alert, {}).get("alerts", []):
            labels = short(json.dumps(one["labels"]), 160)
            yield f"{case.alert}: with health it is {one['state']}: {labels}"


def longest(case: Case) -> float:
    """The longest range of an alert's query, as it is evaluated here."""
    text = faster(case.expression)
    return max((seconds(it.split("]")[0]) for it in text.split("[")[1:]), default=0)


def fires(stage: Stage, alerts: list[Case], verdict: Verdict) -> None:
    """Health and faults, of as many alerts at once as do not disturb each other."""
    tried = []
    row = verdict.fires
    for case in alerts:
        row.objects += 1
        unserved = next((it.metric for it in case.fault if not served(stage, it.metric)), None)
        if unserved is None:
            tried.append(case)
            continue
        of = {it.name for it in stage.catalogue.values() if unserved in it.own}
        who = ", ".join(sorted(of)) or "no exporter at all"
        row.findings.append(f"{case.alert}: nobody in the tree serves {unserved} ({who})")
    together = rounds(tried)
    for some in together:
        verdict.quiet.findings += quiet(stage, some)
        row.findings += fired(stage, some)
    row.note = f"{len(tried)} alerts in {len(together)} rounds, a minute is a second"


def served(stage: Stage, metric: str) -> bool:
    """Whether some exporter of the tree has a series."""
    return any(
        name in stage.catalogue and metric in stage.catalogue[name].own for name in stage.contents
    )


def put(stage: Stage, some: list[Case], chosen: Callable[[Case], list[Series]]) -> None:
    """Series of some alerts' examples, in place of all others of the same metrics."""
    metrics = {metric for case in some for metric in case.metrics}
    for name, contents in stage.contents.items():
        exporter = stage.catalogue.get(name)
        if exporter is None:
            continue
        samples = [
            planted(case, one, exporter)
            for case in some
            for one in chosen(case)
            if one.metric in exporter.own
        ]
        # What differs by its target alone is one series of one target.
        each = {(it.metric, it.labels): it for it in reversed(samples)}
        # What several places serve, one of them serves as the example has it.
        for number, content in enumerate(contents):
            content.plant(metrics, list(each.values()) if number == 0 else [])


def fired(stage: Stage, some: list[Case]) -> list[str]:
    """One round: what is planted, and who does not fire."""
    put(stage, some, lambda case: case.fault)
    deadline = time.monotonic() + LATE + max(longest(it) for it in some)
    said: dict[str, str] = {it.alert: "it does not fire" for it in some}
    while said and time.monotonic() < deadline:
        time.sleep(1)
        firing = [it for it in stage.ask("alerts")["alerts"] if it["state"] == "firing"]
        for case in some:
            mine = [it["labels"] for it in firing if it["labels"]["alertname"] == case.alert]
            trouble = mislabelled(case, mine, of_targets(stage, case))
            if not trouble:
                said.pop(case.alert, None)
            elif mine:
                said[case.alert] = trouble
    return [f"{alert}: {it}" for alert, it in said.items()]


def of_targets(stage: Stage, case: Case) -> set[str]:
    """The labels of an example that its target gives, so that their values are the target's."""
    found = set()
    for one in case.fault:
        for name in stage.contents:
            exporter = stage.catalogue.get(name)
            if exporter is not None and one.metric in exporter.own:
                own = exporter.own[one.metric] if exporter.keeps else set()
                found |= one.labels.keys() & (exporter.target_labels - own)
    return found


def mislabelled(case: Case, firing: list[dict[str, str]], free: set[str]) -> str:
    """What is wrong with the labels of an alert that fires, but for the values of some."""
    if not firing:
        return "it does not fire"
    for labels in firing:
        if set(labels) == set(case.labels) | OF_ALERTS and all(
            labels[key] == value for key, value in case.labels.items() if key not in free
        ):
            return ""
    return f"it fires with {json.dumps(firing[0])}, and its example has {json.dumps(case.labels)}"


def answered(stage: Stage, alerts: list[Case], boards: list[tuple[str, str]], row: Row) -> None:
    """Each query of a dashboard has an answer, while one alert fires."""
    row.note = "" if boards else "no subject yet: no ConfigMap of the tree has a dashboard"
    if not boards:
        return
    for content in (it for some in stage.contents.values() for it in some):
        content.plant(set(), [])
    for _, query in boards:
        serve(stage, query)
    text = " ".join(query for _, query in boards)
    tried = [it for it in alerts if all(served(stage, one.metric) for one in it.fault)]
    put(
        stage,
        [min(tried, key=lambda case: sum(text.count(it) for it in case.metrics))],
        lambda case: case.fault,
    )
    time.sleep(SETTLED + FIRST)
    for place, query in boards:
        row.objects += 1
        try:
            # What a threshold leaves out in health is there without it.
            said = any(
                stage.ask("query", query=it)["result"] for it in (query, without_thresholds(query))
            )
        except OSError as trouble:
            row.findings.append(f"{place}: {short(query, 200)}: {trouble}")
            continue
        if not said:
            row.findings.append(f"{place}: no answer to {short(query, 200)}")


def faults(ctx: Context) -> None:
    """See `prometheus_faults`."""
    prometheus_faults.plant(ctx)
