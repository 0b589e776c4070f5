"""Judges what people get: a real Alertmanager with a tree's own configuration, against a mail
server and a web server that write down what arrives. A minute of the configuration is a second."""

from __future__ import annotations

import base64
import copy
import http.server
import json
import re
import socketserver
import threading
import time
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

from harness.context import Context
from harness.processes import Failed, Processes, free_port, wait_until
from harness.table import Fault, Row
from harness.trees import Tree

SECRETS, CONFIG_MAPS = "/etc/alertmanager/secrets/", "/etc/alertmanager/configmaps/"
TOKEN = "tk_of_the_judge"
UNITS = {"s": 1, "m": 60, "h": 3600}
# How long is listened: longer than what is told to all waits for more, and twice the repeat of the
# dead man's switch.
LISTENS = 23

# What fires, and whether somebody is told of it.
ALERTS: tuple[tuple[dict[str, str], bool], ...] = (
    ({"alertname": "Watchdog", "severity": "none"}, False),
    ({"alertname": "InfoInhibitor", "severity": "none", "namespace": "ai"}, False),
    (
        {
            "alertname": "ChatDown",
            "severity": "critical",
            "namespace": "ai",
            "deployment": "openwebui",
        },
        True,
    ),
    # It follows from the one before.
    (
        {
            "alertname": "DeploymentNotReady",
            "severity": "warning",
            "namespace": "ai",
            "deployment": "openwebui",
        },
        False,
    ),
    ({"alertname": "VolumeFull", "severity": "critical", "namespace": "ai"}, True),
    (
        {"alertname": "ContainerRestarts", "severity": "warning", "namespace": "ai", "pod": "a"},
        True,
    ),
    (
        {"alertname": "ContainerRestarts", "severity": "warning", "namespace": "ai", "pod": "b"},
        True,
    ),
    ({"alertname": "KubeNodeNotReady", "severity": "warning", "node": "a"}, True),
    ({"alertname": "NodeUnderPressure", "severity": "warning", "node": "a"}, False),
    ({"alertname": "NodeUnderPressure", "severity": "warning", "node": "b"}, True),
)


class Sink:
    """Two servers, and what they were sent: paths, headers and bodies; users, addresses and
    mails."""

    def __init__(self) -> None:
        self.calls: list[tuple[str, dict[str, str], dict[str, Any]]] = []
        self.mails: list[tuple[str, str, str]] = []
        sink = self

        class Web(http.server.BaseHTTPRequestHandler):
            """Takes every POST."""

            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["Content-Length"]))
                sink.calls.append((self.path, dict(self.headers), json.loads(body)))
                self.send_response(200)
                self.end_headers()

            def log_message(self, *_: object) -> None:
                """Says nothing."""

        class Mail(socketserver.StreamRequestHandler):
            """Takes every mail."""

            def handle(self) -> None:
                self.say("220 here")
                user = address = ""
                while line := self.rfile.readline().decode().strip():
                    word, _, rest = line.partition(" ")
                    if word == "EHLO":
                        self.say("250-here\r\n250 AUTH PLAIN")
                    elif word == "AUTH":
                        user = base64.b64decode(rest.split()[-1]).decode().replace("\0", "/")
                        self.say("235 welcome")
                    elif word == "DATA":
                        self.say("354 go on")
                        sink.mails.append((user, address, self.text()))
                        self.say("250 taken")
                    elif word == "QUIT":
                        self.say("221 bye")
                        return
                    else:
                        address = rest if word == "RCPT" else address
                        self.say("250 well")

            def text(self) -> str:
                lines = []
                while (line := self.rfile.readline().decode()) not in (".\r\n", ""):
                    lines.append(line)
                return "".join(lines)

            def say(self, text: str) -> None:
                self.wfile.write(f"{text}\r\n".encode())

        self.web = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Web)
        self.mail = socketserver.ThreadingTCPServer(("127.0.0.1", 0), Mail)
        self.mail.daemon_threads = True
        for server in (self.web, self.mail):
            threading.Thread(target=server.serve_forever, daemon=True).start()

    def close(self) -> None:
        """Stops both."""
        for server in (self.web, self.mail):
            server.shutdown()
            server.server_close()

    def subjects(self) -> list[str]:
        """The subjects of the mails."""
        found = (re.search(r"^Subject: (.*)$", text, re.M) for _, _, text in self.mails)
        return [one.group(1).strip() for one in found if one]


def quick(duration: str) -> str:
    """A minute as a second."""
    seconds = int(duration[:-1]) * UNITS[duration[-1]]
    return f"{-(-seconds // 60)}s"


def places(value: Any) -> Iterator[tuple[dict[str, Any], str]]:
    """Every text in a value: the map that it is in, and its key."""
    if isinstance(value, dict):
        for key, inner in value.items():
            if isinstance(inner, str):
                yield value, key
            else:
                yield from places(inner)
    elif isinstance(value, list):
        for inner in value:
            yield from places(inner)


def composed(tree: Tree, secret: str) -> str:
    """The URL that a sealed value is composed to, without its server; of others the name."""
    for thing in tree.things:
        if thing.value["kind"] == "SealedSecret" and thing.value["metadata"]["name"] == secret:
            url = thing.value["spec"]["template"].get("data", {}).get("url", "")
            if url:
                return "topic?" + urlsplit(url.replace("{{ .topic | urlquery }}", "topic")).query
    return secret


def here(folder: Path, tree: Tree, configuration: dict[str, Any], sink: Sink) -> Path:
    """The configuration with everything that it names in a folder, and its servers here."""
    value = copy.deepcopy(configuration)
    web = f"http://127.0.0.1:{sink.web.server_port}"
    for place, key in list(places(value)):
        text = place[key]
        if key.endswith("_file"):
            secret, name = text.removeprefix(SECRETS).split("/")
            path = folder / secret / name
            path.parent.mkdir(parents=True, exist_ok=True)
            content = f"{web}/{composed(tree, secret)}" if name == "url" else TOKEN
            path.write_text(content, encoding="utf-8")
            place[key] = str(path)
        elif key == "smarthost":
            place[key] = f"127.0.0.1:{sink.mail.server_address[1]}"
            place["require_tls"] = False
        elif key == "url":
            place[key] = f"{web}/webhook"
        elif key in ("group_wait", "group_interval", "repeat_interval"):
            place[key] = quick(text)
    value["templates"] = [one.replace(CONFIG_MAPS, f"{folder}/") for one in value["templates"]]
    for thing in tree.things:
        if thing.value["kind"] == "ConfigMap":
            for name, text in thing.value.get("data", {}).items():
                path = folder / thing.value["metadata"]["name"] / name
                path.parent.mkdir(parents=True, exist_ok=True)
                path.write_text(text, encoding="utf-8")
    path = folder / "alertmanager.json"
    path.write_text(json.dumps(value), encoding="utf-8")
    return path


def told(ctx: Context, tree: Tree, configuration: dict[str, Any]) -> Sink:
    """What arrives while the alerts fire."""
    folder, sink, port = ctx.fresh("alertmanager"), Sink(), free_port()
    processes = Processes(folder / "log")
    try:
        process = processes.start(
            "alertmanager",
            [
                ctx.tool("alertmanager"),
                f"--config.file={here(folder, tree, configuration, sink)}",
                f"--storage.path={folder / 'data'}",
                f"--web.listen-address=127.0.0.1:{port}",
                "--cluster.listen-address=",
            ],
        )
        base = f"http://127.0.0.1:{port}"

        def ready() -> bool:
            try:
                with urllib.request.urlopen(f"{base}/-/ready", timeout=1):
                    return True
            except OSError:
                return False

        wait_until("Alertmanager is ready", ready, 20, process)
        alerts = [
            {"labels": labels, "annotations": {"summary": f"{labels['alertname']} fires."}}
            for labels, _ in ALERTS
        ]
        request = urllib.request.Request(
            f"{base}/api/v2/alerts",
            data=json.dumps(alerts).encode(),
            headers={"Content-Type": "application/json"},
        )
        with urllib.request.urlopen(request, timeout=5):
            time.sleep(LISTENS)
        return sink
    finally:
        processes.stop_all()
        sink.close()


def trouble(ctx: Context, tree: Tree, configuration: dict[str, Any]) -> list[str]:
    """What arrived and should not have, and what did not."""
    try:
        sink = told(ctx, tree, configuration)
    except Failed as why:
        return [f"Alertmanager does not run: {why}"]
    found = []
    subjects = sink.subjects()
    wanted = {labels["alertname"] for labels, is_told in ALERTS if is_told}
    for name in sorted({labels["alertname"] for labels, _ in ALERTS}):
        mails = [one for one in subjects if name in one]
        if name in wanted and len(mails) != 1:
            found.append(f"{name}: {len(mails)} mails")
        if name not in wanted and mails:
            found.append(f"{name}: is told, though it follows from something else")
    if not any("ContainerRestarts in ai (2)" in one for one in subjects):
        found.append(f"two alerts of one kind are not one mail: {subjects}")
    if any("NodeUnderPressure (2)" in one for one in subjects):
        found.append("what is said of a node that is away is told")
    if not any(one.startswith("[critical] ChatDown") for one in subjects):
        found.append(f"no mail says how urgent it is: {subjects}")
    found += [f"mail by {user}" for user, _, _ in sink.mails if not user.endswith(f"/{TOKEN}")]
    pushed = [call for call in sink.calls if call[0].startswith("/topic?")]
    names = sorted(call[2]["groupLabels"]["alertname"] for call in pushed)
    if names != ["ChatDown", "VolumeFull"]:
        found.append(f"phones are told of {names}")
    for path, headers, _ in pushed:
        query = parse_qs(urlsplit(path).query)
        if "alertname" not in query.get("t", [""])[0] or query.get("tpl") != ["1"]:
            found.append(f"ntfy has no template: {path}")
        if headers.get("Authorization") != f"Bearer {TOKEN}":
            found.append("ntfy is not told who calls")
    calls = [call for call in sink.calls if "dead-mans-switch" in call[0]]
    if len(calls) < 2:
        found.append(f"the dead man's switch is called {len(calls)} times in two repeats")
    found += [
        "the dead man's switch is told of something else"
        for call in calls
        if call[2]["groupLabels"]["alertname"] != "Watchdog"
    ]
    return found


def judge(ctx: Context, subjects: list[tuple[Tree, str, dict[str, Any]]]) -> Row:
    """One row, a configuration an object: its tree, its file, its value."""
    row, began = Row("alertmanager", 0), time.monotonic()
    for tree, file, configuration in subjects:
        row.objects += len(ALERTS)
        row.findings += [f"{tree.name}/{file}: {one}" for one in trouble(ctx, tree, configuration)]
    row.note = "" if row.objects else "no subject yet"
    row.seconds = time.monotonic() - began
    return row


def plant(ctx: Context, tree: Tree, sound: dict[str, Any]) -> None:
    """A configuration that inhibits nothing, and one that groups nothing."""
    apart = copy.deepcopy(sound)
    apart["route"]["group_by"] = ["..."]
    for what, value in (
        ("what follows from something else is told", {**sound, "inhibit_rules": []}),
        ("each alert is a message of its own", apart),
    ):
        said = trouble(ctx, tree, value)
        ctx.fault(Fault(what, "alertmanager", "; ".join(said) or "nothing", bool(said)))
