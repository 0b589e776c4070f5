"""A stage for the database: the tree's own container over a volume that outlives it."""

from __future__ import annotations

import contextlib
import copy
import fcntl
import os
import shlex
import shutil
import signal
import socket
import struct
import subprocess
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from harness.context import Context
from harness.trees import Tree

from .backup_stage import AS_NOBODY, UNSHARE

PASSWORD = "it's a 'pass word' \"with\" $all %of it\\"
READING = "that of who may only read"
OBSERVING = "that of who reads statistics"
ADMINISTERING = "that of who makes databases"
# A second address of `lo`. From 127.0.0.1, which the probes ask, no password is needed: this one is
# a pod elsewhere to `pg_hba.conf`.
ELSEWHERE = "10.42.0.9"
# `SIOCSIFADDR` of Linux.
SET_ADDRESS = 0x8916
# How long the kubelet may take to learn that a hook is over, in seconds.
AFTER_HOOK = 0.4
# So many failures of a probe in a row are enough to say that the kubelet will end the container.
FAILURES = 3
# The folder of sockets is a mount of the pod's; process 1 of the container is what comes after it.
POD = 'mount -t tmpfs tmpfs /run && mkdir -m 1777 /run/postgresql && exec "$@"'
# What the image's own entrypoint does, by its documentation: it takes PG_VERSION for "initialised".
# The client's role is the superuser.
# The image listens on all addresses.
ENTRYPOINT = """#!/bin/bash
set -e
mkdir -p "$PGDATA"
chmod 0700 "$PGDATA"
if [ ! -s "$PGDATA/PG_VERSION" ]; then
  initdb --username="$POSTGRES_USER" --data-checksums \\
    --pwfile=<(printf '%s\\n' "$POSTGRES_PASSWORD")
  printf '\\nhost all all all scram-sha-256\\n' >>"$PGDATA/pg_hba.conf"
  pg_ctl -D "$PGDATA" -o "-c listen_addresses=''" -w start
  psql --username "$POSTGRES_USER" --dbname postgres --command "CREATE DATABASE $POSTGRES_DB"
  pg_ctl -D "$PGDATA" -m fast -w stop
fi
exec "$@" -c "listen_addresses=*"
"""
# The tree's script as it was before it had a folder beside: the image initialises, and only the
# password is set.
EARLIER = """if [ -s "$PGDATA/PG_VERSION" ]; then
  printf "ALTER ROLE \\"%s\\" WITH PASSWORD '%s';\\n\\n" \\
    "$POSTGRES_USER" "${POSTGRES_PASSWORD//\\'/\\'\\'}" |
    postgres --single -j -D "$PGDATA" -c exit_on_error=on \\
      -c log_min_error_statement=panic postgres >/dev/null
fi
exec docker-entrypoint.sh "$@"
"""


class Trouble(Exception):
    """Something did not go as it should; the message has what was said."""


@dataclass(frozen=True)
class InJob:
    """Another script of the Job that makes databases."""

    before: str
    after: str

    def into(self, job: dict) -> None:
        """Changes the Job."""
        command = job["spec"]["template"]["spec"]["containers"][0]["command"]
        if self.before not in command[4]:
            raise Trouble(f"the script has no `{self.before}`")
        command[4] = command[4].replace(self.before, self.after)


def give_address() -> None:
    """Gives `lo` of the harness' own network its second address."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as handle:
        address = struct.pack("HH4s8x", socket.AF_INET, 0, socket.inet_aton(ELSEWHERE))
        fcntl.ioctl(handle, SET_ADDRESS, struct.pack("16s16s", b"lo:1", address))


class Stage:
    """One volume, and the container of a tree over it."""

    def __init__(
        self, ctx: Context, tree: Tree, plant: Callable[..., Any] | InJob | None = None
    ) -> None:
        self.ctx, self.folder, self.password = ctx, ctx.fresh("database"), PASSWORD
        things = {thing.name: thing.value for thing in tree.things}
        pod = things["StatefulSet/postgresql"]["spec"]["template"]["spec"]
        self.container, (self.prepare,) = pod["containers"][0], pod["initContainers"]
        jobs = [name for name in things if name.startswith("Job/workspace-databases-")]
        # What makes databases for workspaces, where the tree has it.
        self.job: dict = copy.deepcopy(things[jobs[0]]) if jobs else {}
        if isinstance(plant, InJob):
            plant.into(self.job)
        elif plant:
            self.container, self.prepare = plant(*copy.deepcopy((self.container, self.prepare)))
        self.grace = pod["terminationGracePeriodSeconds"]
        self.script = self.prepare["command"][4]
        self.values = {one["name"]: one["value"] for one in self.prepare["env"] if "value" in one}
        self.role, self.name = self.values["POSTGRES_USER"], self.values["POSTGRES_DB"]
        self.volume = self.folder / "volume"
        self.data = self.volume / Path(self.values["PGDATA"]).name
        self.process: subprocess.Popen | None = None
        self.is_earlier = False
        self.log = self.folder / "log"

    def __enter__(self) -> Stage:
        give_address()
        (self.folder / "image").mkdir()
        entrypoint = self.folder / "image/docker-entrypoint.sh"
        entrypoint.write_text(ENTRYPOINT)
        entrypoint.chmod(0o755)
        self.volume.mkdir()
        return self

    def __exit__(self, *_: object) -> None:
        self.kill()
        shutil.rmtree(self.folder, ignore_errors=True)

    def environment(self) -> dict[str, str]:
        """The container's, and nothing more; the programs are those of the image."""
        path = f"{self.folder / 'image'}:{Path(self.ctx.tool('psql')).parent}:/usr/bin:/bin"
        own = {
            "PGDATA": str(self.data),
            "POSTGRES_PASSWORD": self.password,
            "BACKUP_PASSWORD": READING,
            "EXPORTER_PASSWORD": OBSERVING,
            "WORKSPACES_PASSWORD": ADMINISTERING,
        }
        return {**self.values, **own, "PATH": path, "LANG": "C.UTF-8", "HOME": "/tmp"}

    # The container's life.

    def start(self, script: str | None = None, arguments: list[str] | None = None) -> None:
        """Starts the pod: what comes first, and then the container, of an earlier version the
        container alone; what they are told is the tree's, byte for byte."""
        self.is_earlier = script is not None
        server = arguments or [*self.container["command"], *self.container["args"]]
        if script:
            inner = ["/bin/bash", "-euo", "pipefail", "-c", script, "postgresql", "postgres"]
        elif arguments:
            inner = server
        else:
            first = [*self.prepare["command"][:4], self.script, *self.prepare["command"][5:]]
            first += self.prepare["args"]
            # Each container has a process 1 of its own.
            first = [UNSHARE, "--pid", "--fork", "--kill-child", "--", *AS_NOBODY, *first]
            inner = [
                "/bin/sh",
                "-c",
                f"{shlex.join(first)} && exec {shlex.join(AS_NOBODY + server)}",
            ]
        namespaces = [UNSHARE, "--mount", "--pid", "--fork", "--kill-child", "--"]
        if script or arguments:
            inner = [*AS_NOBODY, *inner]
        argv = [*namespaces, "/bin/sh", "-c", POD, "sh", *inner]
        with self.log.open("ab") as out:
            self.process = subprocess.Popen(
                argv,
                env=self.environment(),
                cwd=self.folder,
                stdin=subprocess.DEVNULL,
                stdout=out,
                stderr=out,
            )

    def began(self) -> subprocess.Popen:
        """The process of the container that was started last."""
        if self.process is None:
            raise Trouble("the container was not started")
        return self.process

    def first(self) -> int:
        """Process 1 of the container, by the number that it has outside; 0: it is not there."""
        number = self.began().pid
        try:
            text = Path(f"/proc/{number}/task/{number}/children").read_text()
        except FileNotFoundError:
            return 0
        return int(text.split()[0]) if text.split() else 0

    def signal(self, number: int) -> bool:
        """Sends process 1 of the container a signal; False: there is none, and nobody got it."""
        process = self.first() if self.process else 0
        if not process:
            # Number 0 would be the judge and all that it has started.
            return False
        try:
            os.kill(process, number)
        except ProcessLookupError:
            return False
        return True

    def kill(self) -> None:
        """As a power cut would: all processes of the container at once, none of them asked."""
        if self.process is None:
            return
        while self.process.poll() is None:
            was_there = self.signal(signal.SIGKILL)
            with contextlib.suppress(subprocess.TimeoutExpired):
                self.process.wait(10 if was_there else 0.05)
        self.process = None

    def run_for(self, seconds: float, script: str | None = None) -> None:
        """Starts it, and kills it after a while."""
        self.start(script)
        time.sleep(seconds)
        self.kill()

    def inside(self, command: list[str]) -> int:
        """A command of the kubelet in the container, as probes and hooks are; the exit code."""
        namespaces = ["--user", "--mount", "--pid", "--preserve-credentials", "--"]
        nowhere = subprocess.DEVNULL
        done = subprocess.run(
            ["nsenter", "--target", str(self.first()), *namespaces, *command],
            env=self.environment(),
            cwd=self.folder,
            timeout=60,
            check=False,
            stdin=nowhere,
            stdout=nowhere,
            stderr=nowhere,
        )
        return done.returncode

    def asked(self, name: str) -> int:
        """Asks once as a probe does, which has failed when it takes too long; the exit code."""
        probe = self.container[f"{name}Probe"]
        limit = ["timeout", "--kill-after=1", str(probe["timeoutSeconds"])]
        return self.inside([*limit, *probe["exec"]["command"]])

    def probe(self, name: str) -> bool:
        """Asks once as a probe does."""
        return self.asked(name) == 0

    def gives_up(self, name: str) -> list[int]:
        """The exit codes of a probe that fails as often as the kubelet bears; none if it does not.

        It asks a few times, not the 720 that the kubelet bears of the startup probe.
        """
        probe = self.container[f"{name}Probe"]
        codes: list[int] = []
        for _ in range(min(probe.get("failureThreshold", 3), FAILURES)):
            if codes:
                time.sleep(1)
            code = self.asked(name)
            if code == 0:
                return []
            codes.append(code)
        return codes

    def rejects(self) -> bool:
        """Whether a server is there that takes no client yet.

        `nsenter` itself also ends with 1, where the container is not there yet.
        """
        script = "pg_isready -q -h 127.0.0.1; [ $? -eq 1 ] && exit 42"
        return bool(self.first()) and self.inside(["/bin/sh", "-c", script]) == 42

    def answers(self) -> bool:
        """Whether it is ready; an earlier version knows nothing of the probe's role."""
        return self.sql("SELECT 1") == "1" if self.is_earlier else self.probe("readiness")

    def ready(self, seconds: float = 60) -> float:
        """Waits for the readiness probe, starting again what ends; how long it took."""
        began, starts = time.monotonic(), 0
        while not (self.first() and self.answers()):
            if self.began().poll() is not None:
                starts += 1
                if starts > 3:
                    raise Trouble(f"it ends again and again: {self.said()}")
                self.start()
            if time.monotonic() - began > seconds:
                raise Trouble(f"not ready within {seconds:.0f} s: {self.said()}")
            time.sleep(0.1)
        return time.monotonic() - began

    def stop(self, number: int, seconds: float) -> float:
        """What the kubelet does to end it: the hook, then a signal; how long, or trouble."""
        began = time.monotonic()
        hook = self.container.get("lifecycle", {}).get("preStop", {}).get("exec", {}).get("command")
        if hook and self.inside(hook):
            raise Trouble(f"the hook `{' '.join(hook)}` failed")
        if hook:
            # As long as the kubelet may take to learn that the hook is over.
            time.sleep(AFTER_HOOK)
            if "shutdown request" in self.log.read_text(errors="replace") or not self.first():
                raise Trouble(
                    f"the hook `{' '.join(hook)}` itself ends the server, which takes a hook that "
                    "still runs along: the kubelet tells of a hook that failed"
                )
        self.signal(number)
        try:
            self.began().wait(seconds)
        except subprocess.TimeoutExpired:
            raise Trouble(f"it runs on {seconds:.0f} s after signal {number}") from None
        return time.monotonic() - began

    def said(self) -> str:
        """The end of its log."""
        return self.log.read_text(errors="replace").strip()[-400:] if self.log.exists() else ""

    # What is asked of it.

    def client(
        self,
        query: str,
        password: str | None = None,
        database: str | None = None,
        role: str | None = None,
    ) -> subprocess.Popen:
        """As Open WebUI would: from elsewhere, with the password; or another role."""
        argv = [
            self.ctx.tool("psql"),
            "-X",
            "-w",
            "-h",
            ELSEWHERE,
            "-U",
            role or self.role,
            "-d",
            database or self.name,
            "-v",
            "ON_ERROR_STOP=1",
            "-Atqc",
            query,
        ]
        password = self.password if password is None else password
        own = {"PGPASSWORD": password, "PGCONNECT_TIMEOUT": "10"}
        return subprocess.Popen(
            argv,
            env={**own, "PATH": "/usr/bin:/bin"},
            text=True,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
        )

    def superuser(self, query: str, database: str | None = None) -> int:
        """As a person in the pod: through the socket, as the superuser; the exit code."""
        words = ["psql", "-X", "-w", "-h", "/run/postgresql", "-U", "postgres", "-d"]
        return self.inside([*words, database or self.name, "-v", "ON_ERROR_STOP=1", "-qc", query])

    def sql(
        self,
        query: str,
        password: str | None = None,
        database: str | None = None,
        role: str | None = None,
    ) -> str | None:
        """What is answered; None: refused."""
        with self.client(query, password, database, role) as asked:
            try:
                said = asked.communicate(timeout=60)[0]
            except subprocess.TimeoutExpired:
                asked.kill()
                raise Trouble(f"no answer within 60 s to `{query}`: {self.said()}") from None
        return said.strip() if asked.returncode == 0 else None

    def whole(self) -> list[str]:
        """The database is there, the password opens it from another address, and no other does."""
        found = []
        if self.sql("SELECT 1") != "1":
            found.append(f"a client from another address is refused: {self.said()}")
        if self.sql("SELECT 1", "another") is not None:
            found.append("any password opens the database")
        least = "SELECT current_setting('is_superuser'), pg_get_userbyid(datdba) FROM pg_database"
        said = self.sql(f"{least} WHERE datname = current_database()")
        if said != f"off|{self.role}":
            found.append(f"the client is no owner, or more than that: {said}")
        if self.sql("CREATE TABLE made (); DROP TABLE made; SELECT 1") != "1":
            found.append("the client may not make a table")
        left = sorted(path.name for path in self.volume.iterdir())
        if left != [self.data.name]:
            found.append(f"beside the data there is left: {', '.join(left)}")
        return found
