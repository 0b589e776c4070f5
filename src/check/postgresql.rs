//! `postgresql-limit-too-low`: the database's memory against what may be asked of it.

use super::{ranges::OUT_OF_RANGE, rule::rules, view::SpecView};
use crate::{
    components::{
        open_webui::{ConnectionPool, OpenWebUi},
        postgresql::{Postgresql, databases::CONNECTIONS_EACH},
    },
    diag::diagnostic::Diagnostics,
    units::Bytes,
};

rules! {
    /// PostgreSQL's limit is below what it may use at worst.
    error POSTGRESQL_LIMIT = "postgresql-limit-too-low":
    Spec(memory), Spec(port);
}

/// The worst case against the limit.
pub fn memory(view: &SpecView<'_>, found: &mut Diagnostics) {
    let components = &view.platform.spec.components;
    let (postgresql, web) = (&components.postgresql, &components.open_webui);
    // More than one Open WebUI without Redis is refused by a rule of its own.
    if !postgresql.enabled
        || postgresql.external.is_some()
        || (web.replicas > 1 && !components.redis.enabled)
    {
        return;
    }
    let clients = view.platform.spec.connections();
    let limit = postgresql.limit();
    let worst = postgresql.worst_case(clients).ceil_mib();
    if worst <= limit {
        return;
    }
    let place = |path: &[&str]| view.component(path);
    let (setting, pool) = (
        place(&["postgresql", "resources", "memory", "limit"]),
        place(&["openWebui", "connectionPool"]),
    );
    let opens = format!("Open WebUI opens up to {} connections", web.connections(postgresql));
    let message = format!(
        "PostgreSQL's limit is {}, but {} connections may use {}",
        limit.in_mib(),
        Postgresql::max_connections(clients),
        worst.in_mib()
    );
    // The finding is marked where the user wrote something.
    let mut finding = if postgresql.resources.memory.limit.is_some() {
        POSTGRESQL_LIMIT.at(setting, message).related(pool, opens)
    } else {
        POSTGRESQL_LIMIT.at(pool, message).label(opens)
    };
    if view.platform.spec.workspaces.databases > 0 {
        let place = view.value(&["workspaces", "databases"]);
        let label = format!("each of these workspaces opens up to {CONNECTIONS_EACH}");
        finding = finding.related(place, label);
    }
    // The larger of the two is the one that somebody wrote.
    let ConnectionPool { size, overflow } = web.pool(postgresql);
    let pools = (1..size.max(overflow))
        .rev()
        .map(|most| ConnectionPool { size: size.clamp(1, most), overflow: overflow.min(most) });
    let fits = |pool: &ConnectionPool| {
        let changed = OpenWebUi { connection_pool: Some(pool.clone()), ..web.clone() };
        let others = clients - web.connections(postgresql);
        let clients = others + changed.connections(postgresql);
        postgresql.worst_case(clients).ceil_mib() <= limit
    };
    if let Some(ConnectionPool { size, overflow }) = pools.into_iter().find(fits) {
        finding = finding.help(format!(
            "write `connectionPool: {{size: {size}, overflow: {overflow}}}`: that fits the limit"
        ));
    }
    // Buffers grow with the limit, so what is needed is found by trying; four times as much is no
    // advice any more.
    let holds = |more: &Bytes| {
        let mut changed = postgresql.clone();
        changed.resources.memory.limit = Some(*more);
        changed.worst_case(clients) <= *more
    };
    // In steps of an eighth, rounded to 64Mi: a handful of tries, however large the limit.
    let step = (limit.get() >> 3).max(64 << 20);
    if let Some(enough) = (1..=24)
        .map(|steps| {
            Bytes::mib((limit.get().saturating_add(step.saturating_mul(steps)) >> 26).max(1) << 6)
        })
        .find(holds)
    {
        finding = finding
            .help(format!("or give PostgreSQL's `memory` a larger limit: `limit: {enough}`"));
    }
    found.push(finding);
}

/// The port of a database outside the cluster: 0 is none.
pub fn port(view: &SpecView<'_>, found: &mut Diagnostics) {
    let Some(external) = &view.platform.spec.components.postgresql.external else { return };
    if external.port == 0 {
        let message = "`port` is 0, but must be from 1 to 65535";
        found.push(
            OUT_OF_RANGE
                .at(view.component(&["postgresql", "external", "port"]), message)
                .help("write `port: 5432` or leave it out"),
        );
    }
}
