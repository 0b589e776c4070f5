"""Faults planted on purpose: parts of the committed tree with one thing wrong, each in a namespace
of its own on one real node."""

from __future__ import annotations

import base64
import copy
import json
import os
import re
import time
from collections.abc import Callable
from dataclasses import dataclass, field

from harness import node_images, node_k3s, node_platform
from harness.context import Context
from harness.node_pods import path_of, ready
from harness.node_settings import kubelet_arguments
from harness.node_world import World
from harness.processes import wait_until
from harness.table import Fault
from harness.trees import Tree

from . import node_checks, node_leftovers
from .node_drills import Endings, ended_badly

SPACE = "ai"
# The namespace by its own label, in the selectors of policies.
LABEL = "kubernetes.io/metadata.name"
# How long the faults may take to be seen, which ends as soon as all are.
PATIENCE = 180
ALL_READY = "all of its pods are Ready"


def container(objects: list[dict], name: str) -> dict:
    """The first container of a workload."""
    return template(objects, name)["containers"][0]


def template(objects: list[dict], name: str) -> dict:
    """The pod of a workload."""
    return next(
        one
        for one in objects
        if one["kind"] in node_platform.WORKLOADS and one["metadata"]["name"] == name
    )["spec"]["template"]["spec"]


def with_image(name: str, image: str) -> Callable[[list[dict]], None]:
    """Another image for the first container of a workload."""

    def change(objects: list[dict]) -> None:
        container(objects, name)["image"] = image

    return change


def without(objects: list[dict], kind: str) -> None:
    """Takes the objects of a kind away."""
    objects[:] = [one for one in objects if one["kind"] != kind]


@dataclass
class Plan:
    """One fault: which parts of the tree it needs, what is changed, what the judge has to say."""

    fault: str
    parts: tuple[str, ...]
    change: Callable[[list[dict]], None]
    says: str
    # What the judge compares with; the objects before the change where it is about what runs.
    declared: bool = False
    # What is deleted when it is Ready, to see how it ends.
    ends: bool = False
    # Nothing is wrong: what the judge says must be that all is well.
    control: bool = False
    # What a part that is well may say too before its policies are in force: looked at when the
    # control is Ready.
    late: bool = False
    objects: list[dict] = field(default_factory=list)
    before: list[dict] = field(default_factory=list)
    namespace: str = ""
    message: str = ""

    @property
    def seen(self) -> bool:
        """Whether the judge has said what it has to say."""
        return bool(re.search(self.says, self.message))


def other_owner(objects: list[dict]) -> None:
    template(objects, "postgresql")["securityContext"].update(
        runAsUser=998, runAsGroup=998, fsGroup=998
    )


def no_scratch(objects: list[dict]) -> None:
    one = container(objects, "openwebui")
    one["volumeMounts"] = [mount for mount in one["volumeMounts"] if mount["mountPath"] != "/tmp"]


def no_names(objects: list[dict]) -> None:
    for one in objects:
        if one["kind"] == "NetworkPolicy":
            rules = one["spec"].get("egress", [])
            one["spec"]["egress"] = [
                rule
                for rule in rules
                if not any(port.get("port") == 53 for port in rule.get("ports", []))
            ]


def missing_key(objects: list[dict]) -> None:
    container(objects, "postgresql")["env"].append(
        {
            "name": "GONE",
            "valueFrom": {"configMapKeyRef": {"name": "kube-root-ca.crt", "key": "gone"}},
        }
    )


def other_class(objects: list[dict]) -> None:
    for one in objects:
        if one["kind"] == "PersistentVolumeClaim":
            one["spec"]["storageClassName"] = "nobody"


def too_little(objects: list[dict]) -> None:
    container(objects, "openwebui").update(
        command=["hog", "300"], resources={"limits": {"memory": "64Mi"}}
    )


def otherwise(objects: list[dict]) -> None:
    one = container(objects, "openwebui")
    template(objects, "openwebui")["securityContext"].update(runAsUser=1001)
    one["securityContext"].update(
        readOnlyRootFilesystem=False, capabilities={"drop": ["ALL"], "add": ["NET_BIND_SERVICE"]}
    )
    one["resources"]["limits"]["memory"] = "700Mi"
    one["env"] = [variable for variable in one["env"] if variable["name"] != "OFFLINE_MODE"]


def long_goodbye(objects: list[dict]) -> None:
    template(objects, "openwebui")["terminationGracePeriodSeconds"] = 2
    container(objects, "openwebui")["lifecycle"] = {
        "preStop": {"exec": {"command": ["sleep", "60"]}}
    }


def deaf(objects: list[dict]) -> None:
    template(objects, "postgresql").update(terminationGracePeriodSeconds=2)
    for probe in ("startupProbe", "readinessProbe", "livenessProbe"):
        container(objects, "postgresql").pop(probe, None)
    container(objects, "postgresql").update(command=["stubborn"], args=[], lifecycle={})


def plans(room: int) -> list[Plan]:
    """All faults."""
    chat, base = ("openwebui",), ("postgresql",)
    return [
        # What the faults are planted in: a part that does not run by itself shows no fault.
        Plan(
            "none: the same parts as they are become Ready",
            (*base, *chat),
            lambda it: None,
            f"^{ALL_READY}$",
            control=True,
        ),
        Plan(
            "a user that is not the owner of its volume",
            base,
            other_owner,
            "permission denied|wrong ownership|Permission denied",
        ),
        Plan(
            "a probe that names no port",
            chat,
            lambda it: container(it, "openwebui")["startupProbe"]["httpGet"].update(port="htpp"),
            r"(?i)probe.*(port|htpp)",
        ),
        Plan(
            "a probe of a path that is not there",
            chat,
            lambda it: container(it, "openwebui")["startupProbe"]["httpGet"].update(path="/readyz"),
            "statuscode: 404",
        ),
        Plan(
            "a request above what the node has",
            base,
            lambda it: container(it, "postgresql").update(
                resources={"requests": {"memory": str(room)}}
            ),
            "Insufficient memory",
        ),
        Plan("a memory limit that is too low", chat, too_little, "(?i)oom"),
        Plan(
            "a Secret that is missing",
            base,
            lambda it: without(it, "Secret"),
            'secret ".*" not found',
        ),
        Plan("a key of a ConfigMap that is missing", base, missing_key, "couldn't find key gone"),
        Plan(
            "a tag of an image that is not there",
            base,
            with_image("postgresql", "docker.io/library/postgres:17.99"),
            r"postgres:17\.99",
        ),
        Plan(
            "a root to be read only, and no place to write",
            chat,
            no_scratch,
            "read-only file system",
        ),
        Plan(
            "a policy that leaves out DNS",
            (*base, *chat),
            no_names,
            r"lookup postgresql\.\S+ .*(i/o timeout|connection refused)",
            late=True,
        ),
        Plan(
            "a claim of a class that nobody serves",
            base,
            other_class,
            'storageclass.*"nobody" not found|unbound immediate',
        ),
        Plan(
            "a program that waits longer than its grace period before it ends",
            chat,
            long_goodbye,
            "preStop",
            ends=True,
        ),
        Plan("a program that does not end", base, deaf, "had to be killed", ends=True),
        *(
            Plan(f"another {what} than is declared", chat, otherwise, says, declared=True)
            for what, says in (
                ("user", "runAsUser is 1000, the process has 1001"),
                ("capability", "CapBnd is 400, capabilities declare 0"),
                ("memory limit", "the memory limit in force is 734003200, declared is"),
                ("root", "its root can be written"),
                ("environment", "variable OFFLINE_MODE is not set"),
            )
        ),
    ]


def moved(objects: list[dict], namespace: str) -> list[dict]:
    """Objects in another namespace, their names of it too: in Secrets, in selectors of policies."""

    def there(text: str) -> str:
        return text.replace(f".{SPACE}.svc", f".{namespace}.svc")

    text = there(json.dumps(objects))
    for field_of in ("namespace", LABEL):
        text = text.replace(f'"{field_of}": "{SPACE}"', f'"{field_of}": "{namespace}"')
    found = json.loads(text)
    for one in found:
        if one["kind"] == "Namespace":
            one["metadata"]["name"] = namespace
        for key, value in one.get("data", {}).items() if one["kind"] == "Secret" else ():
            plain = there(base64.b64decode(value).decode())
            one["data"][key] = base64.b64encode(plain.encode()).decode()
    return found


def prepare(tree: Tree, room: int) -> list[Plan]:
    """The faults with their objects; those about what runs share a namespace."""
    everything, found = node_platform.objects_of(tree), plans(room)
    shared: dict[str, str] = {}
    for number, plan in enumerate(found):
        plan.namespace = (
            shared.setdefault(plan.change.__name__, f"fault-{number}")
            if plan.declared
            else f"fault-{number}"
        )
        part = [
            one
            for one in everything
            if SPACE in (one["metadata"].get("namespace"), one["metadata"]["name"])
            and (
                one["kind"] in ("Namespace", "Secret")
                or one["metadata"].get("labels", {}).get("app.kubernetes.io/instance") in plan.parts
                or (one["kind"] == "NetworkPolicy" and len(plan.parts) > 1)
            )
        ]
        plan.before = moved(copy.deepcopy(part), plan.namespace)
        plan.objects = moved(copy.deepcopy(part), plan.namespace)
        for one in plan.objects:
            # What takes long on a node that is well is not waited for here; a database is not one
            # before it is made.
            if one["kind"] in node_platform.WORKLOADS:
                pod = one["spec"]["template"]["spec"]
                pod["initContainers"] = [
                    first for first in pod.get("initContainers", []) if first["name"] == "prepare"
                ]
        as_it_is = copy.deepcopy(plan.objects)
        plan.change(plan.objects)
        if (plan.objects == as_it_is) != plan.control:
            raise LookupError(f"{plan.fault}: the parts have nothing in which this is a change")
    return found


def owned_by_another(world: World, plan: Plan) -> None:
    """A volume that a user has already written to, bound to the claim beforehand."""
    folder = world.state / "var/lib/rancher/k3s/storage/owned"
    folder.mkdir(parents=True)
    (folder / "pgdata").mkdir(mode=0o700)
    for one in (folder, folder / "pgdata"):
        os.chown(one, 999, 999)
        one.chmod(0o700)
    claim = next(one for one in plan.objects if one["kind"] == "PersistentVolumeClaim")
    claim["spec"]["volumeName"] = "owned"
    world.apply(
        [
            node_k3s.named(
                "v1",
                "PersistentVolume",
                "owned",
                spec={
                    "accessModes": claim["spec"]["accessModes"],
                    "capacity": {"storage": claim["spec"]["resources"]["requests"]["storage"]},
                    "storageClassName": claim["spec"]["storageClassName"],
                    "hostPath": {"path": "/var/lib/rancher/k3s/storage/owned"},
                    "claimRef": {"namespace": plan.namespace, "name": claim["metadata"]["name"]},
                },
            )
        ]
    )


def look(world: World, found: list[Plan], endings: Endings) -> None:
    """One round: what the judge would say now about each fault that it has not seen yet."""
    pods = world.pods()
    for plan in found:
        if plan.seen or (plan.late and not all(one.seen for one in found if one.control)):
            continue
        own = [pod for pod in pods if pod["metadata"]["namespace"] == plan.namespace]
        if plan.declared:
            said = (
                node_checks.pods_are(world, plan.before)[1]
                if any(one["status"]["phase"] == "Running" for one in own)
                else []
            )
        elif plan.ends:
            said = [one for one in ended_badly(world, endings) if f"{plan.namespace}/" in one]
        elif plan.control and well(plan, own):
            said = [ALL_READY]
        else:
            said = [world.why(pod) for pod in own]
        plan.message = next((one for one in said if re.search(plan.says, one)), "; ".join(said))


def well(plan: Plan, own: list[dict]) -> bool:
    """Whether all pods of a plan are there and Ready."""
    # CoreDNS is counted with every node's pods.
    return len(own) == node_platform.pods_expected(plan.objects) - 1 and all(map(ready, own))


def plant(ctx: Context) -> None:
    """Plants everything at once, and waits until each fault is seen or the time is over."""
    tree = next((one for one in ctx.trees if one.name == "committed"), None)
    if tree is None:
        raise LookupError("there is no committed tree to plant faults in")
    budget = ctx.budget(tree.root)
    kept_back = [one for one in kubelet_arguments(tree.root) if not one.startswith("kube-reserved")]
    world = World.of_tree(ctx, tree.root, budget, name="faults")
    world.arguments = kept_back
    with world:
        said = "; ".join(node_checks.allocatable(world, budget))
        seen = bool(re.search(r"^allocatable memory is \S+, the budget says", said))
        ctx.fault(Fault("a kubelet without `kube-reserved`", "node", said, seen))
        world.import_image(node_images.of_tree(world.folder, node_platform.images(tree))[0])
        # Objects of no namespace that pods name: without them no pod would be made at all.
        objects = node_platform.objects_of(tree)
        world.apply([one for one in objects if one["kind"] == "PriorityClass"])
        found = prepare(tree, budget["node"]["memTotal"] + 1)
        # Names that nobody resolves yet would look like a policy that lets nobody ask.
        wait_until("CoreDNS is Ready", lambda: names_resolve(world), 120, pause=0.5)
        with Endings(world) as endings:
            for plan in found:
                if plan.change is other_owner:
                    world.apply([one for one in plan.objects if one["kind"] == "Namespace"])
                    owned_by_another(world, plan)
                world.apply(plan.objects)
            began, deleted = time.monotonic(), False
            while time.monotonic() - began < PATIENCE and not all(plan.seen for plan in found):
                look(world, found, endings)
                if not deleted and time.monotonic() - began > 8:
                    deleted = delete(world, [plan for plan in found if plan.ends])
                time.sleep(0.5)
        for plan in found:
            ctx.fault(Fault(plan.fault, "node", plan.message, plan.seen))
    node_leftovers.plant(ctx)


def names_resolve(world: World) -> bool:
    """Whether the cluster's DNS is Ready."""
    return any(
        ready(pod)
        for pod in world.pods("kube-system")
        if pod["metadata"]["name"].startswith("coredns-")
    )


def delete(world: World, found: list[Plan]) -> bool:
    """Deletes the pods whose end is watched, when all of them run."""
    pods = [pod for plan in found for pod in world.pods(plan.namespace)]
    if len(pods) < len(found) or any(pod["status"]["phase"] != "Running" for pod in pods):
        return False
    for pod in pods:
        world.api.delete(path_of(pod))
    return True
