"""A control plane on which the tree's operator runs: under its own account, rights and policies."""

from __future__ import annotations

import base64
import contextlib
import copy
import json
import time
import urllib.request
from collections import Counter
from collections.abc import Callable
from typing import Any

import yaml

from harness.api import Answer, Api
from harness.cluster import Cluster
from harness.context import Context
from harness.expansion import by_compiler
from harness.placement import STORAGE_CLASS
from harness.planting import NoSubject
from harness.processes import Failed, Process, free_port, wait_until, with_flags
from harness.stand_ins import node
from harness.trees import Thing, Tree

from .apiserver_operator import BOUNDS

CASE = "golden/operator"
GROUP = "apps.aichatworkspaces.io/v1alpha1"
KIND, PLURAL = "AIChatWorkspace", "aichatworkspaces"
MANAGER = "aichat-workspace-operator"
OWNER, MARK = "espalier.dev/owner", "espalier.dev/workspace"
# Of these a workspace makes objects, and each needs a definition of others.
DEFINITIONS = ("sealedsecrets.bitnami.com", "middlewares.traefik.io", "ingressroutes.traefik.io")
# How long anything may take on a busy machine before it is called never; what is measured is
# printed.
PATIENCE = 40.0
# Who does what, without the contents.
AUDIT = {
    "apiVersion": "audit.k8s.io/v1",
    "kind": "Policy",
    "omitStages": ["RequestReceived", "ResponseStarted"],
    "rules": [{"level": "Metadata"}],
}
# Where the audit log says by which token somebody came.
CREDENTIAL = "authentication.kubernetes.io/credential-id"
# What the operator's own Application has, and what the cluster has to have before.
FIRST = ("Namespace", "CustomResourceDefinition", "ServiceAccount", "ConfigMap")
OWN_KINDS = (*FIRST, *BOUNDS)
Meddle = Callable[[dict], "dict | None"]


def subject(ctx: Context) -> Tree:
    """The tree whose workspaces an operator makes."""
    for tree in ctx.trees:
        if tree.name == CASE:
            return tree
    raise NoSubject(f"{CASE} is not among the trees")


def deployment(tree: Tree) -> Thing:
    """The operator's own Deployment."""
    for thing in tree.of_kind("Deployment"):
        words = thing.value["spec"]["template"]["spec"]["containers"][0].get("args") or []
        if "--platform" in " ".join(words):
            return thing
    raise NoSubject(f"{tree.name} has no Deployment of the operator")


def own_objects(tree: Tree) -> list[Thing]:
    """What the operator's own Application makes, and the definition of workspaces."""
    space = deployment(tree).namespace
    folder = deployment(tree).file.split("/")[2]
    return [
        thing
        for thing in tree.things
        if thing.value["kind"] in OWN_KINDS
        and (
            f"/{folder}/" in thing.file
            or (thing.value["kind"], thing.value["metadata"]["name"])
            in (
                ("Namespace", space),
                ("CustomResourceDefinition", f"{PLURAL}.{GROUP.split('/', maxsplit=1)[0]}"),
            )
        )
    ]


def mounted(tree: Tree) -> dict[str, str]:
    """The texts that the operator's pod finds in its folder, by their paths in it."""
    pod = deployment(tree).value["spec"]["template"]["spec"]
    maps = {it.value["metadata"]["name"]: it.value for it in tree.of_kind("ConfigMap")}
    for volume in pod["volumes"]:
        if "configMap" in volume:
            data = maps[volume["configMap"]["name"]]["data"]
            items = volume["configMap"].get("items") or [{"key": it, "path": it} for it in data]
            return {it["path"]: data[it["key"]] for it in items}
    raise NoSubject(f"{tree.name}: the operator's pod mounts no ConfigMap")


class Stage:
    """`with Stage(...) as stage:` has a cluster that is ready for the operator."""

    def __init__(
        self,
        ctx: Context,
        name: str,
        meddle: Meddle = lambda it: it,
        cpu: int = 64,
        memory: str = "256Gi",
        pods: int = 500,
        with_: tuple[str, ...] = ("kcm", "scheduler", "fakelet"),
    ) -> None:
        self.ctx, self.tree, self.meddle = ctx, subject(ctx), meddle
        # The node, in the spec and in the cluster: what a judge fills it with is its own matter.
        self.node: dict[str, Any] = {"cpu": cpu, "memory": memory, "maxPods": pods}
        self.name = name
        self.folder = ctx.fresh(f"{name}-operator")
        policy = self.folder / "audit.yaml"
        policy.write_text(json.dumps(AUDIT))
        self.audit = self.folder / "audit.log"
        # The log stays in one file, whatever comes: it is counted by lines.
        flags = (
            f"--audit-policy-file={policy}",
            f"--audit-log-path={self.audit}",
            "--audit-log-maxsize=4096",
        )
        self.cluster = Cluster(ctx, name, with_=with_, apiserver_flags=flags)
        own = deployment(self.tree)
        pod = own.value["spec"]["template"]["spec"]
        self.namespace, self.account = own.namespace, pod["serviceAccountName"]
        self.arguments: list[str] = pod["containers"][0]["args"]
        self.running: list[Process] = []
        self.platform = self.folder / "platform"
        self.made = 0
        # Of the operators' tokens: the judge has others of the same account.
        self.credentials: set[str] = set()
        self.patience = PATIENCE
        # What the rows tell beside their findings.
        self.notes: list[str] = []
        # Lines of the audit log, each from one to another, between which the server was restarting.
        self.restarting: list[tuple[int, int]] = []
        # What pods may use of the node, as the compiler has it; 0 until somebody asks.
        self.allocatable = 0
        # And what the platform's own pods take of it.
        self.taken = 0

    @property
    def api(self) -> Api:
        """The API, for the judge."""
        return self.cluster.api

    @property
    def user(self) -> str:
        """What the operator is called at the API server."""
        return f"system:serviceaccount:{self.namespace}:{self.account}"

    def __enter__(self) -> Stage:
        self.cluster.__enter__()
        try:
            self.prepare()
        except BaseException:
            self.__exit__()
            raise
        return self

    def __exit__(self, *_: object) -> None:
        for process in list(self.running):
            self.end(process)
        self.cluster.stop()

    def prepare(self) -> None:
        """The node, the definitions, what the operator's own Application has; its folder."""
        for path, text in mounted(self.tree).items():
            file = self.platform / path
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_text(text, encoding="utf-8")
        spec = yaml.safe_load(self.texts()["spec/platform.yaml"])
        spec["spec"]["node"] = self.node
        (self.platform / "spec/platform.yaml").write_text(yaml.safe_dump(spec), encoding="utf-8")
        cpu, memory, pods = self.node["cpu"], self.memory_bytes(), self.node["maxPods"]
        self.api.post("/api/v1/nodes", node("node", 1000 * cpu, memory, pods))
        self.api.post("/apis/storage.k8s.io/v1/storageclasses", STORAGE_CLASS)
        own = [changed for it in own_objects(self.tree) if (changed := self.changed(it))]
        kinds = "CustomResourceDefinition"
        others = [it for it in self.ctx.crds() if it["metadata"]["name"] in DEFINITIONS]
        self.api.install_crds([*others, *(it for it in own if it["kind"] == kinds)])
        own = [it for it in own if it["kind"] != kinds]
        own.sort(key=lambda it: it["kind"] not in FIRST)
        own.sort(key=lambda it: it["kind"] != "Namespace")
        for one in own:
            self.must_apply(one)

    def changed(self, thing: Thing) -> dict | None:
        """One of the operator's own objects, as somebody made it for this stage."""
        return self.meddle(copy.deepcopy(thing.value))

    def memory_bytes(self) -> int:
        """The memory of the node."""
        return int(str(self.node["memory"]).removesuffix("Gi")) << 30

    def texts(self) -> dict[str, str]:
        """What the operator finds in its folder, by paths."""
        return {
            str(it.relative_to(self.platform)): it.read_text(encoding="utf-8")
            for it in sorted(self.platform.rglob("*"))
            if it.is_file()
        }

    def must_apply(self, thing: dict, manager: str = "judge") -> dict:
        """Applies an object of the stage itself."""
        answer = self.api.apply(thing, manager=manager)
        if answer.refused:
            raise Failed(f"{thing['kind']}/{thing['metadata']['name']}: {answer.message}")
        return answer.body

    def token(self) -> str:
        """A token of the operator's account."""
        path = f"/api/v1/namespaces/{self.namespace}/serviceaccounts/{self.account}/token"
        wanted = {"apiVersion": "authentication.k8s.io/v1", "kind": "TokenRequest", "spec": {}}
        answer: str = self.api.post(path, wanted)["status"]["token"]
        return answer

    def as_operator(self) -> Api:
        """The API, as the operator's account sees it."""
        return Api(self.cluster.url, self.token(), str(self.cluster.ca))

    def start(
        self, pod: str = "one", url: str | None = None, ready: bool = True
    ) -> tuple[Process, int]:
        """Starts the operator with the arguments of its Deployment; its process, and the port that
        tells of it."""
        probes, metrics = free_port(), free_port()
        argv = [self.ctx.tool("espalier-operator"), *self.told(probes, metrics)]
        return self.launch(pod, argv, probes if ready else 0, url), metrics

    def launch(self, pod: str, argv: list[str], probes: int, url: str | None = None) -> Process:
        """Starts a program under the operator's account; where a port is named on which it tells
        whether it is ready, waits for that."""
        process = self.ctx.processes.start(
            f"{self.name}-{pod}-{self.made}",
            argv,
            env=self.as_kubeconfig(pod, url),
            cwd=self.folder,
        )
        self.running.append(process)
        if probes:
            wait_until(
                f"the operator `{pod}` is ready",
                lambda: answers(f"http://127.0.0.1:{probes}/readyz"),
                PATIENCE,
                process,
                pause=0.02,
            )
        return process

    def as_kubeconfig(self, pod: str, url: str | None = None) -> dict[str, str]:
        """The environment of a program that comes with a new token of the operator's account."""
        self.made += 1
        token = self.token()
        self.credentials.add(credential(token))
        file = self.folder / f"{pod}-{self.made}.kubeconfig"
        file.write_text(self.cluster.as_somebody("operator", token, self.namespace, url))
        return {"KUBECONFIG": str(file), "POD_NAME": pod, "POD_NAMESPACE": self.namespace}

    def told(self, probes: int, metrics: int) -> list[str]:
        """The Deployment's arguments, with places of this machine."""
        own = {
            "--platform": str(self.platform),
            "--metrics-bind-address": f"127.0.0.1:{metrics}",
            "--health-probe-bind-address": f"127.0.0.1:{probes}",
        }
        return with_flags(self.arguments, own)

    def fallen(self) -> list[str]:
        """The last words of operators that have ended."""
        return [it.tail(3) for it in self.running if not it.alive()]

    def rises(self) -> None:
        """The next check has an operator again."""
        if not any(it.alive() for it in self.running):
            self.running.clear()
            self.start()

    def end(self, process: Process, patience: float = 25.0) -> float:
        """Ends the operator as a kubelet does; how long that took."""
        began = time.monotonic()
        self.running = [it for it in self.running if it is not process]
        self.ctx.processes.stop(process, patience)
        return time.monotonic() - began

    def path(self, name: str = "") -> str:
        """Where resources lie."""
        root = f"/apis/{GROUP}/namespaces/{self.namespace}/{PLURAL}"
        return f"{root}/{name}" if name else root

    def resource(self, name: str, **spec: Any) -> dict:
        """A workspace for a developer, which needs no certificate and no administrator."""
        least = {"workspaceName": name, "workspaceENV": "dev", "models": ["qwen2.5:0.5b"]}
        meta = {"name": name, "namespace": self.namespace}
        return {"apiVersion": GROUP, "kind": KIND, "metadata": meta, "spec": {**least, **spec}}

    def ask(self, name: str, **spec: Any) -> dict:
        """Somebody asks for a workspace."""
        return self.api.post(self.path(), self.resource(name, **spec))

    def live(self, name: str) -> dict:
        """A resource as it is; nothing where there is none."""
        answer = self.api.request("GET", self.path(name))
        return {} if answer.refused else answer.body

    def condition(self, name: str, kind: str) -> tuple[str, str, str]:
        """Status, reason and message of a condition of what the resource is now."""
        live = self.live(name)
        generation = live.get("metadata", {}).get("generation")
        for one in live.get("status", {}).get("conditions") or []:
            if one["type"] == kind and one.get("observedGeneration") == generation:
                return one["status"], one["reason"], one.get("message", "")
        return "", "", ""

    def until(self, what: str, ready: Callable[[], object], seconds: float = 0) -> float:
        """Waits; how long it took."""
        began = time.monotonic()
        operator = self.running[0] if self.running else None
        wait_until(what, ready, seconds or self.patience, operator, pause=0.02)
        return time.monotonic() - began

    def until_condition(
        self, name: str, kind: str, status: str, reason: str = "", seconds: float = 0
    ) -> float:
        """Waits until a condition says something."""

        def says() -> bool:
            live = self.condition(name, kind)
            return live[0] == status and (not reason or live[1] == reason)

        try:
            return self.until(f"{name}: {kind}={status} {reason}", says, seconds)
        except Failed as late:
            raise Failed(f"{late}; it is {self.condition(name, kind)}") from None

    def until_said(self, name: str, kind: str) -> None:
        """Waits until a condition says yes or no."""
        self.until(f"{name}: {kind}", lambda: self.condition(name, kind)[0] in ("True", "False"))

    def until_gone(self, name: str) -> None:
        """Waits until a resource is gone."""
        self.until(f"{name} is gone", lambda: not self.live(name))

    def there(self, thing: dict) -> Answer:
        """An object of a workspace as it is."""
        return self.api.request("GET", self.api.path_of(thing))

    def log(self, since: int = 0, until: int | None = None) -> list[dict]:
        """What the operator asked the API server, from a line of the audit log to another."""
        if not self.audit.is_file():
            return []
        lines = self.audit.read_text(encoding="utf-8").splitlines()[since:until]
        found = [json.loads(line) for line in lines if self.user in line]
        return [
            it
            for it in found
            if self.credentials & set(it["user"].get("extra", {}).get(CREDENTIAL, []))
        ]

    def compact(self) -> None:
        """Compacts the store, up to now."""
        flag = "--listen-client-urls="
        words = next(it.argv for it in self.cluster.servers if it.name.endswith("-etcd"))
        url = next(str(it).removeprefix(flag) for it in words if str(it).startswith(flag))
        revision = asked(f"{url}/v3/kv/range", {"key": "AA=="})["header"]["revision"]
        asked(f"{url}/v3/kv/compaction", {"revision": revision})

    def mark(self) -> int:
        """Where the audit log is now."""
        time.sleep(0.3)
        text = self.audit.read_text(encoding="utf-8") if self.audit.is_file() else ""
        return len(text.splitlines())

    def writes(self, since: int = 0) -> Counter[str]:
        """What the operator's account wrote, but for leases."""
        verbs = {"create", "update", "patch", "delete", "deletecollection"}
        return Counter(
            f"{it['verb']} {it['objectRef']['resource']}"
            + (f"/{it['objectRef']['subresource']}" if "subresource" in it["objectRef"] else "")
            for it in self.log(since)
            if it["verb"] in verbs and it["objectRef"]["resource"] != "leases"
        )


def credential(token: str) -> str:
    """What the audit log calls a token."""
    part = token.split(".")[1]
    claims = json.loads(base64.urlsafe_b64decode(part + "=" * (-len(part) % 4)))
    return f"JTI={claims['jti']}"


def asked(url: str, body: dict) -> dict[str, Any]:
    """The answer to a question in JSON."""
    request = urllib.request.Request(url, json.dumps(body).encode(), method="POST")
    with urllib.request.urlopen(request, timeout=10) as answer:
        found: dict[str, Any] = json.loads(answer.read())
        return found


def answers(url: str) -> bool:
    """Whether somebody says 200 there."""
    try:
        with urllib.request.urlopen(url, timeout=2) as answer:
            return bool(answer.status == 200)
    except OSError:
        return False


def metrics_of(port: int) -> dict[str, float]:
    """What the operator tells about itself, by name and labels."""
    with urllib.request.urlopen(f"http://127.0.0.1:{port}/metrics", timeout=5) as answer:
        text = answer.read().decode()
    found = {}
    for line in text.splitlines():
        if line and not line.startswith("#"):
            name, _, value = line.rpartition(" ")
            with contextlib.suppress(ValueError):
                found[name] = float(value)
    return found


def compiled(ctx: Context, texts: dict[str, str], resources: list[dict]) -> dict[str, list[Thing]]:
    """What the compiler makes of the same workspaces, in a tree: by workspace."""
    named = {it["spec"]["workspaceName"]: it for it in resources}
    written = {f"spec/workspaces/{name}.yaml": yaml.safe_dump(it) for name, it in named.items()}
    things = by_compiler(ctx, texts | written)
    return {
        name: [it for it in things if it.file.startswith(f"out/manifests/ws-{name}/")]
        for name in named
    }
