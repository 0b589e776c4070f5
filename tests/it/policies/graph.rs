//! The graph of `show flows`, compared with the policies: each rule is one half of a row, and each
//! half of a row is a rule.

use std::collections::{BTreeMap, BTreeSet};

use espalier::{
    plan::rows::{End, FlowRow, Reach, Unrestricted},
    plan::tables,
};
use serde_yaml::Value;

use crate::{
    invariants::{Tree, namespace_of},
    support::{Compiled, Read, at, items, labels},
};

type Labels = BTreeMap<String, String>;

/// One rule for one peer and one port: in a policy, or needed for a row.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Half {
    namespace: String,
    pods: Labels,
    direction: &'static str,
    other: Other,
    port: Option<u64>,
    protocol: String,
}

#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Other {
    Pods(String, Labels),
    Namespaces(Labels),
    Addresses(String, Vec<String>),
    Anybody,
}

/// The whole graph, with tenants.
pub fn whole(compiled: &Compiled) -> Vec<FlowRow> {
    let plan = compiled.plan.as_ref().expect("it compiles");
    // What an operator makes in the cluster is in no tree.
    let in_tree = if plan.has_operator() { &[][..] } else { &compiled.summaries[..] };
    tables::graph(plan, in_tree.iter().filter_map(|it| Some((it.name.as_ref()?, &*it.flows))))
}

/// The rules of the policies, by peer and port.
fn rules(tree: &Tree) -> BTreeSet<Half> {
    let mut all = BTreeSet::new();
    for object in tree.of_kind("NetworkPolicy") {
        let namespace = object.namespace().unwrap_or_default();
        for (direction, peers) in [("ingress", "from"), ("egress", "to")] {
            for rule in items(at(object.at("spec"), direction)) {
                let others: Vec<Other> = match at(rule, peers).as_sequence() {
                    None => vec![Other::Anybody],
                    Some(list) => list.iter().map(|it| other(it, namespace)).collect(),
                };
                let every = Value::Mapping(serde_yaml::Mapping::new());
                let ports = at(rule, "ports")
                    .as_sequence()
                    .map_or_else(|| vec![&every], |it| it.iter().collect());
                for (other, port) in
                    others.iter().flat_map(|it| ports.iter().map(move |port| (it, port)))
                {
                    all.insert(Half {
                        namespace: namespace.to_owned(),
                        pods: labels(object.at("spec/podSelector/matchLabels")),
                        direction,
                        other: other.clone(),
                        port: at(port, "port").as_u64(),
                        protocol: at(port, "protocol").as_str().unwrap_or("any").to_owned(),
                    });
                }
            }
        }
    }
    all
}

fn other(peer: &Value, home: &str) -> Other {
    let block = at(peer, "ipBlock");
    if let Some(cidr) = at(block, "cidr").as_str() {
        let except =
            items(at(block, "except")).filter_map(|it| it.as_str()).map(str::to_owned).collect();
        return Other::Addresses(cidr.to_owned(), except);
    }
    let selected = at(peer, "namespaceSelector/matchLabels");
    if !selected.is_null() && namespace_of(peer).is_none() {
        return Other::Namespaces(labels(selected));
    }
    let namespace = namespace_of(peer).unwrap_or(home).to_owned();
    Other::Pods(namespace, labels(at(peer, "podSelector/matchLabels")))
}

fn reach(reach: &Reach) -> Other {
    match reach {
        Reach::Pods { namespace, labels } => Other::Pods(namespace.to_string(), labels.clone()),
        Reach::Addresses { cidr, except } => {
            Other::Addresses(cidr.clone(), except.iter().map(|it| (*it).to_owned()).collect())
        }
        Reach::Namespaces { labels } => Other::Namespaces(labels.clone()),
        Reach::Anywhere => Other::Anybody,
    }
}

/// The labels of a workspace's namespace that the platform's own let in, by who lets them in.
const SHARES: [(&str, &str); 2] =
    [("ollama", "espalier.dev/ollama"), ("postgresql", "espalier.dev/database")];
const SHARED: &str = "shared";

/// The halves that the rows need, in namespaces that have policies. Those of workspaces that share
/// something of the platform's are let in by the label that their namespaces bear.
fn asked(rows: &[FlowRow], guarded: &BTreeSet<&str>, sharing: &BTreeSet<&str>) -> BTreeSet<Half> {
    let mut all = BTreeSet::new();
    for row in rows {
        let (End::Flow(from), End::Flow(to)) = (&row.source, &row.destination) else { continue };
        for (direction, mine, other) in [("egress", from, to), ("ingress", to, from)] {
            let Reach::Pods { namespace, labels } = mine else { continue };
            let is_shared = direction == "ingress"
                && matches!(other, Reach::Pods { namespace: its, .. }
                    if sharing.contains(&**its) && its != namespace);
            let name = labels.get("app.kubernetes.io/name").map(String::as_str);
            let label = SHARES.into_iter().find(|it| is_shared && Some(it.0) == name);
            let other = match label {
                Some((_, label)) => {
                    Other::Namespaces([(label.to_owned(), SHARED.to_owned())].into())
                }
                None => reach(other),
            };
            if guarded.contains(&**namespace) {
                all.insert(Half {
                    namespace: namespace.to_string(),
                    pods: labels.clone(),
                    direction,
                    other,
                    port: row.port.map(u64::from),
                    protocol: row.protocol.to_owned(),
                });
            }
        }
    }
    all
}

/// The differences between graph and policies.
pub fn differs(compiled: &Compiled, tree: &Tree) -> Vec<String> {
    let graph = whole(compiled);
    let others: Vec<_> = graph
        .iter()
        .flat_map(|it| [&it.source, &it.destination])
        .filter_map(|end| {
            if let End::Unrestricted(Unrestricted::OtherNamespaces(guarded)) = end {
                Some(guarded)
            } else {
                None
            }
        })
        .collect();
    let with_policies: BTreeSet<&str> =
        tree.of_kind("NetworkPolicy").filter_map(|it| it.namespace()).collect();
    let mut found = Vec::new();
    for guarded in &others {
        let guarded: BTreeSet<&str> = guarded.iter().map(|it| &**it).collect();
        if guarded != with_policies {
            found.push(format!(
                "the graph says that {guarded:?} have policies, and {with_policies:?} have"
            ));
        }
    }
    if others.len() != 2 {
        found
            .push(format!("the graph tells {} times which namespaces have policies", others.len()));
    }
    let sharing: BTreeSet<&str> = tree
        .of_kind("Namespace")
        .filter(|it| SHARES.iter().any(|label| it.at("metadata/labels").get(label.1).is_some()))
        .map(Read::name)
        .collect();
    let (rules, asked) = (rules(tree), asked(&graph, &with_policies, &sharing));
    found.extend(rules.difference(&asked).map(|it| format!("a rule without a row: {it:?}")));
    found.extend(asked.difference(&rules).map(|it| format!("a row without a rule: {it:?}")));
    found
}
