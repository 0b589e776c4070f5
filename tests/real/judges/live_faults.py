"""Faults of the judge `live`: what is wrong on purpose, on a platform of its own."""

from pathlib import Path

import yaml

from . import live_checks
from .live_platform import Live, make_tree
from .table import Fault, Row

# Variables of Open WebUI that are taken away, each with the check that has to see it.
TOOLS, CACHE = "DEFAULT_MODEL_METADATA", "AIOHTTP_POOL_DNS_TTL"


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


def plant(ctx, shots: Path) -> list[Row]:
    """A platform without its settings, and a program that asks for a name of nobody's."""
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
        live.shots, live.chat = shots / "faults", ""
        live.model = next(one for one in live.models() if one.startswith("llama"))
        live.ready()
        for what, judge, check in (
            (
                "tools of Open WebUI are sent with each question",
                "live: a person chats and uploads",
                live_checks.asks,
            ),
            ("the same", "live: bootstrap.sh verify", live_checks.verify),
            ("the same, in a tenant", "live: a tenant", live_checks.tenant),
            (
                "names are kept for five minutes",
                "live: a pod of Ollama is replaced",
                live_checks.replaced,
            ),
        ):
            message = tried(check, live)
            ctx.fault(Fault(what, judge, message or "nothing", bool(message)))
        pod = live.pods("ai", "openwebui")[0]["metadata"]["name"]
        live.world.exec(
            "ai",
            pod,
            [
                "python3",
                "-c",
                "import socket\ntry: socket.getaddrinfo('telemetry.example.net', 443)\n"
                "except OSError: pass",
            ],
        )
        message = tried(live_checks.hosts, live)
        ctx.fault(
            Fault(
                "a program asks for a host that nobody declared",
                "live: hosts outside",
                message,
                "telemetry.example.net" in message,
            )
        )
    return []
