"""Whether what the operator admits has a place on the real scheduler's node, to the MiB; and
whether one workspace that goes wrong leaves the others alone."""

from __future__ import annotations

from harness.processes import Failed

from .operator_rights import workload
from .operator_stage import Stage

FILLS = "fills"


def measured(stage: Stage) -> None:
    """What the platform's own pods ask for on the node, and what there is, as the compiler has
    it, once: a spec that says something else later changes no node."""
    if stage.allocatable:
        return
    root = stage.ctx.fresh("budget")
    for path, text in stage.texts().items():
        file = root / path
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text, encoding="utf-8")
    budget = stage.ctx.budget(root)
    stage.allocatable = int(budget["node"]["allocatable"])
    stage.taken = int(budget["requests"])


def occupied(stage: Stage) -> None:
    """The node has the platform's room, and one pod stands for all of its pods."""
    measured(stage)
    room = {"memory": str(stage.allocatable), "cpu": str(stage.node["cpu"]), "pods": "500"}
    status = {"status": {"allocatable": room, "capacity": room}}
    stage.api.must("PATCH", "/api/v1/nodes/node/status", status, "application/merge-patch+json")
    body = {
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": {"name": "platform", "namespace": "default"},
        "spec": {
            "nodeName": "node",
            "tolerations": [{"operator": "Exists"}],
            "containers": [
                {
                    "name": "all",
                    "image": "example.org/platform",
                    "resources": {"requests": {"memory": str(stage.taken)}},
                }
            ],
        },
    }
    stage.until(
        "the default account is there",
        lambda: (
            not stage.api.request(
                "GET", "/api/v1/namespaces/default/serviceaccounts/default"
            ).refused
        ),
    )
    stage.api.post("/api/v1/namespaces/default/pods", body)


def agrees(stage: Stage) -> list[str]:
    """Workspaces are admitted until one does not fit: each that is admitted has a place, and the
    one that is not would have none."""
    occupied(stage)
    names = []
    for number in range(60):
        name = f"{FILLS}-{number}"
        stage.ask(name, onDelete="Delete")
        names.append(name)
        stage.until_said(name, "Admitted")
        if stage.condition(name, "Admitted")[0] == "False":
            break
    else:
        return ["60 workspaces fit, which is more than the node has room for"]
    *admitted, last = names
    found = []
    for name in admitted:
        try:
            stage.until_condition(name, "Ready", "True")
        except Failed as late:
            found.append(f"admitted, and without a place: {late}")
    said = stage.condition(last, "Admitted")
    if said[1] != "NoRoom" or "Mi" not in said[2]:
        found.append(f"the one that does not fit says {said}")
    if not stage.api.request("GET", f"/api/v1/namespaces/{last}").refused:
        found.append(f"{last} does not fit, and has a namespace")
    found += too_much(stage, last)
    stage.api.delete(stage.path(admitted[0]))
    try:
        stage.until_condition(last, "Ready", "True")
    except Failed as late:
        found.append(f"a place became free, and nobody woke the one that waits: {late}")
    stage.notes.append(f"{len(admitted)} workspaces fit")
    return found


def too_much(stage: Stage, waiting: str) -> list[str]:
    """The pods of one that is not admitted, put on the node by force, find no place."""
    live = stage.condition(waiting, "Admitted")[2]
    own = "platform-and-one-more"
    pods: list[dict] = [
        {
            "apiVersion": "v1",
            "kind": "Pod",
            "metadata": {"name": f"{own}-{number}", "namespace": "default"},
            "spec": {
                "tolerations": [{"operator": "Exists"}],
                "containers": [
                    {
                        "name": "all",
                        "image": "example.org/one-more",
                        "resources": {"requests": {"memory": memory}},
                    }
                ],
            },
        }
        for number, memory in enumerate(requests_of(stage))
    ]
    for pod in pods:
        stage.api.post("/api/v1/namespaces/default/pods", pod)

    def unplaced() -> bool:
        return any(
            condition.get("reason") == "Unschedulable"
            for pod in pods
            for condition in stage.api.get(
                f"/api/v1/namespaces/default/pods/{pod['metadata']['name']}"
            )
            .get("status", {})
            .get("conditions", [])
        )

    try:
        stage.until("the scheduler has no place for one more", unplaced, 15)
        return []
    except Failed:
        return [f"the scheduler has a place for one more, and the operator says {live}"]
    finally:
        for pod in pods:
            now = {"kind": "DeleteOptions", "apiVersion": "v1", "gracePeriodSeconds": 0}
            stage.api.delete(f"/api/v1/namespaces/default/pods/{pod['metadata']['name']}", now)


def requests_of(stage: Stage) -> list[str]:
    """What the pods of one workspace ask for."""
    return [
        pod["spec"]["containers"][0]["resources"]["requests"]["memory"]
        for pod in stage.api.list("v1", "Pod", f"{FILLS}-0")
    ]


def beside(stage: Stage, many: int) -> list[str]:
    """One workspace whose objects the server refuses leaves the others alone."""
    policy = {
        "apiVersion": "admissionregistration.k8s.io/v1",
        "kind": "ValidatingAdmissionPolicy",
        "metadata": {"name": "refuses-one"},
        "spec": {
            "matchConstraints": {
                "resourceRules": [
                    {
                        "apiGroups": ["apps"],
                        "apiVersions": ["v1"],
                        "operations": ["CREATE", "UPDATE"],
                        "resources": ["statefulsets"],
                    }
                ]
            },
            "validations": [
                {
                    "expression": "!(object.metadata.namespace in ['unlucky', 'default'])",
                    "message": "nobody likes it",
                }
            ],
        },
    }
    binding = {
        "apiVersion": "admissionregistration.k8s.io/v1",
        "kind": "ValidatingAdmissionPolicyBinding",
        "metadata": {"name": "refuses-one"},
        "spec": {"policyName": "refuses-one", "validationActions": ["Deny"]},
    }
    stage.must_apply(policy)
    stage.must_apply(binding)
    trial = workload("tried", "default") | {"kind": "StatefulSet"}
    path = stage.api.path_of(trial)
    stage.until(
        "the policy bites",
        lambda: "nobody likes it" in stage.api.apply(trial, path, dry_run=True).message,
    )
    stage.ask("unlucky")
    stage.until_condition("unlucky", "Degraded", "True", "ApplyFailed")
    found = []
    if "nobody likes it" not in stage.condition("unlucky", "Degraded")[2]:
        found.append("the condition does not have the server's words")
    if stage.api.request("GET", "/api/v1/namespaces/unlucky/services/unlucky-ollama").refused:
        found.append("one object that is refused keeps the others from being applied")
    names = [f"well-{number}" for number in range(many)]
    for name in names:
        stage.ask(name, onDelete="Delete")
    for name in names:
        try:
            stage.until_condition(name, "Ready", "True")
        except Failed as late:
            found.append(str(late))
    root = "/apis/admissionregistration.k8s.io/v1"
    stage.api.delete(f"{root}/validatingadmissionpolicybindings/refuses-one")
    stage.api.delete(f"{root}/validatingadmissionpolicies/refuses-one")
    try:
        stage.until_condition("unlucky", "Ready", "True", seconds=90)
    except Failed as late:
        found.append(f"nobody refuses it any more: {late}")
    return found
