"""Packages for the judge `live`, in folders: Debian's, unpacked, and Python's, installed."""

import shutil
from pathlib import Path

from .installing import REAL, Missing, run


def libraries_of(packages: tuple[str, ...]) -> list[str]:
    """The packages and all the libraries that they need; a browser needs a hundred and more."""
    said = run(
        "dependencies of Debian packages",
        [
            "apt-cache",
            "depends",
            "--recurse",
            "--no-recommends",
            "--no-suggests",
            "--no-conflicts",
            "--no-breaks",
            "--no-replaces",
            "--no-enhances",
            *packages,
        ],
    )
    needs: dict[str, list[str]] = {}
    for line in said.splitlines():
        words = line.split()
        if line and not line[0].isspace():
            here = needs.setdefault(words[0], [])
        elif len(words) == 2 and words[0].lstrip("|") in ("Depends:", "PreDepends:"):
            here.append(words[1])
    found, open_ends = list(packages), list(packages)
    while open_ends:
        for name in needs.get(open_ends.pop(), []):
            if (
                name.startswith("lib")
                and name not in found
                and not name.startswith(("libc6", "libllvm"))
            ):
                found.append(name)
                open_ends.append(name)
    return found


def unpack(what: str, wanted: tuple[str, ...], root: Path) -> None:
    """Downloads Debian packages with the libraries that they need, and unpacks them."""
    packages = root.with_name(f"{root.name}.packages")
    packages.mkdir(parents=True)
    packages.chmod(0o777)
    root.mkdir(exist_ok=True)
    for attempt in (1, 2):
        try:
            named = libraries_of(wanted)
            run(what, ["apt-get", "download", *named], cwd=packages)
            break
        except Missing:
            if attempt == 2:
                raise
            run("Debian package lists", ["apt-get", "update"])
    for package in sorted(packages.glob("*.deb")):
        run(package.name, ["dpkg", "-x", str(package), str(root)])
    shutil.rmtree(packages)


def python_packages() -> tuple[str, ...]:
    """Debian's Python with its library; the first is named after its version, `python3.11`."""
    said = run("Debian's Python", ["apt-cache", "depends", "python3"])
    name = next(
        line.split()[1]
        for line in said.splitlines()
        if line.strip().startswith("Depends: python3.")
    )
    return name, f"{name}-minimal", f"lib{name}-stdlib", f"lib{name}-minimal"


def pip_into(python: str, folder: Path, file: str, version: str | None = None) -> None:
    """Installs exactly what a file names into a folder, by the Python of the judges' virtual
    environment; for another Python where one is named."""
    other = ["--python-version", version, "--only-binary=:all:"] if version else []
    run(
        file,
        [
            python,
            "-m",
            "pip",
            "install",
            "--quiet",
            "--disable-pip-version-check",
            "--no-deps",
            "--no-compile",
            *other,
            "--target",
            str(folder),
            "-r",
            str(REAL / "tools/live" / file),
        ],
    )
