//! `postgresql-limit-too-low`, `database-unreachable`, `setting-without-effect`: the database and
//! who reaches it.

use core::net::Ipv4Addr; // of `core`: addresses only, no sockets

use super::{code, view::SpecView};
use crate::{
    components::{
        open_webui::{ConnectionPool, OpenWebUi},
        postgresql::Postgresql,
    },
    diag::diagnostic::{Diagnostic, Diagnostics},
    facts::kubernetes::NOT_OUTSIDE,
    names::Cidr,
    units::Bytes,
};

/// The worst case against the limit.
pub fn memory(view: &SpecView<'_>, found: &mut Diagnostics) {
    let components = &view.platform.spec.components;
    let (it, web) = (&components.postgresql, &components.open_webui);
    // More than one Open WebUI without Redis is refused by a rule of its own.
    if !it.enabled || it.external.is_some() || (web.replicas > 1 && !components.redis.enabled) {
        return;
    }
    let clients = web.connections(it);
    let limit = it.limit();
    let worst = it.worst_case(clients).ceil_mib();
    if worst <= limit {
        return;
    }
    let place = |path: &[&str]| view.component(path);
    let (setting, pool) = (
        place(&["postgresql", "resources", "memory", "limit"]),
        place(&["openWebui", "connectionPool"]),
    );
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
    let ConnectionPool { size, overflow } = web.pool(it);
    let pools = (1..size.max(overflow))
        .rev()
        .map(|most| ConnectionPool { size: size.clamp(1, most), overflow: overflow.min(most) });
    let fits = |pool: &ConnectionPool| {
        let changed = OpenWebUi { connection_pool: Some(pool.clone()), ..web.clone() };
        it.worst_case(changed.connections(it)).ceil_mib() <= limit
    };
    if let Some(ConnectionPool { size, overflow }) = pools.into_iter().find(fits) {
        finding = finding.help(format!(
            "write `connectionPool: {{size: {size}, overflow: {overflow}}}`: that fits the limit"
        ));
    }
    // Buffers grow with the limit, so what is needed is found by trying; four times as much is no
    // advice any more.
    let holds = |more: &Bytes| {
        let mut changed = it.clone();
        changed.resources.memory.limit = Some(*more);
        changed.worst_case(clients) <= *more
    };
    // In steps of an eighth, rounded to 64Mi: a handful of tries, however large the limit.
    let step = (limit.get() >> 3).max(64 << 20);
    if let Some(enough) = (1..=24)
        .map(|it| {
            Bytes::mib((limit.get().saturating_add(step.saturating_mul(it)) >> 26).max(1) << 6)
        })
        .find(holds)
    {
        finding =
            finding.help(format!("or give PostgreSQL's `memory` a larger one: `limit: {enough}`"));
    }
    found.push(finding);
}

/// Domains whose names are only known in private networks (RFC 6762, RFC 8375, ICANN's reservation,
/// custom).
const PRIVATE_DOMAINS: [&str; 6] =
    ["cluster.local", "home.arpa", "internal", "lan", "local", "localdomain"];

/// A database outside the cluster must be where the network policy lets Open WebUI out to.
pub fn external(view: &SpecView<'_>, found: &mut Diagnostics) {
    let postgresql = &view.platform.spec.components.postgresql;
    let Some(external) = &postgresql.external else { return };
    let place = |key: &str| view.component(&["postgresql", "external", key]);
    if external.port == 0 {
        let message = "`port` is 0, and must be from 1 to 65535";
        found.push(
            Diagnostic::error(code::OUT_OF_RANGE, place("port"), message)
                .help("write `port: 5432` or leave it out"),
        );
    }
    let default = Postgresql::default();
    let mut idle = Vec::new();
    if postgresql.enabled {
        let resources = &postgresql.resources;
        if resources.memory.request.is_some()
            || resources.memory.limit.is_some()
            || resources.cpu.request.is_some()
        {
            idle.push(("resources", "the database is outside the cluster"));
        }
        if postgresql.storage != default.storage {
            idle.push(("storage", "the database is outside the cluster"));
        }
    } else {
        idle.push((
            "external",
            "PostgreSQL is off, and Open WebUI keeps its data on its own volume",
        ));
    }
    for (field, why) in idle {
        let message = format!("`{field}` has no effect: {why}");
        let place = view.component(&["postgresql", field]);
        found.push(
            Diagnostic::warning(code::SETTING_WITHOUT_EFFECT, place, message)
                .help(format!("take `{field}` out")),
        );
    }
    if !postgresql.enabled {
        return;
    }
    let range_of = |ip: Ipv4Addr| {
        NOT_OUTSIDE.into_iter().find(|it| it.parse::<Cidr>().is_ok_and(|it| it.contains(ip)))
    };
    let why = match (external.host.ip(), &external.cidr) {
        (Some(ip), Some(cidr)) if !cidr.contains(ip) => {
            let message = format!(
                "`{ip}` is not in `{cidr}`, so the network policy keeps Open \
                                   WebUI from it"
            );
            let finding = Diagnostic::error(code::DATABASE_UNREACHABLE, place("cidr"), message);
            found.push(
                finding
                    .related(place("host"), "the database")
                    .help(format!("write `cidr: {ip}/32`")),
            );
            return;
        }
        (Some(ip), None) => range_of(ip).map(|range| {
            let help = format!(
                "write `host: {ip}, cidr: {ip}/32`: the policy then opens this address, and no \
                 other"
            );
            (format!("`{ip}` is a private address (`{range}`)"), help)
        }),
        (None, None) => {
            let is_private =
                |text: &&str| external.host.strip_suffix(text).is_some_and(|it| it.ends_with('.'));
            let help = "say beside it which range of addresses it is in, like `cidr: 10.20.0.0/24`";
            let domain = PRIVATE_DOMAINS.into_iter().find(is_private);
            domain.map(|domain| {
                (
                    format!("`{}` is a name of a private network (`.{domain}`)", external.host),
                    help.to_owned(),
                )
            })
        }
        _ => None,
    };
    if let Some((what, help)) = why {
        let message = format!("{what}, and the network policy opens public addresses only");
        found.push(
            Diagnostic::error(code::DATABASE_UNREACHABLE, place("host"), message)
                .help(help)
                .note("without, Open WebUI's connections are refused, and it never starts"),
        );
    }
}
