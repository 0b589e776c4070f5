if [ -n "${DATA:-}" ]; then
  # After the database, which so names no file that is not in the archive. Files that come and go meanwhile are no failure (1).
  tar --create --file "$work/files.tar" --directory "$DATA" --exclude './cache' --exclude './webui.db*' --exclude './lost+found' \
    --exclude './.restoring' --exclude './.replaced' . || [ $? -eq 1 ]
fi
# Whose it is, so that no other platform takes it for its own.
printf '%s\n' "$PLATFORM" >"$work/platform"
sums=$(cd "$work" && sha256sum -- *)
printf '%s\n' "$sums" >"$work/SHA256SUMS"
sync -- "$work"/*
name=$(date --utc +%Y-%m-%dT%H-%M-%SZ)
mv --no-target-directory -- "$work" "$BACKUPS/$name"
say "$name is whole: $(bytes "$BACKUPS/$name") bytes"
if [ -n "${KEEP:-}" ]; then
  all=("$BACKUPS"/$stamp)
  for ((at = 0; at < ${#all[@]} - KEEP; at++)); do
    rm -rf -- "${all[at]}"
    say "${all[at]##*/} is removed: $KEEP are kept"
  done
fi
