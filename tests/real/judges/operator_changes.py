"""What a workspace leaves behind when it changes, what it tells while it waits for a node, and what
`plan` says of it."""

from __future__ import annotations

import subprocess

import yaml

from harness.api import MERGE
from harness.processes import Failed

from .operator_life import as_in_the_tree, expected
from .operator_stage import KIND, Stage

# What a change may leave without a place, and whose names follow from what is in it.
LEAVES = (
    ("v1", "ConfigMap"),
    ("rbac.authorization.k8s.io/v1", "RoleBinding"),
    ("bitnami.com/v1alpha1", "SealedSecret"),
)
# Admitted specs that are kept beside a resource.
KEPT = 3


def leavings(stage: Stage, name: str) -> set[tuple[str, str]]:
    """Kinds and names of what a change may leave behind."""
    return {
        (kind, one["metadata"]["name"])
        for version, kind in LEAVES
        for one in stage.api.list(version, kind, name)
        if one["metadata"]["name"] != "kube-root-ca.crt"
    }


def revisions(stage: Stage, name: str) -> list[str]:
    """The admitted specs of a resource that are kept."""
    uid = stage.live(name)["metadata"]["uid"]
    return [
        one["metadata"]["name"]
        for one in stage.api.list("apps/v1", "ControllerRevision", stage.namespace)
        if any(it["uid"] == uid for it in one["metadata"].get("ownerReferences") or [])
    ]


def pruned(stage: Stage) -> list[str]:
    """What a change leaves without a place goes, and nothing else does."""
    administrator = next(iter(stage.tree.of_kind(KIND))).value["spec"]["administrator"]
    spec = {
        "administrator": administrator,
        "members": [{"kind": "Group", "name": "team"}],
        "prompts": [{"name": "short", "system": "You answer briefly."}],
    }
    resource = stage.resource("changing", **spec)
    stage.api.post(stage.path(), resource)
    stage.until("it has its objects", lambda: len(leavings(stage, "changing")) >= len(LEAVES))
    before, found = leavings(stage, "changing"), []
    sealed = {**administrator["sealed"], "suffix": "other"}
    administrator = {**administrator, "sealed": sealed}
    resource["spec"] |= {"administrator": administrator, "members": [], "prompts": []}
    stage.api.patch(stage.path("changing"), {"spec": resource["spec"]})
    wanted = expected(stage, [resource])["changing"]
    names = {(it.value["kind"], it.value["metadata"]["name"]) for it in wanted}

    def is_right() -> bool:
        left = leavings(stage, "changing")
        return left <= names and not as_in_the_tree(stage, wanted)

    try:
        stage.until("what has no place any more is gone", is_right)
    except Failed as late:
        left = leavings(stage, "changing") - names
        found.append(f"{late}: {sorted(left)}, {as_in_the_tree(stage, wanted)[:2]}")
    if len(before - names) < len(LEAVES):
        found.append(f"the change left nothing behind to begin with: {sorted(before)}")
    for number in range(KEPT + 1):
        text = [{"name": "short", "system": f"You answer in {number + 2} words."}]
        stage.api.patch(stage.path("changing"), {"spec": {"prompts": text}})
        stage.until_condition("changing", "Accepted", "True")
    stage.until(
        f"the last {KEPT} admitted specs are kept",
        lambda: len(revisions(stage, "changing")) == KEPT,
    )
    return found


def unplaced(stage: Stage) -> list[str]:
    """A workspace whose pods no node takes says why, and is well once one does."""
    node = "/api/v1/nodes/node"
    stage.api.must("PATCH", node, {"spec": {"unschedulable": True}}, MERGE)
    try:
        stage.ask("unplaced", onDelete="Delete")

        def says_why() -> bool:
            return "unschedulable" in str(stage.live("unplaced").get("status", {})).lower()

        stage.until("it says why its pods do not start", says_why, 60)
    finally:
        stage.api.must("PATCH", node, {"spec": {"unschedulable": None}}, MERGE)
    stage.until_condition("unplaced", "Ready", "True")
    stage.api.delete(stage.path("unplaced"))
    stage.until_gone("unplaced")
    return []


def planned(stage: Stage) -> list[str]:
    """`plan` says that an untouched fleet stays as it is, and which pods another image restarts."""
    stage.ask("planned")
    stage.until_condition("planned", "Ready", "True")
    found = []
    said = plan(stage)
    if not said.splitlines()[-1].startswith("0 of "):
        found.append(f"an untouched fleet is said to change: {said[-300:]}")
    file = stage.platform / "spec/versions.yaml"
    before = file.read_text(encoding="utf-8") if file.is_file() else None
    versions = yaml.safe_load(before or "{}")
    versions["open-webui"] = "v0.0.0"
    file.write_text(yaml.safe_dump(versions), encoding="utf-8")
    try:
        said = plan(stage)
    finally:
        if before is None:
            file.unlink()
        else:
            file.write_text(before, encoding="utf-8")
    if "Deployment `planned-openwebui` changes, and its pods restart" not in said:
        found.append(f"another image is said to restart nothing: {said[-300:]}")
    return found


def plan(stage: Stage) -> str:
    """What `plan` says, with the operator's own account."""
    argv = [
        str(stage.ctx.tool("espalier-operator")),
        "plan",
        "--platform",
        str(stage.platform),
        "--namespace",
        stage.namespace,
    ]
    done = subprocess.run(
        argv, env=stage.as_kubeconfig("plan"), capture_output=True, text=True, check=False
    )
    if done.returncode:
        raise Failed(f"plan ends with {done.returncode}: {done.stderr[-400:]}")
    return done.stdout
