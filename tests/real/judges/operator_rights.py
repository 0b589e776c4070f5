"""What the operator's account may do, and what of it the operator does: the two are the same."""

from __future__ import annotations

from harness.api import MERGE, Answer, Api
from harness.processes import Failed

from .operator_stage import MARK, Stage

CREATED = 201
# The platform's and the cluster's own namespaces, beside whatever the tree makes.
SYSTEM = ("kube-system", "kube-public", "default", "argocd")
TENANT = "rightful"
RESTRICTED = {"pod-security.kubernetes.io/enforce": "restricted"}
# What a pod needs under `restricted`.
CONFINED = {
    "allowPrivilegeEscalation": False,
    "capabilities": {"drop": ["ALL"]},
    "runAsNonRoot": True,
    "runAsUser": 1000,
    "seccompProfile": {"type": "RuntimeDefault"},
}


def workload(name: str, namespace: str, **pod: object) -> dict:
    """A Deployment whose pods are confined, but for what is asked."""
    labels = {"app": name}
    container = {"name": "main", "image": "example.org/image", "securityContext": CONFINED}
    spec = {"containers": [container], "automountServiceAccountToken": False, **pod}
    return {
        "apiVersion": "apps/v1",
        "kind": "Deployment",
        "metadata": {"name": name, "namespace": namespace},
        "spec": {
            "selector": {"matchLabels": labels},
            "template": {"metadata": {"labels": labels}, "spec": spec},
        },
    }


def config(namespace: str) -> dict:
    """The most harmless object."""
    meta = {"name": "tried", "namespace": namespace}
    return {"apiVersion": "v1", "kind": "ConfigMap", "metadata": meta}


def space(name: str, labels: dict) -> dict:
    """A namespace."""
    return {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": name, "labels": labels}}


def confined(stage: Stage) -> list[str]:
    """With the operator's token, nothing can be done outside of workspaces' namespaces, nor much
    within them."""
    stage.ask(TENANT)
    stage.until_condition(TENANT, "Ready", "True")
    own = stage.as_operator()
    for name in SYSTEM:
        if stage.api.request("GET", f"/api/v1/namespaces/{name}").refused:
            stage.must_apply(space(name, {}))
    stage.must_apply(space("pretends", {}))
    elsewhere = {it["metadata"]["name"] for it in stage.api.list("v1", "Namespace")}
    elsewhere -= {
        it["metadata"]["name"]
        for it in stage.api.list("v1", "Namespace")
        if MARK in it["metadata"].get("labels", {})
    }
    found = []

    def no(what: str, answer: Answer) -> None:
        if not answer.refused:
            found.append(f"{what}: it may")

    def apply(thing: dict) -> Answer:
        return own.apply(thing, stage.api.path_of(thing), manager="taken-over")

    for name in sorted(elsewhere):
        no(f"a ConfigMap in {name}", apply(config(name)))
        no(f"a Deployment in {name}", apply(workload("tried", name)))
        no(f"the namespace {name} deleted", own.request("DELETE", f"/api/v1/namespaces/{name}"))
        labelled = {"metadata": {"labels": {MARK: name}}}
        no(
            f"the namespace {name} labelled as a workspace's",
            own.request("PATCH", f"/api/v1/namespaces/{name}", labelled, MERGE),
        )
        no(f"Secrets of {name}", own.request("GET", f"/api/v1/namespaces/{name}/secrets"))
    account = f"{TENANT}-openwebui"
    for what, pod in (
        ("a pod on the host's network", {"hostNetwork": True}),
        ("a pod with a path of the host", {"volumes": [{"name": "x", "hostPath": {"path": "/"}}]}),
        ("a pod that sees the host's processes", {"hostPID": True}),
        ("a pod under another account", {"serviceAccountName": "default"}),
        ("a pod with a token", {"automountServiceAccountToken": True}),
    ):
        asked = workload("tried", TENANT, **{"serviceAccountName": account, **pod})
        no(f"{what}, in a workspace", apply(asked))
    path = f"/api/v1/namespaces/{TENANT}"
    weaker = {"metadata": {"labels": {"pod-security.kubernetes.io/enforce": "privileged"}}}
    no("weaker Pod Security in a workspace", own.request("PATCH", path, weaker, MERGE))
    no("a namespace without Pod Security", apply(space("weak", {MARK: "weak"})))
    no("a namespace that is no workspace's", apply(space("free", dict(RESTRICTED))))
    no("Secrets of a workspace", own.request("GET", f"{path}/secrets"))
    no("a command in a pod", own.request("POST", f"{path}/pods/x/exec?command=id"))
    no("nodes", own.request("GET", "/api/v1/nodes"))
    no("roles", own.request("GET", "/apis/rbac.authorization.k8s.io/v1/clusterroles"))
    for what, answer in (
        ("a ConfigMap in a workspace", apply(config(TENANT))),
        (
            "a pod under the workspace's account",
            apply(workload("allowed", TENANT, serviceAccountName=account)),
        ),
    ):
        if answer.refused:
            found.append(f"{what}: it may not: {answer.message}")
    stage.api.delete(stage.api.path_of(config(TENANT)))
    stage.api.delete(stage.api.path_of(workload("allowed", TENANT)))
    return found


def granted(api: Api, account: str, namespace: str) -> set[tuple[str, str]]:
    """Pairs of a verb and a resource that an account's roles grant."""
    roles = {}
    bound = []
    for kind in ("Role", "ClusterRole"):
        for one in api.list("rbac.authorization.k8s.io/v1", kind):
            roles[kind, one["metadata"]["name"]] = one.get("rules") or []
        for one in api.list("rbac.authorization.k8s.io/v1", f"{kind}Binding"):
            subjects = one.get("subjects") or []
            if any(
                (it["kind"], it["name"], it.get("namespace"))
                == ("ServiceAccount", account, namespace)
                for it in subjects
            ):
                bound.append((one["roleRef"]["kind"], one["roleRef"]["name"]))
    return {
        (verb, resource)
        for role in bound
        for rule in roles[role]
        for verb in rule["verbs"]
        for resource in rule.get("resources") or []
    }


def used(log: list[dict]) -> set[tuple[str, str]]:
    """Pairs of a verb and a resource that somebody asked for and got, by the audit log."""
    found = set()
    for one in log:
        about = one.get("objectRef")
        if not about or one["responseStatus"]["code"] >= 400:
            continue
        resource = about["resource"]
        if "subresource" in about:
            resource += f"/{about['subresource']}"
        found.add((one["verb"], resource))
        if one["verb"] == "patch" and one["responseStatus"]["code"] == CREATED:
            # Who applies what is not there yet is asked for both.
            found.add(("create", resource))
    return found


# Never asked for by a request of its own: the server looks whether they are granted when somebody
# makes what needs them.
IMPLIED = {"bind", "escalate"}


def exact(stage: Stage) -> list[str]:
    """What the operator did in the course of this judge is what it may do: no more, no less."""
    may = granted(stage.api, stage.account, stage.namespace)
    return compared(may, used(stage.log()))


def compared(may: set[tuple[str, str]], did: set[tuple[str, str]]) -> list[str]:
    """What somebody may and never does, and the other way round."""
    found = [
        f"{verb} {resource}: granted by `*`" for verb, resource in may if "*" in verb + resource
    ]
    found += [
        f"{verb} {what}: it may, and never does"
        for verb, what in sorted(may - did)
        if verb not in IMPLIED
    ]
    found += [f"{verb} {what}: it did, and no rule says so" for verb, what in sorted(did - may)]
    return found


def refusals(stage: Stage) -> list[str]:
    """What the operator asked for and was refused, but for the conflicts that it provokes."""
    borne = {404, 409, 410, 422, 429, 504}
    # A server that restarts knows neither all definitions at once, nor all roles.
    edges = [0, *(edge for window in stage.restarting for edge in window), None]
    windows = zip(edges[::2], edges[1::2], strict=True)
    found: dict[str, int] = {}
    for one in (one for begin, end in windows for one in stage.log(begin or 0, end)):
        code = one["responseStatus"]["code"]
        if code >= 400 and code not in borne:
            what = f"{code} to {one['verb']} {one.get('objectRef', {}).get('resource')}"
            found[what] = found.get(what, 0) + 1
    return [f"{number} times {what}" for what, number in sorted(found.items())]


def ready(stage: Stage) -> None:
    """Waits until admission holds: policies bite a moment after they are made."""
    own = stage.as_operator()
    policies = stage.api.list("admissionregistration.k8s.io/v1", "ValidatingAdmissionPolicyBinding")
    if not policies:
        return
    thing = config(stage.namespace)

    def bites() -> bool:
        return own.apply(thing, stage.api.path_of(thing), dry_run=True).refused

    try:
        stage.until("the admission policies bite", bites, 20)
    except Failed:
        # Then `confined` says which do not.
        return
