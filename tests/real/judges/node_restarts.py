"""What comes back by itself: a good image after a bad one, all pods after a power cut."""

import time

from .node_drills import path_of, rolled
from .node_platform import WORKLOADS
from .node_world import told

BAD = "docker.io/espalier/no-such-image:0"
PATIENCE = 60
# How long a StatefulSet is given that may wait for its broken pod for ever.
SHORT_PATIENCE = 15


def set_image(api, value: dict, image: str) -> None:
    """Gives the first container of a workload an image."""
    name = value["spec"]["template"]["spec"]["containers"][0]["name"]
    answer = api.request("PATCH", path_of(value), {"spec": {"template": {"spec": {"containers": [{"name": name, "image": image}]}}}},
                         "application/strategic-merge-patch+json")
    if answer.refused:
        raise RuntimeError(f"{value['metadata']['name']}: {answer.message}")


def refused_image(world, value: dict) -> bool:
    """Whether a pod of a workload says that its image cannot be had."""
    return any(pod["metadata"]["name"].startswith(value["metadata"]["name"]) and "no-such-image" in told(pod)
               for pod in world.pods(value["metadata"]["namespace"]))


def ordered(value: dict) -> bool:
    """Whether a controller replaces a pod only when the one before is Ready: it then waits for a broken pod that it has made itself."""
    return value["kind"] == "StatefulSet" and value["spec"].get("podManagementPolicy", "OrderedReady") == "OrderedReady"


def revert(platform, row) -> None:
    """Good, bad, good again: each workload comes back by itself; of a StatefulSet Kubernetes says that it may not."""
    world, api = platform.world, platform.world.api
    values = [one for one in platform.objects if one["kind"] in WORKLOADS]
    row.objects, good = len(values), {}
    for value in values:
        good[value["metadata"]["name"]] = value["spec"]["template"]["spec"]["containers"][0]["image"]
        set_image(api, value, BAD)
    began = time.monotonic()
    while not all(refused_image(world, value) for value in values) and time.monotonic() - began < 90:
        time.sleep(0.3)
    for value in values:
        if not refused_image(world, value):
            row.findings.append(f"{value['metadata']['name']}: no pod says that its image cannot be had")
        set_image(api, value, good[value["metadata"]["name"]])
    began, took, last = time.monotonic(), {}, time.monotonic()
    while len(took) < len(values) and time.monotonic() - began < PATIENCE:
        if all(ordered(value) for value in values if value["metadata"]["name"] not in took) and time.monotonic() - last > SHORT_PATIENCE:
            break
        before = len(took)
        took |= {value["metadata"]["name"]: time.monotonic() - began for value in values
                 if value["metadata"]["name"] not in took and rolled(api, path_of(value))}
        last = time.monotonic() if len(took) != before else last
        time.sleep(0.3)
    stuck = [value for value in values if value["metadata"]["name"] not in took]
    notes = [f"{name} back after {seconds:.0f} s" for name, seconds in took.items()]
    for value in stuck:
        name = value["metadata"]["name"]
        if not ordered(value):
            row.findings.append(f"{value['kind']}/{name}: not back {PATIENCE} s after its image was good again")
            continue
        began = time.monotonic()
        for pod in world.pods(value["metadata"]["namespace"]):
            if pod["metadata"]["name"].startswith(name) and "no-such-image" in told(pod):
                api.delete(f"/api/v1/namespaces/{value['metadata']['namespace']}/pods/{pod['metadata']['name']}")
        while not rolled(api, path_of(value)) and time.monotonic() - began < PATIENCE:
            time.sleep(0.3)
        if rolled(api, path_of(value)):
            notes.append(f"{name} waits for its broken pod, and is back {time.monotonic() - began:.0f} s after that was deleted by hand")
        else:
            row.findings.append(f"StatefulSet/{name}: not back {PATIENCE} s after its broken pod was deleted")
    row.note = ", ".join(notes)
    _, waiting = world.wait_ready(platform.expected, 60)
    row.findings += [f"after the revert: {one}" for one in waiting]


def power_cut(platform, row) -> None:
    """Everything ends at once, the control plane too; what is on the disk starts again, in no order, and nobody helps."""
    world, row.objects = platform.world, platform.expected
    before = {pod["metadata"]["uid"] for pod in world.pods()}
    began = time.monotonic()
    world.power_cut()
    up = time.monotonic() - began
    # The kubelet has to see that nothing runs any more before Ready means anything.
    _, waiting = world.wait_ready(platform.expected, 150, started_after=world.booted)
    row.findings += [f"not Ready again after 150 s: {one}" for one in waiting]
    stayed = sum(pod["metadata"]["uid"] in before for pod in world.pods())
    if stayed != len(before):
        row.findings.append(f"{len(before) - stayed} of {len(before)} pods were replaced, a power cut replaces none")
    row.note = f"node Ready after {up:.0f} s, all pods after {time.monotonic() - began:.0f} s"
