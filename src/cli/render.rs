//! `render`: stage, gate, commit. Nothing moves into place before everything has been found right.

mod changed;

use std::num::NonZero;

use anyhow::{Context as _, bail};
use sha2::{Digest as _, Sha256};

use crate::{
    cli::{
        args, besides,
        console::{Console, count},
        disk::Disk,
        findings::{self, Obstacle},
        imprint,
        lock::Lock,
        outcome::Outcome,
        pipeline::{self, Batch},
        show,
        sources::Work,
        stage::{Counts, Stage},
        tree::{Stray, Tree},
    },
    compile,
    diag::{diagnostic::Diagnostics, plain},
};
use changed::ChangedFiles;

/// What a render came to.
#[derive(Debug, Default)]
pub struct Rendered {
    /// Every finding. One that is an error: nothing was written.
    pub findings: Diagnostics,
    /// How the generated files compared with the disk.
    pub counts: Counts,
    /// How many files went, because nothing makes them any more.
    pub removed: usize,
    /// The first of those that differed, by name.
    pub changed: ChangedFiles,
    /// The sum of all that the tree was made from, and of the version that made it.
    pub inputs: String,
    /// Hosts, DNS, certificates, models, versions, budget: a line each.
    pub glance: String,
    /// Whether the tree is now what the spec makes.
    pub is_written: bool,
    /// What the pods request of what the node can give, in words.
    pub budget: String,
}

/// Runs the verb.
///
/// # Errors
/// When a file cannot be read or written, another process writes this tree, or a later version has
/// written it.
pub fn run(
    disk: &dyn Disk,
    work: &Work,
    threads: Option<NonZero<usize>>,
    args: &args::Render,
    console: &mut Console,
) -> anyhow::Result<Outcome> {
    let mut lock = Lock::take(&work.root)?;
    let last = lock.note();
    if !args.downgrade {
        not_older(&Tree::open(disk, &work.root)?)?;
    }
    let done = tree(disk, work, threads, &|it| console.judge(it))?;
    if done.is_written {
        lock.leave(&done.inputs);
    }
    drop(lock);
    let outcome = Outcome::clean_if(done.is_written);
    let said = Console::totals(&done.findings);
    console.findings(disk, work, done.findings)?;
    if done.is_written {
        let Counts { same, new, changed } = done.counts;
        let mut parts = Vec::new();
        for (number, what) in
            [(new, "new"), (changed, "changed"), (done.removed, "removed"), (same, "unchanged")]
        {
            if number > 0 {
                parts.push(format!("{number} {what}"));
            }
        }
        if done.counts.differ() || done.removed > 0 {
            console.say(&format!(
                "{}\n{}",
                done.glance,
                done.changed.text(done.counts, done.removed, last == done.inputs)
            ));
        }
        let total = count(done.counts.total(), "file");
        console.say(&format!("rendered {total}: {} ({})\n", parts.join(", "), done.budget));
    } else {
        console.say(&format!("{said}; nothing was written\n"));
    }
    Ok(outcome)
}

/// What a later version has put right is not taken back by chance: by an old program on a path, or
/// in CI.
fn not_older(tree: &Tree<'_>) -> anyhow::Result<()> {
    let this = env!("CARGO_PKG_VERSION");
    let Some(wrote) = imprint::version(tree).filter(|it| imprint::is_later(it, this)) else {
        return Ok(());
    };
    bail!(
        "espalier {} wrote this tree, and this is {this}, which would take back what the later one \
         does: run the later one, or `espalier render --downgrade` if that is meant",
        plain::line(&wrote)
    )
}

/// Writes the tree of a spec: the part that tests drive with a disk that fails. `judge` has the
/// last word on how bad a finding is.
///
/// # Errors
/// When a file cannot be read or written. Then every file is the old one or the new one, and the
/// next render completes it.
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
    let mut run = pipeline::run(disk, work, threads, &|batch| stage_batch(stage, batch))?;
    let mut done = Rendered::default();
    let mut obstacles = Vec::new();
    let mut inputs = sources(work);
    for note in std::mem::take(&mut run.notes) {
        done.counts += note.counts;
        done.changed.take(note.changed);
        obstacles.extend(note.obstacles);
        inputs.update(note.input);
    }
    done.inputs =
        inputs.finalize().iter().fold(String::new(), |text, it| format!("{text}{it:02x}"));
    findings::settle(&mut run.findings, obstacles);
    let Some(plan) = &run.plan else {
        done.findings = judge(run.findings);
        return Ok(done);
    };
    let mut foreign = Vec::new();
    tree.strays(&mut |path, what| match what {
        Stray::Foreign => foreign.push(path.into()),
        Stray::Ours => done.changed.removed(path),
        Stray::Empty => {}
    })?;
    let besides = besides::findings(tree, work, &run, &foreign)?;
    let mut findings = std::mem::take(&mut run.findings);
    findings.extend(besides);
    done.findings = judge(findings);
    let budget = compile::budget(plan, &run.summaries);
    done.budget = show::figures::figures(&budget);
    done.glance = show::overview::head(
        &compile::glance::glance(plan, &run.summaries, show::overview::SCREEN),
        &budget,
    )
    .folded(Some(80));
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

/// What became of the files of one step, and what it was made from.
struct Note {
    counts: Counts,
    changed: ChangedFiles,
    obstacles: Vec<Obstacle>,
    input: [u8; 32],
}

/// The platform's own files, and the version of this program: what else the tree was made from than
/// the tenants.
fn sources(work: &Work) -> Sha256 {
    let mut sum = Sha256::new_with_prefix(env!("CARGO_PKG_VERSION"));
    let platform = work.sources.texts.iter().map(|(path, text)| (&**path, &*text.text));
    for part in
        platform.flat_map(|(path, text)| [path, text]).chain(work.tenants.iter().map(|it| &**it))
    {
        // Lengths in front: no two lists run into the same bytes.
        sum.update((part.len() as u64).to_be_bytes());
        sum.update(part);
    }
    sum
}

fn stage_batch(stage: &Stage<'_>, batch: &mut Batch) -> anyhow::Result<Note> {
    let mut note = Note {
        counts: Counts::default(),
        changed: ChangedFiles::default(),
        obstacles: Vec::new(),
        input: batch.input,
    };
    for (path, bytes) in batch.files.iter() {
        let verdict = stage.file(path, bytes, &mut batch.buffer)?;
        note.counts.add(&verdict);
        note.changed.add(path, &verdict);
        note.obstacles.extend(findings::obstacle(path, verdict));
    }
    Ok(note)
}
