//! Which ports of the node answer strangers: what preflight finds, and what `up --firewall` does on
//! a terminal and without one. The rules themselves are held by `tests/real/judges/flows.py`.

use espalier::emit::hardening;

use super::{
    node::Node,
    runs::{files, node},
    with,
};
use crate::support::{golden_cases, has_ending, texts_of, tree};

const KEPT: &str = "node/etc/espalier/firewall.nft";
const UNIT: &str = "node/etc/systemd/system/espalier-firewall.service";
/// Where sshd was moved to: among the `NodePorts`, which the rules close.
const SSHD: &str = "LISTEN 0 128 0.0.0.0:30022 0.0.0.0:* users:((\"sshd\",pid=7,fd=3))\n\
                    LISTEN 0 128 [::]:30023 [::]:* users:((\"sshd\",pid=7,fd=4))\n\
                    LISTEN 0 511 0.0.0.0:31000 0.0.0.0:* users:((\"nginx\",pid=8,fd=6))";

/// The lines of a chain that decide, in their order.
fn verdicts(rules: &str) -> Vec<&str> {
    let lines = rules.lines().map(str::trim);
    lines.filter(|it| it.ends_with(" accept") || it.ends_with(" drop")).collect()
}

/// Whatever is not named stays as it is; sshd, who is signed in, pods and the node itself come
/// before whatever is dropped.
#[test]
fn only_named_ports_are_closed_and_ssh_never() {
    for (name, folder) in golden_cases() {
        let compiled = tree(&texts_of(&folder)).tree();
        let rules = String::from_utf8_lossy(&compiled[hardening::FIREWALL]).into_owned();
        assert!(rules.contains("priority mangle; policy accept;"), "{name}: {rules}");
        let verdicts = verdicts(&rules);
        let first = verdicts.iter().position(|it| it.ends_with("drop")).expect("it closes ports");
        for open in [
            "ct state established,related accept",
            "iifname \"lo\" accept",
            "tcp dport @ssh accept",
            "fib daddr type != local accept",
            "ip saddr @allowed4 accept",
        ] {
            let at = verdicts.iter().position(|it| *it == open);
            assert!(at.is_some_and(|it| it < first), "{name}: {open}: {verdicts:?}");
        }
        let closed = &verdicts[first..];
        let tunnel = if ["nodes", "replicas"].contains(&&*name) { 51820 } else { 8472 };
        assert_eq!(
            closed,
            [
                &format!("udp dport {tunnel} drop"),
                "iifname { \"cni0\", \"flannel.1\", \"flannel-wg\" } ip saddr 10.42.0.0/16 accept",
                "tcp dport { 2379-2380, 6443, 10250, 30000-32767 } drop",
                "udp dport 30000-32767 drop",
            ],
            "{name}"
        );
    }
}

/// Several nodes speak to each other through `WireGuard`; one alone has nobody to speak to.
#[test]
fn packets_between_nodes_are_encrypted() {
    for (name, folder) in golden_cases() {
        let compiled = tree(&texts_of(&folder)).tree();
        for (path, bytes) in compiled.iter().filter(|it| has_ending(it.0, "yaml")) {
            if path != espalier::emit::bootstrap::K3S && !path.contains("/k3s/nodes/") {
                continue;
            }
            let told: serde_yaml::Value = serde_yaml::from_slice(bytes).expect("YAML");
            let is_server = !told["secrets-encryption"].is_null();
            let several = ["nodes", "replicas"].contains(&&*name);
            assert_eq!(
                told["flannel-backend"].as_str(),
                (several && is_server).then_some("wireguard-native"),
                "{name}: {path}"
            );
        }
    }
}

/// What is said where nothing filters, and where something does.
#[test]
fn preflight_says_what_strangers_reach() {
    let found = "warning: other machines reach ports of k3s (udp 8472; tcp 2379-2380, 6443, \
                 10250, 30000-32767; udp 30000-32767): nothing on this node filters them (asked: \
                 ufw nft; not installed: firewall-cmd iptables)";
    let done = node().ok(&["up"]);
    assert!(done.out.contains(found), "{}", done.out);
    assert!(done.out.contains("          tcp dport @ssh accept\n"), "the rules: {}", done.out);
    assert!(!node().with("UFW", "active").ok(&["up"]).out.contains("other machines reach"));
    // One that lets everything in filters nothing.
    let open = node().with("UFW", "active").with("UFW_DEFAULT", "allow").ok(&["up"]);
    assert!(open.out.contains("other machines reach"), "{}", open.out);
    let chain = "table ip filter {\n\tchain INPUT {\n\t\ttype filter hook input priority filter; \
                 policy drop;\n\t}\n}";
    let done = node().with("RULESET", chain).ok(&["up"]);
    assert!(
        done.out.contains(
            "an input chain that drops by default filters what comes in, but no NodePort"
        ),
        "{}",
        done.out
    );
    let done = node().with("RULESET", &chain.replace("policy drop", "policy accept")).ok(&["up"]);
    assert!(done.out.contains(found), "{}", done.out);
    for (program, says) in [("firewall-cmd", "running"), ("iptables", "-P INPUT DROP")] {
        let node = node();
        node.program(&format!("bin/{program}"), &format!("#!/bin/sh\necho '{says}'\n"));
        let done = node.ok(&["up"]);
        assert!(!done.out.contains("other machines reach"), "{program}: {}", done.out);
    }
}

#[test]
fn nobody_to_confirm_changes_nothing() {
    let node = node();
    let done = node.run(&["up", "--firewall"]);
    assert!(done.code == Some(1) && done.err.contains("nobody to confirm"), "{done:?}");
    assert!(!node.path(KEPT).exists() && !node.path("fake/cluster/firewall").exists());
    assert!(!node.read("fake/changes").contains("nft"));
}

/// Asked for without a question, they are loaded and kept; a second time there is nothing to do; a
/// dry run prints the very same.
#[test]
fn with_yes_they_are_kept() {
    let node = node().with("SSHD", SSHD);
    let words = ["up", "--firewall", "--allow", "192.0.2.0/24", "--allow=2001:db8::/32", "--yes"];
    let done = node.ok(&words);
    assert!(!done.out.contains("other machines reach"), "{}", done.out);
    let kept = node.read(KEPT);
    assert_eq!(kept, node.read("fake/cluster/firewall"));
    let added: Vec<&str> = kept.lines().filter(|it| it.starts_with("add ")).collect();
    assert_eq!(
        added,
        [
            "add element inet espalier ssh { 22 }",
            "add element inet espalier ssh { 30022 }",
            "add element inet espalier ssh { 30023 }",
            "add element inet espalier allowed4 { 192.0.2.0/24 }",
            "add element inet espalier allowed6 { 2001:db8::/32 }",
        ]
    );
    let changes = node.changes();
    assert!(!changes.iter().any(|it| it.starts_with("systemd-run")), "{changes:?}");
    let place = |what: &str| {
        changes.iter().position(|it| it.starts_with(what)).unwrap_or_else(|| panic!("{changes:?}"))
    };
    assert!(place("systemctl enable --quiet espalier-firewall") < place("systemctl restart"));

    let before = node.state();
    let done = node.ok(&words);
    assert!(done.out.contains("firewall: these rules are loaded"), "{}", done.out);
    assert_eq!(node.changes(), Vec::<String>::new());
    assert!(node.state() == before);
    assert!(node.ok(&["up"]).out.contains("the rules of `up --firewall` are loaded"));

    let dry = self::node().with("SSHD", SSHD);
    let done = dry.ok(&["up", "--firewall", "--allow", "192.0.2.0/24", "--dry-run"]);
    assert_eq!(dry.changes(), Vec::<String>::new());
    dry.write("printed.sh", &done.out);
    let ran = dry.bash("exec bash -euo pipefail printed.sh", &[]);
    assert_eq!(ran.code, Some(0), "{}\n{}", done.out, ran.err);
    assert!(dry.read("fake/cluster/firewall").contains("ssh { 30022 }"), "{}", done.out);
}

/// Whatever port people sign in by is left alone, however that is known.
#[test]
fn the_port_that_somebody_is_signed_in_by_is_left_alone() {
    for (name, value) in [
        ("SSH_CONNECTION", "198.51.100.7 51000 192.0.2.7 32022"),
        ("SSHD", "LISTEN 0 128 *:32022 *:* users:((\"sshd-session\",pid=7,fd=3))"),
        // systemd listens for it.
        ("LISTEN", "0.0.0.0:32022 (Stream)"),
        ("LISTEN", "[::]:32022 (Stream)"),
    ] {
        let node = node().with(name, value);
        node.ok(&["up", "--firewall", "--yes"]);
        let loaded = node.read("fake/cluster/firewall");
        assert!(loaded.contains("\nadd element inet espalier ssh { 32022 }\n"), "{name}: {loaded}");
    }
    let node = node();
    node.program("bin/sshd", "#!/bin/sh\nprintf 'usepam yes\\nport 32022\\nport 22\\n'\n");
    node.ok(&["up", "--firewall", "--yes"]);
    assert!(node.read("fake/cluster/firewall").contains("ssh { 32022 }"));
}

#[test]
fn what_is_confirmed_stays() {
    let node = node();
    let talk = node.talk(&["up", "--firewall"], "yes");
    assert_eq!(talk.code, 0, "{}", talk.said);
    assert!(talk.said.contains("Sign in to this node once more"), "{}", talk.said);
    let changes = node.changes();
    let order = [
        "systemd-run --quiet --collect --unit=espalier-firewall-undo --on-active=120 \
         --timer-property=AccuracySec=1s sh -c nft delete table inet espalier",
        "nft --file /node/etc/espalier/firewall.nft.next",
        "systemctl stop espalier-firewall-undo.timer",
        "systemctl enable --quiet espalier-firewall",
    ];
    let mut rest = changes.iter();
    for step in order {
        assert!(rest.any(|it| it.trim_end() == step), "{step}: {changes:#?}");
    }
    assert!(node.path(KEPT).exists() && node.path(UNIT).exists());
    assert_eq!(node.read(KEPT), node.read("fake/cluster/firewall"));
}

/// Not confirmed, they are taken back, and those that were confirmed before are there again.
#[test]
fn what_is_not_confirmed_is_taken_back() {
    let node = node();
    let talk = node.talk(&["up", "--firewall"], "no");
    assert_eq!(talk.code, 1, "{}", talk.said);
    assert!(talk.said.contains("not confirmed, so the rules were taken back"), "{}", talk.said);
    for path in [KEPT, UNIT, "fake/cluster/firewall", "node/etc/espalier/firewall.nft.next"] {
        assert!(!node.path(path).exists(), "{path}");
    }
    assert!(!node.path("fake/cluster/running").exists(), "nothing else was begun");

    node.ok(&["up", "--firewall", "--yes"]);
    let before = node.read(KEPT);
    let talk = node.talk(&["up", "--firewall", "--allow", "192.0.2.8"], "no");
    assert_eq!(talk.code, 1, "{}", talk.said);
    assert!(
        node.read("fake/changes").contains("sh -c nft --file"),
        "the timer loads the old ones: {}",
        node.read("fake/changes")
    );
    assert_eq!((node.read(KEPT), node.read("fake/cluster/firewall")), (before.clone(), before));
}

#[test]
fn teardown_takes_the_rules_back() {
    let node = node();
    node.ok(&["up", "--firewall", "--yes"]);
    let done = node.ok(&["teardown", "--yes"]);
    assert!(done.out.contains("taking the rules of `up --firewall` back"), "{}", done.out);
    for path in [KEPT, UNIT, "fake/cluster/firewall"] {
        assert!(!node.path(path).exists(), "{path}");
    }
}

/// Other nodes have to be let in before they join, and are known by their addresses afterwards.
#[test]
fn several_nodes_are_named() {
    let several = || with(|it| it.joining = vec!["2 of work (agent)".to_owned()]);
    let done = several().run(&["up", "--firewall", "--yes"]);
    assert!(done.code == Some(1) && done.err.contains("pass their addresses"), "{done:?}");
    let node = several().with("NODE_ADDRESSES", "InternalIP=192.0.2.9 Hostname=two");
    node.ok(&["up"]);
    node.ok(&["up", "--firewall", "--allow", "192.0.2.8", "--yes"]);
    let loaded = node.read("fake/cluster/firewall");
    for address in ["192.0.2.8", "192.0.2.9"] {
        assert!(loaded.contains(&format!("allowed4 {{ {address} }}\n")), "{address}: {loaded}");
    }
    assert!(!loaded.contains("two"), "{loaded}");
}

/// A kernel without `WireGuard` is found before flannel ends on it.
#[test]
fn several_nodes_need_wireguard() {
    let mut files = files();
    let several = tree(&texts_of(&crate::support::repository().join("tests/golden/nodes"))).tree();
    let told = espalier::emit::bootstrap::K3S;
    files.insert(told.to_owned(), several[told].clone());
    let node = Node::new(&files).with("NEEDS_KEY", "1");
    let done = node.run(&["up"]);
    assert!(done.code == Some(1) && done.err.contains("no WireGuard"), "{done:?}");
    assert!(node.changes().is_empty());
    node.write("node/sys/module/wireguard/version", "1\n");
    node.ok(&["up"]);
    Node::new(&files).with("NEEDS_KEY", "1").with("WIREGUARD", "1").ok(&["up"]);
}

/// A cluster that runs with another backend changes over node by node, and pods do not reach each
/// other meanwhile.
#[test]
fn another_backend_is_said_before_it_changes() {
    for (had, is_said) in [("wireguard vxlan", true), ("wireguard wireguard", false), ("", false)] {
        let node = with(|it| it.joining = vec!["2 of work (agent)".to_owned()]);
        let node = node.with("BACKENDS", had);
        node.ok(&["up"]);
        assert_eq!(node.ok(&["up"]).out.contains("without WireGuard"), is_said, "{had}");
    }
}

/// A cluster that does not answer is not one without nodes: their addresses would be missing in
/// what is kept.
#[test]
fn a_cluster_that_does_not_answer_changes_no_rules() {
    let node = with(|it| it.joining = vec!["2 of work (agent)".to_owned()]);
    let node = node.with("NODE_ADDRESSES", "InternalIP=192.0.2.9");
    node.ok(&["up"]);
    let node = node.with("BROKEN", "get nodes --output=name");
    let done = node.run(&["up", "--firewall", "--allow", "192.0.2.8", "--yes"]);
    assert!(done.code == Some(1) && done.err.contains("does not answer"), "{done:?}");
    assert!(!node.path(KEPT).exists());
}
