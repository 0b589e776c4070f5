# Makes the database whole or not at all, sets the role's password, and starts the server.

# To process 1 a signal without a handler means nothing: with one, a pod that goes while it starts
# does not wait to be killed.
trap 'exit 143' INT TERM
new=$PGDATA.new
if [ ! -e "$PGDATA/initialised" ]; then
  # Without the mark it is a folder of an earlier version, whose making may have been interrupted.
  # Nothing that `initdb` makes has a number from 16384: a file or tablespace that has one is
  # somebody's, and then the folder is kept, whatever else is wrong with it.
  held=
  if [ -d "$PGDATA" ]; then
    held=$(
      find "$PGDATA" '(' -type f -path "$PGDATA/base/*" -o -path "$PGDATA/pg_tblspc/*" ')' \
        -name '[1-9]*' -printf '%f\n' | sed 's/[^0-9].*//' | awk '$1 >= 16384'
    )
  fi
  if [ -z "$held" ]; then
    rm -rf -- "$PGDATA" "$new"
    initdb --pgdata="$new" --username="$POSTGRES_USER" --auth=trust --data-checksums --no-instructions
    # The pod's own addresses need no password: the probes have none. All others do.
    printf '\nhost all all all scram-sha-256\n' >>"$new/pg_hba.conf"
    printf 'CREATE DATABASE "%s";\n\n' "$POSTGRES_DB" |
      postgres --single -j -D "$new" -c exit_on_error=on postgres >/dev/null
    : >"$new/initialised"
    # All of it is on the disk before it has its name, and the name before anybody can write.
    sync --file-system -- "$new"
    mv --no-target-directory -- "$new" "$PGDATA"
    sync --file-system -- "$PGDATA"
  else
    : >"$PGDATA/initialised"
  fi
fi
# A volume that was copied or given to a group may have lost it, and PostgreSQL insists.
chmod 0700 -- "$PGDATA"
# Before each start, so that a rotated password works. With `-j` a statement ends at an empty line,
# so that a password may hold a line break; an error is a failure, and is not logged with it. What a
# crash has left is recovered here.
printf "ALTER ROLE \"%s\" WITH PASSWORD '%s';\n\n" "$POSTGRES_USER" "${POSTGRES_PASSWORD//\'/\'\'}" |
  postgres --single -j -D "$PGDATA" -c exit_on_error=on -c log_min_error_statement=panic postgres >/dev/null
exec docker-entrypoint.sh "$@"
