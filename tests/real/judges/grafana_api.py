"""What a Grafana that one has says of dashboards: by its API, and on its pages."""

from __future__ import annotations

import json
import os
import urllib.error
import urllib.parse
import urllib.request
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from harness.table import short

ROW = "dashboards: Grafana"
# Where a Grafana answers that dashboards may be written to, and a token of a service account there.
SERVER, TOKEN = "GRAFANA", "GRAFANA_TOKEN"
# What a panel says that nothing is wrong with, where its datasource has nothing to show.
EMPTY = "No data"


class Refused(Exception):
    """The server does not do what it was asked; the message says why."""


@dataclass(frozen=True)
class Grafana:
    """A server, and what one may do there."""

    url: str
    token: str = ""

    @staticmethod
    def named() -> Grafana | None:
        """The one that the environment names."""
        url = os.environ.get(SERVER)
        return Grafana(url, os.environ.get(TOKEN, "")) if url else None

    @property
    def headers(self) -> dict[str, str]:
        """What every request has."""
        return {"Authorization": f"Bearer {self.token}"} if self.token else {}

    def ask(self, path: str, body: dict[str, Any]) -> dict[str, Any]:
        """The answer to a request of the API."""
        request = urllib.request.Request(
            self.url.rstrip("/") + path,
            data=json.dumps(body).encode(),
            headers={"Content-Type": "application/json", **self.headers},
            method="POST",
        )
        try:
            with urllib.request.urlopen(request, timeout=30) as answer:
                return _object(answer.read())
        except urllib.error.HTTPError as refusal:
            said = reasons(_object(refusal.read()))
            raise Refused(f"{refusal.code} {'; '.join(said) or refusal.reason}") from None
        except OSError as error:
            raise Refused(str(error)) from None

    def load(self, dashboard: dict[str, Any]) -> str:
        """Writes a dashboard there; where its page is."""
        answer = self.ask("/api/dashboards/db", {"dashboard": dashboard, "overwrite": True})
        if not isinstance(answer.get("url"), str):
            raise Refused(f"no page is named in the answer: {short(json.dumps(answer), 200)}")
        return urllib.parse.urljoin(self.url, answer["url"])

    def answers(self, dashboard: dict[str, Any]) -> Iterator[str]:
        """What is wrong with the answers to the queries of its panels."""
        for title, queries in panel_queries(dashboard):
            body = {"queries": queries, "from": "now-1h", "to": "now"}
            try:
                said = reasons(self.ask("/api/ds/query", body))
            except Refused as refusal:
                said = [str(refusal)]
            yield from (f"{title}: {one}" for one in said)


def _object(text: bytes) -> dict[str, Any]:
    """An answer of the API; nothing, where it is of another form."""
    try:
        read = json.loads(text)
    except ValueError:
        return {}
    return read if isinstance(read, dict) else {}


def reasons(answer: dict[str, Any]) -> list[str]:
    """What an answer complains of: as a whole, or of single queries, which a server says with a
    status that is no error too."""
    results = answer.get("results") or {}
    said = [f"{name}: {one['error']}" for name, one in results.items() if one.get("error")]
    whole = answer.get("message") if "results" not in answer and "url" not in answer else None
    return [*said, *([str(whole)] if whole else [])]


def panel_queries(dashboard: dict[str, Any]) -> list[tuple[str, list[dict[str, Any]]]]:
    """The queries of each panel, as Grafana's own page would ask them with everything chosen."""
    found = []
    for panel in dashboard["panels"]:
        queries = []
        for target in panel.get("targets", []):
            text = target["expr"]
            for chosen in dashboard["templating"]["list"]:
                text = text.replace(f"${chosen['name']}", chosen.get("allValue") or ".+")
            queries.append({**target, "expr": text, "intervalMs": 60000, "maxDataPoints": 60})
        if queries:
            found.append((panel["title"], queries))
    return found


def shown(dashboard: dict[str, Any]) -> Counter[str]:
    """The titles of the panels that a page of it has, each as often as it is there."""
    return Counter(
        one["title"] for one in dashboard["panels"] if one["type"] != "row" and one.get("title")
    )


@dataclass
class Seen:
    """What is on a page: the titles of panels that show something, how many still load, and what
    each of the page's own complaints says, with the panel that it is in."""

    panels: list[str] = field(default_factory=list)
    loading: int = 0
    failed: list[tuple[str, str]] = field(default_factory=list)
    alerts: list[tuple[str, str]] = field(default_factory=list)
    data: list[tuple[str, str]] = field(default_factory=list)

    def lacks(self, wanted: Counter[str]) -> list[str]:
        """The panels that are not there."""
        return list((wanted - Counter(self.panels)).elements())

    def troubles(self, wanted: Counter[str], seconds: float) -> Iterator[str]:
        """What is wrong with a page that was looked at for so long."""
        for title in self.lacks(wanted):
            yield f"its page does not show the panel {title!r} in {seconds:.0f} s"
        if self.loading:
            yield f"its page still loads {self.loading} panels after {seconds:.0f} s"
        for title, said in self.failed:
            yield f"its page shows an error at the panel {title!r}: {short(said, 120)}"
        for title, said in self.alerts:
            where = f"the panel {title!r}" if title else "its head"
            yield f"its page shows an alert at {where}: {short(said, 120)}"
        for title, said in self.data:
            if said != EMPTY:
                yield f"its page cannot draw the panel {title!r}: {short(said, 120)}"
