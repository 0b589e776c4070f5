//! The contents of the owned folders as a sorted list of hashes: 8 bytes per path, whatever its
//! length.

use std::{
    borrow::Cow,
    ffi::OsStr,
    hash::{BuildHasher as _, RandomState},
    io,
    path::Path,
    sync::{
        LazyLock,
        atomic::{AtomicU64, Ordering},
    },
};

use crate::{
    cli::disk::{Disk, EntryKind},
    diag::plain,
};

/// The folders in which Espalier writes and removes generated files.
pub(super) const OWNED: [&str; 3] = ["apps", "bootstrap", "out"];

/// A listing of the owned folders, made once before anything is compared.
///
/// Ten thousand tenants have 290,000 files: their paths would take 32 MB, their hashes take 2.3.
/// The probability that two of that many paths share a hash is 1 in 5·10⁷; then one of them would
/// be reported as written twice, or a stray would be missed.
#[derive(Debug, Default)]
pub(super) struct PathIndex {
    /// Sorted. The last three bits of each hash are replaced by the kind and [`NEEDED`].
    entries: Vec<AtomicU64>,
    /// Where the entries with the same leading bits begin: a search touches two cache lines, and a
    /// binary search would touch seventeen.
    starts: Vec<u32>,
    /// The number of bits by which to shift a hash to get its leading bits.
    shift: u32,
    empty_folders: bool,
}

/// The bit that marks a path as needed.
const NEEDED: u64 = 0b100;

/// The bits for the kind of what is at a path, as in [`kind_of`].
const KIND: u64 = 0b011;

/// What the listing says about the path of a generated file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Spot {
    /// A file is there.
    File,
    /// Nothing is there, and every parent is a folder or missing.
    Free,
    /// Something other than a file is there, or a parent is not a folder: the path in the way, and
    /// its kind.
    Taken(String, EntryKind),
}

impl PathIndex {
    /// Lists the owned folders below `root`. Symbolic links are listed, not followed.
    ///
    /// # Errors
    /// When a folder cannot be listed, with its path.
    pub(super) fn read(disk: &dyn Disk, root: &Path) -> Result<Self, (String, io::Error)> {
        let mut index = Self::default();
        let (mut path, mut entries) = (String::new(), Vec::new());
        for top in OWNED {
            top.clone_into(&mut path);
            let Some((kind, _)) =
                disk.look(&root.join(top)).map_err(|error| (path.clone(), error))?
            else {
                continue;
            };
            entries.push(entry(top, kind));
            if kind == EntryKind::Folder {
                index.walk(disk, root, &mut path, &mut entries)?;
            }
        }
        entries.sort_unstable();
        index.shift = (entries.len() as u64 >> 3 | 1).leading_zeros();
        for (at, entry) in (0..).zip(&entries) {
            while index.starts.len() as u64 <= entry >> index.shift {
                index.starts.push(at);
            }
        }
        entries.shrink_to_fit();
        index.entries = entries.into_iter().map(AtomicU64::new).collect();
        Ok(index)
    }

    fn walk(
        &mut self,
        disk: &dyn Disk,
        root: &Path,
        path: &mut String,
        entries: &mut Vec<u64>,
    ) -> Result<(), (String, io::Error)> {
        let listing = disk.list(&root.join(&*path)).map_err(|error| (path.clone(), error))?;
        self.empty_folders |= listing.is_empty();
        let length = path.len();
        for listing in listing {
            path.push('/');
            path.push_str(&shown(&listing.name));
            // The `.git` of another repository counts as one entry, whatever is in it.
            let kind = if is_repository(&listing.name) { EntryKind::Other } else { listing.kind };
            entries.push(entry(path, kind));
            if kind == EntryKind::Folder {
                self.walk(disk, root, path, entries)?;
            }
            path.truncate(length);
        }
        Ok(())
    }

    /// Looks up a path and marks it as needed. The second value is true if it was marked before.
    ///
    /// # Errors
    /// When a path outside of the owned folders cannot be examined.
    pub(super) fn need(
        &self,
        disk: &dyn Disk,
        root: &Path,
        path: &str,
    ) -> io::Result<(Spot, bool)> {
        if !is_owned(path) {
            return Ok((outside(disk, root, path)?, false));
        }
        if let Some(found) = self.find(path) {
            let entry = found.fetch_or(NEEDED, Ordering::Relaxed);
            let again = entry & NEEDED != 0;
            return Ok(match kind_of(entry) {
                EntryKind::File => (Spot::File, again),
                kind => (Spot::Taken(path.to_owned(), kind), again),
            });
        }
        Ok(match parents(path).find_map(|above| Some((above, self.find(above)?))) {
            Some((above, found)) if kind_of(found.load(Ordering::Relaxed)) != EntryKind::Folder => {
                // What is in the way is reported as that, and not as a stray too.
                let entry = found.fetch_or(NEEDED, Ordering::Relaxed);
                (Spot::Taken(above.to_owned(), kind_of(entry)), false)
            }
            _ => (Spot::Free, false),
        })
    }

    /// Marks everything as needed.
    pub(super) fn need_all(&self) {
        for entry in &self.entries {
            entry.fetch_or(NEEDED, Ordering::Relaxed);
        }
    }

    /// Whether something was listed that is not needed, so that it has to be looked for.
    pub(super) fn has_more_than_needed(&self) -> bool {
        let mut entries = self.entries.iter().map(|it| it.load(Ordering::Relaxed));
        self.empty_folders || entries.any(|it| it & NEEDED == 0 && kind_of(it) != EntryKind::Folder)
    }

    /// Whether this path was listed but is not needed.
    pub(super) fn is_stray(&self, path: &str) -> bool {
        self.find(path).is_some_and(|it| it.load(Ordering::Relaxed) & NEEDED == 0)
    }

    /// Whether this path is needed; none if it was not listed.
    pub(super) fn is_needed(&self, path: &str) -> Option<bool> {
        self.find(path).map(|it| it.load(Ordering::Relaxed) & NEEDED != 0)
    }

    fn find(&self, path: &str) -> Option<&AtomicU64> {
        let hash = hash(path);
        let from = *self.starts.get(usize::try_from(hash >> self.shift).ok()?)?;
        let bare = |entry: &&AtomicU64| entry.load(Ordering::Relaxed) & !(NEEDED | KIND);
        self.entries
            .get(usize::try_from(from).ok()?..)?
            .iter()
            .take_while(|it| bare(it) <= hash)
            .find(|it| bare(it) == hash)
    }
}

/// Whether a path is in an owned folder.
pub(super) fn is_owned(path: &str) -> bool {
    path.split_once('/').is_some_and(|(top, _)| OWNED.contains(&top))
}

/// Whether a name is `.git`, which makes the parent folder a repository.
pub(super) fn is_repository(name: &OsStr) -> bool {
    name.eq_ignore_ascii_case(".git")
}

/// A name as printable text: bytes that are not UTF-8 show as `�`, and control characters as
/// visible symbols. No generated file has such a name, so the result still identifies a stray.
pub(super) fn shown(name: &OsStr) -> Cow<'_, str> {
    match name.to_string_lossy() {
        Cow::Borrowed(text) => plain::line(text),
        Cow::Owned(text) => plain::line(&text).into_owned().into(),
    }
}

/// Looks up the path of a generated file outside of the owned folders (a schema beside the spec) on
/// the disk.
fn outside(disk: &dyn Disk, root: &Path, path: &str) -> io::Result<Spot> {
    for above in parents(path) {
        match disk.look(&root.join(above))? {
            None | Some((EntryKind::Folder, _)) => {}
            Some((kind, _)) => return Ok(Spot::Taken(above.to_owned(), kind)),
        }
    }
    Ok(match disk.look(&root.join(path))? {
        None => Spot::Free,
        Some((EntryKind::File, _)) => Spot::File,
        Some((kind, _)) => Spot::Taken(path.to_owned(), kind),
    })
}

/// The parents of a path: `a/b` and `a` for `a/b/c`.
fn parents(path: &str) -> impl Iterator<Item = &str> {
    path.rmatch_indices('/').map(|(at, _)| &path[..at])
}

/// Hashes with a random key for each process, so that nobody can choose a file name that collides
/// with another. The accesses to the disk and their order do not depend on the key.
fn hash(path: &str) -> u64 {
    static KEY: LazyLock<RandomState> = LazyLock::new(RandomState::new);
    KEY.hash_one(path) & !(NEEDED | KIND)
}

fn entry(path: &str, kind: EntryKind) -> u64 {
    hash(path) | kind as u64
}

fn kind_of(entry: u64) -> EntryKind {
    match entry & KIND {
        0 => EntryKind::File,
        1 => EntryKind::Folder,
        _ => EntryKind::Other,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_kind_is_what_was_put_in() {
        for kind in [EntryKind::File, EntryKind::Folder, EntryKind::Other] {
            assert_eq!(kind_of(entry("out/README.md", kind) | NEEDED), kind);
        }
    }
}
