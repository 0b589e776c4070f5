"""Installs what the figures of the operator need beside the judges' tools: a Go operator to stand
beside it, and programs of our own as people install them."""

from __future__ import annotations

import fcntl
import os
import sys
from pathlib import Path

from . import tools
from .installing import ROOT, Missing, run

# The Go operator: the wrapper module, and its program.
PEER = "peer"
PROGRAMS = {PEER: (".", "")}
# The example of the operator's package that times what needs no cluster.
EXPANSION = "expansion"
# Figures of programs that are not optimized say nothing.
PROFILE = "dist"


def make_product() -> Path:
    """The compiler, the operator and its example, built by cargo as people install them."""
    target = Path(os.environ.get("CARGO_TARGET_DIR", ROOT / "target")).resolve() / PROFILE
    # Each by itself, since together they would share the compiler's features.
    build = ["cargo", "build", "--quiet", "--locked", "--profile", PROFILE]
    for what in (
        ["--package", "espalier", "--bin", "espalier"],
        ["--package", "espalier-operator", "--bin", "espalier-operator"],
        ["--package", "espalier-operator", "--example", EXPANSION],
    ):
        run(what[-1], [*build, *what], ROOT)
    return target / "espalier"


def install(cache: Path) -> dict:
    """The manifest of the judges' tools, with the programs of the figures."""
    if "ESPALIER" not in os.environ:
        os.environ["ESPALIER"] = str(make_product())
    beside = Path(os.environ["ESPALIER"]).resolve().parent
    example = beside / "examples" / EXPANSION
    for program in (beside / "espalier-operator", example):
        if not program.is_file():
            raise Missing(f"beside the program that ESPALIER names, there is no {program}")
    manifest = tools.install(cache)
    with (cache / ".lock").open("w", encoding="utf-8") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        manifest["tools"].update(
            tools.go_programs(cache, PEER, PROGRAMS, manifest["costs"]), expansion=str(example)
        )
    return manifest


if __name__ == "__main__":
    sys.exit(tools.become("figures", "figures-manifest", install))
