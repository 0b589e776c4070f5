# --- Restore and teardown -----------------------------------------------------------------------------------------------------------

readonly pause='argocd.argoproj.io/skip-reconcile'

# Sets the front end going again; run whatever happens, and twice does no harm. When one of the two fails, the other is done all the same.
resume() {
  trap - ERR
  set +e
  say 'restore: Open WebUI, backups and Argo CD go on'
  run "$(q kubectl --namespace "$chat_namespace" delete configmap restore --ignore-not-found)"
  run "$(q kubectl --namespace "$chat_namespace" patch cronjob backup --patch '{"spec":{"suspend":false}}')"
  run "$(q kubectl --namespace "$chat_namespace" scale deployment openwebui "--replicas=$chat_replicas")"
  run "$(q kubectl --namespace argocd annotate applications.argoproj.io root openwebui backup "$pause-")"
}

# A backup that is running would save half of what is restored.
backup_rests() {
  local active
  active=$(kubectl --namespace "$chat_namespace" get jobs --selector app.kubernetes.io/name=backup --output 'jsonpath={.items[*].status.active}') || return 1
  [[ ! $active ]]
}

job_ended() { [[ $(look get --filename "$top/bootstrap/job-restore.yaml" --output 'jsonpath={.status.conditions[*].type}') =~ Complete|Failed ]]; }

restore() {
  step='restore'
  local job=$top/bootstrap/job-restore.yaml ended
  if [[ ! -f $job ]]; then
    say 'restore: there is no bootstrap/job-restore.yaml: backups are off in the spec'
    exit 1
  fi
  [[ $chat_host ]] || fail 'the platform has no Open WebUI, whose database this is'
  ours ask
  confirm "restore: what is in the database and among the uploaded files now is replaced by ${backup:-the last backup}"
  # The annotation belongs to nobody's manifest, so nothing puts it back; the root is paused too, since a commit would start the front end.
  say 'restore: pausing Argo CD and stopping Open WebUI'
  trap resume EXIT
  run "$(q kubectl --namespace argocd annotate --overwrite applications.argoproj.io root openwebui backup "$pause=true")"
  run "$(q kubectl --namespace "$chat_namespace" patch cronjob backup --patch '{"spec":{"suspend":true}}')"
  # One that hangs from an earlier time counts as a backup, and would be waited for in vain.
  run "$(q kubectl delete --filename "$job" --ignore-not-found --wait)"
  if [[ ! $dry ]]; then
    patiently "${ESPALIER_TIMEOUT:-3600}" backup_rests || fail 'restore: a backup is still running'
  fi
  run "$(q kubectl --namespace "$chat_namespace" scale deployment openwebui --replicas=0)"
  run "$(q kubectl --namespace "$chat_namespace" wait --for=delete pod --selector app.kubernetes.io/name=openwebui --timeout=300s)"
  say 'restore: running the Job'
  run "$(q kubectl --namespace "$chat_namespace" delete configmap restore --ignore-not-found)"
  local wishes=()
  [[ ! $backup ]] || wishes+=("--from-literal=backup=$backup")
  [[ ! $adopt_backup ]] || wishes+=('--from-literal=adopt=yes')
  [[ ! $force ]] || wishes+=('--from-literal=force=yes')
  if ((${#wishes[@]})); then run "$(q kubectl --namespace "$chat_namespace" create configmap restore "${wishes[@]}")"; fi
  run "$(apply espalier) $(q --filename "$job")"
  if [[ ! $dry ]]; then
    patiently "${ESPALIER_TIMEOUT:-3600}" job_ended || fail "restore: the Job has not ended; \`kubectl --namespace $chat_namespace logs job/restore --all-containers\`"
    ended=$(ask get --filename "$job" --output 'jsonpath={.status.conditions[*].type}') || exit
    if [[ $ended != *Complete* ]]; then
      kubectl --namespace "$chat_namespace" logs job/restore --all-containers --tail=20 2>&1 | clean 2000 >&2 || true
      fail "restore: the Job failed; its last lines are above (a platform that is in use is only replaced with --force, and another platform's backup only taken over with --adopt-backup)"
    fi
    say 'restore: done'
  fi
}

# A typed name, so that nobody does it by habit.
confirm() { # what will happen
  local typed=''
  say "$1"
  [[ ! $yes && ! $dry ]] || return 0
  [[ -t 0 ]] || fail 'nobody to ask: pass --yes if that is intended'
  read -rp "type '$platform' to go on: " typed
  [[ $typed == "$platform" ]] || fail 'not confirmed, nothing was changed'
}

teardown() {
  step='teardown'
  local patch='kubectl --namespace argocd patch applications.argoproj.io' one found
  ours ask
  one="every Application of $platform is deleted with what it made"
  if [[ -e $root/etc/systemd/system/espalier-firewall.service ]]; then one+=', and the ports of k3s, which goes on, are open to other machines again'; fi
  confirm "teardown: $one"
  if [[ ! $dry ]] && root_gone; then
    firewall_down
    say 'teardown: there is no root, nothing to do'
    return
  fi
  # Two Applications only lose their entry and keep what they made: Argo CD, which does the work, and bootstrap, whose projects permit
  # it and whose root is what is being deleted. The root rests meanwhile, or it would put their finalizers back.
  run "$(q kubectl --namespace argocd annotate --overwrite applications.argoproj.io root "$pause=true")"
  for one in bootstrap argocd; do
    found=$(ask --namespace argocd get applications.argoproj.io "$one" --output=name) || exit
    if [[ $dry || $found ]]; then
      run "$patch $(q "$one" --type merge --patch '{"metadata":{"finalizers":null}}')"
    fi
  done
  run "$patch $(q root --type merge --patch '{"metadata":{"finalizers":["resources-finalizer.argocd.argoproj.io/foreground"]}}')"
  run "$(q kubectl --namespace argocd delete applications.argoproj.io root --wait=false)"
  run "$(q kubectl --namespace argocd annotate applications.argoproj.io root "$pause-")"
  say 'teardown: waiting until Argo CD has removed the Applications, the last wave first'
  if [[ ! $dry ]]; then
    patiently "${ESPALIER_TIMEOUT:-3600}" root_gone || fail 'teardown: not all is gone; run it again, or see `bash bootstrap/bootstrap.sh status`'
  fi
  firewall_down
  say 'teardown: what stays: k3s, Argo CD and its projects, the namespaces, the volumes (kubectl get pvc --all-namespaces), the sealing key in kube-system'
}

# No answer is not a no.
root_gone() {
  local found
  found=$(kubectl --namespace argocd get applications.argoproj.io root --ignore-not-found --output=name) || return 1
  [[ ! $found ]]
}

