# --- Verbs and flags ----------------------------------------------------------------------------------------------------------------

up() {
  preflight
  if [[ ! $elsewhere ]]; then
    if [[ $firewall ]]; then firewall_up; fi
    k3s_binary
    k3s_service
  fi
  ours ask
  helm_binary
  namespaces
  sealing_key
  for it in "${charts[@]}"; do
    if [[ $it == argocd ]]; then repository_credential; fi
    chart "$it"
  done
  if [[ " ${charts[*]} " != *' argocd '* ]]; then repository_credential; fi
  argocd_objects
  ingress_class_there
  wait_for_applications
  if [[ ! $dry ]]; then way_in; fi
  say 'up: done; `bash bootstrap/bootstrap.sh verify` asks the chat a question'
}

# The folder of the platform: the script lies in its bootstrap/.
top=$(CDPATH='' cd -- "$(dirname -- "${BASH_SOURCE[0]}")/.." && pwd -P)
readonly top
readonly root=${ESPALIER_ROOT:-}
# Where `espalier seal init` keeps the key; under sudo, in the home of whoever called it.
home=${HOME:-}
if [[ ${SUDO_USER:-} ]]; then home=$(getent passwd "$SUDO_USER" | cut -d : -f 6); fi
readonly default_key=${XDG_CONFIG_HOME:-$home/.config}/espalier/$platform/sealing-key.pem
# Another cluster: nothing of this machine is its node, and nothing here has to be root's.
readonly elsewhere=${ESPALIER_KUBECONFIG:-}
if [[ $elsewhere ]]; then
  state=${XDG_STATE_HOME:-$home/.local/state}/espalier/$platform
else
  state=$root/var/lib/espalier
fi
readonly state
readonly tools=$state/bin
export KUBECONFIG=${ESPALIER_KUBECONFIG:-$root/etc/rancher/k3s/k3s.yaml}
PATH=$root/usr/local/bin:$PATH
umask 077

# Secrets leave the environment, so that no program that is started here inherits them.
repository_token=${ESPALIER_REPOSITORY_TOKEN:-} repository_token_file=${ESPALIER_REPOSITORY_TOKEN_FILE:-}
repository_ssh_key_file=${ESPALIER_REPOSITORY_SSH_KEY_FILE:-}
email=${ESPALIER_EMAIL:-} password=${ESPALIER_PASSWORD:-} password_file=${ESPALIER_PASSWORD_FILE:-}
unset ESPALIER_REPOSITORY_TOKEN ESPALIER_EMAIL ESPALIER_PASSWORD
# Variables of Git may name another repository, or a program; those of the certificates it trusts stay.
for it in "${!GIT_@}"; do
  [[ $it == GIT_SSL_CA* ]] || unset "$it"
done

# What is fetched on the node takes the way that the spec says; another machine, and who says another way, has its own.
if [[ $proxy_url && ! ${ESPALIER_KUBECONFIG:-}${HTTPS_PROXY:-}${https_proxy:-} ]]; then
  export HTTPS_PROXY=$proxy_url https_proxy=$proxy_url NO_PROXY=$proxy_bypassed no_proxy=$proxy_bypassed
fi

dry='' yes='' insecure='' verb='' sealing_key_file='' backup='' force='' adopt='' adopt_backup='' step='start' running='' arch='' k3s_file='' firewall='' allow=()
while (($#)); do
  case $1 in
    --dry-run) dry=1 ;;
    --yes) yes=1 ;;
    --insecure) insecure=1 ;;
    --sealing-key)
      (($# > 1)) || misused '--sealing-key needs a file'
      sealing_key_file=$2
      shift
      ;;
    --sealing-key=*) sealing_key_file=${1#*=} ;;
    --backup)
      (($# > 1)) || misused '--backup needs the name of one'
      backup=$2
      shift
      ;;
    --backup=*) backup=${1#*=} ;;
    --firewall) firewall=1 ;;
    --allow)
      (($# > 1)) || misused '--allow needs an address or a range'
      allow+=("$2")
      shift
      ;;
    --allow=*) allow+=("${1#*=}") ;;
    --force) force=1 ;;
    --adopt) adopt=1 ;;
    --adopt-backup) adopt_backup=1 ;;
    --help | -h | help)
      usage
      exit 0
      ;;
    up | status | verify | restore | teardown | down)
      [[ ! $verb ]] || misused "two verbs: $verb and $1"
      verb=${1/#down/teardown}
      ;;
    *) misused "unknown: $(clean 100 <<<"$1")" ;;
  esac
  shift
done
# Nothing is done that nobody asked for, and no flag is left unheard.
if [[ ! $verb ]]; then
  usage >&2
  exit 2
fi
if [[ $verb != up && $sealing_key_file ]]; then misused "\`$verb\` takes no --sealing-key"; fi
if [[ $verb != up && $firewall ]]; then misused "\`$verb\` takes no --firewall"; fi
if [[ $firewall && $elsewhere ]]; then misused '--firewall is about this node, and ESPALIER_KUBECONFIG names another cluster'; fi
if ((${#allow[@]})) && [[ ! $firewall ]]; then misused '--allow needs --firewall'; fi
for it in "${allow[@]}"; do
  [[ $it =~ ^([0-9]+(\.[0-9]+){3}|[0-9a-fA-F:]*:[0-9a-fA-F:.]*)(/[0-9]+)?$ ]] || misused "no address and no range: $(clean 100 <<<"$it")"
done
if [[ $verb != restore && $backup ]]; then misused "\`$verb\` takes no --backup"; fi
if [[ $verb != restore && $force ]]; then misused "\`$verb\` takes no --force"; fi
if [[ $verb != restore && $adopt_backup ]]; then misused "\`$verb\` takes no --adopt-backup"; fi
if [[ ! $verb =~ ^(up|restore|teardown)$ && $adopt ]]; then misused "\`$verb\` takes no --adopt"; fi
if [[ $verb != verify && $insecure ]]; then misused "\`$verb\` takes no --insecure"; fi
exec 3>&1
trap 'on_error "$LINENO"' ERR
if [[ $dry ]]; then
  say "what \`$verb\` would run: each line that is no comment is a command, as it would be run"
  printf 'export %s\nexport PATH=%s:$PATH\n' "$(q KUBECONFIG="$KUBECONFIG")" "$(q "$root/usr/local/bin")"
fi
"$verb"
