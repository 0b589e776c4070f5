"""Holds what each tree declares of its charts against what real charts make with its own values."""

from __future__ import annotations

import copy
import time
from collections import defaultdict
from collections.abc import Callable
from pathlib import Path

from harness.argo_tree import Application, Rendered, spec_of
from harness.context import Context
from harness.table import Row

from .charts_around import idle, reachable, settings
from .charts_held import Declared, held

ABSENT = (
    "CHARTS is not set: no charts are here, so what the tree declares of it is held against nothing"
)


class Subject:
    """A tree with all that its charts make, and all that it says of them."""

    def __init__(self, ctx: Context, name: str, root: Path) -> None:
        self.ctx, self.name = ctx, name
        self.tree = Rendered.read(name, root)
        spec = spec_of(root)
        if spec is None:
            raise LookupError(
                f"{name}: no spec is beside the tree, so nothing says what it declares"
            )
        budget = ctx.budget(spec)
        self.pods, self.flows, self.one_node = budget["pods"], ctx.flows(spec), "node" in budget
        self.things = [
            it
            for application in self.tree.applications()
            for _, it in self.tree.objects(application)
        ]
        self.applications = [it for it in self.tree.applications().values() if it.chart]
        self.made: dict[str, list[dict]] = {}

    def said(self, it: Application) -> Declared:
        """What the tree says of one chart."""
        helm = it.chart.get("helm") or {}
        # Solvers are made at run time, by what the chart runs.
        mine = [
            row
            for row in self.pods
            if row["application"] == it.name
            and row["source"] != "object"
            and not row["workload"].startswith("Pod/")
        ]
        return Declared(
            application=it.name,
            release=helm.get("releaseName") or it.name,
            namespace=it.document["spec"]["destination"]["namespace"],
            pods=mine,
            flows=self.flows,
            project=self.tree.projects()[it.document["spec"]["project"]][1]["spec"],
            policies=[one for one in self.things if one["kind"] == "NetworkPolicy"],
            one_node=self.one_node,
        )

    def render(self, it: Application) -> list[dict] | None:
        """What one chart makes."""
        made = self.ctx.charts.render(self.tree, it)
        if made is not None:
            self.made[it.name] = made
        return made


def judge(ctx: Context) -> list[Row]:
    """A row for each chart that a tree names, and one for what is between them."""
    rows: dict[str, Row] = {}
    between = Row("charts: the tree's own words about them", 0)
    trees: dict[str, list[str]] = defaultdict(list)
    subjects = []
    for one in ctx.trees:
        if not any((one.root / "apps").glob("*.yaml")):
            continue
        try:
            subject = Subject(ctx, one.name, one.root)
        except (LookupError, RuntimeError) as trouble:
            between.findings.append(f"{one.name}: {trouble}")
            continue
        subjects.append(subject)
        for it in subject.applications:
            chart = f"{it.chart['chart']} {it.chart['targetRevision']}"
            row = rows.setdefault(chart, Row(f"charts: {chart}", 0))
            trees[chart].append(one.name)
            began = time.monotonic()
            row.findings += [f"{one.name}: {finding}" for finding in of_chart(subject, it, row)]
            row.seconds += time.monotonic() - began
    began = time.monotonic()
    if ctx.charts:
        for subject in subjects:
            if len(subject.made) == len(subject.applications):
                between.objects += len(subject.tree.files)
                between.findings += [f"{subject.name}: {finding}" for finding in reachable(subject)]
        # One platform alone permits what it may ever make; all golden ones together make it.
        if any(subject.name.startswith("golden/") for subject in subjects):
            between.findings += idle(subjects)
        between.findings += settings(ctx, subjects)
        between.seconds = time.monotonic() - began
    for chart, row in rows.items():
        row.note = f"{len(trees[chart])} trees" if ctx.charts else ABSENT
    return [*rows.values(), *([between] if ctx.charts or between.findings else [])]


def of_chart(subject: Subject, it: Application, row: Row) -> list[str]:
    """One chart of one tree."""
    if not subject.ctx.charts:
        return []
    made = subject.render(it)
    if made is None:
        return [
            f"CHARTS has no {it.chart['chart']}-{it.chart['targetRevision']}, "
            "as a folder or with .tgz"
        ]
    row.objects += len(made)
    # The values are the component's own, much the same in every tree: once is enough.
    first = not row.note
    row.note = "read"
    return held(subject.said(it), made) + (
        unread(it, lambda one: subject.ctx.charts.text(subject.tree, one)) if first else []
    )


def leaves(values: object, path: tuple = ()) -> list[tuple]:
    """Paths of all that is set; a list is one thing."""
    if isinstance(values, dict) and values:
        return [it for key, value in values.items() for it in leaves(value, (*path, key))]
    return [path]


def unread(it: Application, render: Callable[[Application], bytes | None]) -> list[str]:
    """Values of the tree that the chart does not read: whatever they say, it makes the same."""
    out, made = [], render(it)
    for path in leaves((it.chart.get("helm") or {}).get("valuesObject") or {}):
        document = copy.deepcopy(it.document)
        place = Application(it.file, document).chart["helm"]["valuesObject"] if path else {}
        for key in path[:-1]:
            place = place[key]
        if path:
            value = place[path[-1]]
            place[path[-1]] = (
                not value
                if isinstance(value, bool)
                else (
                    value + 1
                    if isinstance(value, int)
                    else []
                    if isinstance(value, list)
                    else f"{value}x"
                )
            )
            try:
                same = render(Application(it.file, document)) == made
                if same and path:
                    # A word that it does not know may count as ours does, and its own not.
                    del place[path[-1]]
                    same = render(Application(it.file, document)) == made
            # It refuses the other value, or wants a part that is not here: so it reads it.
            except (LookupError, RuntimeError):
                same = False
            if same:
                out.append(f"values: {'.'.join(path)}: the chart makes the same whatever it says")
    return out


def faults(ctx: Context) -> list[Row]:
    """Faults in a small chart of the judge's own, which needs no real charts."""
    from .charts_faults import run

    return run(ctx)
