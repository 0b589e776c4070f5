# Fetches one backup to $BACKUPS and decrypts it: the one that is named, or the newest that is encrypted.
all=$(whole)
others=$(plain)
named() { printf '%s\n' "$1" | grep -qxF "$name"; }
taking="run \`bootstrap.sh restore\` with --backup and --adopt-backup"
name=${BACKUP:-$(printf '%s\n' "$all" | head -n 1)}
if [ -z "$name" ]; then
  [ -z "$others" ] || fail "there is no encrypted backup at ${AT#s3:}. Those of an earlier version are not encrypted, and nothing proves who wrote them: $(printf '%s ' $others). To take one, $taking"
  fail "there is no whole backup at ${AT#s3:}"
fi
if named "$all"; then
  from=encrypted:$name
elif named "$others"; then
  [ "${RESTORE_ADOPT:-}" = yes ] || fail "$name is of an earlier version and not encrypted: nothing proves who wrote it. To take it all the same, $taking. Nothing was changed"
  from=$AT/$name
else
  fail "there is no whole backup $name; there are: $(printf '%s ' $all $others)"
fi
unopened="$name cannot be opened: it is damaged, or encrypted with another key than this platform's (credential \`backup-encryption\`). Nothing was changed"
rclone copyto --retries 2 "$from/SHA256SUMS" "$BACKUPS/$name/SHA256SUMS" || fail "$unopened"
rclone copy --retries 2 "$from" "$BACKUPS/$name" || fail "$unopened"
say "$name is fetched"
