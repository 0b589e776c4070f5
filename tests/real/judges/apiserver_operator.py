"""Judges the bounds of the operator for workspaces by the real kube-apiserver: with its account,
under the tree's own roles and policies, what a workspace needs is written, and nothing else is."""

from __future__ import annotations

import copy
import time
from collections.abc import Callable
from typing import Any

from harness.api import Answer, Api
from harness.context import Context
from harness.planting import NoSubject
from harness.table import Fault, Row
from harness.trees import Thing, Tree

JUDGE = "bounds of the operator for workspaces"
# The tree with the operator, and the one with the objects that it makes.
OPERATOR, TENANTS = "golden/operator", "golden/tenants"
SPACE = "aichat-workspace-operator-system"
USER = f"system:serviceaccount:{SPACE}:aichat-workspace-operator"
GROUPS = ("system:serviceaccounts", f"system:serviceaccounts:{SPACE}", "system:authenticated")
LABEL = "espalier.dev/workspace"
BOUNDS = (
    "ClusterRole",
    "ClusterRoleBinding",
    "Role",
    "RoleBinding",
    "ValidatingAdmissionPolicy",
    "ValidatingAdmissionPolicyBinding",
)
# A namespace that somebody made, and one that only says that it is a workspace's.
FOREIGN, LABELLED = "somebody-s", "labelled-by-somebody"


def space(name: str, labels: dict | None = None) -> dict:
    """A namespace."""
    return {
        "apiVersion": "v1",
        "kind": "Namespace",
        "metadata": {"name": name, "labels": labels or {}},
    }


def config(namespace: str, name: str = "planted") -> dict:
    """Something harmless."""
    return {
        "apiVersion": "v1",
        "kind": "ConfigMap",
        "metadata": {"name": name, "namespace": namespace},
        "data": {"a": "b"},
    }


def subject(ctx: Context) -> tuple[Tree, Tree] | None:
    """Both trees."""
    by_name = {tree.name: tree for tree in ctx.trees}
    if OPERATOR in by_name and TENANTS in by_name:
        return by_name[OPERATOR], by_name[TENANTS]
    return None


def bounds_of(tree: Tree) -> list[dict]:
    """The roles and policies of the operator."""
    return [
        thing.value
        for kind in BOUNDS
        for thing in tree.of_kind(kind)
        if thing.file.startswith("out/manifests/workspace-operator/")
    ]


def of_workspace(tree: Tree) -> list[Thing]:
    """What a workspace becomes, in an order in which it can be made."""
    things = [one for one in tree.things if one.file.startswith("out/manifests/ws-team-a/")]
    return sorted(things, key=lambda one: (one.value["kind"] != "Namespace", one.file))


def write(api: Api, value: Any) -> Answer:
    """As the operator writes: server-side apply, no dry run."""
    return api.apply(value, manager="aichat-workspace-operator")


def edited(thing: Thing, meddle: Callable[[dict], Any]) -> dict:
    """An object of a workspace with one thing changed."""
    value = copy.deepcopy(thing.value)
    meddle(value)
    return value


def pod(value: dict) -> dict:
    """The pods of a workload."""
    spec: dict = value["spec"]["template"]["spec"]
    return spec


def of_kind(things: list[Thing], kind: str) -> Thing:
    """One object."""
    return next(one for one in things if one.value["kind"] == kind)


def binding(role: str) -> dict:
    """Gives a role to somebody in a workspace."""
    roles = "rbac.authorization.k8s.io"
    return {
        "apiVersion": f"{roles}/v1",
        "kind": "RoleBinding",
        "metadata": {"name": "planted", "namespace": "team-a"},
        "roleRef": {"apiGroup": roles, "kind": "ClusterRole", "name": role},
        "subjects": [{"apiGroup": roles, "kind": "User", "name": "somebody"}],
    }


def attempts(things: list[Thing]) -> list[tuple[str, dict | str, str]]:
    """What is tried with the operator's account, what is sent (or whose deletion), and a word of
    the refusal."""
    workload = of_kind(things, "Deployment")
    own = of_kind(things, "Namespace")
    policy, rights = "workspaces", "cannot"
    path = "/api/v1/namespaces"
    secret = {"apiVersion": "v1", "kind": "Secret"}
    return [
        ("an object in kube-system", config("kube-system"), policy),
        ("an object in a namespace of the platform", config("ai"), policy),
        ("an object in a namespace of somebody", config(FOREIGN), policy),
        ("an object in a namespace that bears another's name", config(LABELLED), policy),
        ("a namespace without the label", space("planted"), policy),
        ("a namespace that was there, given the label", space(FOREIGN, {LABEL: FOREIGN}), policy),
        ("a namespace of another level", space("team-z", {LABEL: "team-z"}), "restricted"),
        (
            "a workspace's namespace whose level is lowered",
            edited(own, lambda it: it["metadata"]["labels"].update(PRIVILEGED)),
            "restricted",
        ),
        ("a namespace of somebody, deleted", f"{path}/{FOREIGN}", policy),
        # The server itself is quicker than the policy.
        ("kube-system, deleted", f"{path}/kube-system", "kube-system"),
        ("an object of somebody, deleted", f"{path}/{FOREIGN}/configmaps/there", policy),
        (
            "pods with the account of somebody",
            edited(workload, lambda it: pod(it).update(serviceAccountName="default")),
            "accounts",
        ),
        (
            "pods with a token",
            edited(workload, lambda it: pod(it).update(automountServiceAccountToken=True)),
            "token",
        ),
        (
            "pods in the network of their host",
            edited(workload, lambda it: pod(it).update(hostNetwork=True)),
            "of their host",
        ),
        (
            "pods with a path of their host",
            edited(
                workload,
                lambda it: pod(it)["volumes"].append({"name": "host", "hostPath": {"path": "/"}}),
            ),
            "path of their host",
        ),
        ("a role that may change things", binding("edit"), ""),
        ("a role that may do anything", binding("cluster-admin"), ""),
        (
            "a Service at an address of others",
            edited(
                of_kind(things, "Service"),
                lambda it: it["spec"].update(externalIPs=["192.0.2.7"]),
            ),
            "within the cluster",
        ),
        (
            "a Secret",
            {**secret, "metadata": {"name": "planted", "namespace": "team-a"}},
            rights,
        ),
    ]


PRIVILEGED = {"pod-security.kubernetes.io/enforce": "privileged"}
# What it cannot read, whatever a policy says.
UNREADABLE = (
    "/api/v1/secrets",
    "/api/v1/namespaces/team-a/secrets",
    "/api/v1/nodes",
    "/api/v1/namespaces/team-a/configmaps/there",
    "/apis/rbac.authorization.k8s.io/v1/clusterroles",
)


def lay(api: Api, bounds: list[dict]) -> None:
    """Applies roles and policies, and what they are tried on."""
    for value in (space(SPACE), space("ai"), space(FOREIGN), space(LABELLED, {LABEL: "another"})):
        api.apply(value)
    api.apply(config(FOREIGN, "there"))
    for value in bounds:
        answer = api.apply(value)
        if answer.refused:
            raise ValueError(f"{value['kind']} {value['metadata']['name']}: {answer.message}")
    # A policy is taken up a moment later, each by itself.
    operator = api.as_user(USER, GROUPS)
    deadline = time.monotonic() + 30
    probes = (config("kube-system"), space("planted"))
    while time.monotonic() < deadline:
        if all(operator.apply(one, dry_run=True).refused for one in probes):
            break
        time.sleep(0.2)
    time.sleep(1)


def tried(api: Api, things: list[Thing]) -> tuple[int, list[str]]:
    """Writes a workspace with the operator's account, then everything that it must not."""
    operator = api.as_user(USER, GROUPS)
    found = []
    for thing in things:
        # Twice: made, and changed.
        for _ in (1, 2):
            answer = write(operator, thing.raw)
            if answer.refused:
                found.append(f"{thing.file}: refused: {answer.message}")
    count = len(things)
    if found:
        return count, found
    for what, sent, word in attempts(things):
        count += 1
        if isinstance(sent, str):
            answer = operator.request("DELETE", sent, query={"dryRun": "All"})
        else:
            answer = operator.apply(sent, dry_run=True, manager="aichat-workspace-operator")
        if not answer.refused:
            found.append(f"{what}: accepted")
        elif answer.status not in (403, 422) or word not in answer.message:
            found.append(f"{what}: refused for another reason: {answer.message}")
    for path in UNREADABLE:
        count += 1
        if operator.request("GET", path).status != 403:
            found.append(f"{path}: shown")
    # Nobody else is held to its bounds.
    count += 1
    if api.apply(config(FOREIGN), dry_run=True).refused:
        found.append("an object of an administrator: refused")
    removal = operator.request(
        "DELETE", f"/api/v1/namespaces/{things[0].value['metadata']['name']}"
    )
    count += 1
    if removal.refused:
        found.append(f"the workspace's namespace, deleted: refused: {removal.message}")
    return count, found


def clear(api: Api, bounds: list[dict], things: list[Thing]) -> None:
    """Takes everything away again; no controller runs here that would empty a namespace."""
    for value in bounds:
        api.delete(api.path_of(value))
    for thing in reversed(things):
        path = api.path_of(thing.value)
        if thing.value["kind"] == "Namespace":
            finalize = f"{path}/finalize"
            there = api.request("GET", path)
            if not there.refused:
                api.delete(path)
                api.request("PUT", finalize, {**there.body, "spec": {"finalizers": []}})
        else:
            api.delete(path)


def run(api: Api, bounds: list[dict], things: list[Thing]) -> tuple[int, list[str]]:
    """One trial, from nothing to nothing."""
    try:
        lay(api, bounds)
        return tried(api, things)
    except ValueError as wrong:
        return 1, [str(wrong)]
    finally:
        clear(api, bounds, things)


def judge(ctx: Context, api: Api) -> Row:
    """The row of the bounds."""
    began, row = time.monotonic(), Row(JUDGE, 0)
    both = subject(ctx)
    if both is None:
        row.note = f"{OPERATOR} and {TENANTS} are not both among the trees"
        return row
    row.objects, row.findings = run(api, bounds_of(both[0]), of_workspace(both[1]))
    row.seconds = time.monotonic() - began
    return row


def without(kind: str, name: str) -> Callable[[list[dict]], list[dict]]:
    """Without one of the bounds."""
    return lambda bounds: [
        one for one in bounds if (one["kind"], one["metadata"]["name"]) != (kind, name)
    ]


def with_rule(rule: dict) -> Callable[[list[dict]], list[dict]]:
    """With a further right everywhere."""

    def changed(bounds: list[dict]) -> list[dict]:
        for one in bounds:
            if one["kind"] == "ClusterRole":
                one["rules"].append(rule)
        return bounds

    return changed


def fewer_verbs(bounds: list[dict]) -> list[dict]:
    """A role that makes no Service."""
    for one in bounds:
        for rule in one.get("rules", []) if one["kind"] == "ClusterRole" else []:
            if "services" in rule["resources"]:
                rule["resources"].remove("services")
    return bounds


BINDING = "ValidatingAdmissionPolicyBinding"
PLANTED: list[tuple[str, Callable[[list[dict]], list[dict]], str]] = [
    (
        "the policy about objects is not bound",
        without(BINDING, "aichat-workspace-operator-objects"),
        "an object in kube-system: accepted",
    ),
    (
        "the policy about namespaces is not bound",
        without(BINDING, "aichat-workspace-operator-namespaces"),
        "given the label: accepted",
    ),
    (
        "a role that shows Secrets",
        with_rule({"apiGroups": [""], "resources": ["secrets"], "verbs": ["list"]}),
        "/api/v1/secrets: shown",
    ),
    ("a role without a kind that workspaces have", fewer_verbs, "service-"),
]


def plant(ctx: Context, api: Api) -> None:
    """Plants each fault into the bounds."""
    both = subject(ctx)
    if both is None:
        raise NoSubject(f"{OPERATOR} and {TENANTS} are not both among the trees")
    things = of_workspace(both[1])
    for fault, meddle, word in PLANTED:
        bounds = meddle(copy.deepcopy(bounds_of(both[0])))
        found = run(api, bounds, things)[1]
        message = next((one for one in found if word in one), (found or ["nothing"])[0])
        ctx.fault(Fault(fault, JUDGE, message, word in message))
