//! `node-or-nodes`, `node-group-twice`, `server-nodes`: one node, or groups of them that make a
//! cluster.

use std::collections::BTreeSet;

use super::{
    ranges::OUT_OF_RANGE,
    rule::rules,
    view::{SpecView, field},
};
use crate::{
    diag::diagnostic::Diagnostics,
    platform::node::{MOST_NODES, Role},
};

rules! {
    /// Neither one node nor several, or both.
    error NODE_OR_NODES = "node-or-nodes",
    /// Two groups of nodes have one name.
    error NODE_GROUP_TWICE = "node-group-twice",
    /// No server among the nodes, or an even number of them.
    either SERVER_NODES = "server-nodes":
    Spec(nodes);
}

/// The nodes as they are written.
pub fn nodes(view: &SpecView<'_>, found: &mut Diagnostics) {
    let spec = &view.platform.spec;
    match (&spec.node, spec.nodes.is_empty()) {
        (Some(_), true) => return,
        (Some(_), false) => {
            let finding =
                NODE_OR_NODES.at(view.value(&["nodes"]), "the spec has both `node` and `nodes`");
            found.push(
                finding
                    .related(view.value(&["node"]), "one machine")
                    .help("remove one of them: `node` describes a single machine, `nodes` several"),
            );
            return;
        }
        (None, true) => {
            let place = view.at(field(&[]));
            let finding = NODE_OR_NODES
                .at(place, "the spec does not describe the nodes that the platform runs on");
            found.push(finding.help(
                "write `node: {cpu: 4, memory: 8Gi}`, or describe groups of several under \
                     `nodes`",
            ));
            return;
        }
        (None, false) => {}
    }
    let mut seen = BTreeSet::new();
    for (index, node) in spec.nodes.iter().enumerate() {
        let place = |key: &str| view.at(field(&["nodes"]).index(index).key(key));
        if !seen.insert(&node.name) {
            let message = format!("two groups of nodes are called `{}`", node.name);
            found.push(
                NODE_GROUP_TWICE
                    .at(place("name"), message)
                    .help("rename one of them, or merge them and add up their counts"),
            );
        }
        if !(1..=MOST_NODES).contains(&node.count) {
            let message = format!("`count` is {}, but must be from 1 to {MOST_NODES}", node.count);
            let help = if node.count == 0 {
                "write `count: 1` or more, or remove the group".to_owned()
            } else {
                format!("write `count: {MOST_NODES}` or less")
            };
            found.push(OUT_OF_RANGE.at(place("count"), message).help(help));
        }
    }
    let servers = spec
        .nodes
        .iter()
        .filter(|it| it.role == Role::Server)
        .fold(0_u32, |sum, node| sum.saturating_add(node.count));
    let first = spec.nodes.iter().position(|it| it.role == Role::Server);
    if servers == 0 && first.is_none() {
        let message = "no group of nodes runs the control plane";
        let finding = SERVER_NODES.error_at(view.value(&["nodes"]), message);
        found.push(finding.help("write `role: server` for one of them, with one node or three"));
    } else if servers > 0 && servers % 2 == 0 {
        let message =
            format!("{servers} servers survive no more failures than {} would", servers - 1);
        let place = view.at(field(&["nodes"]).index(first.unwrap_or_default()).key("count"));
        found.push(
            SERVER_NODES
                .warning_at(place, message)
                .help(format!("use an odd number of servers: {} or {}", servers - 1, servers + 1))
                .note("etcd needs a majority of its servers: of 2, both; of 3, two; of 4, three"),
        );
    }
}
