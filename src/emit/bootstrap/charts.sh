# --- The charts that must be there before Argo CD, and Argo CD's own first objects --------------------------------------------------

# `helm template` and a server-side apply as Argo CD's own field manager, which is what Argo CD does with a chart: its Application then
# finds the very objects that it would make, with fields that are its own already, and takes them over. k3s' own helm-controller would
# stay a second owner: it renders the chart in a Job, keeps a release of its own and puts it back whenever its HelmChart changes.
chart() { # application
  step=$1
  local application=$1 source rendered=$state/rendered/$1.yaml one namespace=${chart_namespace[$1]}
  local -a words
  if kept "$application"; then
    say "$application: Argo CD keeps it"
    return
  fi
  source=${ESPALIER_CHARTS:-$state/charts}/${chart_name[$1]}-${chart_version[$1]}.tgz
  if [[ -f $source ]]; then words=("$source"); else words=("${chart_name[$1]}" --repo "${chart_repository[$1]}" --version "${chart_version[$1]}"); fi
  say "$application: rendering the chart ${chart_name[$1]} ${chart_version[$1]} with bootstrap/values/$application.yaml and applying it"
  run "$(q mkdir -p "$state/rendered")"
  # Hooks are in it: argo-cd's makes the password that its pods wait for, and there is no Helm here to run it.
  run "$(q helm template "$application" "${words[@]}" --namespace "$namespace" --values "$top/bootstrap/values/$application.yaml" --include-crds --skip-tests --kube-version "${k3s_version%%+*}") > $(q "$rendered")"
  for one in ${chart_jobs[$1]}; do
    # A Job's pods cannot be changed; Helm and Argo CD delete a hook before they make it anew, too.
    run "$(q kubectl --namespace "$namespace" delete job "$one" --ignore-not-found)"
  done
  run "$(apply) $(q --namespace "$namespace" --filename "$rendered")"
  for one in ${chart_crds[$1]}; do
    run "$(waiting --for=condition=Established "crd/$one")"
  done
  for one in ${chart_workloads[$1]}; do
    run "$(q kubectl --namespace "$namespace" rollout status "$one" --timeout=600s)"
  done
}

# Whether an Application of that name already keeps what it made: then this script has nothing to say any more.
kept() { # application
  local found
  found=$(ask --namespace argocd get applications.argoproj.io "$1" --output 'jsonpath={.status.sync.status}/{.status.health.status}') || exit
  [[ $found == Synced/Healthy ]]
}

namespaces() {
  step='namespaces'
  if kept namespaces; then
    say 'namespaces: Argo CD keeps them'
    return
  fi
  say 'namespaces: applying out/manifests/namespaces'
  run "$(apply) $(q --recursive --filename "$top/out/manifests/namespaces")"
}

argocd_objects() {
  step='root'
  local one found
  if [[ " ${charts[*]} " != *' argocd '* && ! $dry ]]; then
    found=$(ask get crd applications.argoproj.io --output=name) || exit
    [[ $found ]] ||
      fail 'Argo CD is not in this cluster, and it is no component of the platform: install it, then run this again'
  fi
  if kept bootstrap; then
    say 'root: Argo CD keeps the projects and the root'
    return
  fi
  say 'root: applying the projects, then the root'
  for one in "${projects[@]}"; do
    run "$(apply) $(q --filename "$top/$one")"
  done
  run "$(apply) $(q --filename "$top/bootstrap/argocd/application-root.yaml")"
}

