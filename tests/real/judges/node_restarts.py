"""What comes back by itself: a good image after a bad one, all pods after a power cut."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

from harness.api import Api
from harness.node_platform import WORKLOADS, containers_of, template_of
from harness.node_pods import told
from harness.node_world import World
from harness.table import Row

from .node_drills import path_of, rolled

if TYPE_CHECKING:
    from .node import Platform

BAD = "docker.io/espalier/no-such-image:0"
# How long nothing may happen before a workload counts as one that does not come back.
PATIENCE = 60


def set_image(api: Api, value: dict, image: str) -> None:
    """Gives each container of a workload an image, as another version in the spec does."""
    pod = value["spec"]["template"]["spec"]
    lists = {
        key: [{"name": one["name"], "image": image} for one in pod[key]]
        for key in ("initContainers", "containers")
        if pod.get(key)
    }
    answer = api.request(
        "PATCH",
        path_of(value),
        {"spec": {"template": {"spec": lists}}},
        "application/strategic-merge-patch+json",
    )
    if answer.refused:
        raise RuntimeError(f"{value['metadata']['name']}: {answer.message}")


def image_of(value: dict) -> str:
    """The one image of a workload's containers."""
    (image,) = {one["image"] for one in containers_of(template_of(value))}
    return image


def refused_image(world: World, value: dict) -> bool:
    """Whether a pod of a workload says that its image cannot be had."""
    return any(
        pod["metadata"]["name"].startswith(value["metadata"]["name"])
        and "no-such-image" in told(pod)
        for pod in world.pods(value["metadata"]["namespace"])
    )


def revert(platform: Platform, row: Row) -> None:
    """Good, bad, good again: each workload comes back by itself, and nobody deletes a pod."""
    world, api = platform.world, platform.world.api
    values = [one for one in platform.objects if one["kind"] in WORKLOADS]
    row.objects, good = len(values), {}
    for value in values:
        good[value["metadata"]["name"]] = image_of(value)
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
    took = back(api, values, PATIENCE)
    notes = [f"{name} back after {seconds:.0f} s" for name, seconds in took.items()]
    for value in values:
        if value["metadata"]["name"] not in took:
            kept = " and keeps the broken pod" if refused_image(world, value) else ""
            row.findings.append(
                f"{value['kind']}/{value['metadata']['name']}: not back after its image was good"
                f"{kept}"
            )
    row.note = ", ".join(notes)
    _, unready = world.wait_ready(platform.expected, 60)
    row.findings += [f"after the revert: {one}" for one in unready]


def back(api: Api, values: list[dict], patience: float) -> dict[str, float]:
    """When each workload was rolled out, until nothing more has come for so long."""
    began = last = time.monotonic()
    took: dict[str, float] = {}
    while len(took) < len(values) and time.monotonic() - last < patience:
        for value in values:
            if value["metadata"]["name"] not in took and rolled(api, path_of(value)):
                last = time.monotonic()
                took[value["metadata"]["name"]] = last - began
        time.sleep(0.3)
    return took


def power_cut(platform: Platform, row: Row) -> None:
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
