"""Judges the routes of Alertmanager's configuration: who is told of which alert."""

from __future__ import annotations

import subprocess
import time
from typing import Any

from harness.context import Context
from harness.table import Fault, Row, short

# Who is to be told of what: labels of an alert, and the receiver. There need not be a dead man's
# switch.
SWITCH = "dead-mans-switch"
WATCHDOG = {"alertname": "Watchdog", "severity": "none"}
ROUTES: tuple[tuple[dict[str, str], str], ...] = (
    ({"alertname": "ChatDown", "namespace": "ai", "severity": "critical"}, "critical"),
    ({"alertname": "AnswersFail", "namespace": "ai", "severity": "warning"}, "warning"),
    ({"alertname": "CPUThrottlingHigh", "namespace": "ai", "severity": "info"}, "warning"),
    ({"alertname": "Unheard"}, "warning"),
    ({"alertname": "InfoInhibitor", "severity": "none"}, "null"),
)


def receiver_of(ctx: Context, path: str, labels: dict[str, str]) -> str:
    """The receivers of an alert, as amtool says them."""
    done = subprocess.run(
        [
            ctx.tool("amtool"),
            "config",
            "routes",
            "test",
            f"--config.file={path}",
            *(f"{label}={value}" for label, value in labels.items()),
        ],
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=False,
    )
    return done.stdout.strip() if done.returncode == 0 else f"refused: {done.stderr.strip()}"


def trouble(ctx: Context, path: str, configuration: dict[str, Any]) -> list[str]:
    """Alerts that reach somebody else than they should, and receivers that drop them."""
    receivers = {one["name"]: one for one in configuration.get("receivers", [])}
    watched = (WATCHDOG, SWITCH if SWITCH in receivers else "null")
    found = []
    for labels, expected in (*ROUTES, watched):
        said = receiver_of(ctx, path, labels)
        if said != expected:
            found.append(f"{labels['alertname']}: goes to {said}, and not to {expected}")
    found += [
        f"{name}: drops what it gets"
        for name, one in receivers.items()
        if name != "null" and not any(key.endswith("_configs") for key in one)
    ]
    return found


def judge(ctx: Context, subjects: list[tuple[str, str, dict[str, Any]]]) -> Row:
    """One row, a configuration an object: where it is, its file, and its value."""
    row, began = Row("amtool: routes", 0), time.monotonic()
    for place, path, configuration in subjects:
        row.objects += 1
        row.findings += [f"{place}: {short(one, 300)}" for one in trouble(ctx, path, configuration)]
    row.note = "" if row.objects else "no subject yet"
    row.seconds = time.monotonic() - began
    return row


def plant(ctx: Context, write: Any, sound: dict[str, Any]) -> None:
    """A configuration with the routes in the wrong order, one that drops warnings, one whose dead
    man's switch is told of nothing."""

    def changed(**over: Any) -> list[str]:
        value = {**sound, **over}
        return trouble(ctx, str(write(value)), value)

    routes = sound["route"]["routes"]
    first = {"receiver": "null", "matchers": ['severity =~ ".*"']}
    empty = [
        {"name": one["name"]} if one["name"] == "warning" else one for one in sound["receivers"]
    ]
    unwatched = [one for one in routes if "Watchdog" not in str(one)]
    for what, over in (
        ("a route before all others that tells nobody", {"routes": [first, *routes]}),
        ("a dead man's switch that is not called", {"routes": unwatched}),
    ):
        said = changed(route={**sound["route"], **over})
        ctx.fault(Fault(what, "amtool: routes", "; ".join(said) or "nothing", bool(said)))
    said = changed(receivers=empty)
    what = "a receiver that drops what it gets"
    ctx.fault(Fault(what, "amtool: routes", "; ".join(said) or "nothing", bool(said)))
