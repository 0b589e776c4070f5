"""The samples that people begin with, and what Argo CD had made before there was an operator."""

from __future__ import annotations

import copy
import json
import subprocess
from pathlib import Path

import yaml

from harness.processes import Failed
from harness.trees import Thing

from .operator_claims import namespace, uid
from .operator_life import as_in_the_tree, children
from .operator_stage import GROUP, KIND, OWNER, Stage, compiled

WRITES = ("create", "update", "patch", "delete", "deletecollection")
SAMPLES = "operator/config/samples"
# Who Argo CD is for the API server, and where it writes to which Application an object belongs.
ARGO_CD, TRACKING = "argocd-controller", "argocd.argoproj.io/tracking-id"
# The annotation of a resource that stands for a file of the tree.
SOURCE = "espalier.dev/source"
# Samples of the AIChat Workspace Operator, and the resource of its own test: values, as they are.
FORMER: dict[str, dict] = {
    "former-sample": {
        "workspaceName": "aichat-sample",
        "workspaceENV": "dev",
        "models": ["gemma2:2b", "llama3.2:1b", "qwen2.5-coder:1.5b", "smollm2", "codegemma:2b"],
    },
    "former-patterns": {
        "workspaceName": "team-a-aichat",
        "workspaceENV": "dev",
        "models": ["gemma2:2b"],
        "patterns": ["explain_code", "create_summary"],
    },
    "former-test": {
        "workspaceName": "aichat-e2e",
        "workspaceENV": "dev",
        "models": ["gemma2:2b", "phi3.5:latest"],
    },
}
# What of them is refused, because the platform has no such text: what the server says of it, and
# what the platform can make.
REFUSED = {
    "former-patterns": (
        'spec.patterns[1]: Unsupported value: "create_summary": supported values: "explain_code"',
        {"patterns": ["explain_code"]},
    )
}


def kubectl(stage: Stage, *words: str, given: str = "") -> str:
    """What kubectl says."""
    done = subprocess.run(
        [stage.ctx.tool("kubectl"), *words],
        input=given,
        env={"KUBECONFIG": str(stage.cluster.kubeconfig), "HOME": str(stage.folder)},
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode:
        raise Failed(f"kubectl {' '.join(words)}: {done.stderr.strip()[-400:]}")
    return done.stdout


def built(stage: Stage, folder: Path) -> str:
    """What kustomize makes of a folder."""
    return kubectl(stage, "kustomize", str(folder))


def samples(stage: Stage) -> list[str]:
    """Built and applied as their first line says, each of our samples becomes a workspace."""
    text = built(stage, stage.ctx.root / SAMPLES)
    wanted = list(yaml.safe_load_all(text))
    kubectl(stage, "--namespace", stage.namespace, "apply", "--filename", "-", given=text)
    found = [] if wanted else [f"{SAMPLES} has no resource"]
    for resource in wanted:
        found += well(stage, resource["metadata"]["name"], resource["spec"])
    # Applied once more, nothing is another resource than it was.
    said = kubectl(stage, "--namespace", stage.namespace, "apply", "--filename", "-", given=text)
    found += [f"applied again: {line}" for line in said.splitlines() if "unchanged" not in line]
    return found


def well(stage: Stage, name: str, spec: dict) -> list[str]:
    """What is wrong with a workspace that should be Ready."""
    stage.until_condition(name, "Ready", "True")
    status, own = stage.live(name)["status"], spec["workspaceName"]
    found = [f"{name}: {one}" for one in as_in_the_tree(stage, children(stage, name))]
    if status.get("urls") != [f"http://{own}.localtest.me"]:
        found.append(f"{name}: its URLs are {status.get('urls')}")
    served = {it["name"] for it in status.get("models") or []}
    asked = {it if ":" in it else f"{it}:latest" for it in spec["models"]}
    if served != asked:
        found.append(f"{name}: it serves {sorted(served)}, and was asked for {sorted(asked)}")
    return found


def of_others(stage: Stage) -> list[str]:
    """The samples of the operator that was there before are taken as they are; what the platform
    cannot make of them says where and why."""
    found = []
    for name, spec in FORMER.items():
        wanted = spec
        if name in REFUSED:
            words, rest = REFUSED[name]
            try:
                applied(stage, name, spec)
                found.append(f"{name}: nobody refuses {spec['patterns']}")
            except Failed as refused:
                found += [] if words in str(refused) else [f"{name}: it is said to be {refused}"]
            wanted = {**spec, **rest}
        applied(stage, name, wanted)
        found += well(stage, name, wanted)
        stage.api.patch(stage.path(name), {"spec": {"onDelete": "Delete"}})
        stage.api.delete(stage.path(name))
    for name in FORMER:
        stage.until_gone(name)
    return found


def applied(stage: Stage, name: str, spec: dict) -> None:
    """Has kubectl apply a resource."""
    meta = {"name": name, "namespace": stage.namespace}
    text = json.dumps({"apiVersion": GROUP, "kind": KIND, "metadata": meta, "spec": spec})
    kubectl(stage, "--namespace", stage.namespace, "apply", "--filename", "-", given=text)


def by_argo_cd(stage: Stage, thing: Thing) -> None:
    """Applies an object of the tree as Argo CD does."""
    value = copy.deepcopy(thing.value)
    group, kind, space, name = thing.key
    tracked = f"ws-handed:{group}/{kind}:{space}/{name}"
    value["metadata"].setdefault("annotations", {})[TRACKING] = tracked
    stage.must_apply(value, ARGO_CD)


def pods(stage: Stage, name: str) -> set[str]:
    """The identities of the pods of a workspace that are Ready."""
    return {
        one["metadata"]["uid"]
        for one in stage.api.list("v1", "Pod", name)
        if any(
            it["type"] == "Ready" and it["status"] == "True"
            for it in one.get("status", {}).get("conditions") or []
        )
    }


def identity(live: dict) -> tuple[object, ...]:
    """What stays the same while an object goes from one hand to another."""
    meta = live["metadata"]
    kept = {key: value for key, value in live.items() if key not in ("metadata", "status")}
    # A Deployment's generation counts its annotations too, and one of them goes.
    generation = None if live["kind"] == "Deployment" else meta.get("generation")
    return meta["uid"], generation, meta.get("deletionTimestamp"), json.dumps(kept, sort_keys=True)


def is_in(asked: dict, name: str) -> bool:
    """Whether a request is about a namespace, or something in it."""
    return bool(asked.get("objectRef", {}).get("namespace") == name)


def handed_over(stage: Stage) -> list[str]:
    """What Argo CD made of a file of the tree becomes the operator's: nothing is deleted, nothing
    restarts, and nothing of Argo CD's stays."""
    team = [{"kind": "Group", "name": "team"}]
    prompts = [{"name": "short", "system": "You answer briefly."}]
    resource = stage.resource("handed", members=team, prompts=prompts, patterns=["explain_code"])
    things = compiled(stage.ctx, stage.texts(), [resource])["handed"]
    things.sort(key=lambda it: it.value["kind"] != "Namespace")
    for thing in things:
        by_argo_cd(stage, thing)
    stage.until("the pods of Argo CD's workspace run", lambda: len(pods(stage, "handed")) == 2)
    before = {it.name: identity(stage.there(it.value).body) for it in things}
    ran, since, found = pods(stage, "handed"), stage.mark(), []
    # Who only names it gets nothing of it.
    stage.ask("grabs", workspaceName="handed")
    stage.until_condition("grabs", "Accepted", "False", "ForeignObjects")
    stage.api.delete(stage.path("grabs"))
    stage.until_gone("grabs")
    touched = [it for it in stage.log(since) if is_in(it, "handed") and it["verb"] in WRITES]
    if touched:
        found.append(f"for who has no file of the tree, the operator wrote {touched[0]}")
    resource["metadata"]["annotations"] = {SOURCE: "spec/workspaces/handed.yaml"}
    stage.must_apply(resource, ARGO_CD)
    stage.until_condition("handed", "Ready", "True")
    found += as_in_the_tree(stage, things)
    for thing in things:
        live = stage.there(thing.value)
        if live.refused:
            # `as_in_the_tree` has said so.
            continue
        if identity(live.body) != before[thing.name]:
            pairs = zip(before[thing.name], identity(live.body), strict=True)
            changed = next(f"{old} became {new}" for old, new in pairs if old != new)
            found.append(f"{thing.name}: {changed}")
        meta = live.body["metadata"]
        if ARGO_CD in {it["manager"] for it in meta["managedFields"]}:
            found.append(f"{thing.name}: {ARGO_CD} still owns fields of it")
        if TRACKING in meta.get("annotations", {}):
            found.append(f"{thing.name}: it still has a tracking id")
    if pods(stage, "handed") != ran:
        found.append("a pod was restarted")
    if namespace(stage, "handed")["metadata"]["annotations"].get(OWNER) != uid(stage, "handed"):
        found.append("the namespace is not the resource's")
    gone = [
        f"{it['objectRef']['resource']}/{it['objectRef'].get('name')}"
        for it in stage.log(since)
        if it["verb"].startswith("delete") and is_in(it, "handed")
    ]
    return [*found, *(f"the operator deleted {it}" for it in gone)]
