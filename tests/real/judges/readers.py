"""Holds four YAML readers against each other: whatever is in a file, all of them have to see the
same value in it."""

from __future__ import annotations

import datetime
import json
import subprocess
import time
from pathlib import Path
from typing import Any

import yaml

from harness.api import LOADER
from harness.context import Context
from harness.planting import NoSubject, pick, text
from harness.table import Fault, Row, short

from .canonical import differences

PYTHON, KUBERNETES, GO, RUST = (
    "PyYAML (YAML 1.1)",
    "sigs.k8s.io/yaml (kubectl's)",
    "gopkg.in/yaml.v3",
    "serde_yaml",
)


def plain(value: Any) -> Any:
    """A value in the form that JSON has; what it has no form for stays visible as a marked string,
    1.0 is 1."""
    if isinstance(value, dict):
        return {
            key if isinstance(key, str) else f"!{type(key).__name__} {key}": plain(inner)
            for key, inner in value.items()
        }
    if isinstance(value, list):
        return [plain(inner) for inner in value]
    if isinstance(value, (datetime.date, datetime.datetime)):
        return f"!date {value}"
    if isinstance(value, (bytes, set, tuple)):
        return f"!{type(value).__name__} {value!r}"
    if isinstance(value, float) and value.is_integer():
        return int(value)
    return value


def read_python(path: Path) -> tuple[list | None, str]:
    """What PyYAML sees."""
    try:
        return [
            plain(one) for one in yaml.load_all(path.read_bytes(), LOADER) if one is not None
        ], ""
    except (yaml.YAMLError, ValueError) as error:
        return None, str(error)


def lines_of(program: str, paths: list[Path]) -> list[dict]:
    """The answers of a program that reads paths from its standard input and prints a line of JSON
    for each."""
    done = subprocess.run(
        [program],
        input="".join(f"{path}\n" for path in paths),
        capture_output=True,
        text=True,
        check=False,
    )
    answers = done.stdout.splitlines()
    if done.returncode or len(answers) != len(paths):
        raise RuntimeError(
            f"{Path(program).name} ended with {done.returncode} after {len(answers)} of "
            f"{len(paths)} files: {short(done.stderr, 300)}"
        )
    return [json.loads(answer) for answer in answers]


def compare(ctx: Context, paths: list[Path]) -> dict[Path, list[str]]:
    """For each file, what the readers do not agree on, or refuse."""
    findings: dict[Path, list[str]] = {path: [] for path in paths}
    go = lines_of(ctx.tool("readers"), paths)
    rust: list[tuple[list | None, str] | None] = [None] * len(paths)
    if "yaml_value" in ctx.manifest["tools"]:
        # One file after the other where the whole fails: a reader that stops at the first bad file
        # must not hide the others.
        try:
            rust = [([plain(value)], "") for value in lines_of(ctx.tool("yaml_value"), paths)]
        except RuntimeError:
            for at, path in enumerate(paths):
                try:
                    rust[at] = ([plain(lines_of(ctx.tool("yaml_value"), [path])[0])], "")
                except RuntimeError as error:
                    rust[at] = (None, str(error))
    for at, path in enumerate(paths):
        seen = {
            KUBERNETES: (
                plain(go[at]["kubernetes"]["documents"]),
                go[at]["kubernetes"].get("error", ""),
            ),
            PYTHON: read_python(path),
            GO: (plain(go[at]["v3"]["documents"]), go[at]["v3"].get("error", "")),
        }
        if (said := rust[at]) is not None:
            seen[RUST] = said
        findings[path] += [
            f"{reader} refuses it: {short(error, 200)}"
            for reader, (_, error) in seen.items()
            if error
        ]
        (first, (value, _)), *others = [
            (reader, said) for reader, said in seen.items() if not said[1]
        ] or [("", (None, ""))]
        for reader, (other, _) in others:
            for one in list(differences(value, other))[:3]:
                findings[path].append(
                    f"{one.path}: {first} sees {json.dumps(one.sent)[:80]}, {reader} sees "
                    f"{json.dumps(one.stored)[:80]}"
                )
    return findings


def judge(ctx: Context) -> list[Row]:
    """Every YAML file of every tree, also those that are no objects."""
    row, began = Row("YAML readers: PyYAML, kubectl's, yaml.v3, serde_yaml", 0), time.monotonic()
    unique: dict[bytes, tuple[str, Path]] = {}
    for tree in ctx.trees:
        for path in tree.files():
            unique.setdefault(
                path.read_bytes(), (f"{tree.name}/{path.relative_to(tree.root).as_posix()}", path)
            )
    named = {path: name for name, path in unique.values()}
    for path, said in compare(ctx, list(named)).items():
        row.objects += 1
        row.findings += [f"{named[path]}: {one}" for one in said]
    if "yaml_value" not in ctx.manifest["tools"]:
        row.findings.append(
            "serde_yaml reads nothing: the repository has no examples/yaml_value.rs"
        )
    row.seconds = time.monotonic() - began
    return [row]


TRAPS = [
    ("a bare `yes` as a value", "yes", ""),
    ("a bare `12:30:45` as a value", "12:30:45", ""),
    ("a bare `0o17` as a value", "0o17", ""),
    ("a bare `1_000` as a value", "1_000", ""),
    ("a bare date as a value", "2026-01-01", ""),
    ("a bare `on` as a key", "right", "on"),
]


def faults(ctx: Context) -> None:
    """Bare words that YAML 1.1 and 1.2 read differently, in one of the tree's own files."""
    tree = ctx.trees[0]
    folder = ctx.fresh("readers")
    for number, (what, word, key) in enumerate(TRAPS):
        path = folder / f"{number}.yaml"
        try:
            thing = text(
                pick(tree, "Deployment", "StatefulSet", "Application"),
                r"^metadata:\n",
                f"metadata:\n  {key or 'planted'}: {word}\n",
            )
        except NoSubject as lack:
            ctx.fault(Fault(what, "YAML readers", str(lack), False))
            continue
        path.write_bytes(thing.raw)
        said = compare(ctx, [path])[path]
        ctx.fault(Fault(what, "YAML readers", (said or ["nothing"])[0], bool(said)))
    path = folder / "twice.yaml"
    path.write_bytes(pick(tree, "Application").raw + b"kind: Application\n")
    said = compare(ctx, [path])[path]
    ctx.fault(Fault("a key twice in one map", "YAML readers", (said or ["nothing"])[0], bool(said)))
