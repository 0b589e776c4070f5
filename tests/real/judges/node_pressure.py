"""A node without memory: who is evicted, in the kubelet's own order, and what comes after it."""

from __future__ import annotations

import re
import time
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from harness.node_pods import OVER, path_of
from harness.node_world import World
from harness.pods import quantity
from harness.table import Row

from . import node_checks
from .node_drills import MIB, ballast, of_deployment, of_stateful_set, restarts

if TYPE_CHECKING:
    from .node import Platform

# How long a successor may take after an eviction; the kubelet keeps the node closed for its
# transition period.
SUCCESSOR = 60
# A successor that runs so soon has not waited for a node that was closed.
AT_ONCE = 5
# How often a ballast is measured anew; what the others take moves between the look and the ballast.
TRIES = 3
BALLAST = "/api/v1/namespaces/default/pods/ballast"
COUNTS_MORE: dict[str, Any] = {
    "apiVersion": "scheduling.k8s.io/v1",
    "kind": "PriorityClass",
    "metadata": {"name": "judge-ballast"},
    "value": 900_000_000,
}


def mib(amount: Any) -> int:
    """Whole MiB of a quantity."""
    return int(quantity(amount)) // MIB


def until(ready: Callable[[], object], seconds: float) -> bool:
    """Asks again and again; whether it came to be so."""
    deadline = time.monotonic() + seconds
    while not ready():
        if time.monotonic() > deadline:
            return False
        time.sleep(0.2)
    return True


def ranking(world: World) -> list[str]:
    """The order in which the kubelet would evict, as its log has it at the last pressure."""
    lines = [
        line
        for line in world.kubelet.log.read_text(errors="replace").splitlines()
        if "pods ranked for eviction" in line
    ]
    return re.findall(r'"([^"]+/[^"]+)"', lines[-1].partition("pods=")[2]) if lines else []


def used_by(world: World) -> dict[str, int]:
    """The memory that the kubelet believes each pod to use, by the pod's number."""
    said = world.api.get("/api/v1/nodes/node/proxy/stats/summary")
    return {
        one["podRef"]["uid"]: one.get("memory", {}).get("workingSetBytes", 0)
        for one in said["pods"]
    }


def rule(world: World) -> dict[str, tuple]:
    """The kubelet's rule: first who takes more than it asked for, then who counts less, then who
    takes most beyond what it asked for."""
    ranked: dict[str, tuple] = {}
    used = used_by(world)
    for pod in world.pods():
        if pod["status"]["phase"] != "Running":
            continue
        asked = sum(
            quantity(one.get("resources", {}).get("requests", {}).get("memory", 0))
            for one in pod["spec"]["containers"]
        )
        mine = used.get(pod["metadata"]["uid"], 0)
        name = f"{pod['metadata']['namespace']}/{pod['metadata']['name']}"
        ranked[name] = (mine <= asked, pod["spec"].get("priority") or 0, asked - mine)
    return ranked


def more(platform: Platform, victim: dict, row: Row) -> None:
    """One pod of the tree takes more than it asked for, and the kubelet sees all of it."""
    world = platform.world
    resources = victim["spec"]["containers"][0]["resources"]
    asked, limit = mib(resources["requests"]["memory"]), mib(resources["limits"]["memory"])
    share, uid = (asked + limit) // 2, victim["metadata"]["uid"]
    world.run(
        *world.ctr(
            "tasks",
            "exec",
            "--detach",
            "--exec-id",
            f"hog{time.monotonic_ns()}",
            world.container(victim),
        ),
        "hog",
        share,
    )
    # Not before it has taken its whole share: what it takes after the ballast is measured comes
    # on top of it.
    if not until(lambda: used_by(world).get(uid, 0) > max(asked + 16, share) * MIB, 60):
        row.findings.append(
            f"the kubelet does not see that {victim['metadata']['name']} takes {share} MiB,"
            f" but {used_by(world).get(uid, 0) // MIB}"
        )


def fill(platform: Platform, gone: Callable[[], bool]) -> str:
    """A pod that counts more takes what is left, until somebody is gone; what it came to where
    nobody went, in words."""
    world, said = platform.world, []
    line = platform.budget["node"]["allocatable"] // MIB
    for _ in range(TRIES):
        # What all pods may take less the reserve: from there on the kubelet evicts. Above the
        # reserve the kernel ends the ballast instead, so it ends in the middle between the two.
        used = node_checks.working_set(world.subtree.memory() / "kubepods") // MIB
        size = line - used + platform.budget["node"]["evictionThreshold"] // MIB // 2
        world.apply([COUNTS_MORE, ballast("ballast", size, COUNTS_MORE["metadata"]["name"])])
        until(lambda: gone() or is_over(world), 60)
        if gone():
            return ""
        after = node_checks.working_set(world.subtree.memory() / "kubepods") // MIB
        phase = world.api.get(BALLAST)["status"].get("phase")
        said.append(f"{used} MiB and a ballast of {size} came to {after} of {line}, {phase}")
        if after > line and phase not in OVER:
            # The kubelet has had its reason, and its time.
            break
        world.api.request("DELETE", f"{BALLAST}?gracePeriodSeconds=0")
        until(lambda: world.api.request("GET", BALLAST).status == 404, 30)
    return "; ".join(said)


def is_over(world: World) -> bool:
    """Whether the ballast has ended, by the kernel's hand."""
    return world.api.get(BALLAST)["status"].get("phase") in OVER


def eviction(platform: Platform, row: Row) -> None:
    """All pods together come too near to the node's end: who goes, and does its successor run in
    time?"""
    world, row.objects = platform.world, 1
    victim = of_deployment(platform)
    name = f"{victim['metadata']['namespace']}/{victim['metadata']['name']}"
    before, others = restarts(world), numbers(world)
    evicted: dict[str, float] = {}
    more(platform, victim, row)
    wanted = rule(world)

    def gone() -> bool:
        # A pod whose programs end well within their time counts as Succeeded: only the event says
        # why.
        for one in world.api.get("/api/v1/events", fieldSelector="reason=Evicted")["items"]:
            evicted.setdefault(
                f"{one['involvedObject']['namespace']}/{one['involvedObject']['name']}",
                time.monotonic(),
            )
        return name in evicted

    short = fill(platform, gone)
    if short:
        row.findings.append(
            f"{name} takes most beyond its request and was not evicted;"
            f" evicted were {', '.join(evicted) or 'none'}: {short}"
        )
    order = ranking(world)
    if order[:1] != [name] or min(wanted, key=wanted.__getitem__) != name:
        row.findings.append(f"the kubelet evicts {order[:1]} first, {name} takes most")
    # Within one priority idle pods may change places between two looks.
    tiers = [wanted[one][:2] for one in order if one in wanted]
    if tiers != sorted(tiers):
        row.findings.append(f"the kubelet's order is not by its rule: {', '.join(order)}")
    row.note = (
        f"order {', '.join(one.partition('/')[2] for one in order[:4])} …"
        f" {', '.join(one.partition('/')[2] for one in order[-5:])}; "
        f"evicted {', '.join(evicted)}"
    )
    if name in evicted:
        since = evicted[name]
        row.note += f"; its successor {succeeded(world, victim, others, since, row)}"
        row.note += f"; {closed(platform, since, time.monotonic() - since, row)}"
    clean(platform, row, before)


def succeeded(world: World, before: dict, others: set[str], since: float, row: Row) -> str:
    """Waits for the pod that comes after another one; when it ran, in words."""
    name = node_checks.owner(before)

    def came() -> bool:
        return any(
            node_checks.owner(pod) == name
            and pod["metadata"]["uid"] not in others
            and pod["status"]["phase"] == "Running"
            for pod in world.pods(before["metadata"]["namespace"])
        )

    if not until(came, since + SUCCESSOR + 5 - time.monotonic()):
        row.findings.append(
            f"{before['metadata']['name']}: no successor runs {SUCCESSOR} s after the eviction:"
            " the node stays closed for the kubelet's eviction-pressure-transition-period"
        )
        return "does not run in time"
    return f"runs {time.monotonic() - since:.0f} s after the eviction"


def is_closed(world: World) -> bool:
    """Whether the node takes no pods because it has too little memory."""
    taints = world.api.get("/api/v1/nodes/node")["spec"].get("taints", [])
    return any("memory-pressure" in one["key"] for one in taints)


def closed(platform: Platform, since: float, ran_after: float, row: Row) -> str:
    """A successor that is made at once may find the node still open; one that is made a little
    later does not."""
    world = platform.world
    if not until(lambda: is_closed(world), 20):
        if ran_after < AT_ONCE:
            # Neither pod has met a node that is closed: how long it stays so was not tried.
            row.findings.append(
                f"the successor ran {ran_after:.0f} s after the eviction and the node was never"
                " seen closed: what becomes of pods while it is was not tried"
            )
            return "the node was never seen closed"
        return "the node was open again by then"
    second, others = of_stateful_set(platform), numbers(world)
    world.api.delete(path_of(second))
    said = succeeded(world, second, others, since, row)
    return f"the node was closed, a pod that is made then ({second['metadata']['name']}) {said}"


def numbers(world: World) -> set[str]:
    """What tells the pods that are there from those that will come."""
    return {pod["metadata"]["uid"] for pod in world.pods()}


def clean(platform: Platform, row: Row, before: dict[str, int]) -> None:
    """Takes the ballast and the evicted pods away; nobody else was touched."""
    world = platform.world
    row.findings += [
        f"{name.partition(' ')[2]}: was started again"
        for name, count in restarts(world).items()
        if before.get(name, count) != count
    ]
    world.api.request("DELETE", f"{BALLAST}?gracePeriodSeconds=0")
    for pod in world.pods():
        if pod["status"]["phase"] in OVER:
            world.api.request("DELETE", f"{path_of(pod)}?gracePeriodSeconds=0")
    if not row.findings:
        _, waiting = world.wait_ready(platform.expected, 60)
        row.findings += [f"after the eviction: {one}" for one in waiting]
