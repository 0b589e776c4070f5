"""Installs a browser that no person sees, with what drives it."""

from __future__ import annotations

import json
import sys
from pathlib import Path

from .installing import REAL, Missing, key_of, once
from .live_packages import pip_into, unpack

PACKAGES = ("chromium", "chromium-common", "fontconfig-config", "fonts-dejavu-core")
# Starts the browser with its own libraries and fonts.
LAUNCHER = r"""#!/bin/bash
here=$(cd "$(dirname "$0")" && pwd)
lib=$(echo "$here"/root/usr/lib/*-linux-gnu*)
export LD_LIBRARY_PATH=$lib:$lib/pulseaudio:$(echo "$here"/root/lib/*-linux-gnu*)
export FONTCONFIG_FILE=$here/fonts.conf
exec "$here/root/usr/lib/chromium/chromium" "$@"
"""
# What drives it, of the versions that this file of `tools/live` pins.
DRIVER = "browser.txt"


def make(folder: Path, python: str) -> None:
    """Chromium behind a script that finds its libraries and fonts, and what drives it."""
    root = folder / "root"
    unpack("a browser", PACKAGES, root)
    (folder / "fonts.conf").write_text(
        '<?xml version="1.0"?><!DOCTYPE fontconfig SYSTEM "fonts.dtd"><fontconfig>'
        '<dir prefix="relative">root/usr/share/fonts</dir>'
        "<cachedir>/tmp/fonts</cachedir></fontconfig>",
        encoding="utf-8",
    )
    script = folder / "chromium"
    script.write_text(LAUNCHER, encoding="utf-8")
    script.chmod(0o755)
    if not (root / "usr/lib/chromium/chromium").is_file():
        raise Missing(f"{' '.join(PACKAGES)} hold no usr/lib/chromium/chromium")
    pip_into(python, site(folder), DRIVER)


def site(folder: Path) -> Path:
    """Where Python finds what drives the browser of a folder."""
    return folder / "site"


def installed(cache: Path, python: str, costs: list) -> Path:
    """Its folder."""
    pins = (REAL / "tools/live" / DRIVER).read_bytes()
    key = key_of([json.dumps([PACKAGES, LAUNCHER, sys.version]).encode(), pins])
    return once(cache, "browser", key, lambda folder: make(folder, python), costs)
