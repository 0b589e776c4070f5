"""Makes wrong objects out of right ones of the tree, for the proof that each judge bites."""

from __future__ import annotations

import copy
import json
import re
from collections.abc import Callable
from dataclasses import replace
from typing import Any

from .trees import Thing, Tree


class NoSubject(Exception):
    """The tree has no object in which this fault can be planted."""


def pick(tree: Tree, *kinds: str, has: Callable[[Any], object] | None = None) -> Thing:
    """The first object of some kinds, with a certain property."""
    for thing in tree.of_kind(*kinds):
        if has is None or has(thing):
            return thing
    raise NoSubject(f"the tree has no {' or '.join(kinds)} for this fault")


def text(thing: Thing, pattern: str, replacement: str) -> Thing:
    """Changes the bytes of an object at the first match; what PyYAML read before stays, it only
    serves to find the path."""
    raw, count = re.subn(
        pattern.encode(), replacement.encode(), thing.raw, count=1, flags=re.MULTILINE
    )
    if not count:
        raise NoSubject(f"{thing.file} has nothing like {pattern}")
    return replace(thing, raw=raw)


def value(thing: Thing, change: Callable[..., Any]) -> Thing:
    """Changes the value of an object; the bytes are then JSON, which is YAML too."""
    changed = copy.deepcopy(thing.value)
    change(changed)
    return replace(thing, raw=json.dumps(changed, indent=1).encode(), value=changed)


def pod_spec(workload: dict) -> dict:
    """The pod's specification inside a workload."""
    return workload["spec"]["template"]["spec"]


def container(workload: dict) -> dict:
    """The first container of a workload."""
    return pod_spec(workload)["containers"][0]
