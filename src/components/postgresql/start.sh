# Makes the database whole or not at all, sets the role's password, and starts the server.

# To process 1 a signal without a handler means nothing, and bash runs a handler only when its
# foreground command has ended: each step that may be long runs beside it, so that a pod that goes
# while it starts ends at once. What such a step leaves is what a crash leaves.
child=
trap 'kill "$child" 2>/dev/null || true; exit 143' INT TERM
long() {
  "$@" &
  child=$!
  wait "$child"
}
refuse() {
  echo "error: $*" >&2
  exit 1
}

# Statements of the single-user mode, where one ends at a semicolon with an empty line after it.
single() { # statement, folder, words of `postgres`
  exec postgres --single -j -D "$2" "${@:3}" -c exit_on_error=on postgres \
    < <(printf '%s;\n\n' "$1") >/dev/null
}

# Nothing that `initdb` makes has a number from 16384: a file or tablespace that has one is
# somebody's. Links are followed: to the folder, and in it.
held() { # folder
  find -L "$1" '(' -type f -path "$1/base/*" -o -path "$1/pg_tblspc/*" ')' \
    -name '[1-9]*' -printf '%f\n' | sed 's/[^0-9].*//' | awk '$1 >= 16384'
}

new=${PGDATA%/*}/.initdb-unfinished
if [ ! -e "$PGDATA/initialised" ]; then
  # Without the mark it is a folder of an earlier version, whose making may have been interrupted.
  # One that holds something is kept, whatever else is wrong with it.
  found=
  if [ -d "$PGDATA" ]; then found=$(held "$PGDATA"); fi
  if [ -z "$found" ]; then
    # Only a person makes a link; where it leads may not be mounted.
    if [ -L "$PGDATA" ]; then
      refuse "$PGDATA is a link, and there is no database behind it: mount its target, or remove it"
    fi
    if [ -e "$new" ] || [ -L "$new" ]; then
      if [ -L "$new" ]; then refuse "$new is a link: move it away"; fi
      found=$(held "$new")
      if [ -n "$found" ]; then refuse "$new holds somebody's tables: move it away"; fi
    fi
    long rm -rf -- "$PGDATA" "$new"
    long initdb --pgdata="$new" --username="$POSTGRES_USER" --auth=trust --data-checksums \
      --no-instructions
    # The pod's own addresses need no password: the probes have none. All others do.
    printf '\nhost all all all scram-sha-256\n' >>"$new/pg_hba.conf"
    long single "CREATE DATABASE \"$POSTGRES_DB\"" "$new"
    : >"$new/initialised"
    # All of it is on the disk before it has its name, and the name before anybody can write.
    long sync --file-system -- "$new"
    mv --no-target-directory -- "$new" "$PGDATA"
    long sync --file-system -- "$PGDATA"
  else
    : >"$PGDATA/initialised"
  fi
fi
# A volume that was copied or given to a group may have lost it, and PostgreSQL insists.
chmod 0700 -- "$PGDATA"
# Before each start, so that a rotated password works. Its line breaks are escaped: none of them
# ends the statement. An error is a failure, and is not logged with it. What a crash has left is
# recovered here, with the server's own settings.
password=${POSTGRES_PASSWORD//\\/\\\\}
password=${password//\'/\'\'}
password=${password//$'\n'/\\n}
long single "ALTER ROLE \"$POSTGRES_USER\" WITH PASSWORD E'$password'" "$PGDATA" "${@:2}" \
  -c log_min_error_statement=panic
exec docker-entrypoint.sh "$@"
