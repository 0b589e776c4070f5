"""Runs ruff, mypy and the tests of the pure parts, of the versions that `tools/lint` pins; each
that fails is named at the end."""

from __future__ import annotations

import fcntl
import os
import subprocess
import sys
from pathlib import Path

from .installing import REAL, ROOT, Missing, key_of, once, pip_install

REQUIREMENTS = tuple(REAL / f"tools/{name}/requirements.txt" for name in ("python", "lint"))
SOURCES = ("harness", "judges", "unit")


def make(folder: Path) -> None:
    """A virtual environment with the judges' own packages, and with those that hold their code."""
    pip_install(folder / "venv", *REQUIREMENTS)


def steps(python: Path, scratch: Path, fix: bool) -> dict[str, list[str]]:
    """What is run, in this order."""
    module = [str(python), "-m"]
    ruff = ["--cache-dir", str(scratch / "ruff"), *SOURCES]
    return {
        "what is wrong": [*module, "ruff", "check", *(["--fix"] if fix else []), *ruff],
        "form": [*module, "ruff", "format", *([] if fix else ["--diff"]), *ruff],
        "types": [*module, "mypy", "--cache-dir", str(scratch / "mypy"), *SOURCES],
        "tests": [*module, "pytest", "-q", "-o", f"cache_dir={scratch / 'pytest'}", "unit"],
    }


def main() -> int:
    """All steps, even after one that fails."""
    cache = Path(os.environ.get("JUDGE_CACHE", ROOT / ".cache/judges")).resolve()
    cache.mkdir(parents=True, exist_ok=True)
    inputs = [sys.version.encode(), *(path.read_bytes() for path in REQUIREMENTS)]
    try:
        with (cache / ".lock").open("w", encoding="utf-8") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            place = once(cache, "lint", key_of(inputs), make, [])
    except Missing as lack:
        print(f"judges: cannot be installed: {lack}", file=sys.stderr)
        return 2
    failed = []
    plan = steps(place / "venv/bin/python", cache / "lint-caches", "--fix" in sys.argv[1:])
    for what, argv in plan.items():
        print(f"judges' Python: {what}", flush=True)
        if subprocess.run(argv, cwd=REAL, check=False).returncode:
            failed.append(what)
    if failed:
        print(f"judges' Python: failed: {', '.join(failed)}", file=sys.stderr)
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
