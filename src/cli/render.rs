//! `render`: stage, gate, commit. Nothing moves into place before everything has been found right.

use std::num::NonZero;

use anyhow::{Context as _, bail};

use crate::{
    cli::{
        args,
        console::{Console, count},
        disk::Disk,
        findings, imprint,
        lock::Lock,
        outcome::Outcome,
        pipeline::{self, Batch},
        show,
        sources::Work,
        stage::{Counts, Stage},
        tree::Tree,
    },
    compile,
    diag::{
        diagnostic::{Diagnostic, Diagnostics},
        plain,
    },
};

/// What a render came to.
#[derive(Debug, Default)]
pub struct Rendered {
    /// Every finding. One that is an error: nothing was written.
    pub findings: Diagnostics,
    /// How the generated files compared with the disk.
    pub counts: Counts,
    /// How many files went, because nothing makes them any more.
    pub removed: usize,
    /// Whether the tree is now what the spec makes.
    pub is_written: bool,
    /// What the pods request of what the node can give, in words.
    pub budget: String,
}

/// Runs the verb.
///
/// # Errors
/// When a file cannot be read or written, another process writes this tree, or a later version has written it.
pub fn run(
    disk: &dyn Disk,
    work: &Work,
    threads: Option<NonZero<usize>>,
    args: &args::Render,
    console: &mut Console,
) -> anyhow::Result<Outcome> {
    let lock = Lock::take(&work.root)?;
    if !args.downgrade {
        not_older(&Tree::open(disk, &work.root)?)?;
    }
    let done = tree(disk, work, threads, &|it| console.judge(it))?;
    drop(lock);
    let outcome = Outcome::clean_if(done.is_written);
    let said = Console::totals(&done.findings);
    console.findings(disk, work, done.findings)?;
    if done.is_written {
        let Counts { same, new, changed } = done.counts;
        let mut parts = Vec::new();
        for (number, what) in [(new, "new"), (changed, "changed"), (done.removed, "removed"), (same, "unchanged")] {
            if number > 0 {
                parts.push(format!("{number} {what}"));
            }
        }
        let total = count(done.counts.total(), "file");
        console.say(&format!("rendered {total}: {} ({})\n", parts.join(", "), done.budget));
    } else {
        console.say(&format!("{said}; nothing was written\n"));
    }
    Ok(outcome)
}

/// What a later version has put right is not taken back by chance: by an old program on a path, or in CI.
fn not_older(tree: &Tree<'_>) -> anyhow::Result<()> {
    let this = env!("CARGO_PKG_VERSION");
    let Some(wrote) = imprint::version(tree).filter(|it| imprint::is_later(it, this)) else { return Ok(()) };
    bail!(
        "espalier {} wrote this tree, and this is {this}, which would take back what the later one does: run the later one, or \
         `espalier render --downgrade` if that is meant",
        plain::line(&wrote)
    )
}

/// Writes the tree of a spec: the part that tests drive with a disk that fails. `judge` has the last word on how bad a finding is.
///
/// # Errors
/// When a file cannot be read or written. Then every file is the old one or the new one, and the next render completes it.
pub fn tree(
    disk: &dyn Disk,
    work: &Work,
    threads: Option<NonZero<usize>>,
    judge: &dyn Fn(Diagnostics) -> Diagnostics,
) -> anyhow::Result<Rendered> {
    let tree = Tree::open(disk, &work.root)?;
    let stage = Stage::open(&tree)?;
    let done = through_the_gate(disk, work, threads, judge, &tree, &stage);
    if !matches!(&done, Ok(it) if it.is_written) {
        // What is left there would do no harm: the next render wipes it.
        let _ = stage.wipe();
    }
    done
}

fn through_the_gate(
    disk: &dyn Disk,
    work: &Work,
    threads: Option<NonZero<usize>>,
    judge: &dyn Fn(Diagnostics) -> Diagnostics,
    tree: &Tree<'_>,
    stage: &Stage<'_>,
) -> anyhow::Result<Rendered> {
    let run = pipeline::run(disk, work, threads, &|batch| stage_batch(stage, batch))?;
    let mut done = Rendered::default();
    let mut findings = run.findings;
    let mut obstacles = Vec::new();
    for (counts, its) in run.notes {
        done.counts += counts;
        obstacles.extend(its);
    }
    findings::settle(&mut findings, obstacles);
    let Some(house) = run.house else {
        done.findings = judge(findings);
        return Ok(done);
    };
    tree.strays(&mut |path, ours| {
        if !ours {
            findings.push(if tree.holds_secret(path) { findings::plain_secret(path) } else { findings::foreign(path) });
        }
    })?;
    done.findings = judge(findings);
    done.budget = show::figures(&compile::budget(&house, &run.summaries));
    if done.findings.has_errors() {
        return Ok(done);
    }
    let half = "the tree is partly new: run `espalier render` again once this is mended";
    stage.commit().context(half)?;
    done.removed = tree.sweep().context(half)?;
    done.is_written = true;
    if done.counts.differ() || done.removed > 0 {
        // Not every file system can, and nothing but a power cut would show.
        let _ = disk.sync(&work.root);
    }
    Ok(done)
}

fn stage_batch(stage: &Stage<'_>, batch: &mut Batch) -> anyhow::Result<(Counts, Vec<Diagnostic>)> {
    let (mut counts, mut obstacles) = (Counts::default(), Vec::new());
    for (path, bytes) in batch.files.iter() {
        let verdict = stage.file(path, bytes, &mut batch.buffer)?;
        counts.add(&verdict);
        obstacles.extend(findings::obstacle(path, &verdict));
    }
    Ok((counts, obstacles))
}
