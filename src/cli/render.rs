//! `render`: stages the generated files, checks everything, and only then moves them into place.

mod changed;

use anyhow::{Context as _, bail};
use sha2::{Digest as _, Sha256};

use crate::{
    cli::{
        args, besides,
        console::{Console, count},
        findings::{self, Obstacle},
        imprint,
        lock::Lock,
        outcome::Outcome,
        pipeline::{self, Batch},
        session::Session,
        show,
        sources::Work,
        stage::{Counts, Stage},
        tree::{Stray, Tree},
    },
    diag::{diagnostic::Diagnostics, plain},
    plan::overview,
};
use changed::ChangedFiles;

/// The result of a render.
#[derive(Debug, Default)]
pub struct Rendered {
    /// Every finding. If one of them is an error, nothing was written.
    pub findings: Diagnostics,
    /// How the generated files compared with the disk.
    pub counts: Counts,
    /// The number of files that were removed, because the spec no longer makes them.
    pub removed: usize,
    /// The names of the first files that differed.
    pub changed: ChangedFiles,
    /// The SHA-256 of everything that the tree was made from, including the version of the program.
    pub inputs: String,
    /// The summary: hosts, DNS, certificates, models, versions and budget, one line each.
    pub glance: String,
    /// Whether the tree is up to date now.
    pub is_written: bool,
    /// The requests of all pods, and what the node can give, as text.
    pub budget: String,
}

/// Runs the verb.
///
/// # Errors
/// When a file cannot be read or written, another process writes this tree, or a later version
/// wrote it.
pub fn run(
    session: Session<'_>,
    args: &args::Render,
    console: &mut Console,
) -> anyhow::Result<Outcome> {
    let Session { disk, work, .. } = session;
    let mut lock = Lock::take(&work.root)?;
    let last = lock.note();
    if !args.downgrade {
        not_older(&Tree::open(disk, &work.root)?)?;
    }
    let done = tree(session, &|it| console.judge(it))?;
    if done.is_written {
        lock.leave(&done.inputs);
    }
    drop(lock);
    let outcome = Outcome::clean_if(done.is_written);
    let said = Console::totals(&done.findings);
    console.findings(session, done.findings)?;
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

/// Refuses to overwrite the tree of a later version by accident, such as with an old program in the
/// `PATH` or in CI.
fn not_older(tree: &Tree<'_>) -> anyhow::Result<()> {
    let this = env!("CARGO_PKG_VERSION");
    let Some(wrote) = imprint::version(tree).filter(|it| imprint::is_later(it, this)) else {
        return Ok(());
    };
    bail!(
        "espalier {} wrote this tree, and this is espalier {this}, which would undo what the \
         newer version does: run the newer version, or `espalier render --downgrade` if that is \
         what you want",
        plain::line(&wrote)
    )
}

/// Writes the tree of a spec: the part that tests run with a disk that fails. `judge` decides the
/// severity of findings.
///
/// # Errors
/// When a file cannot be read or written. Then each file is either the old one or the new one, and
/// the next render completes the tree.
pub fn tree(
    session: Session<'_>,
    judge: &dyn Fn(Diagnostics) -> Diagnostics,
) -> anyhow::Result<Rendered> {
    let Session { disk, work, .. } = session;
    let tree = Tree::open(disk, &work.root)?;
    let stage = Stage::open(&tree)?;
    let done = stage_and_commit(session, judge, &tree, &stage);
    if !matches!(&done, Ok(rendered) if rendered.is_written) {
        // Leftovers are harmless: the next render removes them.
        let _ = stage.wipe();
    }
    done
}

fn stage_and_commit(
    session: Session<'_>,
    judge: &dyn Fn(Diagnostics) -> Diagnostics,
    tree: &Tree<'_>,
    stage: &Stage<'_>,
) -> anyhow::Result<Rendered> {
    let Session { disk, work, .. } = session;
    let mut run = pipeline::run(session, &|batch| stage_batch(stage, batch))?;
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
        inputs.finalize().iter().fold(String::new(), |text, byte| format!("{text}{byte:02x}"));
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
    let budget = plan.budget(&run.summaries);
    done.budget = show::figures::figures(&budget);
    done.glance = show::overview::head(
        &overview::glance(plan, &run.summaries, show::overview::SCREEN),
        &budget,
    )
    .folded(Some(80));
    if done.findings.has_errors() {
        return Ok(done);
    }
    let half = "the tree is only partly written: fix this, then run `espalier render` again";
    stage.commit().context(half)?;
    done.removed = tree.sweep().context(half)?;
    done.is_written = true;
    if done.counts.differ() || done.removed > 0 {
        // Not every file system supports this, and only a power failure would show it.
        let _ = disk.sync(&work.root);
    }
    Ok(done)
}

/// The results for the files of one step, and the hash of its input.
struct Note {
    counts: Counts,
    changed: ChangedFiles,
    obstacles: Vec<Obstacle>,
    input: [u8; 32],
}

/// Hashes the inputs other than the tenants: the platform's own files and the version of this
/// program.
fn sources(work: &Work) -> Sha256 {
    let mut sum = Sha256::new_with_prefix(env!("CARGO_PKG_VERSION"));
    let platform = work.sources.texts.iter().map(|(path, source)| (&**path, &*source.text));
    for part in
        platform.flat_map(|(path, text)| [path, text]).chain(work.tenants.iter().map(|it| &**it))
    {
        // The length comes first, so that different lists never give the same bytes.
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
        note.changed.add(path, &verdict, &mut batch.named);
        note.obstacles.extend(findings::obstacle(path, verdict));
    }
    Ok(note)
}
