# --- How it talks, and how it runs what changes something ---------------------------------------------------------------------------

usage() {
  cat <<TEXT
usage: bash bootstrap/bootstrap.sh [VERB] [FLAGS]

  up        (default) brings this node to the platform '$platform'; run it again after it was stopped
  status    shows the Applications, wave by wave, and the last error of the first that is not healthy
  verify    signs in to the chat through its public address, asks one question, shows the answer and its speed
  restore   puts the last backup of database and uploaded files back (Argo CD and the chat rest meanwhile)
  teardown  has Argo CD remove the platform; namespaces, volumes and the sealing key stay

  --dry-run           prints each command that would change something, as a shell script; changes nothing
  --sealing-key FILE  the private key of spec/sealing.pem
                      [default: $default_key]
  --backup NAME       with restore: another one than the last, 2026-11-24T03-17-00Z
  --force             with restore: also over what somebody has written since
  --yes               asks nothing: what is missing stops it, and teardown needs no typed name
  --help              this text

Environment, so that no secret is ever an argument:
  ESPALIER_REPOSITORY_TOKEN, ESPALIER_REPOSITORY_TOKEN_FILE  a read-only token, where the repository is private
  ESPALIER_REPOSITORY_SSH_KEY_FILE                           a read-only deploy key, where its URL is one of SSH
  ESPALIER_EMAIL, ESPALIER_PASSWORD                          who signs in for verify
  ESPALIER_KUBECONFIG                                        another cluster than this node's k3s
  ESPALIER_CHARTS                                            a folder with <chart>-<version>.tgz, for a node without a network
  ESPALIER_TIMEOUT                                           seconds to wait for the Applications [default: 3600]
  ESPALIER_ROOT                                              put before every path of the node (an image, a test)
TEXT
}

# In a dry run all but commands is a comment, so that what is printed is a script.
say() { if [[ $dry ]]; then printf '# %s\n' "$*"; else printf '%s\n' "$*"; fi; }
warn() { say "warning: $*"; }

fail() {
  printf 'error: %s\n' "$*" >&2
  exit 1
}

# What stops a real run; a dry run says so and goes on.
refuse() { if [[ $dry ]]; then say "would stop here: $*"; else fail "$@"; fi; }

on_error() {
  local code=$? line=$1
  ((BASH_SUBSHELL == 0)) || exit "$code"
  printf 'error: %s: %s ended with %s; its message is above. Mend it and run the same again: what is done stays done.\n' \
    "$step" "${running:-line $line}" "$code" >&2
  exit "$code"
}

# Words as a line of shell that means exactly these words.
q() {
  local line
  printf -v line '%q ' "$@"
  printf '%s' "${line% }"
}

# Runs a line that changes something; a dry run prints that very line instead.
run() {
  if [[ $dry ]]; then
    printf '%s\n' "$1"
  else
    # Shown when it fails; a line never holds a secret.
    running=$1
    eval "$1" >/dev/null || return
    running=''
  fi
}

apply() { printf '%s' "kubectl apply --server-side --force-conflicts"; }

# A line that waits for a condition. kubectl fails at once on an object that has no conditions yet, so it is asked again and again; the
# last time it may say why.
waiting() {
  local line
  line=$(q kubectl wait "$@" --timeout=5s)
  printf 'for _ in {1..50}; do ! %s 2>/dev/null || break; sleep 1; done; %s' "$line" "$line"
}

# A question to the cluster; nothing where there is none yet.
ask() { if [[ -r $KUBECONFIG ]]; then kubectl "$@" 2>/dev/null || true; fi; }

# Reads a secret without showing it; refuses where nobody can answer.
hidden() { # variable, what
  [[ ! $yes && -t 0 ]] || fail "$2 is needed, and there is nobody to ask: see --help for its variable"
  read -rsp "$2 (not shown): " "$1"
  printf '\n'
  [[ ${!1} ]] || fail "$2 is needed"
}

# Without control characters, and short: what a server says is not what a terminal should obey.
clean() { # characters
  local text
  text=$(LC_ALL=C tr -d '\000-\010\013-\037\177')
  printf '%s\n' "${text:0:$1}"
}

