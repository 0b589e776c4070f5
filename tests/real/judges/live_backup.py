"""A backup of the platform that people use, held against the database and the volume it is of."""

from __future__ import annotations

import base64
import copy
import hashlib
import re
import subprocess
import tarfile
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

from harness.node_images import stored_as
from harness.node_platform import containers_of
from harness.processes import Failed
from harness.table import Row

from .live_objects import BUCKET
from .live_platform import Live

JOBS = "/apis/batch/v1/namespaces/ai/jobs"
SUMS, DUMP, FILES = "SHA256SUMS", "database.dump", "files.tar"
# What a backup leaves out by design: what Open WebUI makes anew.
MADE_ANEW = ("./cache/",)
SOCKET, SETTINGS = "/var/run/postgresql", "RCLONE_CONFIG_ENCRYPTED_"
VOLUME = "/app/backend/data"


def backup(
    live: Live,
    row: Row,
    name: str = "backup-now",
    spoil: Callable[..., Any] = lambda script: script,
) -> None:
    """The tree's CronJob, run once now; what does not change meanwhile has to be in the backup."""
    cron = next(
        thing.value
        for thing in live.tree.of_kind("CronJob")
        if thing.value["metadata"]["name"] == "backup"
    )
    job = copy.deepcopy(cron["spec"]["jobTemplate"]["spec"])
    dump = next(one for one in containers_of(job["template"]) if one["name"] == "dump")
    dump["command"] = [spoil(word) for word in dump["command"]]
    rows, theirs = database(live), volume(live)
    live.world.api.post(
        JOBS,
        {
            "apiVersion": "batch/v1",
            "kind": "Job",
            "metadata": {"name": name, "namespace": "ai"},
            "spec": job,
        },
    )
    took = live.wait("the backup has ended", lambda: ended(live, name), 300)
    if not live.world.api.get(f"{JOBS}/{name}")["status"].get("succeeded"):
        raise Failed(f"the backup failed: {said(live, name)}")
    rows &= database(live)
    theirs = dict(theirs.items() & volume(live).items())
    if not any(table == "public.chat" for table, _ in rows) or not theirs:
        raise Failed("there is no chat, or no file, to look for in the backup")
    row.findings += shown(backups(live)[-1])
    newest = opened(live, backups(live)[-1])
    there = files(newest)
    row.findings += damaged(newest)
    if not row.findings:
        row.findings += lost_rows(rows, dumped(live, newest, dump["image"]))
        row.findings += lost_files(theirs, newest)
    size = sum(one.stat().st_size for one in there) >> 10
    row.objects, row.note = (
        len(there),
        (f"{took:.0f} s, {size} KiB; rows: {rows.total()}, files of the volume: {len(theirs)}"),
    )


def ended(live: Live, job: str) -> bool:
    """Whether a Job has come to an end."""
    status = live.world.api.get(f"{JOBS}/{job}").get("status", {})
    return any(
        one["type"] in ("Complete", "Failed") and one["status"] == "True"
        for one in status.get("conditions", [])
    )


def said(live: Live, job: str) -> str:
    """The last words of a Job's containers."""
    words = []
    for pod in live.world.pods("ai"):
        if pod["metadata"].get("labels", {}).get("job-name") == job:
            words += [
                f"{one['name']}: {live.world.log(pod, one['name'])[-300:]}"
                for one in pod["status"].get("initContainerStatuses", [])
                + pod["status"].get("containerStatuses", [])
            ]
    return "; ".join(words)


def backups(live: Live) -> list[Path]:
    """The folders of the whole backups in the storage, encrypted, the oldest first."""
    return sorted(
        (one.parent for one in (live.storage / BUCKET).rglob(f"{SUMS}.bin")),
        key=lambda one: one.name,
    )


def crypt(live: Live, *words: str) -> None:
    """rclone over a folder of the storage, with the key of the tree's Secret."""
    cron = next(
        thing.value
        for thing in live.tree.of_kind("CronJob")
        if thing.value["metadata"]["name"] == "backup"
    )
    pod = cron["spec"]["jobTemplate"]["spec"]["template"]["spec"]
    variables = {one["name"]: one for one in pod["containers"][0]["env"]}
    reference = variables["ENCRYPTION_KEY"]["valueFrom"]["secretKeyRef"]
    secret = live.world.api.get(f"/api/v1/namespaces/ai/secrets/{reference['name']}")
    key = base64.b64decode(secret["data"][reference["key"]])
    rclone = live.ctx.tool("rclone")
    obscured = subprocess.run([rclone, "obscure", "-"], input=key, capture_output=True, check=True)
    settings = {name: one["value"] for name, one in variables.items() if name.startswith(SETTINGS)}
    own = {
        f"{SETTINGS}PASSWORD": obscured.stdout.decode().strip(),
        f"{SETTINGS}REMOTE": str(backups(live)[-1].parent),
        "RCLONE_CONFIG": "/dev/null",
        "HOME": "/tmp",
    }
    done = subprocess.run(
        [rclone, *words], env={**settings, **own}, capture_output=True, text=True, check=False
    )
    if done.returncode:
        raise Failed(f"rclone {' '.join(words)}: {done.stderr.strip()[-300:]}")


def opened(live: Live, folder: Path) -> Path:
    """A stored backup, decrypted."""
    to = live.ctx.fresh("opened") / folder.name
    crypt(live, "copy", f"encrypted:{folder.name}", str(to))
    return to


def shown(folder: Path) -> list[str]:
    """What whoever reads the storage can read."""
    return [
        f"{file.name} of the backup shows `{text.decode()}`"
        for file in files(folder)
        for text in (b"PGDMP", b"ustar", b"openwebui")
        if text in file.read_bytes()
    ]


def files(folder: Path) -> list[Path]:
    """The files of a backup."""
    return sorted(one for one in folder.iterdir() if one.is_file())


def sum_of(file: Path) -> str:
    """The sum of a file, as `sha256sum` prints it."""
    with file.open("rb") as source:
        return hashlib.file_digest(source, "sha256").hexdigest()


def damaged(folder: Path) -> list[str]:
    """Each file of a backup has its sum, and is what its sum says."""
    lines = (folder / SUMS).read_text(encoding="utf-8").splitlines()
    sums = {name: text for text, name in (line.split("  ", 1) for line in lines)}
    there = {one.name for one in files(folder)} - {SUMS}
    found = [f"the backup has no {one}" for one in sorted({DUMP, FILES, *sums} - there)]
    found += [f"the backup has no sum of {one}" for one in sorted(there - set(sums))]
    return found + [
        f"{one} of the backup is not what its sum says"
        for one in sorted(there & set(sums))
        if sum_of(folder / one) != sums[one]
    ]


def rows_of(dump: str) -> Counter[tuple[str, str]]:
    """How often each row of each table is in a dump that is text."""
    found: Counter[tuple[str, str]] = Counter()
    table = ""
    for line in dump.splitlines():
        begins = re.match(r"COPY (\S+) \(.*FROM stdin;$", line)
        if begins:
            table = begins[1]
        elif line == "\\.":
            table = ""
        elif table:
            found[table, line] += 1
    return found


def database(live: Live) -> Counter[tuple[str, str]]:
    """The rows that are in the database now."""
    pod = live.pods("ai", "postgresql")[0]["metadata"]["name"]
    # Through the socket, as whom the server runs as.
    asks = ("pg_dump", "-h", SOCKET, "-U", "postgres", "-d", "openwebui", "--data-only")
    done = live.world.exec("ai", pod, list(asks))
    if done.returncode:
        raise Failed(f"the database cannot be read: {done.stderr.strip()[-300:]}")
    return rows_of(done.stdout)


def dumped(live: Live, folder: Path, image: str) -> Counter[tuple[str, str]]:
    """The rows that are in a backup, read by the programs of the tree's own image."""
    done = live.world.run(
        *live.world.ctr("run", "--rm", "--mount"),
        f"type=bind,src={folder},dst=/backup,options=rbind:ro",
        stored_as(image),
        f"judge-{folder.name}",
        *("pg_restore", "--data-only", "--file=-", f"/backup/{DUMP}"),
    )
    if done.returncode:
        raise Failed(f"the backup's dump cannot be read: {done.stderr.strip()[-300:]}")
    return rows_of(done.stdout)


def lost_rows(wanted: Counter[tuple[str, str]], kept: Counter[tuple[str, str]]) -> list[str]:
    """The tables that have not all of their rows in the backup."""
    lacking = Counter(table for table, _ in (wanted - kept).elements())
    total = Counter(table for table, _ in wanted.elements())
    return [
        f"the backup lacks {lacking[table]} of {total[table]} rows of {table}"
        for table in sorted(lacking)
    ]


def volume(live: Live) -> dict[str, str]:
    """The files of Open WebUI's volume by their sums, but for what it makes anew."""
    pod = live.pods("ai", "openwebui")[0]["metadata"]["name"]
    line = f"cd {VOLUME} && find . -type f -exec sha256sum {{}} +"
    done = live.world.exec("ai", pod, ["bash", "-c", line])
    if done.returncode:
        raise Failed(f"the volume cannot be read: {done.stderr.strip()[-300:]}")
    found = dict(reversed(one.split("  ", 1)) for one in done.stdout.splitlines())
    return {name: text for name, text in found.items() if not name.startswith(MADE_ANEW)}


def read_of(tar: tarfile.TarFile, one: tarfile.TarInfo) -> bytes:
    """The content of a file in an archive."""
    file = tar.extractfile(one)
    return file.read() if file else b""


def lost_files(wanted: dict[str, str], folder: Path) -> list[str]:
    """The files of the volume that are not in the backup as they are."""
    with tarfile.open(folder / FILES) as tar:
        inside = {
            one.name: hashlib.sha256(read_of(tar, one)).hexdigest() for one in tar if one.isfile()
        }
    return [
        f"the backup lacks the file {name}, or has another one"
        for name in sorted(wanted)
        if inside.get(name) != wanted[name]
    ]
