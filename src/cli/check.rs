//! `check`: every rule, and every file in which the tree and the spec part. Writes nothing.

use std::{fmt::Write as _, num::NonZero};

use serde_json::Value;

use crate::{
    check::certificate,
    cli::{
        args::Format,
        console::{Console, count},
        disk::Disk,
        drift::{Change, Comparison, Drift, IMPRINT, text, unified},
        outcome::Outcome,
        pipeline::Run,
        show,
        sources::Work,
        tree::Tree,
    },
    compile::{self, house::House},
};

/// Runs the verb.
///
/// # Errors
/// When a file cannot be read.
pub fn run(disk: &dyn Disk, work: &Work, threads: Option<NonZero<usize>>, now: i64, console: &mut Console) -> anyhow::Result<Outcome> {
    Ok(judge(disk, work, threads, now, console)?.outcome)
}

/// What a check came to.
pub struct Judged {
    /// Whether all is well.
    pub outcome: Outcome,
    /// The platform, built; none where it cannot be.
    pub house: Option<House>,
    /// What the Applications follow, fully qualified.
    pub revision: String,
}

/// Checks and tells.
///
/// # Errors
/// When a file cannot be read.
pub fn judge(disk: &dyn Disk, work: &Work, threads: Option<NonZero<usize>>, now: i64, console: &mut Console) -> anyhow::Result<Judged> {
    let tree = Tree::open(disk, &work.root)?;
    let mut it = Comparison::make(disk, work, threads, &tree)?;
    let mut findings = std::mem::take(&mut it.run.findings);
    let sealing = it.run.house.as_ref().and_then(|it| it.platform().sealing.as_ref());
    findings.extend(sealing.and_then(|it| certificate::validity(it, now)));
    let mut findings = console.judge(findings);
    let drifts = it.all().count();
    match console.format() {
        Format::Json | Format::Github => findings.extend(it.all().map(Drift::finding)),
        Format::Short => {
            for drift in it.all() {
                console.data(&format!("{:8} {}\n", drift.change.word(), drift.path))?;
            }
        }
        _ => show(disk, work, &tree, &it, console)?,
    }
    if !matches!(console.format(), Format::Json | Format::Github) {
        // Of these a difference says nothing: both sides are in the file.
        findings.extend(it.all().filter(|it| it.change == Change::Conflict).map(Drift::finding));
    }
    let outcome = Outcome::clean_if(it.run.is_whole && drifts == 0 && !findings.has_errors());
    let totals = Console::totals(&findings);
    console.findings(disk, work, findings)?;
    let Some(house) = it.run.house.as_ref().filter(|_| it.run.is_whole) else {
        console.say(&format!("{totals}; the tree was not compared, because the spec cannot be built\n"));
        return Ok(Judged { outcome, house: None, revision: String::new() });
    };
    let told = |change| Some(it.count(change)).filter(|it| *it > 0).map(|number| format!("{number} {}", Change::word(change)));
    let parts: Vec<String> = Change::ALL.into_iter().filter_map(told).collect();
    let drift = if parts.is_empty() { "no drift".to_owned() } else { format!("drift: {}", parts.join(", ")) };
    let budget = show::figures(&compile::budget(house, &it.run.summaries));
    console.say(&format!("checked {}: {totals}, {drift} ({budget})\n", count(it.files(), "file")));
    if drifts > 0 {
        if let Some(older) = other_version(&tree) {
            let this = env!("CARGO_PKG_VERSION");
            console.say(&format!("espalier {older} wrote the tree and this is {this}: part of the drift may come from that\n"));
        }
        console.say("run `espalier render` and commit what it writes; edit `spec/`, never the generated files\n");
    }
    let Run { house, revision, .. } = it.run;
    Ok(Judged { outcome, house, revision })
}

fn show(disk: &dyn Disk, work: &Work, tree: &Tree<'_>, it: &Comparison, console: &mut Console) -> anyhow::Result<()> {
    let colored = console.is_colored();
    it.sides(disk, work, tree, &mut |drift, old, new| {
        let mut text = format!("{:8} {}\n", drift.change.word(), drift.path);
        if let (Some(old), Some(new)) = (old, new) {
            let _ = write!(text, "--- a/{0}\n+++ b/{0}\n", drift.path);
            text += &unified(old, new, colored);
        }
        console.data(&text)
    })
}

/// The version that wrote the tree, where it is another than this one.
fn other_version(tree: &Tree<'_>) -> Option<String> {
    let imprint: Value = serde_json::from_str(&text(tree, IMPRINT).ok()?).ok()?;
    let version = imprint.get("version")?.as_str()?;
    (version != env!("CARGO_PKG_VERSION")).then(|| version.to_owned())
}
