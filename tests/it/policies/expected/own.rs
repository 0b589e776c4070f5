//! Where our own pods lead beyond what names a Service.

use super::{End, Flow, To, add, pods_of};
use crate::{
    invariants::Tree,
    support::{Read, at},
};

/// The place of an external database: an address, or outside of the known networks.
pub fn elsewhere(text: &str) -> Option<(End, u16)> {
    let (host, port) =
        text.trim_start_matches("postgresql://").split('/').next()?.rsplit_once(':')?;
    // Whatever is written as an address is the only one that is let through.
    let end = host.parse().ok().map_or(End::Outside, End::At);
    (!host.ends_with(".svc.cluster.local")).then_some((end, port.parse().ok()?))
}

/// Pods with a token speak to the API server, by its name.
pub fn of_token(tree: &Tree, object: &Read) -> std::collections::BTreeSet<Flow> {
    let mut all = std::collections::BTreeSet::new();
    let template = object.pod_template().expect("it has pods");
    if at(template, "spec/automountServiceAccountToken").as_bool() == Some(true) {
        for to in [To::Api, To::Dns] {
            add(tree, &mut all, &pods_of(object), to);
        }
    }
    all
}
