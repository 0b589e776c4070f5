# What the scripts for S3 begin with. The keys come from the environment: rclone reads them there by itself.
set -o pipefail
say() { printf 'backup: %s\n' "$*"; }
fail() {
  say "$*" >&2
  exit 1
}
stamps='[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}-[0-9]{2}-[0-9]{2}Z'
# What has its sums is whole: they are sent last. Newest first. Where nothing was sent yet is no folder (3).
whole() {
  rclone lsf --recursive --files-only --include '/*/SHA256SUMS' "$AT" | sed -nE "s,^($stamps)/SHA256SUMS\$,\\1,p" | sort -r || [ $? -eq 3 ]
}
# A new pod is refused for its first seconds, until its address is in the network policies: wait.
waited=0
until said=$(whole 2>&1); do
  [ "$waited" -lt "$PATIENCE" ] || fail "the storage does not answer: $said"
  sleep 5
  waited=$((waited + 5))
done
