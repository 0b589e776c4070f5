"""What goes wrong around the operator: cut requests, a server that restarts, a leader that dies."""

from __future__ import annotations

import os
import signal
import time

from harness.processes import Failed, Process, wait_until

from .operator_life import as_in_the_tree, expected
from .operator_proxy import AFTER, BEFORE, Proxy
from .operator_stage import Stage

# A run of cuts ends when nothing was left to cut.
MOST = 200
# Of the requests of a creation, a change and a deletion, each of so many is cut; `1` cuts all.
EACH = int(os.environ.get("OPERATOR_CUTS", "6"))
ABSENT = 404


def of(stage: Stage) -> Proxy:
    """A proxy in front of this stage's server."""
    return Proxy(stage.api.host, int(stage.api.port or 443), str(stage.cluster.ca))


def cut(stage: Stage) -> list[str]:
    """Whichever request of a creation, a change or a deletion is cut, the end is the same."""
    for process in list(stage.running):
        stage.end(process)
    cuts = 0
    with of(stage) as proxy:
        stage.start(url=proxy.url)
        for way in (BEFORE, AFTER):
            for number in range(1, MOST, EACH):
                found, did = cycle(stage, proxy, number, way)
                if found:
                    return found
                cuts += did
                if not did:
                    break
        for process in list(stage.running):
            stage.end(process)
    stage.notes.append(f"{cuts} requests cut")
    stage.start()
    return [] if cuts else ["nothing was cut"]


def cycle(stage: Stage, proxy: Proxy, number: int, way: str) -> tuple[list[str], int]:
    """One workspace that is made, changed and deleted, with one request of each cut; what is wrong,
    and how many were."""
    name, did = f"cut-{number}-{'before' if way == BEFORE else 'after'}", 0
    resource = stage.resource(name)
    small = expected(stage, [resource])[name]
    resource["spec"] |= {
        "members": [{"kind": "Group", "name": "team"}],
        "patterns": ["explain_code"],
    }
    large = expected(stage, [resource])[name]
    proxy.cut(number, way)
    stage.ask(name)
    if found := ends(stage, name, f"request {number} of a creation cut {way}", small, proxy):
        return found, did
    did += bool(proxy.was_cut)
    proxy.cut(number, way)
    stage.api.patch(stage.path(name), {"spec": resource["spec"]})
    if found := ends(stage, name, f"request {number} of a change cut {way}", large, proxy):
        return found, did
    did += bool(proxy.was_cut)
    # What is retained goes at once, and every request of that is one of the operator's; of a whole
    # namespace, the cluster's own controller deletes what is in it.
    proxy.cut(number, way)
    stage.api.delete(stage.path(name))
    try:
        stage.until(
            f"request {number} of a deletion cut {way}: it is gone", lambda: not stage.live(name)
        )
    except Failed as late:
        return [f"{late} ({proxy.was_cut})"], did
    left = [it.value["kind"] for it in large if not stage.there(it.value).refused]
    wrong = [it for it in left if it in ("Deployment", "StatefulSet", "Ingress", "Service")]
    if wrong or "PersistentVolumeClaim" not in left:
        return [f"request {number} of a deletion cut {way}: there is left {left}"], did
    did += bool(proxy.was_cut)
    stage.api.delete(f"/api/v1/namespaces/{name}")
    return [], did


def gone(stage: Stage, name: str) -> bool:
    """Whether neither resource nor namespace is there."""
    path = f"/api/v1/namespaces/{name}"
    return not stage.live(name) and stage.api.request("GET", path).status == ABSENT


def ends(stage: Stage, name: str, what: str, things: list, proxy: Proxy) -> list[str]:
    """Whether a workspace becomes Ready, and is what it has to be."""
    try:
        stage.until_condition(name, "Ready", "True")
        stage.until(f"{what}: as in a tree", lambda: not as_in_the_tree(stage, things), 20)
    except Failed as late:
        left = as_in_the_tree(stage, things)
        return [f"{what} ({proxy.was_cut}): {late}: {left[:2]}"]
    return []


def compacted(stage: Stage) -> list[str]:
    """The store is compacted under the watches, and the API server restarts: nothing is missed."""
    stage.ask("compacted")
    stage.until_condition("compacted", "Ready", "True")
    began = stage.mark()
    space = f"/apis/coordination.k8s.io/v1/namespaces/{stage.namespace}"
    leases = f"{space}/leases/{stage.account}"
    (server,) = [it for it in stage.cluster.servers if it.name.endswith("-kube-apiserver")]
    stage.ctx.processes.stop(server, 20)
    again = stage.ctx.processes.start(
        server.name, server.argv, cwd=stage.cluster.folder, log=server.log
    )
    stage.cluster.servers[stage.cluster.servers.index(server)] = again
    wait_until("kube-apiserver is ready again", stage.api.ready, 120, again)
    stage.api.own.connection = None
    own = stage.as_operator()
    stage.until(
        "it knows the operator's rights again", lambda: not own.request("GET", leases).refused
    )
    time.sleep(1)
    stage.restarting.append((began, stage.mark()))
    stage.compact()
    found = []
    stage.api.patch(stage.path("compacted"), {"spec": {"patterns": ["explain_code"]}})
    stage.until_condition("compacted", "Ready", "True")
    path = "/api/v1/namespaces/compacted/serviceaccounts/compacted-ollama"
    stage.api.delete(path)
    try:
        stage.until(
            "what is deleted after the restart comes back",
            lambda: not stage.api.request("GET", path).refused,
        )
    except Failed as late:
        found.append(str(late))
    return found


def leading(stage: Stage) -> str:
    """Who has the lease."""
    path = f"/apis/coordination.k8s.io/v1/namespaces/{stage.namespace}/leases"
    for one in stage.api.get(path)["items"]:
        return str(one["spec"].get("holderIdentity", ""))
    return ""


def led(stage: Stage) -> list[str]:
    """Two replicas: one writes; when it is killed in a storm the other takes over within 20 s."""
    for process in list(stage.running):
        stage.end(process)
    by_pod: dict[str, Process] = {}
    for pod in ("first", "second"):
        by_pod[pod], _ = stage.start(pod)
    stage.until("somebody leads", lambda: leading(stage) in by_pod)
    leader = leading(stage)
    names = [f"storm-{number}" for number in range(12)]
    for name in names[:6]:
        stage.ask(name, onDelete="Delete")
    time.sleep(0.4)
    os.kill(by_pod[leader].handle.pid, signal.SIGKILL)
    stage.running = [it for it in stage.running if it is not by_pod[leader]]
    by_pod[leader].handle.wait()
    killed = time.monotonic()
    for name in names[6:]:
        stage.ask(name, onDelete="Delete")
    found = []
    other = next(pod for pod in by_pod if pod != leader)
    stage.until("the other leads", lambda: leading(stage) == other, 60)
    took = time.monotonic() - killed
    if took > 20:
        found.append(f"the other one led after {took:.0f} s")
    for name in names:
        stage.until_condition(name, "Ready", "True")
    (third, _) = stage.start("third")
    ended = stage.end(by_pod[other])
    if ended > 2:
        found.append(f"after SIGTERM it took {ended:.1f} s to end")
    began = time.monotonic()
    stage.until("the third leads", lambda: leading(stage) == "third", 60)
    if (waited := time.monotonic() - began) > 6:
        found.append(f"a lease that was given back was taken after {waited:.0f} s")
    stage.notes.append(f"killed: {took:.1f} s; ended: {ended:.2f} s, taken over after {waited:.1f}")
    for name in names:
        stage.api.delete(stage.path(name))
    stage.until("the storm is over", lambda: all(gone(stage, name) for name in names), 90)
    if not third.alive():
        found.append(f"the third one ended: {third.tail()}")
    return found
