# A new pod is refused for its first seconds, until its address is in the network policies: wait.
deadline=$((SECONDS + PATIENCE))
until said=$(psql --no-psqlrc --no-password --quiet --tuples-only --command 'SELECT 1' 2>&1); do
  ((SECONDS < deadline)) || fail "PostgreSQL does not answer: $said"
  sleep 2
done
pg_dump --no-password --format custom --lock-wait-timeout 60s --file "$work/database.dump"
