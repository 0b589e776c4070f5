"""Judges the configurations of exporters and of the collector by these programs; what the JSON
exporter makes of an answer of Ollama's is held against the catalogue of metrics."""

from __future__ import annotations

import contextlib
import json
import subprocess
import threading
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import yaml

from harness.context import Context
from harness.installing import ROOT
from harness.processes import free_port
from harness.table import Fault

# What the catalogue says of the JSON exporter's metrics.
CATALOGUE = ROOT / "src/facts/metrics/json-exporter-ollama-0.7.0.txt"
# What Ollama 0.32.15 answers at /api/ps, of two models.
ANSWER = {
    "models": [
        {
            "name": "llama3.2:1b-instruct-q4_K_M",
            "model": "llama3.2:1b-instruct-q4_K_M",
            "size": 1_522_073_600,
            "digest": "baf6a787fdffd633537aa2eb51cfd54cb93ff08e28040095462bb63daf552878",
            "details": {"family": "llama", "parameter_size": "1.2B"},
            "expires_at": "2026-11-30T12:05:00.123456789Z",
            "size_vram": 0,
            "context_length": 4096,
        },
        {
            "name": "nomic-embed-text:latest",
            "model": "nomic-embed-text:latest",
            "size": 353_000_000,
            "expires_at": "2026-11-30T12:05:00.123456789Z",
            "size_vram": 353_000_000,
            "context_length": 2048,
        },
    ]
}


def written(ctx: Context, value: Any) -> Path:
    """A file with a value in it."""
    path = ctx.fresh("config") / "config.yaml"
    path.write_text(value if isinstance(value, str) else json.dumps(value), encoding="utf-8")
    return path


def said_by(argv: list[str], environment: dict[str, str] | None = None) -> str:
    """What a program has against what it is given."""
    done = subprocess.run(
        argv,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=False,
        env=environment,
    )
    return f"{done.stdout.strip()} {done.stderr.strip()}".strip() if done.returncode else ""


def otelcol(ctx: Context, text: str) -> str:
    """What the collector has against its configuration."""
    argv = [ctx.tool("otelcol"), "validate", "--config", str(written(ctx, text))]
    return said_by(argv, {"POD_IP": "127.0.0.1"})


def blackbox_exporter(ctx: Context, configuration: Any) -> str:
    """What the blackbox exporter has against its configuration."""
    file = written(ctx, configuration)
    return said_by([ctx.tool("blackbox_exporter"), "--config.check", f"--config.file={file}"])


class Ollama(BaseHTTPRequestHandler):
    """Answers as Ollama does."""

    def do_GET(self) -> None:
        """The models in memory."""
        body = json.dumps(ANSWER if self.path == "/api/ps" else {"models": []}).encode()
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: Any) -> None:
        """Says nothing."""


@contextlib.contextmanager
def ollama() -> Iterator[str]:
    """The address of a server that answers as Ollama does."""
    with ThreadingHTTPServer(("127.0.0.1", 0), Ollama) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_address[1]}"
        server.shutdown()


def asked(url: str) -> str:
    """The answer of a program that may still start."""
    for _ in range(200):
        try:
            with urllib.request.urlopen(url, timeout=10) as answer:
                return answer.read().decode()
        except urllib.error.HTTPError as error:
            return f"status {error.code}"
        except OSError:
            time.sleep(0.05)
    return "no answer"


def metrics(ctx: Context, text: str, path: str) -> str:
    """What the JSON exporter makes of an answer of Ollama's, by the first module of its file."""
    (module, *_) = yaml.safe_load(text)["modules"]
    address = f"127.0.0.1:{free_port()}"
    argv = [
        ctx.tool("json_exporter"),
        f"--config.file={written(ctx, text)}",
        f"--web.listen-address={address}",
    ]
    with ollama() as server:
        process = subprocess.Popen(
            argv,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        try:
            return asked(f"http://{address}/probe?module={module}&target={server}{path}")
        finally:
            process.kill()
            process.wait()


def json_exporter(ctx: Context, text: str) -> str:
    """What the catalogue has against what the JSON exporter makes of its configuration."""
    file = written(ctx, text)
    said = said_by([ctx.tool("json_exporter"), "--config.check", f"--config.file={file}"])
    if said:
        return said
    rows = CATALOGUE.read_text(encoding="utf-8").split("\n\n")[1].splitlines()
    expected = {
        (name, kind, model["name"])
        for name, kind in (row.split()[:2] for row in rows)
        for model in ANSWER["models"]
    }
    kinds, found = {}, set()
    for line in metrics(ctx, text, "/api/ps").splitlines():
        if line.startswith("# TYPE "):
            _, _, name, kind = line.split()
            kinds[name] = kind
        elif "{" in line and not line.startswith("#"):
            name, rest = line.split("{", 1)
            model = rest.split('model="', 1)[-1].split('"', 1)[0]
            found.add((name, kinds.get(name, "none"), model))
    if found != expected:
        return f"the catalogue has {sorted(expected - found)}, and not {sorted(found - expected)}"
    nothing = metrics(ctx, text, "/none")
    return f"of no model it makes {nothing}" if nothing.strip() else ""


# The programs, and what each has against what a tree has for it.
CHECKS: dict[str, Callable[..., str]] = {
    "otelcol": otelcol,
    "blackbox_exporter": blackbox_exporter,
    "json_exporter": json_exporter,
}

COLLECTOR = """
receivers: {otlp: {protocols: {grpc: {endpoint: "${env:POD_IP}:4317"}}}}
processors: {memory_limiter: {check_interval: 1s, limit_mib: 100, spike_limit_mib: 25}}
exporters: {prometheus: {endpoint: "${env:POD_IP}:8889"}}
service:
  pipelines:
    metrics: {receivers: [otlp], processors: [memory_limiter], exporters: [prometheus]}
"""
MODULES = {"modules": {"http_2xx": {"prober": "http", "http": {"follow_redirects": False}}}}
OF_OLLAMA = """
modules:
  ollama_ps:
    metrics:
      - name: ollama_loaded_model
        path: "{.models[*]}"
        type: object
        valuetype: gauge
        labels: {model: "{.name}"}
        values:
          context_tokens: "{.context_length}"
          size_bytes: "{.size}"
          vram_bytes: "{.size_vram}"
"""


def plant(ctx: Context) -> None:
    """What is right is accepted, and each of some slips is not."""
    wrong = json.loads(json.dumps(MODULES))
    wrong["modules"]["http_2xx"]["http"]["followRedirects"] = True
    for what, program, text in (
        (
            "a key that the collector does not know",
            "otelcol",
            COLLECTOR.replace("spike_limit_mib", "spike_limit"),
        ),
        (
            "a memory limit that comes too late",
            "otelcol",
            COLLECTOR.replace("spike_limit_mib: 25", "spike_limit_mib: 100"),
        ),
        (
            "a pipeline with an exporter that is not there",
            "otelcol",
            COLLECTOR.replace("exporters: [prometheus]", "exporters: [prometheusremotewrite]"),
        ),
        ("a field that the blackbox exporter does not know", "blackbox_exporter", wrong),
        (
            "a metric of an untold type",
            "json_exporter",
            OF_OLLAMA.replace("valuetype", "value_type"),
        ),
        ("a value under another name", "json_exporter", OF_OLLAMA.replace("vram_bytes", "vram")),
    ):
        said = CHECKS[program](ctx, text)
        ctx.fault(Fault(what, program, said or "nothing", bool(said)))
    for program, text in (
        ("otelcol", COLLECTOR),
        ("blackbox_exporter", MODULES),
        ("json_exporter", OF_OLLAMA),
    ):
        said = CHECKS[program](ctx, text)
        ctx.fault(
            Fault("none: a configuration that is right", program, said or "accepted", not said)
        )
