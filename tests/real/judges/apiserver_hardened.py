"""Judges the audit policy and the admission configuration by the real kube-apiserver: what it
writes down, and which pods it takes where a namespace names no level."""

from __future__ import annotations

import base64
import json
import shutil
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import yaml

from harness.api import Api
from harness.cluster import Cluster
from harness.context import Context
from harness.hardened import LOG, api_server_flags
from harness.processes import Failed
from harness.table import Fault, Row

JUDGE = "audit log and pod security default"
# No controller makes the accounts that pods would be given.
WITHOUT_ACCOUNTS = ("--disable-admission-plugins=ServiceAccount",)
# A namespace that names no level, and what is in it.
SPACE, SECRET, VALUE = "unlabelled", "planted", "hush-in-the-audit-log"


def pod(namespace: str) -> dict:
    """A pod that takes part in the node."""
    return {
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": {"name": "privileged", "namespace": namespace},
        "spec": {
            "containers": [
                {"name": "it", "image": "a", "securityContext": {"privileged": True}},
            ],
        },
    }


def asked(api: Api) -> str:
    """What a person and a program do with credentials; the token that was made."""
    api.apply({"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": SPACE}})
    path = f"/api/v1/namespaces/{SPACE}"
    api.apply(
        {
            "apiVersion": "v1",
            "kind": "Secret",
            "metadata": {"name": SECRET, "namespace": SPACE},
            "stringData": {"password": VALUE},
        }
    )
    api.get(f"{path}/secrets/{SECRET}")
    about = {"name": SECRET, "namespace": SPACE}
    api.apply({"apiVersion": "v1", "kind": "ServiceAccount", "metadata": about})
    wanted = {"apiVersion": "authentication.k8s.io/v1", "kind": "TokenRequest", "spec": {}}
    token: str = api.post(f"{path}/serviceaccounts/{SECRET}/token", wanted)["status"]["token"]
    api.get("/healthz")
    return token


def written(file: Path) -> list[dict[str, Any]]:
    """The lines of the log, as soon as it has what was asked last."""
    for _ in range(50):
        text = file.read_text(encoding="utf-8") if file.is_file() else ""
        if f"serviceaccounts/{SECRET}/token" in text:
            return [json.loads(line) for line in text.splitlines()]
        time.sleep(0.1)
    return []


def findings_of(api: Api, file: Path) -> tuple[int, list[str]]:
    """How many lines there are, and what is wrong."""
    token = asked(api)
    lines = written(file)
    found = []
    for verb, resource in (("get", "secrets"), ("create", "serviceaccounts")):
        if not any(
            one["verb"] == verb
            and one.get("objectRef", {}).get("resource") == resource
            and one["objectRef"].get("name") == SECRET
            for one in lines
        ):
            found.append(f"nobody can see that somebody did {verb} {resource}/{SECRET}")
    hidden = (VALUE, base64.b64encode(VALUE.encode()).decode(), token)
    text = json.dumps(lines)
    found += [
        f"the log has the value of a credential: {one[:12]}…" for one in hidden if one in text
    ]
    found += [
        f"the log has contents: {one['verb']} {one['requestURI']}"
        for one in lines
        if {"requestObject", "responseObject"} & set(one)
    ][:3]
    found += [
        f"the log has what everybody asks all the time: {one['requestURI']}"
        for one in lines
        if one["requestURI"].startswith(("/healthz", "/readyz"))
    ][:1]
    taken = api.apply(pod(SPACE), dry_run=True)
    if not taken.refused:
        found.append("a privileged pod is taken where no level is named")
    elif "PodSecurity" not in taken.message:
        found.append(f"a privileged pod is refused for another reason: {taken.message}")
    exempt = api.apply(pod("kube-system"), dry_run=True)
    if exempt.refused or exempt.warnings:
        found.append(f"what k3s brings would be refused: {exempt.message} {exempt.warnings}")
    return len(lines) + 2, found


def judge(api: Api, folder: Path) -> Row:
    """What the server of this run wrote down, and takes."""
    began = time.monotonic()
    count, findings = findings_of(api, folder / LOG)
    return Row(JUDGE, count, findings, time.monotonic() - began)


def more(rules: dict[str, Any]) -> None:
    """A policy that writes down contents."""
    for rule in rules["rules"]:
        if rule["level"] == "Metadata":
            rule["level"] = "RequestResponse"


def everything(rules: dict[str, Any]) -> None:
    """A policy that leaves out who reads what."""
    rules["rules"].insert(0, {"level": "None", "verbs": ["get"]})


def permissive(admission: dict[str, Any]) -> None:
    """A default that holds nobody to anything."""
    admission["plugins"][0]["configuration"]["defaults"]["enforce"] = "privileged"


def no_exemption(admission: dict[str, Any]) -> None:
    """A default that also holds what k3s brings."""
    admission["plugins"][0]["configuration"]["exemptions"]["namespaces"] = []


def no_level(rules: dict[str, Any]) -> None:
    """A policy that the server does not read."""
    rules["rules"][-1]["level"] = "Everything"


# Which servers are started: the changes of their files, and each fault with the word that names it.
Change = Callable[[dict[str, Any]], None]
PLANTED: list[tuple[dict[str, Change], list[tuple[str, str]]]] = [
    (
        {"audit.yaml": more, "admission.yaml": permissive},
        [
            ("an audit policy that writes down contents", "value of a credential"),
            ("a pod security default that holds nobody", "is taken where no level is named"),
        ],
    ),
    (
        {"audit.yaml": everything, "admission.yaml": no_exemption},
        [
            ("an audit policy that leaves out who reads a Secret", "did get secrets"),
            ("a pod security default without exemptions", "what k3s brings would be refused"),
        ],
    ),
    (
        {"audit.yaml": no_level},
        [("an audit policy with an unknown level", "kube-apiserver")],
    ),
]


def changed(ctx: Context, changes: dict[str, Change]) -> Path:
    """A tree's part for the node, with other files."""
    root = ctx.fresh("hardened")
    source = ctx.trees[0].root / "bootstrap/k3s"
    shutil.copytree(source, root / "bootstrap/k3s")
    for name, change in changes.items():
        value = yaml.safe_load((source / name).read_text(encoding="utf-8"))
        change(value)
        text = yaml.safe_dump(value, sort_keys=False)
        (root / "bootstrap/k3s" / name).write_text(text, encoding="utf-8")
    return root


def plant(ctx: Context) -> None:
    """A server for each set of wrong files."""
    for changes, planted in PLANTED:
        folder = ctx.fresh("audit")
        flags = [*WITHOUT_ACCOUNTS, *api_server_flags(changed(ctx, changes), folder)]
        try:
            with Cluster(ctx, "hardened", apiserver_flags=flags) as cluster:
                said = findings_of(cluster.api, folder / LOG)[1]
        except Failed as trouble:
            said = [str(trouble)]
        for name, word in planted:
            hits = [one for one in said if word in one]
            ctx.fault(Fault(name, JUDGE, (hits or said or ["nothing"])[0], bool(hits)))
