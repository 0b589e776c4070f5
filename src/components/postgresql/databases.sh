# Makes a role and a database for each workspace of $LIST, and brings what is there to what is declared. Run again, it changes nothing.
# A new pod is refused for its first seconds, until its address is in the network policies: wait.
deadline=$((SECONDS + PATIENCE))
until said=$(psql --no-psqlrc --no-password --quiet --tuples-only --command 'SELECT 1' 2>&1); do
  if ((SECONDS >= deadline)); then
    echo "error: PostgreSQL does not answer: $said" >&2
    exit 1
  fi
  sleep 2
done
# psql quotes what it is given: nothing of the list or of the environment is ever a part of a statement. A line of the list has the
# name, and what PostgreSQL keeps of the password.
psql --no-psqlrc --no-password --quiet --output /dev/null --set ON_ERROR_STOP=1 \
  --set connections="$CONNECTIONS" --set group="$WORKSPACES_GROUP" --set prefix="$PREFIX" <<SQL
SET client_min_messages = warning;
-- One at a time.
SELECT pg_advisory_lock(hashtext(:'group'));
CREATE TEMPORARY TABLE wanted (name text PRIMARY KEY, verifier text NOT NULL);
\copy wanted FROM '$LIST' WITH (DELIMITER ' ')
SELECT format('CREATE ROLE %I', name) FROM wanted WHERE to_regrole(quote_ident(name)) IS NULL \gexec
SELECT format('GRANT %I TO %I', :'group', name) FROM wanted \gexec
SELECT format('ALTER ROLE %I LOGIN NOCREATEDB NOCREATEROLE CONNECTION LIMIT %s PASSWORD %L', name, :'connections', verifier)
  FROM wanted \gexec
-- Only who may become a role makes a database that is that role's; afterwards it may not become it any more.
SELECT format('GRANT %I TO CURRENT_USER', name) FROM wanted \gexec
SELECT format('CREATE DATABASE %I OWNER %I TEMPLATE template0', name, name)
  FROM wanted WHERE NOT EXISTS (SELECT FROM pg_database WHERE datname = name) \gexec
SELECT format('REVOKE ALL ON DATABASE %I FROM PUBLIC', name) FROM wanted \gexec
SELECT format('REVOKE %I FROM CURRENT_USER', name) FROM wanted \gexec
-- Of a workspace that is not wanted any more, the data stays, and nobody signs in.
SELECT format('ALTER ROLE %I NOLOGIN', r.rolname)
  FROM pg_roles r JOIN pg_auth_members m ON m.member = r.oid
  WHERE m.roleid = to_regrole(quote_ident(:'group')) AND r.rolcanlogin AND starts_with(r.rolname, :'prefix')
    AND r.rolname NOT IN (SELECT name FROM wanted) \gexec
SQL
echo "there is a database for each of $(wc -l <"$LIST") workspaces"
