"""What the API leaves alone, and what it lets nobody see: workspaces that are kept in Git, and the
password of a first administrator."""

from __future__ import annotations

import base64
import json
import secrets
import subprocess
from pathlib import Path

import yaml

from harness.api import LOADER

from .api_client import ALL, JSON, YAML, Client, Reply, one, wrong
from .api_stage import Stage

TRACKED, SOURCE = "argocd.argoproj.io/tracking-id", "espalier.dev/source"
FILE = "spec/workspaces/in-git.yaml"
PATCH = "application/merge-patch+json"
KEY = "tests/golden/sealed/sealing.key"


def in_git(stage: Stage) -> list[str]:
    """What Argo CD applies is read here, and never written."""
    resource = stage.workspace("in-git")
    resource["metadata"]["annotations"] = {
        TRACKED: f"workspaces:apps.aichatworkspaces.io/AIChatWorkspace:{stage.path('in-git')}",
        SOURCE: FILE,
    }
    stage.api.delete(stage.path("in-git"))
    answer = stage.api.apply(resource, stage.path("in-git"), manager="argocd-controller")
    if answer.refused:
        return [answer.message]
    admin, found = stage.by("admin"), []
    before = stage.version("in-git")
    body = stage.workspace("in-git", {"by": "hand"})
    confirmed = "?data=delete&confirm=in-git"
    for what, reply in (
        ("PUT", admin.ask("PUT", one("in-git"), body, if_match="*")),
        ("PATCH", admin.ask("PATCH", one("in-git"), {"spec": {"suspend": True}}, PATCH)),
        ("DELETE", admin.ask("DELETE", one("in-git"))),
        ("DELETE with data", admin.ask("DELETE", one("in-git") + confirmed)),
        ("suspend", admin.ask("POST", one("in-git", "suspend"))),
        ("resume", admin.ask("POST", one("in-git", "resume"))),
        ("a dry PATCH", admin.ask("PATCH", f"{one('in-git')}?dryRun=true", {"spec": {}}, PATCH)),
    ):
        found += wrong(what, reply, 409, "workspace-in-git")
        if FILE not in str((reply.body or {}).get("detail")):
            found.append(f"{what}: it does not name the file: {reply}")
    found += ["it was written"] * (stage.version("in-git") != before)
    status = admin.ask("GET", one("in-git")).body["status"]
    if not status["inGit"] or status["file"] != FILE:
        found.append(f"it says {status}")
    forged = stage.workspace("forged")
    forged["metadata"]["annotations"] = {TRACKED: "mine"}
    reply = admin.ask("POST", ALL, forged)
    found += wrong("somebody else's annotation", reply, 422, "metadata-reserved")
    stage.api.delete(stage.path("in-git"))
    return found


def administered(stage: Stage, name: str, password: object) -> dict:
    """A workspace with a first administrator."""
    administrator = {"email": "ada@example.org", "password": password}
    return stage.workspace(name, administrator=administrator)


def password(stage: Stage) -> list[str]:
    """A password is sealed before anything is written, and nobody hears of it."""
    found, editor = [], stage.by("editor")
    # Signs that JSON, YAML and logs write in ways of their own would be looked for in vain.
    value = "pw-" + secrets.token_hex(12)
    since = stage.mark()
    replies: list[tuple[str, Reply]] = []
    for form in (JSON, YAML):
        name = f"adm-{form[-4:]}"
        stage.api.delete(stage.path(name))
        body = administered(stage, name, value)
        for what, reply in (
            ("a dry creation", editor.ask("POST", f"{ALL}?dryRun=true", body, form, form)),
            ("a validation", editor.ask("POST", "/v1/validate", body, form, form)),
            ("a creation", editor.ask("POST", ALL, body, form, form)),
            ("the same again", editor.ask("POST", ALL, body, form, form)),
            ("a PUT", editor.ask("PUT", one(name), body, form, form, if_match="*")),
            ("reading", editor.ask("GET", one(name), accept=form)),
        ):
            replies.append((f"{form}: {what}", reply))
        found += sealed(stage, name, value)
    wrong_ones: list[tuple[str, object]] = [
        ("an unknown field", administered(stage, "adm-bad", value) | {"colour": "red"}),
        ("no email", stage.workspace("adm-bad", administrator={"password": value})),
        ("a list", administered(stage, "adm-bad", [value])),
        ("a number beside it", stage.workspace("adm-bad", administrator=[{"password": value}])),
        ("broken JSON", b'{"spec": {"administrator": {"password": "' + value.encode() + b'"'),
    ]
    for what, wrong_one in wrong_ones:
        for form in (JSON, YAML):
            reply = editor.ask("POST", ALL, wrong_one, form)
            replies.append((what, reply))
            found += [f"{what}: {reply}"] * (reply.status not in (400, 422))
    patch = {"spec": {"administrator": {"email": "a@example.org", "password": value}}}
    replies.append(("a patch", editor.ask("PATCH", one("adm-json"), patch, PATCH)))
    found += [
        f"{what}: the answer has it: {reply}"
        for what, reply in replies
        if value.encode() in reply.raw
    ]
    good = [201, 200, 201, 409, 200, 200] * 2
    statuses = [reply.status for _, reply in replies[: len(good)]]
    if statuses != good:
        found.append(f"the answers are {statuses}, and not {good}")
    return found + nowhere(stage, value, since)


def sealed(stage: Stage, name: str, value: str) -> list[str]:
    """What is stored, and what it becomes: ciphertext, which the platform's key opens."""
    live = stage.live(name)
    administrator = live.get("spec", {}).get("administrator", {})
    found = []
    if value in json.dumps(live) or "password" not in administrator.get("sealed", {}):
        found.append(f"{name}: stored is {administrator}")
    reply = stage.by("viewer").ask("GET", one(name, "manifests"), accept=YAML)
    if reply.status != 200:
        return [*found, f"{name}: its objects: {reply}"]
    documents = [yaml.load(it, LOADER) for it in reply.raw.split(b"---\n") if it]
    secret = [it for it in documents if it["kind"] == "SealedSecret"]
    texts = [text for it in secret for text in opened(stage, it)]
    if value not in texts:
        found.append(f"{name}: of {len(secret)} SealedSecrets, none has the password")
    return found


def opened(stage: Stage, secret: dict) -> list[str]:
    """What kubeseal opens of a SealedSecret."""
    key = stage.ctx.root / KEY
    done = subprocess.run(
        [
            stage.ctx.tool("kubeseal"),
            *("--recovery-unseal", "--recovery-private-key", str(key), "-o", "json"),
        ],
        input=json.dumps(secret).encode(),
        capture_output=True,
        check=False,
    )
    if done.returncode:
        return []
    values = json.loads(done.stdout)["data"].values()
    return [base64.b64decode(it).decode(errors="replace") for it in values]


def nowhere(stage: Stage, value: str, since: int) -> list[str]:
    """It is in no log of the API, none of the API server and in no resource, and no core is
    written."""
    found = []
    process = stage.running[-1].process
    logs = [*stage.ctx.processes.folder.glob("*.log"), *stage.cluster.folder.glob("log/*.log")]
    encoded = base64.b64encode(value.encode()).decode()
    for text in (value, encoded):
        found += [f"{it.name} has it" for it in logs if text in it.read_text(errors="replace")]
        found += ["the audit log has it"] * any(text in it for it in stage.lines()[since:])
    stored = stage.api.request("GET", stage.path()).body
    found += ["a resource has it"] * (value in json.dumps(stored))
    limits = Path(f"/proc/{process.handle.pid}/limits").read_text(encoding="utf-8")
    cores = next(it for it in limits.splitlines() if it.startswith("Max core file size"))
    found += [f"cores are written: {cores}"] * (cores.split()[4:6] != ["0", "0"])
    arguments = Path(f"/proc/{process.handle.pid}/cmdline").read_bytes()
    return found + ["its arguments have it"] * (value.encode() in arguments)


def tokens_untold(stage: Stage) -> list[str]:
    """No token is in a log, whoever brings it."""
    tokens = [stage.token("viewer"), stage.of_issuer("stranger"), "nonsense-of-somebody"]
    for token in tokens:
        Client(stage.url, token).ask("GET", ALL)
        Client(stage.url, token).ask("POST", ALL, {})
        Client(stage.url).ask("GET", f"{ALL}?token={token}")
    logs = stage.ctx.processes.folder.glob(f"{stage.name}-serve-*.log")
    texts = [it.read_text(encoding="utf-8", errors="replace") for it in logs]
    found = ["the program has written no log"] * (not any(texts))
    return found + [
        f"the log has the token {token[:12]}…"
        for token in tokens
        if any(token in text or token.rpartition(".")[2] in text for text in texts)
    ]


def audited(stage: Stage) -> list[str]:
    """Each change is one line: who, what, of which version, and what came of it."""
    stage.api.delete(stage.path("told"))
    editor = stage.by("editor")
    made = editor.ask("POST", ALL, stage.workspace("told"))
    editor.ask("PATCH", one("told"), {"metadata": {"labels": {"a": "b"}}}, PATCH)
    editor.ask("PATCH", f"{one('told')}?dryRun=true", {"metadata": {"labels": {"a": "c"}}}, PATCH)
    editor.ask("DELETE", one("told"))
    editor.ask("GET", one("told"))
    lines = stage.running[-1].process.log.read_text(encoding="utf-8").splitlines()
    entries = [json.loads(it) for it in lines if '"target":"audit"' in it and '"told"' in it]
    shown = [
        (it["verb"], it["status"], it["dry_run"], bool(it.get("before")), bool(it.get("after")))
        for it in entries[-4:]
    ]
    wanted = [
        ("create", 201, False, False, True),
        ("patch", 200, False, True, True),
        ("patch", 200, True, True, False),
        ("delete", 403, False, False, False),
    ]
    found = [f"the audit says {shown}"] * (shown != wanted)
    who = {(it["user"], bool(it["groups"]), bool(it["request"])) for it in entries}
    if who != {("system:serviceaccount:people:editor", True, True)}:
        found.append(f"the audit says {who}")
    if entries and made.headers.get("X-Request-Id") not in {it["request"] for it in entries}:
        found.append("the audit has other request ids than the answers")
    return found
