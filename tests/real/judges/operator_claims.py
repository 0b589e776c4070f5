"""Whose a workspace is: names, foreign namespaces, data that stays, deletion, suspension."""

from __future__ import annotations

from harness.api import MERGE
from harness.processes import Failed

from .operator_stage import MARK, OWNER, Stage


def namespace(stage: Stage, name: str) -> dict:
    """A namespace as it is; nothing where there is none."""
    answer = stage.api.request("GET", f"/api/v1/namespaces/{name}")
    return {} if answer.refused else answer.body


def objects_in(stage: Stage, name: str) -> set[str]:
    """Kinds and names of what somebody made in a namespace."""
    found = set()
    for version, kind in (
        ("apps/v1", "Deployment"),
        ("apps/v1", "StatefulSet"),
        ("v1", "Service"),
        ("v1", "PersistentVolumeClaim"),
        ("v1", "ResourceQuota"),
        ("networking.k8s.io/v1", "NetworkPolicy"),
        ("networking.k8s.io/v1", "Ingress"),
    ):
        listed = stage.api.list(version, kind, name)
        found |= {f"{kind}/{one['metadata']['name']}" for one in listed}
    return found


def foreign(stage: Stage) -> list[str]:
    """A namespace of somebody else is not touched, and the resource says so."""
    body = {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "somebodys"}}
    before = stage.api.post("/api/v1/namespaces", body)
    stage.ask("somebodys")
    stage.until_condition("somebodys", "Accepted", "False", "NamespaceForeign")
    live = namespace(stage, "somebodys")
    found = []
    if live["metadata"]["resourceVersion"] != before["metadata"]["resourceVersion"]:
        found.append("the foreign namespace was changed")
    if there := objects_in(stage, "somebodys"):
        found.append(f"in the foreign namespace there is {sorted(there)}")
    # B7: what never got anything has nothing to wait for.
    stage.api.delete(stage.path("somebodys"))
    stage.until("a refused resource goes at once", lambda: not stage.live("somebodys"))
    if not namespace(stage, "somebodys"):
        found.append("the foreign namespace is gone")
    return found


def contested(stage: Stage) -> list[str]:
    """Of two that want one name, or one host, the older has it; the other gets it after that."""
    stage.ask("older", workspaceName="wanted", onDelete="Delete")
    stage.until_condition("older", "Ready", "True")
    stage.ask("younger", workspaceName="wanted")
    stage.until_condition("younger", "Accepted", "False", "NameTaken")
    found = []
    if namespace(stage, "wanted")["metadata"]["annotations"][OWNER] != uid(stage, "older"):
        found.append("the name is not the older one's")
    stage.api.delete(stage.path("older"))
    stage.until("the older one is gone", lambda: not stage.live("older"))
    stage.until_condition("younger", "Ready", "True")
    if namespace(stage, "wanted")["metadata"]["annotations"][OWNER] != uid(stage, "younger"):
        found.append("the name is not the younger one's after the older one went")
    return found


def uid(stage: Stage, name: str) -> str:
    """The identity of a resource."""
    return str(stage.live(name)["metadata"]["uid"])


def retained(stage: Stage) -> list[str]:
    """What is deleted leaves its data, which goes to nobody but who names whose it was."""
    stage.ask("keeper")
    stage.until_condition("keeper", "Ready", "True")
    owner = uid(stage, "keeper")
    claims = {it for it in objects_in(stage, "keeper") if it.startswith("PersistentVolumeClaim")}
    volumes = bound(stage, "keeper")
    stage.api.delete(stage.path("keeper"))
    stage.until("the resource is gone", lambda: not stage.live("keeper"))
    left, found = objects_in(stage, "keeper"), []
    if not claims or claims - left:
        found.append(f"claims are gone: {sorted(claims - left) or 'there were none'}")
    if gone := [it for it in left if it.startswith(("Deployment", "StatefulSet", "Ingress"))]:
        found.append(f"what can be made again is still there: {sorted(gone)}")
    if "NetworkPolicy/default-deny" not in left:
        found.append(f"nothing denies traffic to what is retained: {sorted(left)}")
    quotas = stage.api.list("v1", "ResourceQuota", "keeper")
    if not any(it["spec"]["hard"].get("pods") == "0" for it in quotas):
        found.append("pods may run beside what is retained")
    if namespace(stage, "keeper")["metadata"]["annotations"].get(OWNER) != owner:
        found.append("the namespace does not say whose data it holds")
    stage.ask("thief", workspaceName="keeper")
    stage.until_condition("thief", "Accepted", "False", "DataRetained")
    stage.ask("guesser", workspaceName="keeper", restore="00000000-0000-0000-0000-000000000000")
    stage.until_condition("guesser", "Accepted", "False")
    for name in ("thief", "guesser"):
        stage.api.delete(stage.path(name))
        stage.until_gone(name)
    stage.ask("keeper", restore=owner)
    stage.until_condition("keeper", "Ready", "True")
    if bound(stage, "keeper") != volumes:
        found.append(f"the volumes are {bound(stage, 'keeper')}, they were {volumes}")
    return found


def bound(stage: Stage, name: str) -> dict[str, str]:
    """The volumes of a namespace's claims."""
    return {
        it["metadata"]["name"]: it["spec"].get("volumeName", "")
        for it in stage.api.list("v1", "PersistentVolumeClaim", name)
    }


def deleted(stage: Stage) -> list[str]:
    """Deleted with its data, the namespace goes, and the resource waits for it."""
    stage.ask("passing", onDelete="Delete")
    stage.until_condition("passing", "Ready", "True")
    holder = {
        "apiVersion": "v1",
        "kind": "ConfigMap",
        "metadata": {
            "name": "holds",
            "namespace": "passing",
            "finalizers": ["example.org/hold"],
        },
    }
    stage.api.post("/api/v1/namespaces/passing/configmaps", holder)
    stage.api.delete(stage.path("passing"))
    found = []
    try:
        stage.until(
            "the condition says what holds the namespace",
            lambda: "example.org/hold" in str(stage.live("passing").get("status")),
        )
    except Failed as late:
        found.append(f"{late}: {stage.live('passing').get('status', {}).get('conditions')}")
    path = "/api/v1/namespaces/passing/configmaps/holds"
    stage.api.request("PATCH", path, {"metadata": {"finalizers": None}}, MERGE)
    stage.until("the namespace is gone", lambda: not namespace(stage, "passing"))
    stage.until("the resource is gone", lambda: not stage.live("passing"))
    stage.ask("passing", onDelete="Delete")
    stage.until_condition("passing", "Ready", "True")
    # B8: somebody is quicker, and what is not there any more keeps nothing from going.
    stage.api.delete("/api/v1/namespaces/passing")
    stage.api.delete(stage.path("passing"))
    stage.until("the resource is gone with its namespace", lambda: not stage.live("passing"))
    stage.until("the namespace is gone", lambda: not namespace(stage, "passing"))
    return found


def suspended(stage: Stage) -> list[str]:
    """Suspended, both workloads are at rest; resumed, they run with the same data."""
    stage.ask("resting")
    stage.until_condition("resting", "Ready", "True")
    volumes = bound(stage, "resting")

    def pods() -> int:
        return len(stage.api.list("v1", "Pod", "resting"))

    stage.api.patch(stage.path("resting"), {"spec": {"suspend": True}})
    stage.until("no pod runs", lambda: not pods())
    stage.until_condition("resting", "Ready", "False", "Suspended")
    stage.api.patch(stage.path("resting"), {"spec": {"suspend": None}})
    stage.until_condition("resting", "Ready", "True")
    found = [] if bound(stage, "resting") == volumes else ["its volumes are others"]
    return found if pods() == 2 else [*found, f"{pods()} pods run"]


def refused(stage: Stage) -> list[str]:
    """A change that no workspace can be is told, and what runs goes on under the last good spec."""
    stage.ask("steady", patterns=["explain_code"])
    stage.until_condition("steady", "Ready", "True")
    path = "/apis/apps/v1/namespaces/steady/deployments/steady-openwebui"
    before = stage.api.get(path)
    # Only who has read the whole of it can refuse this: two models would have one name.
    taken = [{"name": "explain_code", "system": "You answer briefly."}]
    stage.api.patch(stage.path("steady"), {"spec": {"prompts": taken}})
    stage.until_condition("steady", "Accepted", "False", "InvalidSpec")
    said = stage.condition("steady", "Accepted")[2]
    found = []
    if "/spec/prompts/0" not in said:
        found.append(f"the condition does not say where: {said}")
    stage.api.delete(path)

    def is_back() -> bool:
        answer = stage.api.request("GET", path)
        return not answer.refused and answer.body["spec"] == before["spec"]

    try:
        stage.until("drift is corrected against the last good spec", is_back, 20)
    except Failed as late:
        found.append(str(late))
    stage.api.patch(stage.path("steady"), {"spec": {"prompts": []}})
    stage.until_condition("steady", "Ready", "True")
    return found


def marked(stage: Stage) -> list[str]:
    """Every namespace that the operator made bears its label and an owner that is there or was."""
    found = []
    for one in stage.api.list("v1", "Namespace"):
        meta = one["metadata"]
        marks = MARK in meta.get("labels", {}), OWNER in meta.get("annotations", {})
        if marks[0] is not marks[1]:
            found.append(f"{meta['name']}: label {marks[0]}, owner {marks[1]}")
    return found
