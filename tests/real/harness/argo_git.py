"""The repositories and hosts that a tree names, played on loopback: Git by `git http-backend`,
charts from memory, TLS by a test CA."""

from __future__ import annotations

import http.server
import os
import shutil
import ssl
import subprocess
import threading
from pathlib import Path
from typing import Any
from urllib.parse import SplitResult, unquote, urlsplit

from .certificates import certify, make_authority

WHO = "Judge <judge@espalier.invalid>"


class Repository:
    """One bare repository under the path of its URL; each commit is a whole tree."""

    def __init__(self, folder: Path, url: str, branch: str, prefix: str = ""):
        parts = urlsplit(url)
        self.folder = folder / str(parts.hostname) / parts.path.strip("/")
        self.branch, self.prefix = branch, prefix.strip("/")
        self.home = folder
        self.count = 0
        self.folder.mkdir(parents=True)
        self._git("init", "--quiet", "--bare", "--initial-branch", branch, ".")

    def remove(self) -> None:
        """Makes room for another tree under the same URL."""
        shutil.rmtree(self.folder, ignore_errors=True)

    def _git(self, *words: str, data: bytes | None = None) -> str:
        env = {"PATH": os.environ["PATH"], "HOME": str(self.home), "GIT_CONFIG_NOSYSTEM": "1"}
        done = subprocess.run(
            ["git", *words], cwd=self.folder, env=env, input=data, capture_output=True, check=False
        )
        if done.returncode != 0:
            raise RuntimeError(
                f"git {words[0]}: {done.stderr.decode(errors='replace').strip()[-300:]}"
            )
        return done.stdout.decode().strip()

    def commit(self, files: dict[str, bytes], message: str) -> str:
        """Makes `files` the whole content of the branch and returns the new commit."""
        self.count += 1
        ref = f"refs/heads/{self.branch}"
        out = [
            f"commit {ref}\ncommitter {WHO} {1_700_000_000 + self.count} +0000\n".encode(),
            _data(message.encode()),
        ]
        if self.count > 1:
            out.append(f"from {ref}^0\n".encode())
        out.append(b"deleteall\n")
        for path, data in sorted(files.items()):
            where = f"{self.prefix}/{path}" if self.prefix else path
            out += [
                b'M 100644 inline "'
                + where.replace("\\", "\\\\").replace('"', '\\"').encode()
                + b'"\n',
                _data(data),
            ]
        self._git("fast-import", "--quiet", data=b"".join(out))
        return self._git("rev-parse", ref)

    def refs(self) -> dict[str, str]:
        """The commit of every branch and tag, under its full name; the branch that is followed
        under its short one, too."""
        found = dict(
            line.split(" ")[::-1]
            for line in self._git("for-each-ref", "--format=%(objectname) %(refname)").splitlines()
        )
        return {**found, self.branch: found.get(f"refs/heads/{self.branch}", "")}


def _data(data: bytes) -> bytes:
    return b"data %d\n%s\n" % (len(data), data)


class Hosts:
    """Makes the named hosts resolve to loopback and answers for them on port 443 until it is
    stopped.

    It expects a network and a mount namespace of its own: it binds over the hosts file and listens
    on the real port.
    """

    def __init__(self, folder: Path, names: list[str]):
        self.folder, self.names = folder, sorted(names)
        self.repositories = folder / "git"
        self.tls = folder / "tls"
        self.charts: dict[tuple[str, str], bytes] = {}
        self.missing: set[str] = set()
        # What a repository says of its branches, until its next commit: asked for by every
        # comparison of every Application.
        self.advertised: dict[tuple[str, str], tuple[int, list[tuple[str, str]], bytes]] = {}
        self._server: http.server.ThreadingHTTPServer | None = None
        self._bound = False

    def start(self) -> None:
        """Certificates, hosts file, server."""
        self.repositories.mkdir(parents=True)
        self.tls.mkdir()
        certificate, key = self._certificates()
        lines = [
            "127.0.0.1 localhost",
            "::1 localhost",
            *(f"127.0.0.1 {name}" for name in self.names),
        ]
        (self.folder / "hosts").write_text("\n".join(lines) + "\n")
        subprocess.run(["mount", "--bind", str(self.folder / "hosts"), "/etc/hosts"], check=True)
        self._bound = True
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(certificate, key)
        owner = self

        class Handler(_Handler):
            hosts = owner

        self._server = _Server(("127.0.0.1", 443), Handler)
        self._server.context = context
        threading.Thread(
            target=self._server.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True
        ).start()

    def stop(self) -> None:
        """Ends the server and takes the hosts file back."""
        if self._server:
            self._server.shutdown()
            self._server.server_close()
            self._server = None
        if self._bound:
            subprocess.run(["umount", "/etc/hosts"], check=False)
            self._bound = False

    def __enter__(self) -> Hosts:
        try:
            self.start()
        except BaseException:
            self.stop()
            raise
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()

    def _certificates(self) -> tuple[Path, Path]:
        """A test CA, one certificate for all names, and the CA once per host as argocd-tls-certs-cm
        would mount it."""
        made = self.folder / "pki"
        made.mkdir()

        make_authority(made, "/CN=judge of the tree's hosts")
        names = ",".join(f"DNS:{name}" for name in [*self.names, "localhost"])
        certify(made, "server", "/CN=judge", names)
        for name in self.names:
            (self.tls / name).write_bytes((made / "ca.crt").read_bytes())
        return made / "server.crt", made / "server.key"


class _Server(http.server.ThreadingHTTPServer):
    """TLS is taken up in the connection's own thread, so a slow handshake holds up nobody."""

    daemon_threads = True
    request_queue_size = 64
    context: ssl.SSLContext

    def finish_request(self, request: Any, client_address: Any) -> None:
        request.settimeout(60)
        try:
            with self.context.wrap_socket(request, server_side=True) as wrapped:
                self.RequestHandlerClass(wrapped, client_address, self)  # type: ignore[arg-type]
        except OSError:
            pass  # A client that hangs up, or that does not trust us, finds its own words for it.


class _Handler(http.server.BaseHTTPRequestHandler):
    """Charts first, everything else is Git's."""

    protocol_version = "HTTP/1.1"
    hosts: Hosts

    def do_GET(self) -> None:
        parts = urlsplit(self.path)
        host = self.headers.get("Host", "").split(":")[0]
        found = self.hosts.charts.get((host, unquote(parts.path)))
        if found is not None:
            kind = "text/yaml" if parts.path.endswith(".yaml") else "application/gzip"
            self._answer(200, [("Content-Type", kind)], found)
        else:
            self._git(host, parts)

    def do_POST(self) -> None:
        self._git(self.headers.get("Host", "").split(":")[0], urlsplit(self.path))

    def _git(self, host: str, parts: SplitResult) -> None:
        root = self.hosts.repositories / host
        if not root.is_dir() or not parts.path.endswith(
            ("/info/refs", "/git-upload-pack", "/HEAD")
        ):
            self.hosts.missing.add(f"{self.command} {host}{parts.path}")
            self._answer(404, [], b"nothing here\n")
            return
        key = (f"{host}{self.path}", self.headers.get("Git-Protocol", ""))
        # A commit replaces it, so an answer from before cannot get into what is said after.
        advertised = self.hosts.advertised
        if self.command == "GET" and (known := advertised.get(key)):
            self._answer(*known)
            return
        env = {
            "PATH": os.environ["PATH"],
            "HOME": str(self.hosts.folder),
            "GIT_CONFIG_NOSYSTEM": "1",
            "GIT_PROJECT_ROOT": str(root),
            "GIT_HTTP_EXPORT_ALL": "1",
            "REQUEST_METHOD": self.command,
            "PATH_INFO": unquote(parts.path),
            "QUERY_STRING": parts.query,
            "REMOTE_ADDR": "127.0.0.1",
            "CONTENT_TYPE": self.headers.get("Content-Type", ""),
            "GIT_PROTOCOL": self.headers.get("Git-Protocol", ""),
            "HTTP_CONTENT_ENCODING": self.headers.get("Content-Encoding", ""),
        }
        body = self._body()
        env["CONTENT_LENGTH"] = str(len(body))
        done = subprocess.run(
            ["git", "http-backend"], env=env, input=body, capture_output=True, check=False
        )
        head, _, content = done.stdout.partition(b"\r\n\r\n")
        fields = [
            line.split(": ", 1) for line in head.decode("latin-1").split("\r\n") if ": " in line
        ]
        status = next(
            (int(value.split()[0]) for name, value in fields if name == "Status"),
            200 if done.returncode == 0 else 500,
        )
        answer = status, [(name, value) for name, value in fields if name != "Status"], content
        if key and status == 200:
            advertised[key] = answer
        self._answer(*answer)

    def _body(self) -> bytes:
        if self.headers.get("Transfer-Encoding", "").lower() != "chunked":
            return self.rfile.read(int(self.headers.get("Content-Length") or 0))
        out = b""
        while size := int(self.rfile.readline().split(b";")[0], 16):
            out += self.rfile.read(size)
            self.rfile.readline()
        self.rfile.readline()
        return out

    def _answer(self, status: int, fields: list[tuple[str, str]], body: bytes) -> None:
        self.send_response(status)
        for name, value in fields:
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        pass
