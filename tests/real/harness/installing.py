"""How anything is installed: once, whole or not at all, with what it cost."""

from __future__ import annotations

import hashlib
import os
import resource
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

REAL = Path(__file__).resolve().parent.parent
ROOT = REAL.parent.parent


class Missing(Exception):
    """Something cannot be installed; the message says what, and what the installer said."""


def run(
    what: str, argv: list[str], cwd: Path | None = None, environment: dict | None = None
) -> str:
    """Runs an installer, quietly; raises Missing with its last lines when it fails."""
    with subprocess.Popen(
        argv,
        cwd=cwd,
        env={**os.environ, **(environment or {})},
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        errors="replace",
        start_new_session=True,
    ) as process:
        try:
            out, talk = process.communicate()
        except BaseException:
            # Interrupted: the whole group goes, a compiler that the go client started as well.
            os.killpg(process.pid, signal.SIGKILL)
            raise
    if process.returncode:
        tail = "\n".join((talk or out).strip().splitlines()[-15:])
        raise Missing(f"{what}: `{' '.join(argv[:6])} …` ended with {process.returncode}:\n{tail}")
    return out


def key_of(parts: list[bytes]) -> str:
    """The name of a state of inputs."""
    digest = hashlib.sha256()
    for part in parts:
        digest.update(len(part).to_bytes(8, "big") + part)
    return digest.hexdigest()[:16]


def once(cache: Path, name: str, key: str, make: Callable[[Path], None], costs: list) -> Path:
    """The folder `<name>-<key>`; made by `make(folder)` beside its place and then renamed, so it is
    whole or not there."""
    place = cache / f"{name}-{key}"
    if place.is_dir():
        return place
    print(f"judges: {name} is missing, making it", file=sys.stderr, flush=True)
    work = cache / f".{name}-{key}.part"
    shutil.rmtree(work, ignore_errors=True)
    work.mkdir(parents=True)
    before, started = resource.getrusage(resource.RUSAGE_CHILDREN), time.monotonic()
    try:
        make(work)
    except BaseException:
        shutil.rmtree(work, ignore_errors=True)
        raise
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    cpu = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    work.rename(place)
    costs.append({"what": name, "wall": time.monotonic() - started, "cpu": cpu})
    print(
        f"judges: {name} made: {costs[-1]['wall']:.0f} s wall, {cpu:.0f} s CPU",
        file=sys.stderr,
        flush=True,
    )
    return place


def pip_install(venv: Path, *requirements: Path) -> None:
    """A virtual environment with exactly the packages of some lists. It is renamed later, and its
    scripts would not know: `python -m` is how its programs are run."""
    run("python venv", [sys.executable, "-m", "venv", str(venv)])
    lists = [word for path in requirements for word in ("-r", str(path))]
    pip = [str(venv / "bin/python"), "-m", "pip", "install", "--quiet"]
    run("python packages", [*pip, "--disable-pip-version-check", "--no-deps", *lists])
