"""What the policy controller reads of an API server: lists, a node, watches without events."""

from __future__ import annotations

import json
import threading
from http.server import BaseHTTPRequestHandler
from socketserver import TCPServer, ThreadingMixIn
from urllib.parse import parse_qs, urlsplit

KINDS = {
    "pods": ("v1", "Pod"),
    "namespaces": ("v1", "Namespace"),
    "nodes": ("v1", "Node"),
    "networkpolicies": ("networking.k8s.io/v1", "NetworkPolicy"),
}


def defaulted(policy: dict) -> dict:
    """A policy as a server stores it: with the types that its rules imply, and protocols."""
    spec = policy["spec"]
    types = ["Ingress", "Egress"] if spec.get("egress") else ["Ingress"]
    directions = {
        way: [
            {**rule, "ports": [{"protocol": "TCP", **port} for port in rule.get("ports") or []]}
            for rule in spec.get(way) or []
        ]
        for way in ("ingress", "egress")
    }
    return {
        **policy,
        "spec": {**spec, "policyTypes": spec.get("policyTypes") or types, **directions},
    }


class Handler(BaseHTTPRequestHandler):
    """Answers one client."""

    protocol_version = "HTTP/1.1"
    server: Server

    def log_message(self, *_: object) -> None:
        """Says nothing."""

    def answer(self, status: int, value: dict) -> None:
        """A whole answer."""
        body = json.dumps(value).encode()
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def refuse(self, status: int, reason: str) -> None:
        """An answer that says no."""
        self.answer(
            status,
            {
                "apiVersion": "v1",
                "kind": "Status",
                "status": "Failure",
                "code": status,
                "reason": reason,
                "message": self.path,
            },
        )

    def do_GET(self) -> None:
        """A list, one object, or a watch."""
        url = urlsplit(self.path)
        asked, parts = parse_qs(url.query), url.path.strip("/").split("/")
        kind = next((part for part in parts if part in KINDS), None)
        if not kind:
            self.refuse(404, "NotFound")
        elif parts[-1] != kind:
            objects = self.server.objects[kind]
            found = next((it for it in objects if it["metadata"]["name"] == parts[-1]), None)
            self.answer(200, found) if found else self.refuse(404, "NotFound")
        elif "sendInitialEvents" in asked:
            # The client then lists and watches, as it does with older servers.
            self.refuse(422, "Invalid")
        elif "watch" in asked:
            self.watch()
        else:
            version, name = KINDS[kind]
            self.answer(
                200,
                {
                    "apiVersion": version,
                    "kind": f"{name}List",
                    "metadata": {"resourceVersion": "1"},
                    "items": self.server.objects[kind],
                },
            )

    def watch(self) -> None:
        """Nothing changes while the controller runs; the answer ends with the server."""
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        self.send_header("Transfer-Encoding", "chunked")
        self.end_headers()
        self.wfile.flush()
        self.server.ending.wait()


class Server(ThreadingMixIn, TCPServer):
    """Serves some objects on the loopback of the namespace that it is made in."""

    daemon_threads = True
    allow_reuse_address = True
    request_queue_size = 64
    block_on_close = False

    def __init__(self, port: int, objects: dict[str, list[dict]]):
        self.objects = {
            kind: [
                {
                    **it,
                    "apiVersion": version,
                    "kind": name,
                    "metadata": {
                        **it["metadata"],
                        "resourceVersion": "1",
                        "uid": f"{kind}-{number}",
                    },
                }
                for number, it in enumerate(objects[kind])
            ]
            for kind, (version, name) in KINDS.items()
        }
        self.ending = threading.Event()
        super().__init__(("127.0.0.1", port), Handler)
        threading.Thread(
            target=self.serve_forever, kwargs={"poll_interval": 0.1}, daemon=True
        ).start()

    def close(self) -> None:
        """Ends every answer, and itself."""
        self.ending.set()
        self.shutdown()
        self.server_close()
