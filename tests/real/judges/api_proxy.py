"""Stands between the callers and the API, and is at fault in a way of its own."""

from __future__ import annotations

import http.client
import itertools
import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler
from socketserver import TCPServer, ThreadingMixIn
from urllib.parse import urlsplit

# Not handed on: they belong to one connection.
HOP = ("connection", "transfer-encoding", "content-length", "host", "keep-alive")


@dataclass
class Passing:
    """A request, and then its answer."""

    method: str
    path: str
    headers: dict[str, str]
    body: bytes
    status: int = 0
    answered: dict[str, str] = field(default_factory=dict)
    answer: bytes = b""


Change = Callable[[Passing], None]


def nothing(_: Passing) -> None:
    """Changes nothing."""


class Handler(BaseHTTPRequestHandler):
    """One connection of a caller."""

    protocol_version = "HTTP/1.1"
    server: Proxy

    def log_message(self, *_: object) -> None:
        """Says nothing."""

    def do(self) -> None:
        """Hands a request on, and its answer back, both as somebody changed them."""
        length = int(self.headers.get("Content-Length") or 0)
        headers = {key.title(): value for key, value in self.headers.items()}
        headers = {key: value for key, value in headers.items() if key.lower() not in HOP}
        one = Passing(self.command, self.path, headers, self.rfile.read(length))
        self.server.before(one)
        connection = self.server.connect()
        try:
            connection.request(one.method, one.path, one.body or None, one.headers)
            said = connection.getresponse()
            one.status, one.answer = said.status, said.read()
            one.answered = {key.title(): value for key, value in said.headers.items()}
        except (http.client.HTTPException, OSError):
            self.close_connection = True
            return
        finally:
            connection.close()
        self.server.after(one)
        self.told(one)

    def told(self, one: Passing) -> None:
        """The answer."""
        self.send_response_only(one.status)
        for key, value in one.answered.items():
            if key.lower() not in HOP:
                self.send_header(key, value)
        self.send_header("Content-Length", str(len(one.answer)))
        self.end_headers()
        self.wfile.write(one.answer)

    do_GET = do_POST = do_PUT = do_PATCH = do_DELETE = do


class Proxy(ThreadingMixIn, TCPServer):
    """`with Proxy(urls) as proxy:` listens on loopback, at `proxy.url`; of several processes it
    asks one after the other."""

    daemon_threads, allow_reuse_address, request_queue_size = True, True, 128

    def __init__(
        self, targets: list[str], before: Change = nothing, after: Change = nothing
    ) -> None:
        super().__init__(("127.0.0.1", 0), Handler)
        self.targets = itertools.cycle([urlsplit(it) for it in targets])
        self.url = f"http://127.0.0.1:{self.server_address[1]}"
        self.before, self.after = before, after

    def __enter__(self) -> Proxy:
        threading.Thread(target=self.serve_forever, args=(0.05,), daemon=True).start()
        return self

    def __exit__(self, *_: object) -> None:
        self.shutdown()
        self.server_close()

    def handle_error(self, *_: object) -> None:
        """A client that went away is nobody's trouble."""

    def connect(self) -> http.client.HTTPConnection:
        """A connection to the API."""
        target = next(self.targets)
        return http.client.HTTPConnection(str(target.hostname), target.port, timeout=30)
