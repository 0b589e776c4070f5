# Sends the backup in $BACKUPS, then removes what is too old: a failure before leaves all that is there alone.
name=$(ls -1 "$BACKUPS" | grep -E "^$stamps\$" | tail -n 1)
rclone copy --exclude /SHA256SUMS "$BACKUPS/$name" "$AT/$name"
rclone copyto "$BACKUPS/$name/SHA256SUMS" "$AT/$name/SHA256SUMS"
say "$name is at ${AT#s3:}"
kept=$(whole)
printf '%s\n' "$kept" | tail -n "+$((KEEP + 1))" | while read -r old; do
  # The sums first: what is half removed is not whole.
  rclone deletefile "$AT/$old/SHA256SUMS"
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
