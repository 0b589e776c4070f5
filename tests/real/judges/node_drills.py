"""What a node does with pods that run: containers looked at from inside, a rollout, a container
without memory, a node without memory."""

from __future__ import annotations

import os
import signal
import threading
import time
from typing import TYPE_CHECKING

from harness.api import Api
from harness.node_images import STANDIN
from harness.node_k3s import named
from harness.node_platform import WORKLOADS
from harness.node_pods import ready, told
from harness.node_world import World
from harness.pods import quantity
from harness.table import Row

from . import node_checks

if TYPE_CHECKING:
    from .node import Platform

MIB = 1 << 20
# Seconds from a model server that was ended to one that answers.
NEXT_ANSWER = 30


def declared(platform: Platform, row: Row) -> None:
    """Each container of the tree and each stand-in, against what it declares."""
    row.objects, row.findings = node_checks.pods_are(
        platform.world, [*platform.objects, *platform.stand_ins]
    )


def path_of(value: dict) -> str:
    """The path of a workload."""
    about = value["metadata"]
    return f"/apis/apps/v1/namespaces/{about['namespace']}/{value['kind'].lower()}s/{about['name']}"


def rolled(api: Api, path: str) -> bool:
    """Whether a workload's last change has come to its end."""
    one = api.get(path)
    status, wanted = one.get("status", {}), one["spec"].get("replicas", 1)
    return (
        status.get("observedGeneration", 0) >= one["metadata"]["generation"]
        and status.get("updatedReplicas", 0) == wanted
        and status.get("readyReplicas", 0) == wanted
        and status.get("replicas", 0) == wanted
        and status.get("currentRevision") == status.get("updateRevision")
    )


class Endings(threading.Thread):
    """Watches how containers end, which nobody can ask any more when their pod is gone."""

    def __init__(self, world: World) -> None:
        super().__init__(daemon=True)
        self.world, self.ended = world, threading.Event()
        self.codes: dict = {}

    def run(self) -> None:
        for _, pod in self.world.api.watch("/api/v1/pods", self.ended):
            for one in pod.get("status", {}).get("containerStatuses", []):
                over = one.get("state", {}).get("terminated")
                if over and pod["metadata"].get("deletionTimestamp"):
                    self.codes[
                        f"{pod['metadata']['namespace']}/{pod['metadata']['name']} {one['name']}"
                    ] = over["exitCode"]

    def __enter__(self) -> Endings:
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.ended.set()


def ended_badly(world: World, endings: Endings) -> list[str]:
    """The containers that did not end when they were asked to, or whose preparation for the end did
    not come to its own."""
    found = [
        f"{name}: had to be killed at the end of its grace period"
        for name, code in sorted(endings.codes.items())
        if code == 137
    ]
    for one in world.api.get("/api/v1/events", fieldSelector="reason=FailedPreStopHook")["items"]:
        about = one["involvedObject"]
        found.append(
            f"{about['namespace']}/{about['name']}: preStop failed: {one.get('message', '')}"
        )
    return found


def rollout(platform: Platform, row: Row) -> None:
    """Every workload of the tree gets another template at the same time, and a chart's Deployment
    that may surge with them."""
    api = platform.world.api
    values = [one for one in platform.objects if one["kind"] in WORKLOADS]
    values += [
        one for one in platform.stand_ins if one["spec"]["strategy"]["type"] == "RollingUpdate"
    ]
    began = time.monotonic()
    took: dict[str, float] = {}
    with Endings(platform.world) as endings:
        for value in values:
            api.patch(
                path_of(value),
                {
                    "spec": {
                        "template": {
                            "metadata": {"annotations": {"judge": str(time.monotonic_ns())}}
                        }
                    }
                },
            )
        while len(took) < len(values) and time.monotonic() - began < 150:
            for value in values:
                if value["metadata"]["name"] not in took and rolled(api, path_of(value)):
                    took[value["metadata"]["name"]] = time.monotonic() - began
            time.sleep(0.3)
    row.objects = len(values)
    for value in values:
        if value["metadata"]["name"] not in took:
            row.findings.append(
                f"{value['kind']}/{value['metadata']['name']}: not rolled out after 150 s"
            )
    row.findings += ended_badly(platform.world, endings)
    row.note = ", ".join(f"{name} {seconds:.0f} s" for name, seconds in took.items())
    _, waiting = platform.world.wait_ready(platform.expected, 60)
    row.findings += [f"after the rollout: {one}" for one in waiting]


def restarts(world: World) -> dict[str, int]:
    """How often each container has been started again."""
    return {
        f"{pod['metadata']['uid']} {pod['metadata']['name']} {one['name']}": one["restartCount"]
        for pod in world.pods()
        for one in pod["status"].get("containerStatuses", [])
    }


def pod_of(platform: Platform, name: str) -> dict:
    """A pod of a workload that is ready."""
    return next(
        pod for pod in platform.world.pods() if node_checks.owner(pod) == name and ready(pod)
    )


def of_stateful_set(platform: Platform) -> dict:
    """A pod of the tree's first StatefulSet."""
    sets = [one for one in platform.objects if one["kind"] == "StatefulSet"]
    return pod_of(platform, sets[0]["metadata"]["name"])


def of_deployment(platform: Platform) -> dict:
    """A pod of the tree's own Deployment that may take most beyond its request: people fill it, and
    the kubelet would evict it first."""

    def beyond(one: dict) -> float:
        resources = one["spec"]["template"]["spec"]["containers"][0]["resources"]
        limit, asked = (resources[which]["memory"] for which in ("limits", "requests"))
        return quantity(limit) - quantity(asked)

    deployments = [one for one in platform.objects if one["kind"] == "Deployment"]
    return pod_of(platform, max(deployments, key=beyond)["metadata"]["name"])


def out_of_memory(platform: Platform, row: Row) -> None:
    """Process 1 of a container takes more than its limit: it alone is started again."""
    beyond_limit(platform, row, of_deployment(platform), 90)


def long_context(platform: Platform, row: Row) -> None:
    """The model server takes more than its limit, as for a context that a signed-in user asks for
    (`num_ctx`): it alone is started again, nobody is evicted, and the next answer comes soon."""
    pod = pod_of(platform, "ollama")
    beyond_limit(platform, row, pod, NEXT_ANSWER)
    row.findings += [
        f"{pod['metadata']['name']}: evicted"
        for pod in platform.world.pods()
        if pod["status"].get("reason") == "Evicted"
    ]


def beyond_limit(platform: Platform, row: Row, pod: dict, patience: int) -> None:
    """One container beyond its limit, and how soon its pod is Ready again."""
    world, row.objects = platform.world, 1
    about, container = pod["metadata"], pod["spec"]["containers"][0]["name"]
    before = restarts(world)
    process = node_checks.process_of(world, pod, container)
    os.kill(int(process.name), signal.SIGUSR1)
    began, said = time.monotonic(), {}
    while time.monotonic() - began < patience:
        now = world.api.get(f"/api/v1/namespaces/{about['namespace']}/pods/{about['name']}")
        said = now["status"]["containerStatuses"][0]
        if said["restartCount"] and ready(now) and "running" in said["state"]:
            break
        time.sleep(0.3)
    else:
        row.findings.append(
            f"{about['name']}: not started again and Ready after {patience} s: {told(now)}"
        )
    reason = said.get("lastState", {}).get("terminated", {}).get("reason")
    if reason != "OOMKilled":
        row.findings.append(
            f"{about['name']}: its container ended with {reason}, not with OOMKilled"
        )
    key = f"{about['uid']} {about['name']} {container}"
    row.findings += [
        f"{name.partition(' ')[2]}: started again too"
        for name, count in restarts(world).items()
        if name != key and before.get(name, 0) != count
    ]
    row.note = (
        f"{about['name']} OOMKilled, Ready again after {time.monotonic() - began:.0f} s,"
        " nobody else touched"
    )


def ballast(name: str, size: int, priority: str) -> dict:
    """A pod without requests that takes so many MiB."""
    return named(
        "v1",
        "Pod",
        name,
        "default",
        spec={
            "restartPolicy": "Never",
            "automountServiceAccountToken": False,
            "terminationGracePeriodSeconds": 0,
            "priorityClassName": priority,
            "containers": [{"name": "hog", "image": STANDIN, "command": ["hog", str(size)]}],
        },
    )
