"""Judges every object by the real kube-apiserver: strict dry run, canonical form, and the
server-side diff after a real apply."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from harness.api import MERGE, Answer, Api
from harness.cluster import Cluster
from harness.context import Context
from harness.hardened import api_server_flags
from harness.table import Row
from harness.trees import Thing, Tree

from . import apiserver_hardened, apiserver_operator, apiserver_workspaces
from .canonical import against_stored, differences, without_bookkeeping

# The one namespace that is there before Argo CD is, made by the bootstrap script and not by an
# object of the tree.
FIRST_NAMESPACE = {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "argocd"}}
# Applied for real before anything is judged: the rest needs them to be there. Dry runs do not see
# each other.
GROUND = ("Namespace", "CustomResourceDefinition")
# A project is kept until no Application names it only by this name of the finalizer: Argo CD reads
# no other on a project, and the server would like another on everything.
KEEPS_PROJECT = "resources-finalizer.argocd.argoproj.io"


@dataclass
class Verdict:
    """What the server says about one object."""

    refusals: list[str] = field(default_factory=list)
    form: list[str] = field(default_factory=list)


def dry_run(api: Api, thing: Thing) -> Verdict:
    """One request serves two judges: whether the server takes the bytes without a word, and whether
    it would store them as they are."""
    verdict = Verdict()
    try:
        answer = api.apply(thing.raw, api.path_of(thing.value), dry_run=True)
    except LookupError as unknown:
        verdict.refusals.append(str(unknown))
        return verdict
    verdict.refusals += [
        f"warning: {text}" for text in answer.warnings if not is_of_project(thing, text)
    ]
    if answer.refused:
        verdict.refusals.append(answer.message)
    else:
        verdict.form += [str(one) for one in against_stored(thing.value, answer.body)]
    return verdict


def is_of_project(thing: Thing, warning: str) -> bool:
    """Whether the server warns about the one finalizer that a project of Argo CD can have."""
    said = f'metadata.finalizers: "{KEEPS_PROJECT}": prefer a domain-qualified finalizer name'
    return thing.value["kind"] == "AppProject" and warning.startswith(said)


def remove(api: Api, path: str) -> None:
    """Deletes an object at once, whatever its finalizers wait for (no controller runs here)."""
    api.delete(
        path,
        {
            "kind": "DeleteOptions",
            "apiVersion": "v1",
            "gracePeriodSeconds": 0,
            "propagationPolicy": "Orphan",
        },
    )
    api.request("PATCH", path, {"metadata": {"finalizers": None}}, MERGE)


def server_side_diff(api: Api, thing: Thing, meddle: Callable[..., Any] | None = None) -> list[str]:
    """Applies for real, reads, asks again by dry run: what Argo CD's server-side diff would see for
    ever; then removes the object."""
    path = api.path_of(thing.value)
    answer = api.apply(thing.raw, path)
    if answer.refused:
        return [f"real apply: {answer.message}"]
    try:
        if meddle:
            meddle(path)
        live = api.get(path)
        predicted: Answer = api.apply(thing.raw, path, dry_run=True)
        if predicted.refused:
            return [f"second dry run: {predicted.message}"]
        return [
            str(one)
            for one in differences(without_bookkeeping(live), without_bookkeeping(predicted.body))
        ]
    finally:
        if thing.value["kind"] not in GROUND:
            remove(api, path)


def lay_ground(api: Api, tree: Tree) -> None:
    """Applies a tree's namespaces and resource definitions for real; their own verdicts come from
    the dry run before."""
    api.apply(FIRST_NAMESPACE, manager="bootstrap")
    for thing in tree.of_kind("Namespace"):
        api.apply(thing.raw, api.path_of(thing.value))
    api.install_crds([thing.value for thing in tree.of_kind("CustomResourceDefinition")])


def needed(ctx: Context) -> list[dict]:
    """The resource definitions of the kinds that the trees use; each of the others would cost the
    server a second to no purpose."""
    used = {
        (str(thing.value["apiVersion"]).partition("/")[0], thing.value["kind"])
        for tree in ctx.trees
        for thing in tree.things
    }
    return [
        one for one in ctx.crds() if (one["spec"]["group"], one["spec"]["names"]["kind"]) in used
    ]


def start(ctx: Context) -> Cluster:
    """A server as the tree has k3s start it, without controllers: nothing but the requests of this
    judge changes anything in it."""
    cluster = Cluster(ctx, "apiserver")
    cluster.flags["kube-apiserver"] = (
        *apiserver_hardened.WITHOUT_ACCOUNTS,
        *api_server_flags(ctx.trees[0].root, cluster.folder),
    )
    cluster.start()
    cluster.api.install_crds(needed(ctx))
    return cluster


def judge_on(ctx: Context, api: Api) -> list[Row]:
    """All trees; an object that is the same in several of them (and whose namespace is the same
    too) is judged once."""
    strict, form, diff = (
        Row("kube-apiserver 1.36, strict dry run", 0),
        Row("canonical form", 0),
        Row("server-side diff after a real apply", 0),
    )
    seen: set[bytes] = set()
    for tree in ctx.trees:
        grounds = {thing.key[3]: thing.digest for thing in tree.of_kind("Namespace")}
        fresh = []
        for thing in tree.things:
            mark = thing.digest + grounds.get(thing.namespace, b"")
            if mark not in seen:
                seen.add(mark)
                fresh.append(thing)
        strict.findings += [f"{tree.name}/{trouble}" for trouble in tree.troubles]
        for stage in (True, False):
            began = time.monotonic()
            for thing in fresh:
                if (thing.value["kind"] in GROUND) is not stage:
                    continue
                verdict = dry_run(api, thing)
                strict.objects += 1
                form.objects += not verdict.refusals or all(
                    one.startswith("warning") for one in verdict.refusals
                )
                strict.findings += [f"{tree.name}/{thing.file}: {one}" for one in verdict.refusals]
                form.findings += [f"{tree.name}/{thing.file}: {one}" for one in verdict.form]
            if stage:
                lay_ground(api, tree)
            strict.seconds += time.monotonic() - began
        began = time.monotonic()
        for thing in fresh:
            try:
                found = server_side_diff(api, thing)
            except LookupError:
                continue
            diff.objects += 1
            diff.findings += [f"{tree.name}/{thing.file}: {one}" for one in found]
        diff.seconds += time.monotonic() - began
    form.note = "same requests as the strict dry run"
    return [strict, form, diff]


def server(ctx: Context) -> Cluster:
    """The server of this run, started when first asked for."""
    if "apiserver" not in ctx.kept:
        ctx.kept["apiserver"] = start(ctx)
    kept: Cluster = ctx.kept["apiserver"]
    return kept


def judge(ctx: Context) -> list[Row]:
    """The rows of the three questions."""
    began = time.monotonic()
    api = server(ctx).api
    started = time.monotonic() - began
    rows = judge_on(ctx, api)
    rows[0].seconds += started
    workspaces = apiserver_workspaces.judge(ctx, api)
    operator = apiserver_operator.judge(ctx, api)
    return [*rows, workspaces, operator, apiserver_hardened.judge(api, server(ctx).folder)]


def faults(ctx: Context) -> None:
    """Plants one fault after the other; ends the server."""
    from . import apiserver_faults

    try:
        apiserver_faults.plant_all(ctx, server(ctx).api)
        apiserver_workspaces.plant(ctx, server(ctx).api)
        apiserver_operator.plant(ctx, server(ctx).api)
    finally:
        if "apiserver" in ctx.kept:
            ctx.kept.pop("apiserver").stop()
    apiserver_hardened.plant(ctx)
