# --- Which ports of the node answer strangers ---------------------------------------------------------------------------------------

# What keeps strangers out, as far as this node can know it, and what was asked: a firewall before this machine is not seen from here.
filtered() {
  local rules=''
  if nft list table inet espalier >/dev/null 2>&1; then
    printf 'espalier'
  elif [[ $(LC_ALL=C ufw status verbose 2>/dev/null) =~ ^Status:\ active.*Default:\ (deny|reject)\ \(incoming\) ]]; then
    printf 'ufw'
  elif [[ $(firewall-cmd --state 2>/dev/null) == running ]]; then
    printf 'firewalld'
  else
    rules=$(nft list ruleset 2>/dev/null) || rules=''
    rules+=$'\n'$(iptables -S INPUT 2>/dev/null) || true
    if [[ $rules =~ hook\ input[^$'\n']*policy\ drop || $rules == *$'\n-P INPUT DROP'* ]]; then printf 'an input chain that drops by default'; fi
  fi
}

# Says whether other machines reach the ports of k3s, and the rules that keep them away.
strangers() {
  local by one there='' missing='' ports
  by=$(filtered)
  if [[ $by == espalier ]]; then
    say 'preflight: the rules of `up --firewall` are loaded'
  elif [[ $by ]]; then
    say "preflight: $by filters what comes in, but no NodePort, which kube-proxy redirects before that: \`up --firewall\` closes those too"
  elif [[ ! $firewall ]]; then
    for one in ufw firewall-cmd nft iptables; do
      if command -v "$one" >/dev/null; then there+=" $one"; else missing+=" $one"; fi
    done
    ports=$(sed -n 's/ *\(tcp\|udp\) dport {* *\([0-9, -]*[0-9]\) *}* drop/\1 \2/p' "$top/bootstrap/k3s/firewall.nft")
    warn "other machines reach ports of k3s (${ports//$'\n'/; }): nothing on this node filters them (asked:${there:- nothing}${missing:+; not installed:$missing}). If no firewall before this machine does, load these rules with \`up --firewall\`:"
    while IFS= read -r one; do say "  $one"; done < <(firewall_rules | sed '/^#/d')
  fi
}

# Every port by which people may sign in: those on which sshd listens, by itself or through systemd, and that of whoever runs this. A rule
# that closed one of them would lock everybody out.
ssh_ports() {
  local ssh_connection=${SSH_CONNECTION:-}
  {
    printf '22\n%s\n' "${ssh_connection##* }"
    ss --no-header --tcp --numeric --processes --listening 2>/dev/null | awk '/"(sshd[^"]*|dropbear)"/ { sub(/.*:/, "", $4); print $4 }' || true
    systemctl show --property=Listen --value ssh.socket sshd.socket 2>/dev/null | sed -n 's/^\(.*:\)\{0,1\}\([0-9]*\) (Stream)$/\2/p' || true
    sshd -T 2>/dev/null | sed -n 's/^port //p' || true
  } | grep -x -E '[0-9]{1,5}' | sort -n -u
}

# The addresses of all nodes, where there are several; they speak to each other on these ports.
node_addresses() {
  if ((${#joining[@]})); then
    look get nodes --output 'jsonpath={range .items[*].status.addresses[*]}{.type}={.address}{"\n"}{end}' | sed -n 's/^\(InternalIP\|ExternalIP\)=//p'
  fi
}

# The rules of the tree with what only this node knows.
firewall_rules() {
  local one
  cat "$top/bootstrap/k3s/firewall.nft"
  for one in $(ssh_ports); do printf 'add element inet espalier ssh { %s }\n' "$one"; done
  for one in "${allow[@]}" $(node_addresses | sort -u); do
    if [[ $one == *:* ]]; then printf 'add element inet espalier allowed6 { %s }\n' "$one"; else printf 'add element inet espalier allowed4 { %s }\n' "$one"; fi
  done
}

# Seconds in which the rules have to be confirmed.
readonly firewall_patience=120

# Loads the rules and keeps them. Who cannot sign in any more cannot say so either: rules that nobody confirms are taken back by the node
# itself, whatever has become of this session.
firewall_up() {
  step='firewall'
  local kept=$root/etc/espalier/firewall.nft unit=$root/etc/systemd/system/espalier-firewall.service next rules before typed=''
  next=$kept.next
  command -v nft >/dev/null || refuse '`nft` is not installed (`apt-get install nftables`)'
  if ((${#joining[@]} && !${#allow[@]})); then
    refuse 'other nodes join this one on ports that these rules close: pass their addresses, `--allow 192.0.2.8 --allow 192.0.2.9`, or the range that they are in'
  fi
  # An answer that does not come must not read as a cluster of no nodes.
  if ((${#joining[@]})); then ask get nodes --output=name >/dev/null; fi
  rules=$(firewall_rules)
  if [[ $(cat "$kept" 2>/dev/null) == "$rules" ]] && cmp --silent "$top/bootstrap/k3s/espalier-firewall.service" "$unit" &&
    systemctl is-active --quiet espalier-firewall && nft list table inet espalier >/dev/null 2>&1; then
    say 'firewall: these rules are loaded'
    return
  fi
  if [[ ! $yes && ! $dry ]]; then
    [[ -t 0 ]] || fail 'firewall: nobody to confirm that this node can still be reached: pass --yes if that is certain'
  fi
  say 'firewall: from outside, the ports of k3s answer only whom --allow names; sshd, ports 80 and 443 and all others stay as they are'
  run "$(q mkdir -p "${kept%/*}")"
  run "{ $(q cat "$top/bootstrap/k3s/firewall.nft"); $(q printf '%s\n' "${rules##*$'\n'\}$'\n'}"); } > $(q "$next")"
  run "$(q nft --check --file "$next")"
  if [[ ! $yes && ! $dry ]]; then
    # What was confirmed before comes back; otherwise there are no rules.
    if [[ -f $kept ]]; then before=$(q nft --file "$kept"); else before='nft delete table inet espalier'; fi
    # One of a session that broke off would be in the way.
    run "$(q systemctl stop espalier-firewall-undo.timer) 2>/dev/null || true"
    run "$(q systemd-run --quiet --collect --unit=espalier-firewall-undo "--on-active=$firewall_patience" --timer-property=AccuracySec=1s sh -c "$before")"
    run "$(q nft --file "$next")"
    say "firewall: loaded for $firewall_patience s. Sign in to this node once more, beside this session, which goes on in any case"
    read -r -t "$firewall_patience" -p 'type yes if you could sign in: ' typed || printf '\n'
    if [[ $typed != yes ]]; then
      # Where this fails, the timer is left to do it, or has done it already.
      run "$before && $(q systemctl stop espalier-firewall-undo.timer) || true"
      run "$(q rm -f "$next")"
      fail 'firewall: not confirmed, so the rules were taken back'
    fi
  fi
  # What could take them back goes first.
  if [[ $typed ]]; then run "$(q systemctl stop espalier-firewall-undo.timer) || true"; fi
  run "$(q mv -f "$next" "$kept")"
  run "$(q install -D -m 0644 "$top/bootstrap/k3s/espalier-firewall.service" "$unit")"
  run "$(q systemctl daemon-reload)"
  run "$(q systemctl enable --quiet espalier-firewall)"
  run "$(q systemctl reload-or-restart espalier-firewall)"
}

# Takes the rules back for good.
firewall_down() {
  local unit=$root/etc/systemd/system/espalier-firewall.service
  if [[ $elsewhere || ! -e $unit ]]; then return; fi
  say "$step: taking the rules of \`up --firewall\` back"
  run "$(q systemctl disable --quiet --now espalier-firewall)"
  run "$(q rm -f "$unit" "$root/etc/espalier/firewall.nft")"
  run "$(q systemctl daemon-reload)"
}

