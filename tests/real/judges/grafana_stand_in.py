"""A small server with the part of Grafana's API that the judge asks, and a page a dashboard with
the marks by which Grafana's own tests find panels; no program of Grafana's is in it."""

from __future__ import annotations

import html
import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

WORD = "secret"


@dataclass
class State:
    """What a server has been given, and how it is wrong: the name of a fault, or nothing."""

    wrong: str = ""
    dashboards: dict[str, dict[str, Any]] = field(default_factory=dict)
    ended: threading.Event = field(default_factory=threading.Event)


def panel(one: dict[str, Any], inside: str, head: str = "") -> str:
    """A panel, as a page has it."""
    title = html.escape(one.get("title", ""))
    return (
        f'<section data-testid="data-testid Panel header {title}">{head}<h2>{title}</h2>'
        f'<div data-testid="data-testid panel content">{inside}</div></section>'
    )


def page(dashboard: dict[str, Any], wrong: str) -> str:
    """A dashboard's page. Its panels come later than the page does, by a script."""
    panels = [it for it in dashboard["panels"] if it["type"] != "row"]
    shown = [panel(it, "<div>1</div>") for it in panels]
    # Nothing to show is no fault.
    empty = '<div data-testid="data-testid Panel data error message">{}</div>'
    shown[-1] = panel(panels[-1], empty.format("No data"))
    match wrong:
        case "error":
            mark = "data-testid Panel status error"
            shown[0] = panel(panels[0], "<div></div>", f'<button data-testid="{mark}">!</button>')
        case "alert":
            shown[0] = panel(
                panels[0], '<div data-testid="data-testid Alert error">no such kind</div>'
            )
        case "data":
            shown[0] = panel(panels[0], empty.format("Data is missing a time field"))
        case "empty":
            shown[0] = panel(panels[0], "")
        case "loading":
            shown[0] = panel(
                panels[0], "<div></div>", '<div aria-label="Panel loading bar">.</div>'
            )
    text = json.dumps("".join(shown)).replace("</", "<\\/")
    script = "" if wrong == "panels" else f"document.body.innerHTML = {text}"
    return (
        "<!doctype html><title>A dashboard</title><body>Loading"
        f"<script>setTimeout(() => {{ {script} }}, 300)</script></body>"
    )


class Handler(BaseHTTPRequestHandler):
    """One request; `state` is of the server."""

    state: State

    def do_POST(self) -> None:
        """The API."""
        body = json.loads(self.rfile.read(int(self.headers.get("Content-Length", 0))))
        wrong = self.state.wrong
        if self.headers.get("Authorization") != f"Bearer {WORD}":
            self.say(401, {"message": "Unauthorized"})
        elif self.path == "/api/dashboards/db" and wrong == "refused":
            self.say(400, {"message": "bad dashboard data"})
        elif self.path == "/api/dashboards/db":
            uid = body["dashboard"]["uid"]
            self.state.dashboards[uid] = body["dashboard"]
            self.say(200, {"status": "success", "uid": uid, "url": f"/d/{uid}/a"})
        elif self.path == "/api/ds/query":
            fault = {"error": "parse error", "status": 400} if wrong == "query" else {"status": 200}
            results = {one["refId"]: {"frames": [], **fault} for one in body["queries"]}
            self.say(207 if wrong == "query" else 200, {"results": results})
        else:
            self.say(404, {"message": "Not found"})

    def do_GET(self) -> None:
        """The pages, for those who have the token."""
        parts = self.path.partition("?")[0].split("/")
        dashboard = self.state.dashboards.get(parts[2]) if parts[1:2] == ["d"] else None
        if self.headers.get("Authorization") != f"Bearer {WORD}":
            self.say(401, {"message": "Unauthorized"})
        elif dashboard is None:
            self.say(404, {"message": "Not found"})
        elif self.state.wrong == "silence":
            self.state.ended.wait()
        else:
            self.send(200, "text/html", page(dashboard, self.state.wrong).encode())

    def say(self, status: int, value: dict[str, Any]) -> None:
        """An answer of the API."""
        self.send(status, "application/json", json.dumps(value).encode())

    def send(self, status: int, kind: str, text: bytes) -> None:
        """An answer."""
        self.send_response(status)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(text)))
        self.end_headers()
        self.wfile.write(text)

    def log_message(self, *_: object) -> None:
        """It says nothing."""


@contextmanager
def served() -> Iterator[tuple[str, State]]:
    """A server, by its URL, and what is wrong with it, which may be changed."""
    state = State()
    server = ThreadingHTTPServer(("127.0.0.1", 0), type("OfState", (Handler,), {"state": state}))
    server.daemon_threads = True
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield f"http://127.0.0.1:{server.server_port}", state
    finally:
        state.ended.set()
        server.shutdown()
        server.server_close()
