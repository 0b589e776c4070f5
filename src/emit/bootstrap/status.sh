# --- What Argo CD makes of it -------------------------------------------------------------------------------------------------------

# `wave|name|sync|health|phase|tries` of each Application, in the order of waves; the root, which has no wave, comes last.
applications() {
  local rows
  rows=$(look --namespace argocd get applications.argoproj.io --output \
    'jsonpath={range .items[*]}{.metadata.annotations.argocd\.argoproj\.io/sync-wave}|{.metadata.name}|{.status.sync.status}|{.status.health.status}|{.status.operationState.phase}|{.status.operationState.retryCount}{"\n"}{end}' | clean 10000000)
  grep '^[0-9]' <<<"$rows" | sort --field-separator '|' --key 1,1n --key 2,2 || true
  grep '^|root|' <<<"$rows" || true
}

# What an Application last complained of.
complaint() { # application
  local said
  said=$(look --namespace argocd get applications.argoproj.io "$1" --output \
    'jsonpath={range .status.conditions[*]}{.type}: {.message}{"\n"}{end}{.status.operationState.message}{"\n"}{.status.health.message}{"\n"}' |
    clean 600 | grep -v '^[[:space:]]*$' | tr '\n' ' ') || true
  said=${said% }
  printf '%s' "${said:-it has said nothing yet; \`kubectl --namespace argocd describe application $1\`}"
}

# The first Application that is red, or that has failed and tries again; of those that only take their time, none.
first_red() { # rows
  local _ name sync health phase tries
  while IFS='|' read -r _ name sync health phase tries; do
    if [[ $health == Degraded || $phase == Failed || $phase == Error || $sync == Unknown || ($phase == Running && ${tries:-0} != 0) ]]; then
      printf '%s' "$name"
      return
    fi
  done <<<"$1"
}

# One line a wave: `wave 10: 2 of 3 healthy, waiting for b`.
waves() { # rows
  awk -F '|' '$1 != "" {
      if (!($1 in all)) order[++n] = $1
      all[$1]++
      if ($3 == "Synced" && $4 == "Healthy") good[$1]++
      else wait[$1] = wait[$1] (wait[$1] == "" ? "" : ", ") $2 " (" ($3 == "" ? "new" : $3) ", " ($4 == "" ? "no health yet" : $4) ")"
    }
    END { for (i = 1; i <= n; i++) { w = order[i]; printf "wave %s: %d of %d healthy%s\n", w, good[w], all[w], (wait[w] == "" ? "" : ", waiting for " wait[w]) } }' <<<"$1"
}

# Whether the cluster has every Application of apps/, and all that it has are well.
finished() { # rows
  awk -F '|' 'NR == FNR { sub(/[.]yaml$/, ""); wanted[$0]; next }
    NF >= 5 && !($3 == "Synced" && $4 == "Healthy") { bad = 1 }
    { delete wanted[$2] }
    END { for (one in wanted) bad = 1; exit bad }' <(cd "$top/apps" && printf '%s\n' *.yaml) - <<<"$1"
}

# Those that Argo CD has given up: after its tries it never tries the same commit again by itself, and what a slow hour has stopped would stay so.
# The root, which comes last, only when it is the only one: it goes on when the others do.
given_up() { # rows
  awk -F '|' '($5 == "Failed" || $5 == "Error") && $3 != "Synced" && ($2 != "root" || !n) { n++; print $2 }' <<<"$1"
}

# `namespace name` of each StatefulSet of this platform that waits for its pods in order, as those of an earlier version do.
in_order() {
  look get statefulsets.apps --all-namespaces --selector "app.kubernetes.io/part-of=$platform" --output \
    'jsonpath={range .items[?(@.spec.podManagementPolicy=="OrderedReady")]}{.metadata.namespace} {.metadata.name}{"\n"}{end}' | clean 100000
}

# Kubernetes lets nobody change that of a StatefulSet that is there. Its entry is removed, its pods and volumes stay and run on, and
# Argo CD writes a new one, which takes them over. Each once a run.
let_go() {
  local namespace name
  while read -r namespace name; do
    [[ $namespace/$name =~ ^[a-z0-9][a-z0-9-]*/[a-z0-9][a-z0-9.-]*$ && $tried != *" $namespace/$name "* ]] || continue
    say "$namespace/$name: its StatefulSet is of an earlier version and cannot be changed: it is made anew, its pods run on"
    if kubectl --namespace "$namespace" delete statefulsets.apps "$name" --cascade=orphan --ignore-not-found >/dev/null; then
      tried+="$namespace/$name "
    fi
  done < <(in_order)
}

# Pods of an earlier revision that are not ready and on which a StatefulSet waits, whatever has become right since.
held_up() {
  local sets pods
  sets=$(look get statefulsets.apps --all-namespaces --output \
    'jsonpath={range .items[?(@.spec.podManagementPolicy=="OrderedReady")]}{.metadata.namespace}|{.metadata.name}|{.status.updateRevision}{"\n"}{end}' | clean 1000000)
  [[ $sets ]] || return 0
  pods=$(look get pods --all-namespaces --selector statefulset.kubernetes.io/pod-name --output \
    'jsonpath={range .items[*]}{.metadata.namespace}|{.metadata.name}|{.metadata.ownerReferences[0].name}|{.metadata.labels.controller-revision-hash}|{.metadata.deletionTimestamp}|{.status.conditions[?(@.type=="Ready")].status}{"\n"}{end}' | clean 10000000)
  awk -F '|' 'NR == FNR { if ($3 != "") now[$1 "|" $2] = $3; next }
    ($1 "|" $3) in now && $4 != now[$1 "|" $3] && $5 == "" && $6 != "True" { print $1, $2 }' <(printf '%s\n' "$sets") <(printf '%s\n' "$pods")
}

# Sets them going, each once a run, with the options and tries of its own.
set_going() { # rows
  local name options retry patch
  [[ ! $(given_up "$1") ]] || let_go
  for name in $(given_up "$1"); do
    # No name that could be a flag.
    [[ $name =~ ^[a-z0-9][a-z0-9.-]*$ && $tried != *" $name "* ]] || continue
    IFS='|' read -r options retry < <(look --namespace argocd get applications.argoproj.io "$name" --output 'jsonpath={.spec.syncPolicy.syncOptions}|{.spec.syncPolicy.retry}') || true
    patch="{\"operation\":{\"initiatedBy\":{\"username\":\"bootstrap.sh\"},\"retry\":${retry:-null},\"sync\":{\"prune\":true,\"syncOptions\":${options:-[]}}}}"
    say "$name: had given up ($(complaint "$name")): it is set going again"
    if kubectl --namespace argocd patch applications.argoproj.io "$name" --field-manager=espalier --type merge --patch "$patch" >/dev/null; then
      tried+="$name "
    fi
  done
}

wait_for_applications() {
  step='Applications'
  local rows red='' tried=' ' now seen='' line last='' until=$((SECONDS + ${ESPALIER_TIMEOUT:-3600}))
  if [[ $dry ]]; then
    say 'Applications: waiting until all are Synced and Healthy'
    return
  fi
  if ((${#joining[@]})); then
    say "nodes: pods wait for those that have to join this one: $(printf '%s, ' "${joining[@]}" | sed 's/, $//'); out/README.md has the commands, below \"Nodes\""
  fi
  say 'Applications: waiting for them, wave by wave; at first images and models have to be fetched, which takes a while'
  while true; do
    rows=$(applications)
    while read -r line; do
      # What is new is said once.
      [[ ! $line || $'\n'$seen == *$'\n'"$line"$'\n'* ]] || { say "$line" && seen+=$line$'\n'; }
    done < <(waves "$rows")
    if finished "$rows"; then
      say 'Applications: all are Synced and Healthy'
      return
    fi
    set_going "$rows"
    red=$(first_red "$rows")
    if [[ $red ]]; then
      now="$red: $(complaint "$red")"
      [[ $now == "$last" ]] || say "$now"
      last=$now
    fi
    ((SECONDS < until)) || fail "not all Applications are healthy after ${ESPALIER_TIMEOUT:-3600} s; Argo CD goes on trying: \`bash bootstrap/bootstrap.sh status\`"
    sleep 5
  done
}

status() {
  step='status'
  local rows red stuck namespace name
  rows=$(applications)
  if [[ ! $rows ]]; then
    say "there are no Applications in the cluster (or no cluster at $KUBECONFIG)"
    exit 1
  fi
  waves "$rows"
  red=$(first_red "$rows")
  if [[ $red ]]; then
    say "$red: $(complaint "$red")"
  fi
  stuck=$(given_up "$rows")
  if [[ $stuck ]]; then
    say "${stuck//$'\n'/, }: Argo CD has given up, and tries the same commit again only when it is told to: mend it in Git, or \`bash bootstrap/bootstrap.sh up\`"
  fi
  while read -r namespace name; do
    say "$namespace/$name: this StatefulSet is of an earlier version, which cannot be changed and waits for ever for a pod that fails: \`bash bootstrap/bootstrap.sh up\` makes it anew while its pods run on, as $(q kubectl --namespace "$namespace" delete statefulset "$name" --cascade=orphan) does before the next sync"
  done < <(in_order)
  while read -r namespace name; do
    say "$namespace/$name: this pod is of an earlier revision and not ready, and its StatefulSet waits for it whatever is right by now: $(q kubectl --namespace "$namespace" delete pod "$name")"
  done < <(held_up)
  if [[ $(look --namespace argocd get applications.argoproj.io root openwebui --output 'jsonpath={.items[*].metadata.annotations.argocd\.argoproj\.io/skip-reconcile}') == *true* ]]; then
    say 'a restore has paused Argo CD and was stopped: run `bash bootstrap/bootstrap.sh restore` again to end it'
  fi
  way_in
  finished "$rows" || exit 1
}

way_in() {
  if [[ $argocd_host ]]; then
    say "Argo CD: https://$argocd_host"
  else
    say "Argo CD has no public host: kubectl --kubeconfig $(q "$KUBECONFIG") --namespace argocd port-forward service/argocd-server 8080:80, then http://localhost:8080"
  fi
  if [[ $argocd_admin == sealed ]]; then
    say '  its user is admin, with the password that you have sealed (`espalier seal argocd-secret` seals another)'
  elif [[ $(look --namespace argocd get secret argocd-initial-admin-secret --output=name) ]]; then
    say "  its user is admin, the password: kubectl --kubeconfig $(q "$KUBECONFIG") --namespace argocd get secret argocd-initial-admin-secret --output 'jsonpath={.data.password}' | base64 --decode"
    say "  change it there, then delete the Secret: kubectl --kubeconfig $(q "$KUBECONFIG") --namespace argocd delete secret argocd-initial-admin-secret"
  fi
  if [[ $chat_host ]]; then say "chat: https://$chat_host"; fi
}

