"""Runs every tree for one node on a real kubelet: its pods become Ready, are what they declare, and
come back from what a node goes through."""

from __future__ import annotations

import os
import time
from collections.abc import Callable
from pathlib import Path

from harness import node_images, node_kernel, node_platform
from harness.context import Context
from harness.node_world import World
from harness.table import Row
from harness.trees import Tree

from . import node_checks, node_drills, node_faults, node_pressure, node_restarts

# Not run where somebody says so: the table then has that as its only row.
SWITCH = "NODE_JUDGE"


def one_node(ctx: Context) -> list[tuple]:
    """The trees for a single node without a GPU, with their budgets."""
    found = []
    for tree in ctx.trees:
        budget = ctx.budget(tree.spec_root)
        if (
            len(budget.get("nodes", [1])) == 1
            and not budget["node"].get("gpus")
            and not list((tree.root / "bootstrap/k3s").glob("nodes/*"))
        ):
            found.append((tree, budget))
    return found


def unwilling(ctx: Context, name: str = "node") -> list[Row] | None:
    """A row instead of a judgement: somebody does not want it, or the kernel lacks something."""
    if os.environ.get(SWITCH) == "off":
        return [Row(name, 0, note=f"not run: {SWITCH}=off")]
    lacking = node_kernel.lacking(Path(ctx.tool("containerd")).parent)
    left_out = f"{SWITCH}=off leaves this judge out"
    said = [f"this machine cannot run a node: {one}; {left_out}" for one in lacking]
    return [Row(name, 0, said)] if said else None


class Platform:
    """A tree on a node of its own: `with Platform(ctx, tree, budget) as platform:` has its pods
    applied."""

    def __init__(self, ctx: Context, tree: Tree, budget: dict, name: str = "node") -> None:
        self.ctx, self.tree, self.budget = ctx, tree, budget
        self.flows = ctx.flows(tree.spec_root)
        self.world = World.of_tree(ctx, tree.root, budget, name=name)
        self.objects = node_platform.objects_of(tree)
        self.world.proxy = node_platform.proxy_of(self.objects)
        self.objects = [*node_platform.classes_of(self.objects), *self.objects]
        self.stand_ins = node_platform.stand_ins(tree, budget, self.flows)
        self.objects = [*node_platform.outside(self.objects, self.stand_ins), *self.objects]
        self.unknown: list[str] = []

    @property
    def expected(self) -> int:
        """How many pods there are at rest."""
        return node_platform.pods_expected([*self.objects, *self.stand_ins])

    def __enter__(self) -> Platform:
        self.world.__enter__()
        try:
            named = node_platform.images(self.tree)
            if named:
                archive, self.unknown = node_images.of_tree(self.world.folder, named)
                self.world.import_image(archive)
            for address, port in node_platform.elsewhere(self.objects):
                self.world.answer_outside(address, port)
            self.world.apply([*self.objects, *self.stand_ins])
        except BaseException:
            self.__exit__()
            raise
        return self

    def __exit__(self, *_: object) -> None:
        self.world.destroy()
        self.world.forget()


def runs(platform: Platform, row: Row) -> None:
    """The node has the budget's room, and every pod becomes Ready."""
    row.findings += node_checks.allocatable(platform.world, platform.budget)
    row.findings += [f"image {one}: nothing here stands in for it" for one in platform.unknown]
    seconds, waiting = platform.world.wait_ready(platform.expected)
    row.findings += [f"not Ready after {seconds:.0f} s: {one}" for one in waiting]
    taints = platform.world.api.get("/api/v1/nodes/node")["spec"].get("taints", [])
    row.findings += [f"the node has a taint: {one['key']}:{one['effect']}" for one in taints]
    row.note = f"all Ready after {seconds:.0f} s" if not waiting else ""


def judge(ctx: Context) -> list[Row]:
    """The committed tree goes through everything."""
    return judged(ctx, "node", lambda name: name == "committed")


def judged(ctx: Context, judge_name: str, which: Callable[[str], bool]) -> list[Row]:
    """Each of the trees has its pods run; the committed one goes through everything."""
    refused = unwilling(ctx, judge_name)
    if refused:
        return refused
    rows = []
    for tree, budget in one_node(ctx):
        if not which(tree.name):
            continue
        row, began = Row(f"node: pods run ({tree.name})", 0), time.monotonic()
        rows.append(row)
        try:
            with Platform(ctx, tree, budget) as platform:
                row.objects = platform.expected
                runs(platform, row)
                row.seconds = time.monotonic() - began
                ctx.say(f"node: {tree.name}: {row.note or row.findings}")
                if tree.name == "committed":
                    rows += whole_list(platform, bool(row.findings))
        except Exception as trouble:
            # One tree's node that does not come up says nothing about the others.
            row.findings.append(f"its node broke: {type(trouble).__name__}: {trouble}")
            row.seconds = row.seconds or time.monotonic() - began
    return rows


def whole_list(platform: Platform, broken: bool) -> list[Row]:
    """What only the committed tree goes through; nothing where its pods do not run."""
    checks = (
        ("node: containers are what they declare", node_drills.declared),
        ("node: rollout", node_drills.rollout),
        ("node: revert of a bad image", node_restarts.revert),
        ("node: OOM of a container", node_drills.out_of_memory),
        ("node: a context beyond the model server's memory", node_drills.long_context),
        ("node: eviction and what comes after", node_pressure.eviction),
        ("node: power cut", node_restarts.power_cut),
    )
    if broken:
        return [Row(name, 0, ["not tried: the tree's pods do not run"]) for name, _ in checks]
    rows = []
    for name, check in checks:
        row, began = Row(name, 0), time.monotonic()
        try:
            check(platform, row)
        except Exception as trouble:
            row.findings.append(f"the check itself broke: {type(trouble).__name__}: {trouble}")
        row.seconds = time.monotonic() - began
        rows.append(row)
        platform.ctx.say(f"{name}: {row.note} {row.findings or ''}")
    return rows


def faults(ctx: Context) -> list[Row]:
    """Things that are wrong on purpose, on a node of their own; and what an interrupted run leaves
    behind."""
    refused = unwilling(ctx, "node: planted faults")
    if refused:
        return refused
    node_faults.plant(ctx)
    return []
