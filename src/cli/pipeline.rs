//! One compilation: first the platform, then its tenants one by one on all cores, then the files
//! that depend on all of them.

use std::{
    num::NonZero,
    sync::{
        Arc, Mutex,
        atomic::{AtomicBool, Ordering},
    },
    thread,
};

use anyhow::bail;
use sha2::{Digest as _, Sha256};

use crate::{
    builder::component::Flow,
    cli::{session::Session, sources::read_source},
    compile,
    diag::diagnostic::Diagnostics,
    emit::files::Files,
    plan::{Plan, summary::Summary},
};

/// How many tenants a thread takes at a time: few enough that all threads finish together, and
/// enough that they seldom compete.
const SHARE: usize = 16;

/// The files of one step (a tenant's, or the platform's own) on their way through the driver, with
/// buffers that are reused from step to step.
#[derive(Default)]
pub struct Batch {
    /// The paths and contents of the files.
    pub files: Files,
    /// The SHA-256 of the tenant's file, if this step is a tenant's.
    pub input: [u8; 32],
    /// The network flows, if this step is a tenant's; like the files, they are dropped unless the
    /// caller takes them.
    pub flows: Box<[Flow]>,
    /// A buffer for reading from the disk.
    pub buffer: Vec<u8>,
    /// What the caller has named in this thread's steps, whose order is that of the tenants.
    pub named: Named,
}

/// How many files a caller has named, by what happened to them.
#[derive(Default)]
pub struct Named {
    /// Changed files.
    pub changed: usize,
    /// New files.
    pub new: usize,
}

/// The result of a compilation. `N` is the caller's note about each batch.
pub struct Run<N> {
    /// The platform; none if the spec has errors.
    pub plan: Option<Plan>,
    /// The tenants, in the order of their files' names.
    pub summaries: Vec<Summary>,
    /// The platform's own files, by path.
    pub own: Vec<Box<str>>,
    /// The caller's notes: the platform's own files first, then the tenants in the order of their
    /// files' names.
    pub notes: Vec<N>,
    /// Every finding.
    pub findings: Diagnostics,
    /// Whether the platform and every tenant could be built. If not, some files are not generated,
    /// and only look like strays.
    pub is_whole: bool,
    /// The fully qualified Git reference that the Applications follow; empty if nothing was built.
    pub revision: String,
}

/// Compiles everything, and passes each batch of files to `each` as soon as it is ready, without
/// keeping it.
///
/// `each` runs on any thread and in any order; its results are returned in order.
///
/// # Errors
/// When `each` fails, or a tenant's file cannot be read.
pub fn run<N: Send>(
    session: Session<'_>,
    each: &(dyn Fn(&mut Batch) -> anyhow::Result<N> + Sync),
) -> anyhow::Result<Run<N>> {
    let Session { work, threads, .. } = session;
    let mut findings = work.findings.clone();
    let unbuilt = |findings: Diagnostics| Run {
        plan: None,
        summaries: Vec::new(),
        own: Vec::new(),
        notes: Vec::new(),
        findings: findings.capped(),
        is_whole: false,
        revision: String::new(),
    };
    if !work.complete {
        return Ok(unbuilt(findings));
    }
    let mut batch = Batch::default();
    let (mut is_whole, mut found, mut notes) = (true, Diagnostics::new(), Vec::new());
    let compiled = compile::all(&work.sources, &mut batch.files, |plan| {
        let all = tenants(session, plan, threads, each)?;
        found.extend(all.found.into_iter().flat_map(|it| it.1));
        let summaries = present(all.summaries);
        is_whole =
            summaries.len() == work.tenants.len() && summaries.iter().all(|it| it.name.is_some());
        notes = all.notes;
        anyhow::Ok(summaries)
    })?;
    findings.extend(compiled.loaded.diagnostics);
    findings.extend(found);
    let (Some(plan), Some(whole)) = (compiled.loaded.plan, compiled.whole) else {
        return Ok(unbuilt(findings));
    };
    findings.extend(whole.found);
    let own = batch.files.iter().map(|it| it.0.into()).collect();
    if let Some(own) = notes.first_mut() {
        *own = Some(each(&mut batch)?);
    }
    Ok(Run {
        plan: Some(plan),
        summaries: compiled.summaries,
        own,
        notes: present(notes),
        findings: findings.capped(),
        is_whole,
        revision: whole.revision,
    })
}

/// What is there, in the memory in which it is: `flatten` would move it into a list of its own,
/// which for ten thousand tenants is four megabytes more.
fn present<T>(mut all: Vec<Option<T>>) -> Vec<T> {
    all.retain(Option::is_some);
    all.into_iter().map(|it| it.expect("all others are gone")).collect()
}

/// Compiles one tenant again, to examine its files a second time.
///
/// # Errors
/// When its file cannot be read.
pub fn again(
    session: Session<'_>,
    plan: &Plan,
    tenant: &Arc<str>,
    batch: &mut Batch,
) -> anyhow::Result<()> {
    one(session, plan, tenant, batch, &|_| Ok(())).map(|_| ())
}

/// A compiled tenant, or the findings about a file that cannot be read.
enum Step<N> {
    Built(Summary, N),
    Unreadable(Diagnostics),
}

/// What came of all tenants, each in the place that its file's name has.
struct Tenants<N> {
    summaries: Vec<Option<Summary>>,
    /// The first is left for the platform's own files.
    notes: Vec<Option<N>>,
    /// The findings, each with that place.
    found: Vec<(usize, Diagnostics)>,
}

/// A share of them, and where its results go.
struct Share<'a, N> {
    first: usize,
    files: &'a [Arc<str>],
    summaries: &'a mut [Option<Summary>],
    notes: &'a mut [Option<N>],
}

/// Compiles the tenants in shares. Each result is put where it stays, so that nothing is in memory
/// twice.
#[expect(
    clippy::disallowed_methods,
    reason = "the cores of the machine share a platform's tenants"
)]
fn tenants<N: Send>(
    session: Session<'_>,
    plan: &Plan,
    threads: Option<NonZero<usize>>,
    each: &(dyn Fn(&mut Batch) -> anyhow::Result<N> + Sync),
) -> anyhow::Result<Tenants<N>> {
    let files = &session.work.tenants;
    let mut summaries: Vec<Option<Summary>> = files.iter().map(|_| None).collect();
    let mut notes: Vec<Option<N>> = std::iter::repeat_with(|| None).take(files.len() + 1).collect();
    let shares = files.chunks(SHARE).enumerate();
    let shares = shares.zip(summaries.chunks_mut(SHARE)).zip(notes[1..].chunks_mut(SHARE));
    let shares = shares.map(|(((at, files), summaries), notes)| Share {
        first: at * SHARE,
        files,
        summaries,
        notes,
    });
    let threads = threads
        .or_else(|| thread::available_parallelism().ok())
        .map_or(1, NonZero::get)
        .min(files.len().div_ceil(SHARE))
        .max(1);
    let shares = Mutex::new(shares);
    let next = || shares.lock().ok()?.next();
    let failed = AtomicBool::new(false);
    let worker = || {
        let (mut found, mut batch) = (Vec::new(), Batch::default());
        while let Some(share) = next()
            && !failed.load(Ordering::Relaxed)
        {
            if let Err(error) = compiled(session, plan, share, &mut batch, each, &mut found) {
                failed.store(true, Ordering::Relaxed);
                return Err(error);
            }
        }
        Ok(found)
    };
    // This thread works too: that saves one arena of the allocator, and the memory that it frees is
    // reused for the platform's own files.
    let found = thread::scope(|scope| {
        let others: Vec<_> = (1..threads).map(|_| scope.spawn(worker)).collect();
        let mut found = worker();
        for other in others {
            let other = other.join().unwrap_or_else(|it| std::panic::resume_unwind(it));
            // The failure of the tenant whose name comes first is the one that is told.
            found = match (found, other) {
                (Ok(mut found), Ok(more)) => {
                    found.extend(more);
                    Ok(found)
                }
                (Err((at, error)), Err((other, another))) => {
                    Err(if at < other { (at, error) } else { (other, another) })
                }
                (Err(error), Ok(_)) | (Ok(_), Err(error)) => Err(error),
            };
        }
        found
    });
    let mut found = found.map_err(|it| it.1)?;
    found.sort_by_key(|it| it.0);
    Ok(Tenants { summaries, notes, found })
}

/// Compiles one share; a failure comes with the place of its tenant.
fn compiled<N>(
    session: Session<'_>,
    plan: &Plan,
    share: Share<'_, N>,
    batch: &mut Batch,
    each: &(dyn Fn(&mut Batch) -> anyhow::Result<N> + Sync),
    found: &mut Vec<(usize, Diagnostics)>,
) -> Result<(), (usize, anyhow::Error)> {
    let Share { first, files, summaries, notes } = share;
    for (at, file) in files.iter().enumerate() {
        let step = one(session, plan, file, batch, each).map_err(|it| (first + at, it))?;
        let said = match step {
            Step::Built(mut summary, note) => {
                let said = std::mem::take(&mut summary.diagnostics);
                if let Some(Some(other)) = at.checked_sub(1).map(|it| &summaries[it]) {
                    summary.share_with(other);
                }
                summaries[at] = Some(summary);
                notes[at] = Some(note);
                said
            }
            Step::Unreadable(said) => said,
        };
        if !said.is_empty() {
            found.push((first + at, said));
        }
    }
    Ok(())
}

fn one<N>(
    session: Session<'_>,
    plan: &Plan,
    tenant: &Arc<str>,
    batch: &mut Batch,
    each: &(dyn Fn(&mut Batch) -> anyhow::Result<N> + Sync),
) -> anyhow::Result<Step<N>> {
    let Session { disk, work, .. } = session;
    let source = match read_source(disk, &work.root, tenant)? {
        None => bail!("{tenant} has just disappeared"),
        Some(Err(finding)) => return Ok(Step::Unreadable(finding.into())),
        Some(Ok(source)) => source,
    };
    batch.files.clear();
    batch.input = Sha256::digest(&source.text).into();
    let mut summary = compile::tenant(plan, &source, &mut batch.files);
    batch.flows = std::mem::take(&mut summary.flows);
    Ok(Step::Built(summary, each(batch)?))
}
