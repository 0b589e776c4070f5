"""Faults of the judge `live`: what is wrong on purpose, on a platform of its own."""

import re
from pathlib import Path

import yaml

from . import live_checks, live_drill, live_hosts
from .live_browser import Person
from .live_checks import add_second
from .live_objects import CHAT, EMAIL, PASSWORD, REGISTRY
from .live_platform import Live, make_tree
from .table import Fault, Row

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


def tried(check, live: Live) -> str:
    """What a check says; a check that breaks says so too."""
    row = Row("", 0)
    try:
        check(live, row)
    except Exception as trouble:  # pylint: disable=broad-except
        row.findings.append(str(trouble)[:300])
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


def plant(ctx, shots: Path) -> list[Row]:
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

        def seen(what: str, judge: str, check, wanted: str) -> None:
            message = tried(check, live)
            bitten = re.search(wanted, message)
            ctx.fault(Fault(what, f"live: {judge}", message or "nothing", bool(bitten)))

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
    return []


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
