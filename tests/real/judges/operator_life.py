"""What a workspace goes through under the operator: made, changed by others, kept, told of."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable

from harness.api import MERGE
from harness.processes import Failed
from harness.trees import Thing

from .canonical import against_stored
from .operator_stage import MANAGER, MARK, OWNER, Stage, compiled

# What each kind may get by hand that nobody asked for, as a merge patch.
ADDED: dict[str, dict] = {
    "Deployment": {"spec": {"template": {"spec": {"hostNetwork": True, "dnsPolicy": "Default"}}}},
    "StatefulSet": {"spec": {"template": {"metadata": {"annotations": {"by": "hand"}}}}},
    "Service": {"spec": {"sessionAffinity": "ClientIP"}},
    "Ingress": {"spec": {"rules": [{"host": "elsewhere.example.org"}]}},
    "ResourceQuota": {"spec": {"hard": {"pods": "999"}}},
    "LimitRange": {"spec": {"limits": []}},
    "NetworkPolicy": {"spec": {"ingress": [{}]}},
    "ConfigMap": {"data": {"by": "hand"}},
    "ServiceAccount": {"imagePullSecrets": [{"name": "by-hand"}]},
    "RoleBinding": {"subjects": []},
    "Middleware": {"spec": {"headers": {"browserXssFilter": True}}},
}
# Of every kind.
ANNOTATED = {"metadata": {"annotations": {"example.org/by": "hand"}}}
# These are never made again: what they hold is gone with them. The namespace holds all.
KEPT = ("Namespace", "PersistentVolumeClaim")


def expected(stage: Stage, resources: list[dict]) -> dict[str, list[Thing]]:
    """What the compiler makes of the same resources."""
    return compiled(stage.ctx, stage.texts(), resources)


def as_in_the_tree(stage: Stage, things: Iterable[Thing]) -> list[str]:
    """Where the cluster holds something else than a tree would."""
    found = []
    for thing in things:
        live = stage.there(thing.value)
        if live.refused:
            found.append(f"{thing.name}: {live.message}")
            continue
        sent = {**thing.value, "metadata": dict(thing.value["metadata"])}
        if thing.value["kind"] == "Namespace":
            # It bears whose it is, which no tree can say.
            sent["metadata"]["annotations"] = {
                **sent["metadata"].get("annotations", {}),
                OWNER: live.body["metadata"].get("annotations", {}).get(OWNER, ""),
            }
        found += [f"{thing.name}: {one}" for one in against_stored(sent, live.body, MANAGER)]
    return found


def becomes(stage: Stage) -> list[str]:
    """A resource becomes what a tree would hold, and tells so."""
    resources = [
        stage.resource("plain"),
        stage.resource("prompted", prompts=[{"name": "short", "system": "You answer briefly."}]),
        stage.resource("joined", members=[{"kind": "Group", "name": "team"}], onDelete="Delete"),
    ]
    wanted = expected(stage, resources)
    found = []
    for resource in resources:
        name = resource["metadata"]["name"]
        stage.api.post(stage.path(), resource)
        stage.until_condition(name, "Ready", "True")
        found += [f"{name}: {one}" for one in as_in_the_tree(stage, wanted[name])]
        found += told(stage, name)
    return found


def told(stage: Stage, name: str) -> list[str]:
    """What is wrong with what a resource that is well tells."""
    live = stage.live(name)
    status, found = live.get("status", {}), []
    for kind, wanted in (
        ("Accepted", "True"),
        ("Admitted", "True"),
        ("Progressing", "False"),
        ("Ready", "True"),
        ("Degraded", "False"),
    ):
        said = stage.condition(name, kind)
        if said[0] != wanted:
            found.append(f"{name}: {kind} is {said}, not {wanted}")
    if not status.get("isCreated"):
        found.append(f"{name}: isCreated is {status.get('isCreated')}")
    if status.get("urls") != [f"http://{name}.localtest.me"]:
        found.append(f"{name}: its URLs are {status.get('urls')}")
    found += [
        f"{name}: its status has no {key}"
        for key in ("budget", "models", "inventory")
        if not status.get(key)
    ]
    if not live["metadata"].get("finalizers"):
        found.append(f"{name}: nothing holds it when it is deleted")
    return found


def children(stage: Stage, name: str) -> list[Thing]:
    """The objects of the workspace of a resource, as the compiler has them."""
    live = stage.live(name)
    meta = {"name": name, "namespace": stage.namespace}
    resource = {key: live[key] for key in ("apiVersion", "kind", "spec")}
    own = live["spec"]["workspaceName"]
    return expected(stage, [{**resource, "metadata": meta}])[own]


def drifts(stage: Stage) -> list[str]:
    """Whatever somebody edits, adds, takes away or deletes is as it was, soon."""
    stage.ask("drifting", members=[{"kind": "Group", "name": "team"}], patterns=["explain_code"])
    stage.until_condition("drifting", "Ready", "True")
    things = children(stage, "drifting")
    found: list[str] = []
    slowest = 0.0
    for thing in things:
        for what, change in changes(thing):
            trouble, took = put_right(stage, thing, what, change)
            found += trouble
            slowest = max(slowest, took)
    stage.notes.append(f"the slowest was right again after {slowest:.2f} s")
    return found


def changes(thing: Thing) -> Iterable[tuple[str, Callable[[Stage, Thing], bool]]]:
    """What somebody does to an object."""
    kind = thing.value["kind"]

    def patch(body: dict) -> Callable[[Stage, Thing], bool]:
        def change(stage: Stage, one: Thing) -> bool:
            path = stage.api.path_of(one.value)
            return not stage.api.request("PATCH", path, body, MERGE).refused

        return change

    def delete(stage: Stage, one: Thing) -> bool:
        stage.api.delete(stage.api.path_of(one.value))
        return True

    yield "annotated", patch(ANNOTATED)
    if kind in ADDED:
        yield "edited", patch(ADDED[kind])
    if labels := thing.value["metadata"].get("labels"):
        first = next(iter(sorted(labels.keys() - {MARK, "app.kubernetes.io/managed-by"})))
        yield "without a label", patch({"metadata": {"labels": {first: None}}})
    if kind not in KEPT:
        yield "deleted", delete


def put_right(
    stage: Stage, thing: Thing, what: str, change: Callable[[Stage, Thing], bool]
) -> tuple[list[str], float]:
    """Changes an object, and waits until it is as it was; how long that took."""
    before = stage.there(thing.value).body
    if not change(stage, thing):
        return [], 0.0

    def is_right() -> bool:
        live = stage.there(thing.value)
        if live.refused:
            return False
        if what == "deleted" and live.body["metadata"]["uid"] == before["metadata"]["uid"]:
            return False
        return wish(live.body) == wish(before)

    try:
        return [], stage.until(f"{thing.name}, {what}", is_right, 20)
    except Failed as late:
        live = stage.there(thing.value)
        return [f"{late}: {differing(wish(before), wish(live.body))}"], 20.0


def wish(thing: dict) -> dict:
    """What somebody wants of an object: not what the cluster notes beside it."""
    meta = thing.get("metadata", {})
    noise = ("deployment.kubernetes.io/revision",)
    annotations = {
        key: value for key, value in (meta.get("annotations") or {}).items() if key not in noise
    }
    kept = {key: value for key, value in thing.items() if key not in ("metadata", "status")}
    if thing.get("kind") == "Service":
        kept["spec"] = {
            key: value
            for key, value in kept["spec"].items()
            if key not in ("clusterIP", "clusterIPs")
        }
    return {**kept, "labels": meta.get("labels"), "annotations": annotations}


def differing(before: object, after: object, path: str = "") -> str:
    """The first place where two values differ."""
    if isinstance(before, dict) and isinstance(after, dict):
        for key in sorted(before.keys() | after.keys()):
            if before.get(key) != after.get(key):
                return differing(before.get(key), after.get(key), f"{path}/{key}")
    return f"{path}: {str(before)[:80]} became {str(after)[:80]}"


def changed_meanwhile(stage: Stage) -> list[str]:
    """What was changed while no operator ran is as it was after its start."""
    stage.ask("asleep")
    stage.until_condition("asleep", "Ready", "True")
    things = {it.value["kind"]: it for it in children(stage, "asleep")}
    before = {kind: stage.there(it.value).body for kind, it in things.items()}
    for process in list(stage.running):
        stage.end(process)
    for kind in ("Service", "NetworkPolicy", "Deployment"):
        stage.api.patch(stage.api.path_of(things[kind].value), ADDED[kind])
    stage.api.delete(stage.api.path_of(things["ServiceAccount"].value))
    stage.start()
    found = []
    for kind in ("Service", "NetworkPolicy", "Deployment", "ServiceAccount"):

        def is_right(kind: str = kind) -> bool:
            live = stage.there(things[kind].value)
            return not live.refused and wish(live.body) == wish(before[kind])

        try:
            stage.until(f"{kind} as it was before the operator slept", is_right, 20)
        except Failed as late:
            found.append(str(late))
    return found


def restarted(stage: Stage) -> list[str]:
    """After a restart over workspaces that nobody touched, nothing is written."""
    before = stage.mark()
    for process in list(stage.running):
        stage.end(process)
    stage.start()
    time.sleep(5)
    written = stage.writes(before)
    return [f"{number} times {what}" for what, number in sorted(written.items())]
