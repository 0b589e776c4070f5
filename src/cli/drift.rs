//! How a tree differs from its spec: files that are changed, missing, stray or foreign, and both
//! versions of the changed ones.

use anyhow::Context as _;
use similar::TextDiff;

use crate::{
    cli::{
        findings::{self, Obstacle},
        pipeline::{self, Batch, Run},
        session::Session,
        tree::{Stray, Tree, Verdict},
    },
    compile,
    diag::{diagnostic::Diagnostic, plain},
};

/// How a file differs from what the spec makes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Change {
    /// A generated file with other bytes.
    Changed,
    /// A generated file with both sides of a merge in it.
    Conflict,
    /// A file that does not exist.
    Missing,
    /// A generated file that the spec no longer makes.
    Stray,
    /// An empty folder; its path ends with a `/`.
    Empty,
}

impl Change {
    /// All changes, in the order in which they are counted.
    pub const ALL: [Self; 5] =
        [Self::Changed, Self::Conflict, Self::Missing, Self::Stray, Self::Empty];

    /// The word that output uses for it.
    pub const fn word(self) -> &'static str {
        match self {
            Self::Changed => "changed",
            Self::Conflict => "unmerged",
            Self::Missing => "missing",
            Self::Stray => "stray",
            Self::Empty => "empty",
        }
    }
}

/// One file that differs.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Drift {
    /// How it differs.
    pub change: Change,
    /// The file, relative to the root.
    pub path: Box<str>,
}

impl Drift {
    /// This difference as a finding. All of them are errors: each makes `check` fail.
    pub fn finding(&self) -> Diagnostic {
        match self.change {
            Change::Changed => findings::changed(&self.path),
            Change::Conflict => findings::conflict(&self.path),
            Change::Missing => findings::missing(&self.path),
            Change::Stray => findings::stray(&self.path),
            Change::Empty => findings::empty(&self.path),
        }
    }
}

/// The result of comparing one batch of files.
#[derive(Debug, Default)]
pub struct Note {
    /// The files that differ, in the order in which they are generated.
    pub drifts: Vec<Drift>,
    /// The number of files.
    pub files: usize,
    /// What occupies the path of a file.
    obstacles: Vec<Obstacle>,
}

/// A compilation, compared with a tree.
pub struct Comparison {
    /// The compilation; its notes are the files that differ, batch by batch.
    pub run: Run<Note>,
    /// What else is in the tree and would be removed: strays and empty folders.
    pub besides: Vec<Drift>,
    /// What else is in the tree, and was not generated.
    pub foreign: Vec<Box<str>>,
}

/// The file that records which version wrote the tree.
pub const IMPRINT: &str = "out/.espalier.json";
/// The page that people read.
pub const PAGE: &str = "out/README.md";

impl Comparison {
    /// Compiles and compares; only names are kept, never bytes. A platform that cannot be built
    /// completely is not compared, because its files would look like strays.
    ///
    /// # Errors
    /// When a file cannot be read.
    pub fn make(session: Session<'_>, tree: &Tree<'_>) -> anyhow::Result<Self> {
        let mut run = pipeline::run(session, &|batch| note(tree, batch))?;
        let (mut besides, mut foreign) = (Vec::new(), Vec::new());
        if run.is_whole {
            tree.strays(&mut |path, what| match what {
                Stray::Ours => besides.push(Drift { change: Change::Stray, path: path.into() }),
                Stray::Empty => {
                    besides.push(Drift { change: Change::Empty, path: format!("{path}/").into() });
                }
                Stray::Foreign => foreign.push(path.into()),
            })?;
        } else {
            run.notes.iter_mut().for_each(|it| it.drifts.clear());
        }
        let obstacles: Vec<Obstacle> =
            run.notes.iter_mut().flat_map(|it| it.obstacles.drain(..)).collect();
        findings::settle(&mut run.findings, obstacles);
        Ok(Self { run, besides, foreign })
    }

    /// Every file that differs: those of the platform, those of the tenants in order, then strays
    /// and empty folders.
    pub fn all(&self) -> impl Iterator<Item = &Drift> {
        self.run.notes.iter().flat_map(|it| &it.drifts).chain(&self.besides)
    }

    /// The number of files that differ in this way.
    pub fn count(&self, change: Change) -> usize {
        self.all().filter(|it| it.change == change).count()
    }

    /// The number of files that the spec makes.
    pub fn files(&self) -> usize {
        self.run.notes.iter().map(|it| it.files).sum()
    }

    /// Visits every file that differs, in the order of [`Self::all`], with both its versions.
    /// Batches with differences are compiled a second time: that is cheaper than keeping everything
    /// that ten thousand tenants may have changed.
    ///
    /// # Errors
    /// When a file cannot be read, or what `each` returned.
    pub fn sides(
        &self,
        session: Session<'_>,
        tree: &Tree<'_>,
        each: &mut Each<'_>,
    ) -> anyhow::Result<()> {
        let Some(plan) = &self.run.plan else { return Ok(()) };
        let mut batch = Batch::default();
        for (at, note) in self.run.notes.iter().enumerate().filter(|it| !it.1.drifts.is_empty()) {
            batch.files.clear();
            match at.checked_sub(1) {
                None => drop(compile::whole(plan, &self.run.summaries, &mut batch.files)),
                Some(tenant) => {
                    pipeline::again(session, plan, &self.run.summaries[tenant].file, &mut batch)?;
                }
            }
            let mut drifts = note.drifts.iter().peekable();
            for (path, bytes) in batch.files.iter() {
                if let Some(drift) = drifts.next_if(|it| *it.path == *path) {
                    let old = matches!(drift.change, Change::Changed)
                        .then(|| text(tree, path))
                        .transpose()?;
                    each(drift, old.as_deref(), Some(&String::from_utf8_lossy(bytes)))?;
                }
            }
        }
        for drift in &self.besides {
            let old = matches!(drift.change, Change::Stray)
                .then(|| text(tree, &drift.path))
                .transpose()?;
            each(drift, old.as_deref(), None)?;
        }
        Ok(())
    }
}

/// Called with a file that differs, the text in the tree and the text from the spec, if there is
/// one.
pub type Each<'a> = dyn FnMut(&Drift, Option<&str>, Option<&str>) -> anyhow::Result<()> + 'a;

fn note(tree: &Tree<'_>, batch: &mut Batch) -> anyhow::Result<Note> {
    let mut note = Note::default();
    for (path, bytes) in batch.files.iter() {
        note.files += 1;
        let change = match tree.compare(path, bytes, &mut batch.buffer)? {
            Verdict::Changed => Change::Changed,
            Verdict::Conflict => Change::Conflict,
            Verdict::New => Change::Missing,
            verdict => {
                note.obstacles.extend(findings::obstacle(path, verdict));
                continue;
            }
        };
        note.drifts.push(Drift { change, path: path.into() });
    }
    Ok(note)
}

/// A file of the tree as text; bytes that are not UTF-8 show as `�`. For a file that is larger than
/// any generated one, the text says so.
///
/// # Errors
/// When it cannot be read.
pub fn text(tree: &Tree<'_>, path: &str) -> anyhow::Result<String> {
    let full = tree.root.join(path);
    let context = || format!("cannot read {path}");
    let size = tree.disk.look(&full).with_context(context)?.map_or(0, |it| it.1);
    if size > LARGEST {
        return Ok(format!(
            "this file has {size} bytes, and a generated file has at most \
                           {LARGEST}\n"
        ));
    }
    let mut bytes = Vec::new();
    let most = usize::try_from(size).unwrap_or(usize::MAX).saturating_add(1);
    tree.disk.read(&full, most, &mut bytes).with_context(context)?;
    Ok(String::from_utf8_lossy(&bytes).into_owned())
}

/// The largest file of a tree that is read completely, in bytes: many times the size limit of an
/// object in the API server.
const LARGEST: u64 = 16 << 20;

/// Whether two texts differ only in the line breaks of another system.
pub fn differ_in_line_endings(old: &str, new: &str) -> bool {
    old.len() > new.len() && old.contains("\r\n") && old.replace("\r\n", "\n") == new
}

/// The differences of two texts in the unified format of `patch` and Git, without the two header
/// lines.
pub fn unified(old: &str, new: &str, colored: bool) -> String {
    use std::fmt::Write as _;
    let (old, new) = (plain::lines(old), plain::lines(new));
    let diff = TextDiff::from_lines(&*old, &*new);
    let mut out = String::new();
    for line in diff.unified_diff().context_radius(3).to_string().split_inclusive('\n') {
        let style = match line.as_bytes().first() {
            Some(b'+') if colored => "\u{1b}[32m",
            Some(b'-') if colored => "\u{1b}[31m",
            Some(b'@') if colored => "\u{1b}[36m",
            _ => {
                out.push_str(line);
                continue;
            }
        };
        let _ = writeln!(out, "{style}{}\u{1b}[0m", line.trim_end_matches('\n'));
    }
    if !out.is_empty() && !out.ends_with('\n') {
        out.push('\n');
    }
    out
}
