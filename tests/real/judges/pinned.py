"""A platform whose content is pinned by tags, through Argo CD: released by the compiler, updated
wave by wave, held by what is broken."""

from __future__ import annotations

import copy
import re
import shutil
import subprocess
import time
from pathlib import Path

from harness import argo_charts
from harness.argo_git import Hosts
from harness.argo_install import PATIENCE, Installation
from harness.argo_tree import Promise, Rendered, chart_pods, dump, promised, title
from harness.argo_watch import lagging, revisions, story, update_order
from harness.context import Context
from harness.table import Fault, Row

from . import argo_checks
from .argocd import Steps

# The value that each release changes: how long a model that nobody asks stays in memory.
KNOB = re.compile(r"keepAlive: \w+")


class Work:
    """The folder in which somebody works on the platform: its spec, its tree, a remote to release
    to."""

    def __init__(self, ctx: Context, spec: Path):
        self.ctx, self.root = ctx, ctx.fresh("work")
        shutil.copytree(spec / "spec", self.root / "spec")
        self.render()
        self.tree = Rendered.read("pinned", self.root)
        self.git("init", "--quiet", "--initial-branch", self.tree.place()[1])
        self.git("config", "user.name", "judge")
        self.git("config", "user.email", "judge@espalier.invalid")

    def git(self, *words: str) -> str:
        """Git in the folder."""
        done = subprocess.run(
            ["git", *words],
            cwd=self.root,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            check=False,
        )
        if done.returncode:
            raise RuntimeError(f"git {words[0]}: {done.stderr.strip()[-300:]}")
        return done.stdout.strip()

    def render(self) -> None:
        """The tree anew."""
        done = self.ctx.run_espalier(self.root, "render")
        if done.returncode:
            raise RuntimeError(f"`espalier render`: {(done.stderr or done.stdout).strip()[-400:]}")

    def change(self, value: str) -> None:
        """Another value in the spec, and the tree that comes of it."""
        file = self.root / "spec/platform.yaml"
        text, count = KNOB.subn(f"keepAlive: {value}", file.read_text())
        if count != 1:
            raise LookupError(
                "the spec of the pinned platform has no `keepAlive`, which the judge changes"
            )
        file.write_text(text)
        self.render()

    def release(self) -> str:
        """`espalier release`; what it says where it refuses."""
        done = self.ctx.run_espalier(self.root, "release", "--remote", "origin")
        return "" if done.returncode == 0 else (done.stderr or done.stdout).strip()

    def by_hand(self) -> None:
        """What no release lets through: commits and tags what lies there."""
        tag = tag_of(Rendered.read("pinned", self.root))
        self.git("add", "--all")
        self.git("commit", "--quiet", "--message", "by hand")
        self.git("tag", tag.removeprefix("refs/tags/"))
        self.git("push", "--quiet", "--atomic", "origin", "HEAD", tag)


def tag_of(tree: Rendered) -> str:
    """The one tag that its Applications are pinned by."""
    tags = {
        it["targetRevision"]
        for one in tree.applications().values()
        for it in one.sources
        if it["targetRevision"].startswith("refs/tags/")
    }
    if len(tags) != 1:
        raise LookupError(
            f"{tree.name}: pinned by {len(tags)} tags, not by one: {', '.join(sorted(tags))}"
        )
    return tags.pop()


class Pinned(Installation):
    """An installation whose commits come from the work folder."""

    def __init__(self, ctx: Context, hosts: Hosts, work: Work):
        super().__init__(ctx, hosts, work.tree, "pinned")
        self.work = work
        self.broken = ""
        # How long an update takes on this machine when nothing is broken, in seconds.
        self.ordinary = 0.0

    def push(self, tree: Rendered) -> str:
        """The first release, before anything reads the repository."""
        self.work.git("remote", "add", "origin", str(self.repository.folder))
        refused = self.released()
        if refused:
            raise RuntimeError(f"`espalier release` refuses {tree.name}: {refused[-400:]}")
        return self.refs[self.repository.branch]

    def released(self) -> str:
        """Another release; what the compiler says where it refuses."""
        refused = self.work.release()
        self.took()
        return refused

    def took(self) -> None:
        """Expects from now on what lies in the work folder."""
        self.tree = Rendered.read("pinned", self.work.root)
        self.pushed()


def judge(ctx: Context) -> list[Row]:
    """From nothing; an update in order; a broken child that holds; its fix."""
    found = next((it for it in ctx.trees if b"pin: tag" in _spec(it.root)), None)
    if found is None:
        return [Row("argocd pinned", 0, [], 0.0, "no tree is pinned by tags")]
    spec = found.spec_root
    steps, work = Steps(ctx, f"{found.name}, pinned"), Work(ctx, spec)
    promises = promised(ctx, work.root)
    hosts = Hosts(ctx.fresh("hosts"), work.tree.hosts())
    odd = argo_charts.publish(hosts, work.tree, chart_pods(ctx, work.root), ctx.crds(), None)
    count = len(work.tree.applications()) + 1
    with hosts, Pinned(ctx, hosts, work) as at:

        def from_nothing() -> tuple[int, list[str], str]:
            findings = odd + at.bootstrap()
            findings = findings or at.installed() + argo_checks.in_order(at, promises)
            ctx.say("pinned: " + ", ".join(story(at.recorder.events)))
            return count, findings, tag_of(at.tree)

        steps.take("from nothing, in order", from_nothing, needed=True)
        steps.take(
            "an update goes wave by wave", lambda: (count, *update(at, promises)), needed=True
        )
        steps.take(
            "a broken child holds later waves", lambda: (1, *held(at, promises)), needed=True
        )
        steps.take("its fix goes through", lambda: (count, *fixed(at, promises, at.broken)))
    return steps.rows


def _spec(root: Path) -> bytes:
    for folder in (root, root.parent):
        if (file := folder / "spec/platform.yaml").is_file():
            return file.read_bytes()
    return b""


def update(at: Pinned, promises: list[Promise]) -> tuple[list[str], str]:
    """A second release."""
    before, mark = tag_of(at.tree), at.recorder.mark()
    at.work.change("45s")
    refused, began = at.released(), time.monotonic()
    tag = tag_of(at.tree)
    if refused or tag == before:
        return [f"the second release: {refused or 'it has the tag of the first'}"], ""
    findings = at.converge()
    at.ordinary = time.monotonic() - began
    return findings + update_order(at.recorder.events[mark:], promises, at.tree, tag) + unchanged(
        at, tag
    ), tag


def unchanged(at: Pinned, tag: str) -> list[str]:
    """The tag is where the release put it: on the commit that the branch is at."""
    return (
        []
        if at.refs.get(tag) == at.refs[at.repository.branch]
        else [f"{tag} is at {at.refs.get(tag)}, the branch at {at.refs[at.repository.branch]}"]
    )


def held(at: Pinned, promises: list[Promise], pause: float = 10.0) -> tuple[list[str], str]:
    """A third one with a new object that the API server refuses: the compiler does not release it,
    so it is released by hand."""
    mark = at.recorder.mark()
    at.work.change("50s")
    tree = Rendered.read("pinned", at.work.root)
    # One in a namespace: of the cluster's objects the projects permit the very names, and would
    # refuse it before the API server does.
    found = argo_checks.broken_child(tree, lambda it: "namespace" in it["metadata"])
    if found is None:
        return ["no object that could be broken has a later wave behind it"], ""
    broken, name, _ = found
    at.broken = name
    path = next(it for it, data in broken.files.items() if tree.files[it] != data)
    # A new object beside the one that is there: what becomes of a refused change of an existing one
    # is told in the README.
    bad = copy.deepcopy(next(it for file, it in broken.objects(name) if file == path))
    bad["metadata"]["name"] = "planted"
    (at.work.root / path).with_name("planted.yaml").write_bytes(dump(bad))
    before = at.refs
    findings = (
        []
        if at.work.release()
        else ["`espalier release` lets an object through that the compiler did not make"]
    )
    at.pushed()
    if at.refs != before:
        findings.append("`espalier release` refused, and pushed all the same")
    at.work.by_hand()
    at.took()
    tag = tag_of(at.tree)

    def failed(now: dict[str, dict]) -> bool:
        state = ((now.get(name) or {}).get("status") or {}).get("operationState") or {}
        return now[name]["spec"]["source"]["targetRevision"] == tag and bool(
            state.get("retryCount") or state.get("phase") in ("Failed", "Error")
        )

    failing = at.recorder.wait(failed, PATIENCE, at.argo.check_alive)
    why = lagging(at.tree, at.recorder.snapshot(), at.refs).get(name, "it is well")
    if not failing or "espalierJudge" not in why:
        return [
            *findings,
            f"{title(bad)} is broken, and the API server did not refuse it to {name}: {why}",
        ], ""
    wave = at.tree.applications()[name].wave
    later = [it.name for it in at.tree.applications().values() if it.wave > wave]

    def given(now: dict[str, dict]) -> list[str]:
        return [it for it in later if now[it]["spec"]["source"]["targetRevision"] == tag]

    at.recorder.wait(lambda now: bool(given(now)), pause, at.argo.check_alive)
    findings += [
        f"Application {it} was given {tag} although {name} (wave {wave}) failed at it"
        for it in given(at.recorder.snapshot())
    ]
    early = [
        it
        for it in update_order(at.recorder.events[mark:], promises, at.tree, tag)
        if "never given" not in it
    ]
    return findings + early, f"a new {title(bad)} in {name}"


def fixed(
    at: Pinned, promises: list[Promise], broken: str, promise: float = 120.0
) -> tuple[list[str], str]:
    """The next release is the compiler's again, and goes through in the time that is promised; a
    busy machine adds what it adds to any update."""
    seconds = promise + at.ordinary
    mark = at.recorder.mark()
    for path in at.work.root.rglob("planted.yaml"):
        path.unlink()
    at.work.change("55s")
    refused, began = at.released(), time.monotonic()
    if refused:
        return [f"the release of the fix: {refused}"], ""
    # The child first tries the tag that it was given to the end, and root waits for it: that is
    # most of the time, and told.
    told: dict[str, str] = {}

    def seen(now: dict[str, dict]) -> None:
        for name in (at.tree.root().name, broken):
            state = (now[name].get("status") or {}).get("operationState") or {}
            line = (
                f"{name} asks for {revisions(now[name])[0][-12:]}: {state.get('phase')}, tries "
                f"again: {state.get('retryCount', 0)}"
            )
            if told.get(name) != line:
                at.ctx.say(f"pinned: {time.monotonic() - began:5.1f} s after the fix: {line}")
            told[name] = line

    findings, tag = at.converge(seconds, seen), tag_of(at.tree)
    took = f"{time.monotonic() - began:.0f} s, an update with nothing broken {at.ordinary:.0f} s"
    return findings or update_order(at.recorder.events[mark:], promises, at.tree, tag) + at.quiet(
        ("normal",)
    ), took


def faults(ctx: Context) -> None:
    """An update that did not go in order, told to the judge of that."""
    from harness.argo_watch import Event

    from . import argo_sample

    tag = "refs/tags/tree-1"
    tree = argo_sample.tree()
    for it in tree.applications().values():
        for source in it.sources:
            if "chart" not in source:
                source["targetRevision"] = tag
    # All at once, as under a branch: each is good at the tag only after all were given it.
    names = [
        it
        for it in tree.applications()
        if "chart" not in tree.applications()[it].document["spec"]["source"]
    ]
    events = [Event(1.0, it, False, False, False, tag, "refs/tags/tree-0") for it in names]
    events += [Event(2.0, it, False, False, True, tag, tag) for it in names]
    said = next(
        (it for it in update_order(events, argo_sample.promises(), tree, tag) if " web " in it), ""
    )
    ctx.fault(
        Fault(
            "a tag that all Applications are given at once",
            "argocd an update goes wave by wave",
            said or "nothing",
            bool(said),
        )
    )
    # Good at last week's tag is not good at this one.
    events = [
        event
        for it in names
        for event in (
            Event(1.0, it, False, False, False, tag, "refs/tags/tree-0"),
            Event(1.5, it, False, False, True, tag, "refs/tags/tree-0"),
        )
    ]
    said = next(
        (it for it in update_order(events, argo_sample.promises(), tree, tag) if " web " in it), ""
    )
    ctx.fault(
        Fault(
            "a wave that opens on the verdict of the tag before",
            "argocd an update goes wave by wave",
            said or "nothing",
            bool(said),
        )
    )
