//! Preflight looks up what lies outside the cluster, as the node and as a pod, and holds it against
//! what the policies open; and it looks for the class of the Ingresses.

use std::fs;

use super::{
    node::{Done, Node},
    with,
};

const GIT: &str = "git.home.lan 192.168.7.0/24 repository.cidr Argo CD";
const PUBLIC: &str = "git.example.org - repository.cidr Argo CD";

/// A node whose platform calls these servers.
fn calling(outside: &[&str]) -> Node {
    with(|script| script.outside = outside.iter().map(|it| (*it).to_owned()).collect())
}

/// It stops, and nothing was changed.
#[track_caller]
fn refused(node: &Node, words: &[&str]) {
    let done = node.run(&["up"]);
    assert!(
        done.code == Some(1) && words.iter().all(|it| done.err.contains(it)),
        "{words:?}: {done:?}"
    );
    assert!(node.changes().is_empty(), "{:?}", node.changes());
}

fn said(done: &Done) -> String {
    format!("{}{}", done.out, done.err)
}

#[test]
fn an_address_that_no_policy_opens_is_refused_with_the_line_to_write() {
    for (server, address, words) in [
        (PUBLIC, "192.168.1.5", ["Argo CD out to public addresses only", "`cidr: 192.168.1.5/32`"]),
        (PUBLIC, "100.64.0.1", ["public addresses only", "in place of `repository.cidr`"]),
        (GIT, "192.168.8.1", ["192.168.7.0/24 only", "`cidr: 192.168.8.1/32`"]),
        (GIT, "140.82.112.3", ["192.168.7.0/24 only", "`cidr: 140.82.112.3/32`"]),
    ] {
        let node = calling(&[server]).with("PODS_KNOW", &format!("git.*={address}"));
        refused(&node, &words);
    }
    // One address of several is enough to be cut off by chance.
    let several = "git.example.org=192.0.2.1 git.example.org=10.0.0.1";
    refused(&calling(&[PUBLIC]).with("PODS_KNOW", several), &["leads pods to 10.0.0.1"]);
}

#[test]
fn an_address_that_policies_open_is_no_matter() {
    for (server, addresses) in [
        (PUBLIC, "git.*=11.255.255.255 git.*=172.32.0.1 git.*=192.167.255.255 git.*=9.0.0.1"),
        (GIT, "git.*=192.168.7.0 git.*=192.168.7.255"),
        ("git.home.lan 0.0.0.0/0 repository.cidr Argo CD", "git.*=255.255.255.254"),
        ("git.home.lan 10.1.2.3/32 repository.cidr Argo CD", "git.*=10.1.2.3"),
    ] {
        let done = calling(&[server]).with("PODS_KNOW", addresses).ok(&["up", "--dry-run"]);
        assert!(!said(&done).contains("git."), "{server}: {}", said(&done));
    }
}

/// A line in /etc/hosts, or a name of the local link: the node knows it, and no pod does.
#[test]
fn what_only_the_node_knows_is_refused() {
    let node = calling(&[GIT])
        .with("NODE_KNOWS", "git.home.lan=192.168.7.20")
        .with("PODS_KNOW", "other=192.168.7.20");
    refused(
        &node,
        &["this node knows git.home.lan (192.168.7.20), but pods do not", "192.0.2.53", "Argo CD"],
    );
    let nobody = calling(&[GIT]).with("PODS_KNOW", "other=192.168.7.20").ok(&["up", "--dry-run"]);
    let said = said(&nobody);
    assert!(said.contains("git.home.lan has no address") && !said.contains("would stop"), "{said}");
}

/// Pods get the servers that are no address of the node itself.
#[test]
fn pods_ask_the_servers_that_k3s_hands_them() {
    let list = |node: &Node| {
        let _ = node.ok(&["up", "--dry-run"]);
        node.read("fake/list")
    };
    let node = calling(&[PUBLIC]);
    let behind = list(&node);
    assert!(
        behind.contains("nameserver 192.0.2.53\nsearch example.org\n")
            && behind.contains("ndots:1")
            && !behind.contains("127.0.0.53"),
        "{behind}"
    );
    node.write("node/etc/resolv.conf", "nameserver 192.0.2.99\noptions ndots:5\n");
    let first = list(&node);
    assert!(first.contains("192.0.2.99") && !first.contains("ndots:5"), "{first}");
    for own in ["127.0.0.1", "::1", "fe80::1%eth0", "169.254.1.1", "0.0.0.0"] {
        node.write("node/etc/resolv.conf", format!("nameserver 192.0.2.99\nnameserver {own}\n"));
        fs::remove_file(node.path("node/run/systemd/resolve/resolv.conf")).ok();
        let none = list(&node);
        assert!(none.starts_with("nameserver 8.8.8.8\n"), "{own}: {none}");
    }
}

#[test]
fn a_wildcard_record_of_a_search_domain_is_said() {
    let known = "git.example.org=192.0.2.1 *.example.org.=203.0.113.9";
    let done = calling(&[PUBLIC]).with("PODS_KNOW", known).ok(&["up", "--dry-run"]);
    let said = said(&done);
    assert!(
        said.contains("every name below example.org leads to 203.0.113.9 (a wildcard record)"),
        "{said}"
    );
}

#[test]
fn where_no_pod_can_be_played_the_node_is_believed() {
    let node = calling(&[PUBLIC]).with("NO_UNSHARE", "1");
    let node = node.with("NODE_KNOWS", "git.example.org=10.0.0.1");
    refused(&node, &["git.example.org leads pods to 10.0.0.1"]);
}

/// An address needs no name, and another cluster's pods ask other servers.
#[test]
fn nothing_is_asked_in_vain() {
    let node = calling(&["192.168.7.20 192.168.7.20/32 repository.cidr Argo CD"]);
    let _ = node.ok(&["up", "--dry-run"]);
    assert!(!node.read("fake/log").contains("getent ahostsv4"), "{}", node.read("fake/log"));
    let node = calling(&[PUBLIC]);
    node.write("elsewhere.yaml", "");
    node.write("fake/cluster/running", "");
    let file = node.path("elsewhere.yaml").display().to_string();
    let node = node.with("ESPALIER_KUBECONFIG", &file);
    let _ = node.ok(&["up", "--dry-run"]);
    assert!(!node.read("fake/log").contains("unshare"), "{}", node.read("fake/log"));
}

#[test]
fn an_ingress_class_that_is_not_there_is_said_with_what_to_do() {
    let packaged = "no IngressClass traefik";
    let node = with(|_| ());
    assert!(!said(&node.ok(&["up"])).contains("IngressClass"));
    let node = node.with("CLASSES", "nginx");
    let done = said(&node.ok(&["up"]));
    assert!(
        done.contains(packaged)
            && done.contains("it has: nginx")
            && done.contains("`--disable traefik`"),
        "{done}"
    );
    let own = with(|script| {
        script.ingress_class = "nginx".to_owned();
        script.ingress_packaged = 0;
    });
    let done = said(&own.ok(&["up"]));
    assert!(
        done.contains("no IngressClass nginx")
            && done.contains("it has: traefik")
            && done.contains("install the ingress controller"),
        "{done}"
    );
    let there = own.with("CLASSES", "traefik nginx");
    assert!(!said(&there.ok(&["up"])).contains("IngressClass"));
    let none = there.with("CLASSES", "");
    assert!(said(&none.ok(&["up"])).contains("it has: none"));
}
