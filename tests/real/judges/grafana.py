"""Loads the dashboards into the Grafana that a person has: it takes each, answers the queries of
its panels and shows them without an error; a picture of each page is kept."""

from __future__ import annotations

import time
from pathlib import Path

from harness.context import Context
from harness.table import Row, short

from . import grafana_faults
from .configs_dashboards import subjects
from .grafana_api import ROW, SERVER, Grafana
from .grafana_pages import Pages, found


def judge(ctx: Context) -> list[Row]:
    """One row; a dashboard is an object."""
    grafana = Grafana.named()
    row, began = Row(ROW, 0), time.monotonic()
    if grafana is None:
        row.note = f"no Grafana is asked: {SERVER} names none"
        return [row]
    done: set[str] = set()
    with Pages(ctx.chromium, grafana) as pages:
        for tree in ctx.trees:
            for where, text in subjects(tree):
                if text in done:
                    continue
                done.add(text)
                row.objects += 1
                name = f"{tree.name} {Path(where.rpartition(': ')[2]).stem}"
                picture = ctx.shots / f"{name.replace('/', ' ').replace(' ', '-')}.png"
                picture.parent.mkdir(parents=True, exist_ok=True)
                row.findings += [
                    f"{tree.name}/{where}: {short(one, 300)}"
                    for one in found(grafana, pages, text, picture)
                ]
    row.note = f"pictures of them are in {ctx.shots}"
    row.seconds = time.monotonic() - began
    return [row]


def faults(ctx: Context) -> None:
    """See `grafana_faults`."""
    grafana_faults.plant(ctx)
