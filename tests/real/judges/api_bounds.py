"""What the API bears from those who mean it ill: slow ones, large bodies, many headers, too many
requests."""

from __future__ import annotations

import contextlib
import gzip
import http.client
import socket
import threading
import time
from collections.abc import Iterator
from pathlib import Path

from .api_client import ALL, JSON, YAML, Client, Reply, wrong
from .api_stage import Serving, Stage

SLOW, SLOW_BODIES = 100, 30
# How long the head of a request, and a request, may take; beside that, a busy machine.
PATIENCE, GRACE = 10.0, 6.0
# What the process may grow by, whatever it is sent.
GROWTH = 48 << 20
MIB = 1 << 20
# The limit of its pod.
LIMIT = 48 * MIB
# Of a body of 10 MiB, this much is compressed.
BOMB = 10 * MIB
RATE, BURST = 10, 30


def resident(one: Serving, line: str = "VmRSS") -> int:
    """The memory of the process, in bytes: what it has, or the most that it had (`VmHWM`)."""
    text = Path(f"/proc/{one.process.handle.pid}/status").read_text(encoding="utf-8")
    said = next(it for it in text.splitlines() if it.startswith(f"{line}:"))
    return int(said.split()[1]) * 1024


def raw(stage: Stage, head: list[str], body: bytes = b"", seconds: float = 20) -> Reply | None:
    """Sends bytes as they are; nothing where the connection ends without an answer."""
    client = Client(stage.url)
    with socket.create_connection((client.host, client.port), seconds) as stream:
        with contextlib.suppress(OSError):
            stream.sendall("\r\n".join([*head, "", ""]).encode() + body)
        answer = http.client.HTTPResponse(stream)
        try:
            answer.begin()
            return Reply(answer.status, answer.headers, answer.read())
        except (http.client.HTTPException, OSError):
            return None


class Watch(threading.Thread):
    """A good client, which asks all the time; how long it waited at most."""

    def __init__(self, stage: Stage) -> None:
        super().__init__(daemon=True)
        self.client, self.over = stage.by("viewer"), threading.Event()
        self.slowest, self.asked, self.refused = 0.0, 0, list[str]()

    def run(self) -> None:
        """Until it is told to stop."""
        while not self.over.wait(0.1):
            began = time.monotonic()
            try:
                reply = self.client.ask("GET", f"{ALL}?limit=1")
                if reply.status != 200:
                    self.refused.append(str(reply))
            except (http.client.HTTPException, OSError) as trouble:
                self.refused.append(repr(trouble))
            self.slowest = max(self.slowest, time.monotonic() - began)
            self.asked += 1


@contextlib.contextmanager
def watched(stage: Stage, what: str, found: list[str]) -> Iterator[None]:
    """A good client gets answers meanwhile, and the process does not grow without bound."""
    one, watch = stage.running[-1], Watch(stage)
    before = resident(one)
    watch.start()
    try:
        yield
    finally:
        # A trial that is over at once has one good answer, too.
        deadline = time.monotonic() + 5
        while not watch.asked and time.monotonic() < deadline:
            time.sleep(0.05)
        watch.over.set()
        watch.join(30)
    peak = resident(one, "VmHWM")
    found += [f"{what}: a good client meanwhile: {it}" for it in watch.refused[:3]]
    if watch.slowest > 5:
        found.append(f"{what}: a good client waited {watch.slowest:.1f} s")
    # A program that is not optimized is twice as large as the one in the pod.
    if peak > LIMIT and "/debug/" not in stage.ctx.tool("espalier-operator"):
        found.append(f"{what}: {peak / MIB:.0f} MiB, where the pod may have {LIMIT // MIB}")
    if peak - before > GROWTH:
        found.append(f"{what}: the process grew by {(peak - before) / MIB:.0f} MiB")
    stage.notes.append(
        f"{what}: {watch.asked} good answers, the slowest {watch.slowest * 1000:.0f} ms, "
        f"{peak / MIB:.0f} MiB"
    )


def slow(stage: Stage) -> list[str]:
    """Whoever sends a head byte by byte is cut off, and whoever sends a body so has an answer after
    the time that a request may take; nobody else waits for them."""
    found: list[str] = []
    client, token = Client(stage.url), stage.token("editor")
    begun = b"GET /v1/workspaces HTTP/1.1\r\nHost: x\r\nX-Slow: "
    bodied = head_of("POST", ALL, token, "Content-Length: 60000").encode() + b"{"
    with watched(stage, f"{SLOW} slow heads and {SLOW_BODIES} slow bodies", found):
        streams = []
        for head in [*[begun] * SLOW, *[bodied] * SLOW_BODIES]:
            streams.append(socket.create_connection((client.host, client.port), 5))
            streams[-1].sendall(head)
        left = dripped(streams, b"a", PATIENCE + GRACE)
        found += [f"{left} of {len(streams)} still have a connection"] * bool(left)
    return found


def dripped(streams: list[socket.socket], piece: bytes, seconds: float) -> int:
    """Sends a byte now and then; how many connections are still open at the end."""
    deadline, opened = time.monotonic() + seconds, list(streams)
    while opened and time.monotonic() < deadline:
        time.sleep(0.5)
        for stream in list(opened):
            try:
                stream.sendall(piece)
                stream.setblocking(False)
                with contextlib.suppress(BlockingIOError):
                    if not stream.recv(4096):
                        opened.remove(stream)
            except OSError:
                opened.remove(stream)
            finally:
                with contextlib.suppress(OSError):
                    stream.settimeout(5)
    for stream in streams:
        stream.close()
    return len(opened)


def head_of(method: str, path: str, token: str, *more: str) -> str:
    """The head of a request with a body in JSON."""
    lines = [f"{method} {path} HTTP/1.1", "Host: api", f"Authorization: Bearer {token}"]
    return "\r\n".join([*lines, "Content-Type: application/json", *more, "", ""])


def large(stage: Stage) -> list[str]:
    """What is too large or too many is refused at once."""
    found: list[str] = []
    token = stage.token("editor")
    lines = head_of("POST", ALL, token).split("\r\n")[:-2]
    body = b'{"a": "' + b"x" * (10 * MIB) + b'"}'
    chunked = b"".join(b"10000\r\n" + b"x" * 0x10000 + b"\r\n" for _ in range(160)) + b"0\r\n\r\n"
    many = [f"X-{number}: x" for number in range(1000)]
    with watched(stage, "large ones", found):
        for what, head, sent, statuses in (
            ("10 MiB", [*lines, f"Content-Length: {len(body)}"], body, (413,)),
            ("10 MiB in chunks", [*lines, "Transfer-Encoding: chunked"], chunked, (413,)),
            ("1,000 headers", [*lines, *many, "Content-Length: 0"], b"", (431,)),
            ("a header of 100 KiB", [*lines, f"X-Large: {'x' * 102400}"], b"", (431,)),
            ("a path of 100 KiB", [f"GET /{'x' * 102400} HTTP/1.1", "Host: x"], b"", (414, 431)),
            ("two lengths", [*lines, "Content-Length: 5", "Content-Length: 6"], b"{}", (400,)),
            ("no HTTP", ["nonsense"], b"", (400,)),
        ):
            reply = raw(stage, head, sent)
            if reply is not None and reply.status not in statuses:
                found.append(f"{what}: {reply}")
            elif reply is None and what not in ("10 MiB", "10 MiB in chunks"):
                found.append(f"{what}: no answer")
    return found


def packed(stage: Stage) -> list[str]:
    """What becomes much when it is unpacked or read is not."""
    found: list[str] = []
    editor = Client(stage.url, stage.token("editor"))
    deep = b"[" * 60000
    aliases = b"a0: &a0 [x]\n" + b"".join(
        b"a%d: &a%d [%s]\n" % (n, n, b", ".join([b"*a%d" % (n - 1)] * 12)) for n in range(1, 12)
    )
    with watched(stage, "packed ones", found):
        bomb = gzip.compress(b" " * BOMB)
        reply = editor.ask("POST", ALL, bomb, Content_Encoding="gzip")
        found += wrong("a gzip bomb", reply, 415, "unsupported-media-type")
        for what, text, form in (
            ("deep JSON", deep, JSON),
            ("deep YAML", deep, YAML),
            ("aliases of aliases", aliases, YAML),
        ):
            reply = editor.ask("POST", ALL, text, form)
            found += [f"{what}: {reply}"] * (reply.status not in (400, 422))
    return found


def too_many(stage: Stage) -> list[str]:
    """Who asks too often is told when to ask again; by user, and by address."""
    own = stage.url
    one = stage.start("--trusted-proxy", "127.0.0.0/8")
    found: list[str] = []
    try:
        found += bursts(stage)
    finally:
        stage.end(one)
        stage.url = own
    return found


def bursts(stage: Stage) -> list[str]:
    """Bursts of one user by many addresses, of one address by many users, of nobody."""
    found: list[str] = []
    viewer, editor = stage.token("viewer"), stage.token("editor")
    number = 3 * BURST
    for what, asks in (
        ("a user", [(viewer, f"198.51.100.{it}") for it in range(number)]),
        ("an address", [((viewer, editor)[it % 2], "203.0.113.7") for it in range(number)]),
        ("a stranger's address", [("", "203.0.113.9") for _ in range(number)]),
    ):
        began = time.monotonic()
        client = Client(stage.url)
        replies = []
        for token, address in asks:
            headers = {"X-Forwarded-For": address}
            if token:
                headers["Authorization"] = f"Bearer {token}"
            replies.append(client.ask("GET", f"{ALL}?limit=1", **headers))
        most = BURST + RATE * (time.monotonic() - began) + 2
        refused = [it for it in replies if it.status == 429]
        if not refused or number - len(refused) > most:
            found.append(f"{what}: {len(refused)} of {number} are refused")
        for reply in refused[:1]:
            found += wrong(what, reply, 429, "too-many-requests")
        if any(not (it.headers.get("Retry-After") or "").isdigit() for it in refused):
            found.append(f"{what}: no Retry-After")
        stage.notes.append(f"{what}: {len(refused)} of {number} refused")
        time.sleep(BURST / RATE + 0.5)
    open_ones = [Client(stage.url).ask("GET", "/livez").status for _ in range(number)]
    found += ["/livez is counted"] * (set(open_ones) != {200})
    # One token that is believed, so that it is seen that somebody else is not concerned.
    admin = Client(stage.url, stage.token("admin"))
    reply = admin.ask("GET", ALL, **{"X-Forwarded-For": "192.0.2.1"})
    return found + wrong("somebody else", reply, 200)
