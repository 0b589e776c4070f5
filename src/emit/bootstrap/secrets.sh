# --- The sealing key, and the credential of a private repository --------------------------------------------------------------------

readonly sealing_label='sealedsecrets.bitnami.com/sealed-secrets-key'

# The public half of the certificate or key on stdin, as text that can be compared.
public_of_certificate() { openssl x509 -noout -pubkey 2>/dev/null; }
public_of_key() { openssl pkey -pubout -passin pass: 2>/dev/null; }

# Whether the cluster holds the key of the certificate (any key, where there is no certificate).
key_in_cluster() { # public half
  local one found
  found=$(ask --namespace kube-system get secrets --selector "$sealing_label" --output 'jsonpath={.items[*].data.tls\.crt}') || exit
  for one in $found; do
    [[ ! $1 || $(base64 --decode <<<"$one" | public_of_certificate) == "$1" ]] && return 0
  done
  return 1
}

# A Secret for each key, named by its certificate: a new key stands beside the old one, which opens what is not sealed anew yet.
key_name() { # certificate
  local sum
  sum=$(openssl x509 -in "$1" -outform DER | sha256sum) || return
  printf 'espalier-sealing-key-%s' "${sum:0:10}"
}

# The key has to be there before the controller starts: the controller reads keys once, and makes its own where it finds none.
sealing_key() {
  step='sealing key'
  local certificate=$top/spec/sealing.pem file=$sealing_key_file public='' name='espalier-sealing-key' running_already
  [[ " ${charts[*]} " == *' sealed-secrets '* ]] || return 0
  if [[ -f $certificate ]]; then
    public=$(public_of_certificate <"$certificate") || fail 'spec/sealing.pem is no certificate'
    if [[ ! $file && -f $default_key ]]; then file=$default_key; fi
  elif [[ $file ]]; then
    refuse 'there is no spec/sealing.pem, the certificate that belongs to the key (`espalier seal init` writes both)'
  fi
  if key_in_cluster "$public"; then
    say 'sealing key: is in the cluster'
    restart_controller
    return
  fi
  if [[ ! $file ]]; then
    if ((sealed_values)); then
      refuse "the tree has sealed values and there is no key to open them: give it with --sealing-key FILE (looked for it at $default_key)"
    else
      say 'sealing key: the tree has no sealed values; the controller will make a key of its own'
    fi
    return
  fi
  [[ -r $file ]] || refuse "the sealing key $file cannot be read"
  if [[ -r $file && -f $certificate && $(public_of_key <"$file") != "$public" ]]; then
    refuse "spec/sealing.pem and the key $file do not belong together: values sealed with the one cannot be opened with the other"
  fi
  if [[ -f $certificate ]]; then name=$(key_name "$certificate"); fi
  say "sealing key: putting $file into kube-system as $name"
  running_already=$(ask --namespace kube-system get deployments --selector app.kubernetes.io/name=sealed-secrets --output=name) || exit
  if [[ $running_already ]]; then
    # Noted first: whenever this is stopped, the next run still knows that the controller has to read its keys again.
    run "$(q mkdir -p "$state") && $(q touch "$state/restart-sealed-secrets")"
  fi
  run "$(q kubectl --namespace kube-system create secret tls "$name" --cert "$certificate" --key "$file" --dry-run=client --output yaml) | $(q kubectl label --local --filename - "$sealing_label=active" --output yaml) | $(apply espalier) --filename -"
  restart_controller
}

restart_controller() {
  if [[ -f $state/restart-sealed-secrets ]]; then
    say 'sealing key: the controller reads its keys again'
    run "$(q kubectl --namespace kube-system rollout restart deployment --selector app.kubernetes.io/name=sealed-secrets)"
    run "$(q rm -f "$state/restart-sealed-secrets")"
  fi
}

# Whether anybody may read the repository. No configuration of this machine may help: Argo CD has none of it.
readable() {
  local -a as=(env)
  if [[ $repository_ca ]]; then as+=("GIT_SSL_CAINFO=$top/$repository_ca"); fi
  "${as[@]}" GIT_CONFIG_GLOBAL=/dev/null GIT_CONFIG_SYSTEM=/dev/null GIT_TERMINAL_PROMPT=0 GIT_ASKPASS=/bin/false SSH_ASKPASS=/bin/false \
    GIT_SSH_COMMAND=/bin/false timeout 30 git -c safe.bareRepository=explicit -C / ls-remote --exit-code "$repository" "refs/heads/$branch" </dev/null >/dev/null 2>&1
}

# Out of band, since Argo CD cannot read a private repository to learn how to read it.
repository_credential() {
  step='repository'
  local code=0 one found name='' token=$repository_token ssh='' file line
  if [[ ! $token && $repository_token_file ]]; then token=$(<"$repository_token_file"); fi
  if [[ $repository_ssh_key_file ]]; then ssh=$(<"$repository_ssh_key_file"); fi
  found=$(ask --namespace argocd get secrets --selector argocd.argoproj.io/secret-type=repository --output 'jsonpath={range .items[*]}{.metadata.name}={.data.url}{"\n"}{end}') || exit
  for one in $found; do
    if [[ $(base64 --decode <<<"${one#*=}") == "$repository" ]]; then name=${one%%=*}; fi
  done
  if [[ $name && ! $token && ! $ssh ]]; then
    say 'repository: its credential is in the cluster'
    return
  fi
  if [[ ! $name ]]; then
    readable || code=$?
    # 2: it can be read, and has no such branch; preflight has said so.
    if ((code == 0 || code == 2)); then
      say "repository: $repository can be read by anybody, no credential is needed"
      return
    fi
  fi
  if [[ $repository == http* ]]; then
    ssh=''
    if [[ ! $token && ! $dry ]]; then
      say "repository: $repository cannot be read without a credential (or not be reached)"
      hidden token 'a token that may read it'
    fi
  else
    [[ $ssh ]] || refuse 'a repository with a URL of SSH needs a deploy key: name its file in ESPALIER_REPOSITORY_SSH_KEY_FILE'
  fi
  [[ ! $token || $token != *[[:cntrl:]]* ]] || refuse 'the token holds a control character (a line break, a tab), which no password may: write it to its file in one line'
  # One Secret a URL: Argo CD uses none where there are two.
  name=${name:-espalier-repository}
  say "repository: putting its credential into argocd as $name"
  # The line reads the secret where it lies, so that it can be shown and pasted; without one it does nothing. No program is given it.
  if [[ $repository != http* ]]; then
    file=$(q "${repository_ssh_key_file:-FILE}")
    line="test -s $file && $(repository_secret "$name") \"  sshPrivateKey: \$(printf '%s\\n' \"\$(<$file)\" | base64 --wrap 0)\""
  elif [[ ! $repository_token && $repository_token_file ]]; then
    file=$(q "$repository_token_file")
    line="test -s $file && $(repository_secret "$name") \"  password: \$(printf %s \"\$(<$file)\" | base64 --wrap 0)\""
  else
    ESPALIER_REPOSITORY_TOKEN=$token
    line=': "${ESPALIER_REPOSITORY_TOKEN:?holds no token}" && '$(repository_secret "$name")' "  password: $(printf %s "$ESPALIER_REPOSITORY_TOKEN" | base64 --wrap 0)"'
  fi
  run "$line | $(apply espalier) --filename -"
  unset ESPALIER_REPOSITORY_TOKEN
}

# The words that print the Secret, but for the last one. `printf` is the shell's own: nobody else sees what it is given.
repository_secret() { # name
  encoded() { printf '%s' "$1" | base64 --wrap 0; }
  local words=('apiVersion: v1' 'kind: Secret' 'metadata:' "  name: $1" '  namespace: argocd' '  labels:'
    '    argocd.argoproj.io/secret-type: repository' 'data:' "  type: $(encoded git)" "  url: $(encoded "$repository")")
  if [[ $repository == http* ]]; then words+=("  username: $(encoded git)"); fi
  q printf '%s\n' "${words[@]}"
}
