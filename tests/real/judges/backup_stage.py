"""A stage for backups: a real PostgreSQL, a server that speaks S3, and containers of the tree run
as processes of a stranger."""

from __future__ import annotations

import contextlib
import hashlib
import os
import re
import shutil
import sqlite3
import subprocess
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, ClassVar

import yaml

from harness.api import LOADER
from harness.context import Context
from harness.processes import Process, free_port, wait_until
from harness.trees import Tree

from .backup_sql import ADMIN, MORE, ROLES, SECRETS, TABLES, Trouble
from .backup_stored import REMEMBERS, Stored

# No image and no machine knows this user: as in the tree, where the pods run as none of the
# image's.
USER = "54321"
UNSHARE = shutil.which("unshare") or "unshare"
AS_USER = [UNSHARE, "--user", f"--map-user={USER}", f"--map-group={USER}", "--"]
# The server insists on a user that the machine knows: every one knows this, and outside of this map
# both are the same.
AS_NOBODY = [UNSHARE, "--user", "--map-user=65534", "--map-group=65534", "--"]


class Stage(Stored):
    """One tree's backup, with everything around it in a folder of its own; nothing is shared
    between two."""

    last_peaks: ClassVar[dict[str, int]] = {}

    def __init__(self, ctx: Context, tree: Tree, replace: tuple[str, str] | None) -> None:
        self.ctx, self.replace, self.folder = ctx, replace, ctx.fresh("backup")
        self.cron_job = next(
            thing.value for thing in tree.things if thing.name == "CronJob/backup"
        )["spec"]["jobTemplate"]["spec"]["template"]["spec"]
        self.job = yaml.load((tree.root / "bootstrap/job-restore.yaml").read_bytes(), LOADER)[
            "spec"
        ]["template"]["spec"]
        values = {
            one["name"]: one.get("value", "")
            for container in self.containers(self.cron_job)
            for one in container["env"]
        }
        self.values, self.has_database = values, "PGHOST" in values
        self.server = values["AT"].startswith("s3:")
        self.owner = next(
            (
                one["value"]
                for container in self.containers(self.job)
                for one in container["env"]
                if one["name"] == "PGUSER"
            ),
            "",
        )
        self.data, self.volume = self.folder / "data", self.folder / "volume"
        self.storage = (
            self.folder / "storage" / values["AT"].removeprefix("s3:")
            if self.server
            else self.folder / "stored"
        )
        self.ports = {"PGPORT": str(free_port()), "S3": str(free_port())}
        self.running: dict[str, Process] = {}
        self.peaks: dict[str, int] = {}
        self.live: sqlite3.Connection | None = None
        self.limit = min(
            int(container["resources"]["limits"]["memory"].removesuffix("Mi")) << 20
            for container in self.containers(self.cron_job)
        )

    @staticmethod
    def containers(pod: dict) -> list[dict]:
        """In the order in which they run."""
        return [*pod.get("initContainers", []), *pod["containers"]]

    @staticmethod
    def scripts(tree: Tree) -> str:
        """All that the containers of a tree's backup and restore run."""
        job = next(thing.value for thing in tree.things if thing.name == "CronJob/backup")
        return "\n".join(
            _texts(
                [job, yaml.load((tree.root / "bootstrap/job-restore.yaml").read_bytes(), LOADER)]
            )
        )

    def __enter__(self) -> Stage:
        for folder in (
            self.data,
            self.volume,
            self.storage,
            self.folder / "applets",
            self.folder / "tmp",
        ):
            folder.mkdir(parents=True, exist_ok=True)
        # What a small image has: the applets of its one program, and rclone; nothing else is in the
        # path.
        subprocess.run(
            [self.ctx.tool("busybox"), "--install", "-s", self.folder / "applets"],
            check=True,
            capture_output=True,
        )
        (self.folder / "applets/rclone").symlink_to(self.ctx.tool("rclone"))
        if self.has_database:
            password = self.folder / "password"
            password.write_text(SECRETS["postgresql/password"])
            self.plain(
                [
                    *AS_NOBODY,
                    self.ctx.tool("initdb"),
                    "--pgdata",
                    self.folder / "database",
                    "--username",
                    "postgres",
                    "--auth",
                    "scram-sha-256",
                    "--pwfile",
                    password,
                    "--no-sync",
                    "--data-checksums",
                    "--locale=C.UTF-8",
                ]
            )
            self.start("database")
            passwords = {
                "password": SECRETS["postgresql/password"],
                "reading": SECRETS["postgresql-backup/password"],
            }
            self.sql(ROLES.format(owner=self.owner, **passwords), "postgres")
            self.make_database()
        if self.server:
            self.start("storage")
        return self

    def __exit__(self, *_: object) -> None:
        Stage.last_peaks = self.peaks
        self.hang_up()
        for process in list(self.running.values()):
            self.ctx.processes.stop(process)
        shutil.rmtree(self.folder, ignore_errors=True)

    def make_database(self) -> None:
        """An empty one, of its owner."""
        self.sql(f"CREATE DATABASE {self.values['PGDATABASE']} OWNER {self.owner}", "postgres")

    # The world around it.

    def start(self, name: str) -> None:
        """Starts a server; the S3 server is a user like any other, so that a folder can refuse
        it."""
        if name == "database":
            argv = [
                self.ctx.tool("postgres"),
                "-D",
                self.folder / "database",
                "-p",
                self.ports["PGPORT"],
                "-c",
                "listen_addresses=127.0.0.1",
                "-c",
                "unix_socket_directories=",
                "-c",
                "fsync=off",
            ]
        else:
            keys = f"{SECRETS['backup-s3/access-key-id']},{SECRETS['backup-s3/secret-access-key']}"
            argv = [
                self.ctx.tool("rclone"),
                "serve",
                "s3",
                self.folder / "storage",
                "--addr",
                f"127.0.0.1:{self.ports['S3']}",
                "--auth-key",
                keys,
                "--dir-cache-time",
                f"{REMEMBERS}s",
            ]
        process = self.ctx.processes.start(
            f"{name}-{self.folder.name}",
            [*AS_NOBODY, *argv],
            env={"RCLONE_CONFIG": "/dev/null", "HOME": "/tmp"},
        )
        self.running[name] = process
        port = int(self.ports["PGPORT" if name == "database" else "S3"])
        wait_until(name, lambda: listens(port), 30, process)
        if name == "database":
            wait_until(
                name, lambda: self.sql("SELECT 1", "postgres", check=False) is not None, 30, process
            )

    @contextlib.contextmanager
    def unreachable(self, name: str) -> Iterator[Callable[[float], None]]:
        """Stops a server; what is yielded starts it again after a while."""
        self.ctx.processes.stop(self.running.pop(name), patience=10)
        timers = []

        def comes_back(after: float) -> None:
            timers.append(threading.Timer(after, self.start, (name,)))
            timers[-1].start()

        try:
            yield comes_back
        finally:
            for timer in timers:
                timer.join()

    @contextlib.contextmanager
    def refusing(self) -> Iterator[None]:
        """The storage takes nothing new: its folder is closed, or the volume counts as full."""
        if not self.server:
            self.values["LIMIT"] = "1000"
            yield
            return
        self.storage.chmod(0o555)
        yield
        self.storage.chmod(0o755)

    def stub(self, program: str, script: str) -> None:
        """Another program of that name, which the containers with a shell of their own find first;
        `$real` is the real one."""
        path = self.folder / "stubs" / program
        path.parent.mkdir(exist_ok=True)
        path.write_text(
            f"#!/bin/bash\nreal={self.ctx.manifest['tools'].get(program, program)}\n{script}"
        )
        path.chmod(0o755)

    # What is saved.

    def fill(self) -> None:
        """Accounts, chats and files, odd ones among them."""
        chats = "".join(
            (
                f"INSERT INTO chat VALUES ('{n}', '{n % 2 + 1}', 'Ein Gespräch \\ {n}', "
                f'\'{{"text": "{str(n) * 50}"}}\');'
            )
            for n in range(500)
        )
        self.run_sql(
            TABLES
            + (MORE if self.has_database else "")
            + ADMIN
            + "INSERT INTO \"user\" VALUES ('2', 'Zoë ''the'' second', 'user');"
            + chats
        )
        for name, text in {
            "uploads/a.txt": b"a",
            "uploads/with space\nand line": b"\0\1\2" * 9999,
            "uploads/.hidden": b"",
            ".top": b"x",
            "cache/c": b"no",
        }.items():
            path = self.data / name
            path.parent.mkdir(exist_ok=True)
            path.write_bytes(text)
        (self.data / "uploads/empty").mkdir()

    def first_start(self) -> None:
        """What a newer version leaves in an empty database at its first start."""
        self.run_sql(TABLES + ADMIN + "CREATE TABLE newer (id integer);")
        self.hang_up()
        (self.data / "uploads").mkdir()

    def write_more(self) -> None:
        """What came after a backup."""
        self.run_sql("INSERT INTO chat VALUES ('later', '1', 'later', '{}');")
        (self.data / "uploads/later").write_bytes(b"later")

    def large(self, size: int) -> None:
        """A file that does not compress."""
        with (self.data / "uploads/large").open("wb") as file:
            for _ in range(size >> 20):
                file.write(os.urandom(1 << 20))

    def empty(self) -> None:
        """The node is lost: a new database, a new volume."""
        self.hang_up()
        for path in self.data.iterdir():
            shutil.rmtree(path) if path.is_dir() else path.unlink()
        if self.has_database:
            self.sql(f"DROP DATABASE {self.values['PGDATABASE']}", "postgres")
            self.make_database()

    def state(self) -> dict[str, str]:
        """All that must be there again: schema, rows, files with their bytes."""

        def digest(path: Path) -> str:
            return hashlib.sha256(path.read_bytes()).hexdigest() if path.is_file() else "folder"

        kept = [
            path
            for path in sorted(self.data.rglob("*"))
            if not path.relative_to(self.data).parts[0].startswith(("cache", "webui.db"))
        ]
        found = {f"file {path.relative_to(self.data)}": digest(path) for path in kept}
        if not self.has_database:
            with contextlib.closing(sqlite3.connect(self.data / "webui.db")) as database:
                return found | {f"row {n}": line for n, line in enumerate(database.iterdump())}
        schema = self.plain(
            [self.ctx.tool("pg_dump"), "--schema-only", *self.client(self.values["PGDATABASE"])],
            self.password(),
        )
        lines = [line for line in schema.splitlines() if line and not line.startswith(("--", "\\"))]
        tables = self.must_sql(
            "SELECT quote_ident(schemaname) || '.' || quote_ident(tablename) FROM pg_tables WHERE "
            "schemaname !~ '^(pg_|information_)'"
        ).split()
        rows = {
            f"table {table}": self.must_sql(f"COPY (SELECT * FROM {table} ORDER BY 1) TO STDOUT")
            for table in sorted(tables)
        }
        return found | {"schema": "\n".join(lines)} | rows

    def differences(self, before: dict[str, str]) -> list[str]:
        """What is not as it was."""
        now = self.state()
        return [
            f"`{key}` is not what it was: {_short(before.get(key))} became {_short(now.get(key))}"
            for key in sorted({*before, *now})
            if before.get(key) != now.get(key)
        ][:5]

    # What is judged.

    def backup(self, **over: str) -> str:
        """The pod of the CronJob. Open WebUI's volume is mounted to be read only, as the container
        says."""
        shutil.rmtree(self.volume)
        self.volume.mkdir()
        dump = self.containers(self.cron_job)[0]
        if not any(one["name"] == "data" and one.get("readOnly") for one in dump["volumeMounts"]):
            raise Trouble("Open WebUI's volume is not mounted to be read only")
        closed = self.folder / "data-read-only"
        closed.mkdir(exist_ok=True)
        self.plain(["mount", "--bind", self.data, closed])
        try:
            self.plain(["mount", "-o", "remount,bind,ro", closed])
            return self.pod(self.cron_job, {}, {"DATA": str(closed), **over})
        finally:
            self.plain(["umount", closed])

    def restore(self, **wishes: str) -> str:
        """The pod of the Job, with what the ConfigMap says; Open WebUI is stopped."""
        self.hang_up()
        shutil.rmtree(self.volume)
        self.volume.mkdir()
        return self.pod(self.job, wishes, {})

    def must_fail(self, what: str, action: Callable[..., Any], text: str) -> list[str]:
        """An action that has to fail, and to say why."""
        try:
            action()
        except Trouble as trouble:
            return (
                []
                if text in str(trouble)
                else [f"{what} failed, without saying `{text}`: {trouble}"]
            )
        return [f"{what} went through"]

    def pod(self, pod: dict, wishes: dict, over: dict) -> str:
        """Container after container, until one fails."""
        said = ""
        for container in self.containers(pod):
            said += self.run(container, wishes, over)
        return said

    def run(self, container: dict, wishes: dict, over: dict) -> str:
        """One container: its command, its environment and nothing more, as a user that nobody
        knows."""
        environment = {}
        for one in container["env"]:
            source = one.get("valueFrom", {})
            if "secretKeyRef" in source:
                environment[one["name"]] = SECRETS[
                    f"{source['secretKeyRef']['name']}/{source['secretKeyRef']['key']}"
                ]
            elif "configMapKeyRef" in source:
                environment |= (
                    {one["name"]: wishes[source["configMapKeyRef"]["key"]]}
                    if source["configMapKeyRef"]["key"] in wishes
                    else {}
                )
            else:
                environment[one["name"]] = one["value"]
        at = str(self.storage)
        here = {
            "BACKUPS": str(self.volume),
            "DATA": str(self.data),
            "HOME": str(self.folder / "tmp"),
            "PGHOST": "127.0.0.1",
            "PGPORT": self.ports["PGPORT"],
            "RCLONE_CONFIG_S3_ENDPOINT": f"http://127.0.0.1:{self.ports['S3']}",
            "RCLONE_RETRIES": "2",
            "RCLONE_RETRIES_SLEEP": "1s",
            "RCLONE_LOW_LEVEL_RETRIES": "2",
            "PATIENCE": "20",
            **({} if self.server else {"AT": at, "RCLONE_CONFIG_ENCRYPTED_REMOTE": at}),
            **({"LIMIT": self.values["LIMIT"]} if "LIMIT" in self.values else {}),
            **over,
        }
        environment |= {
            name: value
            for name, value in here.items()
            if name in environment or name == "RCLONE_LOW_LEVEL_RETRIES"
        }
        command = [
            expanded(text.replace(*self.replace) if self.replace else text, environment)
            for text in container["command"]
        ]
        if command[0] == "/bin/sh":
            command[0], environment["PATH"] = (
                str(self.folder / "applets/sh"),
                str(self.folder / "applets"),
            )
        else:
            environment["PATH"] = (
                f"{self.folder / 'stubs'}:{Path(self.ctx.tool('psql')).parent}:/usr/bin:/bin"
            )
        log = self.folder / "log"
        with log.open("wb") as out:
            process = subprocess.Popen(
                [*AS_USER, *command],
                env=environment,
                cwd=self.folder,
                stdin=subprocess.DEVNULL,
                stdout=out,
                stderr=out,
            )
            _, status, usage = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)
        said = log.read_text(errors="replace")
        self.peaks[container["name"]] = max(
            self.peaks.get(container["name"], 0), usage.ru_maxrss << 10
        )
        if process.returncode:
            raise Trouble(
                f"{container['name']} ended with {process.returncode}: {said.strip()[-600:]}"
            )
        return said

    # Small things.


def listens(port: int) -> bool:
    """Whether somebody listens on a port of this machine."""
    wanted = f"0100007F:{port:04X}"
    return any(
        line.split()[1] == wanted and line.split()[3] == "0A"
        for line in Path("/proc/net/tcp").read_text().splitlines()[1:]
    )


def _short(text: str | None) -> str:
    return "nothing" if text is None else repr(text if len(text) < 60 else f"{text[:57]}…")


def _texts(value: Any) -> list[str]:
    """All texts below a value."""
    if isinstance(value, dict):
        return [text for one in value.values() for text in _texts(one)]
    if isinstance(value, list):
        return [text for one in value for text in _texts(one)]
    return [value] if isinstance(value, str) else []


def expanded(text: str, environment: dict) -> str:
    """What the kubelet makes of a command before anybody runs it: `$$` is one dollar, `$(NAME)` the
    value of a variable that is there."""
    return re.sub(
        r"\$(\$|\(([^)]*)\))",
        lambda it: "$" if it[1] == "$" else environment.get(it[2], it[0]),
        text,
    )
