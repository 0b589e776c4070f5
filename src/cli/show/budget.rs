//! `show budget`: what the node reserves, what each pod requests, whether it fits, and how the
//! memory of each Ollama comes about.

use std::{collections::BTreeMap, fmt::Write as _};

use super::room::More;
use crate::{
    budget::{demand::Origin, report::Report},
    cli::{console::count, fold::folded, table::Table},
    facts::node,
    plan::{
        applications,
        memory::{ModelMemory, WorkspaceMemory},
    },
    units::Bytes,
};

/// The whole output, in the given width.
pub(super) fn text(
    report: &Report,
    more: Option<&More>,
    models: Option<&ModelMemory>,
    workspaces: &[WorkspaceMemory],
    width: Option<usize>,
) -> String {
    let mut out =
        if report.nodes.is_single() { kept(report) } else { groups(report).folded(width) };
    let _ = write!(out, "\n{}\n", pods(report).folded(width));
    verdict(&mut out, report);
    if let Some(more) = more {
        out.push_str(&folded(&more.text(), width));
    }
    if let Some(models) = models {
        let _ = write!(out, "\n{}", terms("ollama", models, width));
    }
    // Workspaces with the same models share one table.
    let mut same: BTreeMap<&ModelMemory, Vec<&str>> = BTreeMap::new();
    for workspace in workspaces {
        same.entry(&workspace.memory).or_default().push(&workspace.workspace);
    }
    for workspace in workspaces {
        let [first, rest @ ..] = &same[&workspace.memory][..] else { continue };
        if **first != *workspace.workspace {
            continue;
        }
        let _ = write!(
            out,
            "\n{}",
            terms(&applications::tenant_name(&workspace.workspace), &workspace.memory, width)
        );
        if !rest.is_empty() {
            let more = format!(
                "the same in {}: {}\n",
                count(rest.len(), "more workspace"),
                rest.join(", ")
            );
            out.push_str(&folded(&more, width));
        }
    }
    out
}

fn mib(bytes: Bytes) -> String {
    bytes.in_mib().to_string()
}

/// What a single node reserves for itself.
fn kept(report: &Report) -> String {
    let mut out = String::new();
    let kept = [
        ("MemTotal", ' ', report.mem_total),
        ("operating system", '-', node::SYSTEM_RESERVED.0),
        ("k3s", '-', node::KUBE_RESERVED.0),
        ("eviction threshold", '-', node::EVICTION_THRESHOLD),
    ];
    for (name, sign, bytes) in kept {
        let _ = writeln!(out, "{name:<22} {sign}{:>8}", mib(bytes));
    }
    let _ = writeln!(
        out,
        "{:<22} ={:>8}   {} CPU",
        "allocatable",
        mib(report.allocatable),
        report.allocatable_cpu
    );
    out
}

/// What each group of nodes offers.
fn groups(report: &Report) -> Table<6> {
    let mut table = Table::new(&["nodes", ">n", "role", ">allocatable", ">CPU", ">GPUs"]);
    for group in report.nodes.groups() {
        let (name, node) = (group.name.as_deref().unwrap_or_default(), &group.node);
        let (memory, cpu) = (mib(node.allocatable()), node.allocatable_cpu().to_string());
        table.row([
            name.to_owned(),
            group.count.to_string(),
            node.role.name().to_owned(),
            memory,
            cpu,
            node.gpus.to_string(),
        ]);
    }
    let (memory, cpu) = (mib(report.allocatable), report.allocatable_cpu.to_string());
    table.row([
        "sum".to_owned(),
        report.nodes.count().to_string(),
        String::new(),
        memory,
        cpu,
        report.allocatable_gpus.to_string(),
    ]);
    table
}

/// What each kind of pod requests, and the source of the figures.
fn pods(report: &Report) -> Table<6> {
    let mut table = Table::new(&["pods", ">n", ">request", ">limit", ">CPU", "from"]);
    for row in &report.rows {
        let all = row.pod.times(row.replicas);
        let from = match row.source {
            Origin::Object => "manifest",
            Origin::Chart => "chart",
            Origin::Cluster => "k3s",
            Origin::Described => "spec",
            Origin::Transient => "temporary",
            Origin::Tenant => "workspace",
        };
        let name = format!("{}/{}", row.application, row.name);
        table.row([
            name,
            row.replicas.to_string(),
            mib(all.request),
            mib(all.limit),
            all.cpu.to_string(),
            from.to_owned(),
        ]);
    }
    let sum =
        [report.pods.to_string(), mib(report.requests), mib(report.limits), report.cpu.to_string()];
    let [pods, requests, limits, cpu] = sum;
    table.row(["sum".to_owned(), pods, requests, limits, cpu, String::new()]);
    table
}

/// The sums, compared with what the nodes offer.
fn verdict(out: &mut String, report: &Report) {
    let memory = if report.requests <= report.allocatable {
        format!("fits, {} spare", mib(report.spare()))
    } else {
        format!(
            "does not fit, {} too much",
            mib(report.requests.saturating_sub(report.allocatable))
        )
    };
    let _ =
        writeln!(out, "requests {} of {}: {memory}", mib(report.requests), mib(report.allocatable));
    let _ = writeln!(out, "CPU requests {} of {}", report.cpu, report.allocatable_cpu);
    if report.gpus > 0 || report.allocatable_gpus > 0 {
        let _ = writeln!(out, "GPUs {} of {}", report.gpus, report.allocatable_gpus);
    }
    for one in &report.unplaced {
        let (name, each) =
            (format!("{}/{}", one.row.application, one.row.name), mib(one.demand.request));
        let name = one.beside.iter().fold(name, |all, other| all + " + " + other);
        let how = if one.beside.is_empty() { "each" } else { "on one node" };
        let _ = writeln!(out, "no place for {} × {name}, {each} {how}", one.count);
    }
    let (limits, percent, usable, most) = (
        mib(report.limits),
        report.limits_percent(),
        mib(report.usable),
        report.overcommit_percent,
    );
    let _ = writeln!(
        out,
        "limits {limits}: {percent} % of the {usable} that pods may use (at most {most} %)"
    );
    disk(out, report);
    if report.surge.request > Bytes::default() {
        let _ =
            writeln!(out, "largest pod that a rolling update adds: {}", mib(report.surge.request));
    }
}

/// What the disks hold, compared with their size where it is written.
fn disk(out: &mut String, report: &Report) {
    let disk = &report.disk;
    let verdict = match disk.usable {
        None => "no `disk` is written to hold it against".to_owned(),
        Some(usable) if disk.fits() => {
            format!("fits, {} spare", mib(usable.saturating_sub(disk.needed())))
        }
        Some(usable) => {
            format!("does not fit, {} too much", mib(disk.needed().saturating_sub(usable)))
        }
    };
    let of = disk.usable.map(|it| format!(" of {}", mib(it))).unwrap_or_default();
    let _ = writeln!(out, "disk {}{of}: {verdict}", mib(disk.needed()));
    // On two lines: a terminal is 80 columns wide.
    let parts = disk.parts();
    let (first, second) = parts.split_at(3);
    let _ = writeln!(out, "  {},\n  {}", first.join(", "), second.join(", "));
}

/// Ollama's memory, term by term, in whole MiB: the last term absorbs the rounding, so that the sum
/// is right.
fn terms(application: &str, memory: &ModelMemory, width: Option<usize>) -> String {
    let whole = |bytes: Bytes| (bytes.get() + (1 << 19)) >> 20;
    let heading = format!("{application}/ollama, each pod");
    let mut table = Table::new(&[&*heading, ">", ""]);
    let (mut sum, mut last) = (0, None::<&str>);
    for (at, term) in memory.terms.iter().enumerate() {
        let rest = whole(memory.computed).saturating_sub(sum);
        let here = if at + 1 == memory.terms.len() { rest } else { whole(term.bytes) };
        sum += here;
        // A model is named once, before its first term.
        let model = term.model.as_deref().filter(|it| last != Some(it)).unwrap_or_default();
        last = term.model.as_deref();
        let sign = if at == 0 { "" } else { "+ " };
        table.row([format!("{sign}{}", term.term), format!("{here}Mi"), model.to_owned()]);
    }
    let all =
        format!("× {} = {}", memory.replicas, mib(memory.computed * u64::from(memory.replicas)));
    table.row(["= needed".to_owned(), mib(memory.computed), all]);
    if memory.request != memory.computed {
        table.row(["requested".to_owned(), mib(memory.request), "set by `resources`".to_owned()]);
    }
    let mut out = table.folded(width);
    if !memory.waiting.is_empty() {
        let waiting =
            format!("loaded only after one of these is unloaded: {}\n", memory.waiting.join(", "));
        out.push_str(&folded(&waiting, width));
    }
    out
}
