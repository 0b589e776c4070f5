"""Stands in for the controllers that no judge runs: gives their kinds the status that says that all
went well."""

from __future__ import annotations

import base64
import threading
import traceback
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from .api import MERGE, Api, ApiError, root_of
from .fakelet import now

if TYPE_CHECKING:
    from .context import Context


def condition(kind: str, thing: dict) -> dict:
    """A status with one condition that is true of the object's present generation."""
    generation = thing["metadata"].get("generation", 1)
    return {
        "observedGeneration": generation,
        "conditions": [
            {
                "type": kind,
                "status": "True",
                "reason": "Fake",
                "message": "no controller runs here",
                "lastTransitionTime": now(),
            }
        ],
    }


def ready(thing: dict) -> dict:
    """What cert-manager writes (its conditions hold the generation themselves)."""
    status = condition("Ready", thing)
    status["conditions"][0]["observedGeneration"] = status.pop("observedGeneration")
    return status


def synced(thing: dict) -> dict:
    """What the sealed-secrets controller writes."""
    status = condition("Synced", thing)
    status["conditions"][0]["lastUpdateTime"] = status["conditions"][0]["lastTransitionTime"]
    return status


def available(thing: dict) -> dict:
    """What prometheus-operator writes, which Argo CD takes Prometheus' health from."""
    status = condition("Available", thing)
    status["conditions"][0]["observedGeneration"] = status.pop("observedGeneration")
    count = thing["spec"].get("replicas", 1)
    return {
        **status,
        "availableReplicas": count,
        "paused": False,
        "replicas": count,
        "unavailableReplicas": 0,
        "updatedReplicas": count,
    }


def balanced(thing: dict) -> dict | None:
    """An address for whatever wants one from outside."""
    if thing["kind"] == "Service" and thing["spec"].get("type") != "LoadBalancer":
        return None
    return {"loadBalancer": {"ingress": [{"ip": "127.0.0.1"}]}}


# For each kind: what its status should be, or None where this object needs none.
KINDS = {
    ("v1", "Service"): balanced,
    ("networking.k8s.io/v1", "Ingress"): balanced,
    ("cert-manager.io/v1", "Certificate"): ready,
    ("cert-manager.io/v1", "Issuer"): ready,
    ("cert-manager.io/v1", "ClusterIssuer"): ready,
    ("bitnami.com/v1alpha1", "SealedSecret"): synced,
    ("monitoring.coreos.com/v1", "Alertmanager"): available,
    ("monitoring.coreos.com/v1", "Prometheus"): available,
}


def contains(has: Any, wanted: Any) -> bool:
    """Whether a status already says what it should (moments aside)."""
    if isinstance(wanted, dict):
        return isinstance(has, dict) and all(
            key.endswith("Time") or contains(has.get(key), inner) for key, inner in wanted.items()
        )
    if isinstance(wanted, list):
        return (
            isinstance(has, list)
            and len(has) == len(wanted)
            and all(contains(one, inner) for one, inner in zip(has, wanted, strict=True))
        )
    return has == wanted


def secret_of(thing: dict) -> dict | None:
    """The Secret that a SealedSecret or a Certificate becomes, with made-up values."""
    meta = thing["metadata"]
    if thing["kind"] == "SealedSecret":
        template = thing["spec"].get("template", {})
        name, kind, keys = (
            meta["name"],
            template.get("type", "Opaque"),
            list(thing["spec"].get("encryptedData", {})),
        )
        labels = template.get("metadata", {}).get("labels", {})
    elif thing["kind"] == "Certificate":
        name, kind, keys, labels = (
            thing["spec"]["secretName"],
            "kubernetes.io/tls",
            ["tls.crt", "tls.key"],
            {},
        )
    else:
        return None
    owner = {
        "apiVersion": thing["apiVersion"],
        "kind": thing["kind"],
        "name": meta["name"],
        "uid": meta["uid"],
        "controller": True,
    }
    value = base64.b64encode(b"made up").decode()
    return {
        "apiVersion": "v1",
        "kind": "Secret",
        "type": kind,
        "data": dict.fromkeys(keys, value),
        "metadata": {
            "name": name,
            "namespace": meta["namespace"],
            "labels": labels,
            **({"ownerReferences": [owner]} if thing["kind"] == "SealedSecret" else {}),
        },
    }


class Patcher:
    """One watch for each kind, begun as soon as the server serves it."""

    def __init__(
        self, api: Api, ctx: Context | None = None, secrets: bool = True, kinds: dict | None = None
    ):
        self.api, self.ctx, self.secrets, self.kinds = api, ctx, secrets, kinds or KINDS
        self.stopping = threading.Event()
        self.troubles: list[str] = []

    def start(self) -> None:
        """Begins to act; what is there already is taken up."""
        for (api_version, kind), wish in self.kinds.items():
            threading.Thread(target=self.loop, args=(api_version, kind, wish), daemon=True).start()

    def stop(self) -> None:
        """Acts no more."""
        self.stopping.set()

    def loop(self, api_version: str, kind: str, wish: Callable[..., Any]) -> None:
        """One kind."""
        while not self.stopping.is_set():
            try:
                plural, _ = self.api.kind(api_version, kind)
                break
            except (LookupError, OSError):
                self.stopping.wait(0.3)
        else:
            return
        for event, thing in self.api.watch(f"{root_of(api_version)}/{plural}", self.stopping):
            if event == "DELETED" or thing["metadata"].get("deletionTimestamp"):
                continue
            try:
                # Items of a list do not say what they are.
                self.act({**thing, "apiVersion": api_version, "kind": kind}, wish)
            except ApiError as refusal:
                # Changed or gone meanwhile: its next event says what to do.
                if refusal.status not in (404, 409):
                    self.troubles.append(str(refusal))
            except OSError:
                if not self.stopping.is_set():
                    self.troubles.append(traceback.format_exc())

    def act(self, thing: dict, wish: Callable[..., Any]) -> None:
        """Brings one object's status, and its Secret, to where they belong."""
        secret = secret_of(thing) if self.secrets else None
        if secret:
            answer = self.api.apply(secret, manager="controller")
            if answer.refused:
                raise ApiError(answer.status, answer.message)
        status = wish(thing)
        if status is not None and not contains(thing.get("status"), status):
            self.api.must("PATCH", self.api.path_of(thing, "status"), {"status": status}, MERGE)
