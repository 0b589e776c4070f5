"""Judges the definition of workspaces by the real kube-apiserver: what `tests/workspace-crd.yaml`
says that it refuses it refuses, and what it says that it takes it takes."""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import yaml

from harness.api import Answer, Api
from harness.context import Context
from harness.planting import NoSubject
from harness.table import Fault, Row
from harness.trees import Tree

CASES = Path(__file__).resolve().parents[3] / "tests/workspace-crd.yaml"
JUDGE = "definition of workspaces"
CASE = "golden/workspace-crd"
DEFINITION = "CustomResourceDefinition"
ROOT = "/apis/apps.aichatworkspaces.io/v1alpha1/namespaces/default/aichatworkspaces"
NAME = "a-resource"
# The least that is taken.
LEAST = {"workspaceName": "team-a", "workspaceENV": "dev", "models": []}
# What an operator tells; whatever of it is missing afterwards the server has pruned.
STATUS = {
    "observedGeneration": 1,
    "isCreated": True,
    "conditions": [
        {
            "type": "Ready",
            "status": "True",
            "reason": "RolledOut",
            "message": "It runs.",
            "lastTransitionTime": "2026-11-30T20:00:00Z",
            "observedGeneration": 1,
        }
    ],
    "urls": ["https://team-a.chat.example.com"],
    "budget": {
        "memory": "1697Mi",
        "memoryLimit": "2Gi",
        "cpu": "600m",
        "pods": 2,
        "storage": "22Gi",
    },
    "models": [{"name": "gemma2:2b", "isReady": True}],
    "inventory": [
        {
            "apiVersion": "v1",
            "kind": "Service",
            "name": "team-a-ollama",
            "generation": 7,
            "applied": "0f",
            "fields": "1e",
        }
    ],
    "admittedRevision": "team-a-1",
}


def resource(spec: object) -> dict:
    """A workspace; without a spec where there is none."""
    body: dict[str, Any] = {
        "apiVersion": "apps.aichatworkspaces.io/v1alpha1",
        "kind": "AIChatWorkspace",
        "metadata": {"name": NAME, "namespace": "default"},
    }
    return body if spec is None else {**body, "spec": spec}


def send(api: Api, verb: str, body: dict, dry_run: bool = True, path: str = "") -> Answer:
    """A request with strict validation."""
    query = {"fieldValidation": "Strict"} | ({"dryRun": "All"} if dry_run else {})
    return api.request(verb, ROOT + path, body, "application/json", query)


def settled(api: Api, definition: dict) -> None:
    """Waits until a definition is served as it is: a schema that was changed is taken up a moment
    later, and until then the one before answers."""
    api.install_crds([definition])
    deadline = time.monotonic() + 30
    while time.monotonic() < deadline:
        live = api.get(
            "/apis/apiextensions.k8s.io/v1/customresourcedefinitions/"
            + definition["metadata"]["name"]
        )
        bad = [
            one
            for one in live.get("status", {}).get("conditions") or []
            if one["type"] == "NonStructuralSchema" and one["status"] == "True"
        ]
        if bad:
            raise ValueError(f"not structural: {bad[0]['message']}")
        if not send(api, "POST", resource(LEAST)).refused:
            break
        time.sleep(0.2)
    # Each of the server's threads takes up a new schema by itself.
    time.sleep(1)


def held(api: Api, cases: dict) -> tuple[int, list[str]]:
    """How many cases there are, and which of them do not hold."""
    found = []
    for case in cases["accepted"]:
        answer = send(api, "POST", resource(case["spec"]))
        if answer.refused:
            found.append(f"{case['what']}: refused: {answer.message}")
        found += [f"{case['what']}: warning: {one}" for one in answer.warnings]
    for case in cases["refused"]:
        if not send(api, "POST", resource(case["spec"])).refused:
            found.append(f"{case['what']}: accepted")
    if not send(api, "POST", resource(None)).refused:
        found.append("no spec: accepted")
    for case in cases["changes"]:
        made = send(api, "POST", resource(case["before"]), dry_run=False)
        if made.refused:
            found.append(f"{case['what']}: cannot be made: {made.message}")
            continue
        try:
            live = api.get(f"{ROOT}/{NAME}")
            after = {key: value for key, value in live.items() if key != "spec"}
            if case["after"] is not None:
                after["spec"] = case["after"]
            if not send(api, "PUT", after, path=f"/{NAME}").refused:
                found.append(f"{case['what']}: accepted")
        finally:
            api.delete(f"{ROOT}/{NAME}")
    return sum(len(cases[key]) for key in cases) + 1, found


def told(api: Api) -> list[str]:
    """What of a status is lost."""
    api.must("POST", ROOT, resource(LEAST))
    try:
        live = api.get(f"{ROOT}/{NAME}")
        answer = api.request("PUT", f"{ROOT}/{NAME}/status", {**live, "status": STATUS})
        if answer.refused:
            return [f"the status: refused: {answer.message}"]
        kept = api.get(f"{ROOT}/{NAME}").get("status", {})
        return [
            f"the status: `{key}` became {kept.get(key)}"
            for key, value in STATUS.items()
            if kept.get(key) != value
        ]
    finally:
        api.delete(f"{ROOT}/{NAME}")


def subject(ctx: Context) -> Tree | None:
    """The tree that has the definition."""
    return next((tree for tree in ctx.trees if tree.name == CASE), None)


def judge(ctx: Context, api: Api) -> Row:
    """The row of the definition; it is the only one of its group on this server."""
    began, row = time.monotonic(), Row(JUDGE, 0)
    tree = subject(ctx)
    if tree is None:
        row.note = f"{CASE} is not among the trees"
        return row
    cases = yaml.safe_load(CASES.read_text(encoding="utf-8"))
    try:
        settled(api, next(iter(tree.of_kind(DEFINITION))).value)
        row.objects, row.findings = held(api, cases)
        row.findings += told(api)
    except ValueError as wrong:
        row.objects, row.findings = 1, [str(wrong)]
    row.seconds = time.monotonic() - began
    return row


def of_spec(definition: dict) -> dict:
    """The schema of `spec`."""
    fields: dict = definition["spec"]["versions"][0]["schema"]["openAPIV3Schema"]["properties"]
    spec: dict = fields["spec"]["properties"]
    return spec


def without_rules(definition: dict) -> None:
    """A name that may be anything."""
    of_spec(definition)["workspaceName"].pop("x-kubernetes-validations")


def without_status(definition: dict) -> None:
    """A status of which a part is pruned."""
    fields = definition["spec"]["versions"][0]["schema"]["openAPIV3Schema"]["properties"]
    fields["status"]["properties"].pop("budget")


def without_bounds(definition: dict) -> None:
    """A list whose rules may take for ever."""
    hosts = of_spec(definition)["hosts"]
    hosts.pop("maxItems")
    hosts["items"].pop("maxLength")


PLANTED: list[tuple[str, Callable[[dict], None], str]] = [
    ("a definition that lets a workspace take any name", without_rules, "accepted"),
    ("a definition that prunes a part of the status", without_status, "`budget` became"),
    ("a definition whose expressions have no bound", without_bounds, "cost"),
]


def plant(ctx: Context, api: Api) -> None:
    """Plants each fault into the definition, and mends it."""
    tree = subject(ctx)
    if tree is None:
        raise NoSubject(f"{CASE} is not among the trees")
    cases = yaml.safe_load(CASES.read_text(encoding="utf-8"))
    whole = next(iter(tree.of_kind(DEFINITION))).value
    for fault, meddle, word in PLANTED:
        changed = yaml.safe_load(yaml.safe_dump(whole))
        meddle(changed)
        answer = api.apply(changed)
        if answer.refused:
            found = [answer.message]
        else:
            time.sleep(2)
            found = held(api, cases)[1] + told(api)
        message = next((one for one in found if word in one), "nothing was found")
        ctx.fault(Fault(fault, JUDGE, message, word in message))
        api.apply(whole)
        time.sleep(1)
