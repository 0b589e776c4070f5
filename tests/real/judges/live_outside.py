"""What is outside of the node: names, a registry of models, a list of what was asked for.

Run in the network outside: `live_outside.py SETTINGS`, a file of JSON. It keeps to the standard
library: nothing of the judges is there.
"""

import hashlib
import http.server
import json
import re
import socket
import socketserver
import ssl
import struct
import sys
import threading
from pathlib import Path

MANIFEST = "application/vnd.docker.distribution.manifest.v2+json"


class NameServer(socketserver.ThreadingUDPServer):
    """What it knows, and where it writes down what it is asked for."""

    guard: threading.Lock
    names: dict[str, str]
    log: Path


class RegistryServer(http.server.ThreadingHTTPServer):
    """What it has."""

    about: dict
    manifest: bytes
    blobs: dict[str, Path]


class Names(socketserver.BaseRequestHandler):
    """A DNS server that knows a few names, and writes down each that it is asked for."""

    server: NameServer

    def handle(self) -> None:
        asked, back = self.request
        name, at = [], 12
        while asked[at]:
            name.append(asked[at + 1 : at + 1 + asked[at]].decode("ascii", "replace"))
            at += 1 + asked[at]
        kind = struct.unpack(">H", asked[at + 1 : at + 3])[0]
        text = ".".join(name).lower()
        with self.server.guard, self.server.log.open("a", encoding="utf-8") as out:
            out.write(f"{text}\n")
        address = self.server.names.get(text)
        found = bool(address) and kind == 1
        # A name that is known has no other addresses; one that is not known does not exist.
        flags = 0x8180 | (0 if address else 3)
        head = (
            asked[:2]
            + struct.pack(">HHHHH", flags, 1, 1 if found else 0, 0, 0)
            + asked[12 : at + 5]
        )
        answer = (
            b"\xc0\x0c" + struct.pack(">HHIH", 1, 1, 60, 4) + socket.inet_aton(address)
            if address and found
            else b""
        )
        back.sendto(head + answer, self.client_address)


class Registry(http.server.BaseHTTPRequestHandler):
    """Manifests and blobs, with ranges, and blobs of another host as the real one has them."""

    protocol_version = "HTTP/1.1"
    server: RegistryServer

    def log_message(self, *_arguments: object) -> None:
        """Says nothing: who was asked is in the names' list."""

    def answer(
        self, code: int, body: bytes = b"", kind: str = "application/json", **more: str
    ) -> None:
        """One answer."""
        self.send_response(code)
        for key, value in {"Content-Type": kind, "Content-Length": str(len(body)), **more}.items():
            self.send_header(key, value)
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(body)

    def do_HEAD(self) -> None:
        """As a GET without its body."""
        self.do_GET()

    def do_GET(self) -> None:
        """A manifest, a redirect, a blob."""
        about = self.server.about
        asked = re.match(r"^/v2/(?:library/)?(.+)/manifests/(.+)$", self.path)
        if asked:
            name = f"{asked[1]}:{asked[2]}"
            known = name in about["models"]
            return (
                self.answer(200, self.server.manifest, MANIFEST)
                if known
                else self.answer(404, b'{"errors":[{"code":"MANIFEST_UNKNOWN"}]}')
            )
        blob = re.search(r"(sha256:[0-9a-f]{64})$", self.path)
        if not blob or blob[1] not in self.server.blobs:
            return self.answer(404, b"{}")
        if self.path.startswith("/v2/"):
            return self.answer(307, Location=f"https://{about['blobs']}/{blob[1]}")
        source = self.server.blobs[blob[1]]
        size = source.stat().st_size
        part = re.match(r"bytes=(\d+)-(\d*)", self.headers.get("Range") or "")
        first, last = (int(part[1]), int(part[2] or size - 1)) if part else (0, size - 1)
        self.send_response(206 if part else 200)
        self.send_header("Content-Length", str(last - first + 1))
        if part:
            self.send_header("Content-Range", f"bytes {first}-{last}/{size}")
        self.end_headers()
        if self.command == "HEAD":
            return None
        with source.open("rb") as file:
            file.seek(first)
            left = last - first + 1
            while left and (piece := file.read(min(1 << 20, left))):
                self.wfile.write(piece)
                left -= len(piece)
        return None


def blobs_of(folder: Path, about: dict) -> tuple[bytes, dict[str, Path]]:
    """The manifest of the one model, and its blobs by their sums."""
    layers, blobs = [], {}
    parts = {"model": Path(about["model"])}
    for kind, text in {
        "template": about["template"],
        "params": json.dumps(about["params"]),
    }.items():
        parts[kind] = folder / kind
        parts[kind].write_text(text, encoding="utf-8")
    for kind, file in parts.items():
        with file.open("rb") as source:
            name = "sha256:" + hashlib.file_digest(source, "sha256").hexdigest()
        blobs[name] = file
        layers.append(
            {
                "mediaType": f"application/vnd.ollama.image.{kind}",
                "digest": name,
                "size": file.stat().st_size,
            }
        )
    config = folder / "config"
    config.write_text(
        json.dumps(
            {
                "model_format": "gguf",
                "model_family": "llama",
                "model_families": ["llama"],
                "model_type": "134.52M",
                "file_type": "Q4_1",
                "architecture": "amd64",
                "os": "linux",
                "rootfs": {"type": "layers", "diff_ids": [layer["digest"] for layer in layers]},
            }
        ),
        encoding="utf-8",
    )
    name = "sha256:" + hashlib.sha256(config.read_bytes()).hexdigest()
    blobs[name] = config
    manifest = {
        "schemaVersion": 2,
        "mediaType": MANIFEST,
        "layers": layers,
        "config": {
            "mediaType": "application/vnd.docker.container.image.v1+json",
            "digest": name,
            "size": config.stat().st_size,
        },
    }
    return json.dumps(manifest).encode(), blobs


def main() -> None:
    """Serves until it is killed."""
    about = json.loads(Path(sys.argv[1]).read_text(encoding="utf-8"))
    names = NameServer((about["resolver"], 53), Names)
    names.guard, names.names = threading.Lock(), about["names"]
    names.log = Path(about["log"])
    threading.Thread(target=names.serve_forever, daemon=True).start()
    registry = RegistryServer((about["address"], 443), Registry)
    registry.daemon_threads = True
    registry.about = about
    registry.manifest, registry.blobs = blobs_of(Path(sys.argv[1]).parent, about)
    tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    tls.load_cert_chain(about["certificate"], about["key"])
    registry.socket = tls.wrap_socket(
        registry.socket, server_side=True, do_handshake_on_connect=False
    )
    Path(about["ready"]).touch()
    registry.serve_forever()


if __name__ == "__main__":
    main()
