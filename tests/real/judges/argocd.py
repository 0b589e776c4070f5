"""Argo CD itself takes up the tree: from nothing, in the promised order, and through everything
that happens to it later."""

from __future__ import annotations

import shutil
import time
import traceback
from collections.abc import Callable
from pathlib import Path

import yaml

from harness import argo_charts, argo_settings
from harness.argo_git import Hosts
from harness.argo_host import MODULE
from harness.argo_install import Installation, StageFailed
from harness.argo_tree import LOADER, Promise, Rendered, annotated, chart_pods, promised, spec_of
from harness.argo_watch import story
from harness.context import Context
from harness.table import Row, short

from . import argo_checks, argo_health, argo_projects, argo_workspaces

# The components that are switched off in the spec to see Applications leave, as far as it has them:
# the chat, and what nothing else sends to.
REMOVED = ["openWebui", "otelCollector"]


class Subject:
    """A tree with what the compiler promises about it."""

    def __init__(self, ctx: Context, name: str, root: Path):
        self.ctx, self.name, self.root = ctx, name, root
        self.tree = Rendered.read(name, root)
        self.spec = spec_of(root)
        self.promises: list[Promise] = (
            promised(ctx, self.spec) if self.spec else annotated(self.tree)
        )
        self.pods = chart_pods(ctx, self.spec) if self.spec else []
        self.tenants = sum(1 for it in self.tree.applications() if it.startswith("ws-"))

    def charts(self) -> list[dict]:
        """The workloads of charts, as objects that can be found in the cluster."""
        names = {
            it["workload"]: it for it in self.pods if it["workload"].split("/")[0] == "Deployment"
        }
        return [
            {
                "apiVersion": "apps/v1",
                "kind": "Deployment",
                "metadata": {
                    "name": workload.rpartition("/")[2],
                    "namespace": it["namespace"],
                    "labels": {"owner": it["application"]},
                },
            }
            for workload, it in names.items()
        ]

    def without_component(self, keys: list[str]) -> Rendered | None:
        """The tree that the compiler makes when components are switched off; None where there is no
        spec or no such component."""

        def edit(folder: Path) -> bool:
            document = yaml.load((folder / "platform.yaml").read_bytes(), Loader=LOADER)
            components = document["spec"].setdefault("components", {})
            there = [it for it in keys if it in components]
            for key in there:
                components[key] = {**(components[key] or {}), "enabled": False}
            (folder / "platform.yaml").write_text(yaml.safe_dump(document, sort_keys=False))
            return bool(there)

        return self._rendered(edit)

    def without_tenant(self) -> Rendered | None:
        """The tree that the compiler makes when the last workspace is taken out of the spec; None
        where there is none."""

        def edit(folder: Path) -> bool:
            files = sorted((folder / "workspaces").glob("*.yaml"))
            if files:
                files[-1].unlink()
            return bool(files)

        return self._rendered(edit)

    def _rendered(self, edit: Callable[[Path], bool]) -> Rendered | None:
        if not self.spec:
            return None
        work = self.ctx.fresh("less")
        shutil.copytree(self.spec / "spec", work / "spec")
        if not edit(work / "spec"):
            return None
        done = self.ctx.run_espalier(work, "render")
        if done.returncode != 0:
            raise RuntimeError(
                "the spec with less in it does not render: "
                f"{(done.stderr or done.stdout).strip()[:400]}"
            )
        return Rendered.read(self.name, work)


class Steps:
    """Collects rows; after a step that leaves the ground unfit for the next ones, these are
    findings, not silence."""

    def __init__(self, ctx: Context, tree: str):
        self.ctx, self.tree, self.broken = ctx, tree, ""
        self.rows: list[Row] = []

    def take(
        self, what: str, step: Callable[[], tuple[int, list[str], str]], needed: bool = False
    ) -> bool:
        """Runs one step, which answers with objects, findings, note."""
        began = time.monotonic()
        objects, note = 0, ""
        if self.broken:
            findings = [f"not judged, because this failed: {self.broken}"]
        else:
            try:
                objects, findings, note = step()
            except Exception as error:
                # What a step stumbles over is its finding; the others still have their say.
                traceback.print_exc()
                findings = [f"{type(error).__name__}: {error}"]
        seconds = time.monotonic() - began
        if findings and needed and not self.broken:
            self.broken = what
        self.rows.append(Row(f"argocd {self.tree}: {what}", objects, findings, seconds, note))
        self.ctx.say(
            f"argocd {self.tree}: {what}: {objects} objects, {len(findings)} findings, "
            f"{seconds:.1f} s {note}"
        )
        for it in findings[:3]:
            self.ctx.say(f"  {short(it, 300)}")
        return not findings


def judge(ctx: Context) -> list[Row]:
    """The first tree through everything; then the golden tree with the most tenants from a broken
    first install to a good one."""
    if not ctx.trees:
        return [Row("argocd", 0, ["there is no tree to judge"])]
    rows: list[Row] = [argo_workspaces.judge(ctx)]
    first = ctx.trees[0]
    golden = [it for it in ctx.trees[1:] if any((it.root / "apps").glob("ws-*.yaml"))]
    golden.sort(key=lambda it: -len(list((it.root / "apps").glob("ws-*.yaml"))))
    second = golden[0] if golden else first
    for tree, scenario in ((first, whole_life), (second, broken_start)):
        began = time.monotonic()
        try:
            rows += staged(ctx, Subject(ctx, tree.name, tree.root), scenario)
        except Exception as trouble:
            # One tree that cannot even be set up must not hide the other's rows.
            traceback.print_exc()
            what = f"{type(trouble).__name__}: {trouble}"
            rows.append(Row(f"argocd {tree.name}", 0, [what], time.monotonic() - began))
    return rows


def staged(
    ctx: Context, subject: Subject, scenario: Callable[[Context, Subject], list[Row]]
) -> list[Row]:
    """Plays a scenario. Where its servers did not come up, which is no word on the tree, they are
    started anew, once."""
    try:
        return scenario(ctx, subject)
    except StageFailed:
        traceback.print_exc()
        ctx.say(f"argocd {subject.name}: the servers did not come up, and are started once more")
        return scenario(ctx, subject)


def hosts_of(ctx: Context, subject: Subject) -> tuple[Hosts, list[str]]:
    """The hosts that a tree names, with its charts on them: real ones, where there are some."""
    hosts = Hosts(ctx.fresh("hosts"), subject.tree.hosts())
    return hosts, argo_charts.publish(hosts, subject.tree, subject.pods, ctx.crds(), ctx.charts)


def charts_note(ctx: Context, subject: Subject) -> str:
    """Which of a tree's charts are real."""
    charts = [
        (it.chart["chart"], it.chart["targetRevision"])
        for it in subject.tree.applications().values()
        if it.chart
    ]
    real = [" ".join(it) for it in charts if ctx.charts.archive(*it)]
    return f"real charts: {', '.join(real) or 'none'}" + (
        f"; {len(charts) - len(real)} stubs" if len(charts) > len(real) else ""
    )


def settings(ctx: Context, subject: Subject) -> Row:
    """What the tree says of Argo CD itself: parameters that are read, health that is right,
    defaults that are the chart's."""
    values = argo_settings.values_of(subject.tree)
    findings, note = argo_settings.compared(ctx)
    return argo_health.judge(
        ctx, subject.name, values, findings + argo_settings.unread(ctx.module(MODULE), values), note
    )


def whole_life(ctx: Context, subject: Subject) -> list[Row]:
    """From nothing; at rest; hand edits; a second commit; protected objects; a removed
    component."""
    steps = Steps(ctx, subject.name)
    count = len(subject.tree.applications()) + 1
    steps.rows.append(settings(ctx, subject))
    hosts, odd = hosts_of(ctx, subject)
    began = time.monotonic()
    with hosts, Installation(ctx, hosts, subject.tree, "argo", webhooks=not ctx.charts) as at:
        ctx.say(f"argocd {subject.name}: servers up after {time.monotonic() - began:.1f} s")

        def from_nothing() -> tuple[int, list[str], str]:
            findings = odd + at.bootstrap(lambda: argo_projects.open_default(at))
            if findings:
                return count, findings, ""
            findings = at.installed() + argo_checks.in_order(at, subject.promises)
            ctx.say(f"argocd {subject.name}: " + ", ".join(story(at.recorder.events)))
            if hosts.missing:
                ctx.say(f"argocd {subject.name}: not served: {', '.join(sorted(hosts.missing))}")
            return count, findings, charts_note(ctx, subject)

        def again() -> tuple[int, list[str], str]:
            objects, findings = at.on_node().again()
            return objects, findings + at.converge(), f"{len(at.on_node().lines)} lines"

        def removed() -> tuple[int, list[str], str]:
            less = subject.without_component(REMOVED)
            note = "" if less else "the last Application's files taken out"
            objects, findings = argo_checks.removal(
                at, less or argo_checks.without_application(at.tree)
            )
            return objects, findings, note

        def protected() -> tuple[int, list[str], str]:
            less = argo_checks.less_protected(at.tree)
            if less is None:
                return 0, [], "no Application has a Namespace or a claim beside other objects"
            whole = at.tree
            objects, findings = argo_checks.removal(at, less)
            at.push(whole)
            return objects, findings + at.converge(), ""

        def changed() -> tuple[int, list[str], str]:
            note, findings = argo_checks.second_commit(at)
            return 1, findings, note

        def memory() -> tuple[int, list[str], str]:
            return argo_checks.memory(at.argo.peaks(), argo_settings.values_of(subject.tree))

        steps.take("from nothing, in order", from_nothing, needed=True)
        steps.take("at rest", lambda: (count, at.quiet(), ""))
        steps.take("the script again", again)
        steps.take("projects refuse what is outside of them", lambda: (*argo_projects.deny(at), ""))
        steps.take("hand edits", lambda: (*argo_checks.heals(at, subject.charts()), ""))
        steps.take("second commit", changed)
        steps.take("a namespace and a claim leave Git", protected)
        steps.take("a component leaves", removed)
        steps.take("memory", memory)
    return steps.rows


def broken_start(ctx: Context, subject: Subject) -> list[Row]:
    """A first install with a broken child: later waves wait; the fix goes through in two minutes;
    then all is at rest."""
    steps = Steps(ctx, subject.name)
    found = argo_checks.broken_child(subject.tree)
    if found is None:
        return [
            Row(
                f"argocd {subject.name}: broken first install",
                0,
                ["no object that could be broken has a later wave behind it"],
            )
        ]
    broken, name, what = found
    hosts, odd = hosts_of(ctx, subject)
    with hosts, Installation(ctx, hosts, broken, "argo", webhooks=not ctx.charts) as at:

        def held() -> tuple[int, list[str], str]:
            findings = odd + at.bootstrap()
            return 1, findings or argo_checks.holds(at, name, what) + told(), f"{what} of {name}"

        def told() -> list[str]:
            code, said = at.on_node().verb("status")
            return (
                []
                if code == 1 and f"{name}: " in said
                else [
                    (
                        f"`bootstrap.sh status` ended with {code}, and does not name {name}: "
                        f"{short(said, 400)}"
                    )
                ]
            )

        def through() -> tuple[int, list[str], str]:
            findings = argo_checks.fixed(at, subject.tree) + argo_checks.in_order(
                at, subject.promises
            )
            ctx.say(f"argocd {subject.name}: " + ", ".join(story(at.recorder.events)))
            return (
                len(subject.tree.applications()) + 1,
                findings,
                f"{subject.tenants} tenants" if subject.tenants else "",
            )

        steps.take("a broken child holds later waves", held)

        def tenant() -> tuple[int, list[str], str]:
            less = subject.without_tenant()
            if less is None:
                return 0, [], "no golden tree has a tenant"
            objects, findings = argo_checks.removal(at, less)
            return objects, findings, ""

        steps.take("its fix goes through", through, needed=True)
        steps.take("at rest", lambda: (len(subject.tree.applications()) + 1, at.quiet(), ""))
        steps.take("a tenant leaves", tenant)
    return steps.rows


def faults(ctx: Context) -> list[Row]:
    """Faults planted on purpose in a small tree of the judge's own."""
    from .argo_faults import run

    return run(ctx)
