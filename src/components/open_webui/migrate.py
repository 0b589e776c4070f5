# Takes the database to the revision that this image knows. Importing the app's settings does that,
# and costs a whole start of the app, so it is done only where the revisions differ.
import ast
import os
import secrets
import time
from importlib.util import find_spec
from pathlib import Path

from alembic.runtime.migration import MigrationContext
from sqlalchemy import create_engine, text
from sqlalchemy.exc import OperationalError
from sqlalchemy.pool import NullPool


def known(folder):
    """The revisions of the migrations' files, and those that no other one builds on. The files are
    read, not run: some of them import the app."""
    revisions, below = set(), set()
    for file in folder.glob("*.py"):
        for line in ast.parse(file.read_text(encoding="utf-8")).body:
            targets = getattr(line, "targets", [getattr(line, "target", None)])
            names = [getattr(target, "id", None) for target in targets]
            if "revision" in names:
                revisions.add(ast.literal_eval(line.value))
            if "down_revision" in names:
                parents = ast.literal_eval(line.value)
                below.update([parents] if isinstance(parents, str) else parents or [])
    return revisions, revisions - below


def readable(folder):
    """Nothing where the files have another form: then the app decides."""
    try:
        return known(folder)
    except (OSError, SyntaxError, ValueError) as why:
        print(f"the migrations cannot be compared: {why}", flush=True)
        return set(), set()


def words(revisions):
    return ", ".join(sorted(revisions))


# The key that the server's own start script would make, in the same place: settings that are read
# without one end the process.
key = Path(os.environ.get("WEBUI_SECRET_KEY_FILE", ""))
if not os.environ.get("WEBUI_SECRET_KEY") and key.name:
    if not key.exists():
        new = key.with_name(f"{key.name}.new")
        new.write_text(secrets.token_urlsafe(36), encoding="ascii")
        new.chmod(0o600)
        new.replace(key)
    os.environ["WEBUI_SECRET_KEY"] = key.read_text(encoding="utf-8").strip()

file = Path(os.environ["DATA_DIR"], "webui.db").resolve()
url = os.environ.get("DATABASE_URL", f"sqlite:///{file}")
has_server = "DATABASE_URL" in os.environ
# A new pod's first connections are refused until the node knows its address, so they are tried
# again.
engine = create_engine(
    url,
    poolclass=NullPool,
    isolation_level="AUTOCOMMIT",
    connect_args={"connect_timeout": 5} if has_server else {},
)
for attempt in range(30):
    try:
        session = engine.connect()
        break
    except OperationalError as refused:
        reason = [line for line in str(refused.orig).splitlines() if line.strip()]
        print(f"no connection to the database: {(reason or ['no reason given'])[-1]}", flush=True)
        time.sleep(2)
else:
    raise SystemExit("no connection to the database after 30 tries: the reason is above")

# One pod after the other. The lock belongs to the session: the server's end of it ends with the
# pod, however that ends. A file has one pod.
if has_server:
    session.execute(text("SELECT pg_advisory_lock(hashtext('open-webui-migrations'))"))
present = set(MigrationContext.configure(session).get_current_heads())
app = Path(find_spec("open_webui").origin).parent
revisions, newest = readable(app / "migrations/versions")
unknown = present - revisions if revisions else set()
if unknown:
    raise SystemExit(
        f"The database is at revision {words(unknown)}, which this version of Open WebUI does not "
        "know: a newer one has migrated it, and there is no way back. Nothing was changed. Pin the "
        "newer version again (open-webui in spec/versions.yaml), or restore an older backup."
    )
if present and present == newest:
    print(f"the database is at revision {words(newest)}: nothing to migrate", flush=True)
else:
    print(f"migrating from {words(present) or 'nothing'} to {words(newest)}", flush=True)
    import open_webui.config
