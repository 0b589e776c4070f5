"""Installs what the judge `accept` needs beside those of `live`: the operator as a release has it,
a static program with its licences, in a folder that is the root of its image."""

from __future__ import annotations

import fcntl
import os
import platform
import sys
from pathlib import Path

from . import live_tools, tools
from .installing import ROOT, Missing, key_of, once, run

PROGRAM = "espalier-operator"
# A folder that has what `.ci/dist` makes already: nothing is built then.
GIVEN = "OPERATOR_DIST"


def archive() -> Path:
    """What a release hands out of the operator, for this machine."""
    folder = Path(os.environ.get(GIVEN) or ROOT / "dist").resolve()
    if GIVEN not in os.environ:
        run("the static programs", [str(ROOT / ".ci/dist")], cwd=ROOT)
    found = sorted(folder.glob(f"{PROGRAM}-*-{platform.machine()}-*.tar.gz"))
    if len(found) != 1:
        raise Missing(
            f"the operator's image: {folder} has {len(found)} archives of it for this machine: "
            f"{', '.join(one.name for one in found) or 'none'}"
        )
    return found[0]


def unpack(source: Path, folder: Path) -> None:
    """The files of the image, as operator/Containerfile has them."""
    words = ["--strip-components", "1", "--directory", str(folder), "--file", str(source)]
    run(source.name, ["tar", "--extract", *words])


def install(cache: Path) -> dict:
    """The manifest of `live`, with the files of the operator's image."""
    manifest, source = live_tools.prepared(cache), archive()
    with (cache / ".lock").open("w", encoding="utf-8") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        key = key_of([source.read_bytes()])

        def make(folder: Path) -> None:
            unpack(source, folder)

        place = once(cache, "operator-image", key, make, manifest["costs"])
    manifest["operator-image"] = str(place)
    return manifest


if __name__ == "__main__":
    sys.exit(tools.become("accept", "accept-manifest", install))
