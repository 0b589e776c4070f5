//! `node-memory-exceeded` and its kin: the sums against what the node can give, with what would fit.

use super::{code, rules::WholeView};
use crate::{
    budget::ask::{Origin, Row},
    components::{APPLICATIONS, ollama::Ollama},
    diag::diagnostic::{Diagnostic, Diagnostics, Place},
    facts::{kubernetes::MAX_PODS, models},
    units::Bytes,
};

/// Memory, CPU, pods, limits, and room for a rollout.
pub fn node(view: &WholeView<'_>, found: &mut Diagnostics) {
    let it = view.budget;
    if it.requests > it.allocatable {
        found.push(memory(view));
    } else if it.spare() < it.surge.request {
        found.push(
            Diagnostic::warning(
                code::NO_ROOM_FOR_ROLLOUT,
                view.spec.value(&["node", "memory"]),
                format!("{} are spare, and a rolling update adds a pod of {}", it.spare().in_mib(), it.surge.request.in_mib()),
            )
            .note("such a pod stays Pending and its rollout never ends")
            .help("a larger node, or less of something else"),
        );
    }
    if it.cpu > it.allocatable_cpu {
        found.push(
            Diagnostic::error(
                code::NODE_CPU_EXCEEDED,
                view.spec.value(&["node", "cpu"]),
                format!("CPU requests sum to {}, the node can give {}", it.cpu, it.allocatable_cpu),
            )
            .help("fewer replicas, or a smaller `resources.cpu.request`: requests are shares, an idle CPU is anybody's")
            .note("`espalier show budget` explains each figure"),
        );
    }
    if it.pods > MAX_PODS && view.tenants.is_empty() {
        found.push(
            Diagnostic::error(
                code::NODE_PODS_EXCEEDED,
                view.spec.value(&["node"]),
                format!("{} pods, and a node runs {MAX_PODS} at most", it.pods),
            )
            .help("fewer replicas"),
        );
    }
    let percent = it.limits_percent();
    if percent > it.overcommit_percent && it.requests <= it.allocatable {
        let tenths = percent.div_ceil(10);
        found.push(
            Diagnostic::error(
                code::LIMITS_OVERCOMMITTED,
                view.spec.value(&["node", "overcommit"]),
                format!("limits sum to {}, {percent} % of the {} that pods may use", it.limits.in_mib(), it.usable.in_mib()),
            )
            .help(format!("write `overcommit: {}.{}` if that is what you want, or lower limits", tenths / 10, tenths % 10))
            .note("above 1.0 a pod can be killed because of another pod's appetite"),
        );
    }
}

/// The finding that people come for: sums, the largest consumers with their places, and what would fit.
fn memory(view: &WholeView<'_>) -> Diagnostic {
    let it = view.budget;
    let over = it.requests.saturating_sub(it.allocatable);
    let mut rows: Vec<&Row> = it.rows.iter().filter(|it| it.source != Origin::Cluster).collect();
    rows.sort_by_key(|it| std::cmp::Reverse(it.pod.request * u64::from(it.replicas)));
    let describe = |row: &Row| match row.replicas {
        1 => row.pod.request.in_mib().to_string(),
        n => format!("{n} × {}", row.pod.request.in_mib()),
    };
    let place = |row: &Row| section(view, row);
    let tenants: Bytes = view.tenants.iter().map(|it| it.sum.ask.request).sum();
    let own: Bytes = it.requests.saturating_sub(tenants);
    let largest = rows.first().map_or(Place::Nowhere, |row| place(row));
    let message =
        format!("requests sum to {}, the node can give {} ({} too much)", it.requests.in_mib(), it.allocatable.in_mib(), over.in_mib());
    let mut finding = Diagnostic::error(code::NODE_MEMORY_EXCEEDED, largest, message);
    if let Some(first) = rows.first() {
        finding = finding.label(describe(first));
    }
    for row in rows.iter().skip(1).take(3).filter(|it| !matches!(place(it), Place::Nowhere)) {
        finding = finding.related(place(row), describe(row));
    }
    for help in fits(view, over) {
        finding = finding.help(help);
    }
    let parts: Vec<String> =
        rows.iter().take(5).map(|row| format!("{} {}", row.name, (row.pod.request * u64::from(row.replicas)).in_mib())).collect();
    finding = finding.note(format!("the largest: {}", parts.join(", ")));
    if !view.tenants.is_empty() {
        finding =
            finding.note(format!("{} workspaces request {}, the platform itself {}", view.tenants.len(), tenants.in_mib(), own.in_mib()));
    }
    finding.note("`espalier show budget` explains each figure")
}

/// The section of the spec (or the workspace's file) that a row comes from.
fn section(view: &WholeView<'_>, row: &Row) -> Place {
    if row.source == Origin::Tenant {
        let file = view.tenants.iter().find(|it| it.name.is_some_and(|it| **it == *row.name)).map(|it| it.file.clone());
        return file.map_or(Place::Nowhere, Place::File);
    }
    let key = APPLICATIONS.iter().find(|(_, application)| **application == *row.application).map(|(key, _)| *key);
    key.map_or(Place::Nowhere, |key| view.spec.component(&[key]))
}

/// One change each that would make it fit, the smallest loss first, each with what it frees.
fn fits(view: &WholeView<'_>, over: Bytes) -> Vec<String> {
    let platform = view.spec.platform;
    let ollama = &platform.spec.components.ollama;
    let now = ollama.allotment().request * u64::from(ollama.replicas);
    let mut helps = Vec::new();
    let mut offer = |what: String, changed: &Ollama| {
        let freed = now.saturating_sub(changed.allotment().request * u64::from(changed.replicas));
        if freed >= over {
            helps.push(format!("{what} frees {} and fits", freed.in_mib()));
        }
        freed >= over
    };
    if ollama.enabled && view.house.built.iter().any(|it| &*it.name == "ollama") {
        for (at, model) in ollama.models.iter().enumerate() {
            // The same model in fewer bits first, then smaller ones of the catalogue.
            let mut smaller: Vec<(bool, Bytes, &str)> = models::all()
                .filter(|(name, it)| {
                    *name != model.as_str() && !it.embedding_model && ollama.figures(model).is_some_and(|own| it.blob < own.blob)
                })
                .map(|(name, it)| (!name.starts_with(model.as_str()), Bytes::new(u64::MAX - it.blob), name))
                .collect();
            smaller.sort();
            for (_, _, name) in smaller {
                let mut changed = ollama.clone();
                if let Ok(name) = name.parse() {
                    changed.models[at] = name;
                }
                if offer(format!("`{name}` in place of `{model}`, with {} replicas,", ollama.replicas), &changed) {
                    break;
                }
            }
        }
        for replicas in (1..ollama.replicas).rev() {
            let changed = Ollama { replicas, ..ollama.clone() };
            if offer(format!("`ollama.replicas: {replicas}`"), &changed) {
                break;
            }
        }
    }
    let node = &platform.spec.node;
    if node.mem_total.is_none() {
        // What the kernel must have, at 15/16 of what is sold, in whole GiB.
        let needed = node.mem_total() + over;
        let sold = needed.get().div_ceil(15).saturating_mul(16).div_ceil(1 << 30);
        helps.push(format!("a node of {sold}Gi fits"));
    }
    if helps.len() == 1 && !view.tenants.is_empty() {
        helps.push("fewer workspaces, or a node each for some of them".to_owned());
    }
    helps.truncate(5);
    helps
}
