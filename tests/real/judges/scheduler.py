"""Judges the budget by the real kube-scheduler: what fits is placed, what does not stays Pending,
to the MiB."""

from __future__ import annotations

import random
import time
from collections.abc import Callable
from typing import Any

from harness.api import ApiError
from harness.cluster import Cluster
from harness.context import Context
from harness.expansion import expanded
from harness.placement import MIB, RETRY, Platform, start
from harness.pods import Workload
from harness.stand_ins import stand_in
from harness.table import Fault, Row, short
from harness.trees import Tree

from .platforms import LARGE, components, small_node, spec, write

# What may go wrong with one platform without hiding what the others have to say.
TROUBLE = (RuntimeError, LookupError, ApiError, OSError)


def server(ctx: Context) -> Cluster:
    """The control plane of this run, started when first asked for."""
    if "scheduler" not in ctx.kept:
        ctx.kept["scheduler"] = start(ctx)
    kept: Cluster = ctx.kept["scheduler"]
    return kept


def totals(budget: dict) -> list[str]:
    """Where the budget's own figures do not add up."""
    findings = []
    memory = sum(row["request"] * row["replicas"] for row in budget["pods"])
    if memory != budget["requests"]:
        findings.append(f"the rows sum to {memory} bytes, `requests` says {budget['requests']}")
    surging = [row["request"] for row in budget["pods"] if row.get("surge") and row["replicas"]]
    claimed = budget["surge"]["request"] if budget.get("surge") else None
    if claimed != max(surging, default=None):
        findings.append(
            f"the largest surge of the rows is {max(surging, default=None)}, `surge` says {claimed}"
        )
    return findings


def cpu_of(budget: dict) -> int:
    """The CPU that all pods ask for, in millicores."""
    return sum(row["cpuMillicores"] * row["replicas"] for row in budget["pods"])


def exact(
    ctx: Context,
    label: str,
    tree: Tree,
    budget: dict,
    own_first: bool = True,
    made: dict[str, Workload] | None = None,
) -> list[str]:
    """Holds one platform against the scheduler on nodes around the sum of its requests; returns the
    disagreements.

    A platform that the budget refuses is put on its own node first, or, where memory is what it
    lacks and `own_first` is false, on the sum less 1Mi: what finds no place there finds none on the
    smaller node either. `made` are workloads of charts, when it is not their render.
    """
    made = ctx.charts.made(tree.name, tree.root) if made is None else made
    if "nodes" in budget:
        return on_declared(ctx, label, tree, budget, made)
    findings = totals(budget)
    total, ample = budget["requests"], cpu_of(budget) + 4000
    own, own_cpu = budget["node"]["allocatable"], budget["node"]["cpuAllocatableMillicores"]
    cpu = own_cpu if budget["fits"] else ample
    with Platform(
        server(ctx),
        f"c{next(ctx.numbers)}",
        [thing for thing in tree.things if not thing.by_hand],
        budget,
        made,
    ) as platform:
        if budget["fits"] or (not own_first and own <= total - MIB):
            platform.deploy(total - MIB, cpu)
            if not platform.settle():
                findings.append(
                    f"every pod is placed on the sum less 1Mi, the sum is {total / MIB:.1f}Mi"
                )
            if budget["fits"] and own < total:
                findings.append(f"`fits` is true, but {total} bytes are more than {own}")
        else:
            platform.deploy(own, own_cpu)
            if not platform.settle():
                findings.append(
                    f"the budget refuses {total / MIB:.1f}Mi on {own / MIB:.1f}Mi, the scheduler "
                    "places every pod"
                )
            platform.resize(total - MIB, cpu)
            if not platform.settle(patience=RETRY):
                findings.append(
                    f"every pod is placed on the sum less 1Mi, the sum is {total / MIB:.1f}Mi"
                )
        platform.resize(total, cpu)
        waiting = platform.settle(patience=2 * RETRY)
        findings += [
            f"on a node with exactly the sum, {total / MIB:.1f}Mi and {cpu}m: {one}"
            for one in waiting
        ]
        findings += platform.counted()
        if not waiting:
            findings += surge(platform, budget, total, ample)
    if findings:
        ctx.say(f"{label}: {short('; '.join(findings), 300)}")
    return findings


def on_declared(
    ctx: Context, label: str, tree: Tree, budget: dict, made: dict[str, Workload]
) -> list[str]:
    """Holds a platform of several nodes against the scheduler on the nodes that it declares: what
    fits is placed.

    To the MiB is a question of one node: of several, the scheduler's choice decides how much of
    each is left.
    """
    findings = totals(budget)
    allocatable = sum(one["count"] * one["allocatable"] for one in budget["nodes"])
    if allocatable != budget["node"]["allocatable"]:
        findings.append(
            f"the nodes give {allocatable} bytes, `node` says {budget['node']['allocatable']}"
        )
    with Platform(server(ctx), f"c{next(ctx.numbers)}", tree.things, budget, made) as platform:
        platform.deploy(0, 0)
        waiting = platform.settle(patience=2 * RETRY)
        findings += [f"on the declared nodes: {one}" for one in waiting] if budget["fits"] else []
        findings += platform.counted()
        if not budget["fits"] and not waiting:
            findings.append("the budget finds no place for some pods, the scheduler places all")
    if findings:
        ctx.say(f"{label}: {short('; '.join(findings), 300)}")
    return findings


def surge(platform: Platform, budget: dict, total: int, cpu: int) -> list[str]:
    """A rolling update of the most demanding Deployment that surges needs just what the budget
    says, beside the sum."""
    path = platform.surging()
    if path is None:
        return still(platform)
    need = budget["surge"]["request"]
    platform.resize(total + need - MIB, cpu)
    platform.roll(path)
    if not platform.stuck(path):
        return [f"a rolling update goes through with {need // MIB}Mi less one beside the sum"]
    platform.resize(total + need, cpu)
    if not platform.rolled(path):
        return [
            (
                f"a rolling update does not end with {need // MIB}Mi beside the sum: "
                f"{'; '.join(platform.waiting(platform.pods()))}"
            )
        ]
    platform.resize(total, cpu)
    return still(platform)


def still(platform: Platform) -> list[str]:
    """Every Deployment of the tree and of real charts that is said not to surge rolls on a node
    that is full."""
    surging = {row["workload"] for row in platform.budget["pods"] if row.get("surge")}
    paths = {}
    for one in platform.objects:
        if one["kind"] == "Deployment":
            namespace = one["metadata"].get("namespace", "")
            own, name = namespace.removesuffix(f"-{platform.name}"), one["metadata"]["name"]
            paths[f"Deployment/{own}/{name}"] = (
                f"/apis/apps/v1/namespaces/{namespace}/deployments/{name}"
            )
    for row in platform.stand_ins:
        if row["workload"] in platform.made and row["workload"].startswith("Deployment/"):
            paths[row["workload"]] = platform.path_of(row)
    findings = []
    for workload, path in paths.items():
        if workload not in surging:
            platform.roll(path)
            if not platform.rolled(path):
                findings.append(
                    f"{workload}: the budget counts no surge, but its rolling update does not end "
                    "on a full node"
                )
    return findings


def judge(ctx: Context) -> list[Row]:
    """The trees, then random platforms."""
    began = time.monotonic()
    placed = Row("kube-scheduler: every tree on its node, exact to 1Mi", 0)
    for tree in ctx.trees:
        try:
            # A golden case keeps its spec beside its tree.
            budget = ctx.budget(tree.spec_root)
            placed.objects += sum(row["replicas"] for row in budget["pods"])
            found = exact(ctx, tree.name, expanded(ctx, tree), budget)
            if not budget["fits"]:
                found.append("the tree is there although the budget says that it does not fit")
        except TROUBLE as trouble:
            found = [f"{type(trouble).__name__}: {trouble}"]
        placed.findings += [f"{tree.name}: {one}" for one in found]
    placed.note = (
        "the pods of charts are those of their renders"
        if ctx.charts
        else "the pods of charts are the budget's rows"
    )
    placed.seconds = time.monotonic() - began
    return [placed, random_platforms(ctx)]


def render(ctx: Context, label: str, small: dict, parts: dict) -> tuple[Tree, dict]:
    """Renders a platform for a large node; the budget is that of the small one."""
    secrets = ctx.root / "spec/secrets"
    folder = ctx.fresh("platform")
    large = write(folder / "large", spec(LARGE, parts), secrets)
    done = ctx.run_espalier(large, "render")
    if done.returncode:
        raise RuntimeError(
            f"{label}: `espalier render` ended with {done.returncode}: "
            f"{short(done.stderr or done.stdout, 500)}"
        )
    budget = ctx.budget(write(folder / "small", spec(small, parts), secrets))
    if ctx.budget(large)["pods"] != budget["pods"]:
        raise RuntimeError(f"{label}: the pods of the budget depend on the size of the node")
    return Tree(label, large), budget


def random_platforms(ctx: Context) -> Row:
    """The property: whatever the platform, budget and scheduler say the same."""
    began, row = time.monotonic(), Row("kube-scheduler: random platforms, budget = scheduler", 0)
    fits = 0
    for number in range(ctx.cases):
        dice = random.Random(f"{ctx.seed}/{number}")
        parts, small = components(dice), small_node(dice)
        label = f"seed {ctx.seed} case {number}"
        try:
            tree, budget = render(ctx, label, small, parts)
            found = exact(ctx, label, tree, budget, own_first=number % 2 == 0)
        except TROUBLE as trouble:
            found, budget = [f"{type(trouble).__name__}: {trouble}"], {"fits": False}
        row.objects += 1
        fits += budget["fits"]
        row.findings += [f"{label}: node {small}, components {parts}: {one}" for one in found]
    row.note = f"seed {ctx.seed}, {fits} of {ctx.cases} fit"
    row.seconds = time.monotonic() - began
    return row


def faults(ctx: Context) -> None:
    """A platform that the budget refuses, put on the node all the same; and a budget that lies by
    one MiB."""
    judge_name = "kube-scheduler"
    try:
        tree, budget = render(
            ctx,
            "refused",
            {"cpu": 4, "memory": "8Gi"},
            {"ollama": {"replicas": 3, "models": ["llama3.2:1b"]}},
        )
        refused = "3 × llama3.2:1b on 8Gi, which the budget refuses, rendered for a larger node"
        with Platform(
            server(ctx),
            f"c{next(ctx.numbers)}",
            [thing for thing in tree.things if not thing.by_hand],
            budget,
        ) as platform:
            platform.deploy(
                budget["node"]["allocatable"], budget["node"]["cpuAllocatableMillicores"]
            )
            waiting = platform.settle()
        ctx.fault(
            Fault(
                refused,
                judge_name,
                (waiting or ["every pod is placed"])[0],
                bool(waiting) and not budget["fits"],
            )
        )
        plant_lies(ctx, judge_name)
    finally:
        if "scheduler" in ctx.kept:
            ctx.kept.pop("scheduler").stop()


def plant_lies(ctx: Context, judge_name: str) -> None:
    """The budget's own figures, changed: the judge has to see each of them."""
    tree, true = render(
        ctx,
        "lies",
        {"cpu": 8, "memory": "16Gi"},
        {"ollama": {"replicas": 1, "models": ["qwen2.5:0.5b"]}},
    )

    def lie(change: Callable[..., Any]) -> list[str]:
        budget = {**true, "pods": [dict(row) for row in true["pods"]]}
        change(budget)
        return exact(ctx, "lie", tree, budget)

    def less(budget: dict) -> None:
        row = next(row for row in budget["pods"] if row["source"] == "object")
        row["request"] -= MIB
        budget["requests"] -= MIB * row["replicas"]

    def forgotten(budget: dict) -> None:
        row = next(row for row in budget["pods"] if row["source"] == "object")
        budget["pods"].remove(row)
        budget["requests"] -= row["request"] * row["replicas"]

    def shrunken(budget: dict) -> None:
        budget["surge"] = {**budget["surge"], "request": budget["surge"]["request"] - MIB}

    lies = [
        ("a budget that counts 1Mi too little for a pod", less),
        ("a budget that forgets a workload", forgotten),
    ]
    if true["surge"]:
        lies.append(("a budget that counts 1Mi too little for the surge", shrunken))
    for what, change in lies:
        said = lie(change)
        ctx.fault(Fault(what, judge_name, (said or ["nothing"])[0], bool(said)))
    # A chart's Deployment as it is without a strategy, for a row that says that it does not surge.
    row = next(
        row
        for row in true["pods"]
        if row["source"] == "chart"
        and not row["surge"]
        and row["workload"].startswith("Deployment/")
    )
    thing = stand_in(row, row["name"], row["namespace"])
    del thing["spec"]["strategy"]
    said = exact(ctx, "lie", tree, true, made={row["workload"]: Workload(thing, row["namespace"])})
    ctx.fault(
        Fault(
            "a chart's Deployment that surges, which the budget does not say",
            judge_name,
            (said or ["nothing"])[0],
            bool(said),
        )
    )
