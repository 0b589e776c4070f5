"""Several who write at once, and a list that is read while it changes."""

from __future__ import annotations

import threading
from collections import Counter
from typing import Any

from harness.processes import side_by_side

from .api_client import ALL, YAML, Client, Reply, one, wrong
from .api_stage import Stage

ROUNDS = 20
MANY, PAGE = 1000, 100
PATCH = "application/merge-patch+json"


def at_once(asks: list[Any]) -> list[Reply]:
    """Sends several requests at the same moment."""
    gate = threading.Barrier(len(asks))

    def sent(ask: Any) -> Reply:
        gate.wait(10)
        reply: Reply = ask()
        return reply

    replies: list[Reply] = side_by_side(sent, asks, len(asks))
    return replies


def two_writers(stage: Stage) -> list[str]:
    """Of two that replace one version, exactly one does, and the other is told what changed."""
    stage.put("two")
    editors = [
        Client(stage.url, stage.token("editor")),
        Client(stage.url, stage.of_issuer("editor")),
    ]
    found: list[str] = []
    for number in range(ROUNDS):
        tag = editors[0].ask("GET", one("two")).tag
        replies = at_once([put(stage, it, number, who, tag) for who, it in enumerate(editors)])
        found += won(f"round {number}", replies, stage.live("two")["metadata"]["labels"]["who"])
    stage.notes.append(f"{ROUNDS} rounds of two writers")
    return found


def put(stage: Stage, client: Client, number: int, who: int, tag: str) -> Any:
    """A replacement that nobody else sends."""
    body = stage.workspace("two", {"who": str(who), "round": str(number)})
    return lambda: client.ask("PUT", one("two"), body, if_match=tag)


def won(what: str, replies: list[Reply], stored: str) -> list[str]:
    """What is wrong where exactly one may have won."""
    statuses = [it.status for it in replies]
    if sorted(statuses) != [200, 412]:
        return [f"{what}: {statuses}"]
    found = []
    loser = replies[statuses.index(412)].body
    if not any(it.startswith("/metadata/labels") for it in loser.get("changed", [])):
        found.append(f"{what}: who lost is not told what changed: {loser}")
    if stored != str(statuses.index(200)):
        found.append(f"{what}: {stored} is stored, and {statuses.index(200)} won")
    return found


def two_makers(stage: Stage) -> list[str]:
    """Of two that create one name, exactly one does; patches without a version are all done."""
    editor, found = stage.by("editor"), []
    for number in range(5):
        stage.api.delete(stage.path("made"))
        body = stage.workspace("made", {"round": str(number)})
        replies = at_once([lambda body=body: editor.ask("POST", ALL, body)] * 2)
        statuses = sorted(it.status for it in replies)
        found += [f"two creations: {statuses}"] * (statuses != [201, 409])
    patches = [
        lambda key=f"k{number}": editor.ask(
            "PATCH", one("made"), {"metadata": {"labels": {key: "x"}}}, PATCH
        )
        for number in range(4)
    ]
    replies = at_once(patches)
    labels = stage.live("made")["metadata"]["labels"]
    # Four who try five times each: the last of them is refused four times at most.
    found += [f"a patch: {it}" for it in replies if it.status != 200]
    names = [f"k{number}" for number in range(len(replies))]
    return found + [f"{it} is lost: {labels}" for it in names if it not in labels]


class Churn(threading.Thread):
    """Makes, changes and deletes workspaces past the API until it is told to stop."""

    def __init__(self, stage: Stage, kept: list[str]) -> None:
        super().__init__(daemon=True)
        self.stage, self.kept, self.over, self.rounds = stage, kept, threading.Event(), 0

    def run(self) -> None:
        """Until it is told to stop."""
        stage = self.stage
        while not self.over.is_set():
            name = f"churn-{self.rounds % 40:02d}"
            stage.put(name)
            kept = self.kept[self.rounds * 37 % len(self.kept)]
            stage.api.patch(stage.path(kept), {"metadata": {"labels": {"round": str(self.rounds)}}})
            stage.api.delete(stage.path(f"churn-{(self.rounds + 20) % 40:02d}"))
            self.rounds += 1


def crowd(stage: Stage, many: int = MANY) -> list[str]:
    """So many workspaces, made past the API; their names."""
    names = [f"crowd-{number:04d}" for number in range(many)]

    def made(name: str) -> None:
        answer = stage.api.request("POST", stage.path(), stage.workspace(name))
        if answer.refused and answer.status != 409:
            raise RuntimeError(f"{name}: {answer.message}")

    side_by_side(made, names, 6)
    return names


def pages(client: Client, query: str = "", accept: str = "", size: int = PAGE) -> list[str]:
    """The names of all pages, one after the other."""
    names: list[str] = []
    after = ""
    while True:
        more = f"&continue={after}" if after else ""
        reply = client.ask("GET", f"{ALL}?limit={size}{query}{more}", accept=accept)
        if reply.status != 200:
            raise RuntimeError(f"a page: {reply}")
        names += [it["metadata"]["name"] for it in reply.body["items"]]
        after = reply.body.get("continue") or ""
        if not after:
            return names


def crowded(stage: Stage, many: int = MANY) -> list[str]:
    """Each workspace that is there all the time is on exactly one page, while others come and
    go."""
    names = crowd(stage, many)
    churn = Churn(stage, names)
    churn.start()
    found, client = [], stage.by("viewer")
    try:
        stage.until("others change", lambda: churn.rounds > 3)
        for what, query, accept, size in (
            ("pages of 100", "", "", PAGE),
            ("pages of 7 that are not ready", "&ready=false", "", 70),
            ("pages of 500 in YAML", "", YAML, 500),
        ):
            before, seen = churn.rounds, Counter(pages(client, query, accept, size))
            twice = [it for it, number in seen.items() if number > 1]
            missing = [it for it in names if it not in seen]
            found += [f"{what}: {len(twice)} twice: {twice[:5]}"] * bool(twice)
            found += [f"{what}: {len(missing)} on no page: {missing[:5]}"] * bool(missing)
            stage.notes.append(f"{what}: {churn.rounds - before} rounds of changes meanwhile")
    finally:
        churn.over.set()
        churn.join(30)
    return found


def expired(stage: Stage) -> list[str]:
    """A list whose moment the store has forgotten is begun again."""
    client = stage.by("viewer")
    # More than a page.
    crowd(stage, 10)
    after = client.ask("GET", f"{ALL}?limit=5").body["continue"]
    stage.put("after-the-list")
    stage.compact()

    def is_gone() -> bool:
        return client.ask("GET", f"{ALL}?limit=5&continue={after}").status != 200

    stage.until("the list has expired", is_gone, 30)
    reply = client.ask("GET", f"{ALL}?limit=5&continue={after}")
    return wrong("a list of before", reply, 410, "list-expired")
