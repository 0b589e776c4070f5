"""A Kubernetes control plane on loopback: etcd, kube-apiserver and, where asked for, controllers,
scheduler and a fake kubelet."""

from __future__ import annotations

import base64
import json
import secrets
from pathlib import Path
from typing import TYPE_CHECKING, Any

from .api import Api
from .certificates import certify, make_authority, openssl
from .fakelet import Fakelet
from .processes import Failed, Process, free_port, wait_until

if TYPE_CHECKING:
    from .context import Context


NAMES = (
    "DNS:localhost,DNS:kubernetes,DNS:kubernetes.default,DNS:kubernetes.default.svc,"
    "IP:127.0.0.1,IP:10.43.0.1"
)
IDENTITIES = {
    "admin": ("admin", ',"system:masters"'),
    "kcm": ("system:kube-controller-manager", ""),
    "scheduler": ("system:kube-scheduler", ""),
    "kubelet": ("system:node:node", ',"system:nodes"'),
    "proxy": ("system:kube-proxy", ""),
}


def make_keys(folder: Path) -> None:
    """One authority, one serving certificate, one of the server as a client of kubelets, one key
    for service accounts."""
    folder.mkdir(parents=True)
    make_authority(folder, "/CN=judges")
    certify(folder, "server", "/CN=kube-apiserver", NAMES)
    certify(folder, "client", "/O=system:masters/CN=kube-apiserver")
    openssl("genrsa", "-out", "accounts.key", "2048", folder=folder)
    openssl("rsa", "-in", "accounts.key", "-pubout", "-out", "accounts.pub", folder=folder)


class Cluster:
    """A control plane of its own; `with Cluster(...) as cluster:` starts and stops it."""

    def __init__(
        self,
        ctx: Context,
        name: str = "kube",
        with_: Any = (),
        apiserver_flags: Any = (),
        kcm_flags: Any = (),
        scheduler_flags: Any = (),
        port: int = 0,
    ) -> None:
        self.ctx, self.name, self.with_ = ctx, name, tuple(with_)
        # Where the API server listens; any free port where nobody says.
        self.port = port
        self.flags = {
            "kube-apiserver": apiserver_flags,
            "kcm": kcm_flags,
            "scheduler": scheduler_flags,
        }
        self.folder = ctx.fresh(name)
        self.servers: list[Process] = []
        self.fakelet: Fakelet | None = None
        self.tokens = {identity: secrets.token_hex(16) for identity in IDENTITIES}
        self.token, self.ca = self.tokens["admin"], self.folder / "pki/ca.crt"
        self.kubeconfig = self.folder / "admin.kubeconfig"
        self.url = ""
        self.api: Api

    def __enter__(self) -> Cluster:
        try:
            self.start()
        except BaseException:
            self.stop()
            raise
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()

    def start(self) -> None:
        """Starts everything; returns when it works."""
        make_keys(self.folder / "pki")
        lines = [
            f"{self.tokens[identity]},{user},{identity}{groups}\n"
            for identity, (user, groups) in IDENTITIES.items()
        ]
        (self.folder / "tokens.csv").write_text("".join(lines))
        self.start_apiserver(self.start_etcd())
        for identity in IDENTITIES:
            self.write_kubeconfig(identity)
        if "kcm" in self.with_:
            self.start_controllers()
        if "scheduler" in self.with_:
            self.launch(
                "scheduler",
                "kube-scheduler",
                [
                    f"--kubeconfig={self.folder}/scheduler.kubeconfig",
                    "--leader-elect=false",
                    "--secure-port=0",
                    "--kube-api-qps=300",
                    "--kube-api-burst=600",
                    "--profiling=false",
                ],
            )
        if "fakelet" in self.with_:
            self.fakelet = Fakelet(self.api)
            self.fakelet.start()

    def launch(self, name: str, tool: str, arguments: list[str]) -> Process:
        """Starts one server with its flags and those of the caller."""
        process = self.ctx.processes.start(
            f"{self.name}-{name}",
            [self.ctx.tool(tool), *arguments, *self.flags.get(name, ())],
            cwd=self.folder,
            log=self.folder / f"log/{name}.log",
        )
        self.servers.append(process)
        return process

    def start_etcd(self) -> str:
        """Starts the store; returns its address."""
        client = f"http://127.0.0.1:{free_port()}"
        peer = f"http://127.0.0.1:{free_port()}"
        self.launch(
            "etcd",
            "etcd",
            [
                "--name=judges",
                f"--data-dir={self.folder}/etcd",
                "--unsafe-no-fsync",
                f"--listen-client-urls={client}",
                f"--advertise-client-urls={client}",
                f"--listen-peer-urls={peer}",
                f"--initial-advertise-peer-urls={peer}",
                f"--initial-cluster=judges={peer}",
            ],
        )
        return client

    def start_apiserver(self, store: str) -> None:
        """Starts the API server with the admission and the settings of k3s' own."""
        port = self.port or free_port()
        self.url, keys = f"https://127.0.0.1:{port}", self.folder / "pki"
        process = self.launch(
            "kube-apiserver",
            "kube-apiserver",
            [
                f"--etcd-servers={store}",
                "--bind-address=127.0.0.1",
                f"--secure-port={port}",
                "--advertise-address=127.0.0.1",
                "--endpoint-reconciler-type=none",
                "--external-hostname=127.0.0.1",
                f"--tls-cert-file={keys}/server.crt",
                f"--tls-private-key-file={keys}/server.key",
                f"--token-auth-file={self.folder}/tokens.csv",
                "--service-account-issuer=https://kubernetes.default.svc",
                f"--service-account-key-file={keys}/accounts.pub",
                f"--service-account-signing-key-file={keys}/accounts.key",
                "--service-cluster-ip-range=10.43.0.0/16",
                "--authorization-mode=Node,RBAC",
                "--allow-privileged=true",
                "--profiling=false",
            ],
        )
        self.api = Api(self.url, self.token, str(self.ca))
        wait_until("kube-apiserver is ready", self.api.ready, 120, process)

    def start_controllers(self) -> None:
        """Starts the controllers; their first visible work is the default service account."""
        process = self.launch(
            "kcm",
            "kube-controller-manager",
            [
                f"--kubeconfig={self.folder}/kcm.kubeconfig",
                "--leader-elect=false",
                "--secure-port=0",
                f"--service-account-private-key-file={self.folder}/pki/accounts.key",
                f"--root-ca-file={self.ca}",
                "--use-service-account-credentials=true",
                "--kube-api-qps=300",
                "--kube-api-burst=600",
                "--profiling=false",
                # Nobody renews the fake nodes' heartbeats.
                "--node-monitor-grace-period=24h",
            ],
        )
        account = "/api/v1/namespaces/default/serviceaccounts/default"
        wait_until(
            "kube-controller-manager works",
            lambda: not self.api.request("GET", account).refused,
            60,
            process,
        )

    def write_kubeconfig(self, identity: str) -> None:
        """Writes the file with which a client of that identity finds the server."""
        text = self.as_somebody(identity, self.tokens[identity])
        (self.folder / f"{identity}.kubeconfig").write_text(text)

    def as_somebody(
        self, user: str, token: str, namespace: str = "", url: str | None = None
    ) -> str:
        """The text of a kubeconfig: of this server, or of what stands before it at a URL."""
        authority = base64.b64encode(self.ca.read_bytes()).decode()
        server = {"server": url or self.url}
        server |= {} if url else {"certificate-authority-data": authority}
        context = {"cluster": "judges", "user": user}
        context |= {"namespace": namespace} if namespace else {}
        config = {
            "apiVersion": "v1",
            "kind": "Config",
            "current-context": "judges",
            "clusters": [{"name": "judges", "cluster": server}],
            "users": [{"name": user, "user": {"token": token}}],
            "contexts": [{"name": "judges", "context": context}],
        }
        return json.dumps(config, indent=1)

    def check(self) -> None:
        """Fails when one of the servers is gone."""
        for process in self.servers:
            if not process.alive():
                raise Failed(
                    f"{process.name} ended with {process.handle.returncode}:\n{process.tail()}"
                )

    def stop(self) -> None:
        """Ends everything, the store last."""
        if self.fakelet:
            self.fakelet.stop()
        for process in reversed(self.servers):
            self.ctx.processes.stop(process)
        self.servers.clear()
