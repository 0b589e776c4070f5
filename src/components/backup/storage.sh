# What the scripts for the storage begin with. Settings and keys come from the environment: rclone reads them there by itself.
set -o pipefail
say() { printf 'backup: %s\n' "$*"; }
fail() {
  say "$*" >&2
  exit 1
}
# What goes to `encrypted:` is encrypted at $AT. What comes from there is what was sent, piece by piece, or an error; that the pieces
# are all of it, and of one backup, the sums say, which are encrypted as well.
RCLONE_CONFIG_ENCRYPTED_PASSWORD=$(printf '%s' "$ENCRYPTION_KEY" | rclone obscure -)
export RCLONE_CONFIG_ENCRYPTED_PASSWORD
stamps='[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}-[0-9]{2}-[0-9]{2}Z'
# What has its sums is whole: they are sent last. Newest first. Where nothing was sent yet is no folder (3).
having() { # the file of the sums
  rclone lsf --recursive --files-only --include "/*/$1" "$AT" | sed -nE "s,^($stamps)/$1\$,\\1,p" | sort -r || [ $? -eq 3 ]
}
whole() { having SHA256SUMS.bin; }
# Of an earlier version. Whoever may write there could have made one.
plain() { having SHA256SUMS; }
# A new pod is refused for its first seconds, until its address is in the network policies: wait.
waited=0
until said=$(whole 2>&1); do
  [ "$waited" -lt "$PATIENCE" ] || fail "the storage does not answer: $said"
  sleep 5
  waited=$((waited + 5))
done
