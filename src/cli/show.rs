//! `show`: the platform from one side, or all of it on one screen.

use std::{fmt::Write as _, num::NonZero};

use serde::Serialize;

use crate::{
    budget::report::Report,
    cli::{
        args::{Format, Side},
        console::{Console, count},
        disk::Disk,
        outcome::Outcome,
        pipeline,
        sources::Work,
        table::Table,
    },
    compile::{self, house::House, rows, summary::Summary},
    diag::plain,
    plan::rows::FlowRow,
    platform::repository::Pin,
};

/// So many Applications still go on one screen.
const SCREEN: usize = 24;

/// Runs the verb.
///
/// # Errors
/// When a source cannot be read.
pub fn run(
    disk: &dyn Disk,
    work: &Work,
    threads: Option<NonZero<usize>>,
    side: Option<Side>,
    console: &mut Console,
) -> anyhow::Result<Outcome> {
    let run = pipeline::run(disk, work, threads, &|batch| Ok(std::mem::take(&mut batch.flows)))?;
    let findings = console.judge(run.findings);
    let Some(house) = run.house else {
        console.findings_for_people(disk, work, findings);
        return Ok(Outcome::Findings);
    };
    let (house, tenants, format) = (&house, &run.summaries, console.format());
    // The first note is of the platform's own files.
    let named = tenants.iter().zip(run.notes.iter().skip(1)).filter_map(|(it, flows)| Some((it.name.as_ref()?, &**flows)));
    let text = match side {
        Some(Side::Waves) => waves(house, tenants, format)?,
        Some(Side::Flows) => flows(&rows::graph(house, named), format)?,
        Some(Side::Secrets) => secrets(house, format)?,
        Some(Side::Budget) => budget(house, tenants, format)?,
        // The driver shows models without compiling anything.
        Some(Side::Models) | None => {
            overview(house, tenants, rows::flows(house).len() + named.map(|it| it.1.len()).sum::<usize>(), format)?
        }
    };
    console.data(&text)?;
    if side == Some(Side::Waves) && format == Format::Human && house.repository().pin == Pin::Branch {
        console.say("under `pin: branch` waves order the first install only: later, a commit reaches every Application at once; with `pin: tag` a change goes wave by wave\n");
    }
    // Whoever asks what the budget is made of has often just been told that it is too small: what is shown is shown, `check` judges.
    if findings.has_errors() {
        let totals = Console::totals(&findings);
        console.say(&format!("{totals}: `espalier check` tells them\n"));
    }
    Ok(Outcome::Clean)
}

/// Rows as JSON.
///
/// # Errors
/// When they cannot be written so.
pub fn json<T: Serialize + ?Sized>(rows: &T) -> anyhow::Result<String> {
    Ok(plain::json(&serde_json::to_string_pretty(rows)?).into_owned() + "\n")
}

fn joined<T: ToString>(all: &[T]) -> String {
    all.iter().map(ToString::to_string).collect::<Vec<_>>().join(", ")
}

fn waves(house: &House, tenants: &[Summary], format: Format) -> anyhow::Result<String> {
    let rows = rows::waves(house, tenants);
    match format {
        Format::Json => json(&rows),
        Format::Mermaid => {
            let mut out = "graph LR\n".to_owned();
            for it in &rows {
                let _ = writeln!(out, "  {}[\"{} ({})\"]", node(&it.application), it.application, it.wave);
            }
            for it in &rows {
                for after in &it.after {
                    let _ = writeln!(out, "  {} --> {}", node(after), node(&it.application));
                }
            }
            Ok(out)
        }
        _ => {
            let mut table = Table::new(&[">wave", "application", "namespace", "after"]);
            for it in &rows {
                table.row([it.wave.to_string(), it.application.to_string(), it.namespace.to_string(), joined(&it.after)]);
            }
            Ok(table.text())
        }
    }
}

fn flows(rows: &[FlowRow], format: Format) -> anyhow::Result<String> {
    let port = |it: &FlowRow| it.port.map_or_else(|| "any".to_owned(), |it| it.to_string());
    match format {
        Format::Json => json(rows),
        Format::Mermaid => {
            let mut out = "graph LR\n".to_owned();
            let mut ends: Vec<String> = rows.iter().flat_map(|it| [it.from.clone(), it.to.clone()]).collect();
            ends.sort_unstable();
            ends.dedup();
            let at = |end: &str| ends.binary_search_by(|it| it.as_str().cmp(end)).unwrap_or_default();
            for (at, end) in ends.iter().enumerate() {
                let _ = writeln!(out, "  n{at}[\"{}\"]", end.replace('"', "#quot;"));
            }
            for it in rows {
                let _ = writeln!(out, "  n{} -->|\"{}\"| n{}", at(&it.from), port(it), at(&it.to));
            }
            Ok(out)
        }
        _ => {
            let mut table = Table::new(&["from", "to", ">port", "protocol", "why"]);
            for it in rows {
                table.row([it.from.clone(), it.to.clone(), port(it), it.protocol.to_string(), it.why.clone()]);
            }
            Ok(table.text())
        }
    }
}

fn secrets(house: &House, format: Format) -> anyhow::Result<String> {
    let rows = rows::secrets(house);
    if format == Format::Json {
        return json(&rows);
    }
    let mut table = Table::new(&["credential", "sealed", "keys", "namespaces", "used by"]);
    for it in &rows {
        let sealed = if it.sealed { "yes" } else { "no" };
        table.row([it.credential.to_string(), sealed.to_owned(), joined(&it.keys), joined(&it.namespaces), joined(&it.used_by)]);
    }
    Ok(table.text())
}

fn budget(house: &House, tenants: &[Summary], format: Format) -> anyhow::Result<String> {
    let report = compile::budget(house, tenants);
    if format == Format::Json { json(&report) } else { Ok(report.text()) }
}

/// All sides in figures: what `show --format json` gives as one value.
#[derive(Serialize)]
struct Overview {
    applications: usize,
    workspaces: usize,
    credentials: usize,
    credentials_sealed: usize,
    flows: usize,
    budget: String,
}

fn overview(house: &House, tenants: &[Summary], flows: usize, format: Format) -> anyhow::Result<String> {
    let waves = rows::waves(house, tenants);
    let secrets = rows::secrets(house);
    let it = Overview {
        applications: waves.len(),
        workspaces: tenants.len(),
        credentials: secrets.len(),
        credentials_sealed: secrets.iter().filter(|it| it.sealed).count(),
        flows,
        budget: figures(&compile::budget(house, tenants)),
    };
    if format == Format::Json {
        return json(&it);
    }
    let mut table = Table::new(&[">wave", "application", "namespace"]);
    for it in waves.iter().take(SCREEN) {
        table.row([it.wave.to_string(), it.application.to_string(), it.namespace.to_string()]);
    }
    let mut out = table.text();
    if waves.len() > SCREEN {
        let _ = writeln!(out, "… and {} more", waves.len() - SCREEN);
    }
    let _ = writeln!(
        out,
        "\n{}, {}, {} ({} sealed), {}\n{}\n\nmore: espalier show waves | flows | secrets | budget",
        count(it.applications, "Application"),
        count(it.workspaces, "workspace"),
        count(it.credentials, "credential"),
        it.credentials_sealed,
        count(it.flows, "flow"),
        it.budget,
    );
    Ok(out)
}

/// A name as Mermaid takes it.
fn node(name: &str) -> String {
    name.replace(|it: char| !it.is_ascii_alphanumeric(), "_")
}

/// What the pods request of what the node can give, in words.
pub fn figures(report: &Report) -> String {
    format!("requests {} of {}", report.requests.in_mib(), report.allocatable.in_mib())
}
