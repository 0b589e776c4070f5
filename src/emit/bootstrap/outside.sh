# --- What lies outside the cluster, as pods see it ----------------------------------------------------------------------------------

# The file of name servers that pods get: k3s takes the first of these in which every server is another machine. Nothing: it takes none.
resolvers() {
  local file servers
  for file in "$root/etc/resolv.conf" "$root/run/systemd/resolve/resolv.conf"; do
    servers=$(sed -n 's/^nameserver[[:space:]]\{1,\}\([^[:space:]]*\).*/\1/p' "$file" 2>/dev/null) || servers=''
    if [[ $servers ]] && ! grep -q -i -E '^(0\.|127\.|169\.254\.|::1?$|fe80:)' <<<"$servers"; then
      printf '%s' "$file"
      return
    fi
  done
}

# What a pod's resolver reads: the servers and search domains of that file, or the one server that k3s then writes itself. The cluster's own
# search domains are left out, since its DNS server passes no name of theirs on.
pod_list() {
  local file
  file=$(resolvers)
  if [[ $file ]]; then
    sed -n '/^\(nameserver\|search\)[[:space:]]/p' "$file"
  else
    printf 'nameserver 8.8.8.8\n'
  fi
  printf 'options ndots:1 timeout:2 attempts:2\n'
}

# The addresses of a name for a pod: by DNS alone, from a pod's servers. The node's /etc/hosts, what systemd-resolved has of its own and
# names of the local link are no pod's. Where the question cannot be asked so, the code is neither 0 nor 2.
as_a_pod() { # list, name
  local list='mount -t tmpfs tmpfs /mnt && cat >/mnt/resolv.conf && mount --bind /mnt/resolv.conf /etc/resolv.conf'
  printf '%s\n' "$1" | timeout 20 unshare --mount sh -c "{ $list; } || exit 9; exec getent -s hosts:dns ahostsv4 \"\$1\"" sh "$2" 2>/dev/null
}

addresses() { awk '{print $1}' | sort -u; }

# An IPv4 address as a number.
number() { # address
  local a b c d
  IFS=. read -r a b c d <<<"$1"
  printf '%d' $((a << 24 | b << 16 | c << 8 | d))
}

within() { # address, range
  local bits=${2#*/} mask
  mask=$((bits == 0 ? 0 : (0xffffffff << (32 - bits)) & 0xffffffff))
  ((($(number "$1") & mask) == ($(number "${2%/*}") & mask)))
}

# Whether the policies let pods out to an address: into the network that the spec names, or else to whatever is not private.
opened() { # address, network or -
  local range
  if [[ $2 != - ]]; then
    within "$1" "$2"
    return
  fi
  for range in "${private_ranges[@]}"; do
    if within "$1" "$range"; then return 1; fi
  done
}

# Each server that the spec names, looked up as this node and as a pod does, and held against what the policies open. Argo CD would lock
# itself out of the commit that mends it, so it is found before anything is changed.
outside_servers() {
  local line host network field caller list servers here found code address to
  list=$(pod_list)
  servers=$(sed -n 's/^nameserver[[:space:]]*//p' <<<"$list" | tr '\n' ' ')
  for line in "${outside[@]}"; do
    read -r host network field caller <<<"$line"
    if [[ $host =~ ^[0-9.]+$ ]]; then continue; fi
    here=$(getent ahostsv4 "$host" 2>/dev/null | addresses) || here=''
    code=0
    found=$(as_a_pod "$list" "$host") || code=$?
    if ((code == 0)); then found=$(addresses <<<"$found"); else found=''; fi
    if ((code != 0 && code != 2)); then
      say "preflight: $host cannot be looked up here as a pod does it: what this node knows is taken"
      found=$here
    fi
    if [[ ! $found && $here ]]; then
      refuse "this node knows $host (${here//$'\n'/, }), but pods do not: they ask only the DNS servers ${servers% } for it, and no file of the node, so $caller would not find it; give it a record there, or name the server by its address in the spec"
      continue
    fi
    if [[ ! $found ]]; then
      warn "$host has no address: $caller does not find it until it has one"
      continue
    fi
    if [[ $network == - ]]; then to='public addresses only'; else to="$network only"; fi
    for address in $found; do
      if ! opened "$address" "$network"; then
        refuse "$host leads pods to $address, and the network policies let $caller out to $to: write \`cidr: $address/32\`, or the range that it is in, in place of \`$field\`, render, and push"
        break
      fi
    done
  done
  wildcards "$list"
}

# A search domain that has an address for every name: a pod's name that is found nowhere ends there, at a stranger's server. Names that are
# there are safe, since pods ask for them as they are written first (ndots: 1).
wildcards() { # list
  local domain found
  for domain in $(sed -n 's/^search[[:space:]]*//p' <<<"$1" | tail -n 1); do
    domain=${domain%.}
    if [[ ! $domain ]]; then continue; fi
    found=$(as_a_pod "$1" "no-such-name-of-espalier.$domain." | addresses) || found=''
    if [[ $found ]]; then
      warn "every name below $domain leads to ${found//$'\n'/, } (a wildcard record), and pods search that domain for names that they do not find: whatever is missing or misspelt, they talk to that server instead. Take $domain out of the search domains of this node (netplan, DHCP), or remove the record"
    fi
  done
}

# Every Ingress names this class: without it no controller answers for the public hosts, and Argo CD waits for the Ingresses. It is looked
# for where a cluster runs already, and again before the Applications are waited for.
ingress_class_there() {
  local found help
  if [[ ! -r $KUBECONFIG || ! $(all_hosts) ]]; then return 0; fi
  found=$(ask get ingressclasses.networking.k8s.io --output=name) || exit
  if [[ $'\n'$found$'\n' == *"/$ingress_class"$'\n'* ]]; then return 0; fi
  found=$(sed 's/.*\///' <<<"$found" | tr '\n' ' ' | sed 's/ *$//' | clean 200)
  if ((ingress_packaged)); then
    help='k3s installs it with its Traefik soon after its first start, unless it runs with `--disable traefik`: take that away, or describe your own controller below `ingress` in spec/platform.yaml'
  else
    help='install the ingress controller, or write the class that it has below `ingress` in spec/platform.yaml'
  fi
  warn "the cluster has no IngressClass $ingress_class, which every public host needs (it has: ${found:-none}): until it is there, no host answers and no certificate is issued; $help"
}

