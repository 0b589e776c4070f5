"""Argo CD as processes beside a control plane: its objects, redis, repo-server, application-controller, and questions to them."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import time
import urllib.request
from pathlib import Path

from .argo_tree import Rendered, identity, load
from .processes import free_port

MODULE = "github.com/argoproj/argo-cd/v3"
GROUP = "/apis/argoproj.io/v1alpha1/namespaces/argocd"
REFRESH = "argocd.argoproj.io/refresh"
CONFIGURATION = ("argocd-cm", "argocd-rbac-cm", "argocd-tls-certs-cm", "argocd-ssh-known-hosts-cm", "argocd-gpg-keys-cm")


def crds(ctx) -> list[dict]:
    """Argo CD's own definitions, of the version that runs here."""
    folder = ctx.module(MODULE) / "manifests/crds"
    return [it for name in ("application", "appproject", "applicationset") for it in load((folder / f"{name}-crd.yaml").read_bytes())]


class Argo:
    """One Argo CD on one control plane; every process belongs to `ctx.processes`."""

    def __init__(self, ctx, cluster, tls: Path, settings: dict[str, str]):
        self.ctx, self.cluster, self.api = ctx, cluster, cluster.api
        self.tls, self.settings = tls, settings
        self.folder = ctx.fresh("argo")
        self.running: list = []
        self.repo = f"127.0.0.1:{free_port()}"

    def prepare(self, tree: Rendered, extra: list[dict]) -> None:
        """What is there before Argo CD runs: its CRDs and `extra` ones, its namespace (the tree's own, if it has one), its settings."""
        self.api.install_crds([*crds(self.ctx), *extra])
        own = [it for name in tree.applications() for _, it in tree.objects(name) if identity(it) == ("", "Namespace", "", "argocd")]
        applied(self.api, own[0] if own else {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": "argocd"}})
        for name in CONFIGURATION:
            applied(self.api, {
                "apiVersion": "v1", "kind": "ConfigMap",
                "metadata": {"name": name, "namespace": "argocd", "labels": {"app.kubernetes.io/part-of": "argocd"}},
                "data": self.settings if name == "argocd-cm" else {},
            })
        applied(self.api, {
            "apiVersion": "v1", "kind": "Secret", "type": "Opaque",
            "metadata": {"name": "argocd-secret", "namespace": "argocd", "labels": {"app.kubernetes.io/part-of": "argocd"}},
        })

    def start(self) -> None:
        """Starts the three processes and waits until they answer."""
        for name in ("bin", "ssh", "gpg", "cmp", "tmp", "home", "redis"):
            (self.folder / name).mkdir()
        wrapper = self.folder / "bin/git-verify-wrapper.sh"
        shutil.copyfile(self.ctx.module(MODULE) / "hack/git-verify-wrapper.sh", wrapper)
        wrapper.chmod(0o755)  # The repo-server calls it for every Git source, and module archives drop the bit.
        (self.folder / "bin/helm").symlink_to(self.ctx.tool("helm"))
        redis, metrics = f"127.0.0.1:{free_port()}", (free_port(), free_port())
        argocd = self.ctx.tool("argocd")
        self._run("redis", {}, self.ctx.tool("redis-server"), "--save", "", "--appendonly", "no", "--bind", "127.0.0.1",
                  "--port", redis.split(":")[1], "--dir", str(self.folder / "redis"))
        self._run("repo-server", {"ARGOCD_BINARY_NAME": "argocd-repo-server"}, argocd, "--address", "127.0.0.1",
                  "--port", self.repo.split(":")[1], "--metrics-address", "127.0.0.1", "--metrics-port", str(metrics[0]),
                  "--redis", redis, "--revision-cache-expiration", "1s", "--logformat", "text")
        self._run("controller", {"ARGOCD_BINARY_NAME": "argocd-application-controller"}, argocd, "--namespace", "argocd",
                  "--metrics-port", str(metrics[1]), "--redis", redis, "--repo-server", self.repo, "--app-resync", "2",
                  "--app-resync-jitter", "0", "--server-side-diff-enabled=true", "--logformat", "text")
        deadline = time.monotonic() + 120
        for process, port in zip(self.running[1:], metrics):
            while not _answers(port):
                if not process.alive() or time.monotonic() > deadline:
                    raise RuntimeError(f"{process.log.name} did not start: {process.tail(3)}")
                time.sleep(0.05)

    def _environment(self) -> dict[str, str]:
        at = self.folder
        return {
            "KUBECONFIG": str(self.cluster.kubeconfig), "HOME": str(at / "home"), "TMPDIR": str(at / "tmp"),
            "PATH": f"{at / 'bin'}:{os.environ['PATH']}", "HELM_CACHE_HOME": str(at / "home/helm"),
            "ARGOCD_FAKE_IN_CLUSTER": "true", "ARGOCD_GPG_ENABLED": "false", "ARGOCD_GNUPGHOME": str(at / "gpg"),
            "ARGOCD_TLS_DATA_PATH": str(self.tls), "ARGOCD_SSH_DATA_PATH": str(at / "ssh"),
            "ARGOCD_PLUGINSOCKFILEPATH": str(at / "cmp"), "ARGOCD_ASK_PASS_SOCK": str(at / "tmp/ask.sock"),
            "ARGOCD_SYNC_WAVE_DELAY": "0", "ARGOCD_CLUSTER_CACHE_EVENTS_PROCESSING_INTERVAL": "1ms",
        }

    def _run(self, name: str, extra: dict[str, str], *argv: str) -> None:
        log = self.folder / f"{name}.log"
        self.running.append(self.ctx.processes.start(name, list(argv), env={**self._environment(), **extra}, cwd=self.folder, log=log))

    def stop(self) -> None:
        """Ends the three, clients first."""
        while self.running:
            self.ctx.processes.stop(self.running.pop())

    def check_alive(self) -> None:
        """A server that died is a finding of its own, not a time-out elsewhere."""
        for process in self.running:
            if not process.alive():
                raise RuntimeError(f"{process.log.name}: the process ended: {process.tail(3)}")

    def refresh(self, name: str, how: str = "normal") -> int:
        """Asks for a comparison of one Application; returns the version at which it was asked."""
        answer = self.api.patch(f"{GROUP}/applications/{name}", {"metadata": {"annotations": {REFRESH: how}}})
        return int(answer["metadata"]["resourceVersion"])

    def reconcile_results(self) -> list[dict]:
        """`argocd admin app get-reconcile-results`: every Application compared anew, without the controller and its caches."""
        out = self.folder / "results.yaml"
        done = subprocess.run(
            [self.ctx.tool("argocd"), "admin", "app", "get-reconcile-results", str(out), "--refresh", "--repo-server", self.repo,
             "--server-side-diff", "--namespace", "argocd"],
            env=self._environment(), capture_output=True, timeout=180)
        if done.returncode != 0:
            lines = done.stderr.decode(errors="replace").strip().splitlines()
            raise RuntimeError(f"get-reconcile-results: {' '.join(lines[-2:])[-500:]}")
        found = load(out.read_bytes())
        return (found[0].get("applications") or []) if found else []


def applied(api, thing: dict, manager: str = "judge") -> None:
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
        words += [f"{it['kind']} {it.get('namespace', '')}/{it['name']}: {it.get('message', '')}"
                  for it in results if it.get("status") in ("SyncFailed",)][:3]
    words += [f"{it['kind']} {it.get('namespace') or ''}/{it['name']} is {it.get('status')}"
              + (f", {it['health']['status']}" if it.get("health") else "")
              for it in status.get("resources") or []
              if it.get("status") != "Synced" or (it.get("health") or {}).get("status", "Healthy") != "Healthy"][:3]
    return "; ".join(json.dumps(it)[1:-1] if "\n" in it else it for it in words)[:700]
