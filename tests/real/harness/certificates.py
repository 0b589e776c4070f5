"""Authorities for a run, and certificates of them, by openssl."""

from __future__ import annotations

import subprocess
from typing import TYPE_CHECKING

from .processes import Failed

if TYPE_CHECKING:
    from pathlib import Path

# Longer than any run.
DAYS = "30"


def openssl(*arguments: str, folder: Path) -> None:
    """Runs openssl in a folder."""
    done = subprocess.run(
        ["openssl", *arguments],
        cwd=folder,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode:
        raise Failed(f"openssl {arguments[0]}: {done.stderr.strip()[-300:]}")


def make_key(folder: Path, name: str) -> list[str]:
    """Makes `name.key`; how a request with it begins."""
    key = f"{name}.key"
    openssl("ecparam", "-name", "prime256v1", "-genkey", "-noout", "-out", key, folder=folder)
    return ["req", "-new", "-key", key]


def make_authority(folder: Path, subject: str) -> None:
    """Makes `ca.key` and `ca.crt`."""
    request = make_key(folder, "ca")
    openssl(*request, "-x509", "-subj", subject, "-days", DAYS, "-out", "ca.crt", folder=folder)


def certify(folder: Path, name: str, subject: str, server_names: str = "") -> None:
    """Makes `name.key` and `name.crt`, certified by the folder's authority: of a server where it
    has names."""
    openssl(*make_key(folder, name), "-subj", subject, "-out", f"{name}.csr", folder=folder)
    asked = ["x509", "-req", "-in", f"{name}.csr", "-days", DAYS, "-out", f"{name}.crt"]
    asked += ["-CA", "ca.crt", "-CAkey", "ca.key", "-CAcreateserial"]
    if server_names:
        (folder / "extensions").write_text(
            f"subjectAltName={server_names}\nextendedKeyUsage=serverAuth\n", encoding="utf-8"
        )
        asked += ["-extfile", "extensions"]
    openssl(*asked, folder=folder)
