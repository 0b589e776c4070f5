"""Speaks plain HTTP with an API server: raw bytes out, answers with their Warning headers in."""

from __future__ import annotations

import http.client
import json
import re
import socket
import ssl
import threading
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlencode, urlsplit

import yaml

APPLY = "application/apply-patch+yaml"
MERGE = "application/merge-patch+json"
LOADER = getattr(yaml, "CSafeLoader", yaml.SafeLoader)


class ApiError(Exception):
    """The server refused; the message is the server's."""

    def __init__(self, status: int, message: str):
        super().__init__(f"{status}: {message}")
        self.status, self.message = status, message


@dataclass
class Answer:
    """What the server said."""

    status: int
    body: Any
    warnings: list[str] = field(default_factory=list)

    @property
    def refused(self) -> bool:
        """Whether the request failed."""
        return self.status >= 400

    @property
    def message(self) -> str:
        """The server's words when it refused."""
        return self.body.get("message", "") if isinstance(self.body, dict) else str(self.body)


def warning_texts(headers: list[str]) -> list[str]:
    """The texts of Warning headers: `299 - "text"`."""
    texts = []
    for header in headers:
        said = re.findall(r'\d{3} \S+ "((?:[^"\\]|\\.)*)"', header) or [header]
        texts += [text.replace('\\"', '"').replace("\\\\", "\\") for text in said]
    return texts


class Api:
    """One API server, one identity; a connection for each thread."""

    def __init__(self, url: str, token: str, ca: str):
        address = urlsplit(url)
        self.host, self.port, self.token = str(address.hostname), address.port, token
        self.tls = ssl.create_default_context(cafile=str(ca))
        self.own = threading.local()
        self.kinds: dict[tuple[str, str], tuple[str, bool]] = {}
        self.guard = threading.Lock()
        # Whose rights a request has, in place of those of the token.
        self.user, self.groups = "", tuple[str, ...]()
        self.given = (url, token, ca)

    def as_user(self, user: str, groups: tuple[str, ...]) -> Api:
        """The same server, asked with the rights of another."""
        other = Api(*self.given)
        other.user, other.groups = user, groups
        return other

    def connect(self, timeout: float | None = 60) -> http.client.HTTPSConnection:
        """A new connection."""
        connection = http.client.HTTPSConnection(
            self.host, self.port, context=self.tls, timeout=timeout
        )
        connection.connect()
        connection.sock.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        return connection

    def request(
        self,
        method: str,
        path: str,
        body: Any = None,
        content_type: str = "application/json",
        query: dict | None = None,
    ) -> Answer:
        """One request; a body that is a dict is sent as JSON, bytes go as they are."""
        if query:
            path += ("&" if "?" in path else "?") + urlencode(query)
        if body is not None and not isinstance(body, bytes):
            body = json.dumps(body).encode()
        headers = {"Authorization": f"Bearer {self.token}", "Accept": "application/json"}
        if body is not None:
            headers["Content-Type"] = content_type
        for attempt in (1, 2):
            kept: http.client.HTTPSConnection | None = getattr(self.own, "connection", None)
            try:
                connection = kept or self.connect()
                self.own.connection = connection
                self.send(connection, method, path, body, headers)
                response = connection.getresponse()
                raw = response.read()
                break
            except (http.client.HTTPException, OSError):
                self.own.connection = None
                # A kept connection may have been closed by the server meanwhile: once more with a
                # new one.
                if kept is None or attempt == 2:
                    raise
        try:
            parsed = json.loads(raw)
        except ValueError:
            parsed = raw.decode(errors="replace")
        return Answer(
            response.status, parsed, warning_texts(response.headers.get_all("Warning") or [])
        )

    def send(
        self,
        connection: http.client.HTTPSConnection,
        method: str,
        path: str,
        body: bytes | None,
        headers: dict[str, str],
    ) -> None:
        """Sends a request; a header that is there several times is why this is done by hand."""
        connection.putrequest(method, path)
        for name, text in headers.items():
            connection.putheader(name, text)
        if self.user:
            connection.putheader("Impersonate-User", self.user)
            for group in self.groups:
                connection.putheader("Impersonate-Group", group)
        if body is not None or method in ("POST", "PUT", "PATCH"):
            connection.putheader("Content-Length", str(len(body or b"")))
        connection.endheaders(body)

    def must(
        self,
        method: str,
        path: str,
        body: Any = None,
        content_type: str = "application/json",
        query: dict | None = None,
    ) -> dict:
        """A request that has to succeed; the body of its answer."""
        answer = self.request(method, path, body, content_type, query)
        if answer.refused:
            raise ApiError(answer.status, f"{method} {path}: {answer.message}")
        return answer.body

    def get(self, path: str, **query: object) -> dict:
        """Reads."""
        return self.must("GET", path, query=query)

    def post(self, path: str, body: dict, **query: object) -> dict:
        """Creates."""
        return self.must("POST", path, body, query=query)

    def put(self, path: str, body: dict, **query: object) -> dict:
        """Replaces."""
        return self.must("PUT", path, body, query=query)

    def patch(self, path: str, body: dict, **query: object) -> dict:
        """Merges."""
        return self.must("PATCH", path, body, MERGE, query)

    def delete(self, path: str, body: dict | None = None, **query: object) -> dict:
        """Deletes; what is gone already is no error."""
        answer = self.request("DELETE", path, body, query=query)
        if answer.refused and answer.status != 404:
            raise ApiError(answer.status, f"DELETE {path}: {answer.message}")
        return answer.body if isinstance(answer.body, dict) else {}

    def ready(self) -> bool:
        """Whether the server says that it is ready."""
        try:
            return self.request("GET", "/readyz").status == 200
        except (http.client.HTTPException, OSError):
            return False

    def kind(self, api_version: str, kind: str) -> tuple[str, bool]:
        """The plural of a kind and whether it lives in a namespace; LookupError when the server has
        no such kind."""
        with self.guard:
            known = self.kinds.get((api_version, kind))
        if known:
            return known
        answer = self.request("GET", root_of(api_version))
        if not answer.refused:
            with self.guard:
                for one in answer.body.get("resources", []):
                    if "/" not in one["name"]:
                        self.kinds[api_version, one["kind"]] = (one["name"], one["namespaced"])
        with self.guard:
            if (api_version, kind) in self.kinds:
                return self.kinds[api_version, kind]
        raise LookupError(f"the server has no kind {kind} of {api_version}")

    def path_of(self, thing: dict, subresource: str = "") -> str:
        """The path of an object."""
        plural, namespaced = self.kind(str(thing["apiVersion"]), str(thing["kind"]))
        path = root_of(thing["apiVersion"])
        if namespaced:
            path += f"/namespaces/{thing['metadata'].get('namespace', 'default')}"
        return f"{path}/{plural}/{thing['metadata']['name']}" + (
            f"/{subresource}" if subresource else ""
        )

    def apply(
        self, thing: Any, path: str | None = None, dry_run: bool = False, manager: str = "judge"
    ) -> Answer:
        """Server-side apply with strict field validation; bytes reach the server's own reader as
        they are."""
        if path is None:
            path = self.path_of(yaml.load(thing, LOADER) if isinstance(thing, bytes) else thing)
        query = {"fieldManager": manager, "force": "true", "fieldValidation": "Strict"}
        if dry_run:
            query["dryRun"] = "All"
        return self.request("PATCH", path, thing, APPLY, query)

    def list(self, api_version: str, kind: str, namespace: str | None = None) -> list[dict]:
        """All objects of a kind."""
        plural, _ = self.kind(api_version, kind)
        scope = f"/namespaces/{namespace}" if namespace else ""
        return self.get(f"{root_of(api_version)}{scope}/{plural}")["items"]

    def watch(self, path: str, stop: threading.Event) -> Iterator[tuple[str, dict]]:
        """Yields (type, object): first what is there, as ADDED, then each change; a broken stream
        goes on where it was."""
        version = None
        while not stop.is_set():
            connection = None
            try:
                if version is None:
                    there = self.get(path)
                    for item in there["items"]:
                        yield "ADDED", item
                    version = there["metadata"]["resourceVersion"]
                connection = self.connect(timeout=5)
                connection.request(
                    "GET",
                    f"{path}?watch=1&resourceVersion={version}",
                    headers={"Authorization": f"Bearer {self.token}", "Accept": "application/json"},
                )
                for event in events(connection.getresponse(), stop):
                    if event["type"] == "ERROR":
                        version = None
                        break
                    version = event["object"]["metadata"]["resourceVersion"]
                    yield event["type"], event["object"]
            except (ApiError, http.client.HTTPException, OSError, ValueError):
                stop.wait(0.1)
            finally:
                if connection:
                    connection.close()

    def install_crds(self, definitions: Sequence[dict], seconds: float = 60) -> None:
        """Applies resource definitions and waits until the server serves each of them."""
        for definition in definitions:
            # Creating costs the server a third of what an apply does; they are big.
            answer = self.request(
                "POST", "/apis/apiextensions.k8s.io/v1/customresourcedefinitions", definition
            )
            if answer.status == 409:
                answer = self.apply(definition, manager="crds")
            if answer.refused:
                raise ApiError(answer.status, f"{definition['metadata']['name']}: {answer.message}")
        waiting = {definition["metadata"]["name"] for definition in definitions}
        deadline = time.monotonic() + seconds
        while waiting:
            for item in self.list("apiextensions.k8s.io/v1", "CustomResourceDefinition"):
                conditions = item.get("status", {}).get("conditions") or []
                if any(c["type"] == "Established" and c["status"] == "True" for c in conditions):
                    waiting.discard(item["metadata"]["name"])
            if waiting and time.monotonic() > deadline:
                raise ApiError(504, f"not established: {', '.join(sorted(waiting))}")
            if waiting:
                time.sleep(0.1)
        # Established means accepted; the paths are served a moment later.
        for definition in definitions:
            spec = definition["spec"]
            for version in (v["name"] for v in spec["versions"] if v["served"]):
                while time.monotonic() < deadline:
                    try:
                        plural, _ = self.kind(f"{spec['group']}/{version}", spec["names"]["kind"])
                        if not self.request(
                            "GET", f"{root_of(spec['group'] + '/' + version)}/{plural}?limit=1"
                        ).refused:
                            break
                    except LookupError:
                        pass
                    time.sleep(0.05)


def root_of(api_version: str) -> str:
    """The path below which a group's version is served."""
    return "/api/v1" if api_version == "v1" else f"/apis/{api_version}"


def events(response: http.client.HTTPResponse, stop: threading.Event) -> Iterator[dict]:
    """The events of one stream; ends with it, or when nothing came for as long as the socket
    waits."""
    if response.status != 200:
        yield {"type": "ERROR"}
        return
    buffer = b""
    while not stop.is_set():
        try:
            piece = response.read1(65536)
        except TimeoutError:
            return
        if not piece:
            return
        buffer += piece
        *lines, buffer = buffer.split(b"\n")
        for line in lines:
            yield json.loads(line)
