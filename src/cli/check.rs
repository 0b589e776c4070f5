//! `check`: runs every rule, and compares every generated file with the tree. Writes nothing.

use std::fmt::Write as _;

use anyhow::Context as _;

use crate::{
    check::{certificate, repository, trust},
    cli::{
        args::Format,
        besides,
        console::{Console, count},
        diff::{Folded, object},
        drift::{Change, Comparison, Drift, differ_in_line_endings, unified},
        fields, findings, imprint,
        lock::Lock,
        names::Names,
        outcome::Outcome,
        pipeline::Run,
        session::Session,
        show,
        stage::STAGE,
        tree::Tree,
    },
    diag::diagnostic::Diagnostics,
    plan::Plan,
    platform::files::PLATFORM,
};

/// Runs the verb.
///
/// # Errors
/// When a file cannot be read.
pub fn run(session: Session<'_>, now: i64, console: &mut Console) -> anyhow::Result<Outcome> {
    Ok(judge(session, now, false, console)?.outcome)
}

/// The result of a check.
pub struct Judged {
    /// Whether there are no errors and no drift.
    pub outcome: Outcome,
    /// The platform; none if the spec has errors.
    pub plan: Option<Plan>,
    /// The fully qualified Git reference that the Applications follow.
    pub revision: String,
}

/// Checks and reports. Files that are not in Git yet are not reported if `is_added_next`.
///
/// # Errors
/// When a file cannot be read.
pub fn judge(
    session: Session<'_>,
    now: i64,
    is_added_next: bool,
    console: &mut Console,
) -> anyhow::Result<Judged> {
    let Session { disk, work, .. } = session;
    let tree = Tree::open(disk, &work.root)?;
    let mut comparison = Comparison::make(session, &tree)?;
    let besides = besides::findings(&tree, work, &comparison.run, &comparison.foreign)?;
    let mut findings = std::mem::take(&mut comparison.run.findings);
    findings.extend(besides);
    if comparison.run.is_whole && !is_added_next {
        findings.extend(besides::left_out(&tree, work)?);
    }
    let sealing = comparison.run.plan.as_ref().and_then(|it| it.platform().sealing.as_ref());
    findings.extend(sealing.and_then(|it| certificate::validity(it, now)));
    if let (Some(plan), Some(spec)) = (&comparison.run.plan, work.sources.texts.get(PLATFORM)) {
        findings.extend(repository::signers(plan.repository(), &spec.file, now));
        findings.extend(trust::validity(&plan.platform().trust, &spec.file, now));
    }
    let mut findings = console.judge(findings);
    let drifts = comparison.all().count();
    if drifts > 0 && was_interrupted(&tree)? {
        findings.extend(console.judge(findings::interrupted().into()));
    }
    let is_stopped = findings.has_errors();
    let endings = show(session, &tree, &comparison, &mut findings, console)?;
    if !matches!(console.format(), Format::Json | Format::Github) {
        // A difference would not explain these: both sides of the merge are in the file.
        findings.extend(
            comparison.all().filter(|it| it.change == Change::Conflict).map(Drift::finding),
        );
    }
    let outcome =
        Outcome::clean_if(comparison.run.is_whole && drifts == 0 && !findings.has_errors());
    let totals = Console::totals(&findings);
    console.findings(session, findings)?;
    let Some(plan) = comparison.run.plan.as_ref().filter(|_| comparison.run.is_whole) else {
        console.say(&format!(
            "{totals}; the tree was not compared, because the spec cannot be built\n"
        ));
        return Ok(Judged { outcome, plan: None, revision: String::new() });
    };
    let counted = |change| {
        Some(comparison.count(change))
            .filter(|it| *it > 0)
            .map(|number| format!("{number} {}", Change::word(change)))
    };
    let parts: Vec<String> = Change::ALL.into_iter().filter_map(counted).collect();
    let drift = if parts.is_empty() {
        "no drift".to_owned()
    } else {
        format!("drift: {}", parts.join(", "))
    };
    let budget = show::figures::figures(&plan.brief(&comparison.run.summaries));
    console.say(&format!(
        "checked {}: {totals}, {drift} ({budget})\n",
        count(comparison.files(), "file")
    ));
    if drifts > 0 {
        say_what_to_do(&tree, &endings, is_stopped, console);
    }
    let Run { plan, revision, .. } = comparison.run;
    Ok(Judged { outcome, plan, revision })
}

/// Whether a render was killed: it leaves what it had staged, and its lock is free.
fn was_interrupted(tree: &Tree<'_>) -> anyhow::Result<bool> {
    let stage = tree.disk.look(&tree.root.join(STAGE));
    let is_there = stage.with_context(|| format!("cannot look at {STAGE}"))?.is_some();
    Ok(is_there && Lock::take(tree.root).is_ok())
}

/// Says what to do about drift.
fn say_what_to_do(tree: &Tree<'_>, endings: &[Box<str>], is_stopped: bool, console: &mut Console) {
    let this = env!("CARGO_PKG_VERSION");
    match imprint::version(tree).filter(|it| it != this) {
        Some(later) if imprint::is_later(&later, this) => {
            console.say(&format!(
                "espalier {later} wrote the tree, and this is espalier {this}: the differences \
                 may come from the newer version; run that one, or go back with `espalier render \
                 --downgrade`\n"
            ));
            return;
        }
        Some(older) => {
            console.say(&format!(
                "espalier {older} wrote the tree, and this is espalier {this}: some of the \
                 differences may come from the newer version\n"
            ));
        }
        None => {}
    }
    if !endings.is_empty() {
        console.say(&format!("{}\n", findings::ENDINGS));
    }
    let first = if is_stopped { "fix the errors, then " } else { "" };
    console.say(&format!(
        "{first}run `espalier render`, `git add` the files that it writes and commit them, also \
         after a merge with conflicts in generated files; edit `spec/`, never the generated \
         files\n",
    ));
}

/// Reports each file that differs, in the chosen format; returns the files that differ only in line
/// endings, which share one line of output.
fn show(
    session: Session<'_>,
    tree: &Tree<'_>,
    comparison: &Comparison,
    found: &mut Diagnostics,
    console: &mut Console,
) -> anyhow::Result<Vec<Box<str>>> {
    let Session { work, .. } = session;
    let (colored, format) = (console.is_colored(), console.format());
    let names = Names::for_people(work);
    let mut endings: Vec<Box<str>> = Vec::new();
    let mut folded = Folded::default();
    comparison.sides(session, tree, &mut |drift, old, new| {
        if old.zip(new).is_some_and(|(old, new)| differ_in_line_endings(old, new)) {
            endings.push(drift.path.clone());
            return Ok(());
        }
        if matches!(format, Format::Json | Format::Github) {
            found.push(drift.finding());
            return Ok(());
        }
        let mut text = format!("{:8} {}\n", drift.change.word(), names.shown(&drift.path));
        if let (Format::Human, Some(old), Some(new)) = (format, old, new) {
            // A new version of a component changes a label of many objects: shown once, below.
            if let Some(common) = fields::all_in_common(&drift.path, old, new) {
                let object = object(drift, Some(old), Some(new));
                for difference in common {
                    folded.add(difference, &object);
                }
            } else {
                let _ = write!(text, "--- a/{0}\n+++ b/{0}\n", drift.path);
                text += &unified(old, new, colored);
            }
        }
        console.data(&text)
    })?;
    for line in folded.lines() {
        console.data(&format!("in common: {line}\n"))?;
    }
    if let Some(first) = endings.first() {
        let finding = findings::endings(first, endings.len());
        if matches!(format, Format::Json | Format::Github) {
            found.push(finding);
        } else {
            console.data(&format!("{:8} {}\n", Change::Changed.word(), finding.message))?;
        }
    }
    Ok(endings)
}
