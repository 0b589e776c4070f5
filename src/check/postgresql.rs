//! `postgresql-limit-too-low`: the limit must hold what every connection may use at once.

use super::{code, rules::SpecView};
use crate::{
    components::postgresql::Postgresql,
    diag::diagnostic::{Diagnostic, Diagnostics},
    facts::requests,
};

/// The worst case against the limit.
pub fn memory(view: &SpecView<'_>, found: &mut Diagnostics) {
    let components = &view.platform.spec.components;
    let it = &components.postgresql;
    if !it.enabled {
        return;
    }
    let clients = components.open_webui.connections();
    let limit = it.resources.over(requests::POSTGRESQL).limit;
    let worst = it.worst_case(clients).ceil_mib();
    if worst > limit {
        found.push(
            Diagnostic::error(
                code::POSTGRESQL_LIMIT,
                view.component(&["postgresql", "resources", "memory", "limit"]),
                format!(
                    "the limit is {}, and {} connections may use {}",
                    limit.in_mib(),
                    Postgresql::max_connections(clients),
                    worst.in_mib()
                ),
            )
            .related(view.component(&["openWebui", "connectionPool"]), format!("Open WebUI opens up to {clients}"))
            .help(format!("write `limit: {worst}` or more, or make Open WebUI's `connectionPool` smaller")),
        );
    }
}
