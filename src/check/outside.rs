//! `endpoint-unreachable`: every server outside the cluster that pods call is where the network
//! policies let them out to.

use std::collections::BTreeSet;

use super::{
    rule::rules,
    view::{SpecView, WholeView},
};
use crate::{
    diag::diagnostic::{Diagnostic, Diagnostics},
    facts::domains::{self, Private},
    platform::outside::Outside,
};

rules! {
    /// Network policies block a server outside the cluster, or it is none.
    error ENDPOINT_UNREACHABLE = "endpoint-unreachable":
    Whole(reached);
}

/// Every server to which a flow was made: there is no other way to one.
pub fn reached(view: &WholeView<'_>, found: &mut Diagnostics) {
    let servers = view.plan.components().iter().flat_map(|it| &it.outside);
    let servers: BTreeSet<&Outside> = servers.collect();
    found.extend(servers.into_iter().filter_map(|it| unreachable(&view.spec, it)));
}

/// Why pods do not reach a server, if the spec alone tells it.
fn unreachable(view: &SpecView<'_>, server: &Outside) -> Option<Diagnostic> {
    let (host, role) = (server.host(), server.role());
    let is_own = server.address().map_or_else(
        || domains::is_own(host),
        |it| it.is_loopback() || it.is_unspecified() || it.is_broadcast() || it.is_multicast(),
    );
    let finding = match (server.address(), server.cidr()) {
        _ if is_own => ENDPOINT_UNREACHABLE
            .at(
                view.value(role.host),
                format!("`{host}` is no address of {}: in a pod, it is the pod itself", role.what),
            )
            .help("use the address or the name by which other machines reach it"),
        (Some(ip), Some(cidr)) if !cidr.contains(ip) => ENDPOINT_UNREACHABLE
            .at(
                view.value(role.cidr),
                format!("`{ip}` is not in `{cidr}`, so the network policy blocks {}", role.caller),
            )
            .related(view.value(role.host), role.what)
            .help(format!("write `cidr: {ip}/32`, or leave it out: an address is its own range")),
        (None, None) => {
            let what = match domains::private(host)? {
                Private::OneLabel => format!("`{host}` has no domain, so it is a private name"),
                Private::Link => format!("`{host}` is a name of Azure's Private Link"),
                Private::Ending(ending) => {
                    format!("`{host}` is a name of a private network (`.{ending}`)")
                }
            };
            ENDPOINT_UNREACHABLE
                .at(
                    view.value(role.host),
                    format!(
                        "{what}, but the network policy lets {} out to public addresses only",
                        role.caller
                    ),
                )
                .help(format!(
                    "add the range of addresses that it is in to `{}`, like `cidr: 10.20.0.0/24`",
                    role.cidr[..role.cidr.len() - 1].join(".")
                ))
        }
        _ => return None,
    };
    Some(finding.note(role.without))
}
