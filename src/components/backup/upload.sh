# Stores the backup in $BACKUPS, then removes what is too old: a failure before leaves all that is there alone.
name=$(ls -1 "$BACKUPS" | grep -E "^$stamps\$" | tail -n 1)
if [ -n "${LIMIT:-}" ]; then
  # The volume's size is a promise that not every class of storage holds its users to: a full one would fill the node's disk.
  there=$(du -sk "$AT" | cut -f 1) more=$(du -sk "$BACKUPS/$name" | cut -f 1)
  [ $(((there + more) * 1024)) -le "$LIMIT" ] ||
    fail "the backups take ${there}Ki, one more takes ${more}Ki, and the volume has $LIMIT bytes: raise \`storage\` or lower \`keep\`"
fi
rclone copy --exclude /SHA256SUMS "$BACKUPS/$name" "encrypted:$name"
rclone copyto "$BACKUPS/$name/SHA256SUMS" "encrypted:$name/SHA256SUMS"
say "$name is at ${AT#s3:}, encrypted"
encrypted=$(whole)
kept=$(
  printf '%s\n' "$encrypted"
  plain
)
kept=$(printf '%s\n' "$kept" | sort -ru)
printf '%s\n' "$kept" | tail -n "+$((KEEP + 1))" | while read -r old; do
  # The sums first: what is half removed is not whole.
  for sums in SHA256SUMS.bin SHA256SUMS; do
    rclone delete --include "/$sums" "$AT/$old"
  done
  rclone purge "$AT/$old"
  say "$old is removed: $KEEP are kept"
done
# What was never finished has no sums, and is older than what was finished just now.
rclone lsf --dirs-only "$AT" | sed -nE "s,^($stamps)/\$,\\1,p" | while read -r other; do
  if [ "$other" \< "$name" ] && ! printf '%s\n' "$kept" | grep -qxF "$other"; then
    rclone purge "$AT/$other"
    say "$other is removed: it was never finished"
  fi
done
