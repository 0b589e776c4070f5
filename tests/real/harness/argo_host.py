"""Argo CD as processes beside a control plane: its objects, redis, repo-server,
application-controller, and questions to them."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import time
import urllib.request
from pathlib import Path
from typing import TYPE_CHECKING

from . import argo_settings
from .argo_tree import Rendered, identity, load
from .processes import free_port

if TYPE_CHECKING:
    from .api import Api
    from .cluster import Cluster
    from .context import Context
    from .processes import Process


MODULE = "github.com/argoproj/argo-cd/v3"
GROUP = "/apis/argoproj.io/v1alpha1/namespaces/argocd"
REFRESH = "argocd.argoproj.io/refresh"
# What makes the judge wait less than a node would: the README tells of each. Everything else is as
# the tree has it.
# The two seconds between waves are not touched: without them Argo CD takes the health of what it
# has just changed from its cache, which may not have heard of that yet, and opens the next wave.
FASTER = {
    "controller": ["--app-resync", "2", "--app-resync-jitter", "0"],
    "repo-server": ["--revision-cache-expiration", "1s"],
    "server": [],
}


def crds(ctx: Context) -> list[dict]:
    """Argo CD's own definitions, of the version that runs here."""
    folder = ctx.module(MODULE) / "manifests/crds"
    return [
        it
        for name in ("application", "appproject", "applicationset")
        for it in load((folder / f"{name}-crd.yaml").read_bytes())
    ]


class Argo:
    """One Argo CD on one control plane; every process belongs to `ctx.processes`."""

    def __init__(self, ctx: Context, cluster: Cluster, tls: Path) -> None:
        self.ctx, self.cluster, self.api = ctx, cluster, cluster.api
        self.tls = tls
        self.folder = ctx.fresh("argo")
        self.running: list = []
        # What the chart's values themselves give to the containers.
        self.variables: dict[str, dict[str, str]] = {}
        self.repo, self.redis = f"127.0.0.1:{free_port()}", f"127.0.0.1:{free_port()}"

    def prepare(self, tree: Rendered, values: dict) -> None:
        """Without a script: Argo CD's CRDs, its namespace (the tree's own, if it has one), and its
        settings, out of the values of its chart."""
        self.api.install_crds(crds(self.ctx))
        own = [
            it
            for name in tree.applications()
            for _, it in tree.objects(name)
            if identity(it) == ("", "Namespace", "", "argocd")
        ]
        applied(
            self.api,
            own[0]
            if own
            else {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "argocd"}},
        )
        for it in argo_settings.rendered(self.ctx, values):
            applied(self.api, it)

    def start(self) -> None:
        """Starts redis, repo-server and controller with what the ConfigMaps of the cluster say, and
        waits until they answer."""
        for name in ("bin", "ssh", "gpg", "cmp", "tmp", "home", "redis"):
            (self.folder / name).mkdir()
        wrapper = self.folder / "bin/git-verify-wrapper.sh"
        shutil.copyfile(self.ctx.module(MODULE) / "hack/git-verify-wrapper.sh", wrapper)
        wrapper.chmod(
            0o755
        )  # The repo-server calls it for every Git source, and module archives drop the bit.
        (self.folder / "bin/helm").symlink_to(self.ctx.tool("helm"))
        self._run(
            "redis",
            {},
            self.ctx.tool("redis-server"),
            "--save",
            "",
            "--appendonly",
            "no",
            "--bind",
            "127.0.0.1",
            "--port",
            self.redis.split(":")[1],
            "--dir",
            str(self.folder / "redis"),
        )
        self._answering(
            self._program(
                "repo-server",
                "argocd-repo-server",
                "--address",
                "127.0.0.1",
                "--port",
                self.repo.split(":")[1],
                "--metrics-address",
                "127.0.0.1",
            ),
            self._program(
                "controller",
                "argocd-application-controller",
                "--namespace",
                "argocd",
                "--repo-server",
                self.repo,
            ),
        )

    def serve(self) -> None:
        """Starts the API server too, which makes the project `default` as it starts."""
        self._answering(
            self._program(
                "server",
                "argocd-server",
                "--namespace",
                "argocd",
                "--address",
                "127.0.0.1",
                "--port",
                str(free_port()),
                "--metrics-address",
                "127.0.0.1",
                "--repo-server",
                self.repo,
            )
        )

    def _program(self, name: str, binary: str, *flags: str) -> tuple:
        """Starts one of Argo CD's programs: the tree's settings, what makes it faster, where the
        others are."""
        maps = {
            it: (self.api.get(f"/api/v1/namespaces/argocd/configmaps/{it}").get("data") or {})
            for it in argo_settings.MAPS.values()
        }
        own = argo_settings.environment(self.ctx.module(MODULE), name, maps)
        port, more = free_port(), FASTER[name]
        process = self._run(
            name,
            {**own, **self.variables.get(name, {}), "ARGOCD_BINARY_NAME": binary},
            self.ctx.tool("argocd"),
            *flags,
            "--metrics-port",
            str(port),
            "--redis",
            self.redis,
            *more,
        )
        return process, port

    @staticmethod
    def _answering(*started: tuple) -> None:
        deadline = time.monotonic() + 120
        for process, port in started:
            while not _answers(port):
                if not process.alive() or time.monotonic() > deadline:
                    raise RuntimeError(f"{process.log.name} did not start: {process.tail(3)}")
                time.sleep(0.05)

    def _environment(self) -> dict[str, str]:
        at = self.folder
        return {
            "KUBECONFIG": str(self.cluster.kubeconfig),
            "HOME": str(at / "home"),
            "TMPDIR": str(at / "tmp"),
            "PATH": f"{at / 'bin'}:{os.environ['PATH']}",
            "HELM_CACHE_HOME": str(at / "home/helm"),
            "ARGOCD_FAKE_IN_CLUSTER": "true",
            "ARGOCD_GPG_ENABLED": "false",
            "ARGOCD_GNUPGHOME": str(at / "gpg"),
            "ARGOCD_TLS_DATA_PATH": str(self.tls),
            "ARGOCD_SSH_DATA_PATH": str(at / "ssh"),
            "ARGOCD_PLUGINSOCKFILEPATH": str(at / "cmp"),
            "ARGOCD_ASK_PASS_SOCK": str(at / "tmp/ask.sock"),
        }

    def _run(self, name: str, extra: dict[str, str], *argv: str) -> Process:
        log = self.folder / f"{name}.log"
        # What a variable says about an address, a flag says better: on a node these are names of
        # Services.
        self.running.append(
            self.ctx.processes.start(
                name, list(argv), env={**extra, **self._environment()}, cwd=self.folder, log=log
            )
        )
        return self.running[-1]

    def peaks(self) -> dict[str, int]:
        """The most memory that each program has had so far, in bytes."""
        return {it.name: it.peak() for it in self.running if it.name in argo_settings.SECTIONS}

    def stop(self) -> None:
        """Ends them, clients first."""
        while self.running:
            self.ctx.processes.stop(self.running.pop())

    def check_alive(self) -> None:
        """A server that died is a finding of its own, not a time-out elsewhere."""
        for process in self.running:
            if not process.alive():
                raise RuntimeError(f"{process.log.name}: the process ended: {process.tail(3)}")

    def refresh(self, name: str, how: str = "normal") -> int:
        """Asks for a comparison of one Application; returns the version at which it was asked."""
        answer = self.api.patch(
            f"{GROUP}/applications/{name}", {"metadata": {"annotations": {REFRESH: how}}}
        )
        return int(answer["metadata"]["resourceVersion"])

    def reconcile_results(self) -> list[dict]:
        """`argocd admin app get-reconcile-results`: every Application compared anew, without the
        controller and its caches."""
        out = self.folder / "results.yaml"
        done = subprocess.run(
            [
                self.ctx.tool("argocd"),
                "admin",
                "app",
                "get-reconcile-results",
                str(out),
                "--refresh",
                "--repo-server",
                self.repo,
                "--server-side-diff",
                "--namespace",
                "argocd",
            ],
            env=self._environment(),
            capture_output=True,
            timeout=180,
            check=False,
        )
        if done.returncode != 0:
            lines = done.stderr.decode(errors="replace").strip().splitlines()
            raise RuntimeError(f"get-reconcile-results: {' '.join(lines[-2:])[-500:]}")
        found = load(out.read_bytes())
        return (found[0].get("applications") or []) if found else []


def applied(api: Api, thing: dict, manager: str = "judge") -> None:
    """Applies an object that has to be accepted."""
    answer = api.apply(thing, manager=manager)
    if answer.refused:
        raise RuntimeError(f"{thing['kind']} {thing['metadata']['name']}: {answer.message}")


def _answers(port: int) -> bool:
    try:
        with urllib.request.urlopen(f"http://127.0.0.1:{port}/metrics", timeout=5) as answer:
            return answer.status == 200
    except OSError:
        return False


def summary(application: dict) -> str:
    """One line about an Application's state, with the reason that Argo CD gives."""
    status = application.get("status") or {}
    sync, health = status.get("sync") or {}, status.get("health") or {}
    words = [f"{sync.get('status', 'no sync status')}/{health.get('status', 'no health')}"]
    words += [f"{it['type']}: {it.get('message', '')}" for it in status.get("conditions") or []]
    operation = status.get("operationState") or {}
    if operation.get("phase") not in (None, "Succeeded"):
        words.append(f"operation {operation['phase']}: {operation.get('message', '')}")
        results = (operation.get("syncResult") or {}).get("resources") or []
        words += [
            f"{it['kind']} {it.get('namespace', '')}/{it['name']}: {it.get('message', '')}"
            for it in results
            if it.get("status") in ("SyncFailed",)
        ][:3]
    words += [
        f"{it['kind']} {it.get('namespace') or ''}/{it['name']} is {it.get('status')}"
        + (f", {it['health']['status']}" if it.get("health") else "")
        for it in status.get("resources") or []
        if it.get("status") != "Synced"
        or (it.get("health") or {}).get("status", "Healthy") != "Healthy"
    ][:3]
    return "; ".join(json.dumps(it)[1:-1] if "\n" in it else it for it in words)[:700]
