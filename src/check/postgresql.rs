//! `postgresql-limit-too-low`: the limit must hold what every connection may use at once.

use super::{code, rules::SpecView};
use crate::{
    components::{
        open_webui::{ConnectionPool, OpenWebUi},
        postgresql::Postgresql,
    },
    diag::diagnostic::{Diagnostic, Diagnostics},
    facts::requests,
    units::Bytes,
};

/// The worst case against the limit.
pub fn memory(view: &SpecView<'_>, found: &mut Diagnostics) {
    let components = &view.platform.spec.components;
    let (it, web) = (&components.postgresql, &components.open_webui);
    // More than one Open WebUI is refused by a rule of its own.
    if !it.enabled || web.replicas > 1 {
        return;
    }
    let clients = web.connections();
    let limit = limit(it);
    let worst = it.worst_case(clients).ceil_mib();
    if worst <= limit {
        return;
    }
    let place = |path: &[&str]| view.component(path);
    let (setting, pool) = (place(&["postgresql", "resources", "memory", "limit"]), place(&["openWebui", "connectionPool"]));
    let opens = format!("Open WebUI opens up to {clients} connections");
    let message = format!(
        "PostgreSQL's limit is {}, and {} connections may use {}",
        limit.in_mib(),
        Postgresql::max_connections(clients),
        worst.in_mib()
    );
    // Whatever is written is to blame.
    let mut finding = if it.resources.memory.limit.is_some() {
        Diagnostic::error(code::POSTGRESQL_LIMIT, setting, message).related(pool, opens)
    } else {
        Diagnostic::error(code::POSTGRESQL_LIMIT, pool, message).label(opens)
    };
    // The larger of the two is the one that somebody wrote.
    let ConnectionPool { size, overflow } = web.connection_pool;
    let pools = (1..size.max(overflow)).rev().map(|most| ConnectionPool { size: size.clamp(1, most), overflow: overflow.min(most) });
    let fits = |pool: &ConnectionPool| {
        let changed = OpenWebUi { connection_pool: pool.clone(), ..web.clone() };
        it.worst_case(changed.connections()).ceil_mib() <= limit
    };
    if let Some(ConnectionPool { size, overflow }) = pools.into_iter().find(fits) {
        finding = finding.help(format!("write `connectionPool: {{size: {size}, overflow: {overflow}}}`: that fits the limit"));
    }
    // Buffers grow with the limit, so what is needed is found by trying; four times as much is no advice any more.
    let holds = |more: &Bytes| {
        let mut changed = it.clone();
        changed.resources.memory.limit = Some(*more);
        changed.worst_case(clients) <= *more
    };
    // In steps of an eighth, rounded to 64Mi: a handful of tries, however large the limit.
    let step = (limit.get() >> 3).max(64 << 20);
    if let Some(enough) = (1..=24).map(|it| Bytes::mib((limit.get().saturating_add(step.saturating_mul(it)) >> 26).max(1) << 6)).find(holds)
    {
        finding = finding.help(format!("or give PostgreSQL's `memory` a larger one: `limit: {enough}`"));
    }
    found.push(finding);
}

fn limit(it: &Postgresql) -> Bytes {
    it.resources.over(requests::POSTGRESQL).limit
}
