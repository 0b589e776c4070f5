"""What the real Traefik does for a public host: headers, bounds, and answers that stream."""

from __future__ import annotations

import http.client
import json
import ssl
import time
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING

from harness.processes import Failed
from harness.table import Row

from .live_objects import CHAT, EMAIL, PASSWORD

if TYPE_CHECKING:
    from .live_platform import Live

HEADERS = {
    "strict-transport-security": "max-age=31536000",
    "x-frame-options": "SAMEORIGIN",
    "x-content-type-options": "nosniff",
    "referrer-policy": "strict-origin-when-cross-origin",
}
# Beyond the bound of bodies that are read whole; refused by its declared length alone.
TOO_LARGE = 64 << 20
# Short calls, more of them than the burst, from several sides: one alone may not come to the
# average of a second on a slow machine.
CALLS, SIDES = 2600, 4
# Seconds by which the first piece of an answer has to come before the last.
APART = 0.3


def connection(newest: ssl.TLSVersion | None = None) -> http.client.HTTPSConnection:
    """A connection to the chat, whose certificate nobody knows here."""
    context = ssl.create_default_context()
    context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
    if newest:
        context.minimum_version = ssl.TLSVersion.TLSv1
        context.maximum_version = newest
    return http.client.HTTPSConnection(CHAT, timeout=120, context=context)


def headers() -> list[str]:
    """The headers of a page and of a refusal."""
    found = []
    for method, path, length in (("GET", "/", None), ("POST", "/api/config", TOO_LARGE)):
        web = connection()
        web.putrequest(method, path)
        if length:
            web.putheader("Content-Length", str(length))
        web.endheaders()
        answer = web.getresponse()
        if length and answer.status != http.client.REQUEST_ENTITY_TOO_LARGE:
            found.append(f"a body of {length} bytes: {answer.status}, not 413")
        found += [
            f"{method} {path}: {name} is {answer.getheader(name)!r}, not {value!r}"
            for name, value in HEADERS.items()
            if answer.getheader(name) != value
        ]
        web.close()
    return found


def undeclared() -> list[str]:
    """A body that does not say how long it is, and is too long."""
    web = connection()
    try:
        pieces = (b"x" * 65536 for _ in range(1024))
        web.request("POST", "/api/v1/auths/signin", pieces, {"Content-Type": "application/json"})
        status = web.getresponse().status
    except OSError:
        # Refused while it was still being sent.
        return []
    finally:
        web.close()
    return [] if status == http.client.REQUEST_ENTITY_TOO_LARGE else [f"64 MiB in pieces: {status}"]


def post(path: str, body: dict, token: str = "") -> http.client.HTTPResponse:
    """Asks the chat's API."""
    web = connection()
    bearer = {"Authorization": f"Bearer {token}"} if token else {}
    web.request("POST", path, json.dumps(body), {"Content-Type": "application/json", **bearer})
    return web.getresponse()


def streams(live: Live) -> tuple[str, list[str]]:
    """An answer through the API comes in pieces."""
    signed = json.loads(post("/api/v1/auths/signin", {"email": EMAIL, "password": PASSWORD}).read())
    if "token" not in signed:
        raise Failed(f"nobody is signed in: {signed}")
    question = {"role": "user", "content": "Count from one to thirty."}
    answer = post(
        "/api/chat/completions",
        {"model": live.model, "messages": [question], "stream": True},
        signed["token"],
    )
    moments = []
    while answer.read1(65536):
        moments.append(time.monotonic())
    if answer.status != http.client.OK or len(moments) < 2:
        return "", [f"a streamed answer: {answer.status}, {len(moments)} pieces"]
    apart = moments[-1] - moments[0]
    found = [] if apart >= APART else [f"the answer came at once: {apart:.2f} s apart"]
    return f"{len(moments)} pieces over {apart:.1f} s", found


def old_tls() -> list[str]:
    """TLS 1.1 is refused."""
    web = connection(ssl.TLSVersion.TLSv1_1)
    try:
        web.connect()
    except OSError:
        return []
    finally:
        web.close()
    return ["TLS 1.1 is spoken"]


def bursts() -> list[str]:
    """More requests than the burst: some are refused, and the next second is another."""
    seen: set[int] = set()

    def ask(_: int) -> None:
        web = connection()
        for _ in range(CALLS):
            if http.client.TOO_MANY_REQUESTS in seen:
                break
            web.request("GET", "/static/favicon.png")
            answer = web.getresponse()
            answer.read()
            seen.add(answer.status)
        web.close()

    began = time.monotonic()
    with ThreadPoolExecutor(SIDES) as sides:
        list(sides.map(ask, range(SIDES)))
    if http.client.TOO_MANY_REQUESTS not in seen:
        speed = SIDES * CALLS / (time.monotonic() - began)
        return [f"{SIDES * CALLS} requests, {speed:.0f} a second: {sorted(seen)}, no 429"]
    time.sleep(2)
    web = connection()
    web.request("GET", "/health")
    status = web.getresponse().status
    web.close()
    return [] if status == http.client.OK else [f"two seconds after the burst: {status}"]


def bounded(live: Live, row: Row) -> None:
    """The whole face."""
    row.note, found = streams(live)
    row.findings += [*headers(), *undeclared(), *old_tls(), *found, *bursts()]
    row.objects = 6
