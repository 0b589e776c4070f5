"""Compares what was sent with what the server would store of it: in canonical form the two are the
same."""

from __future__ import annotations

import copy
import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

# The server writes a status into claims inside a StatefulSet's template; nobody sends one, and it
# is no part of the wish.
SERVERS_OWN = re.compile(r"^/spec/volumeClaimTemplates\[\d+\]/status")


@dataclass(frozen=True)
class Difference:
    """One place where the stored form is another."""

    what: str
    path: str
    sent: object
    stored: object

    def __str__(self) -> str:
        return (
            f"{self.what} {self.path}: sent {json.dumps(self.sent)[:120]}, stored "
            f"{json.dumps(self.stored)[:160]}"
        )


def project(stored: Any, owned: dict) -> Any:
    """The part of a stored value that its `fieldsV1` says we own; an owned leaf or an atomic value
    is taken whole."""
    if not owned or set(owned) == {"."}:
        return stored
    if isinstance(stored, list):
        out = []
        for key, inner in owned.items():
            if key.startswith("k:"):
                wanted = json.loads(key[2:])
                out += [
                    project(item, inner)
                    for item in stored
                    if isinstance(item, dict)
                    and all(item.get(name) == value for name, value in wanted.items())
                ]
            elif key.startswith("v:") and json.loads(key[2:]) in stored:
                out.append(json.loads(key[2:]))
        return out
    if isinstance(stored, dict):
        return {
            key[2:]: project(stored[key[2:]], inner)
            for key, inner in owned.items()
            if key.startswith("f:") and key[2:] in stored
        }
    return stored


def differences(sent: Any, stored: Any, path: str = "") -> Iterator[Difference]:
    """Yields each difference; lists are compared as sets of items, each with the one that is most
    alike."""
    if isinstance(sent, dict) and isinstance(stored, dict):
        for key in sorted(set(sent) | set(stored), key=str):
            if key not in stored:
                what = "EMPTY, NOT STORED" if sent[key] in (None, {}, []) else "DROPPED"
                yield Difference(what, f"{path}/{key}", sent[key], None)
            elif key not in sent:
                yield Difference("ADDED", f"{path}/{key}", None, stored[key])
            else:
                yield from differences(sent[key], stored[key], f"{path}/{key}")
    elif isinstance(sent, list) and isinstance(stored, list):
        yield from list_differences(sent, stored, path)
    elif type(sent) is not type(stored) or sent != stored:
        yield Difference("CHANGED", path, sent, stored)


def list_differences(sent: list, stored: list, path: str) -> Iterator[Difference]:
    """The differences between two lists whose order says nothing."""
    if len(sent) != len(stored):
        yield Difference("CHANGED", path, sent, stored)
        return
    left = list(range(len(stored)))
    for at, item in enumerate(sent):
        least: tuple[int, list[Difference]] | None = None
        for candidate in left:
            here = list(differences(item, stored[candidate], f"{path}[{at}]"))
            if least is None or len(here) < len(least[1]):
                least = candidate, here
            if not here:
                break
        if least is not None:
            left.remove(least[0])
            yield from least[1]


def against_stored(sent: dict, answer: dict, manager: str = "judge") -> list[Difference]:
    """The differences between a sent object and the server's answer, restricted to the fields that
    the manager owns."""
    owned = [
        one
        for one in answer["metadata"].get("managedFields", [])
        if one["manager"] == manager and one["operation"] == "Apply" and not one.get("subresource")
    ]
    kept = project(answer, owned[0]["fieldsV1"]) if owned else {}
    wish = copy.deepcopy(sent)
    for one in (wish, kept):
        for key in ("apiVersion", "kind"):
            one.pop(key, None)
        for key in ("name", "namespace"):
            one.get("metadata", {}).pop(key, None)
        if not one.get("metadata", True):
            one.pop("metadata")
    return [one for one in differences(wish, kept) if not SERVERS_OWN.match(one.path)]


def without_bookkeeping(thing: dict) -> dict:
    """An object without what the server keeps about it; what Argo CD compares in a server-side
    diff."""
    out = copy.deepcopy(thing)
    for key in ("managedFields", "resourceVersion", "creationTimestamp", "uid", "generation"):
        out["metadata"].pop(key, None)
    out.pop("status", None)
    return out
