# A file that is being written to cannot be copied like any other: SQLite's own backup takes one state of it.
[ -f "$DATA/webui.db" ] || fail "there is no database yet: Open WebUI makes it when it starts for the first time"
python3 - "$DATA/webui.db" "$work/webui.db" <<'PYTHON'
import pathlib, sqlite3, sys

source = sqlite3.connect(f"{pathlib.Path(sys.argv[1]).as_uri()}?mode=ro", uri=True, timeout=60)
target = sqlite3.connect(sys.argv[2])
source.backup(target)
target.execute("PRAGMA journal_mode = DELETE")
verdict = target.execute("PRAGMA quick_check").fetchone()[0]
if verdict != "ok":
    sys.exit(f"backup: the database is damaged: {verdict}")
PYTHON
