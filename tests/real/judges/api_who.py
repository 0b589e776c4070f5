"""Who may what: each call by each role, single verbs, tokens of other kinds; and what that costs
the API server."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial
from typing import Any

from harness.api import Api

from .api_client import ALL, Client, Reply, one, wrong
from .api_rights import (
    API,
    HOUSE,
    NAMESPACE,
    OF_SERVER,
    PEOPLE,
    account,
    binding,
    claims,
    role,
)
from .api_stage import FREE, Stage
from .operator_rights import compared, granted, used
from .operator_stage import GROUP, PLURAL

NAME = "t-1"
PATCH = "application/merge-patch+json"


@dataclass(frozen=True)
class Calling:
    """A call, who may make it, and what they are told."""

    name: str
    # The roles that may: the table of who may what.
    may: tuple[str, ...]
    # The verbs that it wants, of whoever has single ones.
    needs: frozenset[str]
    good: int
    ask: Callable[[Stage, Client, str], Reply]
    # Whether the workspace is there before.
    there: bool = True
    # Whether it would change something.
    writes: bool = True


def sent(stage: Stage, label: str = "") -> dict:
    """The body of the workspace."""
    return stage.workspace(NAME, {"team": label} if label else None)


def put_over(stage: Stage, client: Client, dry: str) -> Reply:
    """Replaces what is there."""
    return client.ask("PUT", one(NAME) + dry, sent(stage, "other"), if_match="*")


def post(action: str) -> Callable[[Stage, Client, str], Reply]:
    """One of the calls without a body."""
    return lambda _, client, dry: client.ask("POST", one(NAME, action) + dry)


def get(path: str) -> Callable[[Stage, Client, str], Reply]:
    """One of the calls that read."""
    return lambda _, client, __: client.ask("GET", path)


def delete(query: str) -> Callable[[Stage, Client, str], Reply]:
    """A deletion."""
    return lambda _, client, dry: client.ask("DELETE", one(NAME) + (dry or "?") + query)


ALL_THREE, CHANGERS, LAST = ("viewer", "editor", "admin"), ("editor", "admin"), ("admin",)


def needs(*verbs: str) -> frozenset[str]:
    """Some verbs."""
    return frozenset(verbs)


CALLS = (
    Calling("list", ALL_THREE, needs("list"), 200, get(ALL), writes=False),
    Calling("read", ALL_THREE, needs("get"), 200, get(one(NAME)), writes=False),
    Calling("manifests", ALL_THREE, needs("get"), 200, get(one(NAME, "manifests")), writes=False),
    Calling("models", ALL_THREE, needs("list"), 200, get("/v1/models"), writes=False),
    Calling("room", ALL_THREE, needs("list"), 200, get("/v1/room"), writes=False),
    Calling(
        "validate",
        CHANGERS,
        needs("create"),
        200,
        lambda stage, client, _: client.ask("POST", "/v1/validate", sent(stage)),
        writes=False,
    ),
    Calling(
        "create",
        CHANGERS,
        needs("create"),
        201,
        lambda stage, client, dry: client.ask("POST", ALL + dry, sent(stage)),
        there=False,
    ),
    Calling(
        "PUT that creates",
        CHANGERS,
        needs("create", "update"),
        201,
        lambda stage, client, dry: client.ask("PUT", one(NAME) + dry, sent(stage)),
        there=False,
    ),
    Calling(
        "PUT that only creates",
        CHANGERS,
        needs("create"),
        201,
        lambda stage, client, dry: client.ask(
            "PUT", one(NAME) + dry, sent(stage), if_none_match="*"
        ),
        there=False,
    ),
    Calling("PUT that replaces", CHANGERS, needs("update"), 200, put_over),
    Calling(
        "PATCH",
        CHANGERS,
        needs("patch"),
        200,
        lambda _, client, dry: client.ask(
            "PATCH", one(NAME) + dry, {"metadata": {"labels": {"a": "b"}}}, PATCH
        ),
    ),
    Calling("suspend", CHANGERS, needs("patch"), 200, post("suspend")),
    Calling("resume", CHANGERS, needs("patch"), 200, post("resume")),
    Calling("DELETE", LAST, needs("delete"), 202, delete("")),
    Calling(
        "DELETE with data",
        LAST,
        needs("delete", "deletedata"),
        202,
        delete(f"&data=delete&confirm={NAME}"),
    ),
)
SINGLE = ("create", "delete", "deletedata", "get", "list", "patch", "update")


def prepared(stage: Stage, call: Calling) -> str:
    """The workspace as the call finds it; its version."""
    live = stage.live(NAME)
    if call.there and (not live or live["spec"].get("suspend") or live["metadata"].get("labels")):
        stage.put(NAME, suspend=True) if call.name == "resume" else stage.put(NAME)
    elif not call.there and live:
        stage.api.delete(stage.path(NAME))
    return stage.version(NAME)


def asked(stage: Stage, who: str, client: Client, call: Calling, may: bool) -> Iterator[str]:
    """Where a call does not answer as the table says, or does something that it should not."""
    for dry in ("?dryRun=true", "") if call.writes else ("",):
        before = prepared(stage, call)
        reply = call.ask(stage, client, dry)
        what = f"{who}: {call.name}{' (dry)' if dry else ''}"
        if may:
            yield from wrong(what, reply, call.good)
        else:
            yield from wrong(what, reply, 403, "not-allowed")
            verbs = [it for it in call.needs if f"`{it}`" in str((reply.body or {}).get("detail"))]
            if reply.status == 403 and not verbs:
                yield f"{what}: it does not say which verb is missing: {reply}"
        if (dry or not may) and stage.version(NAME) != before:
            yield f"{what}: it has written"


def roles(stage: Stage) -> list[str]:
    """The table: each role, by a token of an account and by one of the issuer, and each call."""
    found, tries = list[str](), 0
    for who in PEOPLE:
        since = stage.mark()
        ways = {"account": stage.token(who), "issuer": stage.of_issuer(who)}
        for way, token in ways.items():
            client = Client(stage.url, token)
            for call in CALLS:
                tries += 1
                found += asked(stage, f"{who} ({way})", client, call, who in call.may)
        stage.mark()
        # Who may nothing of a kind has cost nothing of it.
        verbs = set() if who in LAST else {"delete"}
        verbs |= set() if who in CHANGERS else {"create", "update"}
        wrote = {it: n for it, n in stage.writes(since).items() if it in verbs}
        found += [f"{who}: {wrote} were written"] * bool(wrote)
    stage.notes.append(f"{tries} pairs of a caller and a call")
    return found


def single_verbs(stage: Stage) -> list[str]:
    """Who has one verb alone may make the calls that want that verb alone."""
    group = GROUP.partition("/")[0]
    found: list[str] = []
    for verb in SINGLE:
        name = f"only-{verb}"
        meta = {"name": name, "namespace": HOUSE}
        for thing in (
            {"apiVersion": "v1", "kind": "ServiceAccount", "metadata": meta},
            role("Role", name, {(group, PLURAL): [verb]}),
            binding(name, [account(name, HOUSE)]),
        ):
            stage.api.apply(thing)
        client = Client(stage.url, stage.token(name))
        stage.until(f"{name} may", partial(reviewed, stage, name, verb))
        for call in CALLS:
            found += asked(stage, name, client, call, call.needs <= {verb})
    return found


def reviewed(stage: Stage, name: str, verb: str) -> bool:
    """Whether the API server knows by now that an account may something."""
    attributes = {
        "group": GROUP.partition("/")[0],
        "resource": PLURAL,
        "namespace": NAMESPACE,
        "verb": verb,
    }
    spec = {"user": f"system:serviceaccount:{HOUSE}:{name}", "resourceAttributes": attributes}
    review = {
        "apiVersion": "authorization.k8s.io/v1",
        "kind": "SubjectAccessReview",
        "spec": spec,
    }
    said = stage.api.post("/apis/authorization.k8s.io/v1/subjectaccessreviews", review)
    return bool(said["status"]["allowed"])


def tokens(stage: Stage) -> list[str]:
    """Whom the API believes: tokens that were made for it, and users of the issuer."""
    meta = {"name": "gone", "namespace": HOUSE}
    stage.api.apply({"apiVersion": "v1", "kind": "ServiceAccount", "metadata": meta})
    gone = stage.token("gone")
    stage.api.delete(f"/api/v1/namespaces/{HOUSE}/serviceaccounts/gone")
    signed = stage.of_issuer("viewer")
    head, _, signature = signed.rpartition(".")
    masters: dict[str, Any] = claims("stranger") | {"groups": ["system:masters"]}
    unsigned = "eyJhbGciOiJub25lIn0." + signed.split(".")[1] + "."
    table = (
        ("an account's, made for the API", stage.token("viewer"), 200),
        ("the issuer's, by RS256", signed, 200),
        ("the issuer's, by ES256", stage.of_issuer("viewer", way="ES256"), 200),
        ("the issuer's, of somebody without a role", stage.of_issuer("stranger"), 403),
        (
            "the issuer's, with a group of the cluster",
            stage.issuer.token(stage.client_id, **masters),
            403,
        ),
        (
            "the issuer's, of an address that nobody verified",
            stage.of_issuer("viewer", email_verified=False),
            401,
        ),
        ("the issuer's, expired", stage.of_issuer("viewer", life=-60), 401),
        ("the issuer's, for another audience", stage.of_issuer("viewer", audience="wiki"), 401),
        ("the issuer's, for the API's audience", stage.of_issuer("viewer", audience=API), 401),
        ("the issuer's, with another signature", f"{head}.{signature[::-1]}", 401),
        ("one without a signature", unsigned, 401),
        ("another issuer's", stage.of_issuer("viewer", iss="https://127.0.0.1:1"), 401),
        ("an account's, for another audience", stage.token("viewer", audience="wiki"), 401),
        ("an account's, ordinary", stage.token("viewer", audience=""), 401),
        ("an account's, for the API server by name", stage.token("admin", audience=OF_SERVER), 401),
        ("of an account that is gone", gone, 401),
        ("the API's own", stage.token(API, NAMESPACE, ""), 401),
        ("an administrator's of the cluster", stage.cluster.token, 401),
        ("no token", "", 401),
        ("nonsense", "nonsense", 401),
    )
    found = []
    for what, token, status in table:
        reply = Client(stage.url, token).ask("GET", ALL)
        problem = {200: "", 401: "not-authenticated", 403: "not-allowed"}[status]
        found += wrong(what, reply, status, problem)
        if status == 401 and not reply.headers.get("WWW-Authenticate", "").startswith("Bearer "):
            found.append(f"{what}: no WWW-Authenticate")
    basic = Client(stage.url).ask("GET", ALL, Authorization="Basic YTpi")
    found += wrong("a password", basic, 401, "not-authenticated")
    in_query = Client(stage.url).ask("GET", f"{ALL}?access_token={signed}")
    found += wrong("a token in the query", in_query, 401, "not-authenticated")
    return found + at_the_server(stage, signed)


def at_the_server(stage: Stage, signed: str) -> list[str]:
    """A token for the API opens nothing at the API server; one of the issuer does, as README
    says."""
    found = []
    for what, token, status in (
        ("a token for the API", stage.token("admin"), 401),
        ("a token of the issuer", signed, 200),
    ):
        direct = Api(stage.cluster.url, token, str(stage.cluster.ca))
        said = direct.request("GET", stage.path())
        if said.status != status:
            found.append(f"{what} at the API server: {said.status} {said.message}")
    return found


def without_token(stage: Stage) -> list[str]:
    """What is open is as `openapi.json` says, and nothing else."""
    client, found = Client(stage.url), []
    for path in ("/livez", "/readyz", "/openapi.json"):
        found += wrong(path, client.ask("GET", path), 200)
    for call in CALLS:
        found += wrong(call.name, call.ask(stage, client, ""), 401, "not-authenticated")
    found += wrong("nowhere", client.ask("GET", "/v2/workspaces"), 404, "nothing-here")
    return found + wrong("metrics", client.ask("GET", "/metrics"), 404, "nothing-here")


def costs(stage: Stage) -> list[str]:
    """A yes is asked for once in ten seconds; a no writes nothing."""
    stage.put(NAME)
    since, found = stage.mark(), []
    client = Client(stage.url, stage.token("viewer"))
    for _ in range(20):
        found += wrong("reading", client.ask("GET", one(NAME)), 200)
    stage.mark()
    asked_for = stage.asked_for(since)
    for resource in ("tokenreviews", "subjectaccessreviews"):
        number = asked_for[f"create {resource}"]
        found += [f"20 requests of one caller cost {number} {resource}"] * (number != 1)
    since = stage.mark()
    for _ in range(5):
        reply = client.ask("DELETE", one(NAME))
        found += wrong("a refused deletion", reply, 403, "not-allowed")
    stage.mark()
    asked_for = stage.asked_for(since)
    others = {it: n for it, n in asked_for.items() if it != "create subjectaccessreviews"}
    found += [f"5 refusals cost {others}"] * bool(others)
    stage.notes.append(
        f"5 refusals cost {asked_for['create subjectaccessreviews']} reviews of access"
    )
    return found


def exact(stage: Stage) -> list[str]:
    """What the API's account did in the course of this judge is what it may do."""
    # The log has a watch when it ends.
    for one_of_them in list(stage.running):
        stage.end(one_of_them)
    stage.start(*FREE)
    stage.mark()
    return compared(granted(stage.api, API, NAMESPACE), used(stage.log()))


CHECKS = (roles, single_verbs, tokens, without_token, costs)
