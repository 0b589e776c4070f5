# --- What has to hold before anything is changed ------------------------------------------------------------------------------------

preflight() {
  step='preflight'
  say "preflight: $platform on $(uname -n)"
  local value
  machine
  for value in curl git openssl sha256sum timeout; do
    command -v "$value" >/dev/null || refuse "\`$value\` is not installed"
  done
  if [[ $elsewhere ]]; then
    say "preflight: the cluster is that of $elsewhere; this machine is not looked at"
    command -v kubectl >/dev/null || refuse '`kubectl` is not installed'
  else
    this_node
  fi
  names
  if [[ ! $elsewhere ]]; then outside_servers; fi
  published
  clone
  if [[ $elsewhere ]]; then
    ours ask
    ingress_class_there
  else
    our_node
    if k3s_up; then
      ingress_class_there
      without_a_level
    fi
    # The first that changes something.
    inotify
    kernel
  fi
}

# Whose node it is, before anything of it is changed. Its cluster says so. Where that does not answer, what an earlier `up` has noted says
# it: this platform's node may be healed, and nobody else's is touched.
our_node() {
  local file=$state/platform this noted unheard=''
  printf -v this '%s\n' "$platform" "$(normalised "$repository")" "$root_path"
  noted=$(cat "$file" 2>/dev/null) || noted=''
  this=${this%$'\n'}
  if [[ $adopt || $noted == "$this" ]]; then
    ours hear
  else
    unheard="nothing on this node says that it is one of '$platform': have its k3s answer (\`systemctl restart k3s\`), or pass --adopt if this node is meant"
    if [[ $noted && ! -r $KUBECONFIG ]]; then refuse "$file says that this is the node of another platform, and there is no cluster to ask: pass --adopt if this node is meant"; fi
    ours ask
  fi
  if [[ $noted != "$this" ]]; then
    run "$(q mkdir -p "$state") && $(q printf '%s\n' "$platform" "$(normalised "$repository")" "$root_path") > $(q "$file")"
  fi
}

# What the node itself has to have.
this_node() {
  local id='' version='' mem cores value
  if [[ -r $root/etc/os-release ]]; then
    id=$(sed -n 's/^ID=//p' "$root/etc/os-release" | tr -d '"')
    version=$(sed -n 's/^VERSION_ID=//p' "$root/etc/os-release" | tr -d '"')
  fi
  [[ $id == ubuntu && $version == 24.04 ]] || warn "this is ${id:-unknown} ${version:-}, not Ubuntu 24.04, for which this is written: going on"
  (($(id -u) == 0)) || refuse "not root: run \`sudo bash bootstrap/bootstrap.sh $verb\` (it drops the environment: keep what you need with \`sudo --preserve-env=ESPALIER_REPOSITORY_TOKEN_FILE …\`)"
  for value in cmp systemctl; do
    command -v "$value" >/dev/null || refuse "\`$value\` is not installed"
  done

  mem=$(sed -n 's/^MemTotal: *\([0-9]*\) kB$/\1/p' "$root/proc/meminfo")
  ((${mem:-0} >= node_memory_kib)) ||
    refuse "this node has MemTotal $((${mem:-0} / 1024))Mi, and the platform is planned for $node_memory (${node_memory_kib} KiB; this is ${mem:-0} KiB): take a larger node, or write \`memTotal: $((${mem:-0} / 1024))Mi\` below \`node\` and render again"
  cores=$(nproc)
  ((cores * 1000 >= node_cpu)) ||
    refuse "this node has $cores cores, and the platform is planned for ${node_cpu}m: take a larger node, or write \`cpu: $cores\` below \`node\` and render again"
  room
  if [[ $(LC_ALL=C ufw status 2>/dev/null) == 'Status: active'* ]]; then
    warn 'ufw is active: pods reach neither each other nor the API server unless it lets them (`ufw allow from 10.42.0.0/16`, `ufw allow from 10.43.0.0/16`), nor browsers the platform (`ufw allow 80,443/tcp`)'
  fi
  strangers
  if grep -q '^flannel-backend: wireguard' "$top/bootstrap/k3s/config.yaml" && [[ ! -d $root/sys/module/wireguard ]] && ! modprobe --dry-run --quiet wireguard; then
    refuse 'this kernel has no WireGuard, by which the nodes speak to each other: install the kernel modules of your distribution (`modprobe wireguard` has to succeed, on every node)'
  fi
  backend
  if [[ $(sed 1d "$root/proc/swaps" 2>/dev/null) ]]; then
    warn 'swap is on: the kubelet does not count it, and a model in swap answers nobody; `swapoff -a` and take it out of /etc/fstab'
  fi
  ports
  if [[ $(timedatectl show --property NTPSynchronized --value 2>/dev/null) != yes ]]; then
    warn 'the clock is not synchronised: certificates and tokens may be refused (`timedatectl set-ntp true`)'
  fi
}

# Images, volumes and what pods write share the disk of k3s; the kubelet evicts pods before it is full.
room() {
  local folder=$root/var/lib/rancher free
  until [[ -d $folder ]]; do folder=$(dirname "$folder"); done
  free=$(df --output=avail --block-size=1M "$folder" 2>/dev/null | sed -n '2s/ //gp') || free=''
  if [[ $free ]] && ((free < node_disk_mib)) && [[ ! $(k3s_there) ]]; then
    warn "$folder has $((free / 1024))Gi free, and images and volumes take about $((node_disk_mib / 1024))Gi: the kubelet evicts pods when the disk runs full"
  fi
}

machine() {
  case $(uname -m) in
    x86_64) arch=amd64 k3s_file=k3s ;;
    aarch64) arch=arm64 k3s_file=k3s-arm64 ;;
    *) fail "k3s has no release for $(uname -m)" ;;
  esac
}

# Nodes with different backends do not reach each other's pods.
backend() {
  local had
  if ((${#joining[@]})); then
    had=$(look get nodes --output 'jsonpath={.items[*].metadata.annotations.flannel\.alpha\.coreos\.com/backend-type}')
    if [[ $had =~ vxlan|host-gw ]]; then
      warn 'nodes of this cluster speak to each other without WireGuard: until each has the new files and k3s was started anew there, pods of different nodes do not reach each other (out/README.md, "The node")'
    fi
  fi
}

# The ports of the API server and, unless another ingress controller has them, of the two entry points: free, or k3s' own. A process names itself as it likes, so its name is compared
# as a whole, for each socket of a port, and shown like any stranger's word.
ports() {
  local port line users own='^\((,?\("k3s(-server)?",pid=[0-9]+,fd=[0-9]+\))+\) *$'
  for port in "${node_ports[@]}"; do
    while IFS= read -r line; do
      users=${line#*users:}
      [[ ! $line || $users =~ $own ]] || refuse "port $port is taken: $(clean 200 <<<"$users")"
    done < <(ss --no-header --listening --tcp --numeric --processes "sport = :$port" 2>/dev/null || true)
  done
}

# Every public host: the platform's own, then those that the workspaces' Ingresses name. A new workspace changes no line of this script.
all_hosts() {
  local file
  printf '%s\n' "${hosts[@]}"
  for file in "$top"/out/manifests/ws-*/*/ingress-*.yaml; do
    if [[ -f $file ]]; then sed -n "s/^ *- host: *['\"]\{0,1\}\([a-z0-9.-]*\).*/\1/p" "$file"; fi
  done
}

# People come by each host's name, and who certifies may ask it too, so it has to lead here; of very many workspaces the first are looked up. One below localtest.me leads to whoever asks.
names() {
  local host own found address first most=100 without='nobody finds'
  if ((asked_by_http)); then without='no certificate will be issued for'; fi
  local -a all=() nowhere=()
  own=" $(hostname -I 2>/dev/null || true) "
  while read -r host; do
    if [[ $host && $host != *.localtest.me ]]; then all+=("$host"); fi
  done < <(all_hosts)
  for host in "${all[@]:0:most}"; do
    found=$(getent ahosts "$host" | awk '{print $1}' | sort -u) || true
    if [[ ! $found ]]; then
      nowhere+=("$host")
      continue
    fi
    for address in $found; do
      [[ $own == *" $address "* ]] && continue 2
    done
    warn "$host leads to ${found//$'\n'/, }, which is no address of this node (right where a router passes ports 80 and 443 on)"
  done
  if ((${#nowhere[@]} > 3)); then
    printf -v first '%s, ' "${nowhere[@]:0:3}"
    warn "${first%, } and $((${#nowhere[@]} - 3)) more have no address: $without them until their names lead to this node"
  else
    for host in "${nowhere[@]}"; do
      warn "$host has no address: $without it until its name leads to this node"
    done
  fi
  if ((${#all[@]} > most)); then warn "of ${#all[@]} hosts, the names of the first $most were looked up"; fi
}

# Ubuntu's defaults are used up by a few log readers.
inotify() {
  local instances watches file=$root/etc/sysctl.d/90-espalier.conf
  instances=$(cat "$root/proc/sys/fs/inotify/max_user_instances" 2>/dev/null || echo 0)
  watches=$(cat "$root/proc/sys/fs/inotify/max_user_watches" 2>/dev/null || echo 0)
  if ((instances < 512 || watches < 131072)); then
    say 'preflight: raising the limits of inotify'
    run "$(q printf '%s\n' 'fs.inotify.max_user_instances = 512' 'fs.inotify.max_user_watches = 131072') > $(q "$file")"
    run "$(q sysctl --quiet --load "$file")"
  fi
}

# Settings of the kernel that are others than a file of `sysctl.d` says.
kernel_other() { # file
  local key value now
  while read -r key _ value; do
    if [[ ! $value || $key == '#' ]]; then continue; fi
    now=$(cat "$root/proc/sys/${key//./\/}" 2>/dev/null) || now='not there'
    [[ $now == "$value" ]] || printf '%s is %s\n' "$key" "$now"
  done <"$1"
}

# What the kubelet wants of the kernel. It sets nothing itself and does not start where one is another, so the unit of k3s loads the same
# file again before each start.
kernel() {
  local wanted=$top/bootstrap/k3s/kernel.conf file=$root/etc/sysctl.d/90-espalier-kubelet.conf other
  other=$(kernel_other "$wanted")
  if [[ $other ]] || ! cmp --silent "$wanted" "$file"; then
    say "preflight: setting what the kubelet wants of the kernel${other:+ (${other//$'\n'/, })}"
    run "$(q install -D -m 0644 "$wanted" "$file")"
    run "$(q sysctl --quiet --load "$file")"
  fi
  other=$(kernel_other "$wanted")
  [[ $dry || ! $other ]] || fail "preflight: the kernel keeps other settings than $file: ${other//$'\n'/, }; the kubelet would not start (in a container, its host has to set them)"
}

# Pods that run in a namespace which says nothing of its pod security level: with the default that k3s is about to be told, they would not
# be made again. It is asked before, since the API server takes the default without a word.
without_a_level() {
  local one found said level admission=$top/bootstrap/k3s/admission.yaml
  if cmp --silent "$admission" "$root/etc/rancher/k3s/espalier-admission.yaml"; then return; fi
  level=$(sed -n 's/^ *enforce: //p' "$admission")
  found=$(ask get namespaces --selector '!pod-security.kubernetes.io/enforce' --output 'jsonpath={range .items[*]}{.metadata.name}{"\n"}{end}') || exit
  for one in $found; do
    if grep -q "^ *- $one\$" "$admission"; then continue; fi
    said=$(kubectl label --dry-run=server --overwrite namespace "$one" "pod-security.kubernetes.io/enforce=$level" 2>&1 >/dev/null) || true
    if [[ $said == *'existing pods in namespace'* ]]; then
      refuse "pods of the namespace $one are not $level, and it has no label that permits more, so they would not be made again when they end ($(clean 400 <<<"${said//$'\n'/ }")): run \`kubectl label namespace $one pod-security.kubernetes.io/enforce=privileged\`, or \`baseline\` if that is enough"
    fi
  done
}

# `host/owner/name` of any way to write a repository's URL.
normalised() {
  local url=$1 server port=22
  case ${url%%://*} in
    https) port=443 ;;
    http) port=80 ;;
  esac
  if [[ $url == *://* ]]; then url=${url#*://}; else url=${url/:/\/}; fi
  server=${url%%/*}
  if [[ $url == */* ]]; then url=${url#*/}; else url=''; fi
  server=${server##*@}
  server=${server%:"$port"}
  url=${url%/}
  printf '%s/%s' "${server,,}" "${url%.git}"
}

# What Argo CD will look for has to be there, as far as this machine can see: the root follows the branch, the others may follow a tag.
published() {
  local one code said asked=''
  for one in "refs/heads/$branch" "$revision"; do
    [[ $one != "$asked" ]] || continue
    code=0 asked=$one
    said=$(distant ls-remote --exit-code "$repository" "$one" 2>&1 >/dev/null) || code=$?
    if ((code != 0 && code != 2)) && mistrusted "$said"; then return; fi
    ((code == 2)) || continue
    if [[ $one == refs/tags/* ]]; then
      refuse "$repository has no tag \`${one#refs/tags/}\`, which the Applications follow: run \`espalier release\`"
    else
      refuse "$repository has no branch \`$branch\`: push it first"
    fi
    return
  done
}

# Git on this clone. It runs as whoever owns the clone, since nobody who can write there may have root run a program; its search for the
# repository begins at the nearest folder with a `.git`, which no commit can hold, and no hook and no monitor is run (filters that the
# clone's own configuration names are, as its owner).
here() { # folder with a .git, words of git
  local folder=$1 owner
  local -a as=(env)
  shift
  if (($(id -u) == 0)); then
    owner=$(stat -c %U -- "$folder/.git")
    as+=(-u XDG_CONFIG_HOME "HOME=$(getent passwd "$owner" | cut -d : -f 6)")
    [[ $owner == root ]] || as=(runuser -u "$owner" -- "${as[@]}")
  fi
  "${as[@]}" "GIT_CEILING_DIRECTORIES=$(dirname -- "$folder")" \
    GIT_NO_LAZY_FETCH=1 GIT_OPTIONAL_LOCKS=0 GIT_TERMINAL_PROMPT=0 \
    git -c safe.bareRepository=explicit -c core.fsmonitor=false -c core.hooksPath=/dev/null -c protocol.allow=never -C "$folder" "$@"
}

# Argo CD reads the repository, not this clone: what is not pushed does not exist.
clone() {
  local folder=$top url urls head there is_ours=''
  until [[ -e $folder/.git || $folder == / ]]; do folder=$(dirname -- "$folder"); done
  if [[ ! -e $folder/.git ]] || ! head=$(here "$folder" rev-parse --verify --quiet HEAD 2>/dev/null); then
    warn "$top is no clone that Git knows: Argo CD will read $repository ($branch), whatever lies here"
    return
  fi
  urls=$(here "$folder" config --get-regexp '^remote\..*\.url$' 2>/dev/null | cut -d ' ' -f 2-) || urls=''
  while read -r url; do
    if [[ $(normalised "$url") == "$(normalised "$repository")" ]]; then is_ours=1; fi
  done <<<"$urls"
  if [[ ! $is_ours ]]; then
    # No URL of a remote is shown: it may hold a token.
    warn "no remote of this clone is $repository: Argo CD will read that one, not what lies here"
  fi
  if [[ $(here "$folder" status --porcelain -- "$top/apps" "$top/bootstrap" "$top/out" 2>/dev/null) ]]; then
    warn 'generated files differ from the last commit: Argo CD will not see them until they are committed and pushed'
  fi
  there=$(distant ls-remote "$repository" "refs/heads/$branch" 2>/dev/null | cut -f 1) || there=''
  [[ $there && $there != "$head" ]] || return 0
  if ! here "$folder" cat-file -e "$there^{commit}" 2>/dev/null; then
    warn "\`$branch\` of the repository has commits that this clone does not know: run \`git pull\`, and \`git push\` what is only here"
  elif ! here "$folder" merge-base --is-ancestor "$head" "$there" 2>/dev/null; then
    warn "the last commit here (${head:0:12}) is not on \`$branch\` of the repository: push it, or Argo CD will read another tree"
  fi
}

