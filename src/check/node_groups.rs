//! `node-or-nodes`, `node-group-twice`, `server-nodes`: one node, or groups of them that make a
//! cluster.

use std::collections::BTreeSet;

use super::{
    code,
    view::{SpecView, field},
};
use crate::{
    diag::diagnostic::{Diagnostic, Diagnostics},
    platform::node::Role,
};

/// More nodes of a group than k3s was ever tried with.
pub const MOST_NODES: u32 = 1000;

/// The nodes as they are written.
pub fn nodes(view: &SpecView<'_>, found: &mut Diagnostics) {
    let spec = &view.platform.spec;
    match (&spec.node, spec.nodes.is_empty()) {
        (Some(_), true) => return,
        (Some(_), false) => {
            let finding = Diagnostic::error(
                code::NODE_OR_NODES,
                view.value(&["nodes"]),
                "the spec has both `node` and `nodes`",
            );
            found.push(
                finding.related(view.value(&["node"]), "one machine").help(
                    "take one of them out: `node` is the only machine, `nodes` all of several",
                ),
            );
            return;
        }
        (None, true) => {
            let place = view.at(field(&[]));
            let finding = Diagnostic::error(
                code::NODE_OR_NODES,
                place,
                "the spec does not say what the platform runs on",
            );
            found.push(
                finding.help(
                    "write `node: {cpu: 4, memory: 8Gi}`, or groups of several under `nodes`",
                ),
            );
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
                Diagnostic::error(code::NODE_GROUP_TWICE, place("name"), message)
                    .help("give one of them another name, or add the two counts up"),
            );
        }
        if !(1..=MOST_NODES).contains(&node.count) {
            let message = format!("`count` is {}, and must be from 1 to {MOST_NODES}", node.count);
            let help = if node.count == 0 {
                "write `count: 1` or more, or take the group out".to_owned()
            } else {
                format!("write `count: {MOST_NODES}` or less")
            };
            found.push(Diagnostic::error(code::OUT_OF_RANGE, place("count"), message).help(help));
        }
    }
    let servers = spec
        .nodes
        .iter()
        .filter(|it| it.role == Role::Server)
        .fold(0_u32, |sum, node| sum.saturating_add(node.count));
    let first = spec.nodes.iter().position(|it| it.role == Role::Server);
    if servers == 0 && first.is_none() {
        let message = "no group of nodes has the control plane";
        let finding = Diagnostic::error(code::SERVER_NODES, view.value(&["nodes"]), message);
        found.push(finding.help("write `role: server` for one of them: one node of it, or three"));
    } else if servers > 0 && servers % 2 == 0 {
        let message =
            format!("{servers} servers survive no more losses than {} would", servers - 1);
        let place = view.at(field(&["nodes"]).index(first.unwrap_or_default()).key("count"));
        found.push(
            Diagnostic::warning(code::SERVER_NODES, place, message)
                .help(format!("an odd number of servers: {} or {}", servers - 1, servers + 1))
                .note("etcd needs a majority to go on: of 2, both; of 3, two; of 4, three"),
        );
    }
}
