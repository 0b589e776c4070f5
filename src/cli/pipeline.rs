//! One compilation: first the platform, then its tenants one by one on all cores, then the files
//! that depend on all of them.

use std::{
    num::NonZero,
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicUsize, Ordering},
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
        let mut summaries = Vec::with_capacity(work.tenants.len());
        notes.reserve(work.tenants.len() + 1);
        for share in tenants(session, plan, threads, each) {
            for step in share? {
                match step {
                    Step::Built(mut summary, note) => {
                        is_whole &= summary.name.is_some();
                        found.extend(std::mem::take(&mut summary.diagnostics));
                        summaries.push(summary);
                        notes.push(note);
                    }
                    Step::Unreadable(more) => {
                        is_whole = false;
                        found.extend(more);
                    }
                }
            }
        }
        anyhow::Ok(summaries)
    })?;
    findings.extend(compiled.loaded.diagnostics);
    findings.extend(found);
    let (Some(plan), Some(whole)) = (compiled.loaded.plan, compiled.whole) else {
        return Ok(unbuilt(findings));
    };
    findings.extend(whole.found);
    let own = batch.files.iter().map(|it| it.0.into()).collect();
    notes.insert(0, each(&mut batch)?);
    Ok(Run {
        plan: Some(plan),
        summaries: compiled.summaries,
        own,
        notes,
        findings: findings.capped(),
        is_whole,
        revision: whole.revision,
    })
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
#[expect(
    clippy::large_enum_variant,
    reason = "hardly any file is unreadable: a box would be one more for each that is not"
)]
enum Step<N> {
    Built(Summary, N),
    Unreadable(Diagnostics),
}

/// The tenants in shares, in the order of their files' names: the caller frees each share as it
/// collects the results, so nothing is in memory twice for long.
#[expect(
    clippy::disallowed_methods,
    reason = "the cores of the machine share a platform's tenants"
)]
fn tenants<N: Send>(
    session: Session<'_>,
    plan: &Plan,
    threads: Option<NonZero<usize>>,
    each: &(dyn Fn(&mut Batch) -> anyhow::Result<N> + Sync),
) -> impl Iterator<Item = anyhow::Result<Vec<Step<N>>>> {
    let Session { work, .. } = session;
    let shares: Vec<&[Arc<str>]> = work.tenants.chunks(SHARE).collect();
    let threads = threads
        .or_else(|| thread::available_parallelism().ok())
        .map_or(1, NonZero::get)
        .min(shares.len())
        .max(1);
    let next = AtomicUsize::new(0);
    let failed = AtomicBool::new(false);
    let worker = || {
        let (mut mine, mut batch) = (Vec::new(), Batch::default());
        while let at = next.fetch_add(1, Ordering::Relaxed)
            && let Some(share) = shares.get(at)
            && !failed.load(Ordering::Relaxed)
        {
            let steps: anyhow::Result<Vec<_>> =
                share.iter().map(|it| one(session, plan, it, &mut batch, each)).collect();
            failed.fetch_or(steps.is_err(), Ordering::Relaxed);
            mine.push((at, steps));
        }
        mine
    };
    // This thread works too: that saves one arena of the allocator, and the memory that it frees is
    // reused for the platform's own files.
    let mut all = thread::scope(|scope| {
        let others: Vec<_> = (1..threads).map(|_| scope.spawn(worker)).collect();
        let mut all = worker();
        for worker in others {
            all.extend(worker.join().unwrap_or_else(|it| std::panic::resume_unwind(it)));
        }
        all
    });
    all.sort_unstable_by_key(|it| it.0);
    all.into_iter().map(|it| it.1)
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
