[ -f "$from/database.dump" ] || fail "$name has no database.dump: it is of a platform without PostgreSQL. Nothing was changed"
pg_restore --list "$from/database.dump" >/dev/null
ask() { psql --no-psqlrc --no-password --quiet --tuples-only --no-align --set ON_ERROR_STOP=1 --command "$1"; }
deadline=$((SECONDS + PATIENCE))
until said=$(ask 'SELECT 1' 2>&1); do
  ((SECONDS < deadline)) || fail "PostgreSQL does not answer: $said"
  sleep 2
done
# As Open WebUI leaves it after its first start: tables, at most its one administrator, no chat. That is empty too.
tables=$(ask "SELECT count(*) FROM pg_tables WHERE schemaname NOT IN ('pg_catalog', 'information_schema')")
if ((tables)); then
  known=$(ask "SELECT count(*) FROM pg_tables WHERE schemaname = 'public' AND tablename IN ('chat', 'user')")
  rows=$tables
  if ((known == 2)); then rows=$(ask 'SELECT (SELECT count(*) FROM chat) + greatest((SELECT count(*) FROM "user") - 1, 0)'); fi
  ((rows == 0)) || occupied "the database holds something ($tables tables)"
fi
unpack
# One transaction that only its last line commits: whichever end breaks, the database is as it was. Dropping all schemas takes along
# what a newer version has made since, which a restore by itself would leave in the way of that version's next migration.
{
  cat <<'SQL'
BEGIN;
SET LOCAL lock_timeout = '60s';
SET LOCAL client_min_messages = warning;
DO $drop$ DECLARE it name; BEGIN
  FOR it IN SELECT nspname FROM pg_namespace WHERE nspname !~ '^pg_' AND nspname <> 'information_schema' LOOP
    EXECUTE format('DROP SCHEMA %I CASCADE', it);
  END LOOP;
END $drop$;
CREATE SCHEMA public AUTHORIZATION pg_database_owner;
GRANT USAGE ON SCHEMA public TO PUBLIC;
COMMENT ON SCHEMA public IS 'standard public schema';
SQL
  pg_restore --no-owner --file - "$from/database.dump" && echo 'COMMIT;'
} | psql --no-psqlrc --no-password --quiet --set ON_ERROR_STOP=1 --output /dev/null
say "the database is that of $name"
