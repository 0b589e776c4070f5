# Writes one backup to $BACKUPS: a folder that is named by its moment, and has its name only when it is whole.
shopt -s dotglob nullglob
say() { printf 'backup: %s\n' "$*"; }
fail() {
  say "$*" >&2
  exit 1
}
bytes() { du --summarize --bytes --total -- "$@" | tail --lines 1 | cut --fields 1; }

work=$BACKUPS/.unfinished
rm -rf -- "$work"
mkdir -- "$work"
