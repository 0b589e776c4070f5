"""Judges the configurations inside the tree by the programs that will read them; a program without
a subject is named."""

from __future__ import annotations

import base64
import json
import re
import subprocess
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import yaml

from harness.context import Context
from harness.table import Fault, Row, short
from harness.trees import Thing, Tree

from . import (
    configs_alerts,
    configs_dashboards,
    configs_delivery,
    configs_exporters,
    configs_routes,
)

# Loki's program is never run here: `tests/it/logs.rs` holds its configuration against what it would
# refuse.


def run(*argv: str, text: str | None = None) -> tuple[bool, str]:
    """Runs a program; whether it accepted, and what it said."""
    done = subprocess.run(
        list(argv),
        input=text,
        stdin=None if text is not None else subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode == 0:
        return True, done.stdout.strip()
    return False, f"{done.stdout.strip()} {done.stderr.strip()}".strip()


def chart_values(thing: Thing) -> list[tuple[str, dict]]:
    """The charts of an Application and the values that it gives them."""
    spec = thing.value["spec"]
    found = []
    for source in [*spec.get("sources", []), *([spec["source"]] if "source" in spec else [])]:
        helm = source.get("helm", {})
        values = helm.get("valuesObject") or yaml.safe_load(helm.get("values") or "") or {}
        if source.get("chart"):
            found.append((source["chart"], values))
    return found


def at(value: Any, *steps: str) -> Any:
    """What is below some keys, None where there is nothing."""
    for step in steps:
        value = value.get(step) if isinstance(value, dict) else None
    return value


def subjects(tree: Tree) -> dict[str, list[tuple[str, Any]]]:
    """For each program, what the tree has for it to read."""
    found: dict[str, list[tuple[str, Any]]] = {
        name: []
        for name in (
            "promtool",
            "amtool",
            "kubeseal",
            "shellcheck",
            "alloyfmt",
            *configs_exporters.CHECKS,
        )
    }
    found["shellcheck"] += [
        (path.relative_to(tree.root).as_posix(), path)
        for path in sorted((tree.root / "bootstrap").rglob("*.sh"))
    ]
    for thing in tree.things:
        kind = thing.value["kind"]
        if kind == "PrometheusRule":
            found["promtool"].append((thing.file, thing.value["spec"]))
        elif kind == "SealedSecret":
            found["kubeseal"].append((thing.file, thing))
        elif kind == "ConfigMap":
            for text in thing.value.get("data", {}).values():
                if re.search(r"^receivers:", text, re.M) and re.search(r"^exporters:", text, re.M):
                    found["otelcol"].append((thing.file, text))
                if re.search(r"^modules:", text, re.M):
                    found["json_exporter"].append((thing.file, text))
        elif kind == "Application":
            for chart, values in chart_values(thing):
                if at(values, "alertmanager", "config"):
                    found["amtool"].append((thing.file, values["alertmanager"]["config"]))
                for rules in (at(values, "additionalPrometheusRulesMap") or {}).values():
                    found["promtool"].append((thing.file, rules))
                if chart == "prometheus-blackbox-exporter" and at(values, "config", "modules"):
                    found["blackbox_exporter"].append((thing.file, values["config"]))
                if at(values, "alloy", "configMap", "content"):
                    found["alloyfmt"].append((thing.file, values["alloy"]["configMap"]["content"]))
    return found


def written(ctx: Context, value: Any) -> Path:
    """A file with a value in it."""
    path = ctx.fresh("config") / "config.yaml"
    path.write_text(value if isinstance(value, str) else json.dumps(value), encoding="utf-8")
    return path


def promtool(ctx: Context, rules: Any) -> str:
    """What promtool has against rules."""
    accepted, said = run(
        ctx.tool("promtool"),
        "check",
        "rules",
        "--lint=all",
        "--lint-fatal",
        str(written(ctx, rules)),
    )
    return "" if accepted else said


def amtool(ctx: Context, configuration: Any) -> str:
    """What amtool has against Alertmanager's configuration."""
    accepted, said = run(ctx.tool("amtool"), "check-config", str(written(ctx, configuration)))
    return "" if accepted else said


def alloyfmt(ctx: Context, text: str) -> str:
    """What Alloy's reader has against a configuration, and whether its formatter would write it
    otherwise: with a tab for each two spaces that begin a line, since a tree has no tabs."""
    tabbed = re.sub(r"^( {2})+", lambda it: "\t" * (len(it[0]) // 2), text, flags=re.M)
    accepted, said = run(ctx.tool("alloyfmt"), text=tabbed)
    if not accepted:
        return said
    wanted = said.splitlines()
    for number, line in enumerate(tabbed.strip().splitlines()):
        if number >= len(wanted) or line != wanted[number]:
            return f"line {number + 1}: the formatter would write {wanted[number:][:1]}"
    return ""


def shellcheck(ctx: Context, script: Path) -> str:
    """What shellcheck has against a script, whatever its severity."""
    accepted, said = run(
        ctx.tool("shellcheck"),
        "--norc",
        "--external-sources",
        "--shell=bash",
        "--format=gcc",
        str(script),
    )
    return "" if accepted else said


def sealed_form(value: dict) -> list[str]:
    """What can be seen of sealed values without the key: base64, the length of the session key,
    room for the tag."""
    findings = []
    for name, text in value["spec"].get("encryptedData", {}).items():
        try:
            raw = base64.b64decode(text, validate=True)
        except ValueError as error:
            findings.append(f"{name}: {error}")
            continue
        session = int.from_bytes(raw[:2], "big")
        if session not in (256, 384, 512):
            findings.append(
                f"{name}: a session key of {session} bytes, it has to be 256, 384 or 512"
            )
        elif len(raw) < 2 + session + 16:
            findings.append(f"{name}: {len(raw)} bytes, too short for its session key and its tag")
    return findings


def unseal(ctx: Context, raw: str, key: Path) -> tuple[bool, str]:
    """Opens a SealedSecret with kubeseal."""
    return run(
        ctx.tool("kubeseal"),
        "--recovery-unseal",
        "--recovery-private-key",
        str(key),
        "-o",
        "json",
        text=raw,
    )


def private_keys(folder: Path) -> list[Path]:
    """The private keys that a golden case keeps beside its tree for this judge."""
    found = [
        path for path in folder.rglob("*") if path.suffix in (".key", ".pem") and path.is_file()
    ]
    return [path for path in sorted(found) if "PRIVATE KEY" in path.read_text(errors="replace")]


def judge_seals(ctx: Context, row: Row) -> None:
    """Opens what a golden case has the key for, and looks at the form of the others."""
    opened = 0
    for tree in ctx.trees:
        keys = private_keys(tree.root.parent) if tree.name != "committed" else []
        for file, thing in subjects(tree)["kubeseal"]:
            row.objects += 1
            row.findings += [f"{tree.name}/{file}: {one}" for one in sealed_form(thing.value)]
            tries = [unseal(ctx, thing.raw.decode(), key) for key in keys]
            if keys and not any(accepted for accepted, _ in tries):
                row.findings.append(f"{tree.name}/{file}: {short(tries[0][1], 200)}")
            opened += any(accepted for accepted, _ in tries)
    row.note = (
        f"{opened} opened with a golden case's key, of the others only the form"
        if row.objects
        else "no subject yet: no SealedSecret in any tree"
    )


def configurations(ctx: Context) -> list[tuple[str, str, dict[str, Any]]]:
    """The configurations of Alertmanager in all trees: place, a file of its own, value."""
    return [
        (f"{tree.name}/{file}", str(written(ctx, value)), value)
        for tree in ctx.trees
        for file, value in subjects(tree)["amtool"]
    ]


def delivered(ctx: Context) -> list[tuple[Tree, str, dict[str, Any]]]:
    """The same with their trees, those that tell by mail, by ntfy and by a dead man's switch."""
    everyone = ("email_configs", "alertmanager-ntfy", "dead-mans-switch")
    return [
        (tree, file, value)
        for tree in ctx.trees
        for file, value in subjects(tree)["amtool"]
        if all(one in json.dumps(value) for one in everyone)
    ]


def judge(ctx: Context) -> list[Row]:
    """One row a program."""
    rows = []
    programs: dict[str, Callable[[Context, Any], str]] = {
        "promtool": promtool,
        "amtool": amtool,
        "shellcheck": shellcheck,
        "alloyfmt": alloyfmt,
    }
    for name, check in {**programs, **configs_exporters.CHECKS}.items():
        row, began = Row(name, 0), time.monotonic()
        for tree in ctx.trees:
            for file, value in subjects(tree)[name]:
                row.objects += 1
                said = check(ctx, value)
                row.findings += [f"{tree.name}/{file}: {short(said, 300)}"] if said else []
        row.note = "" if row.objects else "no subject yet"
        row.seconds = time.monotonic() - began
        rows.append(row)
    rows.append(configs_routes.judge(ctx, configurations(ctx)))
    rows.append(configs_delivery.judge(ctx, delivered(ctx)))
    rows.append(configs_alerts.judge(ctx))
    rows.append(configs_dashboards.judge(ctx))
    row, began = Row("kubeseal", 0), time.monotonic()
    judge_seals(ctx, row)
    row.seconds = time.monotonic() - began
    rows.append(row)
    return rows


def faults(ctx: Context) -> None:
    """Wrong rules, a wrong Alertmanager, a wrong Alloy, and sealed values that were changed,
    renamed or moved."""
    rule = {
        "groups": [
            {
                "name": "a",
                "rules": [
                    {"alert": "A", "expr": "sum(rate(x[5m])) by (", "labels": {"severity": "page"}}
                ],
            }
        ]
    }
    said = promtool(ctx, rule)
    ctx.fault(
        Fault("a PromQL expression that does not parse", "promtool", said or "nothing", bool(said))
    )
    said = amtool(ctx, {"route": {"receiver": "nobody"}, "receivers": [{"name": "somebody"}]})
    ctx.fault(
        Fault("a route to a receiver that is not there", "amtool", said or "nothing", bool(said))
    )
    sound = next(iter(configurations(ctx)), None)
    if sound is not None:
        configs_routes.plant(ctx, lambda value: written(ctx, value), sound[2])
    for tree, _, value in delivered(ctx)[:1]:
        configs_delivery.plant(ctx, tree, value)
    script = ctx.fresh("script") / "bootstrap.sh"
    for what, line in (
        ("a value outside of quotes", "rm -r $1/out"),
        ("a variable that nothing reads", "left=1"),
    ):
        script.write_text(f"#!/usr/bin/env bash\nset -Eeuo pipefail\n{line}\n", encoding="utf-8")
        said = shellcheck(ctx, script)
        ctx.fault(
            Fault(what, "shellcheck", said.replace(f"{script}:", "") or "nothing", bool(said))
        )
    right = 'logging {\n  level = "warn"\n}\n'
    said = alloyfmt(ctx, right)
    ctx.fault(
        Fault("none: a configuration of Alloy that is right", "alloyfmt", said or "read", not said)
    )
    for what, text in (
        ("a block of Alloy that does not end", right.replace("}", "")),
        ("an attribute of Alloy without a value", right.replace('"warn"', "")),
        ("a configuration of Alloy in another form", right.replace("level =", "level   =")),
    ):
        said = alloyfmt(ctx, text)
        ctx.fault(Fault(what, "alloyfmt", said or "nothing", bool(said)))
    configs_alerts.plant(ctx)
    configs_exporters.plant(ctx)
    configs_dashboards.plant(ctx)
    plant_seals(ctx)


def plant_seals(ctx: Context) -> None:
    """Seals a value with a new key, proves that it opens, then spoils it in three ways."""
    folder = ctx.fresh("seal")
    key, certificate = folder / "key.pem", folder / "certificate.pem"
    run(
        "openssl",
        "req",
        "-x509",
        "-nodes",
        "-newkey",
        "rsa:2048",
        "-sha256",
        "-days",
        "2",
        "-subj",
        "/CN=sealed-secret/O=sealed-secret",
        "-keyout",
        str(key),
        "-out",
        str(certificate),
    )
    secret = {
        "apiVersion": "v1",
        "kind": "Secret",
        "metadata": {"name": "s", "namespace": "n"},
        "stringData": {"password": "correct"},
    }
    accepted, sealed = run(
        ctx.tool("kubeseal"), "--cert", str(certificate), "-o", "json", text=json.dumps(secret)
    )
    opened, said = unseal(ctx, sealed, key) if accepted else (False, sealed)
    right = (
        opened
        and base64.b64encode(b"correct").decode() in said
        and not sealed_form(json.loads(sealed))
    )
    ctx.fault(
        Fault(
            "none: a sealed value that is right opens",
            "kubeseal",
            "opened" if right else said,
            right,
        )
    )

    def changed(change: Callable[..., Any]) -> str:
        value = json.loads(sealed)
        change(value)
        return json.dumps(value)

    def tamper(value: dict) -> None:
        raw = bytearray(base64.b64decode(value["spec"]["encryptedData"]["password"]))
        raw[-1] ^= 1
        value["spec"]["encryptedData"]["password"] = base64.b64encode(raw).decode()

    for what, change in (
        ("a sealed value with one bit changed", tamper),
        ("a sealed value under another name", lambda value: value["metadata"].update(name="other")),
        (
            "a sealed value in another namespace",
            lambda value: value["metadata"].update(namespace="other"),
        ),
    ):
        accepted, said = unseal(ctx, changed(change), key)
        ctx.fault(Fault(what, "kubeseal", said, not accepted))
