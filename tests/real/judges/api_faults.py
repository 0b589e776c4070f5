"""The faults that the judge of the API has to see."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial

from harness.api import ApiError
from harness.context import Context
from harness.processes import Failed
from harness.table import Fault

from . import (
    api_bounds,
    api_calls,
    api_described,
    api_findings,
    api_kept,
    api_who,
    api_writers,
)
from .api_proxy import Change, Passing, Proxy, nothing
from .api_rights import API
from .api_stage import FREE, Stage

Check = Callable[[Stage], list[str]]


@dataclass(frozen=True)
class Between:
    """A fault between the callers and the API."""

    name: str
    check: Check
    says: str
    before: Change = nothing
    after: Change = nothing


def without(header: str) -> Change:
    """Answers that lack a header."""

    def change(one: Passing) -> None:
        one.answered.pop(header, None)

    return change


def instead(of: int, status: int, problem: bytes = b"") -> Change:
    """Answers with another status."""

    def change(one: Passing) -> None:
        if one.status == of and problem in one.answer:
            one.status = status

    return change


def wet(one: Passing) -> None:
    """No dry run is one."""
    one.path = one.path.replace("dryRun=true", "dryRun=false")


def whichever(one: Passing) -> None:
    """The version that a replacement means gets lost."""
    if one.headers.get("If-Match"):
        one.headers["If-Match"] = "*"


def again(one: Passing) -> None:
    """A page begins with the last workspace of the one before."""
    if one.method == "GET" and "continue=" in one.path and one.status == 200:
        try:
            page = json.loads(one.answer)
        except ValueError:
            return
        page["items"] = [*page["items"][:1], *page["items"]]
        one.answer = json.dumps(page).encode()


def told(one: Passing) -> None:
    """A refusal has what was sent."""
    if one.status >= 400:
        one.answer = one.answer.replace(b'"detail":"', b'"detail":"' + one.body.hex().encode())
        one.answer += one.body


def without_lines(one: Passing) -> None:
    """Findings do not say where they are."""
    if "/validate" in one.path and one.status == 200:
        value = json.loads(one.answer)
        for finding in value["findings"]:
            finding["line"] = None
        one.answer = json.dumps(value).encode()


def other_bytes(one: Passing) -> None:
    """The objects of a workspace are another form of the same."""
    if one.path.endswith("/manifests"):
        one.answer = one.answer.replace(b"apiVersion: v1\n", b'apiVersion: "v1"\n')


def longer(one: Passing) -> None:
    """A page has one more than was asked for."""
    one.path = one.path.replace("limit=3", "limit=4")


BETWEEN = (
    Between("a page with one more than asked for", api_calls.lists, "on a page of 3", longer),
    Between("answers without a version", api_calls.read, "None", after=without("Etag")),
    Between("a dry run that is none", api_calls.created, "a dry creation has made it", wet),
    Between(
        "an equal PUT that needs a version",
        api_calls.replaced,
        "an equal one",
        after=instead(200, 428),
    ),
    Between("other bytes than a tree's", api_calls.manifests, "bytes, and", after=other_bytes),
    Between(
        "a refusal that does not say how to come in",
        api_who.tokens,
        "no WWW-Authenticate",
        after=without("Www-Authenticate"),
    ),
    Between(
        "a version that gets lost on the way",
        api_writers.two_writers,
        "[200, 200]",
        whichever,
    ),
    Between(
        "a page that begins with a workspace of the one before",
        partial(api_writers.crowded, many=150),
        "twice",
        after=again,
    ),
    Between(
        "a list that has expired is a mistake of the caller",
        api_writers.expired,
        "and not 410",
        after=instead(410, 400),
    ),
    Between("a refusal that has the password", api_kept.password, "the answer has it", after=told),
    Between(
        "a change of what Git keeps",
        api_kept.in_git,
        "and not 409",
        after=instead(409, 200, b"workspace-in-git"),
    ),
    Between("findings without lines", api_findings.same, "['line']", after=without_lines),
    Between(
        "a packed body is taken", api_bounds.packed, "a gzip bomb: 200", after=instead(415, 200)
    ),
    Between(
        "a status that is not described",
        partial(api_described.described, few=True),
        "Undocumented status code",
        after=instead(404, 418),
    ),
)


def roles(thing: dict) -> dict:
    """An editor who may delete, a viewer who may not list, an API that may patch."""
    if thing["kind"] == "Role":
        rule = thing["rules"][0]
        changes = {"workspace-editor": ["delete"], API: ["patch"]}
        rule["verbs"] += changes.get(thing["metadata"]["name"], [])
        if thing["metadata"]["name"] == "workspace-viewer":
            rule["verbs"].remove("list")
    return thing


def seen(ctx: Context, name: str, stage: Stage, check: Check, says: str) -> None:
    """Notes whether a check finds what was planted."""
    try:
        found = check(stage)
    except (Failed, ApiError, LookupError, RuntimeError, TypeError) as trouble:
        found = [str(trouble)]
    function = getattr(check, "func", check)
    row = f"api: {function.__name__.replace('_', ' ')}"
    wanted = [one for one in found if says in one]
    ctx.fault(Fault(name, row, (wanted or found or [""])[0], bool(wanted)))


def between(ctx: Context, stage: Stage, fault: Between) -> None:
    """Plants a fault between the callers and the API."""
    own = stage.running[-1].url
    # Of the last one there may be more than there is room for.
    stage.emptied()
    with Proxy([own], fault.before, fault.after) as proxy:
        stage.url = proxy.url
        try:
            seen(ctx, fault.name, stage, fault.check, fault.says)
        finally:
            stage.url = own


def believed(stage: Stage) -> Change:
    """Whoever comes is taken for somebody else, whatever the token was made for."""
    known = stage.token("viewer")

    def change(one: Passing) -> None:
        if one.headers.get("Authorization"):
            one.headers["Authorization"] = f"Bearer {known}"

    return change


def plant(ctx: Context) -> None:
    """Plants each."""
    with Stage(ctx, "api-between") as stage:
        stage.start(*FREE)
        for fault in BETWEEN:
            between(ctx, stage, fault)
        name = "a token of any audience is believed"
        fault = Between(name, api_who.tokens, "for another audience: 200", believed(stage))
        between(ctx, stage, fault)
        name = "requests without bounds"
        seen(ctx, name, stage, api_bounds.bursts, "0 of 90 are refused")
        first = stage.running[-1].url
        second = stage.start(*FREE)
        with Proxy([first, second.url]) as proxy:
            stage.url = proxy.url
            name = "a yes that is forgotten at once"
            seen(ctx, name, stage, api_who.costs, "cost 2 tokenreviews")
    with Stage(ctx, "api-roles", roles) as stage:
        stage.start(*FREE)
        for name, says in (
            ("an editor who may delete", "editor (account): DELETE"),
            ("a viewer who may not list", "viewer (account): list"),
        ):
            seen(ctx, name, stage, api_who.roles, says)
        name = "a verb that the API never uses"
        seen(ctx, name, stage, api_who.exact, "patch aichatworkspaces: it may, and never does")
