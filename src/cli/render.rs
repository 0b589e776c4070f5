//! `render`: stage, gate, commit. Nothing moves into place before everything has been found right.

use std::num::NonZero;

use anyhow::Context as _;

use crate::{
    cli::{
        besides,
        console::{Console, count},
        disk::Disk,
        findings::{self, Obstacle},
        lock::Lock,
        outcome::Outcome,
        pipeline::{self, Batch},
        show,
        sources::Work,
        stage::{Counts, Stage},
        tree::{Stray, Tree},
    },
    compile,
    diag::diagnostic::Diagnostics,
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
/// When a file cannot be read or written, or another process writes this tree.
pub fn run(disk: &dyn Disk, work: &Work, threads: Option<NonZero<usize>>, console: &mut Console) -> anyhow::Result<Outcome> {
    let lock = Lock::take(&work.root)?;
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
    let mut foreign = Vec::new();
    tree.strays(&mut |path, what| {
        if what == Stray::Foreign {
            foreign.push(path.into());
        }
    })?;
    if run.is_whole {
        findings.extend(besides::findings(tree, work, &house, &foreign)?);
    }
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

fn stage_batch(stage: &Stage<'_>, batch: &mut Batch) -> anyhow::Result<(Counts, Vec<Obstacle>)> {
    let (mut counts, mut obstacles) = (Counts::default(), Vec::new());
    for (path, bytes) in batch.files.iter() {
        let verdict = stage.file(path, bytes, &mut batch.buffer)?;
        counts.add(&verdict);
        obstacles.extend(findings::obstacle(path, verdict));
    }
    Ok((counts, obstacles))
}
