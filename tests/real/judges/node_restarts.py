"""What comes back by itself: a good image after a bad one, all pods after a power cut."""

import time

from . import node_pods
from .node_drills import path_of, rolled
from .node_platform import WORKLOADS
from .node_pods import told

BAD = "docker.io/espalier/no-such-image:0"
PATIENCE = 60
# How long nothing may happen before a broken pod counts as one that its StatefulSet keeps for ever.
SHORT_PATIENCE = 20


def set_image(api, value: dict, image: str) -> None:
    """Gives the first container of a workload an image."""
    name = value["spec"]["template"]["spec"]["containers"][0]["name"]
    answer = api.request(
        "PATCH",
        path_of(value),
        {"spec": {"template": {"spec": {"containers": [{"name": name, "image": image}]}}}},
        "application/strategic-merge-patch+json",
    )
    if answer.refused:
        raise RuntimeError(f"{value['metadata']['name']}: {answer.message}")


def refused_image(world, value: dict) -> bool:
    """Whether a pod of a workload says that its image cannot be had."""
    return any(
        pod["metadata"]["name"].startswith(value["metadata"]["name"])
        and "no-such-image" in told(pod)
        for pod in world.pods(value["metadata"]["namespace"])
    )


def ordered(value: dict) -> bool:
    """Whether a controller replaces a pod only when the one before is Ready: it then waits for a
    broken pod that it has made itself."""
    return (
        value["kind"] == "StatefulSet"
        and value["spec"].get("podManagementPolicy", "OrderedReady") == "OrderedReady"
    )


def revert(platform, row) -> None:
    """Good, bad, good again: each workload comes back by itself; of a StatefulSet Kubernetes says
    that it may not, and what needs it waits with it."""
    world, api = platform.world, platform.world.api
    values = [one for one in platform.objects if one["kind"] in WORKLOADS]
    row.objects, good = len(values), {}
    for value in values:
        first = value["spec"]["template"]["spec"]["containers"][0]
        good[value["metadata"]["name"]] = first["image"]
        set_image(api, value, BAD)
    began = time.monotonic()
    waiting = values
    while waiting and time.monotonic() - began < 90:
        waiting = [value for value in waiting if not refused_image(world, value)]
        time.sleep(0.3)
    for value in waiting:
        row.findings.append(f"{value['metadata']['name']}: no pod says that its image is not there")
    for value in values:
        set_image(api, value, good[value["metadata"]["name"]])
    took = back(api, values, SHORT_PATIENCE)
    notes = [f"{name} back after {seconds:.0f} s" for name, seconds in took.items()]
    stuck = [value for value in values if value["metadata"]["name"] not in took]
    broken = [value for value in stuck if ordered(value) and refused_image(world, value)]
    if broken:
        release(world, broken)
        names = ", ".join(value["metadata"]["name"] for value in broken)
        notes.append(f"{names} kept the broken pod until it was deleted by hand")
    late = back(api, stuck, PATIENCE)
    notes += [f"{name} then back after {seconds:.0f} s" for name, seconds in late.items()]
    for value in stuck:
        if value["metadata"]["name"] not in late:
            row.findings.append(
                f"{value['kind']}/{value['metadata']['name']}: not back after its image was good"
            )
    row.note = ", ".join(notes)
    _, waiting = world.wait_ready(platform.expected, 60)
    row.findings += [f"after the revert: {one}" for one in waiting]


def back(api, values: list[dict], patience: float) -> dict[str, float]:
    """When each workload was rolled out, until nothing more has come for so long."""
    began, took, last = time.monotonic(), {}, time.monotonic()
    while len(took) < len(values) and time.monotonic() - last < patience:
        for value in values:
            if value["metadata"]["name"] not in took and rolled(api, path_of(value)):
                last = time.monotonic()
                took[value["metadata"]["name"]] = last - began
        time.sleep(0.3)
    return took


def release(world, values: list[dict]) -> None:
    """Deletes the pods with a bad image, as a person has to."""
    for value in values:
        for pod in world.pods(value["metadata"]["namespace"]):
            own = pod["metadata"]["name"].startswith(value["metadata"]["name"])
            if own and "no-such-image" in told(pod):
                world.api.delete(node_pods.path_of(pod))


def power_cut(platform, row) -> None:
    """Everything ends at once, the control plane too; what is on the disk starts again, in no
    order, and nobody helps."""
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
        row.findings.append(
            f"{len(before) - stayed} of {len(before)} pods were replaced, a power cut replaces none"
        )
    row.note = f"node Ready after {up:.0f} s, all pods after {time.monotonic() - began:.0f} s"
