"""A control plane with an issuer of tokens, and the API of workspaces as a process of its own
account."""

from __future__ import annotations

import base64
import copy
import json
import time
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import yaml

from harness.api import Api
from harness.cluster import Cluster
from harness.context import Context
from harness.issuer import Issuer
from harness.processes import Failed, Process, free_port, wait_until, with_flags
from harness.trees import Tree

from .api_client import Client
from .api_rights import (
    API,
    HOUSE,
    NAMESPACE,
    OF_SERVER,
    PEOPLE,
    authentication,
    claims,
    of_people,
    of_the_api,
    serving,
    subject,
)
from .operator_stage import AUDIT, CREDENTIAL, GROUP, KIND, PLURAL, answers, asked, credential

PATIENCE = 40.0
# Where API servers tell each other up to where the store is compacted.
COMPACTED = "compact_rev_key"
# Bounds that no check comes to but the one of bounds.
FREE = ("--rate", "10000", "--burst", "10000")
WRITES = ("create", "update", "patch", "delete", "deletecollection")
MODEL = "llama3.2:1b-instruct-q4_K_M"
Meddle = Callable[[dict], "dict | None"]


@dataclass
class Serving:
    """The API, as it runs."""

    process: Process
    url: str
    probes: str
    metrics: str


class Stage:
    """`with Stage(...) as stage:` has a cluster, the accounts, the issuer; `start` runs the API."""

    def __init__(
        self,
        ctx: Context,
        name: str,
        meddle: Meddle = lambda it: it,
        node: dict[str, Any] | None = None,
    ) -> None:
        self.ctx, self.name, self.meddle = ctx, name, meddle
        self.tree: Tree = subject(ctx)
        self.folder = ctx.fresh(f"{name}-api")
        self.issuer = Issuer(self.folder)
        self.config = authentication(self.tree, self.issuer.url, self.issuer.ca.read_text())
        self.client_id: str = self.config["jwt"][0]["issuer"]["audiences"][0]
        self.audit = self.folder / "audit.log"
        for file, value in (("audit.yaml", AUDIT), ("authentication.yaml", self.config)):
            (self.folder / file).write_text(json.dumps(value))
        flags = (
            f"--audit-policy-file={self.folder}/audit.yaml",
            f"--audit-log-path={self.audit}",
            "--audit-log-maxsize=4096",
            f"--authentication-config={self.folder}/authentication.yaml",
            f"--api-audiences={OF_SERVER}",
        )
        self.cluster = Cluster(ctx, name, apiserver_flags=flags)
        self.platform = self.folder / "platform"
        self.node = node or {"cpu": 64, "memory": "256Gi", "maxPods": 500}
        self.credentials: set[str] = set()
        self.running: list[Serving] = []
        self.notes: list[str] = []
        self.made = 0
        # The address that clients ask; a fault stands between it and the process.
        self.url = ""
        self.kept: dict[str, str] = {}

    @property
    def api(self) -> Api:
        """The API server, for the judge."""
        return self.cluster.api

    def __enter__(self) -> Stage:
        self.issuer.__enter__()
        try:
            self.cluster.__enter__()
            self.prepare()
        except BaseException:
            self.__exit__()
            raise
        return self

    def __exit__(self, *_: object) -> None:
        for one in list(self.running):
            self.end(one)
        self.cluster.stop()
        self.issuer.__exit__()

    def prepare(self) -> None:
        """The definition of workspaces, the accounts and their rights; the folder of the API."""
        for file in (self.tree.spec_root / "spec").rglob("*"):
            path = file.relative_to(self.tree.spec_root)
            # Workspaces are resources here, and not files.
            if file.is_file() and path.parts[1] != "workspaces":
                (self.platform / path).parent.mkdir(parents=True, exist_ok=True)
                (self.platform / path).write_bytes(file.read_bytes())
        spec = self.platform / "spec/platform.yaml"
        platform = yaml.safe_load(spec.read_text(encoding="utf-8"))
        platform["spec"]["node"] = self.node
        spec.write_text(yaml.safe_dump(platform), encoding="utf-8")
        space = {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": NAMESPACE}}
        self.api.apply(space)
        definitions = [
            it.value
            for it in self.tree.of_kind("CustomResourceDefinition")
            if it.value["spec"]["names"]["kind"] == KIND
        ]
        self.api.install_crds(definitions)
        for thing in (*of_people(), *of_the_api(self.tree)):
            changed = self.meddle(copy.deepcopy(thing))
            if changed is not None:
                answer = self.api.apply(changed)
                if answer.refused:
                    raise Failed(f"{thing['kind']}/{thing['metadata']['name']}: {answer.message}")

    def token(
        self, name: str, namespace: str = HOUSE, audience: str = API, seconds: int = 3600
    ) -> str:
        """A new token of an account; an ordinary one where no audience is named."""
        spec: dict[str, Any] = {"expirationSeconds": seconds}
        spec |= {"audiences": [audience]} if audience else {}
        path = f"/api/v1/namespaces/{namespace}/serviceaccounts/{name}/token"
        wanted = {"apiVersion": "authentication.k8s.io/v1", "kind": "TokenRequest", "spec": spec}
        answer: str = self.api.post(path, wanted)["status"]["token"]
        return answer

    def of_issuer(self, who: str, **how: Any) -> str:
        """A token that the issuer has signed for somebody."""
        return self.issuer.token(**({"audience": self.client_id} | claims(who) | how))

    def by(self, who: str, fresh: bool = False) -> Client:
        """Somebody, with a token that was made for the API."""
        if fresh or who not in self.kept:
            if who not in PEOPLE:
                raise LookupError(who)
            self.kept[who] = self.token(who)
        return Client(self.url, self.kept[who])

    def start(self, *flags: str, ready: bool = True) -> Serving:
        """Starts the API with the arguments of the tree, under its own account."""
        self.made += 1
        token = self.token(API, NAMESPACE, "")
        self.credentials.add(credential(token))
        file = self.folder / f"serve-{self.made}.kubeconfig"
        file.write_text(self.cluster.as_somebody(API, token, NAMESPACE))
        ports = [free_port() for _ in range(3)]
        urls = [f"http://127.0.0.1:{port}" for port in ports]
        process = self.ctx.processes.start(
            f"{self.name}-serve-{self.made}",
            [self.ctx.tool("espalier-operator"), *self.told(ports), *flags],
            env={"KUBECONFIG": str(file)},
            cwd=self.folder,
        )
        one = Serving(process, urls[0], urls[1], urls[2])
        self.running.append(one)
        if ready:
            probe = f"{one.probes}/readyz"
            wait_until("the API is ready", lambda: answers(probe), PATIENCE, process, pause=0.02)
        self.url = one.url
        return one

    def told(self, ports: list[int]) -> list[str]:
        """The arguments of the tree, with places of this machine."""
        own = {
            "--platform": str(self.platform),
            "--bind-address": f"127.0.0.1:{ports[0]}",
            "--health-probe-bind-address": f"127.0.0.1:{ports[1]}",
            "--metrics-bind-address": f"127.0.0.1:{ports[2]}",
        }
        return with_flags(serving(self.tree), own)

    def fallen(self) -> list[str]:
        """The last words of an API that has ended."""
        return [it.process.tail(3) for it in self.running if not it.process.alive()]

    def rises(self) -> None:
        """The next check has an API again."""
        if not any(it.process.alive() for it in self.running):
            self.running.clear()
            self.start(*FREE)

    def end(self, one: Serving) -> None:
        """Ends the API as a kubelet does."""
        self.running = [it for it in self.running if it is not one]
        self.ctx.processes.stop(one.process, 25.0)

    def path(self, name: str = "") -> str:
        """Where resources lie at the API server."""
        root = f"/apis/{GROUP}/namespaces/{NAMESPACE}/{PLURAL}"
        return f"{root}/{name}" if name else root

    def workspace(self, name: str, labels: dict | None = None, **spec: Any) -> dict:
        """A workspace, as a body has it."""
        least = {"workspaceName": name, "workspaceENV": "dev", "models": [MODEL]}
        meta: dict[str, Any] = {"name": name} | ({"labels": labels} if labels else {})
        return {"apiVersion": GROUP, "kind": KIND, "metadata": meta, "spec": {**least, **spec}}

    def put(self, name: str, labels: dict | None = None, **spec: Any) -> dict:
        """Makes a workspace past the API; what is there of this name goes first."""
        self.api.delete(self.path(name))
        return self.api.post(self.path(), self.workspace(name, labels, **spec))

    def live(self, name: str) -> dict:
        """A resource as it is; nothing where there is none."""
        answer = self.api.request("GET", self.path(name))
        return {} if answer.refused else answer.body

    def version(self, name: str) -> str:
        """The version of a resource; nothing where there is none."""
        version: str = self.live(name).get("metadata", {}).get("resourceVersion", "")
        return version

    def emptied(self) -> None:
        """Takes away all workspaces."""
        self.api.request("DELETE", self.path())

    def mark(self) -> int:
        """Where the audit log is now."""
        time.sleep(0.1)
        return len(self.lines())

    def lines(self) -> list[str]:
        """The audit log."""
        return self.audit.read_text(encoding="utf-8").splitlines() if self.audit.is_file() else []

    def log(self, since: int = 0) -> list[dict]:
        """What the API asked the API server, from a line of the audit log on."""
        found = [json.loads(line) for line in self.lines()[since:] if API in line]
        return [
            it
            for it in found
            if self.credentials & set(it["user"].get("extra", {}).get(CREDENTIAL, []))
        ]

    def asked_for(self, since: int = 0) -> Counter[str]:
        """How often it asked for what, by verb and resource."""
        abouts = [(it["verb"], it.get("objectRef") or {}) for it in self.log(since)]
        return Counter(f"{verb} {about['resource']}" for verb, about in abouts if about)

    def writes(self, since: int = 0) -> Counter[str]:
        """What it wrote: no review, and no dry run."""
        return Counter(
            it["verb"]
            for it in self.log(since)
            if it["verb"] in WRITES
            and (it.get("objectRef") or {}).get("resource") == PLURAL
            and "dryRun=All" not in it["requestURI"]
            and it["responseStatus"]["code"] < 300
        )

    def compact(self) -> None:
        """Compacts the store up to now, as API servers do: each of them hears of it, and forgets
        what it remembers of before."""
        flag = "--listen-client-urls="
        words = next(it.argv for it in self.cluster.servers if it.name.endswith("-etcd"))
        url = next(str(it).removeprefix(flag) for it in words if str(it).startswith(flag))
        revision = asked(f"{url}/v3/kv/range", {"key": "AA=="})["header"]["revision"]
        asked(f"{url}/v3/kv/compaction", {"revision": revision})
        key, value = (base64.b64encode(it.encode()).decode() for it in (COMPACTED, revision))
        asked(f"{url}/v3/kv/put", {"key": key, "value": value})

    def until(self, what: str, ready: Callable[[], object], seconds: float = 15) -> None:
        """Waits while the API runs."""
        process = self.running[-1].process if self.running else None
        wait_until(what, ready, seconds, process, pause=0.02)
