//! Addresses that components offer for asking, against the probes of a tree: each is asked once, in
//! the way that it is offered, and the policies let it be asked.

use std::collections::BTreeSet;

use espalier::builder::contribution::Contribution;
use serde_yaml::Value;

use super::PROMETHEUS;
use crate::{
    invariants::Tree,
    policies::{
        expected::End,
        model::Cluster,
        probed::{asked, prober, targets},
    },
    support::{Compiled, Read, at},
};

/// A way of asking, and an address.
type Asked = (String, String);

fn offered(compiled: &Compiled) -> BTreeSet<Asked> {
    let plan = compiled.plan.as_ref().expect("it compiles");
    let is_asked = plan.platform().spec.components.blackbox_exporter.enabled;
    let address = |contribution: &Contribution| match contribution {
        Contribution::Query(query) => {
            let endpoint = query.target.endpoint();
            let address = format!("http://{}:{}{}", endpoint.host(), endpoint.port(), query.path);
            Some((query.module.to_owned(), address))
        }
        _ if !is_asked => None,
        Contribution::Probe { target, module, path } => {
            let endpoint = target.endpoint();
            let scheme = if module.scheme() == "tcp" { "" } else { "http://" };
            let address = format!("{scheme}{}:{}{path}", endpoint.host(), endpoint.port());
            Some((module.name().to_owned(), address))
        }
        Contribution::PublicHost(host) => {
            Some(("https_2xx".to_owned(), format!("https://{host}/")))
        }
        _ => None,
    };
    plan.contributions().iter().filter_map(address).collect()
}

fn told(tree: &Tree) -> Vec<Asked> {
    let of_probe =
        |probe| targets(probe).map(|it| (probe.text("spec/module").to_owned(), it.to_owned()));
    tree.of_kind("Probe").flat_map(of_probe).collect()
}

/// Every offer is asked once, nothing else is, and the exporter knows how.
pub fn wrong(compiled: &Compiled, tree: &Tree) -> Vec<String> {
    let (offered, told) = (offered(compiled), told(tree));
    let mut found = Vec::new();
    for offer in &offered {
        let times = told.iter().filter(|it| *it == offer).count();
        if times != 1 {
            found.push(format!("{offer:?}: offered, and asked {times} times"));
        }
    }
    let unasked = told.iter().filter(|it| !offered.contains(it));
    found.extend(unasked.map(|it| format!("{it:?}: asked, and nobody offers it")));
    let modules = modules(tree);
    let unknown = told.iter().filter(|it| !modules.contains(&it.0));
    found.extend(unknown.map(|it| format!("{}: no module {}", it.1, it.0)));
    found
}

/// The ways of asking that the exporters know: in the values of the chart, and in files.
fn modules(tree: &Tree) -> BTreeSet<String> {
    let exporter = tree.find("Application", Some("argocd"), "blackbox-exporter");
    let values = exporter.map(|it| it.at("spec/source/helm/valuesObject/config").clone());
    let files = tree.of_kind("ConfigMap").filter_map(|it| it.at("data").as_mapping());
    let files = files.flat_map(|it| it.values()).filter_map(Value::as_str);
    let files = files.filter_map(|it| serde_yaml::from_str(it).ok());
    let all: Vec<Value> = values.into_iter().chain(files).collect();
    let modules = all.iter().filter_map(|it| at(it, "modules").as_mapping());
    modules.flat_map(|it| it.keys()).filter_map(|it| it.as_str().map(str::to_owned)).collect()
}

/// Both halves of the policies let Prometheus reach who asks, and that reach each address.
pub fn ways(tree: &Tree) -> Vec<String> {
    let (namespace, labels) = PROMETHEUS;
    let owned = |(key, value): (&str, &str)| (key.to_owned(), value.to_owned());
    let prometheus =
        End::Pods { namespace: namespace.to_owned(), labels: labels.map(owned).into() };
    let cluster = Cluster::of(tree);
    let mut found = Vec::new();
    for probe in tree.of_kind("Probe") {
        let (from, port) = prober(tree, probe);
        let of_prober = (prometheus.clone(), from.clone(), port);
        let of_targets = targets(probe).flat_map(|it| asked(tree, it));
        let of_targets = of_targets.map(|(to, port)| (from.clone(), to, port));
        for (from, to, port) in of_targets.chain([of_prober]) {
            if !cluster.lets_out(&from, &to, port, "TCP") {
                found.push(format!("{}: may not ask {} port {port}", from.short(), to.short()));
            }
            if !cluster.lets_in(&from, &to, port, "TCP") {
                found.push(format!("{} port {port}: not asked by {}", to.short(), from.short()));
            }
        }
    }
    found
}

/// The first address of the first probe, in the tree of the golden case.
fn first(tree: &mut Tree) -> &mut Value {
    let mut probes = tree.objects.iter_mut().filter(|it| it.kind() == "Probe");
    &mut probes.next().expect("a probe").value["spec"]["targets"]["staticConfig"]["static"][0]
}

#[test]
fn what_is_not_asked_or_not_offered_is_found() {
    let compiled = super::monitored();
    let sound = || Tree::of(&compiled);
    let found = |tree: &Tree, text: &str| {
        let said = [wrong(&compiled, tree), ways(tree)].concat().join("\n");
        assert!(said.contains(text), "{text}: {said}");
    };
    let modules: BTreeSet<String> = told(&sound()).into_iter().map(|it| it.0).collect();
    assert_eq!(modules.len(), 4, "each way of asking has an address: {modules:?}");

    let mut tree = sound();
    let address = first(&mut tree).as_str().expect("a text").replace("/ready", "/health");
    *first(&mut tree) = format!("{address}?").into();
    found(&tree, "asked 0 times");
    found(&tree, "nobody offers it");

    let mut tree = sound();
    let twin = tree.objects.iter().find(|it| it.kind() == "Probe").expect("a probe");
    let twin = Read { value: twin.value.clone(), path: "twin.yaml".to_owned() };
    tree.objects.push(twin);
    found(&tree, "asked 2 times");

    let mut tree = sound();
    tree.objects.retain(|it| it.kind() != "NetworkPolicy" || it.name() == "default-deny");
    found(&tree, "not asked by monitoring/prometheus");
    found(&tree, "may not ask outside port 443");

    let mut tree = sound();
    let exporter = tree.objects.iter_mut().find(|it| it.name() == "blackbox-exporter");
    let exporter = exporter.expect("its Application");
    exporter.value["spec"]["source"]["helm"]["valuesObject"]["config"]["modules"] = Value::Null;
    found(&tree, "no module https_2xx");
    assert!(at(&exporter_values(&sound()), "fail_if_not_ssl").as_bool() == Some(true));
}

/// How the exporter asks public hosts, as the chart is told.
fn exporter_values(tree: &Tree) -> Value {
    let exporter = tree.find("Application", Some("argocd"), "blackbox-exporter");
    let path = "spec/source/helm/valuesObject/config/modules/https_2xx/http";
    exporter.expect("its Application").at(path).clone()
}
