//! One compilation: the platform whole, its tenants one by one on all cores, then what needs the
//! whole.

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
    cli::{
        disk::Disk,
        sources::{Work, read_source},
    },
    compile,
    diag::diagnostic::Diagnostics,
    emit::files::Files,
    plan::{Plan, summary::Summary},
};

/// How many tenants a thread takes at a time: few enough that threads end together, enough that
/// they seldom meet.
const SHARE: usize = 16;

/// The files of one step (a tenant's, or the platform's own) on their way through the driver, with
/// what is reused from step to step.
#[derive(Default)]
pub struct Batch {
    /// Paths and bytes.
    pub files: Files,
    /// What the step was made from, where it is a tenant's: the sum of its file.
    pub input: [u8; 32],
    /// Who speaks to whom, where the step is a tenant's: like its files, they are held by nobody
    /// but whoever takes them.
    pub flows: Box<[Flow]>,
    /// Scratch for what is read from the disk.
    pub buffer: Vec<u8>,
}

/// What a compilation came to. `N` is what the caller noted of each batch.
pub struct Run<N> {
    /// The platform, built; none where the spec cannot be.
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
    /// Whether the platform and every tenant could be built: else the files of some are not there,
    /// and only seem to be strays.
    pub is_whole: bool,
    /// What the Applications follow, fully qualified; empty where nothing was built.
    pub revision: String,
}

/// Compiles everything, and hands each batch of files to `each` as soon as it is there: nothing of
/// it is held.
///
/// `each` runs on any thread and in any order; whatever it returns comes back in order.
///
/// # Errors
/// What `each` returned, or that a tenant's file cannot be read.
pub fn run<N: Send>(
    disk: &dyn Disk,
    work: &Work,
    threads: Option<NonZero<usize>>,
    each: &(dyn Fn(&mut Batch) -> anyhow::Result<N> + Sync),
) -> anyhow::Result<Run<N>> {
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
        for share in tenants(disk, work, plan, threads, each) {
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

/// Compiles one tenant again, for a second look at its files.
///
/// # Errors
/// When its file cannot be read.
pub fn again(
    disk: &dyn Disk,
    work: &Work,
    plan: &Plan,
    tenant: &Arc<str>,
    batch: &mut Batch,
) -> anyhow::Result<()> {
    one(disk, work, plan, tenant, batch, &|_| Ok(())).map(|_| ())
}

/// A tenant, compiled, or what was wrong about its file.
#[expect(
    clippy::large_enum_variant,
    reason = "hardly any file is unreadable: a box would be one more for each that is not"
)]
enum Step<N> {
    Built(Summary, N),
    Unreadable(Diagnostics),
}

/// The tenants in shares, in the order of their files' names: a share is freed as it is folded, so
/// nothing is held twice for long.
fn tenants<N: Send>(
    disk: &dyn Disk,
    work: &Work,
    plan: &Plan,
    threads: Option<NonZero<usize>>,
    each: &(dyn Fn(&mut Batch) -> anyhow::Result<N> + Sync),
) -> impl Iterator<Item = anyhow::Result<Vec<Step<N>>>> {
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
                share.iter().map(|it| one(disk, work, plan, it, &mut batch, each)).collect();
            failed.fetch_or(steps.is_err(), Ordering::Relaxed);
            mine.push((at, steps));
        }
        mine
    };
    // This thread works too: one allocator's arena less, and what it has freed serves the
    // platform's own files afterwards.
    let mut all = thread::scope(|scope| {
        let others: Vec<_> = (1..threads).map(|_| scope.spawn(worker)).collect();
        let mut all = worker();
        for it in others {
            all.extend(it.join().unwrap_or_else(|it| std::panic::resume_unwind(it)));
        }
        all
    });
    all.sort_unstable_by_key(|it| it.0);
    all.into_iter().map(|it| it.1)
}

fn one<N>(
    disk: &dyn Disk,
    work: &Work,
    plan: &Plan,
    tenant: &Arc<str>,
    batch: &mut Batch,
    each: &(dyn Fn(&mut Batch) -> anyhow::Result<N> + Sync),
) -> anyhow::Result<Step<N>> {
    let source = match read_source(disk, &work.root, tenant)? {
        None => bail!("{tenant} was there a moment ago and is gone"),
        Some(Err(finding)) => return Ok(Step::Unreadable(finding.into())),
        Some(Ok(source)) => source,
    };
    batch.files.clear();
    batch.input = Sha256::digest(&source.text).into();
    let mut summary = compile::tenant(plan, &source, &mut batch.files);
    batch.flows = std::mem::take(&mut summary.flows);
    Ok(Step::Built(summary, each(batch)?))
}
