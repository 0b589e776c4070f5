//! `show`: one view of the platform, or an overview on one screen.

mod budget;
pub mod figures;
mod monitoring;
pub mod overview;
mod room;

use std::fmt::Write as _;

use serde::Serialize;

use crate::{
    budget::report::Report,
    cli::{
        args::{Format, Side},
        console::Console,
        outcome::Outcome,
        pipeline,
        session::Session,
        table::Table,
    },
    diag::plain,
    plan::{
        Plan,
        memory::{self, ModelMemory, WorkspaceMemory},
        monitoring::Monitoring,
        rows::FlowRow,
        summary::Summary,
        tables,
    },
    platform::repository::Pin,
};
use overview::Overview;
use room::More;

/// Runs the verb.
///
/// # Errors
/// When a source cannot be read.
pub fn run(
    session: Session<'_>,
    side: Option<Side>,
    workspace_models: Option<&[String]>,
    console: &mut Console,
) -> anyhow::Result<Outcome> {
    let run = pipeline::run(session, &|batch| Ok(std::mem::take(&mut batch.flows)))?;
    let findings = console.judge(run.findings);
    let Some(plan) = run.plan else {
        console.findings_for_people(session, findings);
        return Ok(Outcome::Findings);
    };
    let (plan, tenants, format, width) = (&plan, &run.summaries, console.format(), console.width());
    // The first note is about the platform's own files.
    let named = tenants
        .iter()
        .zip(run.notes.iter().skip(1))
        .filter_map(|(tenant, flows)| Some((tenant.name.as_ref()?, &**flows)));
    let text = match side {
        Some(Side::Waves) => waves(plan, tenants, format, width)?,
        Some(Side::Flows) => flows(&tables::graph(plan, named), format, width)?,
        Some(Side::Secrets) => secrets(plan, format, width)?,
        Some(Side::Budget) => {
            let more = match More::of(plan, tenants, workspace_models) {
                Ok(more) => more,
                Err(found) => {
                    let findings = console.judge(found);
                    console.findings_for_people(session, findings);
                    return Ok(Outcome::Findings);
                }
            };
            sum(plan, tenants, more, format, width)?
        }
        Some(Side::Monitoring) => {
            let all = Monitoring::of(plan);
            if format == Format::Json { json(&all)? } else { monitoring::text(&all, width) }
        }
        // The driver shows models without compiling anything.
        Some(Side::Models) | None => {
            let flows = tables::flows(plan).len() + named.map(|it| it.1.len()).sum::<usize>();
            let overview = Overview::of(plan, tenants, flows);
            if format == Format::Json { json(&overview)? } else { overview.text(width) }
        }
    };
    console.data(&text)?;
    if side == Some(Side::Waves) && format == Format::Human && plan.repository().pin == Pin::Branch
    {
        console.say(
            "with `pin: branch`, waves order the first installation only: later, a commit \
             reaches every Application at once; with `pin: tag`, a change is rolled out wave by \
             wave\n",
        );
    }
    // Users often look at the budget because a finding says that it is too small. So `show`
    // succeeds in spite of errors, and `check` fails.
    if findings.has_errors() {
        let totals = Console::totals(&findings);
        console.say(&format!("{totals}: `espalier check` shows them\n"));
    }
    Ok(Outcome::Clean)
}

/// Rows as JSON.
///
/// # Errors
/// When they cannot be serialized.
pub fn json<T: Serialize + ?Sized>(rows: &T) -> anyhow::Result<String> {
    Ok(plain::json(&serde_json::to_string_pretty(rows)?).into_owned() + "\n")
}

fn joined<T: ToString>(all: &[T]) -> String {
    all.iter().map(ToString::to_string).collect::<Vec<_>>().join(", ")
}

fn waves(
    plan: &Plan,
    tenants: &[Summary],
    format: Format,
    width: Option<usize>,
) -> anyhow::Result<String> {
    let rows = tables::waves(plan, tenants);
    match format {
        Format::Json => json(&rows),
        Format::Mermaid => {
            let mut out = "graph LR\n".to_owned();
            for row in &rows {
                let _ = writeln!(
                    out,
                    "  {}[\"{} ({})\"]",
                    node(&row.application),
                    row.application,
                    row.wave
                );
            }
            for row in &rows {
                for after in &row.after {
                    let _ = writeln!(out, "  {} --> {}", node(after), node(&row.application));
                }
            }
            Ok(out)
        }
        _ => {
            let mut table = Table::new(&[">wave", "application", "namespace", "after"]);
            for row in &rows {
                table.row([
                    row.wave.to_string(),
                    row.application.to_string(),
                    row.namespace.to_string(),
                    joined(&row.after),
                ]);
            }
            Ok(table.folded(width))
        }
    }
}

fn flows(rows: &[FlowRow], format: Format, width: Option<usize>) -> anyhow::Result<String> {
    let port = |row: &FlowRow| row.port.map_or_else(|| "any".to_owned(), |it| it.to_string());
    match format {
        Format::Json => json(rows),
        Format::Mermaid => {
            let mut out = "graph LR\n".to_owned();
            let mut ends: Vec<String> =
                rows.iter().flat_map(|it| [it.from.clone(), it.to.clone()]).collect();
            ends.sort_unstable();
            ends.dedup();
            let at =
                |end: &str| ends.binary_search_by(|it| it.as_str().cmp(end)).unwrap_or_default();
            for (at, end) in ends.iter().enumerate() {
                let _ = writeln!(out, "  n{at}[\"{}\"]", end.replace('"', "#quot;"));
            }
            for row in rows {
                let _ =
                    writeln!(out, "  n{} -->|\"{}\"| n{}", at(&row.from), port(row), at(&row.to));
            }
            Ok(out)
        }
        _ => {
            let mut table = Table::new(&["from", "to", ">port", "why"]);
            for row in rows {
                let port = row.port.map_or_else(
                    || row.protocol.to_owned(),
                    |port| format!("{port}/{}", row.protocol),
                );
                table.row([row.from.clone(), row.to.clone(), port, row.why.clone()]);
            }
            Ok(table.folded(width))
        }
    }
}

fn secrets(plan: &Plan, format: Format, width: Option<usize>) -> anyhow::Result<String> {
    let rows = tables::secrets(plan);
    if format == Format::Json {
        return json(&rows);
    }
    let mut table = Table::new(&["credential", "sealed", "keys", "namespaces", "used by"]);
    for row in &rows {
        let sealed = if row.sealed { "yes" } else { "no" };
        table.row([
            row.credential.to_string(),
            sealed.to_owned(),
            joined(&row.keys),
            joined(&row.namespaces),
            joined(&row.used_by),
        ]);
    }
    Ok(table.folded(width))
}

/// The budget in the JSON output: its sums and pods, and how the memory of each Ollama comes about.
#[derive(Serialize)]
struct Total<'a> {
    #[serde(flatten)]
    report: &'a Report,
    #[serde(skip_serializing_if = "Option::is_none")]
    ollama: Option<ModelMemory>,
    /// The memory of each workspace's own Ollama.
    workspaces: Vec<WorkspaceMemory>,
    /// How many more workspaces there is room for.
    #[serde(skip_serializing_if = "Option::is_none")]
    more: Option<More>,
}

fn sum(
    plan: &Plan,
    tenants: &[Summary],
    more: Option<More>,
    format: Format,
    width: Option<usize>,
) -> anyhow::Result<String> {
    let (report, ollama, workspaces) =
        (plan.budget(tenants), memory::of_models(plan), memory::of_workspaces(tenants));
    if format == Format::Json {
        return json(&Total { report: &report, ollama, workspaces, more });
    }
    Ok(budget::text(&report, more.as_ref(), ollama.as_ref(), &workspaces, width))
}

/// A name as a Mermaid identifier.
fn node(name: &str) -> String {
    name.replace(|character: char| !character.is_ascii_alphanumeric(), "_")
}
