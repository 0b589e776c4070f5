"""The golden trees for one node, whose pods run on a real kubelet; beside the committed one."""

from harness.context import Context
from harness.table import Row

from .node import judged


def judge(ctx: Context) -> list[Row]:
    """A row for each tree."""
    return judged(ctx, "node: golden trees", lambda name: name != "committed")


def faults(_ctx: Context) -> None:
    """Nothing to plant: the node's own judge does."""
