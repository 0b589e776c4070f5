# --- How it talks, and how it runs what changes something ---------------------------------------------------------------------------

usage() {
  cat <<TEXT
usage: bash bootstrap/bootstrap.sh VERB [FLAGS]

  up        brings this node to the platform '$platform'; run it again after it was stopped
  status    shows the Applications, wave by wave, and the last error of the first that is not healthy
  verify    signs in to the chat through its public address, asks one question as a browser does, shows the answer, its speed and how much
            the model read for it
  restore   puts the last backup of database and uploaded files back (Argo CD and the chat rest meanwhile)
  teardown  has Argo CD remove the platform; namespaces, volumes and the sealing key stay (\`down\` is the same)
  help      this text

  --dry-run           prints each command that would change something, as a shell script; changes nothing
  --sealing-key FILE  with up: the private key of spec/sealing.pem
                      [default: $default_key]
  --firewall          with up: closes the ports of k3s to other machines, and no other port; asks whether you can still sign in, and takes
                      the rules back where nobody types yes (with --yes it does not ask); teardown removes them
  --allow RANGE       with --firewall: an address or a range that still reaches these ports, 192.0.2.8, 192.0.2.0/24 or 2001:db8::8; once for
                      each, and all of them each time: what an earlier run allowed is closed again
  --backup NAME       with restore: another one than the last, 2026-11-24T03-17-00Z
  --force             with restore: also over what somebody has written since
  --adopt             with up, restore, teardown: also where the cluster's root is that of another platform; with up, where no cluster can say it
  --adopt-backup      with restore: also where the backup is that of another platform
  --insecure          with verify: sends the password even where the certificate cannot be checked (staging, and no access to the cluster)
  --yes               asks nothing: what is missing stops it, and teardown needs no typed name
  --help              this text

Environment, so that no secret is ever an argument. sudo drops it: write a secret to a file that only you can read, and keep the name of
the file, \`sudo --preserve-env=ESPALIER_REPOSITORY_TOKEN_FILE bash bootstrap/bootstrap.sh up\` (several: separated by commas).
  ESPALIER_REPOSITORY_TOKEN_FILE, ESPALIER_REPOSITORY_TOKEN  a read-only token, where the repository is private; replaces an older one
  ESPALIER_REPOSITORY_SSH_KEY_FILE                           a read-only deploy key, where its URL is one of SSH
  ESPALIER_EMAIL                                             who signs in for verify
  ESPALIER_PASSWORD_FILE, ESPALIER_PASSWORD                  with which password
  ESPALIER_KUBECONFIG                                        another cluster than this node's k3s, which is then left alone
  ESPALIER_CHARTS                                            a folder with <chart>-<version>.tgz, for a node without a network
  ESPALIER_TIMEOUT                                           seconds to wait for the Applications [default: 3600]
  ESPALIER_ROOT                                              put before every path of the node (an image, a test)

Exit codes: 0 done, 1 it could not be done, 2 these words are not understood.
TEXT
}

# Words that are not understood. As with the program, that is no failure of what was asked for.
misused() {
  printf 'error: %s: `bash bootstrap/bootstrap.sh help` lists verbs and flags\n' "$*" >&2
  exit 2
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

# Who owns the fields that are applied. Argo CD, of what an Application takes over: a field that leaves Git leaves the object too, as long
# as nobody else owns it. The script itself, of what no Application knows.
apply() { q kubectl apply --server-side --force-conflicts "--field-manager=${1:-argocd-controller}"; } # owner

# A line that waits for a condition. kubectl fails at once on an object that has no conditions yet, so it is asked again and again; the
# last time it may say why.
waiting() {
  local line
  line=$(q kubectl wait "$@" --timeout=5s)
  printf 'for _ in {1..50}; do ! %s 2>/dev/null || break; sleep 1; done; %s' "$line" "$line"
}

# A question to the cluster whose answer decides something; nothing where there is no cluster yet. What is not there is no error, and no
# answer is not a no: it is asked again, and then that is what is wrong. Used as `answer=$(ask …) || exit`.
ask() { # words of `kubectl get`
  local _ said
  [[ -r $KUBECONFIG ]] || return 0
  for _ in {1..6}; do
    if said=$(kubectl "$@" --ignore-not-found 2>/dev/null); then
      printf '%s' "$said"
      return
    fi
    # Asked for its complaint apart: warnings are no part of an answer.
    said=$(kubectl "$@" --ignore-not-found 2>&1 >/dev/null) || true
    # A kind whose definition is not there yet has no objects either.
    [[ $said != *"the server doesn't have a resource type"* ]] || return 0
    if [[ $dry ]]; then
      [[ ! ${unheard-} ]] || say "would stop here: $step: the cluster does not answer: $(clean 300 <<<"$said"); $unheard" >&3
      return 0
    fi
    sleep 3
  done
  fail "$step: the cluster does not answer: $(clean 300 <<<"$said")${unheard:+"; $unheard"}"
}

# A question that is asked again anyway, or only shown: nothing where there is no answer this time.
look() { if [[ -r $KUBECONFIG ]]; then kubectl "$@" --ignore-not-found 2>/dev/null || true; fi; }

# Git that talks to a server: no question of it or of ssh, which nobody would see, may hold this up. Where the spec names the keys or the
# authorities by which the server is known, these are asked and no others, as Argo CD does it.
distant() { # words of git
  local ssh='ssh -o BatchMode=yes -o ConnectTimeout=10' keys=$top/$host_keys
  local -a as=(env LC_ALL=C)
  if [[ $host_keys ]]; then
    # ssh reads a `%`, a quote and white space in the name of a file in its own way.
    keys=${keys//%/%%} keys=${keys//\"/\\\"}
    ssh+=" -o StrictHostKeyChecking=yes -o GlobalKnownHostsFile=/dev/null -o $(q "UserKnownHostsFile=\"$keys\"")"
  fi
  if [[ $repository_ca ]]; then as+=("GIT_SSL_CAINFO=$top/$repository_ca"); fi
  GIT_TERMINAL_PROMPT=0 GIT_ASKPASS=/bin/false SSH_ASKPASS=/bin/false GIT_SSH_COMMAND=$ssh \
    timeout 30 "${as[@]}" git -c safe.bareRepository=explicit -C / "$@" </dev/null
}

# Whether Git complains that a server is not who it says: waiting mends nothing then, nor does a credential.
mistrusted() { # complaint
  if [[ $1 == *'Host key verification failed'* && $host_keys ]]; then
    refuse "the server of $repository has another host key than $host_keys says: somebody is in its place, or it was made anew. Ask its administrator; a new key belongs into that file (\`repository.hostKeys\`), then render and push"
  elif [[ $1 != *'certificate problem'* && $1 != *'certificate verification failed'* ]]; then
    return 1
  elif [[ $repository_ca ]]; then
    refuse "the server of $repository is certified by none of the authorities in $repository_ca (\`repository.ca\`): write the one that certifies it there, render, and push"
  else
    refuse "the server of $repository is certified by nobody whom this machine believes, and Argo CD knows no more: put the certificate of its authority into spec/, name that file in \`repository.ca\`, render, and push"
  fi
}

# The same patience, where no answer is no objection: a node whose k3s does not run may be healed.
hear() { (ask "$@") 2>/dev/null || true; }

# Whose cluster it is: the root of another platform is not this one's to change. Whether there is a root is asked apart: one that says
# nothing of what is looked for here, since it has several sources or was made by hand, is another's.
ours() { # ask or hear
  local found said url='' path='' part='' more=''
  local -a root_is=("$1" --namespace argocd get applications.argoproj.io root --output)
  found=$("${root_is[@]}" name) || exit
  [[ $found ]] || return 0
  # With `sources`, Argo CD does not read `source`.
  said=$("${root_is[@]}" 'jsonpath={.spec.source.repoURL}{"\n"}{.spec.source.path}{"\n"}{.metadata.labels.app\.kubernetes\.io/part-of}{"\n"}{.spec.sources[*].repoURL}') || exit
  { read -r url && read -r path && read -r part && read -r more; } <<<"$said" || true
  if [[ ! $more && $url && $(normalised "$url") == "$(normalised "$repository")" && $path == "$root_path" && $part == "$platform" ]]; then return; fi
  if [[ $more || ! $url ]]; then said='of several sources, or of none'; else said="\`$path\` of $(normalised "$url")"; fi
  if [[ $part ]]; then part="'$part'"; else part='a platform without a name'; fi
  said="the cluster's root is that of $part, $said; this is '$platform', \`$root_path\` of $(normalised "$repository")"
  if [[ $adopt ]]; then warn "$(clean 600 <<<"$said")"; else refuse "$(clean 600 <<<"$said"): pass --adopt if that is intended"; fi
}

# Reads a secret without showing it; refuses where nobody can answer.
hidden() { # variable, what
  [[ ! $yes && -t 0 ]] || fail "$2 is needed, and there is nobody to ask: see --help for its variable (\`sudo\` drops it unless it is told to keep it)"
  read -rsp "$2 (not shown): " "$1"
  printf '\n'
  [[ ${!1} ]] || fail "$2 is needed"
}

# What a server says is not what a terminal or a workflow's log should obey: short, each control
# character and each that is not seen or turns the reading direction is a `?`, and no line is a
# command, whatever white space it begins with. The list is that of the compiler's own messages;
# nothing is ever taken out, since what stands around it could be the next one.
clean() { # characters
  local text
  text=$(LC_ALL=C tr '\000-\010\013-\037\177' '?' | LC_ALL=C sed -e 's/\xc2[\x80-\x9f\xad]/?/g' -e 's/\xcd\x8f/?/g' \
    -e 's/\xd8[\x80-\x85\x9c]/?/g' -e 's/\xdb\x9d/?/g' -e 's/\xdc\x8f/?/g' -e 's/\xe0\xa2[\x90\x91]/?/g' -e 's/\xe0\xa3\xa2/?/g' \
    -e 's/\xe1\x85[\x9f\xa0]/?/g' -e 's/\xe1\x9e[\xb4\xb5]/?/g' -e 's/\xe1\xa0[\x8b-\x8f]/?/g' -e 's/\xe2\x80[\x8b-\x8f\xa8-\xae]/?/g' \
    -e 's/\xe2\x81[\xa0-\xaf]/?/g' -e 's/\xe3\x85\xa4/?/g' -e 's/\xef\xb8[\x80-\x8f]/?/g' -e 's/\xef\xbb\xbf/?/g' -e 's/\xef\xbe\xa0/?/g' \
    -e 's/\xef\xbf[\xb0-\xbb]/?/g' -e 's/\xf0\x91\x82\xbd/?/g' -e 's/\xf0\x91\x83\x8d/?/g' -e 's/\xf0\x93\x90[\xb0-\xbf]/?/g' \
    -e 's/\xf0\x9b\xb2[\xa0-\xa3]/?/g' -e 's/\xf0\x9d\x85[\xb3-\xba]/?/g' -e 's/\xf3\xa0[\x80-\xbf][\x80-\xbf]/?/g' \
    -e 's/^\(\([ \t+-]\|\xc2\xa0\|\xe1\x9a\x80\|\xe2\x80[\x80-\x8a\xaf]\|\xe2\x81\x9f\|\xe3\x80\x80\)*\)::/\1:\\:/' -e 's/##\[/#\\#[/g')
  printf '%s\n' "${text:0:$1}"
}

