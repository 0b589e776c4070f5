"""What the API costs: memory with 1,000 workspaces, its own time, a list that has not changed."""

from __future__ import annotations

import os
import statistics
import threading
import time
from collections import Counter
from datetime import datetime
from pathlib import Path

from .api_bounds import MIB, resident
from .api_client import ALL, Client, one
from .api_described import LONG
from .api_stage import FREE, Stage
from .api_writers import crowd

# The goals, of a program that is made as people install it.
RSS, P50, P99, UNCHANGED, PAGE = 24 * MIB, 1e-3, 5e-3, 2e-4, 30e-3
RATE, SECONDS, SHORT_SECONDS = 200, 20, 3
TICKS = os.sysconf("SC_CLK_TCK")


def is_long() -> bool:
    """Whether goals are judged: the long form, which wants a machine of its own."""
    return LONG in os.environ


def is_optimized(stage: Stage) -> bool:
    """Whether the program is one that people install."""
    return "/debug/" not in stage.ctx.tool("espalier-operator")


def cpu(pid: int) -> float:
    """The CPU time of a process so far."""
    fields = Path(f"/proc/{pid}/stat").read_text(encoding="utf-8").rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / TICKS


def quantile(values: list[float], part: float) -> float:
    """A quantile, of those that were measured."""
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, int(part * len(ordered)))]


def own_times(total: dict[str, float], of_server: dict[str, float]) -> list[float]:
    """What is left of each answer's time without that of the API server."""
    return [total[name] - of_server[name] for name in total if name in of_server]


def at_rate(client: Client, names: list[str], rate: int, path: str = "") -> dict[str, float]:
    """Reads each workspace once, or a path as often, at a rate; how long each answer took."""
    began, taken, guard = time.monotonic(), dict[str, float](), threading.Lock()
    numbers = iter(range(len(names)))

    def some() -> None:
        while True:
            with guard:
                number = next(numbers, None)
            if number is None:
                return
            time.sleep(max(0.0, began + number / rate - time.monotonic()))
            asked = time.monotonic()
            reply = client.ask("GET", path or one(names[number]))
            if reply.status == 200:
                taken[names[number]] = time.monotonic() - asked

    threads = [threading.Thread(target=some, daemon=True) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return taken


def by_audit(log: list[dict]) -> dict[str, float]:
    """How long the API server took for each reading, by the name."""

    def moment(text: str) -> float:
        return datetime.fromisoformat(text).timestamp()

    return {
        it["objectRef"]["name"]: moment(it["stageTimestamp"])
        - moment(it["requestReceivedTimestamp"])
        for it in log
        if it["verb"] == "get" and (it.get("objectRef") or {}).get("name")
    }


def figures(stage: Stage) -> list[str]:
    """The figures; whether they are good is judged in the long form."""
    names = crowd(stage)
    for other in list(stage.running):
        stage.end(other)
    serving = stage.start(*FREE)
    client = Client(stage.url, stage.token("viewer"))
    time.sleep(2)
    rss, pid = resident(serving), serving.process.handle.pid
    since = stage.mark()
    client.ask("GET", one(names[0]))
    some = names[: RATE * SHORT_SECONDS] if not is_long() else names
    # What the judge's own client takes is in these times: of an answer that costs nothing, too.
    empty = quantile(list(at_rate(client, some, RATE, "/livez").values()), 0.5)
    own: list[float] = []
    for _ in range(1 if not is_long() else SECONDS * RATE // len(names)):
        since = stage.mark()
        taken = at_rate(client, some, RATE)
        stage.mark()
        own += own_times(taken, by_audit(stage.log(since)))
    tag = client.ask("GET", ALL).tag
    before, many = cpu(pid), 2000
    statuses = list[int]()
    for _ in range(many):
        reply = client.ask("GET", ALL, if_none_match=tag)
        # Each minute there is another tag.
        tag = reply.tag or tag
        statuses.append(reply.status)
    unchanged = (cpu(pid) - before) / many
    pages = []
    for _ in range(5):
        began = time.monotonic()
        client.ask("GET", f"{ALL}?limit=500")
        pages.append(time.monotonic() - began)
    page = statistics.median(pages)
    p50, p99 = quantile(own, 0.5), quantile(own, 0.99)
    kind = "" if is_optimized(stage) else " (not optimized)"
    stage.notes.append(
        f"{rss / MIB:.1f} MiB with {len(names)} workspaces{kind}; own time at {RATE}/s: "
        f"p50 {p50 * 1e3:.2f} ms, p99 {p99 * 1e3:.2f} ms, of which an empty answer takes "
        f"{empty * 1e3:.2f} ms; a list that has not changed: "
        f"{unchanged * 1e3:.3f} ms CPU; a page of 500: {page * 1e3:.0f} ms"
    )
    told = {200: 0, 304: 0} | Counter(statuses)
    found = [f"lists that have not changed: {told}"] * (told[304] < many - 2)
    found += ["nothing was measured"] * (len(own) < len(some) // 2)
    if not is_long() or not is_optimized(stage):
        return found
    for what, value, goal in (
        ("RSS", rss, RSS),
        ("p50", p50, P50),
        ("p99", p99, P99),
        ("a list that has not changed", unchanged, UNCHANGED),
        ("a page of 500", page, PAGE),
    ):
        found += [f"{what}: {value:g}, and at most {goal:g} is wanted"] * (value > goal)
    return found
