//! `host-not-served`: a public host that is written, and where nothing answers.

use super::{rule::rules, view::WholeView};
use crate::diag::diagnostic::Diagnostics;

rules! {
    /// Nothing answers at a public host.
    warning HOST_NOT_SERVED = "host-not-served":
    Whole(hosts);
}

/// Hosts that may be absent: who writes one waits for an answer there. Without a chat its host is
/// still asked for, so nothing is said of it; a host for Argo CD that is off is refused before.
pub fn hosts(view: &WholeView<'_>, found: &mut Diagnostics) {
    let domains = &view.spec.platform.spec.domains;
    for (key, host, who, switch) in [
        ("monitoring", &domains.monitoring, "Grafana", "Grafana on (`components.grafana`)"),
        ("api", &domains.api, "the API of workspaces", "it on (`workspaces.api`)"),
    ] {
        let Some(host) = host else { continue };
        if view.plan.hosts().any(|it| it.0 == host) {
            continue;
        }
        let message = format!("nothing answers at `{host}`: {who}, which would, is off");
        found.push(HOST_NOT_SERVED.at(view.spec.value(&["domains", key]), message).help(format!(
            "switch {switch}, or remove the host; kept, it reserves the name: no workspace can take \
             it"
        )));
    }
}
