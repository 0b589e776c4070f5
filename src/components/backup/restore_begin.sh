# Puts one backup of $BACKUPS back: the one that is named, or the newest. Nothing is changed before it has been read to its end.
shopt -s dotglob nullglob
say() { printf 'restore: %s\n' "$*"; }
fail() {
  say "$*" >&2
  exit 1
}
all=("$BACKUPS"/????-??-??T??-??-??Z)
((${#all[@]})) || fail "there is no backup"
name=${BACKUP:-${all[-1]##*/}}
from=$BACKUPS/$name
[[ $name == ????-??-??T??-??-??Z && -f $from/SHA256SUMS ]] || fail "there is no backup $name; there are: ${all[*]##*/}"
(cd "$from" && sha256sum --check --strict --quiet SHA256SUMS) || fail "$name is damaged: nothing was changed"
for file in "$from"/*; do
  [ "${file##*/}" = SHA256SUMS ] || grep -qF "  ${file##*/}" "$from/SHA256SUMS" || fail "$name has ${file##*/}, and no sum of it: nothing was changed"
done
# Each file is what was sent; so is all of it, unless somebody gave an older backup a newer one's name.
if [ -f "$from/name" ] && [ "$(cat "$from/name")" != "$name" ]; then
  fail "$name is the backup $(head --bytes 300 -- "$from/name" | tr --complement --delete '0-9TZ-') under another name. Nothing was changed"
fi
# One of an earlier version does not say whose it is.
whose=
if [ -f "$from/platform" ]; then whose=$(head --bytes 300 -- "$from/platform" | tr --complement --delete 'a-z0-9.-'); fi
if [ -n "$whose" ] && [ "$whose" != "$PLATFORM" ] && [ "${RESTORE_ADOPT:-}" != yes ]; then
  fail "$name is a backup of the platform $whose, and this is $PLATFORM; to take it over, run \`bootstrap.sh restore\` with --adopt-backup. Nothing was changed"
fi
occupied() {
  [ "${RESTORE_FORCE:-}" = yes ] || fail "$1; to replace it all, run \`bootstrap.sh restore\` with --force. Nothing was changed"
  say "$1, and is replaced"
}
if [ -n "${DATA:-}" ]; then
  [ -f "$from/files.tar" ] || fail "$name has no files.tar: nothing was changed"
fi
# Beside what is there, so that a full volume is found out before anything is replaced.
unpack() {
  [ -n "${DATA:-}" ] || return 0
  new=$DATA/.restoring
  trap 'rm -rf -- "$new"' EXIT
  rm -rf -- "$new"
  mkdir -- "$new"
  tar --extract --file "$from/files.tar" --directory "$new" --no-same-owner --no-overwrite-dir
}
