"""Speaks with the API of workspaces as its callers do."""

from __future__ import annotations

import http.client
import json
import socket
import threading
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit

import yaml

from harness.api import LOADER

JSON, YAML = "application/json", "application/yaml"
PROBLEM = "application/problem+json"
ALL = "/v1/workspaces"


@dataclass
class Reply:
    """What the API said."""

    status: int
    headers: http.client.HTTPMessage
    raw: bytes

    @property
    def tag(self) -> str:
        """The version of what was answered."""
        return self.headers.get("ETag") or ""

    @property
    def kind(self) -> str:
        """The form of the answer."""
        return (self.headers.get("Content-Type") or "").partition(";")[0]

    @property
    def body(self) -> Any:
        """The answer's value, whichever form it has; None where it has none."""
        if not self.raw:
            return None
        if self.kind == YAML:
            return yaml.load(self.raw, LOADER)
        try:
            return json.loads(self.raw)
        except ValueError:
            return self.raw.decode(errors="replace")

    @property
    def problem(self) -> str:
        """The code of a problem; nothing where it is none."""
        if self.kind != PROBLEM or not isinstance(self.body, dict):
            return ""
        return str(self.body.get("type", "")).removeprefix("urn:espalier:problem:")

    def __str__(self) -> str:
        said = self.body.get("detail", "") if isinstance(self.body, dict) else ""
        return f"{self.status} {self.problem or self.kind} {said}".strip()[:300]


class Client:
    """One caller of one server; a connection for each thread."""

    def __init__(self, url: str, token: str = "") -> None:
        address = urlsplit(url)
        self.url, self.token = url, token
        self.host, self.port = str(address.hostname), address.port
        self.own = threading.local()

    def by(self, token: str) -> Client:
        """Another caller of the same server."""
        return Client(self.url, token)

    def ask(
        self,
        method: str,
        path: str,
        body: Any = None,
        form: str = JSON,
        accept: str = "",
        **headers: str,
    ) -> Reply:
        """One request. A body that is no text is written in its form; `if_match=…` and the like
        are headers."""
        sent = {name.replace("_", "-"): value for name, value in headers.items()}
        if self.token:
            sent["Authorization"] = f"Bearer {self.token}"
        if accept:
            sent["Accept"] = accept
        if body is not None:
            sent.setdefault("Content-Type", form)
            if not isinstance(body, bytes):
                body = (yaml.safe_dump(body) if form == YAML else json.dumps(body)).encode()
        for attempt in (1, 2):
            kept: http.client.HTTPConnection | None = getattr(self.own, "connection", None)
            try:
                connection = kept or self.connect()
                self.own.connection = connection
                connection.request(method, path, body, sent)
                answer = connection.getresponse()
                return Reply(answer.status, answer.headers, answer.read())
            except (http.client.HTTPException, OSError):
                self.own.connection = None
                # A kept connection may have been closed meanwhile.
                if kept is None or attempt == 2:
                    raise
        raise AssertionError("the second attempt returns or raises")

    def connect(self) -> http.client.HTTPConnection:
        """A new connection."""
        connection = http.client.HTTPConnection(self.host, self.port, timeout=30)
        connection.connect()
        connection.sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        return connection


def one(name: str, action: str = "") -> str:
    """The path of a workspace."""
    return f"{ALL}/{name}" + (f"/{action}" if action else "")


def wrong(what: str, reply: Reply, status: int, problem: str = "") -> list[str]:
    """What is wrong with an answer, of which a status is expected and, where it is a problem, its
    code."""
    found = []
    if reply.status != status or reply.problem != problem:
        found.append(f"{what}: {reply}, and not {status} {problem}".strip())
    elif status >= 400:
        body = reply.body
        if body.get("status") != status or not body.get("title") or not body.get("instance"):
            found.append(f"{what}: a problem without its status, title or instance: {body}")
    return found
