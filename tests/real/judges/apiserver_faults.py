"""Plants faults that only the real kube-apiserver, its stored form or a server-side diff shows."""

from __future__ import annotations

from collections.abc import Callable

from harness import planting
from harness.api import Api
from harness.context import Context
from harness.planting import NoSubject, container, pick, pod_spec, text, value
from harness.table import Fault
from harness.trees import Thing, Tree

from .apiserver import dry_run, lay_ground, server_side_diff

WORKLOADS = ("Deployment", "StatefulSet")
STRICT, FORM, DIFF = "kube-apiserver, strict dry run", "canonical form", "server-side diff"


def workload(tree: Tree) -> Thing:
    """A workload of the tree."""
    return pick(tree, *WORKLOADS)


def restricted(tree: Tree) -> Thing:
    """A workload in a namespace that enforces a Pod Security standard."""
    strict = {
        one.key[3]
        for one in tree.of_kind("Namespace")
        if one.value["metadata"].get("labels", {}).get("pod-security.kubernetes.io/enforce")
        in ("baseline", "restricted")
    }
    return pick(tree, *WORKLOADS, has=lambda thing: thing.namespace in strict)


def claims(tree: Tree) -> Thing:
    """A StatefulSet with volume claim templates."""
    return pick(
        tree, "StatefulSet", has=lambda thing: thing.value["spec"].get("volumeClaimTemplates")
    )


def set_memory(thing: dict, quantity: str) -> None:
    """Writes request and limit of the first container."""
    container(thing)["resources"] = {
        "requests": {"cpu": "1000m", "memory": quantity},
        "limits": {"memory": quantity},
    }


def add_environment(thing: dict, *entries: dict) -> None:
    """Adds entries to the environment of the first container."""
    container(thing).setdefault("env", []).extend(entries)


def drop_volume_mode(thing: dict) -> None:
    """Leaves a default of the (atomic) claim templates to the server."""
    if not thing["spec"]["volumeClaimTemplates"][0]["spec"].pop("volumeMode", None):
        raise NoSubject("the claim template has no volumeMode that could be left out")


def plain_finalizer(thing: dict) -> None:
    """The finalizer without a path that the server warns about."""
    thing["metadata"]["finalizers"] = ["resources-finalizer.argocd.argoproj.io"]


# What is planted, where, and which verdict of the dry run has to name what.
DRY: list[tuple[str, str, Callable[[Tree], Thing], str]] = [
    (
        "an unknown field",
        STRICT,
        lambda tree: text(workload(tree), r"^spec:\n", "spec:\n  replicaz: 2\n"),
        "replicaz",
    ),
    (
        "a key twice in one map",
        STRICT,
        lambda tree: text(workload(tree), r"^(  selector:)$", "  replicas: 1\n  replicas: 1\n\\1"),
        "already set",
    ),
    (
        "a bare `yes` where a string belongs",
        STRICT,
        lambda tree: (
            text(
                workload(tree),
                r"^metadata:\n",
                "metadata:\n  annotations:\n    espalier.dev/planted: yes\n",
            )
            if "annotations" not in workload(tree).value["metadata"]
            else text(
                workload(tree),
                r"^  annotations:\n",
                "  annotations:\n    espalier.dev/planted: yes\n",
            )
        ),
        "expected string",
    ),
    (
        "the node's processes (`hostPID`) where Pod Security forbids them",
        STRICT,
        lambda tree: value(restricted(tree), lambda one: pod_spec(one).update(hostPID=True)),
        "PodSecurity",
    ),
    (
        "an environment variable twice",
        STRICT,
        lambda tree: value(
            workload(tree),
            lambda one: add_environment(
                one, {"name": "A", "value": "1"}, {"name": "A", "value": "2"}
            ),
        ),
        "duplicate",
    ),
    (
        "a request above its limit",
        STRICT,
        lambda tree: value(
            workload(tree),
            lambda one: container(one).update(
                resources={"requests": {"memory": "2Gi"}, "limits": {"memory": "1Gi"}}
            ),
        ),
        "memory limit",
    ),
    (
        "a mount without its volume",
        STRICT,
        lambda tree: value(
            workload(tree),
            lambda one: (
                container(one)
                .setdefault("volumeMounts", [])
                .append({"name": "nowhere", "mountPath": "/nowhere"})
            ),
        ),
        "nowhere",
    ),
    (
        "a selector that the template does not match",
        STRICT,
        lambda tree: value(
            workload(tree),
            lambda one: one["spec"]["selector"].update(matchLabels={"app": "another"}),
        ),
        "selector",
    ),
    (
        "a namespace that nothing makes",
        STRICT,
        lambda tree: value(workload(tree), lambda one: one["metadata"].update(namespace="nowhere")),
        "nowhere",
    ),
    (
        "an unknown field of an Application",
        STRICT,
        lambda tree: value(
            pick(tree, "Application"), lambda one: one["spec"].update(revision="main")
        ),
        "revision",
    ),
    (
        "a finalizer that is deprecated",
        STRICT,
        lambda tree: value(pick(tree, "Application"), plain_finalizer),
        "finalizer",
    ),
    (
        "quantities that are not normal (1000m, 1024Mi)",
        FORM,
        lambda tree: value(workload(tree), lambda one: set_memory(one, "1024Mi")),
        "CHANGED",
    ),
    (
        "a zero value (`hostNetwork: false`)",
        FORM,
        lambda tree: value(workload(tree), lambda one: pod_spec(one).update(hostNetwork=False)),
        "DROPPED",
    ),
    (
        "an empty map",
        FORM,
        lambda tree: value(workload(tree), lambda one: pod_spec(one).update(nodeSelector={})),
        "EMPTY",
    ),
    (
        "a default left out inside an atomic list",
        FORM,
        lambda tree: value(claims(tree), drop_volume_mode),
        "ADDED",
    ),
    (
        "a field whose feature is off (`lifecycle.stopSignal`)",
        FORM,
        lambda tree: value(
            workload(tree), lambda one: container(one).update(lifecycle={"stopSignal": "SIGUSR1"})
        ),
        "stopSignal",
    ),
]


def plant_all(ctx: Context, api: Api) -> None:
    """Each fault is a copy of one of the tree's own objects with one thing wrong in it."""
    tree = ctx.trees[0]
    lay_ground(api, tree)
    for what, judge, make, word in DRY:
        try:
            verdict = dry_run(api, make(tree))
        except NoSubject as lack:
            ctx.fault(Fault(what, judge, str(lack), False))
            continue
        said = verdict.refusals if judge == STRICT else verdict.form
        hits = [one for one in said if word in one]
        ctx.fault(Fault(what, judge, (hits or said or ["nothing"])[0], bool(hits)))
    plant_drift(ctx, api, tree)


def plant_drift(ctx: Context, api: Api, tree: Tree) -> None:
    """A hand edit between the real apply and the next dry run."""
    subject = planting.pick(tree, "Deployment", "StatefulSet")

    def scale(path: str) -> None:
        api.patch(path, {"spec": {"replicas": subject.value["spec"].get("replicas", 1) + 4}})

    said = server_side_diff(api, subject, scale)
    hits = [one for one in said if "replicas" in one]
    ctx.fault(
        Fault(
            "replicas changed by hand after the apply",
            DIFF,
            (hits or said or ["nothing"])[0],
            bool(hits),
        )
    )
