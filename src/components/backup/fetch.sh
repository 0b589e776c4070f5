# Fetches one backup to $BACKUPS: the one that is named, or the newest.
all=$(whole)
[ -n "$all" ] || fail "there is no whole backup at ${AT#s3:}"
name=${BACKUP:-$(printf '%s\n' "$all" | head -n 1)}
printf '%s\n' "$all" | grep -qxF "$name" || fail "there is no whole backup $name; there are: $(printf '%s ' $all)"
rclone copy "$AT/$name" "$BACKUPS/$name"
say "$name is fetched"
