"""An issuer of OpenID Connect on loopback: its keys, two documents, and tokens that it signs."""

from __future__ import annotations

import base64
import json
import secrets
import ssl
import subprocess
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

from .certificates import certify, make_authority, openssl
from .processes import Failed, free_port

# How long a token of the issuer is good, where nobody says otherwise.
LIFE = 3600
# Bytes of each of the two numbers of a signature over P-256, and of the point of its key.
HALF, POINT = 32, 65


def encoded(data: bytes) -> str:
    """The base64 of tokens: without padding, safe in URLs."""
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


def raw_signature(der: bytes) -> bytes:
    """The two numbers of an ECDSA signature side by side, as tokens have them, of its DER."""
    if len(der) < 8 or der[0] != 0x30:
        raise ValueError("no sequence of two numbers")
    numbers, at = [], 2
    for _ in range(2):
        if der[at] != 0x02:
            raise ValueError("no number")
        length = der[at + 1]
        numbers.append(int.from_bytes(der[at + 2 : at + 2 + length], "big"))
        at += 2 + length
    return b"".join(number.to_bytes(HALF, "big") for number in numbers)


def by_openssl(*arguments: str, folder: Path, given: bytes = b"") -> bytes:
    """What openssl writes."""
    done = subprocess.run(
        ["openssl", *arguments], cwd=folder, input=given, capture_output=True, check=False
    )
    if done.returncode:
        raise Failed(f"openssl {arguments[0]}: {done.stderr.decode(errors='replace')[-300:]}")
    return done.stdout


class Handler(BaseHTTPRequestHandler):
    """Answers with a document."""

    server: Documents

    def log_message(self, *_: object) -> None:
        """Says nothing."""

    def do_GET(self) -> None:
        """A document, or nothing."""
        found = self.server.documents.get(self.path)
        body = json.dumps(found or {}).encode()
        self.send_response(200 if found else 404)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)


class Documents(ThreadingHTTPServer):
    """A server of documents."""

    daemon_threads = True

    def __init__(self, port: int, documents: dict[str, dict], tls: ssl.SSLContext) -> None:
        super().__init__(("127.0.0.1", port), Handler)
        self.documents = documents
        self.socket = tls.wrap_socket(self.socket, server_side=True)

    def handle_error(self, *_: object) -> None:
        """A client that went away is nobody's trouble."""


class Issuer:
    """`with Issuer(folder) as issuer:` serves at `issuer.url`, certified by `issuer.ca`."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder / "issuer"
        self.folder.mkdir(parents=True)
        make_authority(self.folder, "/CN=issuer-authority")
        certify(self.folder, "server", "/CN=issuer", "DNS:localhost,IP:127.0.0.1")
        openssl("genrsa", "-out", "RS256.key", "2048", folder=self.folder)
        curve = ("ecparam", "-name", "prime256v1", "-genkey", "-noout")
        openssl(*curve, "-out", "ES256.key", folder=self.folder)
        self.ca = self.folder / "ca.crt"
        self.port = free_port()
        self.url = f"https://127.0.0.1:{self.port}"
        documents: dict[str, dict] = {
            "/.well-known/openid-configuration": {
                "issuer": self.url,
                "jwks_uri": f"{self.url}/keys",
                "response_types_supported": ["id_token"],
                "subject_types_supported": ["public"],
                "id_token_signing_alg_values_supported": ["RS256", "ES256"],
            },
            "/keys": {"keys": [self.rsa_key(), self.curve_key()]},
        }
        tls = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        tls.load_cert_chain(self.folder / "server.crt", self.folder / "server.key")
        self.server = Documents(self.port, documents, tls)

    def rsa_key(self) -> dict[str, str]:
        """The key of RS256, as others see it."""
        said = by_openssl("rsa", "-in", "RS256.key", "-noout", "-modulus", folder=self.folder)
        modulus = bytes.fromhex(said.decode().strip().partition("=")[2])
        exponent = (65537).to_bytes(3, "big")
        return {
            "kty": "RSA",
            "kid": "RS256",
            "alg": "RS256",
            "use": "sig",
            "n": encoded(modulus),
            "e": encoded(exponent),
        }

    def curve_key(self) -> dict[str, str]:
        """The key of ES256, as others see it."""
        asked = ("ec", "-in", "ES256.key", "-pubout", "-outform", "DER")
        point = by_openssl(*asked, folder=self.folder)[-POINT:]
        return {
            "kty": "EC",
            "kid": "ES256",
            "alg": "ES256",
            "use": "sig",
            "crv": "P-256",
            "x": encoded(point[1 : 1 + HALF]),
            "y": encoded(point[1 + HALF :]),
        }

    def __enter__(self) -> Issuer:
        threading.Thread(target=self.server.serve_forever, args=(0.05,), daemon=True).start()
        return self

    def __exit__(self, *_: object) -> None:
        self.server.shutdown()
        self.server.server_close()

    def token(self, audience: str, life: int = LIFE, way: str = "RS256", **claims: Any) -> str:
        """A token with some claims, signed in one of its two ways."""
        now = int(time.time())
        all_claims = {
            "iss": self.url,
            "aud": audience,
            "iat": now + min(life, 0) - 1,
            "exp": now + life,
            "jti": secrets.token_hex(8),
            **claims,
        }
        head = {"alg": way, "kid": way, "typ": "JWT"}
        parts = [encoded(json.dumps(part).encode()) for part in (head, all_claims)]
        text = ".".join(parts)
        asked = ("dgst", "-sha256", "-sign", f"{way}.key")
        signature = by_openssl(*asked, folder=self.folder, given=text.encode())
        return f"{text}.{encoded(raw_signature(signature) if way == 'ES256' else signature)}"
