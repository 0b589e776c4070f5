"""Objects of the judge `live` that no tree has: Secrets that are opened, certificates, Traefik."""

import base64
import subprocess
from pathlib import Path

from harness import node_platform
from harness.live_images import TRAEFIK
from harness.node_k3s import RESTRICTED, named
from harness.node_platform import wanted_keys
from harness.processes import Failed
from harness.trees import Tree

CHAT, TENANTS, TENANT = "chat.example.com", "ws.example.com", "team"
# The tenant's model, and the prompt that another one is made with.
OF_TENANT, REVIEWER = "qwen2.5:0.5b", "reviewer"
STORAGE, STORAGE_ADDRESS, BUCKET = "s3.example.com", "203.0.113.11", "backups"
REGISTRY, BLOBS, REGISTRY_ADDRESS = "registry.ollama.ai", "blobs.example.net", "203.0.113.12"
# Who signs in as what; the passwords have what a shell, JSON, a URL make something else of.
EMAIL, PASSWORD = "admin@example.com", 'S3cret "pa$$ word\\ü 7'
KEY_ID, KEY = "AKIDEXAMPLE", "a-key-of-the-judge"


def value_of(key: str, space: str, tree: Tree) -> str:
    """What a key of a Secret holds."""
    return (
        {
            "email": EMAIL,
            "password": PASSWORD,
            "access-key-id": KEY_ID,
            "secret-access-key": KEY,
        }.get(key)
        or {"key": "k" * 32}.get(key)
        or node_platform.by_hand(tree, space, key)
    )


def secrets_of(tree: Tree) -> list[dict]:
    """The Secrets that the controller would open."""
    found = node_platform.opened(tree, lambda key, space: value_of(key, space, tree))
    pods = [
        thing.value
        for thing in tree.things
        if thing.value["kind"] in (*node_platform.WORKLOADS, "CronJob")
    ]
    for place, keys in wanted_keys(pods).items():
        if place not in found:
            found[place] = {key: value_of(key, place[0], tree) for key in keys}
    return [secret(name, space, values) for (space, name), values in found.items()]


def secret(name: str, space: str, values: dict[str, str], kind: str = "Opaque") -> dict:
    """A Secret."""
    return named(
        "v1",
        "Secret",
        name,
        space,
        type=kind,
        data={key: base64.b64encode(text.encode()).decode() for key, text in values.items()},
    )


def certificate(folder: Path, authority: Path, name: str, hosts: list[str]) -> tuple[Path, Path]:
    """A certificate of the authority that the images trust, with that one's own, and its key."""
    key, request, made = folder / f"{name}.key", folder / f"{name}.csr", folder / f"{name}.crt"
    extensions = folder / f"{name}.ext"
    extensions.write_text(
        "subjectAltName=" + ",".join(f"DNS:{host}" for host in hosts), encoding="utf-8"
    )
    for argv in (
        [
            "openssl",
            "req",
            "-new",
            "-newkey",
            "rsa:2048",
            "-nodes",
            "-keyout",
            key,
            "-subj",
            f"/CN={hosts[0]}",
            "-out",
            request,
        ],
        [
            "openssl",
            "x509",
            "-req",
            "-in",
            request,
            "-CA",
            authority / "ca.crt",
            "-CAkey",
            authority / "ca.key",
            "-CAcreateserial",
            "-CAserial",
            folder / f"{name}.srl",
            "-days",
            "30",
            "-extfile",
            extensions,
            "-out",
            made,
        ],
    ):
        done = subprocess.run(
            list(map(str, argv)),
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            check=False,
        )
        if done.returncode:
            raise Failed(f"openssl: {done.stderr.strip()[-300:]}")
    made.write_text(made.read_text() + (authority / "ca.crt").read_text(), encoding="utf-8")
    return made, key


def access_log(values: dict) -> list[str]:
    """The arguments that the chart makes of what it is told about the log of requests."""
    if not values.get("enabled"):
        return []
    return ["--accesslog=true", f"--accesslog.format={values.get('format', 'common')}"]


def redirect(values: dict) -> list[str]:
    """The arguments that the chart makes of what it is told about plain HTTP: which routers come
    before the one that leads to TLS."""
    told = values.get("ports", {}).get("web", {}).get("http", {}).get("redirections", {})
    priority = told.get("entryPoint", {}).get("priority")
    flag = "--entryPoints.web.http.redirections.entryPoint"
    return [
        f"{flag}.to=:443",
        f"{flag}.scheme=https",
        *([f"{flag}.priority={priority}"] if priority else []),
    ]


def traefik_objects(spec_values: dict) -> list[dict]:
    """Traefik as the chart of k3s makes it with the tree's HelmChartConfig, and its Service."""
    system, rights = "kube-system", "rbac.authorization.k8s.io/v1"
    labels = {
        "app.kubernetes.io/name": "traefik",
        "app.kubernetes.io/instance": "traefik-kube-system",
    }
    watch = ["get", "list", "watch"]
    arguments = [
        "--global.checknewversion=false",
        "--global.sendanonymoususage=false",
        "--entryPoints.traefik.address=:8080/tcp",
        "--entryPoints.web.address=:8000/tcp",
        "--entryPoints.websecure.address=:8443/tcp",
        "--ping=true",
        "--providers.kubernetescrd",
        "--providers.kubernetesingress",
        "--providers.kubernetesingress.ingressendpoint.publishedservice=kube-system/traefik",
        *redirect(spec_values),
        "--entryPoints.websecure.http.tls=true",
        "--log.level=INFO",
        *access_log(spec_values.get("logs", {}).get("access", {})),
        *spec_values.get("additionalArguments", []),
    ]
    pod = {
        "serviceAccountName": "traefik",
        "priorityClassName": "system-cluster-critical",
        "securityContext": {
            "runAsUser": 65532,
            "runAsGroup": 65532,
            "runAsNonRoot": True,
            "seccompProfile": {"type": "RuntimeDefault"},
        },
        "containers": [
            {
                "name": "traefik",
                "image": TRAEFIK,
                "args": arguments,
                "ports": [
                    {"containerPort": 8000, "name": "web"},
                    {"containerPort": 8443, "name": "websecure"},
                ],
                "readinessProbe": {"httpGet": {"path": "/ping", "port": 8080}, "periodSeconds": 2},
                "resources": spec_values.get("resources", {}),
                "securityContext": RESTRICTED,
                "volumeMounts": [{"name": "tmp", "mountPath": "/tmp"}],
            }
        ],
        "volumes": [{"name": "tmp", "emptyDir": {}}],
    }
    return [
        named("v1", "ServiceAccount", "traefik", system),
        named(
            rights,
            "ClusterRole",
            "traefik",
            rules=[
                {
                    "apiGroups": [""],
                    "resources": [
                        "services",
                        "endpoints",
                        "secrets",
                        "nodes",
                        "namespaces",
                        "configmaps",
                    ],
                    "verbs": watch,
                },
                {
                    "apiGroups": ["discovery.k8s.io"],
                    "resources": ["endpointslices"],
                    "verbs": watch,
                },
                {
                    "apiGroups": ["networking.k8s.io"],
                    "resources": ["ingresses", "ingressclasses"],
                    "verbs": watch,
                },
                {"apiGroups": ["traefik.io"], "resources": ["*"], "verbs": watch},
                {
                    "apiGroups": ["networking.k8s.io"],
                    "resources": ["ingresses/status"],
                    "verbs": ["update"],
                },
            ],
        ),
        named(
            rights,
            "ClusterRoleBinding",
            "traefik",
            subjects=[{"kind": "ServiceAccount", "name": "traefik", "namespace": system}],
            roleRef={
                "apiGroup": "rbac.authorization.k8s.io",
                "kind": "ClusterRole",
                "name": "traefik",
            },
        ),
        named(
            "networking.k8s.io/v1",
            "IngressClass",
            "traefik",
            spec={"controller": "traefik.io/ingress-controller"},
        ),
        named(
            "apps/v1",
            "Deployment",
            "traefik",
            system,
            metadata={"labels": labels},
            spec={
                "selector": {"matchLabels": labels},
                "template": {"metadata": {"labels": labels}, "spec": pod},
            },
        ),
        named(
            "v1",
            "Service",
            "traefik",
            system,
            metadata={"labels": labels},
            spec={
                "type": "LoadBalancer",
                "externalTrafficPolicy": "Local",
                "selector": labels,
                "ports": [
                    {"name": name, "port": port, "targetPort": name}
                    for name, port in (("web", 80), ("websecure", 443))
                ],
            },
        ),
    ]
