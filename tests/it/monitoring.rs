//! What components contribute to monitoring, against what the tree tells Prometheus: nothing is
//! forgotten, nothing is told twice, and Prometheus may ask each port that it is told of.

mod probes;

use std::collections::{BTreeMap, BTreeSet};

use espalier::builder::contribution::{Alert, Contribution, Scrape, Tls};
use proptest::prelude::*;
use serde_yaml::Value;

use crate::{
    invariants::Tree,
    platforms::platforms,
    policies::{expected::End, model::Cluster},
    support::{Compiled, Read, at, golden_cases, items, labels, selects, texts_of, tree},
};

type Labels = BTreeMap<String, String>;

/// Who asks.
const PROMETHEUS: (&str, [(&str, &str); 2]) = (
    "monitoring",
    [
        ("app.kubernetes.io/name", "prometheus"),
        ("app.kubernetes.io/instance", "kube-prometheus-stack-prometheus"),
    ],
);

/// One endpoint of a monitor, as Prometheus takes it.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Asked {
    namespace: String,
    pods: Labels,
    port: u64,
    path: String,
    scheme: String,
    is_checked: bool,
    interval: Option<String>,
}

impl Asked {
    fn offered(scrape: &Scrape) -> Self {
        let pods = scrape.port.pods().expect("it has pods");
        Self {
            namespace: pods.namespace().to_string(),
            pods: pods.selector().labels(),
            port: scrape.port.pod_port().into(),
            path: scrape.path.to_owned(),
            scheme: scrape.tls.scheme().to_owned(),
            is_checked: scrape.tls != Tls::SelfSigned,
            interval: scrape.interval.map(|it| it.to_string()),
        }
    }

    fn told(monitor: &Read) -> Vec<Self> {
        let text = |endpoint: &Value, key: &str| at(endpoint, key).as_str().map(str::to_owned);
        let selector = labels(monitor.at("spec/selector/matchLabels"));
        items(monitor.at("spec/namespaceSelector/matchNames"))
            .filter_map(Value::as_str)
            .flat_map(|namespace| {
                items(monitor.at("spec/podMetricsEndpoints")).map(move |it| (namespace, it))
            })
            .map(|(namespace, endpoint)| Self {
                namespace: namespace.to_owned(),
                pods: selector.clone(),
                port: at(endpoint, "portNumber").as_u64().unwrap_or_default(),
                path: text(endpoint, "path").unwrap_or_else(|| "/metrics".to_owned()),
                scheme: text(endpoint, "scheme").unwrap_or_else(|| "http".to_owned()),
                is_checked: at(endpoint, "tlsConfig/insecureSkipVerify").as_bool() != Some(true),
                interval: text(endpoint, "interval"),
            })
            .collect()
    }
}

/// Every offer is one endpoint of one monitor, every endpoint is an offer, and the pods are there.
fn endpoints(compiled: &Compiled, tree: &Tree) -> Vec<String> {
    let plan = compiled.plan.as_ref().expect("it compiles");
    let offered: BTreeSet<Asked> = plan.contributions().scrapes().map(Asked::offered).collect();
    let told: Vec<Asked> = tree.of_kind("PodMonitor").flat_map(Asked::told).collect();
    let mut found = Vec::new();
    for offer in &offered {
        let times = told.iter().filter(|it| *it == offer).count();
        if times != 1 {
            found.push(format!("{offer:?}: offered, and told {times} times"));
        }
        // Two monitors of which both select a pod would ask it twice.
        let selecting: BTreeSet<&str> = tree
            .of_kind("PodMonitor")
            .filter(|monitor| {
                let is_of_it = |asked: &Asked| {
                    asked.namespace == offer.namespace
                        && asked.port == offer.port
                        && selects(&asked.pods, &offer.pods)
                };
                Asked::told(monitor).iter().any(is_of_it)
            })
            .map(Read::name)
            .collect();
        if selecting.len() != 1 {
            found.push(format!("{offer:?}: selected by {selecting:?}"));
        }
    }
    let unasked = told.iter().filter(|it| !offered.contains(it));
    found.extend(unasked.map(|it| format!("{it:?}: told, and nobody offers it")));
    found.extend(told.iter().filter_map(|it| listening(tree, it)));
    found
}

/// Whether pods are there that a monitor selects; those of which the tree has a template declare
/// the port.
fn listening(tree: &Tree, asked: &Asked) -> Option<String> {
    let pods = tree.all_pods().into_iter();
    let mut selected =
        pods.filter(|it| it.0 == asked.namespace && selects(&asked.pods, &it.1)).peekable();
    if selected.peek().is_none() {
        return Some(format!("{asked:?}: selects no pods"));
    }
    let is_selected = |object: &&Read| {
        let pod = object.pod_template();
        object.namespace() == Some(&asked.namespace)
            && pod.is_some_and(|it| selects(&asked.pods, &labels(at(it, "metadata/labels"))))
    };
    let is_deaf = |object: &&Read| {
        let pod = object.pod_template().unwrap_or(&Value::Null);
        let mut ports = items(at(pod, "spec/containers")).flat_map(|it| items(at(it, "ports")));
        !ports.any(|it| at(it, "containerPort").as_u64() == Some(asked.port))
    };
    let mut deaf = tree.objects.iter().filter(is_selected).filter(is_deaf);
    deaf.next().map(|it| format!("{}: no port {}", it.path, asked.port))
}

/// Both halves of the policies let Prometheus ask.
fn ways(tree: &Tree) -> Vec<String> {
    let (namespace, labels) = PROMETHEUS;
    let owned = |(key, value): (&str, &str)| (key.to_owned(), value.to_owned());
    let from = End::Pods { namespace: namespace.to_owned(), labels: labels.map(owned).into() };
    let cluster = Cluster::of(tree);
    let mut found = Vec::new();
    for asked in tree.of_kind("PodMonitor").flat_map(Asked::told) {
        let port = u16::try_from(asked.port).expect("a port");
        let to = End::Pods { namespace: asked.namespace, labels: asked.pods };
        if !cluster.lets_out(&from, &to, port, "TCP") {
            found.push(format!("{to:?}: Prometheus may not ask it"));
        }
        if !cluster.lets_in(&from, &to, port, "TCP") {
            found.push(format!("{to:?}: it may not be asked by Prometheus"));
        }
    }
    found
}

/// An alert: its component, its name, its query, how long, how bad, two texts.
type Told = [String; 7];

/// Every alert is one rule in the object of its component, every rule is an alert, and a name has
/// one meaning.
fn alerts(compiled: &Compiled, tree: &Tree) -> Vec<String> {
    let plan = compiled.plan.as_ref().expect("it compiles");
    let mut offered: Vec<Told> = Vec::new();
    for contributed in plan.contributions().all() {
        let Contribution::Alert(alert) = &contributed.what else { continue };
        let Alert { name, expression, after, severity, summary, runbook, examples: _, figures: _ } =
            alert;
        offered.push([
            contributed.by.to_string(),
            (*name).to_owned(),
            expression.clone(),
            after.to_string(),
            severity.as_str().to_owned(),
            summary.clone(),
            runbook.clone(),
        ]);
    }
    let mut told: Vec<Told> = Vec::new();
    for object in tree.of_kind("PrometheusRule") {
        for rule in items(object.at("spec/groups")).flat_map(|it| items(at(it, "rules"))) {
            let text = |path: &str| at(rule, path).as_str().unwrap_or_default().to_owned();
            told.push([
                object.name().to_owned(),
                text("alert"),
                text("expr"),
                text("for"),
                text("labels/severity"),
                text("annotations/summary"),
                text("annotations/runbook"),
            ]);
        }
    }
    offered.sort();
    told.sort();
    let mut found = Vec::new();
    found.extend(offered.iter().filter(|it| !told.contains(it)).map(|it| format!("lost: {it:?}")));
    found.extend(told.iter().filter(|it| !offered.contains(it)).map(|it| format!("new: {it:?}")));
    for object in tree.of_kind("PrometheusRule") {
        for rule in items(object.at("spec/groups")).flat_map(|it| items(at(it, "rules"))) {
            let page = at(rule, "annotations/runbook_url").as_str().unwrap_or_default();
            let is_there = tree
                .files
                .keys()
                .any(|it| it.starts_with("out/runbooks/") && page.ends_with(it.as_str()));
            if !is_there {
                found.push(format!("{}: no page `{page}`", object.path));
            }
        }
    }
    let pages = tree.files.keys().filter(|it| it.starts_with("out/runbooks/")).count();
    if pages != told.len() + 1 {
        found.push(format!("{pages} pages, and {} alerts and an index", told.len()));
    }
    let names: BTreeSet<&String> = told.iter().map(|it| &it[1]).collect();
    if names.len() != told.len() {
        found.push(format!("two alerts have one name: {told:?}"));
    }
    if let Some(empty) = told.iter().find(|it| it.iter().any(String::is_empty)) {
        found.push(format!("something is missing: {empty:?}"));
    }
    found
}

fn wrong(compiled: &Compiled, tree: &Tree) -> Vec<String> {
    let plan = compiled.plan.as_ref().expect("it compiles");
    if !plan.platform().spec.components.kube_prometheus_stack.enabled {
        let of_operator = tree.objects.iter().filter(|it| it.group() == "monitoring.coreos.com");
        return of_operator.map(|it| format!("{}: nobody reads it", it.path)).collect();
    }
    let endpoints = [endpoints(compiled, tree), ways(tree)].concat();
    let probes = [probes::wrong(compiled, tree), probes::ways(tree)].concat();
    [endpoints, probes, alerts(compiled, tree)].concat()
}

fn monitored() -> Compiled {
    let mut cases = golden_cases().into_iter();
    let (_, folder) = cases.find(|it| it.0 == "monitoring").expect("the case");
    tree(&texts_of(&folder))
}

#[test]
fn golden_trees_tell_prometheus_all_that_is_offered() {
    for (name, folder) in golden_cases() {
        let compiled = tree(&texts_of(&folder));
        let said = wrong(&compiled, &Tree::of(&compiled));
        assert!(said.is_empty(), "{name}:\n{}", said.join("\n"));
    }
}

/// Endpoints and alerts of the golden case: a test of nothing would find nothing.
#[test]
fn there_is_something_to_tell() {
    let compiled = monitored();
    let tree = Tree::of(&compiled);
    let told = tree.of_kind("PodMonitor").flat_map(Asked::told).count();
    let rules = tree.of_kind("PrometheusRule").count();
    assert!(told >= 8 && rules >= 1, "{told} endpoints, {rules} objects of rules");
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(12) })]

    #[test]
    fn random_platforms_tell_prometheus_all_that_is_offered(texts in platforms()) {
        let compiled = tree(&texts);
        let said = wrong(&compiled, &Tree::of(&compiled));
        prop_assert!(said.is_empty(), "{}", said.join("\n"));
    }
}

/// Each fault of a tree is found.
#[test]
fn what_is_forgotten_or_told_twice_is_found() {
    let compiled = monitored();
    let sound = || Tree::of(&compiled);
    let monitor = |tree: &Tree| {
        let place = tree.objects.iter().position(|it| it.kind() == "PodMonitor");
        place.expect("a monitor")
    };
    let found = |tree: &Tree, text: &str| {
        let said = wrong(&compiled, tree).join("\n");
        assert!(said.contains(text), "{text}: {said}");
    };

    let mut tree = sound();
    let at = monitor(&tree);
    tree.objects.remove(at);
    found(&tree, "told 0 times");

    let mut tree = sound();
    let twin = Read { value: tree.objects[at].value.clone(), path: "twin.yaml".to_owned() };
    tree.objects.push(twin);
    found(&tree, "told 2 times");

    let mut tree = sound();
    tree.objects[at].value["spec"]["podMetricsEndpoints"][0]["portNumber"] = 1.into();
    found(&tree, "nobody offers it");
    found(&tree, "Prometheus may not ask it");

    let mut tree = sound();
    let selector = &mut tree.objects[at].value["spec"]["selector"]["matchLabels"];
    selector["app.kubernetes.io/name"] = "nobody".into();
    found(&tree, "selects no pods");

    let mut tree = sound();
    tree.objects.retain(|it| it.kind() != "NetworkPolicy" || it.name() == "default-deny");
    found(&tree, "it may not be asked by Prometheus");

    let mut tree = sound();
    tree.objects.retain(|it| it.kind() != "PrometheusRule");
    found(&tree, "lost");
}
