"""Faults of the judge `live`: what is wrong on purpose, on a platform of its own."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import yaml

from harness.context import Context
from harness.processes import Failed
from harness.table import Fault, Row
from harness.trees import Tree

from . import live_backup, live_checks, live_drill, live_hosts, live_memory, live_replicas
from .live_browser import Person
from .live_checks import add_second
from .live_objects import CHAT, EMAIL, PASSWORD, REGISTRY
from .live_platform import Live, make_tree

# Variables of Open WebUI that are taken away, each with the check that has to see it.
TOOLS, CACHE = "DEFAULT_MODEL_METADATA", "AIOHTTP_POOL_DNS_TTL"
# The number of a chat that no platform has.
LOST = "00000000-0000-4000-8000-000000000000"


def spoil(root: Path, names: tuple[str, ...]) -> list[str]:
    """Takes variables away from every Open WebUI; those that were not there."""
    missing = set(names)
    for path in sorted((root / "out/manifests").rglob("deployment-*.yaml")):
        value = yaml.safe_load(path.read_text(encoding="utf-8"))
        pod = value["spec"]["template"]["spec"]
        for one in [*pod.get("initContainers", []), *pod["containers"]]:
            missing -= {variable["name"] for variable in one.get("env", [])}
            one["env"] = [
                variable for variable in one.get("env", []) if variable["name"] not in names
            ]
        path.write_text(yaml.safe_dump(value, sort_keys=False), encoding="utf-8")
    return sorted(missing)


def tried(check: Callable[..., Any], live: Live) -> str:
    """What a check says; a check that breaks says so too."""
    row = Row("", 0)
    try:
        check(live, row)
    except Exception as trouble:
        row.findings.append(str(trouble)[:2000])
    return "; ".join(row.findings)


# What a check says of each fault: any other trouble of its own does not count.
SEEN_TOKENS = r"the model read \d+ tokens"
OF_WEBUI = (
    (
        "tools of Open WebUI are sent with each question",
        "a person chats and uploads",
        live_checks.asks,
        SEEN_TOKENS,
    ),
    (
        "tools of Open WebUI are sent with the question of the script",
        "bootstrap.sh verify",
        live_checks.verify,
        SEEN_TOKENS,
    ),
    (
        "tools of Open WebUI are sent with each question of a tenant",
        "a tenant",
        live_checks.tenant,
        SEEN_TOKENS,
    ),
    (
        "names are kept for five minutes",
        "a pod of Ollama is replaced",
        live_checks.replaced,
        r"a good answer came \d+ s after|no good answer in \d+ s",
    ),
)


# What a backup's script does instead, and what the check says of it.
OF_BACKUPS = (
    (
        "a backup leaves the rows of a table out",
        "pg_dump --no-password",
        "pg_dump --no-password --exclude-table-data=chat",
        r"the backup lacks \d+ of \d+ rows of public\.chat\b",
    ),
    (
        "a backup leaves uploaded files out",
        "--exclude './cache'",
        "--exclude './cache' --exclude './uploads'",
        r"the backup lacks the file \./uploads/",
    ),
    (
        "a backup is damaged after its sums are made",
        'mv --no-target-directory -- "$work"',
        'printf x | dd of="$work/database.dump" bs=1 seek=2000 conv=notrunc status=none\n'
        'mv --no-target-directory -- "$work"',
        r"database\.dump of the backup is not what its sum says",
    ),
)
SUMS_READ = "sha256sum --check --strict --quiet SHA256SUMS"
OF_REDIS = ("REDIS_URL", "WEBSOCKET_MANAGER")


def plant(ctx: Context, shots: Path) -> list[Row]:
    """A platform without its settings, and programs that do what nobody declared."""
    root = make_tree(ctx)
    missing = spoil(root, (TOOLS, CACHE))
    if missing:
        return [
            Row(
                "live: planted faults",
                0,
                [f"the tree sets no {name}: there is nothing to take away" for name in missing],
            )
        ]
    with Live(ctx, root, "faulty") as live:
        live.prepare(shots / "faults")
        live.ready()
        seen = looked_at(ctx, live)
        for what, judge, check, wanted in OF_WEBUI:
            seen(what, judge, check, wanted)
        ask_for(live, "telemetry.example.net", REGISTRY)
        for what, host in (
            ("Open WebUI asks for a host that nobody declared", "telemetry.example.net"),
            ("Open WebUI asks for a host that is declared for Ollama alone", REGISTRY),
        ):
            wanted = rf"ai/openwebui asked for {re.escape(host)}, which is not declared for it"
            seen(what, "hosts outside", live_hosts.compared, wanted)
        seen(
            "a chat is on a node that was lost, and nobody ran `restore`",
            "restore",
            lambda live, row: row.findings.extend(live_drill.reads(live, LOST, "lost")),
            "has no chat|the chat is not what it was",
        )
        share_a_chat(live)
        seen(
            "a new person has a chat of somebody else in the list",
            "a second person",
            live_checks.second,
            "a new person sees chats of others",
        )
        upload(live)
        for number, (what, written, spoiled, wanted) in enumerate(OF_BACKUPS):
            seen(what, "a backup", spoiled_backup(number, written, spoiled), wanted)
        take_the_sums_away(live.tree.root)
        live_drill.paper(live)
        seen(
            "a restore that looks at no sums",
            "damaged and foreign backups",
            lambda live, row: live_drill.refused(live, live.chat, row),
            "damage: restore ended with",
        )
        in_webui(live, "b'x' * (1 << 30)")
        seen(
            "a program beside Open WebUI takes more memory than there is",
            "memory",
            live_memory.memory,
            r"had too little: the kernel ended (it|[1-9])",
        )
    live.forget()
    of_replicas(ctx, shots)
    return []


def looked_at(ctx: Context, live: Live) -> Any:
    """What notes whether a check of a platform says of a fault what it has to."""

    def seen(what: str, judge: str, check: Callable[..., Any], wanted: str) -> None:
        message = tried(check, live)
        bitten = re.search(wanted, message)
        ctx.fault(Fault(what, f"live: {judge}", message or "nothing", bool(bitten)))

    return seen


def in_webui(live: Live, text: str) -> None:
    """Runs a line of Python beside Open WebUI, in its container."""
    pod = live.pods("ai", "openwebui")[0]["metadata"]["name"]
    live.world.exec("ai", pod, ["python3", "-c", text])


def ask_for(live: Live, *names: str) -> None:
    """Open WebUI's container asks for names."""
    for name in names:
        in_webui(
            live,
            f"import socket\ntry: socket.getaddrinfo({name!r}, 443)\nexcept OSError: pass",
        )


def share_a_chat(live: Live) -> None:
    """Adds the second person, who then has a chat that she did not write."""
    with Person(live.ctx, CHAT) as person:
        person.sign_in(EMAIL, PASSWORD)
        add_second(person)
    with Person(live.ctx, CHAT) as person:
        person.sign_in(*live_checks.SECOND)
        person.fetch("/api/v1/chats/new", {"chat": {"title": "Of somebody else"}})


def upload(live: Live) -> None:
    """The administrator has a chat and a file, for backups; nobody waits for a model, which is slow
    with all those tools."""
    with Person(live.ctx, CHAT) as person:
        person.sign_in(EMAIL, PASSWORD)
        person.upload(live_checks.FILE, live_checks.INSIDE)
        kept = person.fetch("/api/v1/chats/new", {"chat": {"title": "To be kept"}})
        live.chat = kept["id"]


def spoiled_backup(number: int, written: str, spoiled: str) -> Callable[[Live, Row], None]:
    """The check of a backup, with a script that does something else."""

    def spoil(word: str) -> str:
        return word.replace(written, spoiled)

    def check(live: Live, row: Row) -> None:
        live_backup.backup(live, row, f"backup-{number}", spoil)

    return check


def take_the_sums_away(root: Path) -> None:
    """The script of the Job that restores takes every backup for whole."""
    job = root / "bootstrap/job-restore.yaml"
    text = job.read_text(encoding="utf-8")
    if SUMS_READ not in text:
        raise Failed(f"{job.name} has no `{SUMS_READ}`: there is nothing to take away")
    job.write_text(text.replace(SUMS_READ, "true"), encoding="utf-8")


def of_replicas(ctx: Context, shots: Path) -> None:
    """Two Open WebUI that do not know of each other, and then a Redis that nobody reaches."""
    root = live_replicas.make_tree(ctx)
    right = [
        thing.value
        for thing in Tree("right", root).of_kind("Deployment")
        if thing.value["metadata"]["name"] == "openwebui"
    ]
    missing = spoil(root, OF_REDIS)
    if missing:
        raise Failed(f"the tree sets no {missing}: there is nothing to take away")
    with Live(ctx, root, "apart") as live:
        live.prepare(shots / "faults")
        live.ready()
        seen = looked_at(ctx, live)
        seen(
            "two Open WebUI without Redis",
            "two replicas: an answer from the other replica",
            live_replicas.answers,
            "the page does not show the answer",
        )
        seen(
            "two Open WebUI without Redis",
            "two replicas: a sign-out",
            live_replicas.signs_out,
            "after the sign-out .* answered a request with the token with 200",
        )
        nobody_reaches_redis(live, right)
        seen(
            "a Redis that no policy opens",
            "two replicas: pods run",
            lambda live, row: live.ready(300),
            r"openwebui-\S+ said: .*[Rr]edis",
        )


def nobody_reaches_redis(live: Live, right: list[dict]) -> None:
    """The policy of Redis is gone, and Open WebUI has again what it was without."""
    live.world.api.delete("/apis/networking.k8s.io/v1/namespaces/ai/networkpolicies/allow-redis")
    before = {pod["metadata"]["uid"] for pod in live.pods("ai", "openwebui")}
    live.world.apply(right)
    live.wait(
        "the pods without Redis are gone",
        lambda: not before & {pod["metadata"]["uid"] for pod in live.world.pods("ai")},
        120,
    )
