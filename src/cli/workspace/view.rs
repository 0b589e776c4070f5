//! `workspace list` and `workspace show`.

use anyhow::bail;

use super::{
    row::{self, Row},
    site::{Site, compiled},
};
use crate::{
    cli::{
        args::Format,
        console::{Console, count},
        fold::folded,
        outcome::Outcome,
        pipeline::Run,
        session::Session,
        show,
        sources::read_source,
        table::Table,
    },
    units::Bytes,
};

/// Lists the workspaces.
///
/// # Errors
/// When a file cannot be read.
pub fn list(site: &Site<'_>, console: &mut Console) -> anyhow::Result<Outcome> {
    let work = site.work()?;
    let session = Session { disk: site.disk, work: &work, threads: site.threads };
    let run = compiled(session)?;
    let Some(rows) = rows(site, &run)? else { return Ok(unbuilt(session, run, console)) };
    if console.format() == Format::Json {
        console.data(&show::json(&rows)?)?;
        return Ok(Outcome::Clean);
    }
    if rows.is_empty() {
        console.say("there are no workspaces; `espalier workspace create NAME` writes the first\n");
        return Ok(Outcome::Clean);
    }
    let mut table = Table::new(&["workspace", "state", "URL", "models", ">memory"]);
    for row in &rows {
        let models =
            if row.ollama == "shared" { "(shared)".to_owned() } else { row.models.join(", ") };
        table.row([
            row.name.clone(),
            row.state.to_owned(),
            row.urls.join(" "),
            models,
            Bytes::new(row.memory_request).in_mib().to_string(),
        ]);
    }
    console.data(&table.folded(Some(console.width().unwrap_or(row::PAGE))))?;
    if let Some(plan) = &run.plan {
        let [what, text] = row::room(&plan.budget(&run.summaries));
        let text = format!("\n{}; {what}: {text}\n", count(rows.len(), "workspace"));
        console.data(&folded(&text, Some(console.width().unwrap_or(row::PAGE))))?;
    }
    say_errors(&run, console);
    Ok(Outcome::Clean)
}

/// Shows one workspace.
///
/// # Errors
/// When there is no such workspace, or a file cannot be read.
pub fn show(site: &Site<'_>, name: &str, console: &mut Console) -> anyhow::Result<Outcome> {
    let source = site.find(name)?;
    let work = site.work()?;
    let session = Session { disk: site.disk, work: &work, threads: site.threads };
    let run = compiled(session)?;
    let Some(plan) = &run.plan else { return Ok(unbuilt(session, run, console)) };
    let Some(summary) = run.summaries.iter().find(|it| it.file == source.file) else {
        bail!("{} has just disappeared", source.file)
    };
    let row = Row::of(plan, summary, &source);
    if console.format() == Format::Json {
        console.data(&show::json(&row)?)?;
    } else {
        let mut table = row.table();
        table.row(row::room(&plan.budget(&run.summaries)));
        console.data(&table.folded(Some(console.width().unwrap_or(row::PAGE))))?;
    }
    say_errors(&run, console);
    Ok(Outcome::Clean)
}

/// The rows of all workspaces; none where the platform cannot be built.
fn rows(site: &Site<'_>, run: &Run<()>) -> anyhow::Result<Option<Vec<Row>>> {
    let Some(plan) = &run.plan else { return Ok(None) };
    let mut rows = Vec::with_capacity(run.summaries.len());
    for summary in &run.summaries {
        if let Some(Ok(source)) = read_source(site.disk, site.root, &summary.file)? {
            rows.push(Row::of(plan, summary, &source));
        }
    }
    Ok(Some(rows))
}

/// As with `show`, one looks here because something is wrong: `check` fails.
fn say_errors(run: &Run<()>, console: &mut Console) {
    if run.findings.has_errors() {
        let totals = Console::totals(&run.findings);
        console.say(&format!("{totals}: `espalier check` shows them\n"));
    }
}

fn unbuilt(session: Session<'_>, run: Run<()>, console: &mut Console) -> Outcome {
    let findings = console.judge(run.findings);
    console.findings_for_people(session, findings);
    Outcome::Findings
}
