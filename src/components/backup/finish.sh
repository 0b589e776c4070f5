if [ -n "${DATA:-}" ]; then
  # After the database, which so names no file that is not in the archive. Files that come and go meanwhile are no failure (1).
  tar --create --file "$work/files.tar" --directory "$DATA" --exclude './cache' --exclude './webui.db*' --exclude './lost+found' \
    --exclude './.restoring' --exclude './.replaced' . || [ $? -eq 1 ]
fi
# Whose it is and of when, so that no other platform takes it for its own, and no older one is taken for it.
printf '%s\n' "$PLATFORM" >"$work/platform"
name=$(date --utc +%Y-%m-%dT%H-%M-%SZ)
printf '%s\n' "$name" >"$work/name"
sums=$(cd "$work" && sha256sum -- *)
printf '%s\n' "$sums" >"$work/SHA256SUMS"
mv --no-target-directory -- "$work" "$BACKUPS/$name"
say "$name is whole: $(bytes "$BACKUPS/$name") bytes"
