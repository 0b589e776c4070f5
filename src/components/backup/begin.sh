# Writes one backup to $BACKUPS: a folder that is named by its moment, and has its name only when it is whole.
shopt -s dotglob nullglob
say() { printf 'backup: %s\n' "$*"; }
fail() {
  say "$*" >&2
  exit 1
}
stamp='????-??-??T??-??-??Z'
bytes() { if [ $# -gt 0 ]; then du --summarize --bytes --total -- "$@" | tail --lines 1 | cut --fields 1; else echo 0; fi; }

exec 9>"$BACKUPS/.lock"
flock --nonblock 9 || fail "another backup is being written"
work=$BACKUPS/.unfinished
rm -rf -- "$work"
mkdir -- "$work"
if [ -n "${LIMIT:-}" ]; then
  # The volume's size is a promise that not every class of storage holds its users to: a full one would fill the node's disk.
  there=$(bytes "$BACKUPS"/$stamp)
  dumps=("$BACKUPS"/$stamp/database.dump)
  dump=$(bytes ${dumps[@]:+"${dumps[-1]}"})
  files=$(bytes ${DATA:+"$DATA"})
  if ((there + dump + files > LIMIT)); then
    fail "the backups take $there bytes, one more takes about $((dump + files)), and the volume has $LIMIT: raise \`storage\` or lower \`keep\`"
  fi
fi
