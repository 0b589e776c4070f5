"""What is stored of backups, on a stage for them: encrypted, with the platform's key or another."""

from __future__ import annotations

import contextlib
import re
import shutil
import time
from collections.abc import Iterator
from pathlib import Path

from .backup_sql import SECRETS, Clients

# Seconds for which the server remembers what is in a folder.
REMEMBERS = 1
SUMS = "SHA256SUMS"
KEY = SECRETS["backup-encryption/key"]
STAMP = re.compile(r"\d{4}-\d\d-\d\dT\d\d-\d\d-\d\dZ")


class Stored(Clients):
    """The storage, beside the scripts that use it."""

    storage: Path
    server: bool

    def older(self, name: str, whole: bool = True, suffix: str = ".bin") -> None:
        """A backup of another day; without a suffix, of an earlier version."""
        folder = self.storage / name
        folder.mkdir(parents=True)
        (folder / f"files.tar{suffix}").write_bytes(b"")
        if whole:
            (folder / f"{SUMS}{suffix}").write_text("")

    def stored(self) -> list[str]:
        """The backups that are there and whole, the newest last."""
        return sorted(
            path.name
            for path in self.storage.iterdir()
            if STAMP.fullmatch(path.name)
            and any((path / f"{SUMS}{suffix}").is_file() for suffix in (".bin", ""))
        )

    def crypt(self, words: list, key: str) -> None:
        """rclone over the storage, with a key."""
        rclone = self.ctx.tool("rclone")
        obscured = self.plain([rclone, "obscure", key]).strip()
        prefix = "RCLONE_CONFIG_ENCRYPTED_"
        settings = {name: value for name, value in self.values.items() if name.startswith(prefix)}
        own = {f"{prefix}REMOTE": str(self.storage), f"{prefix}PASSWORD": obscured}
        self.plain([rclone, *words], {**settings, **own, "RCLONE_CONFIG": "/dev/null"})

    @contextlib.contextmanager
    def rewritten(self, name: str, to: str = "", key: str = KEY) -> Iterator[Path]:
        """A stored backup, decrypted; what becomes of it is encrypted, under its name or another,
        with the platform's key or another."""
        folder = self.folder / "rewritten"
        self.crypt(["copy", f"encrypted:{name}", folder], KEY)
        yield folder
        shutil.rmtree(self.storage / (to or name), ignore_errors=True)
        self.crypt(["copy", folder, f"encrypted:{to or name}"], key)
        shutil.rmtree(folder)
        self.settle()

    def settle(self) -> None:
        """What was written beside the server is there for whoever asks it."""
        if self.server:
            time.sleep(REMEMBERS + 0.5)
