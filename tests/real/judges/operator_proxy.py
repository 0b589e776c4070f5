"""Stands between the operator and the API server: counts requests, cuts one, or swallows some."""

from __future__ import annotations

import http.client
import ssl
import threading
from collections.abc import Callable
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler
from socketserver import TCPServer, ThreadingMixIn
from urllib.parse import parse_qs, urlsplit

# Not handed on: they belong to one connection.
HOP = ("connection", "transfer-encoding", "content-length", "host", "keep-alive")
# The only thing that the operator patches so is what others own.
JSON_PATCH = "application/json-patch+json"
WRITES = ("POST", "PUT", "PATCH", "DELETE")
# Before the server has seen it, or after the server did it and before anybody hears of it.
BEFORE, AFTER = "before the server has it", "before its answer arrives"


@dataclass(frozen=True)
class Request:
    """What somebody asks, as far as the proxy tells requests apart."""

    method: str
    path: str
    kind: str = ""

    @property
    def is_watch(self) -> bool:
        """Whether its answer never ends by itself."""
        return "watch" in parse_qs(urlsplit(self.path).query, keep_blank_values=True)

    @property
    def is_counted(self) -> bool:
        """Whether it is one of those that are cut: no lease, which has a clock of its own."""
        return "/leases" not in self.path


Swallow = Callable[[Request], bool]


class Handler(BaseHTTPRequestHandler):
    """One connection of the operator."""

    protocol_version = "HTTP/1.1"
    server: Proxy

    def log_message(self, *_: object) -> None:
        """Says nothing."""

    def do(self) -> None:
        """Hands one request on, unless it is the one that is cut."""
        length = int(self.headers.get("Content-Length") or 0)
        body = self.rfile.read(length) if length else None
        asked = Request(self.command, self.path, self.headers.get("Content-Type", ""))
        if self.server.swallows(asked):
            # A JSON patch is a list, and what answers it is an object.
            self.told(200, body if body and body.startswith(b"{") else b"{}")
            return
        cut = self.server.next_is_cut(asked)
        if cut == BEFORE:
            self.close_connection = True
            return
        connection = self.server.connect(None if asked.is_watch else 60)
        try:
            kept = {key: value for key, value in self.headers.items() if key.lower() not in HOP}
            connection.request(self.command, self.path, body, kept)
            answer = connection.getresponse()
            if asked.is_watch and not cut:
                self.stream(answer)
                return
            whole = answer.read()
            if cut:
                self.close_connection = True
                return
            self.told(answer.status, whole, answer.headers.get("Content-Type", ""))
        except (http.client.HTTPException, OSError):
            self.close_connection = True
        finally:
            connection.close()

    do_GET = do_POST = do_PUT = do_PATCH = do_DELETE = do

    def told(self, status: int, body: bytes, kind: str = "application/json") -> None:
        """A whole answer."""
        self.send_response(status)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def stream(self, answer: http.client.HTTPResponse) -> None:
        """An answer that goes on, piece by piece."""
        self.send_response(answer.status)
        self.send_header("Content-Type", answer.headers.get("Content-Type", ""))
        self.send_header("Transfer-Encoding", "chunked")
        self.end_headers()
        while not self.server.stopped.is_set():
            piece = answer.read1(65536)
            if piece and self.server.is_deaf:
                continue
            self.wfile.write(b"%x\r\n%s\r\n" % (len(piece), piece))
            if not piece:
                return


class Proxy(ThreadingMixIn, TCPServer):
    """`with Proxy(...) as proxy:` listens on loopback, at `proxy.url`."""

    daemon_threads, allow_reuse_address = True, True

    def __init__(self, host: str, port: int, ca: str) -> None:
        super().__init__(("127.0.0.1", 0), Handler)
        self.target, self.tls = (host, port), ssl.create_default_context(cafile=ca)
        self.url = f"http://127.0.0.1:{self.server_address[1]}"
        self.stopped, self.guard = threading.Event(), threading.Lock()
        self.seen = 0
        self.cut_at, self.way, self.was_cut = 0, BEFORE, ""
        self.swallow: Swallow = lambda _: False
        # Whether the events of watches get lost.
        self.is_deaf = False

    def __enter__(self) -> Proxy:
        threading.Thread(target=self.serve_forever, args=(0.05,), daemon=True).start()
        return self

    def __exit__(self, *_: object) -> None:
        self.stopped.set()
        self.shutdown()
        self.server_close()

    def handle_error(self, *_: object) -> None:
        """A client that went away is nobody's trouble."""

    def connect(self, timeout: float | None) -> http.client.HTTPSConnection:
        """A connection to the API server."""
        return http.client.HTTPSConnection(*self.target, context=self.tls, timeout=timeout)

    def cut(self, number: int, way: str) -> None:
        """From here on, the request of that number is cut, once."""
        with self.guard:
            self.seen, self.cut_at, self.way, self.was_cut = 0, number, way, ""

    def next_is_cut(self, asked: Request) -> str:
        """Counts a request; how it is cut, or nothing."""
        if not asked.is_counted:
            return ""
        with self.guard:
            self.seen += 1
            if self.seen != self.cut_at:
                return ""
            self.was_cut = f"{asked.method} {urlsplit(asked.path).path}"
            return self.way

    def swallows(self, asked: Request) -> bool:
        """Whether a request never gets to the server, and its caller is told that it did."""
        return self.swallow(asked)


def writes_of(kind: str) -> Swallow:
    """All writes of the resources of one plural name."""
    return lambda asked: asked.method in WRITES and f"/{kind}" in urlsplit(asked.path).path
