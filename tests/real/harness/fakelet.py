"""Stands in for kubelet and volume provisioner: bound pods run, deleted pods vanish, claims get a
volume."""

from __future__ import annotations

import datetime
import threading
import traceback
from collections.abc import Callable
from typing import Any

from .api import MERGE, Api, ApiError

PROVISIONER = "rancher.io/local-path"


def now() -> str:
    """The time as the API writes it."""
    return datetime.datetime.now(datetime.UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


def pod_status(pod: dict) -> dict:
    """The status of a pod whose containers all run, or, for a Job's pod, all ended well."""
    moment, job = (
        now(),
        any(owner["kind"] == "Job" for owner in pod["metadata"].get("ownerReferences", [])),
    )
    done = {
        "terminated": {
            "exitCode": 0,
            "reason": "Completed",
            "startedAt": moment,
            "finishedAt": moment,
        }
    }
    running = {"running": {"startedAt": moment}}

    def containers(which: str, ready: bool, state: dict) -> list[dict]:
        return [
            {
                "name": one["name"],
                "image": one["image"],
                "imageID": "",
                "restartCount": 0,
                # A native sidecar goes on running beside the others.
                **(
                    {"ready": True, "started": True, "state": running}
                    if one.get("restartPolicy") == "Always" and not job
                    else {"ready": ready, "started": ready, "state": state}
                ),
            }
            for one in pod["spec"].get(which, [])
        ]

    conditions = [
        one for one in pod.get("status", {}).get("conditions", []) if one["type"] == "PodScheduled"
    ]
    conditions += [
        {
            "type": kind,
            "status": "False" if job and kind != "Initialized" else "True",
            "lastTransitionTime": moment,
        }
        for kind in ("Initialized", "Ready", "ContainersReady")
    ]
    return {
        "phase": "Succeeded" if job else "Running",
        "startTime": moment,
        "conditions": conditions,
        "podIP": "127.0.0.1",
        "podIPs": [{"ip": "127.0.0.1"}],
        "containerStatuses": containers("containers", not job, done if job else running),
        "initContainerStatuses": containers("initContainers", True, done),
    }


def volume(claim: dict, node: str) -> dict:
    """The volume that k3s' local-path provisioner would make for a claim."""
    meta, spec = claim["metadata"], claim["spec"]
    return {
        "apiVersion": "v1",
        "kind": "PersistentVolume",
        "metadata": {
            "name": f"pvc-{meta['uid']}",
            "annotations": {"pv.kubernetes.io/provisioned-by": PROVISIONER},
        },
        "spec": {
            "accessModes": spec["accessModes"],
            "capacity": {"storage": spec["resources"]["requests"]["storage"]},
            "persistentVolumeReclaimPolicy": "Delete",
            "storageClassName": spec.get("storageClassName", ""),
            "volumeMode": spec.get("volumeMode", "Filesystem"),
            "local": {"path": f"/opt/{meta['name']}"},
            "claimRef": {
                "apiVersion": "v1",
                "kind": "PersistentVolumeClaim",
                "name": meta["name"],
                "namespace": meta["namespace"],
                "uid": meta["uid"],
            },
            "nodeAffinity": {
                "required": {
                    "nodeSelectorTerms": [
                        {
                            "matchExpressions": [
                                {
                                    "key": "kubernetes.io/hostname",
                                    "operator": "In",
                                    "values": [node],
                                }
                            ]
                        }
                    ]
                }
            },
        },
    }


class Fakelet:
    """Two watches in two threads."""

    def __init__(self, api: Api):
        self.api, self.stopping = api, threading.Event()
        self.troubles: list[str] = []

    def start(self) -> None:
        """Begins to act; what is there already is taken up."""
        for path, act in (
            ("/api/v1/pods", self.pod),
            ("/api/v1/persistentvolumeclaims", self.claim),
        ):
            threading.Thread(target=self.loop, args=(path, act), daemon=True).start()

    def stop(self) -> None:
        """Acts no more."""
        self.stopping.set()

    def loop(self, path: str, act: Callable[..., Any]) -> None:
        """One watch."""
        for kind, thing in self.api.watch(path, self.stopping):
            if kind in ("ADDED", "MODIFIED"):
                try:
                    act(thing)
                except ApiError as refusal:
                    # Gone or changed meanwhile: its next event says what to do.
                    if refusal.status not in (404, 409):
                        self.troubles.append(str(refusal))
                except OSError:
                    if not self.stopping.is_set():
                        self.troubles.append(traceback.format_exc())

    def pod(self, pod: dict) -> None:
        """A bound pod starts, a deleted one is confirmed gone."""
        meta = pod["metadata"]
        path = f"/api/v1/namespaces/{meta['namespace']}/pods/{meta['name']}"
        if not pod["spec"].get("nodeName"):
            return
        if meta.get("deletionTimestamp"):
            self.api.delete(
                path,
                {
                    "kind": "DeleteOptions",
                    "apiVersion": "v1",
                    "gracePeriodSeconds": 0,
                    "preconditions": {"uid": meta["uid"]},
                },
            )
        elif pod.get("status", {}).get("phase", "Pending") == "Pending":
            self.api.must("PATCH", f"{path}/status", {"status": pod_status(pod)}, MERGE)

    def claim(self, claim: dict) -> None:
        """A claim for which the scheduler chose a node gets its volume; the real controller binds
        the two."""
        node = claim["metadata"].get("annotations", {}).get("volume.kubernetes.io/selected-node")
        if (
            node
            and not claim["spec"].get("volumeName")
            and not claim["metadata"].get("deletionTimestamp")
        ):
            self.api.post("/api/v1/persistentvolumes", volume(claim, node))
