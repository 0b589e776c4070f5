"""A node that is real but for its hardware: kubelet, containerd, kube-proxy, the policy controller,
in namespaces and control groups of their own."""

from __future__ import annotations

import contextlib
import json
import os
import secrets
import shutil
import subprocess
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

from . import node_images
from .api import ApiError
from .cgroups import Subtree, hierarchies
from .cluster import Cluster
from .node_inside import ALL_PODS, NODE, OUTSIDE
from .node_k3s import Provisioner, base_objects
from .node_pods import OVER, began_at, ready, told
from .node_settings import (
    API_SERVER,
    CONTAINERD,
    OF_KUBE_PROXY,
    SOCKET,
    apiserver_flags,
    cpus_of,
    healthy,
    kubelet_arguments,
    kubelet_settings,
    set_kernel,
)
from .processes import Failed, wait_until
from .sandbox import NEW_NETWORK, check, libc, loopback_up

if TYPE_CHECKING:
    from .api import Api
    from .context import Context
    from .processes import Process


REAL = Path(__file__).resolve().parent.parent


class World:
    """See README.md, "The node"; `with World(ctx, memory, cpus, arguments) as world:` starts and
    removes it."""

    def __init__(
        self, ctx: Context, memory: int, cpus: int, arguments: list[str], name: str = "node"
    ):
        self.ctx, self.memory, self.cpus, self.arguments = ctx, memory, cpus, list(arguments)
        self.folder = ctx.fresh(name)
        self.state = self.folder / "state"
        self.subtree = Subtree(f"{ctx.temp.parent.name}-{self.folder.name}")
        self.cluster = Cluster(
            ctx,
            f"{name}-control",
            with_=("kcm", "scheduler"),
            kcm_flags=(
                "--allocate-node-cidrs=true",
                f"--cluster-cidr={ALL_PODS}",
                "--node-monitor-grace-period=50s",
            ),
            port=API_SERVER,
        )
        pki = self.cluster.folder / "pki"
        self.cluster.flags["kube-apiserver"] = apiserver_flags(NODE, pki)
        self.outsides = [(OUTSIDE, 443)]
        # Whoever is behind a proxy knows no name of the outside.
        self.proxy: tuple[str, int] | None = None
        self.init: int | None = None
        self.servers: list = []
        self.provisioner: Provisioner | None = None
        self.root: Path | None = None

    @classmethod
    def of_tree(cls, ctx: Context, root: Path, budget: dict, **more: Any) -> World:
        """A node of the size that a tree is for, with the kubelet arguments of the tree."""
        node = budget["node"]
        set_kernel(root)
        return cls(
            ctx,
            node["memTotal"],
            cpus_of(budget, kubelet_arguments(root)),
            kubelet_arguments(root),
            **more,
        )

    @property
    def api(self) -> Api:
        """A client of the API server, as administrator."""
        return self.cluster.api

    def __enter__(self) -> World:
        try:
            self.start()
        except BaseException:
            self.destroy()
            raise
        return self

    def __exit__(self, *_: object) -> None:
        self.destroy()

    def start(self) -> None:
        """The machine, the control plane, the node's own programs, what k3s brings; returns when
        the node is Ready."""
        self.subtree.make()
        self.boot()
        self.cluster.start()
        self.images = node_images.base(self.ctx, self.folder)
        self.machine()
        for image in self.images:
            self.import_image(image)
        for thing in base_objects("") if self.proxy else base_objects():
            self.apply([thing])
        self.provisioner = Provisioner(self.api, self.state / "var/lib/rancher/k3s/storage")
        self.provisioner.start()
        self.node_programs()

    def boot(self) -> None:
        """New namespaces, with a network of this process' own: what the old ones held is gone with
        their last process."""
        # Containers say when they began in whole seconds.
        self.booted = float(int(time.time()))
        check("a network namespace", libc.unshare(NEW_NETWORK))
        loopback_up()
        ready = self.folder / "ready"
        ready.unlink(missing_ok=True)
        settings = {
            "state": str(self.state),
            "memory": self.memory,
            "cpus": self.cpus,
            "ready": str(ready),
            "groups": [[place.name, version, options] for place, version, options in hierarchies()],
        }
        process = self.ctx.processes.start(
            f"{self.folder.name}-machine",
            [
                *self.joining(),
                "unshare",
                "--mount",
                "--pid",
                "--fork",
                "--uts",
                "--ipc",
                "--cgroup",
                "--kill-child",
                "--propagation",
                "private",
                sys.executable,
                "-m",
                "harness.node_inside",
                json.dumps(settings),
            ],
            cwd=REAL,
            env=self.environment(),
            log=self.folder / "log/machine.log",
        )
        self.servers = [process]
        self.subtree.settle(process.handle.pid)
        wait_until("the machine is there", ready.exists, 30, process)
        self.init = int(
            Path(f"/proc/{process.handle.pid}/task/{process.handle.pid}/children")
            .read_text()
            .split()[0]
        )

    def environment(self) -> dict:
        """Where the programs of a node are found."""
        return {"PATH": f"{Path(self.ctx.tool('containerd')).parent}:{os.environ['PATH']}"}

    def joining(self) -> list[str]:
        """What a command begins with that has to be counted as the node's."""
        return [
            "bash",
            "-c",
            'while [ "$1" != -- ]; do echo $$ >"$1" || exit; shift; done; shift; exec "$@"',
            "join",
            *self.subtree.doors(),
            "--",
        ]

    def within(self, *argv: object) -> list[str]:
        """A command that runs in the node's namespaces and control groups."""
        return [
            *self.joining(),
            "nsenter",
            "-t",
            str(self.init),
            "-m",
            "-p",
            "-u",
            "-i",
            "-C",
            "--",
            *map(str, argv),
        ]

    def run(self, *argv: object, seconds: float = 60, **more: Any) -> subprocess.CompletedProcess:
        """Runs a command on the node."""
        return subprocess.run(
            self.within(*argv),
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            errors="replace",
            check=False,
            timeout=seconds,
            env={**os.environ, **self.environment()},
            **more,
        )

    def must(self, *argv: object, **more: Any) -> str:
        """Runs a command on the node that has to succeed; what it printed."""
        done = self.run(*argv, **more)
        if done.returncode:
            raise Failed(
                f"{' '.join(map(str, argv[:6]))}: {done.returncode}:"
                f" {(done.stderr or done.stdout).strip()[-600:]}"
            )
        return done.stdout

    def serve(self, name: str, *argv: object, outside: bool = False) -> Process:
        """Starts a server on the node, or in the network outside of it."""
        argv = ("ip", "netns", "exec", "world", *argv) if outside else argv
        process = self.ctx.processes.start(
            f"{self.folder.name}-{name}",
            self.within(*argv),
            env=self.environment(),
            log=self.folder / f"log/{name}.log",
        )
        self.servers.append(process)
        return process

    def machine(self) -> None:
        """containerd, and the servers outside: one on 443 as a registry would answer, the proxy."""
        (self.folder / "containerd.toml").write_text(
            CONTAINERD.format(
                socket=SOCKET,
                pause=node_images.PAUSE,
                plugins=self.ctx.manifest["plugins"],
                state=self.state,
            ),
            encoding="utf-8",
        )
        process = self.serve(
            "containerd", self.ctx.tool("containerd"), "-c", self.folder / "containerd.toml"
        )
        wait_until(
            "containerd answers",
            lambda: self.run(*self.ctr("version")).returncode == 0,
            30,
            process,
            0.2,
        )
        for address, port in self.outsides:
            self.answer_outside(address, port)
        if self.proxy:
            address, port = self.proxy
            self.serve_outside(address, "proxy", "forward", f"{address}:{port}", OUTSIDE)

    def serve_outside(self, address: str, name: str, *words: object) -> None:
        """A server outside of the node, at an address that is its own."""
        self.must("ip", "-n", "world", "addr", "replace", f"{address}/32", "dev", "lo")
        self.serve(name, self.ctx.tool("standin"), *words, outside=True)

    def answer_outside(self, address: str, port: int) -> None:
        """A server outside of the node that takes connections."""
        self.serve_outside(address, f"outside-{port}", "listen", port)
        if (address, port) not in self.outsides:
            self.outsides.append((address, port))

    def ctr(self, *arguments: object) -> list[str]:
        """containerd's own client."""
        return [self.ctx.tool("ctr"), "-a", SOCKET, "-n", "k8s.io", *map(str, arguments)]

    def node_programs(self) -> None:
        """kubelet, kube-proxy, the policy controller."""
        (self.folder / "resolv.conf").write_text("nameserver 10.99.0.1\n", encoding="utf-8")
        settings = kubelet_settings(self.folder / "resolv.conf", self.cluster.ca)
        (self.folder / "kubelet.json").write_text(json.dumps(settings), encoding="utf-8")
        config = self.cluster.folder
        self.kubelet = self.serve(
            "kubelet",
            self.ctx.tool("kubelet"),
            f"--config={self.folder}/kubelet.json",
            f"--kubeconfig={config}/kubelet.kubeconfig",
            "--hostname-override=node",
            f"--node-ip={NODE}",
            "--v=2",
            *(f"--{argument}" for argument in self.arguments),
        )
        proxy = self.serve(
            "kube-proxy",
            self.ctx.tool("kube-proxy"),
            f"--kubeconfig={config}/proxy.kubeconfig",
            "--hostname-override=node",
            "--proxy-mode=iptables",
            f"--cluster-cidr={ALL_PODS}",
            *OF_KUBE_PROXY,
        )
        wait_until("the node is Ready", self.node_ready, 60, self.kubelet, 0.2)
        # Each writes whole tables of the filter: the second begins when the first has its chains.
        wait_until("kube-proxy has written its rules", lambda: healthy(10256), 60, proxy, 0.2)
        self.serve(
            "netpol",
            self.ctx.tool("netpol"),
            "-kubeconfig",
            config / "admin.kubeconfig",
            "-node",
            "node",
        )

    def node_ready(self) -> bool:
        """Whether the kubelet that runs now has said that its node is ready."""
        answer = self.api.request("GET", "/api/v1/nodes/node")
        return not answer.refused and any(
            one["type"] == "Ready" and one["status"] == "True" and one["reason"] == "KubeletReady"
            for one in answer.body.get("status", {}).get("conditions", [])
        )

    def import_image(self, source: Path, name: str = "", config: dict | None = None) -> None:
        """Brings an image: an archive as it is, or a folder under a name with the configuration of
        an image (`Entrypoint`, `Env`, …)."""
        if source.is_dir():
            source = node_images.write(
                source, {name: config or {}}, self.folder / f"{secrets.token_hex(4)}.tar"
            )
        self.must(*self.ctr("images", "import", "--no-unpack=false", source), seconds=600)

    def apply(self, things: list[dict], attempts: int = 20) -> None:
        """Applies objects; one that the server cannot take yet (an account, a namespace that is
        being made) is tried again."""
        for thing in things:
            for attempt in range(attempts):
                answer = self.api.apply(thing)
                if not answer.refused:
                    break
                if attempt == attempts - 1 or answer.status not in (403, 404, 409, 500):
                    raise ApiError(
                        answer.status,
                        f"{thing['kind']}/{thing['metadata']['name']}: {answer.message}",
                    )
                time.sleep(0.25)

    def pods(self, namespace: str = "") -> list[dict]:
        """All pods, or those of a namespace."""
        return self.api.get(
            f"/api/v1/namespaces/{namespace}/pods" if namespace else "/api/v1/pods"
        )["items"]

    def container(self, pod: dict, name: str = "") -> str:
        """The number under which containerd knows a container of a pod; the first one where no name
        is given."""
        said = pod["status"].get("containerStatuses", []) + pod["status"].get(
            "initContainerStatuses", []
        )
        return next(
            one["containerID"].partition("://")[2]
            for one in said
            if one["name"] == name or not name
        )

    def exec(
        self, namespace: str, pod: str, argv: list[str], container: str = "", seconds: float = 60
    ) -> subprocess.CompletedProcess:
        """Runs a command in a container of a pod, with the user and the rights that it has."""
        about = self.api.get(f"/api/v1/namespaces/{namespace}/pods/{pod}")
        return self.run(
            *self.ctr(
                "tasks", "exec", "--exec-id", secrets.token_hex(6), self.container(about, container)
            ),
            *argv,
            seconds=seconds,
        )

    def log(self, pod: dict, container: str) -> str:
        """What the last container of that name has said."""
        about = pod["metadata"]
        folder = (
            self.state
            / f"var/log/pods/{about['namespace']}_{about['name']}_{about['uid']}/{container}"
        )
        files = sorted(folder.glob("*.log"), key=lambda one: int(one.stem))
        lines = files[-1].read_text(errors="replace").splitlines() if files else []
        return "\n".join(line.split(" ", 3)[-1] for line in lines)

    def wait_ready(
        self, expected: int | None = None, seconds: float = 120, started_after: float = 0
    ) -> tuple[float, list[str]]:
        """Waits until all pods are Ready (as many as are expected, with containers that began after
        a moment of the clock).

        Returns how long that took, and what is not Ready when it took too long.
        """
        began, waiting = time.monotonic(), ["nothing yet"]
        while waiting and time.monotonic() - began < seconds:
            pods = [
                one
                for one in self.pods()
                if not one["metadata"].get("deletionTimestamp")
                and one["status"]["phase"] not in OVER
            ]
            late = [one for one in pods if not ready(one) or began_at(one) < started_after]
            waiting = [told(one) for one in late]
            if expected is not None and len(pods) < expected:
                waiting.append(f"{len(pods)} pods, {expected} expected")
            time.sleep(0.2)
        if waiting:
            waiting = [self.why(one) for one in late] or waiting
        return time.monotonic() - began, waiting

    def why(self, pod: dict) -> str:
        """Why a pod is not Ready, with the last warning about it and the end of what its containers
        have said."""
        about, said = pod["metadata"], told(pod)
        events = self.api.get(
            f"/api/v1/namespaces/{about['namespace']}/events",
            fieldSelector=f"involvedObject.uid={about['uid']},type=Warning",
        )
        said += "".join(f"; {one.get('message', '')}" for one in events["items"][-1:])
        claims = [
            one["persistentVolumeClaim"]["claimName"]
            for one in pod["spec"].get("volumes", [])
            if "persistentVolumeClaim" in one
        ]
        for name in claims if not pod["spec"].get("nodeName") else ():
            events = self.api.get(
                f"/api/v1/namespaces/{about['namespace']}/events",
                fieldSelector=f"involvedObject.name={name}",
            )
            said += "".join(
                f"; claim {name}: {one.get('message', '')}" for one in events["items"][-1:]
            )
        for one in pod["status"].get("containerStatuses", []):
            last = (
                self.log(pod, one["name"]).strip().splitlines()[-1:] if not one.get("ready") else []
            )
            said += "".join(f"; {one['name']} said: {line}" for line in last)
        return said

    def cut(self) -> None:
        """Everything of the node ends at once, the control plane too."""
        if self.provisioner:
            self.provisioner.stop()
        for process in [*self.servers, *self.cluster.servers]:
            if process.alive():
                process.handle.kill()
        if self.init:
            with contextlib.suppress(ProcessLookupError):
                os.kill(self.init, 9)
        for process in [*self.servers, *self.cluster.servers]:
            self.ctx.processes.stop(process, patience=0)
        self.init = None
        self.subtree.empty()

    def power_cut(self) -> None:
        """Everything ends as by a power cut, then the machine starts again with what is on its
        disk; returns when the node is Ready."""
        control = [(one.name, one.argv, one.log) for one in self.cluster.servers]
        self.cut()
        # Of version 2, a group that has handed down controllers takes no process any more.
        self.subtree.remove()
        self.subtree.make()
        self.boot()
        self.cluster.servers = [
            self.ctx.processes.start(name, argv, cwd=self.cluster.folder, log=log)
            for name, argv, log in control
        ]
        wait_until("kube-apiserver is ready", self.api.ready, 120, self.cluster.servers[1])
        self.machine()
        self.provisioner = Provisioner(self.api, self.state / "var/lib/rancher/k3s/storage")
        self.provisioner.start()
        self.node_programs()

    def destroy(self) -> None:
        """Ends everything and removes the control groups; its files stay until the run ends, or
        until `forget`."""
        self.cut()
        self.cluster.servers.clear()
        self.subtree.remove()

    def forget(self) -> None:
        """Removes the files of a node that has ended: they are half a gigabyte of the run's memory,
        and the disk of the next node is what is left of it."""
        shutil.rmtree(self.folder)
        shutil.rmtree(self.cluster.folder)
