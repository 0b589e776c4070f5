"""What a node does with pods that run: containers looked at from inside, a rollout, a container without memory, a node without memory."""

import os
import re
import signal
import threading
import time

from . import node_checks
from .node_images import STANDIN
from .node_platform import WORKLOADS, named
from .node_world import ready, told

# How long a successor may take after an eviction; the kubelet keeps the node closed for its transition period.
SUCCESSOR = 60
MIB = 1 << 20


def declared(platform, row) -> None:
    """Each container of the tree and each stand-in, against what it declares."""
    row.objects, row.findings = node_checks.pods_are(platform.world, [*platform.objects, *platform.stand_ins])


def path_of(value: dict) -> str:
    """The path of a workload."""
    about = value["metadata"]
    return f"/apis/apps/v1/namespaces/{about['namespace']}/{value['kind'].lower()}s/{about['name']}"


def rolled(api, path: str) -> bool:
    """Whether a workload's last change has come to its end."""
    one = api.get(path)
    status, wanted = one.get("status", {}), one["spec"].get("replicas", 1)
    return (status.get("observedGeneration", 0) >= one["metadata"]["generation"] and status.get("updatedReplicas", 0) == wanted
            and status.get("readyReplicas", 0) == wanted and status.get("replicas", 0) == wanted
            and status.get("currentRevision") == status.get("updateRevision"))


class Endings(threading.Thread):
    """Watches how containers end, which nobody can ask any more when their pod is gone."""

    def __init__(self, world):
        super().__init__(daemon=True)
        self.world, self.ended, self.codes = world, threading.Event(), {}

    def run(self) -> None:
        for _, pod in self.world.api.watch("/api/v1/pods", self.ended):
            for one in pod.get("status", {}).get("containerStatuses", []):
                over = one.get("state", {}).get("terminated")
                if over and pod["metadata"].get("deletionTimestamp"):
                    self.codes[f"{pod['metadata']['namespace']}/{pod['metadata']['name']} {one['name']}"] = over["exitCode"]

    def __enter__(self) -> "Endings":
        self.start()
        return self

    def __exit__(self, *_) -> None:
        self.ended.set()


def killed(codes: dict[str, int]) -> list[str]:
    """The containers that did not end when they were asked to."""
    return [f"{name}: had to be killed at the end of its grace period" for name, code in sorted(codes.items()) if code == 137]


def rollout(platform, row) -> None:
    """Every workload of the tree gets another template at the same time, and a chart's Deployment that may surge with them."""
    api = platform.world.api
    values = [one for one in platform.objects if one["kind"] in WORKLOADS]
    values += [one for one in platform.stand_ins if one["spec"]["strategy"]["type"] == "RollingUpdate"]
    began, took = time.monotonic(), {}
    with Endings(platform.world) as endings:
        for value in values:
            api.patch(path_of(value), {"spec": {"template": {"metadata": {"annotations": {"judge": str(time.monotonic_ns())}}}}})
        while len(took) < len(values) and time.monotonic() - began < 150:
            for value in values:
                if value["metadata"]["name"] not in took and rolled(api, path_of(value)):
                    took[value["metadata"]["name"]] = time.monotonic() - began
            time.sleep(0.3)
    row.objects = len(values)
    for value in values:
        if value["metadata"]["name"] not in took:
            row.findings.append(f"{value['kind']}/{value['metadata']['name']}: not rolled out after 150 s")
    row.findings += killed(endings.codes)
    row.note = ", ".join(f"{name} {seconds:.0f} s" for name, seconds in took.items())
    _, waiting = platform.world.wait_ready(platform.expected, 60)
    row.findings += [f"after the rollout: {one}" for one in waiting]


def restarts(world) -> dict[str, int]:
    """How often each container has been started again."""
    return {f"{pod['metadata']['uid']} {pod['metadata']['name']} {one['name']}": one["restartCount"]
            for pod in world.pods() for one in pod["status"].get("containerStatuses", [])}


def of_workload(platform, kind: str) -> dict:
    """A pod of the tree's first Deployment or StatefulSet."""
    name = next(one["metadata"]["name"] for one in platform.objects if one["kind"] == kind)
    return next(pod for pod in platform.world.pods() if node_checks.owner(pod) == name and ready(pod))


def out_of_memory(platform, row) -> None:
    """Process 1 of a container takes more than its limit: it alone is started again."""
    world, row.objects = platform.world, 1
    pod = of_workload(platform, "Deployment")
    about, container = pod["metadata"], pod["spec"]["containers"][0]["name"]
    before = restarts(world)
    process = node_checks.process_of(world, pod, container)
    os.kill(int(process.name), signal.SIGUSR1)
    began, said = time.monotonic(), {}
    while time.monotonic() - began < 90:
        now = world.api.get(f"/api/v1/namespaces/{about['namespace']}/pods/{about['name']}")
        said = now["status"]["containerStatuses"][0]
        if said["restartCount"] and ready(now) and "running" in said["state"]:
            break
        time.sleep(0.3)
    else:
        row.findings.append(f"{about['name']}: not started again and Ready after 90 s: {told(now)}")
    reason = said.get("lastState", {}).get("terminated", {}).get("reason")
    if reason != "OOMKilled":
        row.findings.append(f"{about['name']}: its container ended with {reason}, not with OOMKilled")
    key = f"{about['uid']} {about['name']} {container}"
    row.findings += [f"{name.partition(' ')[2]}: started again too" for name, count in restarts(world).items()
                     if name != key and before.get(name, 0) != count]
    row.note = f"{about['name']} OOMKilled, Ready again after {time.monotonic() - began:.0f} s, nobody else touched"


def ranking(world) -> list[str]:
    """The order in which the kubelet would evict, as its log has it at the last pressure."""
    lines = [line for line in world.kubelet.log.read_text(errors="replace").splitlines() if "pods ranked for eviction" in line]
    return re.findall(r'"([^"]+/[^"]+)"', lines[-1].partition("pods=")[2]) if lines else []


def expected_ranking(world) -> list[str]:
    """The kubelet's rule: who takes more than it asked for, then who counts less, then who takes most beyond what it asked for."""
    ranked = []
    for pod in world.pods():
        if pod["status"]["phase"] != "Running" or (pod["spec"].get("priority") or 0) >= 2_000_000_000:
            continue
        groups = list((world.subtree.memory() / "kubepods").glob(f"**/pod{pod['metadata']['uid']}"))
        asked = sum(node_checks.quantity(one.get("resources", {}).get("requests", {}).get("memory", 0)) for one in pod["spec"]["containers"])
        used = sum(node_checks.working_set(group) for group in groups[:1])
        ranked.append((used <= asked, pod["spec"].get("priority") or 0, asked - used, f"{pod['metadata']['namespace']}/{pod['metadata']['name']}"))
    return [name for *_, name in sorted(ranked)]


def ballast(name: str, size: int, priority: str) -> dict:
    """A pod without requests that takes so many MiB."""
    return named("v1", "Pod", name, "default", spec={
        "restartPolicy": "Never", "automountServiceAccountToken": False, "terminationGracePeriodSeconds": 0, "priorityClassName": priority,
        "containers": [{"name": "hog", "image": STANDIN, "command": ["hog", str(size)]}]})


def eviction(platform, row) -> None:
    """All pods together come too near to the node's end: who goes, in the kubelet's order, and is its successor there in time?"""
    world, api, row.objects = platform.world, platform.world.api, 1
    victim = of_workload(platform, "Deployment")
    about, container = victim["metadata"], victim["spec"]["containers"][0]
    asked = int(node_checks.quantity(container["resources"]["requests"]["memory"])) // MIB
    limit = int(node_checks.quantity(container["resources"]["limits"]["memory"])) // MIB
    share = (asked + limit) // 2
    # Something that counts more than the tree's pods takes what is left; then one pod of the tree takes more than it asked for.
    api.apply(named("scheduling.k8s.io/v1", "PriorityClass", "judge-ballast", value=900_000_000))
    # The threshold of the kubelet: what all pods may take less the reserve, in working set.
    line = platform.budget["node"]["allocatable"] // MIB
    used = node_checks.working_set(world.subtree.memory() / "kubepods") // MIB
    world.apply([ballast("ballast", line - used - share + 80, "judge-ballast")])
    began = time.monotonic()
    while time.monotonic() - began < 60 and node_checks.working_set(world.subtree.memory() / "kubepods") // MIB < line - share + 20:
        time.sleep(0.2)
    world.run(*world.ctr("tasks", "exec", "--detach", "--exec-id", f"hog{time.monotonic_ns()}", world.container(victim)), "hog", share)
    before, gone, closed = restarts(world), None, False
    wanted: list[str] = []
    while time.monotonic() - began < 90 and gone is None:
        wanted = expected_ranking(world) or wanted
        if any(pod["status"].get("reason") == "Evicted" and pod["metadata"]["uid"] == about["uid"] for pod in world.pods()):
            gone = time.monotonic()
        time.sleep(0.1)
    order = ranking(world)
    if gone is None:
        row.findings.append(f"nobody of the tree was evicted: order {', '.join(order)}")
    evicted = [f"{pod['metadata']['namespace']}/{pod['metadata']['name']}" for pod in world.pods() if pod["status"].get("reason") == "Evicted"]
    if order[:1] != [f"{about['namespace']}/{about['name']}"]:
        row.findings.append(f"the kubelet would first evict {order[:1]}, its rule says {wanted[:1]}")
    came = None
    while gone and time.monotonic() - gone < 400 and came is None:
        taints = {one["key"] for one in api.get("/api/v1/nodes/node")["spec"].get("taints", [])}
        closed |= "node.kubernetes.io/memory-pressure" in taints
        for pod in world.pods(about["namespace"]):
            if node_checks.owner(pod) == node_checks.owner(victim) and pod["metadata"]["uid"] != about["uid"] and pod["status"]["phase"] == "Running":
                came = time.monotonic() - gone
        if time.monotonic() - gone > SUCCESSOR + 15 and came is None:
            break
        time.sleep(0.3)
    if gone and (came is None or came > SUCCESSOR):
        row.findings.append(f"{about['name']} was evicted, and its successor does not run {f'before {came:.0f} s' if came else f'after {SUCCESSOR + 15} s'}:"
                            f" at most {SUCCESSOR} s are right (is eviction-pressure-transition-period too long?)")
    api.request("DELETE", "/api/v1/namespaces/default/pods/ballast?gracePeriodSeconds=0")
    row.findings += [f"{name.partition(' ')[2]}: started again" for name, count in restarts(world).items() if before.get(name, count) != count]
    row.note = f"order {', '.join(one.rpartition('/')[2] for one in order[:6])} …; evicted {', '.join(evicted)}" + (
        f"; successor runs after {came:.0f} s" if came else "") + ("; the node was closed meanwhile" if closed else "")
    for pod in world.pods():
        if pod["status"]["phase"] == "Failed":
            api.request("DELETE", f"/api/v1/namespaces/{pod['metadata']['namespace']}/pods/{pod['metadata']['name']}?gracePeriodSeconds=0")
    if came:
        _, waiting = world.wait_ready(platform.expected, 60)
        row.findings += [f"after the eviction: {one}" for one in waiting]
