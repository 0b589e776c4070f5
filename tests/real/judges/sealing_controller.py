"""Lets the real controller of sealed-secrets, on a real API server, unseal what was sealed, and
patch Secrets that others own."""

from __future__ import annotations

import base64
import json
import os
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager

from harness.cluster import Cluster
from harness.context import Context
from harness.processes import Failed, Process, free_port, wait_until
from harness.table import Row, short
from harness.trees import Thing, Tree

from .configs import private_keys
from .sealing_checks import content_findings, reading_opens
from .sealing_platforms import Pair, Platform

SEALED = "/apis/bitnami.com/v1alpha1/namespaces"
ACTIVE = {"sealedsecrets.bitnami.com/sealed-secrets-key": "active"}
MANAGED, PATCHED = "sealedsecrets.bitnami.com/managed", "sealedsecrets.bitnami.com/patch"
# The controller knows only the configuration of a pod: a folder with its account, over the real one
# in a mount namespace of its own.
IN_A_POD = 'mount --bind "$0" "$1" && shift && exec "$@"'


def public_key(*arguments: str) -> str:
    """What openssl says the public key is."""
    return subprocess.run(
        ["openssl", *arguments],
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=True,
    ).stdout


class Controlled:
    """A control plane with the controller in it."""

    def __init__(self, ctx: Context, cluster: Cluster):
        self.ctx, self.cluster, self.api = ctx, cluster, cluster.api
        self.process: Process

    def start(self, pairs: list[Pair]) -> None:
        """Puts the private keys where the controller looks for them, then starts it."""
        self.api.install_crds(
            [one for one in self.ctx.crds() if one["spec"]["group"] == "bitnami.com"]
        )
        # The garbage collector learns of a new kind after half a minute, so it starts when the kind
        # is there.
        self.cluster.start_controllers()
        wait_until(
            "kube-system is there",
            lambda: not self.api.request("GET", "/api/v1/namespaces/kube-system").refused,
            30,
        )
        for at, pair in enumerate(pairs):
            self.api.post(
                "/api/v1/namespaces/kube-system/secrets",
                {
                    "apiVersion": "v1",
                    "kind": "Secret",
                    "type": "kubernetes.io/tls",
                    "metadata": {"name": f"key-{at}", "labels": ACTIVE},
                    "data": {
                        name: base64.b64encode(path.read_bytes()).decode()
                        for name, path in (("tls.crt", pair.certificate), ("tls.key", pair.key))
                    },
                },
            )
        account = self.ctx.fresh("account") / "secrets/kubernetes.io/serviceaccount"
        account.mkdir(parents=True)
        (account / "token").write_text(self.cluster.token)
        (account / "namespace").write_text("kube-system")
        (account / "ca.crt").write_bytes(self.cluster.ca.read_bytes())
        host, port = self.cluster.url.removeprefix("https://").rsplit(":", 1)
        serving, metrics = free_port(), free_port()
        self.process = self.ctx.processes.start(
            "sealed-secrets-controller",
            [
                "unshare",
                "--mount",
                "sh",
                "-c",
                IN_A_POD,
                account.parent.parent.parent,
                os.path.realpath("/var/run"),
                self.ctx.tool("sealed-secrets-controller"),
                "--key-renew-period=0",
                f"--listen-addr=127.0.0.1:{serving}",
                f"--listen-metrics-addr=127.0.0.1:{metrics}",
                "--kubeclient-qps=300",
                "--kubeclient-burst=600",
            ],
            env={
                "KUBERNETES_SERVICE_HOST": host,
                "KUBERNETES_SERVICE_PORT": port,
                "POD_NAMESPACE": "kube-system",
            },
            cwd=account,
            log=self.cluster.folder / "log/sealed-secrets-controller.log",
        )

    def namespace(self, name: str) -> None:
        """Makes a namespace that is not there."""
        answer = self.api.apply(
            {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": name}}
        )
        if answer.refused:
            raise Failed(f"namespace {name}: {answer.message}")

    def apply(self, raw: bytes | dict) -> None:
        """Applies a SealedSecret as it is on the disk."""
        answer = self.api.apply(raw)
        if answer.refused:
            raise Failed(answer.message)

    def synced(self, namespace: str, name: str) -> tuple[str, str]:
        """`True` or `False` and the message, as the controller says of a SealedSecret, once it has
        looked at it as it is now."""
        said: list = []

        def looked() -> bool:
            value = self.api.get(f"{SEALED}/{namespace}/sealedsecrets/{name}")
            status = value.get("status") or {}
            if status.get("observedGeneration") != value["metadata"]["generation"]:
                return False
            said[:] = [
                (one["status"], one.get("message", ""))
                for one in status.get("conditions") or []
                if one["type"] == "Synced"
            ]
            return bool(said)

        wait_until(f"the controller looks at {namespace}/{name}", looked, 60, self.process)
        return said[0]

    def secret(self, namespace: str, name: str) -> dict | None:
        """A Secret as the server has it."""
        answer = self.api.request("GET", f"/api/v1/namespaces/{namespace}/secrets/{name}")
        return None if answer.refused else answer.body

    def data(self, namespace: str, name: str) -> dict[str, bytes]:
        """A Secret's keys and bytes."""
        return {
            key: base64.b64decode(text)
            for key, text in ((self.secret(namespace, name) or {}).get("data") or {}).items()
        }

    def findings(self, value: dict, wanted: dict[str, bytes]) -> list[str]:
        """Whether one SealedSecret was unsealed, into the right bytes."""
        place = (value["metadata"]["namespace"], value["metadata"]["name"])
        status, message = self.synced(*place)
        if status != "True":
            return [f"{'/'.join(place)}: Synced={status}: {short(message, 200)}"]
        return content_findings(value, self.data(*place), wanted)

    def stop(self) -> None:
        """Ends the controller."""
        self.ctx.processes.stop(self.process)


@contextmanager
def controlled(ctx: Context, pairs: list[Pair]) -> Iterator[Controlled]:
    """A control plane with the controller, which has the private keys of some pairs."""
    with Cluster(ctx, "sealing") as cluster:
        control = Controlled(ctx, cluster)
        control.start(pairs)
        try:
            yield control
        finally:
            control.stop()


def golden(ctx: Context) -> list[tuple[Pair, list[Thing]]]:
    """The golden trees that have the private key of their certificate beside them."""
    found = []
    for tree in ctx.trees:
        certificate = tree.root.parent / "spec/sealing.pem"
        if tree.name == "committed" or not certificate.is_file():
            continue
        public = public_key("x509", "-in", str(certificate), "-pubkey", "-noout")
        keys = [
            key
            for key in private_keys(tree.root.parent)
            if public_key("pkey", "-in", str(key), "-pubout") == public
        ]
        found += [
            (Pair(tree.name, 0, certificate, key), tree.of_kind("SealedSecret")) for key in keys[:1]
        ]
    return found


def unopened(ctx: Context, opened: list[tuple[Pair, list[Thing]]]) -> list[str]:
    """The golden trees with SealedSecrets that nobody opens.

    The committed platform's key is its owner's, and a golden tree with the same certificate is that
    platform. What an opened tree has too, byte for byte, is opened.
    """

    def certificate(tree: Tree) -> bytes | None:
        path = tree.spec_root / "spec/sealing.pem"
        return path.read_bytes() if path.is_file() else None

    owned = {certificate(tree) for tree in ctx.trees if tree.name == "committed"} - {None}
    known = {thing.digest for _, things in opened for thing in things}
    return [
        f"{tree.name}: {thing.name}: the private key of its spec/sealing.pem is not beside it"
        for tree in ctx.trees
        if tree.name != "committed" and certificate(tree) not in owned
        for thing in tree.of_kind("SealedSecret")
        if thing.digest not in known
    ]


def judge(ctx: Context, platform: Platform, pair: Pair) -> list[Row]:
    """Golden trees and a platform in three scopes, unsealed; then Secrets that are there already,
    patched."""
    unsealed, patched = (
        Row("sealing: the controller unseals", 0),
        Row("sealing: the controller patches a Secret that is there", 0),
    )
    began, trees = time.monotonic(), golden(ctx)
    with controlled(ctx, [pair, *(one for one, _ in trees)]) as control:
        subjects = [
            ("three scopes", thing, platform.expected[thing.value["metadata"]["name"]])
            for thing in platform.sealed()
        ]
        for one, things in trees:
            for thing in things:
                # Nobody knows a golden tree's values; the compiler's own reader says what the
                # controller has to find.
                values = {
                    key: reading_opens(ctx, one.key, thing.value, key)
                    for key in thing.value["spec"]["encryptedData"]
                }
                unsealed.findings += [
                    f"{one.maker}: {thing.name}: {key}: {short(said)}"
                    for key, (value, said) in values.items()
                    if value is None
                ]
                subjects.append(
                    (
                        one.maker,
                        thing,
                        {key: value for key, (value, _) in values.items() if value is not None},
                    )
                )
        for namespace in sorted({thing.namespace for _, thing, _ in subjects}):
            control.namespace(namespace)
        for _, thing, _ in subjects:
            control.apply(thing.raw)
        for name, thing, wanted in subjects:
            unsealed.objects += 1
            unsealed.findings += [f"{name}: {one}" for one in control.findings(thing.value, wanted)]
        composed = sum(
            bool(thing.value["spec"]["template"].get("data")) for _, thing, _ in subjects
        )
        names = ", ".join(["a platform in three scopes", *(one.maker for one, _ in trees)])
        unsealed.note = f"{names}; {composed} with composed keys"
        unsealed.findings += unopened(ctx, trees)
        unsealed.seconds, began = time.monotonic() - began, time.monotonic()
        patch(ctx, control, pair, patched)
        patched.seconds = time.monotonic() - began
    return [unsealed, patched]


# What is written on the Secret that is there (None: there is none), what the SealedSecret's
# template has; then what has to come of it: is it synced, are the other keys kept, does the
# SealedSecret own it, is it there after the SealedSecret has been deleted.
CASES = {
    "patch": ({PATCHED}, set(), (True, True, False, True)),
    "patch and managed": ({PATCHED, MANAGED}, set(), (True, True, True, False)),
    "managed": ({MANAGED}, set(), (True, False, True, False)),
    "neither": (set(), set(), (False, True, False, True)),
    "neither, patch in the template": (set(), {PATCHED}, (False, True, False, True)),
    "no Secret, patch in the template": (None, {PATCHED}, (True, True, True, False)),
}
OTHERS = {"server.secretkey": b"made by the server", "webhook.github.secret": b"h"}
VALUES = {
    "admin.password": b"$2a$10$abcdefghijklmnopqrstuv",
    "admin.passwordMtime": b"2026-01-01T00:00:00Z",
}


def encoded(data: dict[str, bytes]) -> dict[str, str]:
    """Bytes as `data` of a Secret has them."""
    return {key: base64.b64encode(value).decode() for key, value in data.items()}


def patch(ctx: Context, control: Controlled, pair: Pair, row: Row) -> None:
    """A SealedSecret argocd-secret beside a Secret of that name: unsealed, then deleted."""
    secrets, seen = "/api/v1/namespaces/{}/secrets", {}
    for at, (there, template, _) in enumerate(CASES.values()):
        namespace = f"patched-{at}"
        control.namespace(namespace)
        if there is not None:
            control.api.post(
                secrets.format(namespace),
                {
                    "apiVersion": "v1",
                    "kind": "Secret",
                    "type": "Opaque",
                    "data": encoded(OTHERS),
                    "metadata": {
                        "name": "argocd-secret",
                        "labels": {"kept": "yes"},
                        "annotations": dict.fromkeys(there, "true"),
                    },
                },
            )
        plain = {
            "apiVersion": "v1",
            "kind": "Secret",
            "data": encoded(VALUES),
            "metadata": {
                "name": "argocd-secret",
                "namespace": namespace,
                "annotations": dict.fromkeys(template, "true"),
            },
        }
        done = subprocess.run(
            [ctx.tool("kubeseal"), "--cert", str(pair.certificate), "-o", "json"],
            input=json.dumps(plain).encode(),
            capture_output=True,
            check=True,
        )
        control.apply(done.stdout)
    for at, (name, (there, _, _)) in enumerate(CASES.items()):
        namespace = f"patched-{at}"
        synced, message = control.synced(namespace, "argocd-secret")
        if there is None:
            # As a server does that finds its Secret there; then the SealedSecret changes, and is
            # unsealed once more.
            control.api.patch(
                f"{secrets.format(namespace)}/argocd-secret", {"data": encoded(OTHERS)}
            )
            control.api.patch(
                f"{SEALED}/{namespace}/sealedsecrets/argocd-secret",
                {"spec": {"template": {"metadata": {"labels": {"again": "yes"}}}}},
            )
            synced, message = control.synced(namespace, "argocd-secret")
        secret, data = (
            control.secret(namespace, "argocd-secret") or {"metadata": {}},
            control.data(namespace, "argocd-secret"),
        )
        owners = [
            f"{one['kind']}/{one['name']}"
            for one in secret["metadata"].get("ownerReferences") or []
        ]
        seen[name] = [
            synced == "True",
            OTHERS.items() <= data.items(),
            owners == ["SealedSecret/argocd-secret"],
        ]
        added = VALUES.items() <= data.items()
        if added != (synced == "True"):
            row.findings.append(
                f"{name}: Synced={synced}, the sealed keys are {'there' if added else 'not there'}"
            )
        if synced != "True" and "already exists and is not managed by SealedSecret" not in message:
            row.findings.append(f"{name}: Synced={synced}: {short(message, 200)}")
        ctx.say(
            f"sealing: {name}: Synced={synced} {short(message)}; keys {sorted(data)}; owners "
            f"{owners}; type {secret.get('type')}; "
            f"annotations {sorted(secret['metadata'].get('annotations') or {})}; labels "
            f"{sorted(secret['metadata'].get('labels') or {})}"
        )
    for at in range(len(CASES)):
        control.api.delete(f"{SEALED}/patched-{at}/sealedsecrets/argocd-secret")
    going = [f"patched-{at}" for at, (_, _, wanted) in enumerate(CASES.values()) if not wanted[3]]
    deadline = time.monotonic() + 30
    while (
        any(control.secret(namespace, "argocd-secret") for namespace in going)
        and time.monotonic() < deadline
    ):
        time.sleep(0.05)
    # What does not go when the others have gone would go now.
    time.sleep(1)
    for at, (name, (_, _, wanted)) in enumerate(CASES.items()):
        data = control.data(f"patched-{at}", "argocd-secret")
        got = (*seen[name], bool(data))
        ctx.say(
            f"sealing: {name}: after the SealedSecret was deleted: {sorted(data) or 'no Secret'}"
        )
        row.objects += 1
        row.findings += (
            [
                (
                    f"{name}: synced, other keys kept, owned, there after the SealedSecret: {got}, "
                    f"not {wanted}"
                )
            ]
            if got != wanted
            else []
        )
    row.note = (
        "with `patch` alone the SealedSecret does not own it: it stays when the "
        "SealedSecret is deleted"
    )
