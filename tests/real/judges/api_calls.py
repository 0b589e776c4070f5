"""Each row of the table of calls, in JSON and in YAML, as what is stored says of it."""

from __future__ import annotations

import copy
import time
from collections.abc import Callable
from functools import partial
from typing import Any

import yaml

from harness.api import LOADER

from .api_client import ALL, JSON, YAML, Client, Reply, one, wrong
from .api_stage import MODEL, Stage
from .operator_stage import compiled

FORMS = (JSON, YAML)
PATCH = "application/merge-patch+json"
REQUESTED_BY = "espalier.dev/requested-by"


def lists(stage: Stage) -> list[str]:
    """A list has pages, labels, and those that are ready."""
    stage.emptied()
    found, client = [], stage.by("viewer")
    for number in range(7):
        stage.put(f"l-{number}", {"team": "even" if number % 2 == 0 else "odd"})
    told(stage, "l-3", {"conditions": [said("Ready", "True")]})
    for form in FORMS:
        names, after, pages = [], "", 0
        while pages < 9:
            query = "?limit=3" + (f"&continue={after}" if after else "")
            reply = client.ask("GET", ALL + query, accept=form)
            found += wrong(f"{form}: a page", reply, 200)
            body = reply.body if reply.status == 200 else {"items": []}
            found += [f"{form}: {len(body['items'])} on a page of 3"] * (len(body["items"]) > 3)
            names += [it["metadata"]["name"] for it in body["items"]]
            after, pages = body.get("continue") or "", pages + 1
            if not after:
                break
        if names != [f"l-{number}" for number in range(7)] or pages != 3:
            found.append(f"{form}: {pages} pages have {names}")
    for query, wanted in (
        ("labelSelector=team%3Dodd", ["l-1", "l-3", "l-5"]),
        ("labelSelector=team%20in%20(even)&limit=500", ["l-0", "l-2", "l-4", "l-6"]),
        ("ready=true", ["l-3"]),
        ("ready=false&labelSelector=team%3Dodd", ["l-1", "l-5"]),
    ):
        reply = client.ask("GET", f"{ALL}?{query}")
        names = [it["metadata"]["name"] for it in (reply.body or {}).get("items", [])]
        if reply.status != 200 or names != wanted:
            found.append(f"{query}: {reply}: {names}")
    for query in ("limit=0", "limit=501", "ready=perhaps", "unknown=1", "limit=1&limit=2"):
        found += wrong(query, client.ask("GET", f"{ALL}?{query}"), 400, "malformed-request")
    for query in ("labelSelector=%3D%3D%3D", "continue=nothing"):
        found += wrong(query, client.ask("GET", f"{ALL}?{query}"), 400, "malformed-request")
    first = client.ask("GET", ALL)
    same = client.ask("GET", ALL, if_none_match=first.tag)
    if not first.tag or same.status != 304 or same.raw or same.tag != first.tag:
        found.append(f"a list that has not changed: {same}, its tag is {first.tag}")
    stage.put("l-7")
    stage.until("the list has another tag", lambda: client.ask("GET", ALL).tag != first.tag)
    again = client.ask("GET", ALL, if_none_match=first.tag)
    return found + wrong("a list that has changed", again, 200)


def told(stage: Stage, name: str, status: dict) -> None:
    """Writes a status, as the operator would."""
    stage.api.patch(f"{stage.path(name)}/status", {"status": status})


def said(kind: str, status: str) -> dict:
    """A condition."""
    now = "2026-01-01T00:00:00Z"
    return {
        "type": kind,
        "status": status,
        "reason": "Judged",
        "message": "",
        "lastTransitionTime": now,
    }


def created(stage: Stage) -> list[str]:
    """A creation answers 201, where it is, and its version; a second one 409."""
    found, client = [], stage.by("editor")
    for form, name in zip(FORMS, ("c-json", "c-yaml"), strict=True):
        stage.api.delete(stage.path(name))
        body = stage.workspace(name, {"department": "research"})
        dry = client.ask("POST", f"{ALL}?dryRun=true", body, form, form)
        found += wrong(f"{form}: a dry creation", dry, 201)
        found += [f"{form}: a dry creation has made it"] * bool(stage.live(name))
        made = client.ask("POST", ALL, body, form, form)
        found += wrong(f"{form}: a creation", made, 201)
        if made.headers.get("Location") != one(name) or made.kind != form:
            found.append(f"{form}: {made.headers.get('Location')}, {made.kind}")
        live = stage.live(name)
        if made.tag != f'"{stage.version(name)}"':
            found.append(f"{form}: the tag {made.tag}, the version {stage.version(name)}")
        if live.get("spec") != body["spec"]:
            found.append(f"{form}: {live.get('spec')} is stored")
        who = live.get("metadata", {}).get("annotations", {}).get(REQUESTED_BY)
        if who != "system:serviceaccount:people:editor":
            found.append(f"{form}: requested by {who}")
        found += wrong("once more", client.ask("POST", ALL, body, form), 409, "workspace-exists")
    for what, bad in (
        ("an unknown field", stage.workspace("c-bad", colour="red")),
        ("a wrong value", stage.workspace("c-bad", workspaceENV="moon")),
    ):
        reply = client.ask("POST", ALL, bad)
        found += wrong(what, reply, 422, "workspace-invalid")
        if reply.problem and not reply.body["findings"]:
            found.append(f"{what}: no findings")
    bad = stage.workspace("c-bad")
    bad["metadata"]["labels"] = {"app.kubernetes.io/name": "x"}
    found += wrong("others' labels", client.ask("POST", ALL, bad), 422, "metadata-reserved")
    for key in ("finalizers", "ownerReferences", "generateName", "uid"):
        bad = stage.workspace("c-bad")
        bad["metadata"][key] = [] if key.endswith("s") else "x"
        reply = client.ask("POST", ALL, bad)
        found += [f"metadata.{key}: {reply}"] * (reply.status != 422)
    text = b"- no: object"
    found += wrong("a list", client.ask("POST", ALL, text, YAML), 422, "workspace-invalid")
    broken = client.ask("POST", ALL, b"{")
    found += wrong("broken JSON", broken, 400, "malformed-request")
    other = client.ask("POST", ALL, b"x", "text/plain")
    found += wrong("text", other, 415, "unsupported-media-type")
    reply = client.ask("GET", ALL, accept="image/png")
    found += wrong("wanted as a picture", reply, 406, "not-acceptable")
    found += wrong("another method", client.ask("DELETE", ALL), 405, "method-not-allowed")
    found += ["something is stored of what was refused"] * bool(stage.live("c-bad"))
    return found


def read(stage: Stage) -> list[str]:
    """One is read with all that is known of it; once more, it is 304."""
    found, client = [], stage.by("viewer")
    stage.put("r-1", {"a": "b"}, members=[{"kind": "Group", "name": "team"}])
    for form in FORMS:
        reply = client.ask("GET", one("r-1"), accept=form)
        found += wrong(f"{form}: reading", reply, 200)
        live = stage.live("r-1")
        body = reply.body or {}
        if reply.tag != f'"{stage.version("r-1")}"' or body.get("spec") != live["spec"]:
            found.append(f"{form}: {reply.tag} {body}")
        wanted = {"apiVersion", "kind", "metadata", "spec"} | (
            {"status"} if form == JSON else set()
        )
        if set(body) != wanted:
            found.append(f"{form}: it has {sorted(body)}")
        for tags in (reply.tag, f'"x", {reply.tag}', f"W/{reply.tag}"):
            same = client.ask("GET", one("r-1"), accept=form, if_none_match=tags)
            if same.status != 304 or same.raw:
                found.append(f"{form}: If-None-Match {tags}: {same}")
        other = client.ask("GET", one("r-1"), accept=form, if_none_match='"0"')
        found += wrong(f"{form}: another version", other, 200)
    found += wrong("none", client.ask("GET", one("r-none")), 404, "workspace-not-found")
    return found


def replaced(stage: Stage) -> list[str]:
    """PUT creates, replaces, leaves what is equal, and wants to know what it replaces."""
    found = []
    client = stage.by("editor")

    def put(body: dict, form: str, query: str = "", **headers: str) -> Reply:
        path = one(body["metadata"]["name"]) + query
        return client.ask("PUT", path, body, form, form, **headers)

    for form, name in zip(FORMS, ("p-json", "p-yaml"), strict=True):
        stage.api.delete(stage.path(name))
        body = stage.workspace(name)
        stale = put(body, form, if_match='"1"')
        found += wrong(f"{form}: none, but a version", stale, 412, "precondition-failed")
        found += wrong(f"{form}: a dry PUT", put(body, form, "?dryRun=true"), 201)
        found += [f"{form}: a dry PUT has made it"] * bool(stage.live(name))
        made = put(body, form, if_none_match="*")
        found += wrong(f"{form}: a PUT that creates", made, 201)
        version = stage.version(name)
        equal = put(body, form)
        found += wrong(f"{form}: an equal one", equal, 200)
        if stage.version(name) != version or equal.tag != made.tag:
            found.append(f"{form}: an equal PUT has written")
        again = put(body, form, if_none_match="*")
        found += wrong(f"{form}: only creates", again, 412, "precondition-failed")
        other = copy.deepcopy(body)
        other["metadata"]["labels"] = {"team": "b"}
        without = put(other, form)
        found += wrong(f"{form}: no If-Match", without, 428, "precondition-required")
        stale = put(other, form, if_match='"1"')
        found += wrong(f"{form}: a stale version", stale, 412, "precondition-failed")
        if (stale.body or {}).get("changed") != ["/metadata/labels"]:
            found.append(f"{form}: stale says {stale.body}")
        dry = put(other, form, "?dryRun=true", if_match=made.tag)
        found += wrong(f"{form}: a dry replacement", dry, 200)
        found += [f"{form}: a dry one has written"] * (stage.version(name) != version)
        done = put(other, form, if_match=made.tag)
        found += wrong(f"{form}: a replacement", done, 200)
        if stage.live(name)["metadata"].get("labels") != {"team": "b"}:
            found.append(f"{form}: {stage.live(name)['metadata']}")
        if done.tag == made.tag or done.tag != f'"{stage.version(name)}"':
            found.append(f"{form}: the tag is {done.tag}")
        found += round_trip(client, name, form)
    elsewhere = client.ask("PUT", one("p-other"), stage.workspace("p-json"))
    return found + wrong("another name", elsewhere, 422, "workspace-invalid")


def round_trip(client: Client, name: str, form: str) -> list[str]:
    """What was read in YAML is a body: sent back, it changes nothing."""
    if form != YAML:
        return []
    file = client.ask("GET", one(name), accept=YAML)
    back = client.ask("PUT", one(name), file.raw, YAML)
    return wrong("what was read, sent back", back, 200) + (
        [] if back.tag == file.tag else ["what was read, sent back, is another version"]
    )


def patched(stage: Stage) -> list[str]:
    """PATCH merges, with a version or without one."""
    found, client = [], stage.by("editor")
    stage.put("m-1", {"a": "1", "b": "2"})
    for form in (PATCH, JSON, YAML):
        before = stage.version("m-1")
        change: Any = {"metadata": {"labels": {"a": form[-4:].strip("+-/"), "b": None}}}
        dry = client.ask("PATCH", f"{one('m-1')}?dryRun=true", change, form)
        found += wrong(f"{form}: a dry patch", dry, 200)
        found += [f"{form}: a dry patch has written"] * (stage.version("m-1") != before)
        stale = client.ask("PATCH", one("m-1"), change, form, if_match='"1"')
        found += wrong(f"{form}: a stale version", stale, 412, "precondition-failed")
        with_it = client.ask("PATCH", one("m-1"), change, form, if_match=f'"{before}"')
        found += wrong(f"{form}: a patch with its version", with_it, 200)
        labels = stage.live("m-1")["metadata"].get("labels")
        if labels != change["metadata"]["labels"] | {"b": None} and labels != {
            "a": change["metadata"]["labels"]["a"]
        }:
            found.append(f"{form}: labels are {labels}")
        change = {"spec": {"pruneModels": True if form != JSON else None}}
        found += wrong(f"{form}: a patch", client.ask("PATCH", one("m-1"), change, form), 200)
        after = stage.version("m-1")
        equal = client.ask("PATCH", one("m-1"), {"metadata": {"labels": {"z": None}}}, form)
        found += wrong(f"{form}: a patch that changes nothing", equal, 200)
        found += [f"{form}: it has written"] * (stage.version("m-1") != after)
    for what, change, status, problem in (
        ("a password", {"spec": {"administrator": {"password": "x"}}}, 422, "workspace-invalid"),
        ("its name", {"metadata": {"name": "m-2"}}, 422, "workspace-invalid"),
        ("an unknown field", {"spec": {"colour": "red"}}, 422, "workspace-invalid"),
        ("others' labels", {"metadata": {"labels": {"k8s.io/x": "y"}}}, 422, "metadata-reserved"),
        ("data that would go", {"spec": {"onDelete": "Delete"}}, 403, "not-allowed"),
        ("a list", [1], 400, "malformed-request"),
    ):
        reply = client.ask("PATCH", one("m-1"), change, PATCH)
        found += wrong(what, reply, status, problem)
    none = client.ask("PATCH", one("m-none"), {}, PATCH)
    return found + wrong("none", none, 404, "workspace-not-found")


def deleted(stage: Stage) -> list[str]:
    """DELETE keeps data, or deletes it where the name is typed once more."""
    found, client = [], stage.by("admin")
    for form in FORMS:
        for data, query, kept in (
            ("retain", "", "Retain"),
            ("retain", "?data=retain", "Retain"),
            ("delete", "?data=delete&confirm=d-1", "Delete"),
        ):
            other = "Delete" if kept == "Retain" else "Retain"
            stage.put("d-1", onDelete=other)
            # Held, so that what it was when it went can be seen.
            held = {"metadata": {"finalizers": ["judges.example.org/held"]}}
            stage.api.patch(stage.path("d-1"), held)
            before = stage.version("d-1")
            dry = query + ("&" if query else "?") + "dryRun=true"
            reply = client.ask("DELETE", one("d-1") + dry, accept=form)
            found += wrong(f"a dry deletion {query}", reply, 202)
            found += [f"{dry} has written"] * (stage.version("d-1") != before)
            reply = client.ask("DELETE", one("d-1") + query, accept=form)
            found += wrong(f"{form}: a deletion {query}", reply, 202)
            live = stage.live("d-1")
            if (reply.body or {}).get("data") != data or reply.body.get("look") != one("d-1"):
                found.append(f"{form}: {query}: {reply.body}")
            if live["spec"].get("onDelete", "Retain") != kept:
                found.append(f"{form}: {query}: onDelete is {live['spec'].get('onDelete')}")
            if "deletionTimestamp" not in live["metadata"]:
                found.append(f"{form}: {query}: it is not deleted")
            stage.api.patch(stage.path("d-1"), {"metadata": {"finalizers": None}})
    stage.put("d-2")
    for query in ("?data=delete", "?data=delete&confirm=d-1"):
        reply = client.ask("DELETE", one("d-2") + query)
        found += wrong(query, reply, 422, "deletion-not-confirmed")
    reply = client.ask("DELETE", one("d-2"), if_match='"1"')
    found += wrong("a stale version", reply, 412, "precondition-failed")
    found += ["a refused deletion has deleted"] * (not stage.live("d-2"))
    none = client.ask("DELETE", one("d-none"))
    return found + wrong("none", none, 404, "workspace-not-found")


def suspended(stage: Stage) -> list[str]:
    """A suspension frees the budget, and is undone."""
    found, client = [], stage.by("editor")
    stage.put("s-1")

    def taken() -> int:
        number: int = client.ask("GET", "/v1/room").body["memory"]["requested"]
        return number

    size = client.ask("GET", f"/v1/room?models={MODEL}").body["next"]["memory"]
    client.ask("POST", one("s-1", "suspend"))
    stage.until("the room knows all", lambda: settled(taken))
    empty = taken()
    client.ask("POST", one("s-1", "resume"))
    for form in FORMS:
        stage.until("it takes its size", lambda: taken() == empty + size)
        for action, is_so in (("suspend", True), ("resume", None)):
            version = stage.version("s-1")
            dry = client.ask("POST", f"{one('s-1', action)}?dryRun=true", accept=form)
            found += wrong(f"a dry {action}", dry, 200)
            found += [f"a dry {action} has written"] * (stage.version("s-1") != version)
            reply = client.ask("POST", one("s-1", action), accept=form)
            found += wrong(f"{form}: {action}", reply, 200)
            if stage.live("s-1")["spec"].get("suspend") != is_so:
                found.append(f"{form}: {action}: {stage.live('s-1')['spec']}")
            version = stage.version("s-1")
            found += wrong(f"{action} again", client.ask("POST", one("s-1", action)), 200)
            found += [f"{action} again has written"] * (stage.version("s-1") != version)
            wanted = empty if is_so else empty + size
            stage.until(f"{action}: {wanted} bytes are taken", partial(holds, taken, wanted))
    none = client.ask("POST", one("s-none", "suspend"))
    return found + wrong("none", none, 404, "workspace-not-found")


def holds(number: Callable[[], int], wanted: int) -> bool:
    """Whether a number is what is wanted."""
    return number() == wanted


def settled(number: Callable[[], int]) -> bool:
    """Whether a number stays as it is for a moment."""
    first = number()
    time.sleep(0.2)
    return number() == first


def manifests(stage: Stage) -> list[str]:
    """What a workspace becomes is what the compiler renders, to the byte."""
    found, client = [], stage.by("viewer")
    resource = stage.workspace("w-1", members=[{"kind": "Group", "name": "team"}])
    stage.put("w-1", **resource["spec"])
    texts = {
        str(it.relative_to(stage.platform)): it.read_text(encoding="utf-8")
        for it in stage.platform.rglob("*")
        if it.is_file()
    }
    wanted = {it.name: it for it in compiled(stage.ctx, texts, [resource])["w-1"]}
    reply = client.ask("GET", one("w-1", "manifests"), accept=YAML)
    found += wrong("its objects", reply, 200)
    documents = [it for it in reply.raw.split(b"---\n") if it]
    names = []
    for raw in documents:
        value = yaml.load(raw, LOADER)
        name = f"{value['kind']}/{value['metadata']['name']}"
        names.append(name)
        theirs = wanted.get(name)
        if theirs is None:
            found.append(f"{name}: no tree has it")
        elif value["kind"] == "Namespace":
            # It bears whose it is, which no tree can say.
            value["metadata"]["annotations"].pop("espalier.dev/owner", None)
            own = copy.deepcopy(theirs.value)
            own["metadata"].setdefault("annotations", {})
            found += [f"{name}: {value}, and not {own}"] * (value != own)
        elif without_head(theirs.raw) != raw:
            found.append(f"{name}: {len(raw)} bytes, and {len(without_head(theirs.raw))} in a tree")
    found += [f"{name}: it is missing" for name in sorted(set(wanted) - set(names))]
    as_json = client.ask("GET", one("w-1", "manifests")).body["items"]
    if as_json != [yaml.load(raw, LOADER) for raw in documents]:
        found.append("in JSON it has other objects")
    stage.notes.append(f"{len(documents)} objects of a workspace")
    return found


def without_head(raw: bytes) -> bytes:
    """A file of a tree, without the comment that it begins with."""
    lines = raw.splitlines(keepends=True)
    while lines and lines[0].startswith(b"#"):
        lines.pop(0)
    return b"".join(lines)


def validated(stage: Stage) -> list[str]:
    """A validation says what is wrong, and writes nothing; CEL rules of the definition included."""
    found, client = [], stage.by("editor")
    stage.api.delete(stage.path("v-1"))
    for form in FORMS:
        good = client.ask("POST", "/v1/validate", stage.workspace("v-1"), form, form)
        found += wrong(f"{form}: a good one", good, 200)
        if good.status == 200 and good.body != {"valid": True, "findings": []}:
            found.append(f"{form}: {good.body}")
        bad = client.ask(
            "POST", "/v1/validate", stage.workspace("v-1", workspaceENV="moon"), form, form
        )
        body = bad.body if bad.status == 200 else {}
        if body.get("valid") is not False or not body.get("findings"):
            found.append(f"{form}: a wrong one: {bad} {body}")
    return found + ["a validation has made it"] * bool(stage.live("v-1"))


def room(stage: Stage) -> list[str]:
    """The room is what the nodes have; what does not fit is refused before it is written, or
    waits."""
    found, client = [], stage.by("editor")
    for form in FORMS:
        reply = client.ask("GET", f"/v1/room?models={MODEL}", accept=form)
        found += wrong(f"{form}: the room", reply, 200)
        body = reply.body or {}
        left = body["memory"]["capacity"] - body["memory"]["requested"]
        if body["next"]["models"] != [MODEL] or body["next"]["fit"] < 1:
            found.append(f"{form}: {body['next']}")
        if body["next"]["fit"] > left // body["next"]["memory"]:
            found.append(f"{form}: {body['next']['fit']} fit into {left}")
    wrong_model = client.ask("GET", "/v1/room?models=none:such")
    found += wrong("a model that is none", wrong_model, 422, "workspace-invalid")
    huge = stage.workspace("o-1", resources={"memory": "4096Gi"})
    reply = client.ask("POST", ALL, huge)
    if reply.status != 422:
        found.append(f"a workspace for which there is no room: {reply}")
    return found + ["what has no room was written"] * bool(stage.live("o-1"))


CHECKS = (
    lists,
    created,
    read,
    replaced,
    patched,
    deleted,
    suspended,
    manifests,
    validated,
    room,
)
