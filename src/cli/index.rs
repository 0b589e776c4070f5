//! The index of a root: what the file system said of all that the last render read and wrote. While
//! it says the same, nothing has to be read, built or compared.
//!
//! It is believed by `render` alone, and only while every input and every generated file has the
//! stamp that it had, no file came or went, and the program is the very same. Whatever else is in
//! its file counts as no index: it is a copy of what can be made anew.

mod kept;

use std::path::Path;

use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};

use crate::{
    cli::{
        disk::{self, Disk, EntryKind},
        path_index::OWNED,
        stage::PRIVATE,
        stamp::{self, Inputs, Seen, Stamp, Sum},
    },
    diag::diagnostic::Diagnostics,
    load::schema,
};

/// Where it lies: beside the stage, in the folder that Git ignores.
const INDEX: &str = "index";
/// A file that is made to see what time it is for the file system, and removed at once.
const PROBE: &str = "now";
/// The folder of the inputs.
const SPEC: &str = "spec";
/// The largest index that is read, in bytes: ten thousand findings have fewer.
const LARGEST: u64 = 16 << 20;
/// From so many files on, a moment is spent to have all of them in the index at once. Smaller trees
/// have it by their next render, which takes less than that moment.
const MANY: u64 = 2_000;

/// The index of a root, opened before anything else is read.
pub struct Index<'a> {
    disk: &'a dyn Disk,
    root: &'a Path,
    program: String,
    begun: u64,
    inputs: Inputs,
    known: Option<Known>,
}

/// What was known of a whole tree.
#[derive(Debug, Serialize, Deserialize)]
struct Known {
    program: String,
    inputs: Sum,
    tree: Sum,
    made: Made,
}

/// What a render had to say of a tree that it left complete.
#[derive(Debug, Serialize, Deserialize)]
pub struct Made {
    /// The number of generated files.
    pub files: usize,
    /// The SHA-256 of everything that the tree was made from.
    pub inputs: String,
    /// The requests of all pods, and what the node can give.
    pub budget: String,
    /// The platform's own files, and those of the first tenant.
    pub needed: Vec<String>,
    findings: Vec<kept::Finding>,
}

impl Made {
    /// Of these findings.
    pub fn of(findings: &Diagnostics) -> Self {
        let findings = findings.iter().map(kept::Finding::of).collect();
        let (inputs, budget, needed) = (String::new(), String::new(), Vec::new());
        Self { files: 0, inputs, budget, needed, findings }
    }

    /// With all else that it has to say.
    #[must_use]
    pub fn all(self, files: usize, inputs: &str, budget: &str, needed: Vec<String>) -> Self {
        let (inputs, budget) = (inputs.to_owned(), budget.to_owned());
        Self { files, inputs, budget, needed, ..self }
    }

    /// The findings; none where this program has not made them.
    pub fn findings(&self) -> Option<Diagnostics> {
        self.findings.iter().map(kept::Finding::diagnostic).collect()
    }
}

impl<'a> Index<'a> {
    /// Opens the index of a root whose lock is held. None where the file system or this system has
    /// no stamps; then every render reads everything.
    pub fn open(disk: &'a dyn Disk, root: &'a Path) -> Option<Self> {
        let program = program()?;
        let begun = now(disk, root)?;
        let inputs = inputs(disk, root)?;
        Some(Self { disk, root, program, begun, inputs, known: known(disk, root) })
    }

    /// What the last render said, if nothing has changed since: asks the file system about every
    /// file, and reads none.
    pub fn unchanged(&self) -> Option<&Made> {
        let known = self.known.as_ref()?;
        let is_same = known.program == self.program
            && known.inputs == self.inputs.sum
            && tree(self.disk, self.root)? == known.tree;
        is_same.then_some(&known.made)
    }

    /// Waits until what was staged is older than anything that could be done to it from now on, as
    /// far as the file system can tell: then a file that somebody changes at once is seen.
    pub fn settle(&self, seen: &Seen) {
        let Some(first) = now(self.disk, self.root) else { return seen.vague() };
        if seen.is_settled(first) {
            return;
        }
        let tick = stamp::tick(first);
        if seen.files() >= MANY && tick < 1_000_000_000 {
            rest(tick);
        }
        if !now(self.disk, self.root).is_some_and(|it| seen.is_settled(it)) {
            seen.vague();
        }
    }

    /// Writes down what is known after a render that has left the tree complete; nothing if
    /// something has changed meanwhile, or so shortly before that it could change unseen.
    pub fn keep(&self, seen: &Seen, made: Made) {
        let Some(tree) = seen.sum(self.begun) else { return };
        let is_same = self.inputs.are_before(self.begun)
            && inputs(self.disk, self.root).is_some_and(|it| it.sum == self.inputs.sum);
        if !is_same {
            return;
        }
        let (program, inputs) = (self.program.clone(), self.inputs.sum);
        let known = Known { program, inputs, tree, made };
        let Ok(text) = serde_json::to_string(&known) else { return };
        // Without it, the next render reads everything: that is no reason to fail.
        let _ = disk::replace(
            self.disk,
            &self.root.join(PRIVATE).join(INDEX),
            &format!("{}\n{text}", checksum(&text)),
        );
    }
}

/// What an earlier render has written down; none if there is nothing of that kind.
fn known(disk: &dyn Disk, root: &Path) -> Option<Known> {
    let path = root.join(PRIVATE).join(INDEX);
    let (kind, size) = disk.look(&path).ok()??;
    if kind != EntryKind::File || size > LARGEST {
        return None;
    }
    let mut bytes = Vec::new();
    disk.read(&path, usize::try_from(size).ok()?, &mut bytes).ok()?;
    let (sum, text) = std::str::from_utf8(&bytes).ok()?.split_once('\n')?;
    (sum == checksum(text)).then(|| serde_json::from_str(text).ok())?
}

/// Shows a byte that was lost on the way; nobody is kept from writing an index of their own, which
/// says nothing of the stamps of this disk.
fn checksum(text: &str) -> String {
    Sha256::digest(text).iter().fold(String::new(), |text, byte| format!("{text}{byte:02x}"))
}

/// The time of the file system, which may be another machine's.
fn now(disk: &dyn Disk, root: &Path) -> Option<u64> {
    let path = root.join(PRIVATE).join(PROBE);
    let made = || disk.create_stamped(&path, b"").ok();
    // One is left where a process was killed here.
    let stamp = made().or_else(|| {
        disk.remove_file(&path).ok()?;
        made()
    })?;
    disk.remove_file(&path).ok()?;
    stamp.map(Stamp::made)
}

/// Which program this is: a build of its own has other rules, whatever its version says.
#[expect(clippy::disallowed_methods, reason = "this program's own file is no part of the tree")]
fn program() -> Option<String> {
    let file = std::env::current_exe().and_then(std::fs::metadata).ok()?;
    Some(format!("{} {:?}", env!("CARGO_PKG_VERSION"), Stamp::of(&file)?))
}

#[expect(clippy::disallowed_methods, reason = "a tick of the clock has to pass")]
fn rest(nanoseconds: u64) {
    std::thread::sleep(std::time::Duration::from_nanos(nanoseconds.saturating_mul(3) / 2));
}

/// The stamps of everything in `spec/` but what is generated there; none where a link or something
/// special is in it, of which a stamp says little.
fn inputs(disk: &dyn Disk, root: &Path) -> Option<Inputs> {
    let mut inputs = Inputs::default();
    walk(disk, root, &mut SPEC.to_owned(), &mut |path, stamp| {
        match stamp {
            None => inputs.sum.add_folder(path),
            Some(_) if schema::PATHS.contains(&path) => {}
            Some(stamp) => inputs.add(path, stamp),
        }
        Some(())
    })?;
    Some(inputs)
}

/// The stamps of all generated files; none where a folder is empty, or something else is there.
fn tree(disk: &dyn Disk, root: &Path) -> Option<Sum> {
    let mut sum = Sum::default();
    for path in schema::PATHS {
        sum.add(path, disk.stamp(&root.join(path)).ok()??);
    }
    for top in OWNED {
        walk(disk, root, &mut top.to_owned(), &mut |path, stamp| {
            sum.add(path, stamp?);
            Some(())
        })?;
    }
    Some(sum)
}

/// Visits what is in a folder, at any depth: files with their stamps, empty folders without. None
/// if something cannot be listed, is neither a file nor a folder, or `each` said so.
fn walk(
    disk: &dyn Disk,
    root: &Path,
    path: &mut String,
    each: &mut dyn FnMut(&str, Option<Stamp>) -> Option<()>,
) -> Option<()> {
    let full = root.join(&*path);
    let (EntryKind::Folder, _) = disk.look(&full).ok()?? else { return None };
    below(disk, &full, path, each)
}

fn below(
    disk: &dyn Disk,
    full: &Path,
    path: &mut String,
    each: &mut dyn FnMut(&str, Option<Stamp>) -> Option<()>,
) -> Option<()> {
    let all = disk.list_stamped(full).ok()?;
    if all.is_empty() {
        return each(path, None);
    }
    let length = path.len();
    for (entry, stamp) in all {
        path.push('/');
        path.push_str(entry.name.to_str()?);
        match entry.kind {
            EntryKind::File => each(path, Some(stamp?))?,
            EntryKind::Folder => below(disk, &full.join(&entry.name), path, each)?,
            EntryKind::Other => return None,
        }
        path.truncate(length);
    }
    Some(())
}
