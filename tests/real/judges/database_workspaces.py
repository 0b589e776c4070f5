"""Makes databases for workspaces with the tree's own Job, more than once, and asks who may what."""

from __future__ import annotations

import base64
import hashlib
import hmac
import os
import subprocess
from pathlib import Path

from .database_stage import ADMINISTERING, ELSEWHERE, READING, Stage, Trouble

OWN = {"ws-team-a": "that of one team", "ws-team-b": "that of another"}
ADMINISTRATOR = "workspace_databases"
# What Open WebUI does first.
TABLE = "CREATE TABLE chat (id integer); INSERT INTO chat VALUES (1); SELECT count(*) FROM chat"
# Of whatever a role is told when it is signed in.
ONE = "SELECT 1"
# More connections than one workspace may have, from one of them.
MANY = 4


def verifier(password: str) -> str:
    """What PostgreSQL keeps of a password (RFC 5803), by Python's own means."""
    salt = os.urandom(16)
    salted = hashlib.pbkdf2_hmac("sha256", password.encode(), salt, 4096)
    stored = hashlib.sha256(hmac.digest(salted, b"Client Key", "sha256")).digest()
    server = hmac.digest(salted, b"Server Key", "sha256")
    told = [base64.b64encode(one).decode() for one in (salt, stored, server)]
    return f"SCRAM-SHA-256$4096:{told[0]}${told[1]}:{told[2]}"


def made(stage: Stage, wanted: dict[str, str]) -> None:
    """Runs the Job once, with a list of what is wanted; trouble when it fails."""
    (container,) = stage.job["spec"]["template"]["spec"]["containers"]
    values = {one["name"]: one["value"] for one in container["env"] if "value" in one}
    file = stage.folder / "databases"
    file.write_text("".join(f"{name} {verifier(own)}\n" for name, own in sorted(wanted.items())))
    path = f"{Path(stage.ctx.tool('psql')).parent}:/usr/bin:/bin"
    own = {"LIST": str(file), "PGHOST": ELSEWHERE, "PGPASSWORD": ADMINISTERING, "PATH": path}
    done = subprocess.run(
        container["command"],
        env={**values, **own, "PATIENCE": "20"},
        cwd=stage.folder,
        timeout=120,
        check=False,
        text=True,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
    )
    if done.returncode != 0 or f"each of {len(wanted)} workspaces" not in done.stdout:
        raise Trouble(f"the Job ends with {done.returncode}: {done.stdout.strip()[-400:]}")


def sleepers(stage: Stage, role: str) -> int:
    """How many connections a workspace gets at once, of one more than it may have."""
    clients = [stage.client("SELECT pg_sleep(3)", OWN[role], role, role) for _ in range(MANY + 1)]
    codes = [client.wait(30) for client in clients]
    for client in clients:
        client.communicate()
    return codes.count(0)


def workspaces(stage: Stage) -> list[str]:
    """Each workspace has its own database and no other; what nobody wants any more stays."""
    stage.start()
    stage.ready()
    stage.sql("CREATE TABLE chat (id integer); INSERT INTO chat VALUES (1)")
    made(stage, OWN)
    (one, first), (two, second) = OWN.items()
    found = [
        f"{role} has no database of its own"
        for role, own in OWN.items()
        if stage.sql(TABLE, own, role, role) != "1"
    ]
    made(stage, OWN)
    for what, allowed, said in (
        ("the client keeps its table", True, stage.sql("SELECT id FROM chat")),
        ("a workspace keeps its table", True, stage.sql("SELECT id FROM chat", first, one, one)),
        ("a workspace comes without its password", False, stage.sql(ONE, second, one, one)),
        ("a workspace comes to another's", False, stage.sql(ONE, first, two, one)),
        ("a workspace comes to the platform's", False, stage.sql(ONE, first, stage.name, one)),
        ("a workspace comes to PostgreSQL's own", False, stage.sql(ONE, first, "postgres", one)),
        ("a workspace comes to the template", False, stage.sql(ONE, first, "template1", one)),
        ("a workspace makes a database", False, stage.sql("CREATE DATABASE x", first, one, one)),
        ("a workspace makes a role", False, stage.sql("CREATE ROLE x", first, one, one)),
        ("a workspace reads passwords", False, stage.sql("TABLE pg_authid", first, one, one)),
        ("a workspace becomes another", False, stage.sql(f'SET ROLE "{two}"', first, one, one)),
        (
            "a workspace becomes the administrator",
            False,
            stage.sql(f"SET ROLE {ADMINISTRATOR}", first, one, one),
        ),
        ("the platform's client comes to a workspace's", False, stage.sql(ONE, database=one)),
        ("the backup comes to a workspace's", False, stage.sql(ONE, READING, one, "backup")),
        ("the administrator comes to a workspace's", False, administers(stage, ONE, one)),
        ("the administrator comes to the platform's", False, administers(stage, ONE, stage.name)),
        ("the administrator becomes a workspace", False, administers(stage, f'SET ROLE "{one}"')),
        ("the administrator becomes a superuser", False, administers(stage, "SET ROLE postgres")),
        (
            "the administrator makes a superuser",
            False,
            administers(stage, "CREATE ROLE x SUPERUSER"),
        ),
    ):
        if (said is not None) != allowed:
            found.append(f"{what}: {'refused' if allowed else 'it may'}")
    if (many := sleepers(stage, one)) != MANY:
        found.append(f"a workspace gets {many} connections at once, not {MANY}")
    return found + gone_and_back(stage)


def gone_and_back(stage: Stage) -> list[str]:
    """Another password takes the first one's place; who is not wanted keeps the data, no more."""
    (one, _), (two, second) = OWN.items()
    found = []
    made(stage, {one: "a new one"})
    if stage.sql(ONE, OWN[one], one, one) is not None:
        found.append("after another password was made, the first one opens the database")
    if stage.sql("SELECT id FROM chat", "a new one", one, one) != "1":
        found.append("after another password was made, the table cannot be read")
    if stage.sql(ONE, second, two, two) is not None:
        found.append("a workspace that is not wanted any more signs in")
    stage.kill()
    stage.start()
    stage.ready()
    made(stage, OWN)
    if stage.sql("SELECT id FROM chat", second, two, two) != "1":
        found.append("a workspace that is wanted again does not find its table")
    return found


def administers(stage: Stage, query: str, database: str = "postgres") -> str | None:
    """As the role that makes databases."""
    return stage.sql(query, ADMINISTERING, database, ADMINISTRATOR)
