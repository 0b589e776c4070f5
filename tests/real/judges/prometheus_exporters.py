"""Small exporters, all in one thread: each address answers what was put there, by HTTP or TLS."""

from __future__ import annotations

import asyncio
import contextlib
import ssl
import subprocess
import threading
import time
from collections.abc import Callable
from pathlib import Path

from .prometheus_catalogue import Sample, rendered

TEXT = "text/plain; version=0.0.4; charset=utf-8"
# An address and a port, and the path of a request with its query.
Place = tuple[str, int]
Answer = Callable[[str], bytes | None]


class Exporters:
    """All of them. `put` may change what they say while they run."""

    def __init__(self) -> None:
        # Several may answer at one place, each at a path of its own.
        self.answers: dict[Place, list[Answer]] = {}
        self.loop = asyncio.new_event_loop()
        self.servers: list[asyncio.Server] = []
        self.clients: set[asyncio.StreamWriter] = set()
        self.thread = threading.Thread(target=self.loop.run_forever, daemon=True)
        self.thread.start()

    def listen(self, place: Place, answer: Answer, tls: ssl.SSLContext | None = None) -> None:
        """Opens a port, or has one that is open answer at one more path."""
        self.answers.setdefault(place, []).append(answer)
        if len(self.answers[place]) > 1:
            return

        async def start() -> None:
            serve = asyncio.start_server(
                lambda reader, writer: self._serve(place, reader, writer), *place, ssl=tls
            )
            self.servers.append(await serve)

        asyncio.run_coroutine_threadsafe(start(), self.loop).result(10)

    async def _serve(
        self, place: Place, reader: asyncio.StreamReader, writer: asyncio.StreamWriter
    ) -> None:
        self.clients.add(writer)
        with contextlib.suppress(OSError, asyncio.IncompleteReadError, ssl.SSLError):
            while line := await reader.readline():
                target = line.split()[1].decode()
                while (await reader.readline()).strip():
                    pass
                said = (answer(target) for answer in self.answers[place])
                body = next((it for it in said if it is not None), None)
                status = "404 Not Found" if body is None else "200 OK"
                head = (
                    f"HTTP/1.1 {status}\r\nContent-Type: {TEXT}\r\n"
                    f"Content-Length: {len(body or b'')}\r\n\r\n"
                )
                writer.write(head.encode() + (body or b""))
                await writer.drain()
        self.clients.discard(writer)
        writer.close()

    def close(self) -> None:
        """Ends all of them."""

        async def stop() -> None:
            for server in self.servers:
                server.close()
            for client in list(self.clients):
                client.close()
            await asyncio.sleep(0.1)

        asyncio.run_coroutine_threadsafe(stop(), self.loop).result(10)
        self.loop.call_soon_threadsafe(self.loop.stop)
        self.thread.join()
        self.loop.close()


class Content:
    """What one exporter says at one path: what is planted, and health for everything else."""

    def __init__(self, path: str, health: list[Sample]) -> None:
        self.path, self.health = path, health
        self.planted: list[Sample] = []
        self.instead_of: set[str] = set()
        self.since = time.time()
        self.silent = False

    def plant(self, metrics: set[str], samples: list[Sample]) -> None:
        """From now on these, and none else of these metrics."""
        self.planted, self.instead_of, self.since = samples, metrics, time.time()

    def __call__(self, target: str) -> bytes | None:
        """The answer to a request."""
        if self.silent or target.partition("?")[0] != self.path:
            return None
        now = time.time()
        kept = [it for it in self.health if it.metric not in self.instead_of]
        return rendered([*kept, *self.planted], now - self.since, now)


def certificate(folder: Path) -> ssl.SSLContext:
    """What an exporter that made its own certificate has."""
    key, made = folder / "key.pem", folder / "certificate.pem"
    subprocess.run(
        [
            *("openssl", "req", "-x509", "-nodes", "-subj", "/CN=exporter", "-days", "2"),
            *("-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1"),
            *("-keyout", str(key), "-out", str(made)),
        ],
        check=True,
        capture_output=True,
    )
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(made, key)
    return context
