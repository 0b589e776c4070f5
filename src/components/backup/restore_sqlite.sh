[ -f "$from/webui.db" ] || fail "$name has no webui.db: it is of a platform with PostgreSQL. Nothing was changed"
rows=$(python3 - "$from/webui.db" "$DATA/webui.db" <<'PYTHON'
import pathlib, sqlite3, sys


def rows(path, query):
    with sqlite3.connect(f"{pathlib.Path(path).as_uri()}?mode=ro", uri=True) as database:
        return database.execute(query).fetchone()[0]


if rows(sys.argv[1], "PRAGMA quick_check") != "ok":
    sys.exit("restore: webui.db is damaged. Nothing was changed")
if not pathlib.Path(sys.argv[2]).exists():
    print(0)
elif rows(sys.argv[2], "SELECT count(*) FROM sqlite_schema WHERE name IN ('chat', 'user')") == 2:
    # As Open WebUI leaves it after its first start: at most one account, no chat. That is empty too.
    print(rows(sys.argv[2], 'SELECT (SELECT count(*) FROM chat) + max((SELECT count(*) FROM "user") - 1, 0)'))
else:
    print(rows(sys.argv[2], "SELECT count(*) FROM sqlite_schema"))
PYTHON
)
((rows == 0)) || occupied "the database holds something ($rows rows or tables)"
unpack
cp -- "$from/webui.db" "$new/webui.db"
