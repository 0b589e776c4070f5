#!/bin/sh
# One program under many names: it logs its call, simulates a node and a cluster in $FAKE, and kills the script when it is told to.
set -u
name=${0##*/}
line="$name $* "
printf '%s\n' "$line" >>"$FAKE/log"
# Calls of one pipe run at once: who makes the file has the turn.
n=1
[ -f "$FAKE/count" ] && read -r last <"$FAKE/count" && n=$((last + 1))
set -C
until { true >"$FAKE/turn.$n"; } 2>/dev/null; do n=$((n + 1)); done
set +C
echo "$n" >"$FAKE/count"

# Keeps what a script that is killed here would leave, once for each state, and notes which it is.
keep() { # before or after
  [ "${STATES:-}" ] || return 0
  (
    cd "$FAKE/.." && mkdir -p kept
    state=$(tar --mtime=@0 --sort=name -cf - node fake/cluster fake/questions 2>/dev/null | sha256sum | cut -c 1-64)
    printf '%s %s %s\n' "$1" "$state" "$line" >>kept/states
    [ -e "kept/$state.tar" ] && exit
    tar --exclude=fake/web -cf "kept/$n.new" home node fake 2>/dev/null
    mv "kept/$n.new" "kept/$state.tar"
  )
}
keep before

die() {
  kill -KILL "$(cat "$FAKE/pid")"
  exit 137
}
is_last='' is_change=''
[ "$n" = "${KILL_AT:-0}" ] && is_last=1
[ "$is_last" ] && [ "$KILL_WHEN" = before ] && die
cluster=$FAKE/cluster

# What changes something is noted besides.
changes() { is_change=1 && printf '%s\n' "$line" >>"$FAKE/changes"; }
has() { case " $line" in *"$1"*) return 0 ;; *) return 1 ;; esac; }
# The value of a flag.
after() {
  rest=${line#*" $1"[ =]}
  if [ "$rest" != "$line" ]; then printf '%s' "${rest%% *}"; fi
}
applications() { (cd "$TREE/apps" && printf '%s\n' *.yaml) | sed 's/[.]yaml$//'; }
# Applications become healthy some questions after the root is there.
is_going() { grep -q "applications.argoproj.io $1 .*bootstrap.sh" "$FAKE/patched" 2>/dev/null; }
healthy() { [ -e "$cluster/root" ] && { [ ! "${STUCK:-}" ] || is_going root; } && [ "$(cat "$FAKE/questions" 2>/dev/null || echo 0)" -ge "${PATIENCE:-2}" ]; }

# kubectl refuses an empty input.
nonempty() { cat >"$FAKE/in.$n" && [ -s "$FAKE/in.$n" ] && cat "$FAKE/in.$n"; }

store() { # name, file
  if [ "$1" = application-root.yaml ]; then
    [ -e "$cluster/crd.applications.argoproj.io" ] || { echo 'no kind "Application"' >&2 && return 1; }
    : >"$cluster/root"
  fi
  cp "$2" "$cluster/applied.$1.new" && mv "$cluster/applied.$1.new" "$cluster/applied.$1"
}

kubectl_apply() {
  changes
  file=$(after --filename)
  has ' --server-side ' && has ' --force-conflicts ' || { echo 'not server-side' >&2 && return 1; }
  manager=$(after --field-manager)
  case $file in
    - | */job-restore.yaml) [ "$manager" = espalier ] ;;
    *) [ "$manager" = argocd-controller ] ;;
  esac || echo "whose fields? $line" >>"$FAKE/wrong"
  case $file in
    -)
      nonempty >"$FAKE/stdin.$n" || return 1
      store "$(sed -n 's/^  name: //p' "$FAKE/stdin.$n" | head -n 1)" "$FAKE/stdin.$n"
      ;;
    */rendered/*.yaml)
      [ -s "$file" ] || { echo 'nothing to apply' >&2 && return 1; }
      case $file in
        */sealed-secrets.yaml)
          set -- "$cluster"/applied.espalier-sealing-key-*
          [ ! "${NEEDS_KEY:-}" ] || [ -e "$1" ] || echo "sealed-secrets before its key" >>"$FAKE/wrong"
          : >"$cluster/crd.sealedsecrets.bitnami.com"
          ;;
        */argocd.yaml)
          [ ! -e "$cluster/job.argocd-redis-secret-init" ] || { echo 'Job: field is immutable' >&2 && return 1; }
          : >"$cluster/job.argocd-redis-secret-init"
          for it in applications applicationsets appprojects; do : >"$cluster/crd.$it.argoproj.io"; done
          ;;
      esac
      store "${file##*/}" "$file"
      ;;
    */namespaces) [ -d "$file" ] && has ' --recursive ' && : >"$cluster/namespaces" ;;
    *) store "${file##*/}" "$file" ;;
  esac
}

kubectl_get() {
  if [ "${FLAKY:-}" ] && [ ! -e "$FAKE/flaked.$(printf '%s' "$line" | sha256sum | cut -c 1-20)" ]; then
    : >"$FAKE/flaked.$(printf '%s' "$line" | sha256sum | cut -c 1-20)"
    echo 'connection refused' >&2 && return 1
  fi
  if [ "${BROKEN:-}" ] && has "$BROKEN"; then echo 'etcdserver: leader changed' >&2 && return 1; fi
  case $line in
    *' get --raw /readyz '*) echo ok ;;
    *' get secret openwebui-tls --output=name '*) if [ ! "${NO_CERTIFICATE:-}" ]; then echo secret/openwebui-tls; fi ;;
    *' get secret openwebui-tls '*) printf 'the certificate' | base64 ;;
    *'.spec.syncPolicy.syncOptions}|{'*) printf '["ServerSideApply=true"]|{"limit":5}' ;;
    *' get nodes --output jsonpath='*backend-type*) printf '%s' "${BACKENDS:-}" ;;
    *' get nodes --output jsonpath='*) printf '%s\n' ${NODE_ADDRESSES:-} ;;
    *' get nodes '*) echo node/one ;;
    *' get namespaces --selector '*) printf '%s\n' ${UNLABELLED:-} ;;
    *' get statefulsets.apps --all-namespaces --selector app.kubernetes.io/part-of='*)
      if [ "${ORDERED:-}" ] && [ ! -e "$cluster/let-go" ]; then printf 'ai %s\n' "$ORDERED"; fi
      ;;
    *' get statefulsets.apps --all-namespaces '*) printf 'argocd|argocd-application-controller|new-1\nai|other|\n' ;;
    *' get pods --all-namespaces --selector statefulset.kubernetes.io/pod-name '*) printf '%s\n' "${PODS:-}" ;;
    *' get ingressclasses.networking.k8s.io '*) for it in ${CLASSES-traefik}; do echo "ingressclass.networking.k8s.io/$it"; done ;;
    *' get secrets --selector sealedsecrets'*)
      for it in "$cluster"/applied.espalier-sealing-key-*; do
        if [ -e "$it" ]; then sed -n 's/^  tls.crt: //p' "$it"; fi
      done
      ;;
    *' get secrets --selector argocd.argoproj.io/secret-type=repository '*)
      if [ -e "$cluster/applied.espalier-repository" ]; then sed -n 's/^  url: /espalier-repository=/p' "$cluster/applied.espalier-repository"; fi
      ;;
    *' get secret argocd-initial-admin-secret '*) echo secret/argocd-initial-admin-secret ;;
    *' get deployments '*) if [ -e "$cluster/applied.sealed-secrets.yaml" ]; then echo deployment/sealed-secrets-controller; fi ;;
    *' get crd '*) if [ -e "$cluster/crd.applications.argoproj.io" ]; then echo crd; fi ;;
    *'/job-restore.yaml '*) if [ -e "$cluster/applied.job-restore.yaml" ]; then printf '%s' "${JOB:-SuccessCriteriaMet Complete}"; fi ;;
    *' get applications.argoproj.io --output '*)
      [ -e "$cluster/root" ] || return 0
      q=$(($(cat "$FAKE/questions" 2>/dev/null || echo 0) + 1))
      echo "$q" >"$FAKE/questions"
      for it in $(applications); do
        if [ "${EVIL:-}" ]; then printf '%s\n' "$EVIL" && break
        elif healthy; then echo "10|$it|Synced|Healthy|Succeeded|"
        elif [ "$it" = "${STUCK:-}" ] && ! is_going "$it"; then echo "10|$it|OutOfSync|Degraded|Failed|3"
        elif [ "$it" = "${RED:-}" ]; then echo "10|$it|OutOfSync|Degraded|Failed|3"
        elif [ "$it" = "${AGAIN:-}" ]; then echo "10|$it|OutOfSync|Progressing|Running|1"
        else echo "0|$it|OutOfSync|Progressing|Running|"; fi
      done
      if healthy; then echo '|root|Synced|Healthy|Succeeded|'
      elif [ "${STUCK:-}" ] && ! is_going root; then echo '|root|OutOfSync|Degraded|Failed|'
      else echo '|root|Synced|Progressing|Running|'; fi
      ;;
    *status.conditions*) printf 'SyncError: one\001 object is wrong\n' ;;
    *' get applications.argoproj.io root --output jsonpath={.spec.source.repoURL}'*)
      if [ -e "$cluster/root" ]; then
        printf '%s\n%s\n%s' "${ROOT_URL-https://github.com/example/platform.git}" "${ROOT_PATH-apps}" "${ROOT_PART-starter}"
        printf '\n%s' "${ROOT_MORE:-}"
      fi
      ;;
    *' get applications.argoproj.io root --ignore-not-found '* | *' get applications.argoproj.io root --output name '*) if [ -e "$cluster/root" ]; then echo application/root; fi ;;
    *' get applications.argoproj.io root openwebui '*) if [ -e "$cluster/paused" ]; then echo true; fi ;;
    *' get applications.argoproj.io argocd --output=name '* | *' get applications.argoproj.io bootstrap --output=name '*) echo application/it ;;
    *' get jobs --selector app.kubernetes.io/name=backup '*) ;;
    *' get applications.argoproj.io '*) if healthy; then printf Synced/Healthy; fi ;;
    *) echo "no answer to: $line" >&2 && return 1 ;;
  esac
}

kubectl_() {
  [ -e "$cluster/running" ] || { echo 'no cluster' >&2 && return 1; }
  case $line in
    *' create secret tls '*)
      printf 'kind: Secret\ndata:\n  tls.crt: %s\n  tls.key: %s\nmetadata:\n  name: %s\n' "$(base64 -w 0 "$(after --cert)")" \
        "$(base64 -w 0 "$(after --key)")" "$(printf '%s' "$line" | sed 's/.* create secret tls \([^ ]*\) .*/\1/')"
      ;;
    *' label --dry-run=server '*" namespace ${VIOLATES:-none} "*) echo 'Warning: existing pods in namespace "it" violate the new PodSecurity enforce level "restricted:latest"' >&2 ;;
    *' label --dry-run=server '*) ;;
    *' label --local '*) nonempty && printf '  labels:\n    %s\n' "$(printf '%s' "$line" | sed -n 's/.*--filename - \([^ ]*\) .*/\1/p')" ;;
    *' apply '*) kubectl_apply ;;
    *' get '*) kubectl_get ;;
    *' wait '*crd/*)
      for it in $(printf '%s' "$line" | grep -o 'crd/[^ ]*'); do
        [ -e "$cluster/crd.${it#crd/}" ] || { echo "$it not found" >&2 && return 1; }
        # As kubectl does with an object that has no conditions yet.
        [ -e "$FAKE/asked.${it#crd/}" ] || { : >"$FAKE/asked.${it#crd/}" && echo 'accessor error' >&2 && return 1; }
      done
      ;;
    *' wait '* | *' rollout status '*) ;;
    *' rollout restart '*) changes && : >"$cluster/restarted" ;;
    *' create configmap '*) changes && printf '%s\n' "$line" >"$cluster/wishes" ;;
    *' delete statefulsets.apps '*' --cascade=orphan '*) changes && : >"$cluster/let-go" ;;
    *' delete configmap restore '*) changes && rm -f "$cluster/wishes" ;;
    *' delete job '*) changes && rm -f "$cluster/job.argocd-redis-secret-init" ;;
    *' delete applications.argoproj.io root '*) changes && : >"$cluster/deleting" ;;
    *' delete '*job-restore.yaml*) changes && rm -f "$cluster/applied.job-restore.yaml" ;;
    *' annotate '*'skip-reconcile- '*)
      changes
      rm -f "$cluster/paused"
      if [ -e "$cluster/deleting" ]; then rm -f "$cluster/root" "$cluster/deleting"; fi
      ;;
    *' annotate '*) changes && : >"$cluster/paused" ;;
    *' patch '* | *' scale '*) changes && printf '%s\n' "$line" >>"$FAKE/patched" ;;
    # It takes no file, unlike the others.
    *' logs '*' --filename'*) echo 'error: unknown flag: --filename' >&2 && return 1 ;;
    *' logs '*) echo 'the last words of the Job' ;;
    *) echo "unknown: $line" >&2 && return 1 ;;
  esac
}

# The addresses of a name: those of `name=address …`.
answer() { # name, what is known
  known=
  for pair in $2; do
    case $1 in ${pair%%=*}) printf '%s STREAM %s\n' "${pair#*=}" "$1" && known=1 ;; esac
  done
  [ "$known" ]
}

act() {
  case $name in
    kubectl) kubectl_ ;;
    helm)
      case $line in
        *' version '*) printf v4.2.1 ;;
        *) changes && printf 'kind: Rendered\nmetadata:\n  name: x\nargs: %s\n' "$line" ;;
      esac
      ;;
    systemctl)
      case $line in
        *' is-active --quiet espalier-firewall '*) [ -e "$cluster/firewall" ] ;;
        *' is-active '*) [ -e "$cluster/running" ] ;;
        *' show --property=Listen '*) printf '%s\n' "${LISTEN:-}" ;;
        *' show --property=Job '*) ;;
        *' reload-or-restart espalier-firewall '*)
          changes
          grep -q '^ExecReload=/usr/sbin/nft --file /etc/espalier/firewall.nft$' "$ESPALIER_ROOT/etc/systemd/system/espalier-firewall.service" || return 5
          cp "$ESPALIER_ROOT/etc/espalier/firewall.nft" "$cluster/firewall"
          ;;
        *' disable --quiet --now espalier-firewall '*) changes && rm -f "$cluster/firewall" ;;
        *' restart --no-block k3s '*)
          changes
          k3s --version >/dev/null || return 1
          mkdir -p "$ESPALIER_ROOT/etc/rancher/k3s"
          : >"$ESPALIER_ROOT/etc/rancher/k3s/k3s.yaml"
          cp "$ESPALIER_ROOT/etc/rancher/k3s/config.yaml.d/espalier.yaml" "$cluster/configuration"
          # The API server does not start without the files that it is told to read, nor the kubelet on another kernel.
          for it in $(sed -n 's/^- [a-z-]*-file=//p' "$cluster/configuration"); do [ -s "$ESPALIER_ROOT$it" ] || echo "k3s without $it" >>"$FAKE/wrong"; done
          [ "$(cat "$ESPALIER_ROOT/proc/sys/kernel/panic")" = 10 ] || echo 'k3s before its kernel' >>"$FAKE/wrong"
          : >"$cluster/running"
          ;;
        *) changes ;;
      esac
      ;;
    curl)
      has ' --proto =https --proto-redir =https ' || echo "not only https: $line" >>"$FAKE/wrong"
      file=$(after --output)
      case $line in
        *' --output '*)
          changes
          printf '%s\n' "${HTTPS_PROXY-}" >>"$FAKE/ways"
          url=$(printf '%s' "$line" | sed 's/ *$//')
          [ -f "$FAKE/web/${url##*/}" ] || { echo "404: $url" >&2 && return 22; }
          if [ "$is_last" ] && [ "$KILL_WHEN" = after ]; then head -c 20 "$FAKE/web/${url##*/}" >"$file"; else cp "$FAKE/web/${url##*/}" "$file"; fi
          ;;
        *signin*)
          if has ' --cacert '; then cat "$(after --cacert)" >"$FAKE/sent.cacert"; fi
          cat >"$FAKE/sent.signin" && cat "$FAKE/web/signin"
          ;;
        *'/api/models '*) cat "$(after --config)" >"$FAKE/sent.header" && cat "$FAKE/web/models" ;;
      *completions*)
          cat >"$FAKE/sent.completions"
          # bash hands the header over as the name of a pipe.
          cat "$(after --config)" >"$FAKE/sent.header"
          echo '{"status": true, "task_ids": ["t"]}'
          ;;
      esac
      ;;
    openssl)
      case $line in
        *' s_client '*)
          ca=$(after -CAfile)
          if [ "$ca" ]; then cat "$ca" >"$FAKE/sent.cafile"; fi
          exec "$FAKE/../bin/socket"
          ;;
        *' rand '*) echo bm9uY2Ugb2YgMTYgYnl0ZQ== ;;
        *' -outform DER '*) cat "$(after -in)" ;;
        *' x509 '*) sed -n 's/^CERTIFICATE /PUBLIC /p' ;;
        *' pkey '*) sed -n 's/^KEY /PUBLIC /p' ;;
      esac
      ;;
    git)
      case $line in
        *' core.fsmonitor=false '*) printf '%s|%s\n' "${USED:-nobody}" "$HOME" >>"$FAKE/here" ;;
        *ls-remote*)
          # No question may hold it up.
          read -r parent <"/proc/$PPID/comm"
          [ "$GIT_TERMINAL_PROMPT$GIT_ASKPASS$parent" = 0/bin/falsetimeout ] && [ "$GIT_SSH_COMMAND" ] || echo "it may ask: $line" >>"$FAKE/wrong"
          printf '%s|%s\n' "${GIT_SSL_CAINFO:-}" "$GIT_SSH_COMMAND" >>"$FAKE/believes"
          # What it complains of, and that it cannot be read.
          if [ "${COMPLAINT:-}" ]; then
            echo "$COMPLAINT" >&2
            return 128
          fi
          ;;
      esac
      case $line in
        *' ls-remote --exit-code '*"${MISSING:-none} ") return 2 ;;
        *' ls-remote --exit-code '*) return "${READABLE:-0}" ;;
        *' config --get-regexp '*) printf 'remote.origin.url %s\n' "$ORIGIN" ;;
        *' ls-remote '*) printf '%s\trefs\n' "${PUSHED:-0123}" ;;
        *' rev-parse '*) printf '%s\n' 0123 ;;
        *' cat-file -e '*) [ ! "${UNFETCHED:-}" ] ;;
        *' merge-base '*) return 1 ;;
      esac
      ;;
    # What `up --firewall` loads, as the kernel would have it.
    nft)
      case $line in
        *' list table inet espalier '*) [ -e "$cluster/firewall" ] ;;
        *' list ruleset '*) printf '%s\n' "${RULESET:-}" ;;
        *' --check --file '*) grep -q '^add element inet espalier ssh { 22 }$' "$(after --file)" ;;
        *' --file '*) changes && cp "$(after --file)" "$cluster/firewall" ;;
        *' delete table inet espalier '*) changes && rm "$cluster/firewall" ;;
      esac
      ;;
    systemd-run) changes ;;
    modprobe) [ "${WIREGUARD:-}" ] ;;
    ss) if has ' --tcp --numeric --processes --listening '; then printf '%s\n' "${SSHD:-}"; elif has ":${TAKEN:-none}"; then echo 'LISTEN 0 511 *:80 *:* users:(("nginx",pid=7,fd=6))'; elif has ' :6443 ' && [ "${SOCKETS:-}" ]; then printf '%s\n' "$SOCKETS"; fi ;;
    nproc) echo "${CORES:-4}" ;;
    df) printf ' Avail\n %s\n' "${FREE:-90000}" ;;
    ufw) printf 'Status: %s\nDefault: %s (incoming), allow (outgoing), disabled (routed)\n' "${UFW:-inactive}" "${UFW_DEFAULT:-deny}" ;;
    id) echo "${ID:-0}" ;;
    uname) if has ' -m '; then echo x86_64; else echo node; fi ;;
    hostname) echo '192.0.2.7 ' ;;
    getent)
      # Names like $NOWHERE have no address.
      case $2 in
        ${NOWHERE:-}) ;;
        # As the node sees it, with its own files: `name=address`, separated by spaces.
        *) if has ' ahostsv4 '; then answer "$2" "${NODE_KNOWS:-}"; elif has ' ahosts '; then printf '%s STREAM x\n' "${ADDRESS:-192.0.2.7}"; fi ;;
      esac
      if has ' passwd '; then printf '%s:x:1:1::/homes/of-%s:/bin/sh\n' "$2" "$2"; fi
      ;;
    unshare)
      # As a pod sees it: what it would read comes by standard input.
      [ ! "${NO_UNSHARE:-}" ] || return 1
      cat >"$FAKE/list" || return 9
      for it; do :; done
      answer "$it" "${PODS_KNOW:-git.example.org=192.0.2.1 db.example.org=10.0.0.7}" || return 2
      ;;
    timedatectl) echo yes ;;
    sysctl)
      changes
      [ ! "${READ_ONLY:-}" ] || return 0
      while read -r key _ value; do
        case $key in *.*) ;; *) continue ;; esac
        file=$ESPALIER_ROOT/proc/sys/$(printf '%s' "$key" | tr . /)
        mkdir -p "${file%/*}" && printf '%s\n' "$value" >"$file"
      done <"$(after --load)"
      ;;
  esac
}

act "$@"
code=$?
[ ! "$is_change" ] || keep after
[ "$is_last" ] && die
exit "$code"
