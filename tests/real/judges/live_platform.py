"""The platform of the judge `live`: the committed spec with other hosts, a tenant and a storage for backups, on a node with real programs."""

import base64
import json
import shutil
import subprocess
import sys
import time
import urllib.parse
from pathlib import Path

import yaml

from . import node_platform
from .live_images import NAMES, TRAEFIK
from .node_images import stored_as
from .node_inside import BIND, GATEWAY, NODE
from .node_platform import RESTRICTED, named, wanted_keys
from .node_world import World
from .processes import Failed, wait_until
from .sandbox import mount
from .trees import Tree

REAL = Path(__file__).resolve().parent.parent
CHAT, TENANTS, TENANT = "chat.example.com", "ws.example.com", "team"
STORAGE, STORAGE_ADDRESS, BUCKET = "s3.example.com", "203.0.113.11", "backups"
REGISTRY, BLOBS, REGISTRY_ADDRESS = "registry.ollama.ai", "blobs.example.net", "203.0.113.12"
# Who signs in as what; the passwords have what a shell, JSON, a URL make something else of.
EMAIL, PASSWORD = "admin@example.com", "S3cret \"pa$$ word\\ü 7"
KEY_ID, KEY = "AKIDEXAMPLE", "a-key-of-the-judge"
# ChatML, as the model was trained; with tools it says them, so that Ollama takes it for a model that has them.
TEMPLATE = """{{- if .System }}<|im_start|>system
{{ .System }}<|im_end|>
{{ end }}{{- if .Tools }}<|im_start|>system
{{ range .Tools }}{{ . }}
{{ end }}<|im_end|>
{{ end }}{{- range .Messages }}<|im_start|>{{ .Role }}
{{ .Content }}<|im_end|>
{{ end }}<|im_start|>assistant
"""
# The smallest of models wanders off where it may choose: it takes the likeliest word each time.
PARAMS = {"stop": ["<|im_start|>", "<|im_end|>"], "temperature": 0}


def make_tree(ctx, change=lambda spec: None) -> Path:
    """The committed spec, changed, rendered; its folder."""
    root = ctx.fresh("platform")
    shutil.copytree(ctx.root / "spec", root / "spec")
    spec = yaml.safe_load((root / "spec/platform.yaml").read_text(encoding="utf-8"))
    inner = spec["spec"]
    inner["domains"] = {"chat": CHAT, "workspaces": TENANTS}
    inner["components"]["backup"] = {"s3": {"endpoint": f"https://{STORAGE}", "bucket": BUCKET, "region": "eu-central-1"}}
    change(inner)
    (root / "spec/platform.yaml").write_text(yaml.safe_dump(spec, sort_keys=False), encoding="utf-8")
    (root / "spec/workspaces").mkdir(exist_ok=True)
    (root / f"spec/workspaces/{TENANT}.yaml").write_text(yaml.safe_dump({
        "apiVersion": "apps.aichatworkspaces.io/v1alpha1", "kind": "AIChatWorkspace", "metadata": {"name": TENANT},
        "spec": {"workspaceName": TENANT, "models": ["qwen2.5:0.5b"]}}), encoding="utf-8")
    done = ctx.run_espalier(root, "render")
    if done.returncode:
        raise Failed(f"espalier render: {done.stderr.strip()[-900:]}")
    return root


def value_of(key: str, space: str, tree: Tree) -> str:
    """What a key of a Secret holds."""
    return {"email": EMAIL, "password": PASSWORD, "access-key-id": KEY_ID, "secret-access-key": KEY}.get(key) or {
        "key": "k" * 32}.get(key) or node_platform.by_hand(tree, space, key)


def secrets_of(tree: Tree) -> list[dict]:
    """The Secrets that the controller would open."""
    found: dict[tuple[str, str], dict[str, str]] = {}
    for thing in tree.of_kind("SealedSecret"):
        spec = thing.value["spec"]
        plain = {key: value_of(key, thing.namespace, tree) for key in spec["encryptedData"]}
        composed = {key: node_platform.re.sub(r"{{.*?\.(\w+)[^}]*}}", lambda it: urllib.parse.quote(plain[it[1]], safe=""), text)
                    for key, text in spec.get("template", {}).get("data", {}).items()}
        found[thing.namespace, thing.value["metadata"]["name"]] = plain | composed
    pods = [thing.value for thing in tree.things if thing.value["kind"] in (*node_platform.WORKLOADS, "CronJob")]
    for place, keys in wanted_keys(pods).items():
        if place not in found:
            found[place] = {key: value_of(key, place[0], tree) for key in keys}
    return [secret(name, space, values) for (space, name), values in found.items()]


def secret(name: str, space: str, values: dict[str, str], kind: str = "Opaque") -> dict:
    """A Secret."""
    return named("v1", "Secret", name, space, type=kind, data={key: base64.b64encode(text.encode()).decode() for key, text in values.items()})


def certificate(folder: Path, authority: Path, name: str, hosts: list[str]) -> tuple[Path, Path]:
    """A certificate of the authority that the images trust, with the authority's own behind it, and its key."""
    key, request, made = folder / f"{name}.key", folder / f"{name}.csr", folder / f"{name}.crt"
    extensions = folder / f"{name}.ext"
    extensions.write_text("subjectAltName=" + ",".join(f"DNS:{host}" for host in hosts), encoding="utf-8")
    for argv in (
        ["openssl", "req", "-new", "-newkey", "rsa:2048", "-nodes", "-keyout", key, "-subj", f"/CN={hosts[0]}", "-out", request],
        ["openssl", "x509", "-req", "-in", request, "-CA", authority / "ca.crt", "-CAkey", authority / "ca.key", "-CAcreateserial",
         "-CAserial", folder / f"{name}.srl", "-days", "30", "-extfile", extensions, "-out", made]):
        done = subprocess.run(list(map(str, argv)), stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False)
        if done.returncode:
            raise Failed(f"openssl: {done.stderr.strip()[-300:]}")
    made.write_text(made.read_text() + (authority / "ca.crt").read_text(), encoding="utf-8")
    return made, key


def traefik_objects(spec_values: dict) -> list[dict]:
    """Traefik as the chart of k3s makes it with the tree's HelmChartConfig, its Service with the node's address."""
    system, rights = "kube-system", "rbac.authorization.k8s.io/v1"
    labels = {"app.kubernetes.io/name": "traefik", "app.kubernetes.io/instance": "traefik-kube-system"}
    watch = ["get", "list", "watch"]
    arguments = ["--global.checknewversion=false", "--global.sendanonymoususage=false", "--entryPoints.traefik.address=:8080/tcp",
                 "--entryPoints.web.address=:8000/tcp", "--entryPoints.websecure.address=:8443/tcp", "--ping=true",
                 "--providers.kubernetesingress", "--providers.kubernetesingress.ingressendpoint.publishedservice=kube-system/traefik",
                 "--entryPoints.web.http.redirections.entryPoint.to=:443", "--entryPoints.web.http.redirections.entryPoint.scheme=https",
                 "--entryPoints.websecure.http.tls=true", "--log.level=INFO", *spec_values.get("additionalArguments", [])]
    pod = {"serviceAccountName": "traefik", "priorityClassName": "system-cluster-critical",
           "securityContext": {"runAsUser": 65532, "runAsGroup": 65532, "runAsNonRoot": True, "seccompProfile": {"type": "RuntimeDefault"}},
           "containers": [{"name": "traefik", "image": TRAEFIK, "args": arguments,
                           "ports": [{"containerPort": 8000, "name": "web"}, {"containerPort": 8443, "name": "websecure"}],
                           "readinessProbe": {"httpGet": {"path": "/ping", "port": 8080}, "periodSeconds": 2},
                           "resources": spec_values.get("resources", {}), "securityContext": RESTRICTED,
                           "volumeMounts": [{"name": "tmp", "mountPath": "/tmp"}]}],
           "volumes": [{"name": "tmp", "emptyDir": {}}]}
    return [
        named("v1", "ServiceAccount", "traefik", system),
        named(rights, "ClusterRole", "traefik", rules=[
            {"apiGroups": [""], "resources": ["services", "endpoints", "secrets", "nodes", "namespaces", "configmaps"], "verbs": watch},
            {"apiGroups": ["discovery.k8s.io"], "resources": ["endpointslices"], "verbs": watch},
            {"apiGroups": ["networking.k8s.io"], "resources": ["ingresses", "ingressclasses"], "verbs": watch},
            {"apiGroups": ["networking.k8s.io"], "resources": ["ingresses/status"], "verbs": ["update"]}]),
        named(rights, "ClusterRoleBinding", "traefik", subjects=[{"kind": "ServiceAccount", "name": "traefik", "namespace": system}],
              roleRef={"apiGroup": "rbac.authorization.k8s.io", "kind": "ClusterRole", "name": "traefik"}),
        named("networking.k8s.io/v1", "IngressClass", "traefik", spec={"controller": "traefik.io/ingress-controller"}),
        named("apps/v1", "Deployment", "traefik", system, metadata={"labels": labels}, spec={
            "selector": {"matchLabels": labels}, "template": {"metadata": {"labels": labels}, "spec": pod}}),
        named("v1", "Service", "traefik", system, metadata={"labels": labels}, spec={
            "type": "LoadBalancer", "externalTrafficPolicy": "Local", "selector": labels,
            "ports": [{"name": name, "port": port, "targetPort": name} for name, port in (("web", 80), ("websecure", 443))]}),
    ]


class Live:
    """The platform that runs: a node, what is outside of it, the tree's objects; `with Live(ctx, tree) as live:`."""

    def __init__(self, ctx, root: Path, name: str = "live", storage: Path | None = None):
        self.ctx, self.tree, self.about = ctx, Tree("live", root), ctx.manifest["live"]
        self.budget = ctx.budget(root)
        self.world = World.of_tree(ctx, root, self.budget, name=name)
        self.folder = self.world.folder / "outside"
        self.folder.mkdir()
        self.storage = storage or ctx.fresh("storage")
        self.authority = Path(self.about["authority"])
        self.log = self.folder / "names"
        self.expected = 0

    def __enter__(self) -> "Live":
        try:
            self.start()
        except BaseException:
            self.world.destroy()
            raise
        return self

    def __exit__(self, *_) -> None:
        self.world.destroy()

    def start(self) -> None:
        """Everything up to the pods."""
        self.world.start()
        self.outside()
        self.world.import_image(Path(self.about["archive"]))
        unknown = sorted({one["image"] for value in self.pods_of_tree() for one in node_platform.containers_of(node_platform.template_of(value))
                          if stored_as(one["image"]) not in NAMES})
        if unknown:
            raise Failed(f"nothing here is {', '.join(unknown)}: judges/live_images.py has other versions than the tree")
        objects = [one for one in node_platform.objects_of(self.tree) if one["kind"] != "Secret"]
        made, key = certificate(self.folder, self.authority, "hosts", [CHAT, f"{TENANT}.{TENANTS}"])
        tls = {"tls.crt": made.read_text(), "tls.key": key.read_text()}
        secrets = [secret(one["secretName"], thing.namespace, tls, "kubernetes.io/tls") for thing in self.tree.of_kind("Ingress")
                   for one in thing.value["spec"].get("tls", [])]
        spaces = [one for one in objects if one["kind"] == "Namespace"]
        rest = [one for one in objects if one["kind"] != "Namespace"]
        # The platform's own chat has the last wave: what it needs is Ready before.
        last = [one for one in rest if one["kind"] == "Deployment" and one["metadata"]["name"] == "openwebui"]
        first = [one for one in rest if one not in last]
        self.world.apply([*spaces, *secrets_of(self.tree), *secrets, *first, *traefik_objects(self.values_of_traefik())])
        self.world.api.patch("/api/v1/namespaces/kube-system/services/traefik/status", {
            "status": {"loadBalancer": {"ingress": [{"ip": NODE, "ipMode": "VIP"}]}}})
        self.expected = node_platform.pods_expected(rest) + 1
        self.wait("the database is Ready", lambda: any(map(is_ready, self.pods("ai", "postgresql"))), 240)
        self.world.apply(last)

    def pods_of_tree(self) -> list[dict]:
        """What makes pods."""
        return [thing.value for thing in self.tree.things if thing.value["kind"] in (*node_platform.WORKLOADS, "CronJob")]

    def values_of_traefik(self) -> dict:
        """What the tree tells the chart."""
        config = self.tree.of_kind("HelmChartConfig")
        return yaml.safe_load(config[0].value["spec"]["valuesContent"]) if config else {}

    def outside(self) -> None:
        """Names, the registry, the storage."""
        # The node's own stand-in of an outside listens on every address: it makes room.
        self.world.must("bash", "-c", 'for one in /proc/[0-9]*; do [[ $(<"$one/comm") != standin ]] || kill "${one##*/}"; done')
        for address in (REGISTRY_ADDRESS, STORAGE_ADDRESS):
            self.world.must("ip", "-n", "world", "addr", "add", f"{address}/32", "dev", "lo")
        made, key = certificate(self.folder, self.authority, "outside", [REGISTRY, BLOBS, STORAGE])
        settings = self.folder / "settings.json"
        settings.write_text(json.dumps({
            "resolver": GATEWAY, "address": REGISTRY_ADDRESS, "log": str(self.log), "certificate": str(made), "key": str(key),
            "names": {REGISTRY: REGISTRY_ADDRESS, BLOBS: REGISTRY_ADDRESS, STORAGE: STORAGE_ADDRESS, CHAT: NODE, f"{TENANT}.{TENANTS}": NODE},
            "models": self.models(), "model": self.about["model"], "template": TEMPLATE, "params": PARAMS, "blobs": BLOBS,
            "away": str(self.folder / "away"), "ready": str(self.folder / "ready")}), encoding="utf-8")
        self.log.touch()
        # For whoever asks from here: the script, as on the node itself. Once a run: the next platform has the same names.
        hosts = self.ctx.temp / "hosts"
        if not hosts.exists():
            hosts.write_text(f"127.0.0.1 localhost\n{NODE} {CHAT} {TENANT}.{TENANTS}\n", encoding="utf-8")
            mount(str(hosts), "/etc/hosts", "", BIND)
        server = self.world.serve("registry", sys.executable, REAL / "judges/live_outside.py", settings, outside=True)
        wait_until("what is outside is there", (self.folder / "ready").exists, 30, server)
        (self.storage / BUCKET).mkdir(parents=True, exist_ok=True)
        self.world.serve("storage", self.ctx.tool("rclone"), "serve", "s3", "--addr", f"{STORAGE_ADDRESS}:443", "--cert", made, "--key", key,
                         "--auth-key", f"{KEY_ID},{KEY}", "--force-path-style", "--dir-cache-time", "1s", self.storage, outside=True)
        # CoreDNS asks outside for what is no name of the cluster.
        self.world.api.patch("/api/v1/namespaces/kube-system/configmaps/coredns", {"data": {"NodeHosts": ""}})

    def models(self) -> list[str]:
        """The models that the tree's pods pull."""
        found = [variable["value"].split() for value in self.pods_of_tree() for one in node_platform.containers_of(node_platform.template_of(value))
                 for variable in one.get("env", []) if variable["name"] == "MODELS"]
        return sorted({one for names in found for one in names})

    def ready(self, seconds: float = 420) -> float:
        """Waits for all pods; how long it took."""
        took, waiting = self.world.wait_ready(self.expected, seconds)
        if waiting:
            raise Failed(f"not Ready after {took:.0f} s: {'; '.join(waiting)}")
        return took

    def asked_outside(self) -> set[str]:
        """The names that anybody asked for outside of the cluster."""
        return set(self.log.read_text(encoding="utf-8").split())

    def pods(self, space: str, name: str) -> list[dict]:
        """The pods of a workload."""
        return [one for one in self.world.pods(space) if one["metadata"].get("labels", {}).get("app.kubernetes.io/name") == name
                and not one["metadata"].get("deletionTimestamp")]

    def wait(self, what: str, check, seconds: float) -> float:
        """Waits until something holds; how long it took."""
        began = time.monotonic()
        wait_until(what, check, seconds, pause=0.3)
        return time.monotonic() - began


def is_ready(pod: dict) -> bool:
    """Whether a pod is Ready and stays."""
    return not pod["metadata"].get("deletionTimestamp") and any(
        one["type"] == "Ready" and one["status"] == "True" for one in pod["status"].get("conditions", []))
