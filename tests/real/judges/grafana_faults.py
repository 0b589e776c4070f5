"""Faults for the judge `grafana`: servers of its own that refuse, answer or show something wrong.
They are small stand-ins, since no judge runs Grafana itself."""

from __future__ import annotations

import json
import re

from harness.context import Context
from harness.planting import NoSubject
from harness.table import Fault, short

from .configs_dashboards import subjects
from .grafana_api import ROW, Grafana
from .grafana_pages import Pages, found
from .grafana_stand_in import WORD, served

# Seconds for a page that will never be there.
PATIENCE = 6.0
# What is wrong with a server, in the words of the stand-in, and what has to be said of it.
WRONG = (
    ("a dashboard that a Grafana refuses", "refused", r"^is not taken: 400 bad dashboard data$"),
    ("a query that a Grafana answers with an error", "query", r": A: parse error$"),
    ("a page with an error at a panel", "error", r"^its page shows an error at the panel '.+'"),
    ("a page with a panel of no kind", "alert", r"^its page shows an alert at the panel '.+'"),
    ("a page that cannot draw a panel", "data", r"^its page cannot draw the panel '.+': Data is"),
    ("a page with a panel that is empty", "empty", r"^its page does not show the panel '.+' in"),
    ("a page with a panel that loads without end", "loading", r"^its page still loads 1 panels"),
    ("a page that never shows its panels", "panels", r"^its page does not show the panel '.+' in"),
    ("a page that never comes", "silence", r"^its page does not come"),
)


def plant(ctx: Context) -> None:
    """One dashboard of the trees, at a server with each fault."""
    text = next((text for tree in ctx.trees for _, text in subjects(tree)), None)
    if text is None:
        raise NoSubject("no tree has a dashboard")
    picture = ctx.fresh("grafana") / "page.png"
    with served() as (url, state):
        own = Grafana(url, WORD)
        with Pages(ctx.chromium, own, PATIENCE) as pages:
            said = found(own, pages, text, picture)
            right = not said and picture.stat().st_size > 1000
            note(ctx, "none: a dashboard that is right is photographed", said, right)
            for fault, wrong, says in WRONG:
                state.wrong = wrong
                said = found(own, pages, text, picture)
                note(ctx, fault, said, any(re.search(says, one) for one in said))
        state.wrong = ""
        with Pages(ctx.chromium, Grafana(url, "another"), PATIENCE) as pages:
            page = own.load(json.loads(text))
            said = pages.look(page, json.loads(text), picture)
            says = "its page does not show the panel"
            note(ctx, "a page for those who sign in", said, any(says in one for one in said))


def note(ctx: Context, fault: str, said: list[str], seen: bool) -> None:
    """Hands in what was said of a fault."""
    ctx.fault(Fault(fault, ROW, short("; ".join(said), 300) or "nothing", seen))
