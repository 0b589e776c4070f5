//! `render`: stages the generated files, checks everything, and only then moves them into place.

mod changed;
mod unchanged;

use std::{
    path::Path,
    sync::{Mutex, PoisonError},
};

use anyhow::{Context as _, bail};
use sha2::{Digest as _, Sha256};

use crate::{
    cli::{
        args, besides,
        console::{Console, count},
        disk::Disk,
        findings::{self, Obstacle},
        ignored, imprint,
        index::{Index, Made},
        lock::Lock,
        moved::{self, Consent},
        outcome::Outcome,
        pipeline::{self, Batch},
        session::Session,
        show,
        sources::Work,
        stage::{Counts, Stage},
        stamp::Seen,
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

impl Rendered {
    /// Of a tree that is up to date already.
    fn again(made: &Made, findings: Diagnostics) -> Self {
        Self {
            is_written: !findings.has_errors(),
            findings,
            counts: Counts { same: made.files, ..Counts::default() },
            inputs: made.inputs.clone(),
            budget: made.budget.clone(),
            ..Self::default()
        }
    }
}

/// What is taken before the spec is read: the lock, and what the index says of the spec then.
pub struct Begun<'a> {
    lock: Lock,
    index: Option<Index<'a>>,
}

impl<'a> Begun<'a> {
    /// Takes the lock of a root. The index is about the root's own spec alone.
    ///
    /// # Errors
    /// When another process writes this tree.
    pub fn at(disk: &'a dyn Disk, root: &'a Path, is_own_spec: bool) -> anyhow::Result<Self> {
        let lock = Lock::take(root)?;
        let index = if is_own_spec { Index::open(disk, root) } else { None };
        Ok(Self { lock, index })
    }
}

/// Runs the verb.
///
/// # Errors
/// When a file cannot be read or written, another process writes this tree, or a later version
/// wrote it.
pub fn run(
    session: Session<'_>,
    begun: Begun<'_>,
    args: &args::Render,
    console: &mut Console,
) -> anyhow::Result<Outcome> {
    let Session { disk, work, .. } = session;
    let Begun { mut lock, index } = begun;
    let last = lock.note();
    if !args.downgrade {
        not_older(&Tree::unlisted(disk, &work.root))?;
    }
    let consent = Consent { moves: args.allow_moves, deletions: args.allow_deletions };
    let index = index.as_ref();
    let judge = |it| console.judge(it);
    let known = index.map(|it| unchanged::made(session, it)).transpose()?.flatten();
    let done = match known {
        Some((made, findings)) => Rendered::again(made, judge(findings)),
        None => tree(session, consent, &judge, index)?,
    };
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

/// Writes the tree of a spec: the part that tests run with a disk that fails. `consent` is what may
/// leave its Application, `judge` decides the severity of findings, and `index` is told what was seen.
///
/// # Errors
/// When a file cannot be read or written. Then each file is either the old one or the new one, and
/// the next render completes the tree.
pub fn tree(
    session: Session<'_>,
    consent: Consent,
    judge: &dyn Fn(Diagnostics) -> Diagnostics,
    index: Option<&Index<'_>>,
) -> anyhow::Result<Rendered> {
    let Session { disk, work, .. } = session;
    let seen = Seen::default();
    let mut tree = Tree::open(disk, &work.root)?;
    tree.seen = index.map(|_| &seen);
    let stage = Stage::open(&tree)?;
    let noted = index.map(|index| Noted { index, seen: &seen });
    let done = stage_and_commit(session, consent, judge, (&tree, &stage), noted);
    if !matches!(&done, Ok(rendered) if rendered.is_written) {
        // Leftovers are harmless: the next render removes them.
        let _ = stage.wipe();
    }
    done
}

/// An index, and what a run has seen for it.
#[derive(Clone, Copy)]
struct Noted<'a> {
    index: &'a Index<'a>,
    seen: &'a Seen,
}

fn stage_and_commit(
    session: Session<'_>,
    consent: Consent,
    judge: &dyn Fn(Diagnostics) -> Diagnostics,
    (tree, stage): (&Tree<'_>, &Stage<'_>),
    noted: Option<Noted<'_>>,
) -> anyhow::Result<Rendered> {
    let Session { disk, work, .. } = session;
    let counts = Mutex::new(Counts::default());
    let mut run = pipeline::run(session, &|batch| stage_batch(stage, &counts, batch))?;
    let counts = counts.into_inner().unwrap_or_else(PoisonError::into_inner);
    let mut done = Rendered { counts, ..Rendered::default() };
    let mut obstacles = Vec::new();
    let mut inputs = sources(work);
    for note in std::mem::take(&mut run.notes) {
        inputs.update(note.input);
        if let Some(seldom) = note.seldom {
            done.changed.take(seldom.changed);
            obstacles.extend(seldom.obstacles);
        }
    }
    done.inputs =
        inputs.finalize().iter().fold(String::new(), |text, byte| format!("{text}{byte:02x}"));
    findings::settle(&mut run.findings, obstacles);
    let Some(plan) = &run.plan else {
        done.findings = judge(run.findings);
        return Ok(done);
    };
    let (mut foreign, mut strays) = (Vec::new(), Vec::new());
    tree.strays(&mut |path, what| match what {
        Stray::Foreign => foreign.push(path.into()),
        Stray::Ours => {
            done.changed.removed(path);
            strays.push(path.into());
        }
        Stray::Empty => {}
    })?;
    let besides = besides::findings(tree, work, &run, &foreign)?;
    let mut findings = std::mem::take(&mut run.findings);
    let made = noted.filter(|_| run.is_whole && foreign.is_empty()).map(|_| Made::of(&findings));
    findings.extend(besides);
    // A platform that cannot be built completely only seems to lose files.
    if run.is_whole && !strays.is_empty() {
        findings.extend(moved::findings(tree, &strays, &moved::staged(tree)?, consent)?);
    }
    done.findings = judge(findings);
    let budget = plan.brief(&run.summaries);
    done.budget = show::figures::figures(&budget);
    done.glance = show::overview::head(
        &overview::glance(plan, &run.summaries, show::overview::SCREEN),
        &budget,
    )
    .folded(Some(80));
    if done.findings.has_errors() {
        return Ok(done);
    }
    if let Some(Noted { index, seen }) = noted {
        index.settle(seen);
    }
    let half = "the tree is only partly written: fix this, then run `espalier render` again";
    stage.commit().context(half)?;
    done.removed = tree.sweep().context(half)?;
    done.is_written = true;
    if done.counts.differ() || done.removed > 0 {
        // Not every file system supports this, and only a power failure would show it.
        let _ = disk.sync(&work.root);
    }
    if let Some((made, Noted { index, seen })) = made.zip(noted) {
        let needed = ignored::own_and_first(session, plan, &run.summaries, &run.own)?;
        index.keep(seen, made.all(done.counts.total(), &done.inputs, &done.budget, needed));
    }
    Ok(done)
}

/// The results for the files of one step, and the hash of its input: small, because ten thousand
/// are held at once.
struct Note {
    input: [u8; 32],
    seldom: Option<Box<Seldom>>,
}

/// What hardly any step has: names of changed files, and what is in their way.
#[derive(Default)]
struct Seldom {
    changed: ChangedFiles,
    obstacles: Vec<Obstacle>,
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

fn stage_batch(
    stage: &Stage<'_>,
    counts: &Mutex<Counts>,
    batch: &mut Batch,
) -> anyhow::Result<Note> {
    let (mut counted, mut seldom) = (Counts::default(), Seldom::default());
    for (path, bytes) in batch.files.iter() {
        let verdict = stage.file(path, bytes, &mut batch.buffer)?;
        counted.add(&verdict);
        seldom.changed.add(path, &verdict, &mut batch.named);
        seldom.obstacles.extend(findings::obstacle(path, verdict));
    }
    if let Ok(mut counts) = counts.lock() {
        *counts += counted;
    }
    let is_any = !seldom.changed.is_empty() || !seldom.obstacles.is_empty();
    Ok(Note { input: batch.input, seldom: is_any.then(|| Box::new(seldom)) })
}
