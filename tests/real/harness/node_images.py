"""Images of containers, written as files: a folder becomes a layer, several names may share it."""

from __future__ import annotations

import hashlib
import io
import json
import shutil
import tarfile
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from .context import Context


MANIFEST = "application/vnd.oci.image.manifest.v1+json"
LAYER = "application/vnd.oci.image.layer.v1.tar"
CONFIG = "application/vnd.oci.image.config.v1+json"
PAUSE = "docker.io/rancher/mirrored-pause:3.6"
COREDNS = "docker.io/rancher/mirrored-coredns-coredns:1.13.1"
STANDIN = "docker.io/espalier/stand-in:1"
PATH = "PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
# Names under which the stand-in is called.
PROGRAMS = (
    "pause",
    "listen",
    "dial",
    "hog",
    "stubborn",
    "ollama",
    "open-webui",
    "tika",
    "python3",
    "postgres",
    "docker-entrypoint.sh",
    "initdb",
    "pg_ctl",
    "pg_isready",
    "psql",
    "redis-server",
    "redis-cli",
    "json_exporter",
    "otelcol",
    "postgres_exporter",
    "espalier-operator",
)
FOLDERS = (
    "tmp",
    "etc",
    "root",
    "app/backend/data",
    "data",
    "var/run/postgresql",
    "var/lib/postgresql/data",
    "dev",
    "proc",
    "sys",
    "run",
)
# What the tree relies on in each image's own configuration, by the last part of its name.
CONFIGS: dict[str, dict] = {
    "ollama": {"Entrypoint": ["ollama"], "Cmd": ["serve"], "Env": ["OLLAMA_HOST=0.0.0.0:11434"]},
    "open-webui": {"Entrypoint": ["open-webui"], "WorkingDir": "/app/backend"},
    "tika": {"Entrypoint": ["tika"]},
    "postgres": {
        "Entrypoint": ["docker-entrypoint.sh"],
        "Cmd": ["postgres"],
        "StopSignal": "SIGINT",
        "Env": ["PGDATA=/var/lib/postgresql/data"],
    },
    "redis": {"Entrypoint": ["redis-server"]},
    "rclone": {"Entrypoint": ["listen"]},
    "json-exporter": {"Entrypoint": ["json_exporter"]},
    "opentelemetry-collector": {"Entrypoint": ["otelcol"]},
    "postgres-exporter": {"Entrypoint": ["postgres_exporter"]},
    "espalier-operator": {"Entrypoint": ["espalier-operator"]},
}


def digest(data: bytes) -> str:
    """A blob's name."""
    return "sha256:" + hashlib.sha256(data).hexdigest()


def tidy(entry: tarfile.TarInfo) -> tarfile.TarInfo:
    """The same bytes wherever and whenever a layer is made."""
    entry.mtime = entry.uid = entry.gid = 0
    entry.uname = entry.gname = ""
    return entry


def layer_of(folder: Path, out: Path) -> tuple[str, int]:
    """Writes a folder as a layer; its digest and size."""
    with tarfile.open(out, "w", format=tarfile.PAX_FORMAT) as tar:
        for top in sorted(folder.iterdir()):
            tar.add(top, arcname=top.name, filter=tidy)
    with out.open("rb") as file:
        return "sha256:" + hashlib.file_digest(file, "sha256").hexdigest(), out.stat().st_size


def write(folder: Path, images: dict[str, dict], out: Path) -> Path:
    """Writes an archive in the layout of OCI: one layer, and for each name an image of it with the
    configuration given."""
    layer = out.with_suffix(".layer")
    name, size = layer_of(folder, layer)
    blobs: dict[str, bytes] = {}
    entries: list[dict] = []
    for image, config in images.items():
        about: dict[str, Any] = {
            "architecture": "amd64",
            "os": "linux",
            "rootfs": {"type": "layers", "diff_ids": [name]},
            "config": {"Env": [], **config},
        }
        # Several images may not share a configuration: each names itself.
        about["config"]["Labels"] = {"image": image}
        about["config"]["Env"] = [PATH, *about["config"]["Env"]]
        text = json.dumps(about).encode()
        manifest = json.dumps(
            {
                "schemaVersion": 2,
                "mediaType": MANIFEST,
                "config": {"mediaType": CONFIG, "digest": digest(text), "size": len(text)},
                "layers": [{"mediaType": LAYER, "digest": name, "size": size}],
            }
        ).encode()
        blobs |= {digest(text): text, digest(manifest): manifest}
        entries.append(
            {
                "mediaType": MANIFEST,
                "digest": digest(manifest),
                "size": len(manifest),
                "annotations": {"io.containerd.image.name": image},
                "platform": {"architecture": "amd64", "os": "linux"},
            }
        )
    index = json.dumps({"schemaVersion": 2, "manifests": entries}).encode()
    with tarfile.open(out, "w") as tar:

        def put(path: str, data: bytes) -> None:
            entry = tarfile.TarInfo(path)
            entry.size, entry.mode = len(data), 0o644
            tar.addfile(entry, io.BytesIO(data))

        put("oci-layout", b'{"imageLayoutVersion":"1.0.0"}')
        put("index.json", index)
        for blob, data in blobs.items():
            put(f"blobs/sha256/{blob.removeprefix('sha256:')}", data)
        tar.add(layer, arcname=f"blobs/sha256/{name.removeprefix('sha256:')}", recursive=False)
    layer.unlink()
    return out


def stand_in_root(ctx: Context, folder: Path) -> Path:
    """The files of the images that stand in: a small Debian's shell and tools, and the static
    program under all its names."""
    shutil.copytree(ctx.manifest["userland"], folder, symlinks=True)
    for name in FOLDERS:
        (folder / name).mkdir(parents=True, exist_ok=True)
    (folder / "tmp").chmod(0o1777)
    own = folder / "usr/local/bin"
    own.mkdir(parents=True, exist_ok=True)
    shutil.copyfile(ctx.tool("standin"), own / "standin")
    (own / "standin").chmod(0o755)
    for name in PROGRAMS:
        (own / name).symlink_to("standin")
    return folder


def kind_of(image: str) -> str:
    """The last part of an image's name, without tag and digest."""
    return image.partition("@")[0].rpartition("/")[2].partition(":")[0]


def stored_as(image: str) -> str:
    """The name by which containerd finds an image: of a tag and a digest, the digest counts."""
    name, at, sum_ = image.partition("@")
    return f"{name.rpartition(':')[0] or name}@{sum_}" if at else image


def base(ctx: Context, folder: Path) -> list[Path]:
    """The images that every node has, whatever the tree: pause, CoreDNS, the stand-in itself."""
    root = stand_in_root(ctx, folder / "root")
    (folder / "dns").mkdir()
    shutil.copyfile(ctx.tool("coredns"), folder / "dns/coredns")
    (folder / "dns/coredns").chmod(0o755)
    return [
        write(
            root,
            {PAUSE: {"Entrypoint": ["pause"]}, STANDIN: {"Entrypoint": ["listen"]}},
            folder / "stand-in.tar",
        ),
        write(folder / "dns", {COREDNS: {"Entrypoint": ["/coredns"]}}, folder / "dns.tar"),
    ]


def of_tree(folder: Path, images: set[str]) -> tuple[Path, list[str]]:
    """The archive of a tree's images, made of the stand-in; and those that nothing here stands in
    for."""
    known = {
        stored_as(image): CONFIGS[kind_of(image)]
        for image in sorted(images)
        if kind_of(image) in CONFIGS
    }
    unknown = sorted(image for image in images if kind_of(image) not in CONFIGS)
    return write(folder / "root", known, folder / "tree.tar"), unknown
