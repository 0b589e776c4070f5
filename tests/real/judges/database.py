"""Kills the tree's PostgreSQL at any moment of its first start; asks when it is found ready, and
how it ends."""

import json
import os
import random
import signal
import subprocess
import time

from .database_stage import EARLIER, Stage, Trouble
from .processes import Failed, wait_until
from .table import Fault, Row

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


def spread(stage: Stage, number: int, seconds: float):
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
    stage.sql("CREATE TABLE chat (id integer); INSERT INTO chat SELECT generate_series(1, 1000)")
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
    ready, every = ("startup", "readiness"), ("startup", "readiness", "liveness")
    stage.start()
    stage.ready()
    found = [f"{name} fails on a server that is well" for name in every if not stage.probe(name)]
    stage.sql(f"DROP DATABASE {stage.name} WITH (FORCE)", database="postgres")
    found += [f"{name} succeeds without the database" for name in ready if stage.probe(name)]
    if not stage.probe("liveness"):
        found.append("liveness ends a server without the database, which helps nothing")
    stage.stop(signal.SIGINT, 20)
    # A server that recovers from an archive rejects, as one does that recovers from a crash, for as
    # long as one likes.
    (stage.data / "standby.signal").touch()
    stage.start(arguments=["postgres", "-c", "hot_standby=off", "-c", "restore_command=false"])
    deadline = time.monotonic() + 30
    while not (stage.first() and stage.inside(["pg_isready", "-q", "-h", "127.0.0.1"]) == 1):
        if time.monotonic() > deadline:
            raise Trouble(f"no server that recovers: {stage.said()}")
        time.sleep(0.2)
    found += [f"{name} succeeds while the server recovers" for name in ready if stage.probe(name)]
    if not stage.probe("liveness"):
        found.append("liveness ends a server that recovers, which so never gets to its end")
    return found


def frozen(stage: Stage) -> list[str]:
    """A server that answers nothing is not alive."""
    stage.start()
    stage.ready()
    if not stage.signal(signal.SIGSTOP):
        raise Trouble(f"there is no server to freeze: {stage.said()}")
    return ["liveness succeeds on a server that answers nothing"] if stage.probe("liveness") else []


def ended(stage: Stage) -> list[str]:
    """Whatever signal the image names: it ends soon, with a client, and recovers nothing."""
    stage.start()
    stage.ready()
    stage.sql("CREATE TABLE chat (id integer)")
    found = []
    for number in (signal.SIGTERM, signal.SIGINT):
        client = stage.client("SELECT pg_sleep(600)")
        asleep = "SELECT count(*) FROM pg_stat_activity WHERE wait_event = 'PgSleep'"
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


CHECKS = (killed, killed_again, half_by_an_earlier_version, data_of_an_earlier_version, emptied,
          rotated, probes, frozen, ended, *((killed_at_each_second,) if SECONDS else ()))


def in_script(before: str, after: str):
    """Another start script."""
    def plant(container: dict) -> dict:
        if before not in container["command"][4]:
            raise Trouble(f"the script has no `{before}`")
        container["command"][4] = container["command"][4].replace(before, after)
        return container
    return plant


def whole_script(text: str):
    """Quite another start script."""
    def plant(container: dict) -> dict:
        container["command"][4] = text
        return container
    return plant


def asking(command: list[str], *probes: str):
    """Probes that ask something else."""
    def plant(container: dict) -> dict:
        for name in probes:
            container[f"{name}Probe"]["exec"]["command"] = command
        return container
    return plant


def without_hook(container: dict) -> dict:
    """A clean end that is left to the image."""
    del container["lifecycle"]
    return container


PG_ISREADY = ["pg_isready", "-h", "127.0.0.1", "-U", "openwebui", "-d", "openwebui"]
# What is planted, and the check that must see it.
FAULTS = (
    ("the image initialises in place", whole_script(EARLIER), killed),
    ("another database than the clients'",
     in_script('DATABASE \\"$POSTGRES_DB\\"', 'DATABASE \\"other\\"'), killed),
    ("addresses that no line of pg_hba.conf lets in",
     in_script("host all all all scram-sha-256", ""), killed),
    ("addresses that need no password",
     in_script("all all all scram-sha-256", "all all all trust"), killed),
    ("what is half made is kept",
     in_script('[ -z "$found" ]', '[ ! -d "$PGDATA" ]'), half_by_an_earlier_version),
    ("what an earlier version made is removed",
     in_script('[ -z "$found" ]', "true"), data_of_an_earlier_version),
    ("no mark: a database without tables is made anew",
     in_script(': >"$new/initialised"', ":"), emptied),
    ("a password that nobody sets",
     in_script("WITH PASSWORD E'$password'", "WITH CONNECTION LIMIT -1 /* $password */"), rotated),
    ("a password that is no text of SQL", in_script("//\\'/\\'\\'}", "}"), rotated),
    ("a password whose empty line ends its statement",
     in_script("//$'\\n'/\\\\n}", "}"), rotated),
    ("readiness asks whether there is a server",
     asking(PG_ISREADY, "startup", "readiness"), probes),
    ("liveness asks whether the server is ready", asking(PG_ISREADY, "liveness"), probes),
    ("liveness asks nothing", asking(["true"], "liveness"), frozen),
    ("a clean end rests on the image's signal", without_hook, ended),
)


def trees_of(ctx) -> list:
    """The trees that run a database, one of each form of its container."""
    found, differ = {}, ("image", "args", "resources")
    for tree in ctx.trees:
        for thing in tree.things:
            if thing.name == "StatefulSet/postgresql":
                own = thing.value["spec"]["template"]["spec"]["containers"][0]
                kept = {key: value for key, value in own.items() if key not in differ}
                form = json.dumps(kept, sort_keys=True).replace(secret_of(kept), "")
                found.setdefault(form, tree)
    return list(found.values())


def secret_of(container: dict) -> str:
    """The name of the Secret with the password, which each sealing draws anew."""
    password = next(one for one in container["env"] if one["name"] == "POSTGRES_PASSWORD")
    return password["valueFrom"]["secretKeyRef"]["name"]


def attempt(ctx, tree, check, plant=None) -> list[str]:
    """One check on a volume of its own."""
    with Stage(ctx, tree, plant) as stage:
        try:
            found = check(stage)
        except (Trouble, Failed) as trouble:
            found = [str(trouble)]
    return [f"{check.__name__.replace('_', ' ')}: {one}" for one in found]


def judge(ctx) -> list[Row]:
    """One row a form of the container: trees differ in images, figures and names of Secrets."""
    rows = []
    for tree in trees_of(ctx):
        row, began = Row(f"database killed and ended: {tree.name}", len(CHECKS)), time.monotonic()
        for check in CHECKS:
            ctx.say(f"database: {tree.name}: {check.__name__}")
            row.findings += attempt(ctx, tree, check)
        row.seconds = time.monotonic() - began
        rows.append(row)
    return rows or [Row("database killed and ended", 0, [], 0.0, "no tree runs a database")]


def faults(ctx) -> None:
    """Each is planted in the container of the first tree that has a database."""
    for name, plant, check in FAULTS:
        found = attempt(ctx, trees_of(ctx)[0], check, plant)
        judge_of = f"database: {check.__name__.replace('_', ' ')}"
        ctx.fault(Fault(name, judge_of, found[0] if found else "", bool(found)))
