"""Figures of pods and of the workloads that make them, as scheduler and controllers count them."""

from __future__ import annotations

import dataclasses
import math
import re
from typing import Any

from . import operated

UNITS = {
    "": 1,
    "m": 1 / 1000,
    "k": 10**3,
    "M": 10**6,
    "G": 10**9,
    "T": 10**12,
    "Ki": 1 << 10,
    "Mi": 1 << 20,
    "Gi": 1 << 30,
    "Ti": 1 << 40,
}
# Kinds that make pods, and where the template of these is.
MAKERS = {
    "Deployment": ("template",),
    "StatefulSet": ("template",),
    "DaemonSet": ("template",),
    "ReplicaSet": ("template",),
    "Job": ("template",),
    "CronJob": ("jobTemplate", "spec", "template"),
}


def quantity(text: Any) -> float:
    """The number that a quantity stands for."""
    found = re.fullmatch(r"([0-9.]+(?:[eE][0-9]+)?)([A-Za-z]*)", str(text))
    if found is None or found[2] not in UNITS:
        raise ValueError(f"{text!r} is no quantity")
    return float(found[1]) * UNITS[found[2]]


def pod_requests(spec: dict, resource: str, which: str = "requests") -> float:
    """What the scheduler counts for a pod.

    Its containers and sidecars together, or the greediest init container, whichever is more.
    """

    def asks(one: dict) -> float:
        return quantity(one.get("resources", {}).get(which, {}).get(resource, 0))

    sidecars, peak = 0.0, 0.0
    for one in spec.get("initContainers") or []:
        if one.get("restartPolicy") == "Always":
            sidecars += asks(one)
            peak = max(peak, sidecars)
        else:
            peak = max(peak, sidecars + asks(one))
    return max(peak, sidecars + sum(asks(one) for one in spec["containers"])) + quantity(
        spec.get("overhead", {}).get(resource, 0)
    )


@dataclasses.dataclass(frozen=True)
class Workload:
    """Something that makes pods, as it is written."""

    thing: dict
    namespace: str

    @property
    def key(self) -> str:
        """Kind, namespace and name, as `show budget` names a workload."""
        return f"{self.thing['kind']}/{self.namespace}/{self.thing['metadata']['name']}"

    @property
    def template(self) -> dict:
        """The template of its pods."""
        found = self.thing["spec"]
        for step in MAKERS[self.thing["kind"]]:
            found = found[step]
        return found

    @property
    def pod(self) -> dict:
        """What its pods are."""
        return self.template["spec"]

    @property
    def labels(self) -> dict[str, str]:
        """Labels of its pods."""
        return (self.template.get("metadata") or {}).get("labels") or {}

    @property
    def containers(self) -> list[dict]:
        """All containers of a pod, init containers first."""
        return [*(self.pod.get("initContainers") or []), *self.pod["containers"]]

    @property
    def replicas(self) -> int:
        """How many pods there are at rest.

        Of a Job, while it runs; of a CronJob, as many as may at once; of a DaemonSet, on a node.
        """
        kind, spec = self.thing["kind"], self.thing["spec"]
        if kind == "DaemonSet":
            return 1
        if kind == "CronJob":
            parallel = (spec["jobTemplate"].get("spec") or {}).get("parallelism")
            return (1 if parallel is None else int(parallel)) * (
                1 if spec.get("concurrencyPolicy") in ("Forbid", "Replace") else 2
            )
        value = spec.get("parallelism" if kind == "Job" else "replicas")
        return 1 if value is None else int(value)

    @property
    def surge(self) -> int:
        """How many pods a rolling update adds: a share is rounded up, and the default a quarter."""
        kind, spec = self.thing["kind"], self.thing["spec"]
        default: str | int
        if kind == "Deployment":
            strategy, default = spec.get("strategy") or {}, "25%"
        elif kind == "DaemonSet":
            strategy, default = spec.get("updateStrategy") or {}, 0
        else:
            return 0
        if strategy.get("type", "RollingUpdate") != "RollingUpdate" or not self.replicas:
            return 0
        asked = (strategy.get("rollingUpdate") or {}).get("maxSurge")
        asked = default if asked is None else asked
        return (
            math.ceil(self.replicas * int(asked[:-1]) / 100)
            if isinstance(asked, str) and asked.endswith("%")
            else int(asked)
        )

    @property
    def volumes(self) -> int:
        """Bytes of the volumes that each pod has for itself."""
        return sum(
            round(quantity(it["spec"]["resources"]["requests"]["storage"]))
            for it in self.thing["spec"].get("volumeClaimTemplates") or []
        )

    @property
    def ports(self) -> set[tuple[str, int]]:
        """Protocols and ports on which its containers listen."""
        return {
            (it.get("protocol") or "TCP", int(it["containerPort"]))
            for one in self.containers
            for it in one.get("ports") or []
        }

    def port_called(self, name: str | int) -> int | None:
        """The number of a port that a Service names by number or name."""
        if isinstance(name, int):
            return name
        return next(
            (
                int(it["containerPort"])
                for one in self.containers
                for it in one.get("ports") or []
                if it.get("name") == name
            ),
            None,
        )

    def bears(self, labels: dict[str, str]) -> bool:
        """Whether a selector of these labels picks its pods."""
        return labels.items() <= self.labels.items()


def workloads(objects: list[dict], namespace: str) -> list[Workload]:
    """Those of some objects that make pods, and what operators make of others at run time;
    `namespace` is that of objects that name none."""
    return [
        Workload(it, it["metadata"].get("namespace") or namespace)
        for it in [*objects, *operated.stateful_sets(objects)]
        if it["kind"] in MAKERS
    ]
