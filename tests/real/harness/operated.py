"""StatefulSets that an operator makes at run time of a chart's resources, as its source makes
them."""

from __future__ import annotations

from collections.abc import Iterator

NAME, INSTANCE = "app.kubernetes.io/name", "app.kubernetes.io/instance"
# Ports of what the operator puts beside Prometheus, and before it.
RELOADER, FIRST_RELOADER = 8080, 8081
FLAG = "--config-reloader-"


# Of each kind that the operator runs: the port that it answers at, and further ones.
OPERATED = {"Alertmanager": 9093, "Prometheus": 9090}
MESH = [
    {"name": "mesh-tcp", "containerPort": 9094, "protocol": "TCP"},
    {"name": "mesh-udp", "containerPort": 9094, "protocol": "UDP"},
]


def stateful_sets(objects: list[dict]) -> Iterator[dict]:
    """One for each resource `Prometheus` or `Alertmanager`."""
    for it in objects:
        if it["kind"] in OPERATED and it["apiVersion"].startswith("monitoring.coreos.com/"):
            yield of_resource(it, of_reloader(objects))


def of_reloader(objects: list[dict]) -> dict:
    """The resources that the operator gives the container beside Prometheus, by its own options:
    of 0 it sets none."""
    words = [
        word
        for it in objects
        if it["kind"] == "Deployment"
        for container in it["spec"]["template"]["spec"]["containers"]
        for word in container.get("args") or []
    ]
    told = dict(word.removeprefix(FLAG).split("=", 1) for word in words if word.startswith(FLAG))
    resources: dict[str, dict[str, str]] = {"requests": {}, "limits": {}}
    for key, value in told.items():
        resource, _, which = key.partition("-")
        if value != "0":
            resources[f"{which}s"][resource] = value
    return resources


def of_resource(resource: dict, reloader: dict) -> dict:
    """The StatefulSet of a resource."""
    spec, meta = resource["spec"], resource["metadata"]
    program = resource["kind"].lower()
    labels = {
        NAME: program,
        INSTANCE: meta["name"],
        "app.kubernetes.io/managed-by": "prometheus-operator",
        program: meta["name"],
    }
    if program == "prometheus":
        labels["operator.prometheus.io/name"] = meta["name"]
        labels["operator.prometheus.io/shard"] = "0"
    own = {
        "name": program,
        # The operator has an image of its own where the resource names none.
        "image": spec.get("image", program),
        "ports": [
            {"name": spec.get("portName") or "web", "containerPort": OPERATED[resource["kind"]]},
            *(MESH if program == "alertmanager" else []),
        ],
        "resources": spec.get("resources") or {},
    }
    pod = {
        "automountServiceAccountToken": spec.get("automountServiceAccountToken", True),
        "serviceAccountName": spec.get("serviceAccountName"),
        "initContainers": patched(
            [container("init-config-reloader", "reloader-init", FIRST_RELOADER, reloader)],
            spec.get("initContainers"),
        ),
        "containers": patched(
            [own, container("config-reloader", "reloader-web", RELOADER, reloader)],
            spec.get("containers"),
        ),
    }
    more = {
        key: spec[key]
        for key in ("affinity", "nodeSelector", "tolerations", "topologySpreadConstraints")
        if key in spec
    }
    claim = (spec.get("storage") or {}).get("volumeClaimTemplate")
    claims = [{**claim, "metadata": {"name": f"{program}-{meta['name']}-db"}}] if claim else []
    return {
        "apiVersion": "apps/v1",
        "kind": "StatefulSet",
        "metadata": {
            "name": f"{program}-{meta['name']}",
            **({"namespace": meta["namespace"]} if "namespace" in meta else {}),
        },
        "spec": {
            "replicas": spec.get("replicas", 1),
            "serviceName": f"{program}-operated",
            "selector": {"matchLabels": {NAME: program, INSTANCE: meta["name"]}},
            "template": {"metadata": {"labels": labels}, "spec": {**pod, **more}},
            "volumeClaimTemplates": claims,
        },
    }


def container(name: str, port: str, number: int, resources: dict) -> dict:
    """A container that the operator makes, of an image of its own."""
    return {
        "name": name,
        "image": "config-reloader",
        "ports": [{"name": port, "containerPort": number}],
        "resources": resources,
    }


def patched(made: list[dict], patches: list[dict] | None) -> list[dict]:
    """Containers with what the resource lays over them, by their names; others come behind."""
    over = {it["name"]: it for it in patches or []}
    out = [merged(it, over.pop(it["name"], {})) for it in made]
    return [*out, *over.values()]


def merged(one: dict, other: dict) -> dict:
    """A map with another laid over it, maps in it likewise."""
    out = dict(one)
    for key, value in other.items():
        known = out.get(key)
        both = isinstance(known, dict) and isinstance(value, dict)
        out[key] = merged(known or {}, value) if both else value
    return out
