"""One watch over all Applications: what happened in which order, and what is so now."""

from __future__ import annotations

import contextlib
import dataclasses
import http.client
import json
import socket
import threading
import time
from collections.abc import Callable
from typing import TYPE_CHECKING

from .api import ApiError
from .argo_host import GROUP, REFRESH, summary
from .argo_tree import Promise, Rendered

if TYPE_CHECKING:
    from .api import Api


@dataclasses.dataclass(frozen=True)
class Event:
    """What one message of the watch says, in short."""

    seconds: float
    name: str
    made: bool
    gone: bool
    good: bool
    asked: str = ""
    compared: str = ""


def good(application: dict) -> bool:
    """Synced and Healthy, nothing under way, nothing to complain of."""
    status = application.get("status") or {}
    return (
        (status.get("sync") or {}).get("status") == "Synced"
        and (status.get("health") or {}).get("status") == "Healthy"
        and not status.get("conditions")
        and settled(application)
    )


def settled(application: dict) -> bool:
    """No refresh is asked for, no operation runs or waits for its next try."""
    phase = ((application.get("status") or {}).get("operationState") or {}).get("phase")
    annotations = application["metadata"].get("annotations") or {}
    return (
        REFRESH not in annotations
        and "operation" not in application
        and phase not in ("Running", "Terminating")
    )


def revisions(application: dict) -> tuple[str, str]:
    """Which revision its spec asks for, and which its status speaks of."""
    compared = ((application.get("status") or {}).get("sync") or {}).get("comparedTo") or {}
    return tuple(
        (it.get("source") or {}).get("targetRevision", "") for it in (application["spec"], compared)
    )


class Recorder:
    """Follows the Applications in a thread of its own; `events` is the story, `now` the present."""

    def __init__(self, api: Api) -> None:
        self.api = api
        self.events: list[Event] = []
        self.now: dict[str, dict] = {}
        self._seen: set[str] = set()
        self._changed = threading.Condition()
        self._end = threading.Event()
        self._connection: http.client.HTTPSConnection | None = None
        self._begin = time.monotonic()
        self._thread = threading.Thread(target=self._follow, daemon=True)

    def start(self) -> None:
        """Begins before the first Application is there, so that nothing is missed."""
        self._begin = time.monotonic()
        self._thread.start()

    def stop(self) -> None:
        """Ends the watch, also one that waits for its next message."""
        self._end.set()
        connection = self._connection
        if connection is not None and connection.sock is not None:
            with contextlib.suppress(OSError):
                connection.sock.shutdown(socket.SHUT_RDWR)
        if self._thread.is_alive():
            self._thread.join(timeout=5)

    def _follow(self) -> None:
        version = "0"
        while not self._end.is_set():
            try:
                version = self._listed() if version == "0" else version
                version = self._stream(version)
            except (OSError, ValueError, http.client.HTTPException, ApiError):
                self._end.wait(0.1)

    def _listed(self) -> str:
        """What is there, and since which version to watch; who is not there any more has gone."""
        there = self.api.get(f"{GROUP}/applications")
        for it in there["items"]:
            self._note("ADDED", it)
        names = {it["metadata"]["name"] for it in there["items"]}
        for it in [it for name, it in self.snapshot().items() if name not in names]:
            self._note("DELETED", it)
        return there["metadata"]["resourceVersion"]

    def _stream(self, version: str) -> str:
        """Follows one stream to its end; returns the version to go on from, so that no message is
        lost between two streams."""
        self._connection = self.api.connect(timeout=None)
        try:
            self._connection.request(
                "GET",
                f"{GROUP}/applications?watch=1&allowWatchBookmarks=true&timeoutSeconds=3600&resourceVersion={version}",
                headers={"Authorization": f"Bearer {self.api.token}", "Accept": "application/json"},
            )
            response = self._connection.getresponse()
            while not self._end.is_set() and (line := response.readline()):
                event = json.loads(line)
                if event["type"] == "ERROR":
                    return "0"
                version = event["object"]["metadata"]["resourceVersion"]
                if event["type"] != "BOOKMARK":
                    self._note(event["type"], event["object"])
            return version
        finally:
            self._connection.close()
            self._connection = None

    def _note(self, kind: str, it: dict) -> None:
        name, uid = it["metadata"]["name"], it["metadata"]["uid"]
        gone = kind == "DELETED"
        with self._changed:
            asked, compared = revisions(it)
            event = Event(
                time.monotonic() - self._begin,
                name,
                uid not in self._seen,
                gone,
                not gone and good(it),
                asked,
                compared,
            )
            self._seen.add(uid)
            self.events.append(event)
            if gone:
                self.now.pop(name, None)
            else:
                self.now[name] = it
            self._changed.notify_all()

    def wait(
        self,
        reached: Callable[[dict[str, dict]], bool],
        seconds: float,
        ok: Callable[[], None] = lambda: None,
    ) -> bool:
        """Waits until the present satisfies `reached`; `ok` raises when there is no sense in
        waiting on."""
        deadline = time.monotonic() + seconds
        with self._changed:
            while not reached(self.now):
                left = deadline - time.monotonic()
                if left <= 0:
                    return False
                self._changed.wait(min(left, 1.0))
                ok()
            return True

    def snapshot(self) -> dict[str, dict]:
        """The present, as it is at this moment."""
        with self._changed:
            return dict(self.now)

    def forget(self, names: set[str]) -> None:
        """Takes Applications that are gone out of the story, as if they had never been."""
        with self._changed:
            self.events = [it for it in self.events if it.name not in names]

    def mark(self) -> int:
        """Where the story stands, to ask later what happened since."""
        with self._changed:
            return len(self.events)


def expected(tree: Rendered) -> dict[str, dict]:
    """Every Application that has to be there, with its document: those of apps/ and root."""
    root = tree.root()
    return {
        root.name: root.document,
        **{name: it.document for name, it in tree.applications().items()},
    }


def lagging(tree: Rendered, now: dict[str, dict], refs: dict[str, str]) -> dict[str, str]:
    """Applications that are not where they have to be, with what they say; `refs` are the commits
    of the branch and the tags."""
    out = {}
    for name, document in expected(tree).items():
        it = now.get(name)
        if it is None:
            out[name] = "does not exist"
        elif not good(it):
            out[name] = summary(it)
        elif it["spec"].get("source") != document["spec"].get("source"):
            out[name] = "does not have the source that the tree gives it"
        elif "chart" not in (source := document["spec"].get("source") or {"chart": 1}) and it[
            "status"
        ]["sync"].get("revision") != (commit := refs.get(source["targetRevision"], "nowhere")):
            out[name] = (
                f"is at commit {str(it['status']['sync'].get('revision'))[:12]}, not at "
                f"{commit[:12]}"
            )
    return out


def order(events: list[Event], promises: list[Promise], root: str) -> list[str]:
    """Compares the story with the promise: nobody is made before all that it waits for has been
    Synced and Healthy."""
    findings: list[str] = []
    waves = {it.application: it for it in promises}
    since: dict[str, float] = {}
    made: set[str] = set()
    for event in events:
        if event.made and event.name not in made and event.name != root:
            made.add(event.name)
            mine = waves.get(event.name)
            if mine is None:
                findings.append(
                    f"Application {event.name} was created, and `show waves` does not know it"
                )
                continue
            missing = [
                it.application
                for it in promises
                if it.application not in since
                and it.application != event.name
                and (it.wave < mine.wave or it.application in mine.after)
            ]
            if missing:
                findings.append(
                    f"Application {event.name} (wave {mine.wave}) was created at "
                    f"{event.seconds:.1f} s, before "
                    f"{', '.join(missing)} had been Synced and Healthy"
                )
        if event.good:
            since.setdefault(event.name, event.seconds)
    findings += [
        f"`show waves` promises Application {name}, and it was never created"
        for name in waves
        if name not in made
    ]
    return findings


def update_order(
    events: list[Event], promises: list[Promise], tree: Rendered, tag: str
) -> list[str]:
    """The same of an update under `pin: tag`: nobody is given the tag before all that it waits for
    were Synced and Healthy at it."""
    pinned = {
        name
        for name, it in tree.applications().items()
        if any(one.get("targetRevision") == tag for one in it.sources)
    }
    waves = {it.application: it for it in promises}
    given: set[str] = set()
    reached: set[str] = set()
    findings = []
    for event in events:
        if event.asked == tag and event.name in pinned and event.name not in given:
            given.add(event.name)
            mine = waves[event.name]
            missing = [
                it.application
                for it in promises
                if it.application in pinned - reached - {event.name}
                and (it.wave < mine.wave or it.application in mine.after)
            ]
            if missing:
                findings.append(
                    f"Application {event.name} (wave {mine.wave}) was given {tag} at "
                    f"{event.seconds:.1f} s, before "
                    f"{', '.join(missing)} had been Synced and Healthy at it"
                )
        if event.good and event.asked == event.compared == tag:
            reached.add(event.name)
    return findings + [
        f"Application {name} was never given {tag}" for name in sorted(pinned - given)
    ]


def story(events: list[Event]) -> list[str]:
    """When each Application was made and first good: the protocol of an installation."""
    made: dict[str, float] = {}
    reached: dict[str, float] = {}
    for event in events:
        if event.made:
            made.setdefault(event.name, event.seconds)
        if event.good:
            reached.setdefault(event.name, event.seconds)
    return [
        f"{name} {seconds:.1f}-" + (f"{reached[name]:.1f}" if name in reached else "?")
        for name, seconds in made.items()
    ]
