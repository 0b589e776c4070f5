//! Network policies, tested from the emitted YAML alone: every needed connection is permitted at
//! both ends, and no other.
//!
//! The test is a small model of Kubernetes' rules (a pod that no policy selects is open; rules only
//! add up). The needed connections are worked out from the objects themselves: addresses in
//! environments, backends of Ingresses, keys of certificates; for pods of charts, from the table of
//! the cluster's facts.

pub mod expected;
mod graph;
pub mod model;
pub mod probed;
mod proxy;

use std::collections::BTreeSet;

use espalier::{builder::handle::Peer, check::outside::ENDPOINT_UNREACHABLE};
use proptest::prelude::*;

use crate::{
    invariants::Tree,
    platforms::platforms,
    support::{Compiled, golden_cases, texts_of, tree},
};
use expected::{End, Flow};
use model::Cluster;

/// What is wrong with the policies of a tree.
fn wrong(tree: &Tree) -> Vec<String> {
    let cluster = Cluster::of(tree);
    let mut expected = expected::flows(tree);
    expected.extend(probed::flows(tree));
    let mut found = Vec::new();
    for flow in &expected {
        if !cluster.lets_out(&flow.from, &flow.to, flow.port, flow.protocol) {
            found.push(format!("{flow:?}: the client's half is missing"));
        }
        if !cluster.lets_in(&flow.from, &flow.to, flow.port, flow.protocol) {
            found.push(format!("{flow:?}: the server's half is missing"));
        }
    }
    // Every other way between pods that a deny covers must be closed, also on ports on which other
    // pods listen.
    let ports: BTreeSet<(u16, &str)> = expected.iter().map(|it| (it.port, it.protocol)).collect();
    // A process of a host can only be named by its port: a pod that may reach it may reach this
    // port everywhere.
    let hosts: BTreeSet<(&End, u16)> = expected
        .iter()
        .filter(|it| matches!(it.to, End::ApiServer | End::Kubelet))
        .map(|it| (&it.from, it.port))
        .collect();
    let (ends, denied) = (cluster.ends(), cluster.denied_namespaces());
    let is_denied = |end: &End| match end {
        End::Pods { namespace, .. } => denied.contains(namespace.as_str()),
        _ => false,
    };
    for (from, to) in ends.iter().flat_map(|from| ends.iter().map(move |to| (from, to))) {
        // The same goes for a webhook that it calls from another node: only the port is named.
        let is_called = |port: u16| {
            expected.iter().any(|it| it.from == End::ApiServer && it.to == *to && it.port == port)
        };
        for &(port, protocol) in
            ports.iter().filter(|it| !hosts.contains(&(from, it.0)) && !is_called(it.0))
        {
            let is_guarded = is_denied(from) || is_denied(to);
            let is_open = || {
                cluster.lets_out(from, to, port, protocol)
                    && cluster.lets_in(from, to, port, protocol)
            };
            let flow = || Flow { from: from.clone(), to: to.clone(), port, protocol };
            if from != to && is_guarded && is_open() && !expected.contains(&flow()) {
                found.push(format!("{:?}: is let through, and nothing needs it", flow()));
            }
        }
    }
    found
}

/// Namespaces that must have a deny, and those that must not have any policy.
fn fences(tree: &Tree) -> Vec<String> {
    let cluster = Cluster::of(tree);
    let mut found = Vec::new();
    let pods: BTreeSet<&str> = tree
        .objects
        .iter()
        .filter(|it| it.pod_template().is_some())
        .filter_map(|it| it.namespace())
        .collect();
    let charts = tree.of_kind("Application").filter(|it| !it.at("spec/source/chart").is_null());
    let of_charts =
        charts.map(|it| it.text("spec/destination/namespace")).filter(|it| *it != "kube-system");
    let guarded: BTreeSet<&str> = pods.into_iter().chain(of_charts).collect();
    let denied: BTreeSet<&str> = cluster.denied_namespaces();
    if guarded != denied {
        found.push(format!("pods are in {guarded:?}, default deny is in {denied:?}"));
    }
    for object in tree.of_kind("NetworkPolicy") {
        let namespace = object.namespace().unwrap_or_default();
        if !guarded.contains(namespace) || namespace == "kube-system" {
            found.push(format!(
                "{}: a policy where no component has declared its pods",
                object.path
            ));
        }
        // Applied in the order of names: an `allow-…` must be there before the deny.
        if !object.name().starts_with("allow-") && object.name() != "default-deny" {
            found.push(format!("{}: would be applied after the deny", object.path));
        }
        let kinds: Vec<_> = crate::support::items(object.at("spec/policyTypes"))
            .filter_map(|it| it.as_str())
            .collect();
        if kinds != ["Ingress", "Egress"] {
            found.push(format!("{}: {kinds:?}", object.path));
        }
    }
    found
}

fn judge(compiled: &Compiled) -> String {
    let tree = Tree::of(compiled);
    let said: Vec<String> = wrong(&tree)
        .into_iter()
        .chain(fences(&tree))
        .chain(graph::differs(compiled, &tree))
        .collect();
    said.join("\n")
}

#[test]
fn golden_trees_let_through_what_is_needed_and_nothing_else() {
    for (name, folder) in golden_cases() {
        let said = judge(&tree(&texts_of(&folder)));
        assert!(said.is_empty(), "{name}:\n{said}");
    }
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(16) })]

    #[test]
    fn random_platforms_let_through_what_is_needed_and_nothing_else(texts in platforms()) {
        let said = judge(&tree(&texts));
        prop_assert!(said.is_empty(), "{}", said);
    }
}

/// The table of the cluster's facts, row by row, for the components that exist: the model knows as
/// many flows as it should.
#[test]
fn the_judge_sees_the_flows_of_the_table() {
    let (_, folder) =
        golden_cases().into_iter().find(|it| it.0 == "sealed").expect("the sealed case");
    let flows = expected::flows(&Tree::of(&tree(&texts_of(&folder))));
    let mut said: Vec<String> = flows
        .iter()
        .map(|it| format!("{} -> {} {}/{}", it.from.short(), it.to.short(), it.port, it.protocol))
        .collect();
    said.sort();
    said.retain(|it| !it.contains("kube-dns"));
    assert_eq!(
        said,
        [
            "ai/ollama -> outside 443/TCP",
            "ai/openwebui -> ai/ollama 11434/TCP",
            "ai/openwebui -> ai/postgresql 5432/TCP",
            "argocd/argocd-application-controller -> API server 6443/TCP",
            "argocd/argocd-application-controller -> argocd/argocd-redis 6379/TCP",
            "argocd/argocd-application-controller -> argocd/argocd-repo-server 8081/TCP",
            "argocd/argocd-redis-secret-init -> API server 6443/TCP",
            "argocd/argocd-repo-server -> argocd/argocd-redis 6379/TCP",
            "argocd/argocd-repo-server -> outside 443/TCP",
            "argocd/argocd-server -> API server 6443/TCP",
            "argocd/argocd-server -> argocd/argocd-redis 6379/TCP",
            "argocd/argocd-server -> argocd/argocd-repo-server 8081/TCP",
            "cert-manager/cainjector -> API server 6443/TCP",
            "cert-manager/cert-manager -> API server 6443/TCP",
            "cert-manager/cert-manager -> kube-system/traefik 8000/TCP",
            "cert-manager/cert-manager -> kube-system/traefik 8443/TCP",
            "cert-manager/cert-manager -> outside 443/TCP",
            "cert-manager/cert-manager -> outside 80/TCP",
            "cert-manager/webhook -> API server 6443/TCP",
            "kube-system/traefik -> ai/openwebui 8080/TCP",
            "kube-system/traefik -> ai/solver 8089/TCP",
            "kube-system/traefik -> argocd/argocd-server 8080/TCP",
            "kube-system/traefik -> argocd/solver 8089/TCP",
        ]
    );
    let dns: BTreeSet<String> =
        flows.iter().filter(|it| it.port == 53).map(|it| it.from.short()).collect();
    let names = [
        "ai/ollama",
        "ai/openwebui",
        "argocd/argocd-application-controller",
        "argocd/argocd-redis-secret-init",
        "argocd/argocd-repo-server",
        "argocd/argocd-server",
        "cert-manager/cainjector",
        "cert-manager/cert-manager",
        "cert-manager/webhook",
    ];
    assert_eq!(dns, BTreeSet::from(names.map(str::to_owned)));
}

/// Argo CD fetches Git from the host in the repository's URL, and nothing else may.
#[test]
fn the_repository_s_port_is_open() {
    for (url, ports) in [
        ("https://git.example.com/team/platform.git", vec![443]),
        ("https://git.example.com:8443/team/platform.git", vec![443, 8443]),
        ("ssh://git@git.example.com/team/platform.git", vec![22, 443]),
        ("ssh://git@git.example.com:2222/team/platform.git", vec![443, 2222]),
        ("git@git.example.com:22000/platform.git", vec![22, 443]),
    ] {
        let mut texts = crate::support::with_components("ollama: {models: [\"gemma3:270m\"]}");
        let spec = texts.get_mut("spec/platform.yaml").expect("it is there");
        let line = spec
            .lines()
            .find(|it| it.trim_start().starts_with("repository:"))
            .expect("a repository")
            .to_owned();
        let keys = if url.starts_with("https") { "" } else { ", hostKeys: known_hosts" };
        *spec = spec.replace(&line, &format!("  repository: {{url: \"{url}\"{keys}}}"));
        texts.insert("spec/known_hosts".to_owned(), crate::support::KNOWN_HOSTS.to_owned());
        let made = tree(&texts);
        let policies = Tree::of(&made);
        let policy = policies
            .find("NetworkPolicy", Some("argocd"), "allow-argocd-repo-server")
            .expect("it is there");
        let outside = crate::support::items(policy.at("spec/egress"))
            .filter(|rule| serde_yaml::to_string(rule).is_ok_and(|it| it.contains("0.0.0.0/0")));
        let open: Vec<u64> = outside
            .flat_map(|it| crate::support::items(crate::support::at(it, "ports")))
            .filter_map(|it| crate::support::at(it, "port").as_u64())
            .collect();
        assert_eq!(open, ports, "{url}");
        assert!(judge(&made).is_empty(), "{url}: {}", judge(&made));
    }
}

/// A Git server beside the cluster is reached where the spec says that it is, and no charts are
/// fetched from there.
#[test]
fn a_repository_on_a_private_network_is_reached() {
    let mut texts = crate::support::with_components("ollama: {models: [\"gemma3:270m\"]}");
    let spec = texts.get_mut("spec/platform.yaml").expect("it is there");
    let url = "https://git.example.com/team/platform.git";
    assert!(spec.contains(&format!("{{url: {url}}}")), "{spec}");
    *spec = spec.replace(
        &format!("{{url: {url}}}"),
        "{url: \"http://git.example.com:3000/team/platform.git\", cidr: 10.1.2.3/32}",
    );
    let made = tree(&texts);
    let policies = Tree::of(&made);
    let with_blocks: Vec<&str> = policies
        .of_kind("NetworkPolicy")
        .filter(|object| {
            serde_yaml::to_string(&object.value).is_ok_and(|it| it.contains("10.1.2.3/32"))
        })
        .map(crate::support::Read::name)
        .collect();
    assert_eq!(with_blocks, ["allow-argocd-repo-server"]);
    let policy = policies
        .find("NetworkPolicy", Some("argocd"), "allow-argocd-repo-server")
        .expect("it is there");
    let blocks: Vec<(&str, Vec<u64>)> = crate::support::items(policy.at("spec/egress"))
        .filter_map(|rule| {
            let block = crate::support::items(crate::support::at(rule, "to"))
                .find_map(|it| crate::support::at(it, "ipBlock/cidr").as_str())?;
            let ports = crate::support::items(crate::support::at(rule, "ports"));
            Some((block, ports.filter_map(|it| crate::support::at(it, "port").as_u64()).collect()))
        })
        .collect();
    assert_eq!(blocks, [("0.0.0.0/0", vec![443]), ("10.1.2.3/32", vec![3000])]);
    let broken = policies.broken();
    assert!(broken.is_empty(), "{broken}");
}

/// A server of one's own network is nowhere but in the flows that an `Outside` made, and each of
/// them answers the questions of `endpoint-unreachable` and of the bootstrap script.
#[test]
fn every_way_into_a_network_of_ones_own_is_recorded() {
    let mut number = 0;
    for (name, folder) in golden_cases() {
        let compiled = tree(&texts_of(&folder));
        let plan = compiled.plan.as_ref().expect("a plan");
        for component in plan.components() {
            for flow in &component.flows {
                let Peer::Network(cidr) = &flow.to else { continue };
                let is_recorded = component.outside.iter().any(|server| {
                    server.network().as_ref() == Some(cidr) && server.port() == flow.port
                });
                assert!(is_recorded, "{name}: {flow:?}");
                number += 1;
            }
        }
    }
    assert!(number > 0);
}

/// An address that is written is its own network: for the Git server, the database and the storage
/// alike.
#[test]
fn a_private_address_is_opened_as_it_is_written() {
    let components = "ollama: {models: [\"gemma3:270m\"]}\n\
                      postgresql: {external: {host: 10.0.0.5}}\n\
                      backup: {s3: {endpoint: \"https://192.168.7.7:9000\", bucket: backups}}";
    let mut texts = crate::support::with_components(components);
    let spec = texts.get_mut("spec/platform.yaml").expect("it is there");
    *spec = spec.replace(
        "https://git.example.com/team/platform.git",
        "\"http://192.168.1.5:3000/t/p.git\"",
    );
    let compiled = crate::support::compile(&texts);
    let refused: Vec<_> =
        compiled.findings.iter().filter(|it| it.code == ENDPOINT_UNREACHABLE.name()).collect();
    assert!(refused.is_empty(), "{refused:?}");
    let made = tree(&texts);
    for (policy, block, port) in [
        ("argocd/networkpolicy-allow-argocd-repo-server", "192.168.1.5/32", 3000),
        ("ai/networkpolicy-allow-openwebui", "10.0.0.5/32", 5432),
        ("ai/networkpolicy-allow-backup", "10.0.0.5/32", 5432),
        ("ai/networkpolicy-allow-backup", "192.168.7.7/32", 9000),
    ] {
        let file = &made.files[&format!("out/manifests/network-policies/{policy}.yaml")];
        let text = String::from_utf8_lossy(file);
        assert!(
            text.contains(&format!("cidr: \"{block}\"")) && text.contains(&format!("port: {port}")),
            "{policy}: {text}"
        );
        assert!(policy.starts_with("argocd") || !text.contains("0.0.0.0/0"), "{policy}: {text}");
    }
    let script = String::from_utf8_lossy(&made.files["bootstrap/platform.sh"]).into_owned();
    assert!(
        script.contains("  '192.168.1.5 192.168.1.5/32 repository.cidr Argo CD'\n"),
        "{script}"
    );
}

/// A storage in the local network is reached by the range that the spec names, and nothing outside
/// of that range.
#[test]
fn a_private_storage_is_reached_by_its_range_alone() {
    let s3 = |more: &str| {
        format!(
            "backup: {{s3: {{endpoint: \"https://s3.example.org:9000\", bucket: backups{more}}}}}"
        )
    };
    let policy = |more: &str| {
        let made = tree(&crate::support::with_components(&s3(more)));
        String::from_utf8(
            made.files["out/manifests/network-policies/ai/networkpolicy-allow-backup.yaml"].clone(),
        )
        .expect("UTF-8")
    };
    let (outside, private) = (policy(""), policy(", cidr: 192.168.7.0/24"));
    assert!(
        outside.contains("0.0.0.0/0")
            && outside.contains("192.168.0.0/16")
            && outside.contains("port: 9000"),
        "{outside}"
    );
    assert!(
        private.contains("cidr: \"192.168.7.0/24\"")
            && private.contains("port: 9000")
            && !private.contains("0.0.0.0/0"),
        "{private}"
    );
}

/// A policy taken away, narrowed or widened is noticed.
#[test]
fn planted_faults_are_found() {
    let (_, folder) =
        golden_cases().into_iter().find(|it| it.0 == "sealed").expect("the sealed case");
    let made = tree(&texts_of(&folder));
    let names: Vec<String> =
        Tree::of(&made).of_kind("NetworkPolicy").map(|it| it.path.clone()).collect();
    for path in names {
        let mut without = Tree::of(&made);
        without.objects.retain(|it| it.path != path);
        assert!(!wrong(&without).is_empty() || !fences(&without).is_empty(), "without {path}");
    }
    for (name, find, replace) in [
        ("allow-ollama", "11434", "11435"),
        ("allow-postgresql", "5432", "8080"),
        ("allow-openwebui", "kube-system", "default"),
        ("allow-cert-manager", "6443", "443"),
        ("allow-ollama", "name: openwebui", "name: postgresql"),
        ("allow-ollama", "0.0.0.0/0", "10.0.0.0/8"),
        ("allow-argocd-application-controller", "8081", "8080"),
        ("allow-argocd-application-controller", "6443", "443"),
        ("allow-argocd-repo-server", "port: 443", "port: 80"),
        ("allow-argocd-redis", "name: argocd-server", "name: argocd"),
    ] {
        let mut changed = Tree::of(&made);
        let object = changed
            .objects
            .iter_mut()
            .find(|it| it.kind() == "NetworkPolicy" && it.name() == name)
            .expect("it is there");
        let text = serde_yaml::to_string(&object.value).expect("YAML");
        object.value = serde_yaml::from_str(&text.replace(find, replace)).expect("YAML");
        assert!(!wrong(&changed).is_empty(), "{name}: {find} → {replace}");
    }
}

/// What is in documents of strangers is read by a pod that nobody but the chat can call, and that
/// can call nobody; workspaces have no such pod, and no way to it.
#[test]
fn the_reader_of_documents_is_called_by_the_chat_alone_and_calls_nobody() {
    let (_, folder) = golden_cases()
        .into_iter()
        .find(|it| it.0 == "documents-tika")
        .expect("the case with a reader");
    let made = tree(&texts_of(&folder));
    let rows = graph::whole(&made);
    let of_reader = rows.iter().filter(|it| it.from == "ai/tika" || it.to == "ai/tika");
    let said: Vec<String> =
        of_reader.map(|it| format!("{} -> {} {:?}", it.from, it.to, it.port)).collect();
    assert_eq!(said, ["ai/openwebui -> ai/tika Some(9998)"]);
    for (name, find, replace) in [
        ("allow-tika", "name: openwebui", "name: ollama"),
        ("allow-tika", "9998", "9999"),
        ("allow-tika", "  policyTypes:", "  egress:\n  - {}\n  policyTypes:"),
        ("allow-openwebui", "9998", "9999"),
    ] {
        let changed = with_policy(&made, name, find, replace);
        assert!(!wrong(&changed).is_empty(), "{name}: {find} → {replace}");
    }
}

/// A tree in which one policy says another thing.
fn with_policy(made: &Compiled, name: &str, find: &str, replace: &str) -> Tree {
    let mut changed = Tree::of(made);
    let object =
        changed.objects.iter_mut().find(|it| it.kind() == "NetworkPolicy" && it.name() == name);
    let object = object.unwrap_or_else(|| panic!("no {name}"));
    let text = serde_yaml::to_string(&object.value).expect("YAML");
    assert!(text.contains(find), "{name}: {find}\n{text}");
    object.value = serde_yaml::from_str(&text.replace(find, replace)).expect("YAML");
    changed
}

/// The graph and the policies cannot change independently, neither in the platform nor in its
/// tenants.
#[test]
fn the_graph_is_the_policies() {
    let (_, folder) =
        golden_cases().into_iter().find(|it| it.0 == "nodes").expect("the case with several nodes");
    let made = tree(&texts_of(&folder));
    let whole = Tree::of(&made);
    assert_eq!(graph::differs(&made, &whole), Vec::<String>::new());
    // If both ends have policies, a row must be in both, and the port of a webhook only in one.
    let open = graph::whole(&made)
        .iter()
        .filter(|it| it.to == "cert-manager/webhook" && it.port == Some(10250))
        .count();
    assert_eq!(open, 1, "whoever may call the webhook from another node");
    assert!(
        graph::whole(&made).iter().any(|it| it.from.starts_with("team-a/")),
        "the tenant's flows"
    );
    let names: Vec<String> = whole.of_kind("NetworkPolicy").map(|it| it.path.clone()).collect();
    for path in names.iter().filter(|it| !it.contains("default-deny")) {
        let mut without = Tree::of(&made);
        without.objects.retain(|it| it.path != *path);
        assert!(
            graph::differs(&made, &without).iter().any(|it| it.contains("a row without a rule")),
            "without {path}"
        );
    }
    for (name, find, replace) in [
        ("allow-ollama", "11434", "11435"),
        ("allow-openwebui", "protocol: UDP", "protocol: SCTP"),
        ("allow-ollama", "169.254.0.0/16", "169.254.0.0/24"),
        ("allow-webhook", "10250", "10251"),
        ("allow-team-a-openwebui", "name: traefik", "name: stranger"),
        ("allow-team-a-ollama", "kube-system", "default"),
    ] {
        let changed = with_policy(&made, name, find, replace);
        let said = graph::differs(&made, &changed).join("\n");
        assert!(
            said.contains("a rule without a row") && said.contains("a row without a rule"),
            "{name}: {said}"
        );
    }
}
