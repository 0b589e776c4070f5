"""Writes what a program is made of: a CycloneDX SBOM, and the licences of its dependencies.

It asks Cargo which crates are in the program for a target, and writes the same bytes for the same
Cargo.lock: no random serial number, and the time of the commit (SOURCE_DATE_EPOCH).
"""

from __future__ import annotations

import argparse
import datetime
import json
import os
import re
import subprocess
import sys
import tomllib
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent
LICENCE = re.compile(r"^(un)?(licen[cs]e|copying|notice)", re.IGNORECASE)
Key = tuple[str, str]


def printed(*words: str) -> str:
    """What a command prints."""
    return subprocess.run(words, cwd=ROOT, stdout=subprocess.PIPE, check=True).stdout.decode()


def tree(package: str, target: str) -> tuple[list[Key], dict[Key, set[Key]]]:
    """The crates in the program, its own package first, and what each of them uses."""
    words = ["tree", "--locked", "--edges=normal", "--prefix=depth", "--format= {p}"]
    words.append(f"--package={package}")
    order: list[Key] = []
    uses: dict[Key, set[Key]] = {}
    above: list[Key] = []
    for line in printed("cargo", *words, f"--target={target}").splitlines():
        found = re.match(r"(\d+) (\S+) v(\S+)", line)
        if found is None:
            sys.exit(f"cargo tree wrote a line of another form: {line}")
        depth, key = int(found[1]), (found[2], found[3])
        if key not in uses:
            order.append(key)
            uses[key] = set()
        del above[depth:]
        if above:
            uses[above[-1]].add(key)
        above.append(key)
    return order, uses


def packages(target: str) -> dict[Key, dict[str, Any]]:
    """What Cargo knows of each package."""
    words = ["metadata", "--locked", "--format-version=1", f"--filter-platform={target}"]
    all_of_them = json.loads(printed("cargo", *words))["packages"]
    return {(one["name"], one["version"]): one for one in all_of_them}


def purl(key: Key) -> str:
    """The package's URL, which is also its name inside of the SBOM."""
    return f"pkg:cargo/{key[0]}@{key[1].replace('+', '%2B')}"


def component(key: Key, package: dict[str, Any], checksums: dict[Key, str]) -> dict[str, Any]:
    """A crate as a component."""
    made: dict[str, Any] = {
        "type": "library",
        "bom-ref": purl(key),
        "name": key[0],
        "version": key[1],
        "purl": purl(key),
    }
    if package["license"]:
        # Old manifests write `MIT/Apache-2.0`, which is no SPDX expression.
        expression = re.sub(r"\s*/\s*", " OR ", package["license"])
        made["licenses"] = [{"expression": expression}]
    if key in checksums:
        made["hashes"] = [{"alg": "SHA-256", "content": checksums[key]}]
    if package["repository"]:
        made["externalReferences"] = [{"type": "vcs", "url": package["repository"]}]
    return made


def runtime(target: str) -> list[dict[str, Any]]:
    """What the compiler links into every static program: Rust's library and the C library."""
    parts = [("rust-std", printed("rustc", "--version").split()[1], "MIT OR Apache-2.0")]
    if target.endswith("-gnu"):
        version = printed("getconf", "GNU_LIBC_VERSION").split()[1]
        parts.append(("glibc", version, "LGPL-2.1-or-later"))
    elif target.endswith("-musl"):
        parts.append(("musl", f"of rust-std {parts[0][1]}", "MIT"))
    return [
        {
            "type": "library",
            "bom-ref": f"{name}@{version}",
            "name": name,
            "version": version,
            "licenses": [{"expression": licence}],
        }
        for name, version, licence in parts
    ]


def sbom(
    order: list[Key], uses: dict[Key, set[Key]], of: dict[Key, dict[str, Any]], target: str
) -> str:
    """The SBOM in CycloneDX 1.6."""
    lock = tomllib.loads((ROOT / "Cargo.lock").read_text(encoding="utf-8"))["package"]
    checksums = {
        (one["name"], one["version"]): one["checksum"] for one in lock if "checksum" in one
    }
    made_at = datetime.datetime.fromtimestamp(int(os.environ["SOURCE_DATE_EPOCH"]), datetime.UTC)
    program = component(order[0], of[order[0]], checksums) | {"type": "application"}
    # It is no crate of a registry, whose name such a URL would mean.
    del program["purl"]
    document = {
        "bomFormat": "CycloneDX",
        "specVersion": "1.6",
        "version": 1,
        "metadata": {
            "timestamp": made_at.strftime("%Y-%m-%dT%H:%M:%SZ"),
            "component": program,
        },
        "components": [component(key, of[key], checksums) for key in sorted(order[1:])]
        + runtime(target),
        "dependencies": [
            {"ref": purl(key), "dependsOn": [purl(one) for one in sorted(uses[key])]}
            for key in sorted(order)
        ],
    }
    return json.dumps(document, indent=2, ensure_ascii=False) + "\n"


def licences(order: list[Key], of: dict[Key, dict[str, Any]]) -> str:
    """The licence texts that the crates bring, each text once, with the crates that it belongs to."""
    texts: dict[str, list[str]] = {}
    without: list[str] = []
    for key in sorted(order[1:]):
        name = f"{key[0]} {key[1]} ({of[key]['license']})"
        folder = Path(of[key]["manifest_path"]).parent
        files = sorted(one for one in folder.iterdir() if one.is_file() and LICENCE.match(one.name))
        for file in files:
            text = file.read_text(encoding="utf-8", errors="replace").replace("\r\n", "\n").strip()
            owners = texts.setdefault(text, [])
            if name not in owners:
                owners.append(name)
        if not files:
            without.append(f"{name}: {of[key]['repository']}")
    parts = ["This program contains the crates below; each stands above its licence's text.\n"]
    if without:
        parts.append("Crates that bring no text of their licence:\n\n" + "\n".join(without) + "\n")
    parts += ["\n".join(owners) + "\n\n" + text + "\n" for text, owners in texts.items()]
    return ("\n" + "=" * 78 + "\n\n").join(parts)


def main() -> None:
    """Reads the command line and writes both files."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--package", required=True)
    parser.add_argument("--target", required=True)
    parser.add_argument("--sbom", required=True, type=Path)
    parser.add_argument("--licences", required=True, type=Path)
    words = parser.parse_args()
    order, uses = tree(words.package, words.target)
    of = packages(words.target)
    words.sbom.write_text(sbom(order, uses, of, words.target), encoding="utf-8")
    words.licences.write_text(licences(order, of), encoding="utf-8")


if __name__ == "__main__":
    main()
