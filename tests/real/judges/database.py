"""Kills the tree's PostgreSQL at any moment of its first start; asks when it is found ready, and
how it ends."""

from __future__ import annotations

import json
import os
import random
import re
import signal
import subprocess
import time
from collections.abc import Callable, Iterator
from typing import Any

from harness.context import Context
from harness.processes import Failed, wait_until
from harness.table import Fault, Row
from harness.trees import Tree

from .database_stage import EARLIER, OBSERVING, READING, InJob, Stage, Trouble
from .database_workspaces import workspaces

# What an earlier version's client, the superuser, has made; and what it must be able to change.
EARLIER_DATA = """
CREATE TYPE mood AS ENUM ('well');
CREATE TABLE chat (id integer, number serial, own integer GENERATED ALWAYS AS IDENTITY, m mood);
INSERT INTO chat SELECT generate_series(1, 1000);
CREATE VIEW chats AS SELECT * FROM chat;
CREATE FUNCTION twice(integer) RETURNS integer LANGUAGE sql AS 'SELECT 2 * $1';
CREATE SCHEMA other; CREATE TABLE other.thing (id integer); CREATE SEQUENCE counts
"""
EARLIER_CHANGES = (
    "ALTER TABLE chat ADD more text",
    "INSERT INTO chat (id) VALUES (nextval('counts'))",
    "DROP VIEW chats",
    "ALTER TYPE mood ADD VALUE 'unwell'",
    "DROP FUNCTION twice(integer)",
    "DROP TABLE other.thing",
    "DROP SCHEMA other",
)
# What the exporter's role asks, or must not.
STATISTICS = "SELECT query FROM pg_stat_activity; SELECT pg_database_size(current_database())"
CHATS, TABLE, ONE = "SELECT id FROM chat", "CREATE TABLE x ()", "SELECT 1"
BECOME = "SET ROLE openwebui"
# How often the first start is killed; the moments are spread over it, each at a random place of its
# share. Each costs two starts, and this many leave the judge five minutes on a machine at rest.
MOMENTS = 24
# Up to which second the first start is killed at each one, where somebody asks for it: a minute is
# 60 runs, which take half an hour.
SECONDS = int(os.environ.get("DATABASE_SECONDS", "0"))


def first_start(stage: Stage, script: str | None = None) -> float:
    """How long a first start takes here, on a volume of its own."""
    stage.start(script)
    took = stage.ready()
    stage.kill()
    empty(stage)
    return took


def empty(stage: Stage) -> None:
    """A new volume."""
    subprocess.run(["rm", "-rf", "--", *stage.volume.iterdir()], check=True)


def spread(stage: Stage, number: int, seconds: float) -> Iterator[float]:
    """Moments over a while, with what to call each."""
    draw = random.Random(stage.ctx.seed)
    for at in range(number):
        yield (at + draw.random()) / number * seconds


def killed(stage: Stage, number: int = MOMENTS) -> list[str]:
    """Killed at any moment of its first start, it is whole after the next."""
    for moment in spread(stage, number, first_start(stage) * 1.5):
        stage.run_for(moment)
        found = heals(stage, f"killed after {moment:.2f} s")
        if found:
            return found
        empty(stage)
    return []


def killed_at_each_second(stage: Stage) -> list[str]:
    """Killed at each whole second of its first minute, it is whole after the next start."""
    for second in range(1, SECONDS + 1):
        stage.ctx.say(f"database: killed after {second} of {SECONDS} s")
        stage.run_for(second)
        found = heals(stage, f"killed after {second} s")
        if found:
            return found
        empty(stage)
    return []


def heals(stage: Stage, what: str) -> list[str]:
    """Starts it again, and looks; it is left killed."""
    stage.start()
    try:
        stage.ready()
        found = [f"{what}: {one}" for one in stage.whole()]
    except Trouble as trouble:
        found = [f"{what}: {trouble}"]
    stage.kill()
    return found


def killed_again(stage: Stage) -> list[str]:
    """Killed time after time on the same volume, also while it recovers."""
    for moment in spread(stage, 8, first_start(stage) * 1.1):
        stage.run_for(moment)
    return heals(stage, "killed eight times")


def half_by_an_earlier_version(stage: Stage) -> list[str]:
    """What the image's own initialisation left half made is made anew."""
    for moment in spread(stage, MOMENTS // 3, first_start(stage, EARLIER) * 1.1):
        stage.run_for(moment, EARLIER)
        found = heals(stage, f"initialised by the image, killed after {moment:.2f} s")
        if found:
            return found
        empty(stage)
    return []


def data_of_an_earlier_version(stage: Stage) -> list[str]:
    """A volume without the mark that holds a table is kept, to the last row."""
    stage.start(EARLIER)
    stage.ready()
    stage.sql(EARLIER_DATA)
    stage.kill()
    found = []
    for moment in (*spread(stage, 4, 2.0), None):
        if moment is not None:
            stage.run_for(moment)
            continue
        found += heals(stage, "a volume of an earlier version")
    stage.start()
    stage.ready()
    rows = stage.sql("SELECT count(*) FROM chat")
    if rows != "1000":
        found.append(f"of 1000 rows of an earlier version there are left: {rows}")
    # The client, who was the superuser, owns all of it and is none any more.
    for statement in EARLIER_CHANGES:
        if stage.sql(f"{statement}; SELECT 1") != "1":
            found.append(f"after an earlier version, the client may not `{statement}`")
    return found


def roles(stage: Stage) -> list[str]:
    """Each role may do what it is for, and nothing else; nobody comes another way."""
    stage.start()
    stage.ready()
    stage.sql("CREATE TABLE chat (id integer); INSERT INTO chat VALUES (1)")
    found = []
    for what, allowed, said in (
        ("the backup reads", True, stage.sql("SELECT id FROM chat", READING, role="backup")),
        ("the backup writes", False, stage.sql("DELETE FROM chat", READING, role="backup")),
        ("the backup makes a table", False, stage.sql("CREATE TABLE x ()", READING, role="backup")),
        ("the exporter reads statistics", True, stage.sql(STATISTICS, OBSERVING, role="exporter")),
        ("the exporter reads chats", False, stage.sql(CHATS, OBSERVING, role="exporter")),
        ("the exporter makes a table", False, stage.sql(TABLE, OBSERVING, role="exporter")),
        ("the exporter becomes the client", False, stage.sql(BECOME, OBSERVING, role="exporter")),
        ("the exporter has the backup's password", False, stage.sql(ONE, READING, role="exporter")),
        ("the backup has the client's password", False, stage.sql("SELECT 1", role="backup")),
        ("the probe comes from elsewhere", False, stage.sql("SELECT 1", "", role="probe")),
        ("the superuser comes by network", False, stage.sql("SELECT 1", role="postgres")),
        ("the client takes another database", False, stage.sql("SELECT 1", database="postgres")),
        ("the client makes a role", False, stage.sql("CREATE ROLE another")),
        ("the client runs a program", False, stage.sql("COPY chat FROM PROGRAM 'echo 2'")),
        ("the client reads the server's files", False, stage.sql("SELECT pg_read_file('x')")),
        ("the client becomes the superuser", False, stage.sql("SET ROLE postgres")),
    ):
        if (said is not None) != allowed:
            found.append(f"{what}: {'refused' if allowed else 'it may'}")
    asks = ["psql", "-X", "-w", "-h", "127.0.0.1", "-d", stage.name, "-qc"]
    if stage.inside([*asks, "SELECT * FROM chat", "-U", "probe"]) == 0:
        found.append("a probe reads chats")
    if stage.inside([*asks, "SELECT 1", "-U", stage.role]) == 0:
        found.append("the client needs no password in the pod")
    if stage.superuser("SELECT pg_reload_conf()"):
        found.append("a person in the pod is no superuser")
    return found


def emptied(stage: Stage) -> list[str]:
    """A database whose tables somebody has dropped is none that was half made."""
    stage.start()
    stage.ready()
    stage.sql(f"ALTER DATABASE {stage.name} SET work_mem = '3MB'")
    stage.kill()
    stage.start()
    stage.ready()
    kept = stage.sql("SHOW work_mem")
    return [] if kept == "3MB" else [f"a setting of the database is gone after a start: {kept}"]


def rotated(stage: Stage) -> list[str]:
    """A new password opens the database after the next start, whatever is in it, no old one."""
    stage.start()
    stage.ready()
    stage.kill()
    for password in ("'; SELECT 1 --", "two\nlines", "two;\n\nstatements;\n\n", 'ü"\\$$'):
        old, stage.password = stage.password, password
        found = heals(stage, f"rotated to {password!r}")
        stage.start()
        stage.ready()
        if stage.sql("SELECT 1", old) is not None:
            found.append(f"rotated to {password!r}: the old password opens the database")
        stage.kill()
        if found:
            return found
    return []


def probes(stage: Stage) -> list[str]:
    """Ready: the database answers. Alive: something does, also while it recovers."""
    alive, every = ("startup", "liveness"), ("startup", "readiness", "liveness")
    stage.start()
    stage.ready()
    found = [f"{name} fails on a server that is well" for name in every if stage.gives_up(name)]
    if stage.superuser(f"DROP DATABASE {stage.name} WITH (FORCE)", "postgres"):
        raise Trouble("the superuser cannot drop the database")
    if stage.probe("readiness"):
        found.append("readiness succeeds without the database")
    found += [
        f"{name} ends a server without the database, which helps nothing (it ends with {codes})"
        for name in alive
        if (codes := stage.gives_up(name))
    ]
    stage.stop(signal.SIGINT, 20)
    # A server that recovers from an archive rejects, as one does that recovers from a crash, for as
    # long as one likes.
    (stage.data / "standby.signal").touch()
    slow = ["-c", "hot_standby=off", "-c", "restore_command=false"]
    stage.start(arguments=[*stage.container["command"], *slow])
    deadline = time.monotonic() + 30
    while not stage.rejects():
        if time.monotonic() > deadline:
            raise Trouble(f"no server that recovers: {stage.said()}")
        time.sleep(0.2)
    if stage.probe("readiness"):
        found.append("readiness succeeds while the server recovers")
    found += [
        f"{name} ends a server that recovers, which so never gets to its end (it ends with {codes})"
        for name in alive
        if (codes := stage.gives_up(name))
    ]
    return found


def frozen(stage: Stage) -> list[str]:
    """A server that answers nothing is not alive."""
    stage.start()
    stage.ready()
    if not stage.signal(signal.SIGSTOP):
        raise Trouble(f"there is no server to freeze: {stage.said()}")
    probes = [name for name in ("startup", "liveness") if stage.probe(name)]
    return [f"{name} succeeds on a server that answers nothing" for name in probes]


def ended(stage: Stage) -> list[str]:
    """Whatever signal the image names: it ends soon, with a client, and recovers nothing."""
    stage.start()
    stage.ready()
    stage.sql("CREATE TABLE chat (id integer)")
    found = []
    asleep = "SELECT count(*) FROM pg_stat_activity WHERE wait_event = 'PgSleep'"
    for number in (signal.SIGTERM, signal.SIGINT):
        client = stage.client("SELECT pg_sleep(600)")
        try:
            wait_until("a client is asleep", lambda: stage.sql(asleep) == "1", 30, pause=0.1)
            stage.log.write_text("")
            stage.stop(number, stage.grace / 2)
            if "database system is shut down" not in stage.said():
                found.append(f"after signal {number} no word of a clean end: {stage.said()}")
        finally:
            stage.kill()
            client.kill()
            client.wait()
        stage.log.write_text("")
        stage.start()
        stage.ready()
        if "was not properly shut down" in stage.said():
            found.append(f"after signal {number} it had to recover")
    return found


CHECKS = (
    killed,
    killed_again,
    half_by_an_earlier_version,
    data_of_an_earlier_version,
    roles,
    emptied,
    rotated,
    probes,
    frozen,
    ended,
    *((killed_at_each_second,) if SECONDS else ()),
)


# Of a tree with databases for workspaces, what differs from one without.
SERVING = (roles, rotated, workspaces)

Planted = tuple[dict, dict]


def in_script(before: str, after: str) -> Callable[[dict, dict], Planted]:
    """Another script before the server."""

    def plant(server: dict, prepare: dict) -> Planted:
        if before not in prepare["command"][4]:
            raise Trouble(f"the script has no `{before}`")
        prepare["command"][4] = prepare["command"][4].replace(before, after)
        return server, prepare

    return plant


def image_s_own(server: dict, prepare: dict) -> Planted:
    """The image initialises in place, and only the password is set."""
    server["command"], server["args"] = [], ["true"]
    command = ["/bin/bash", "-euo", "pipefail", "-c", EARLIER, "postgresql", "postgres"]
    prepare["command"], prepare["args"] = command, []
    return server, prepare


def asking(command: list[str], *probes: str) -> Callable[[dict, dict], Planted]:
    """Probes that ask something else."""

    def plant(server: dict, prepare: dict) -> Planted:
        for name in probes:
            server[f"{name}Probe"]["exec"]["command"] = command
        return server, prepare

    return plant


def without_hook(server: dict, prepare: dict) -> Planted:
    """A clean end that is left to the image."""
    del server["lifecycle"]
    return server, prepare


def ending_at_once(server: dict, prepare: dict) -> Planted:
    """A hook that ends the server while it still runs."""
    command = ["pg_ctl", "stop", "--mode=fast", "--no-wait"]
    server["lifecycle"]["preStop"]["exec"]["command"] = command
    return server, prepare


PG_ISREADY = ["pg_isready", "-h", "127.0.0.1", "-U", "openwebui", "-d", "openwebui"]
# What is planted, and the check that must see it.
FAULTS = (
    ("the image initialises in place", image_s_own, killed),
    (
        "another database than the clients'",
        in_script('CREATE DATABASE \\"$POSTGRES_DB\\"', 'CREATE DATABASE \\"other\\"'),
        killed,
    ),
    (
        "addresses that no line of pg_hba.conf lets in",
        in_script('\\"$POSTGRES_USER\\" all scram-sha-256', '\\"other\\" all scram-sha-256'),
        killed,
    ),
    (
        "addresses that need no password",
        in_script('\\"$POSTGRES_USER\\" all scram-sha-256', '\\"$POSTGRES_USER\\" all trust'),
        killed,
    ),
    ("a client that is a superuser", in_script("LOGIN NOSUPERUSER", "LOGIN SUPERUSER"), roles),
    (
        "a backup that may write",
        in_script("GRANT pg_read_all_data", "GRANT pg_write_all_data, pg_read_all_data"),
        roles,
    ),
    (
        "an exporter that may read chats",
        in_script("GRANT pg_monitor", "GRANT pg_read_all_data, pg_monitor"),
        roles,
    ),
    (
        "a superuser by network",
        in_script('127.0.0.1/32 trust"', '127.0.0.1/32 trust" "host all all all trust"'),
        roles,
    ),
    (
        "what an earlier version's client made stays the superuser's",
        in_script("EXECUTE 'ALTER ' || it", "EXECUTE 'SELECT 1; --' || it"),
        data_of_an_earlier_version,
    ),
    (
        "what is half made is kept",
        in_script('[ -z "$found" ]', '[ ! -d "$PGDATA" ]'),
        half_by_an_earlier_version,
    ),
    (
        "what an earlier version made is removed",
        in_script('[ -z "$found" ]', "true"),
        data_of_an_earlier_version,
    ),
    (
        "no mark: a database without tables is made anew",
        in_script(': >"$new/initialised"', ":"),
        emptied,
    ),
    (
        "a password that nobody sets",
        in_script('PASSWORD $(quoted "$POSTGRES_PASSWORD")', "PASSWORD 'another'"),
        rotated,
    ),
    ("a password that is no text of SQL", in_script("//\\'/\\'\\'}", "}"), rotated),
    ("a password whose empty line ends its statement", in_script("//$'\\n'/\\\\n}", "}"), rotated),
    (
        "readiness asks whether there is a server",
        asking(PG_ISREADY, "readiness"),
        probes,
    ),
    ("liveness asks whether the server is ready", asking(PG_ISREADY, "liveness"), probes),
    ("startup asks whether the server is ready", asking(PG_ISREADY, "startup"), probes),
    ("liveness asks nothing", asking(["true"], "liveness"), frozen),
    ("startup asks nothing", asking(["true"], "startup"), frozen),
    (
        "workspaces that come to every database",
        in_script("host sameuser +", "host all +"),
        workspaces,
    ),
    (
        "an administrator of databases that is a superuser",
        in_script("LOGIN NOSUPERUSER CREATEDB", "LOGIN SUPERUSER CREATEDB"),
        workspaces,
    ),
    (
        "a Job that leaves the way to a workspace's data open",
        InJob("SELECT format('REVOKE %I FROM CURRENT_USER', name)", "SELECT 'SELECT 1'"),
        workspaces,
    ),
    (
        "a Job that does not bound connections",
        InJob(":'connections', verifier", "'-1', verifier"),
        workspaces,
    ),
    (
        "a Job that cannot run twice",
        InJob("WHERE to_regrole(quote_ident(name)) IS NULL", ""),
        workspaces,
    ),
    ("a clean end rests on the image's signal", without_hook, ended),
    ("a hook that its own work takes along", ending_at_once, ended),
)


def trees_of(ctx: Context) -> list:
    """The trees that run a database, one of each form of its container."""
    found: dict[str, Tree] = {}
    differ = ("image", "args", "resources")
    for tree in ctx.trees:
        for thing in tree.things:
            if thing.name == "StatefulSet/postgresql":
                pod = thing.value["spec"]["template"]["spec"]
                form = ""
                for own in (*pod["initContainers"], *pod["containers"]):
                    kept = {key: value for key, value in own.items() if key not in differ}
                    form += SECRET.sub("", json.dumps(kept, sort_keys=True))
                found.setdefault(form, tree)
    return list(found.values())


# The name of a Secret, whose end each sealing draws anew.
SECRET = re.compile(r'"name": "postgresql(-backup|-exporter|-workspaces)?(-[a-z0-9]{5})?"')


def is_serving(tree: Tree) -> bool:
    """Whether workspaces may have databases in it."""
    return any(thing.name.startswith("Job/workspace-databases-") for thing in tree.things)


def attempt(
    ctx: Context,
    tree: Tree,
    check: Callable[..., Any],
    plant: Callable[..., Any] | InJob | None = None,
) -> list[str]:
    """One check on a volume of its own."""
    with Stage(ctx, tree, plant) as stage:
        try:
            found = check(stage)
        except (Trouble, Failed) as trouble:
            found = [str(trouble)]
    return [f"{check.__name__.replace('_', ' ')}: {one}" for one in found]


def judge(ctx: Context) -> list[Row]:
    """One row a form of the container: trees differ in images, figures and names of Secrets."""
    rows = []
    for tree in trees_of(ctx):
        checks = SERVING if is_serving(tree) else CHECKS
        row, began = Row(f"database killed and ended: {tree.name}", len(checks)), time.monotonic()
        for check in checks:
            ctx.say(f"database: {tree.name}: {check.__name__}")
            row.findings += attempt(ctx, tree, check)
        row.seconds = time.monotonic() - began
        rows.append(row)
    return rows or [Row("database killed and ended", 0, [], 0.0, "no tree runs a database")]


def faults(ctx: Context) -> None:
    """Each is planted in the container of the first tree that has a database, or has it for
    workspaces."""
    for name, plant, check in FAULTS:
        tree = next(it for it in trees_of(ctx) if is_serving(it) == (check is workspaces))
        found = attempt(ctx, tree, check, plant)
        judge_of = f"database: {check.__name__.replace('_', ' ')}"
        ctx.fault(Fault(name, judge_of, found[0] if found else "", bool(found)))
