# Makes the database whole or not at all, recovers what a crash has left, and brings roles and passwords to what is declared.
# It runs before the server, where nothing ends it that takes its time; its arguments are the server's settings.

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

# Statements of the single-user mode, where one ends at a semicolon with an empty line after it. It asks nobody who they are.
single() { # folder, database, statement, words of `postgres`
  exec postgres --single -j -D "$1" "${@:4}" -c exit_on_error=on "$2" \
    < <(printf '%s;\n\n' "$3") >/dev/null
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
    # Order and case of text come from PostgreSQL itself, where it can: an image with another C library must not change indexes.
    locale=(--locale=C.UTF-8)
    case $(initdb --help) in *'{builtin|'*) locale+=(--locale-provider=builtin) ;; esac
    long initdb --pgdata="$new" --username=postgres --auth-local=peer --auth-host=scram-sha-256 --encoding=UTF8 \
      "${locale[@]}" --data-checksums --no-instructions
    long single "$new" postgres "CREATE ROLE \"$POSTGRES_USER\""
    long single "$new" postgres "CREATE DATABASE \"$POSTGRES_DB\" OWNER \"$POSTGRES_USER\""
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
# Who may come, from where: the superuser through the socket alone, as the very user that the server runs as; a probe from this pod
# alone; the others with their passwords, to this one database. Beside the data, which keeps what a person has written there.
printf '%s\n' "superuser $(id -un) postgres" >"$ACCESS/pg_ident.conf"
printf '%s\n' 'local all postgres peer map=superuser' "host \"$POSTGRES_DB\" \"$PROBE_USER\" 127.0.0.1/32 trust" \
  "host \"$POSTGRES_DB\" \"$POSTGRES_USER\" all scram-sha-256" "host \"$POSTGRES_DB\" \"$BACKUP_USER\" all scram-sha-256" \
  "host \"$POSTGRES_DB\" \"$EXPORTER_USER\" all scram-sha-256" >"$ACCESS/pg_hba.conf"
# Workspaces: each to the database of its own name, with its password; who makes these, to PostgreSQL's own.
if [ -n "${WORKSPACES_USER:-}" ]; then
  printf '%s\n' "host postgres \"$WORKSPACES_USER\" all scram-sha-256" "host sameuser +$WORKSPACES_GROUP all scram-sha-256" \
    >>"$ACCESS/pg_hba.conf"
fi

# A password in a statement. Its line breaks are escaped: none of them ends the statement. None: nobody signs in with one.
quoted() { # password
  if [ -z "$1" ]; then printf 'NULL' && return; fi
  local text=${1//\\/\\\\}
  text=${text//\'/\'\'}
  printf "E'%s'" "${text//$'\n'/\\n}"
}
# Before each start, so that a rotated password works. An error is a failure, and is not logged with the statement. What a crash has
# left is recovered here, with the server's own settings. The statements are one transaction: all of it holds, or nothing.
roles="DO \$roles\$
DECLARE it text;
BEGIN
  -- An earlier version made its client the superuser, who cannot become less: that role takes the superuser's name, and a new one
  -- the client's. Nobody renames the role that they are.
  IF (SELECT rolname FROM pg_authid WHERE oid = 10) = '$POSTGRES_USER' THEN
    CREATE ROLE espalier_renames SUPERUSER;
    SET LOCAL SESSION AUTHORIZATION espalier_renames;
    ALTER ROLE \"$POSTGRES_USER\" RENAME TO postgres;
    SET LOCAL SESSION AUTHORIZATION postgres;
    DROP ROLE espalier_renames;
    ALTER ROLE postgres PASSWORD NULL;
  END IF;
  FOREACH it IN ARRAY ARRAY['$POSTGRES_USER', '$BACKUP_USER', '$EXPORTER_USER', '$PROBE_USER'] LOOP
    IF to_regrole(quote_ident(it)) IS NULL THEN EXECUTE format('CREATE ROLE %I', it); END IF;
    EXECUTE format('ALTER ROLE %I LOGIN NOSUPERUSER NOCREATEDB NOCREATEROLE NOREPLICATION NOBYPASSRLS', it);
  END LOOP;
END \$roles\$;
GRANT pg_read_all_data TO \"$BACKUP_USER\";
GRANT pg_monitor TO \"$EXPORTER_USER\";
REVOKE ALL ON DATABASE \"$POSTGRES_DB\" FROM PUBLIC;
GRANT CONNECT ON DATABASE \"$POSTGRES_DB\" TO \"$BACKUP_USER\", \"$EXPORTER_USER\", \"$PROBE_USER\";
ALTER ROLE \"$POSTGRES_USER\" PASSWORD $(quoted "$POSTGRES_PASSWORD");
ALTER ROLE \"$BACKUP_USER\" PASSWORD $(quoted "${BACKUP_PASSWORD:-}");
ALTER ROLE \"$EXPORTER_USER\" PASSWORD $(quoted "${EXPORTER_PASSWORD:-}")"
if [ -n "${WORKSPACES_USER:-}" ]; then
  roles="$roles;
DO \$workspaces\$
BEGIN
  IF to_regrole('$WORKSPACES_GROUP') IS NULL THEN CREATE ROLE \"$WORKSPACES_GROUP\"; END IF;
  IF to_regrole('$WORKSPACES_USER') IS NULL THEN CREATE ROLE \"$WORKSPACES_USER\"; END IF;
END \$workspaces\$;
ALTER ROLE \"$WORKSPACES_USER\" LOGIN NOSUPERUSER CREATEDB CREATEROLE NOREPLICATION NOBYPASSRLS
  PASSWORD $(quoted "$WORKSPACES_PASSWORD");
GRANT \"$WORKSPACES_GROUP\" TO \"$WORKSPACES_USER\" WITH ADMIN OPTION"
fi
# What is the superuser's in that database becomes the client's, once: the database itself last.
owners="DO \$owners\$
DECLARE it text;
BEGIN
  IF (SELECT datdba FROM pg_database WHERE datname = current_database()) <> 10 THEN RETURN; END IF;
  FOR it IN
    WITH own AS (SELECT oid FROM pg_namespace WHERE nspname !~ '^pg_' AND nspname <> 'information_schema'),
      parts AS (SELECT objid FROM pg_depend WHERE deptype = 'e' OR deptype IN ('a', 'i') AND classid = 'pg_class'::regclass
        AND refclassid = 'pg_class'::regclass AND refobjsubid > 0)
    SELECT format('SCHEMA %s', oid::regnamespace) FROM pg_namespace WHERE nspowner = 10 AND oid IN (SELECT oid FROM own)
    UNION ALL SELECT format('TABLE %s', oid::regclass) FROM pg_class WHERE relowner = 10 AND relkind IN ('r', 'p', 'v', 'm', 'f', 'S')
      AND relnamespace IN (SELECT oid FROM own) AND oid NOT IN (SELECT objid FROM parts)
    UNION ALL SELECT format('ROUTINE %s', oid::regprocedure) FROM pg_proc WHERE proowner = 10
      AND pronamespace IN (SELECT oid FROM own) AND oid NOT IN (SELECT objid FROM parts)
    UNION ALL SELECT format('TYPE %s', t.oid::regtype) FROM pg_type t LEFT JOIN pg_class c ON c.oid = t.typrelid WHERE typowner = 10
      AND (typtype IN ('e', 'd', 'r') OR typtype = 'c' AND c.relkind = 'c')
      AND typnamespace IN (SELECT oid FROM own) AND t.oid NOT IN (SELECT objid FROM parts)
  LOOP
    EXECUTE 'ALTER ' || it || ' OWNER TO \"$POSTGRES_USER\"';
  END LOOP;
  EXECUTE format('ALTER DATABASE %I OWNER TO \"$POSTGRES_USER\"', current_database());
END \$owners\$"
long single "$PGDATA" postgres "$roles" "$@" -c log_min_error_statement=panic
long single "$PGDATA" "$POSTGRES_DB" "$owners" "$@" -c log_min_error_statement=panic
