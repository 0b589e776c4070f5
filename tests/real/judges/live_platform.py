"""The platform of the judge `live`: the committed spec with other hosts, a tenant, a storage."""

from __future__ import annotations

import json
import re
import shutil
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any, Self

import yaml

from harness import node_platform
from harness.context import Context
from harness.live_images import NAMES, REDIS
from harness.node_images import stored_as
from harness.node_inside import BIND, GATEWAY, NODE
from harness.node_pods import ready
from harness.node_world import World
from harness.processes import Failed, wait_until
from harness.sandbox import mount
from harness.trees import Tree

from . import live_hosts
from .live_objects import (
    BLOBS,
    BUCKET,
    CHAT,
    EMAIL,
    KEY,
    KEY_ID,
    OF_TENANT,
    REGISTRY,
    REGISTRY_ADDRESS,
    REVIEWER,
    STORAGE,
    STORAGE_ADDRESS,
    TENANT,
    TENANTS,
    certificate,
    secret,
    secrets_of,
    traefik_objects,
)

REAL = Path(__file__).resolve().parent.parent
# Words of a line about something that failed.
TROUBLE = re.compile(r"\b\w*(error|fail|refused|timed out)", re.IGNORECASE)
# ChatML, as the model was trained; it says tools, so that Ollama takes it for a model with them.
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


def make_tree(
    ctx: Context,
    change: Callable[..., Any] = lambda spec: None,
    tenants: tuple[str, ...] = (TENANT,),
) -> Path:
    """The committed spec, changed, with tenants, rendered; its folder."""
    root = ctx.fresh("platform")
    shutil.copytree(ctx.root / "spec", root / "spec")
    spec = yaml.safe_load((root / "spec/platform.yaml").read_text(encoding="utf-8"))
    inner = spec["spec"]
    inner["domains"] = {"chat": CHAT, "workspaces": TENANTS}
    inner["components"]["backup"] = {
        "s3": {"endpoint": f"https://{STORAGE}", "bucket": BUCKET, "region": "eu-central-1"}
    }
    change(inner)
    (root / "spec/platform.yaml").write_text(
        yaml.safe_dump(spec, sort_keys=False), encoding="utf-8"
    )
    (root / "spec/workspaces").mkdir(exist_ok=True)
    for name in tenants:
        workspace = {
            "apiVersion": "apps.aichatworkspaces.io/v1alpha1",
            "kind": "AIChatWorkspace",
            "metadata": {"name": name},
            "spec": {
                "workspaceName": name,
                "models": [OF_TENANT],
                "prompts": [{"name": REVIEWER, "system": "You answer in English, and briefly."}],
                # On several nodes nobody's address is seen.
                "administrator": {
                    "email": EMAIL,
                    "sealed": {"suffix": "x7k2p", "password": "AQ" + "A" * 382},
                },
            },
        }
        (root / f"spec/workspaces/{name}.yaml").write_text(
            yaml.safe_dump(workspace), encoding="utf-8"
        )
    # What the committed platform has no credential of; the judge opens all of them as one.
    for words in (("seal", "--generate-missing"), ("render",)):
        done = ctx.run_espalier(root, *words)
        if done.returncode:
            raise Failed(f"espalier {' '.join(words)}: {done.stderr.strip()[-900:]}")
    return root


class Live:
    """The platform that runs: a node, what is outside, the tree's objects; `with Live(…)`."""

    def __init__(self, ctx: Context, root: Path, name: str = "live", storage: Path | None = None):
        self.ctx, self.tree, self.about = ctx, Tree("live", root), ctx.manifest["live"]
        self.budget = ctx.budget(root)
        self.world = World.of_tree(ctx, root, self.budget, name=name)
        self.folder = self.world.folder / "outside"
        self.folder.mkdir()
        self.storage = storage or ctx.fresh("storage")
        self.authority = Path(self.about["authority"])
        self.log = self.folder / "names"
        self.expected, self.shots, self.chat, self.model = 0, Path(), "", ""
        self.questions = live_hosts.Questions(self.world)

    def __enter__(self) -> Self:
        try:
            self.start()
        except BaseException:
            self.__exit__()
            raise
        return self

    def __exit__(self, *_: object) -> None:
        self.questions.stop()
        self.world.destroy()

    def forget(self) -> None:
        """Removes the files of a node that has ended."""
        self.world.forget()

    def start(self) -> None:
        """Everything up to the pods."""
        self.world.start()
        self.outside()
        for archive in ("archive", "redis"):
            self.world.import_image(Path(self.about[archive]))
        unknown = sorted(
            {
                one["image"]
                for value in self.pods_of_tree()
                for one in node_platform.containers_of(node_platform.template_of(value))
                if stored_as(one["image"]) not in NAMES | REDIS
            }
        )
        if unknown:
            raise Failed(
                f"nothing here is {', '.join(unknown)}: "
                "judges/live_images.py has other versions than the tree"
            )
        objects = [one for one in node_platform.objects_of(self.tree) if one["kind"] != "Secret"]
        made, key = certificate(self.folder, self.authority, "hosts", self.hosts())
        tls = {"tls.crt": made.read_text(), "tls.key": key.read_text()}
        secrets = [
            secret(one["secretName"], thing.namespace, tls, "kubernetes.io/tls")
            for thing in self.tree.of_kind("Ingress")
            for one in thing.value["spec"].get("tls", [])
        ]
        self.world.apply([one for one in self.ctx.crds() if one["spec"]["group"] == "traefik.io"])
        self.wait("the server has the kinds of Traefik", self.has_traefik_kinds, 60)
        objects += [
            thing.value
            for thing in self.tree.things
            if thing.value["apiVersion"].startswith("traefik.io/")
        ]
        spaces = [one for one in objects if one["kind"] == "Namespace"]
        rest = [one for one in objects if one["kind"] != "Namespace"]
        # The platform's own chat has the last wave: what it needs is Ready before.
        last = [
            one
            for one in rest
            if one["kind"] == "Deployment" and one["metadata"]["name"] == "openwebui"
        ]
        first = [one for one in rest if one not in last]
        self.world.apply(
            [
                *spaces,
                *secrets_of(self.tree),
                *secrets,
                *first,
                *traefik_objects(self.values_of_traefik()),
            ]
        )
        self.lead_in()
        self.expected = node_platform.pods_expected(rest) + 1
        for name in ("postgresql", "redis"):
            if any(one["metadata"]["name"] == name for one in self.pods_of_tree()):
                self.wait(
                    f"{name} is Ready",
                    lambda name=name: any(map(ready, self.pods("ai", name))),
                    240,
                )
        self.world.apply(last)

    def hosts(self) -> list[str]:
        """The public hosts, whose names lead to the node."""
        return [CHAT, f"{TENANT}.{TENANTS}"]

    def lead_in(self) -> None:
        """What comes to the node's own address comes to Traefik, as by k3s' load balancer."""
        self.world.api.patch(
            "/api/v1/namespaces/kube-system/services/traefik/status",
            {"status": {"loadBalancer": {"ingress": [{"ip": NODE, "ipMode": "VIP"}]}}},
        )

    def has_traefik_kinds(self) -> bool:
        """Whether middlewares can be written."""
        try:
            self.world.api.kind("traefik.io/v1alpha1", "Middleware")
            self.world.api.kind("traefik.io/v1alpha1", "TLSOption")
        except LookupError:
            return False
        return True

    def pods_of_tree(self) -> list[dict]:
        """What makes pods."""
        return [
            thing.value
            for thing in self.tree.things
            if thing.value["kind"] in (*node_platform.WORKLOADS, "CronJob")
        ]

    def values_of_traefik(self) -> dict:
        """What the tree tells the chart."""
        config = self.tree.of_kind("HelmChartConfig")
        return yaml.safe_load(config[0].value["spec"]["valuesContent"]) if config else {}

    def outside(self) -> None:
        """Names, the registry, the storage."""
        # The node's own stand-in of an outside listens on every address: it makes room.
        self.world.must(
            "bash",
            "-c",
            'for one in /proc/[0-9]*; do [[ $(<"$one/comm") != standin ]] ||'
            ' kill "${one##*/}"; done',
        )
        for address in (REGISTRY_ADDRESS, STORAGE_ADDRESS):
            self.world.must("ip", "-n", "world", "addr", "add", f"{address}/32", "dev", "lo")
        made, key = certificate(self.folder, self.authority, "outside", [REGISTRY, BLOBS, STORAGE])
        settings = self.folder / "settings.json"
        settings.write_text(
            json.dumps(
                {
                    "resolver": GATEWAY,
                    "address": REGISTRY_ADDRESS,
                    "log": str(self.log),
                    "certificate": str(made),
                    "key": str(key),
                    "names": {
                        REGISTRY: REGISTRY_ADDRESS,
                        BLOBS: REGISTRY_ADDRESS,
                        STORAGE: STORAGE_ADDRESS,
                        **dict.fromkeys(self.hosts(), NODE),
                    },
                    "models": self.models(),
                    "model": self.about["model"],
                    "template": TEMPLATE,
                    "params": PARAMS,
                    "blobs": BLOBS,
                    "ready": str(self.folder / "ready"),
                }
            ),
            encoding="utf-8",
        )
        self.log.touch()
        # For the script, as on the node itself. Once a run: the next platform has the same.
        hosts = self.ctx.temp / "hosts"
        if not hosts.exists():
            hosts.write_text(
                f"127.0.0.1 localhost\n{NODE} {' '.join(self.hosts())}\n", encoding="utf-8"
            )
            mount(str(hosts), "/etc/hosts", "", BIND)
        server = self.world.serve(
            "registry",
            sys.executable,
            "-P",
            REAL / "judges/live_outside.py",
            settings,
            outside=True,
        )
        wait_until("what is outside is there", (self.folder / "ready").exists, 30, server)
        (self.storage / BUCKET).mkdir(parents=True, exist_ok=True)
        self.world.serve(
            "storage",
            self.ctx.tool("rclone"),
            "serve",
            "s3",
            "--addr",
            f"{STORAGE_ADDRESS}:443",
            "--cert",
            made,
            "--key",
            key,
            "--auth-key",
            f"{KEY_ID},{KEY}",
            "--force-path-style",
            "--dir-cache-time",
            "1s",
            self.storage,
            outside=True,
        )
        # CoreDNS asks outside for what is no name of the cluster.
        self.world.api.patch(
            "/api/v1/namespaces/kube-system/configmaps/coredns", {"data": {"NodeHosts": ""}}
        )
        self.questions.start()

    def prepare(self, shots: Path) -> None:
        """What the checks share: where pictures go, and the model that people pick."""
        self.shots = shots
        self.model = next(one for one in self.models() if one.startswith("llama"))

    def models(self) -> list[str]:
        """The models that the tree's pods pull."""
        found = [
            variable["value"].split()
            for value in self.pods_of_tree()
            for one in node_platform.containers_of(node_platform.template_of(value))
            for variable in one.get("env", [])
            if variable["name"] == "MODELS"
        ]
        return sorted({one for names in found for one in names})

    def ready(self, seconds: float = 420) -> float:
        """Waits for all pods; how long it took."""
        took, waiting = self.world.wait_ready(self.expected, seconds)
        if waiting:
            said = "; ".join([*self.troubles(), *waiting])
            raise Failed(f"not Ready after {took:.0f} s: {said}")
        return took

    def troubles(self) -> list[str]:
        """What programs that are not Ready have last said of something that failed."""
        found = []
        for pod in self.world.pods():
            for one in pod["status"].get("containerStatuses", []):
                lines = [] if one.get("ready") else self.world.log(pod, one["name"]).splitlines()
                about = [line for line in lines if TROUBLE.search(line)]
                found += [f"{pod['metadata']['name']} said: {line[:300]}" for line in about[-1:]]
        return found

    def asked_outside(self) -> set[str]:
        """The names that anybody asked for outside of the cluster."""
        return set(self.log.read_text(encoding="utf-8").split())

    def pods(self, space: str, name: str) -> list[dict]:
        """The pods of a workload."""
        return [
            one
            for one in self.world.pods(space)
            if one["metadata"].get("labels", {}).get("app.kubernetes.io/name") == name
            and not one["metadata"].get("deletionTimestamp")
        ]

    def wait(self, what: str, check: Callable[..., Any], seconds: float) -> float:
        """Waits until something holds; how long it took."""
        began = time.monotonic()
        wait_until(what, check, seconds, pause=0.3)
        return time.monotonic() - began
