"""Two Open WebUI with Redis between them: a person's requests and her socket at different ones."""

import json
from datetime import datetime
from pathlib import Path

from harness.context import Context
from harness.node_pods import ready
from harness.processes import Failed
from harness.table import Row

from . import live_platform
from .live_browser import Person
from .live_checks import COLOURS, QUESTION, judged, others
from .live_objects import CHAT, EMAIL, PASSWORD
from .live_platform import Live

REPLICAS = 2
# Where the page sends a question, and where its socket is.
ASKS, SOCKET = "/api/chat/completions", "/ws/socket.io"
# Questions of one sign-in, and sign-ins until a question came to the replica without the socket.
QUESTIONS, SIGN_INS = 3, 3
# Requests with one token, before and after its sign-out: enough to come to each replica.
TRIES = 8


def change(spec: dict) -> None:
    """A smaller platform, but for its chat: the rest is the committed spec's."""
    components = spec["components"]
    del components["backup"]
    components["redis"] = {"enabled": True}
    components["openWebui"] = {
        **components.get("openWebui", {}),
        "replicas": REPLICAS,
        # As the compiler says what fits the database.
        "connectionPool": {"size": 3, "overflow": 2},
    }
    components["ollama"] = {**components["ollama"], "replicas": 1}


def make_tree(ctx: Context) -> Path:
    """The tree of the platform with replicas, without tenants."""
    return live_platform.make_tree(ctx, change, ())


def passed(live: Live) -> list[dict]:
    """The requests that Traefik has ended, in its own words; of a socket, when it is closed."""
    return [
        json.loads(line)
        for pod in live.pods("kube-system", "traefik")
        for line in live.world.log(pod, "traefik").splitlines()
        if '"RequestPath"' in line
    ]


def span(request: dict) -> tuple[float, float]:
    """When a request began and ended."""
    began = datetime.fromisoformat(request["StartUTC"].replace("Z", "+00:00")).timestamp()
    return began, began + request["Duration"] / 1e9


def placed(requests: list[dict]) -> list[tuple[str, set[str]]]:
    """Of each question: the replica that it came to, and those that had an open socket then."""
    sockets = [
        (span(one), one["ServiceAddr"]) for one in requests if one["RequestPath"].startswith(SOCKET)
    ]
    found = []
    for one in requests:
        if one["RequestMethod"] == "POST" and one["RequestPath"].startswith(ASKS):
            at = span(one)[0]
            open_then = {where for (began, ended), where in sockets if began <= at <= ended}
            found.append((one["ServiceAddr"], open_then))
    return found


def addresses(live: Live) -> set[str]:
    """Where the replicas that are Ready answer."""
    return {f"{pod['status']['podIP']}:8080" for pod in live.pods("ai", "openwebui") if ready(pod)}


def answers(live: Live, row: Row) -> None:
    """A person asks until a question came to the replica that does not have her socket: each answer
    has to be on the page."""
    there = addresses(live)
    if len(there) != REPLICAS:
        raise Failed(f"{len(there)} replicas are Ready, not {REPLICAS}")
    asked = across = 0
    said: list[float] = []
    for _ in range(SIGN_INS):
        before = len(passed(live))
        with Person(live.ctx, CHAT) as person:
            person.sign_in(EMAIL, PASSWORD)
            for _ in range(QUESTIONS):
                # A page of its own: the same answer is not there from an earlier question.
                person.begin()
                person.choose(live.model)
                answer = person.ask(QUESTION)
                said.append(answer["seconds"])
                row.findings += judged(answer, COLOURS, first=True)
            person.shot(live.shots, "replicas")
            row.findings += others(person)
        asked += QUESTIONS
        live.wait(
            "Traefik has ended the requests of a browser that is closed",
            lambda before=before: ended(passed(live)[before:]),
            30,
        )
        for where, sockets in placed(passed(live)[before:]):
            across += bool(sockets) and where not in sockets
        if across or row.findings:
            break
    row.objects, row.note = (
        asked,
        (
            f"{asked} questions, {across} of them at the replica without the socket; "
            f"answers after {min(said):.0f} to {max(said):.0f} s"
        ),
    )
    if not across and not row.findings:
        row.findings.append(f"no question in {asked} came to the replica without the socket")


def ended(requests: list[dict]) -> bool:
    """Whether the socket that each question had is known: it is closed."""
    questions = placed(requests)
    return len(questions) == QUESTIONS and all(sockets for _, sockets in questions)


def signs_out(live: Live, row: Row) -> None:
    """One sign-in is good at each replica, and its sign-out, at one of them, ends it at each."""
    with Person(live.ctx, CHAT, "dark") as person:
        person.sign_in(EMAIL, PASSWORD)
        token = person.page.evaluate("localStorage.token")
        before = taken(live, person, token, "before")
        person.sign_out()
        person.shot(live.shots, "signed-out")
        after = taken(live, person, token, "after")
    for when, found, right in (("before", before, 200), ("after", after, 401)):
        for where in sorted(addresses(live) | set(found)):
            codes = found.get(where, set())
            if codes != {right}:
                row.findings.append(
                    f"{when} the sign-out the replica at {where} answered a request with the token"
                    f" with {', '.join(map(str, sorted(codes))) or 'nothing'}, not with {right}"
                )
    row.objects = 2 * TRIES
    row.note = f"{len(before)} replicas took the token; after its sign-out {len(after)} refused it"


def taken(live: Live, person: Person, token: str, when: str) -> dict[str, set[int]]:
    """What each replica answers to requests with a token."""
    for number in range(TRIES):
        person.status(f"/api/v1/auths/?judge={when}-{number}", token)
    found: dict[str, set[int]] = {}
    for one in passed(live):
        if f"?judge={when}-" in one["RequestPath"]:
            found.setdefault(one["ServiceAddr"], set()).add(one["DownstreamStatus"])
    return found
