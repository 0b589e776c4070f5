"""The image of Redis of the judge `live`: Debian's server under the tree's name, with a shell."""

import json
import shutil
from pathlib import Path

from . import node_images
from .installing import Missing, key_of
from .live_images import REDIS
from .live_packages import unpack

# The server, the client that probes call, and what the tree's script calls.
PACKAGES = ("redis-server", "redis-tools", "bash", "coreutils", "sed", "libc6")
DROPPED = ("usr/share", "etc", "lib/systemd", "lib/udev")
FOLDERS = ("tmp", "etc", "data", "proc", "sys", "dev", "run")
USERS = "root:x:0:0:root:/root:/bin/sh\nredis:x:999:1000::/home/redis:/bin/false\n"


def key() -> str:
    """What the image is made of."""
    recipe = json.dumps([PACKAGES, DROPPED, FOLDERS, USERS, REDIS], sort_keys=True)
    return key_of([recipe.encode()])


def make(folder: Path) -> None:
    """The archive: one layer."""
    root = folder / "root"
    unpack("Redis", PACKAGES, root)
    for name in DROPPED:
        shutil.rmtree(root / name, ignore_errors=True)
    for name in FOLDERS:
        (root / name).mkdir(parents=True, exist_ok=True)
    (root / "tmp").chmod(0o1777)
    (root / "etc/passwd").write_text(USERS, encoding="utf-8")
    (root / "bin/sh").unlink(missing_ok=True)
    (root / "bin/sh").symlink_to("bash")
    for name in ("redis-server", "redis-cli"):
        if not (root / "usr/bin" / name).exists():
            raise Missing(f"{' '.join(PACKAGES)} hold no usr/bin/{name}")
    node_images.write(root, REDIS, folder / "redis.tar")
    shutil.rmtree(root)
