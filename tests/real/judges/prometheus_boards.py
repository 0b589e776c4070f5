"""Queries of the dashboards in a tree, with Grafana's variables filled in."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from typing import Any

from harness.trees import Tree

# What Grafana fills in by the width of a panel.
BUILT_IN = {
    "__rate_interval": "10s",
    "__interval": "10s",
    "__range": "30s",
    "__range_s": "30",
    "__interval_ms": "10000",
}
VARIABLE = re.compile(r"\$\{(\w+)(?::\w+)?\}|\$(\w+)|\[\[(\w+)\]\]")
# A matcher whose value is a variable, whatever it is compared by.
MATCHER = re.compile(r'(=~|!~|!=|=)\s*"(?:\$\{\w+(?::\w+)?\}|\$\w+|\[\[\w+\]\])"')
THRESHOLD = re.compile(r"\s(==|!=|>=|<=|>|<)\s+(bool\s+)?-?[\d.]+(?![\w\"])")
SELECTOR = re.compile(r"([a-zA-Z_:][a-zA-Z0-9_:]*)\s*\{([^}]*)\}")
EQUAL = re.compile(r'([a-zA-Z_][a-zA-Z0-9_]*)\s*(=~|=)\s*"((?:[^"\\]|\\.)*)"')


def expressions(tree: Tree) -> Iterator[tuple[str, str]]:
    """Each query that Prometheus is asked, with its place."""
    for thing in tree.of_kind("ConfigMap"):
        for name, text in (thing.value.get("data") or {}).items():
            if not name.endswith(".json"):
                continue
            try:
                board = json.loads(text)
            except ValueError:
                continue
            for panel in panels(board):
                for target in panel.get("targets") or []:
                    source = target.get("datasource") or panel.get("datasource") or {}
                    kind = source.get("type") if isinstance(source, dict) else ""
                    if target.get("expr") and kind in ("", None, "prometheus"):
                        place = f"{thing.value['metadata']['name']}: {panel.get('title', '')}"
                        yield place, filled(target["expr"])


def panels(board: Any) -> Iterator[dict]:
    """The panels of a dashboard, those in rows too."""
    for panel in board.get("panels") or [] if isinstance(board, dict) else []:
        yield panel
        yield from panels(panel)


def filled(query: str) -> str:
    """A query with any value for its variables."""

    def any_value(found: re.Match[str]) -> str:
        name = next(it for it in found.groups() if it)
        return BUILT_IN.get(name, ".*")

    everything = MATCHER.sub(lambda it: '=~".*"' if it[1] in ("=", "=~") else '!~"^$"', query)
    return VARIABLE.sub(any_value, everything)


def without_thresholds(query: str) -> str:
    """A query that keeps what its comparisons with numbers would leave out."""
    return THRESHOLD.sub("", query)


def asked(query: str) -> Iterator[tuple[str, dict[str, str]]]:
    """The series that a query names, with the values that it names."""
    for metric, matchers in SELECTOR.findall(query):
        labels = {}
        for key, sign, value in EQUAL.findall(matchers):
            plain = value.split("|")[0] if sign == "=~" else value
            if sign == "=~" and plain != ".*":
                # What is matched by a part of it: anything stands for the rest.
                plain = plain.replace(".*", "x")
            if re.fullmatch(r"[\w./:@ -]+", plain):
                labels[key] = plain
        yield metric, labels
