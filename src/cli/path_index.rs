//! What lies in the folders that we own, as a sorted list of hashes: 8 bytes a path, whatever its
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
    cli::disk::{Disk, Kind},
    diag::plain,
};

/// The folders whose generated files are ours to write and to remove.
pub const OWNED: [&str; 3] = ["apps", "bootstrap", "out"];

/// A listing of the owned folders, made once before anything is compared.
///
/// Ten thousand tenants are 160,000 files: their paths would be 18 MB, their hashes are 1.3. That
/// two paths of that many share a hash has one chance in 10⁸; then one of them would be called
/// written twice, or a stray go unseen.
#[derive(Debug, Default)]
pub struct PathIndex {
    /// Sorted. The last three bits of a hash make room for the kind and for [`NEEDED`].
    entries: Vec<AtomicU64>,
    /// Where the entries of each leading bits begin: a search ends within two cache lines, where
    /// halving would take seventeen.
    starts: Vec<u32>,
    /// How many bits to drop of a hash for the leading ones.
    shift: u32,
    empty_folders: bool,
}

/// The bit that says that a path is needed.
const NEEDED: u64 = 0b100;

/// The bits that say what lies at a path, in the order of [`kind_of`].
const KIND: u64 = 0b011;

/// What the listing says of a path that we are about to need.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Spot {
    /// A file is there.
    File,
    /// Nothing is there, and nothing is in the way.
    Free,
    /// Something other than a file is there, or something other than a folder is above: its path
    /// and what it is.
    Taken(String, Kind),
}

impl PathIndex {
    /// Lists the owned folders below `root`. Links are noted, not followed.
    ///
    /// # Errors
    /// When a folder cannot be listed, with its path.
    pub fn read(disk: &dyn Disk, root: &Path) -> Result<Self, (String, io::Error)> {
        let mut it = Self::default();
        let (mut path, mut entries) = (String::new(), Vec::new());
        for top in OWNED {
            top.clone_into(&mut path);
            let Some((kind, _)) =
                disk.look(&root.join(top)).map_err(|error| (path.clone(), error))?
            else {
                continue;
            };
            entries.push(entry(top, kind));
            if kind == Kind::Folder {
                it.walk(disk, root, &mut path, &mut entries)?;
            }
        }
        entries.sort_unstable();
        it.shift = (entries.len() as u64 >> 3 | 1).leading_zeros();
        for (at, entry) in (0..).zip(&entries) {
            while it.starts.len() as u64 <= entry >> it.shift {
                it.starts.push(at);
            }
        }
        entries.shrink_to_fit();
        it.entries = entries.into_iter().map(AtomicU64::new).collect();
        Ok(it)
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
            // Another repository's own folder is one thing, whatever is in it.
            let kind = if is_repository(&listing.name) { Kind::Other } else { listing.kind };
            entries.push(entry(path, kind));
            if kind == Kind::Folder {
                self.walk(disk, root, path, entries)?;
            }
            path.truncate(length);
        }
        Ok(())
    }

    /// Looks a path up, and notes that it is needed. The second value says that it was asked for
    /// before.
    ///
    /// # Errors
    /// When the disk cannot tell what lies outside of the owned folders.
    pub fn need(&self, disk: &dyn Disk, root: &Path, path: &str) -> io::Result<(Spot, bool)> {
        if !is_owned(path) {
            return Ok((outside(disk, root, path)?, false));
        }
        if let Some(it) = self.find(path) {
            let entry = it.fetch_or(NEEDED, Ordering::Relaxed);
            let again = entry & NEEDED != 0;
            return Ok(match kind_of(entry) {
                Kind::File => (Spot::File, again),
                kind => (Spot::Taken(path.to_owned(), kind), again),
            });
        }
        Ok(match parents(path).find_map(|above| Some((above, self.find(above)?))) {
            Some((above, it)) if kind_of(it.load(Ordering::Relaxed)) != Kind::Folder => {
                // What stands in the way is told as that, and not as a stray besides.
                let entry = it.fetch_or(NEEDED, Ordering::Relaxed);
                (Spot::Taken(above.to_owned(), kind_of(entry)), false)
            }
            _ => (Spot::Free, false),
        })
    }

    /// Whether something was listed that nobody needed: then a walk is worth its while.
    pub fn has_more_than_needed(&self) -> bool {
        let mut entries = self.entries.iter().map(|it| it.load(Ordering::Relaxed));
        self.empty_folders || entries.any(|it| it & NEEDED == 0 && kind_of(it) != Kind::Folder)
    }

    /// Whether this very path was listed and nobody needed it.
    pub fn is_stray(&self, path: &str) -> bool {
        self.find(path).is_some_and(|it| it.load(Ordering::Relaxed) & NEEDED == 0)
    }

    /// Whether this very path was listed, and whether it is needed.
    pub fn is_needed(&self, path: &str) -> Option<bool> {
        self.find(path).map(|it| it.load(Ordering::Relaxed) & NEEDED != 0)
    }

    fn find(&self, path: &str) -> Option<&AtomicU64> {
        let hash = hash(path);
        let from = *self.starts.get(usize::try_from(hash >> self.shift).ok()?)?;
        let bare = |it: &&AtomicU64| it.load(Ordering::Relaxed) & !(NEEDED | KIND);
        self.entries
            .get(usize::try_from(from).ok()?..)?
            .iter()
            .take_while(|it| bare(it) <= hash)
            .find(|it| bare(it) == hash)
    }
}

/// Whether a path lies in a folder that we own.
pub fn is_owned(path: &str) -> bool {
    path.split_once('/').is_some_and(|(top, _)| OWNED.contains(&top))
}

/// Whether a folder is what makes the one above it a repository.
pub fn is_repository(name: &OsStr) -> bool {
    name.eq_ignore_ascii_case(".git")
}

/// A name as text that can be printed: what is not UTF-8 in it shows as `�`, what a terminal would
/// obey as its picture. No generated file has such a name, so it stays a stray.
pub fn shown(name: &OsStr) -> Cow<'_, str> {
    match name.to_string_lossy() {
        Cow::Borrowed(text) => plain::line(text),
        Cow::Owned(text) => plain::line(&text).into_owned().into(),
    }
}

/// A needed path outside of the owned folders (the schema beside the spec): asked of the disk, step
/// by step.
fn outside(disk: &dyn Disk, root: &Path, path: &str) -> io::Result<Spot> {
    for above in parents(path) {
        match disk.look(&root.join(above))? {
            None | Some((Kind::Folder, _)) => {}
            Some((kind, _)) => return Ok(Spot::Taken(above.to_owned(), kind)),
        }
    }
    Ok(match disk.look(&root.join(path))? {
        None => Spot::Free,
        Some((Kind::File, _)) => Spot::File,
        Some((kind, _)) => Spot::Taken(path.to_owned(), kind),
    })
}

/// `a/b`, `a` of `a/b/c`.
fn parents(path: &str) -> impl Iterator<Item = &str> {
    path.rmatch_indices('/').map(|(at, _)| &path[..at])
}

/// By a key that is drawn once a process: nobody can name a file so that it passes for another.
/// What is asked of the disk, and in which order, does not follow from it.
fn hash(path: &str) -> u64 {
    static KEY: LazyLock<RandomState> = LazyLock::new(RandomState::new);
    KEY.hash_one(path) & !(NEEDED | KIND)
}

fn entry(path: &str, kind: Kind) -> u64 {
    hash(path) | kind as u64
}

fn kind_of(entry: u64) -> Kind {
    match entry & KIND {
        0 => Kind::File,
        1 => Kind::Folder,
        _ => Kind::Other,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_kind_is_what_was_put_in() {
        for kind in [Kind::File, Kind::Folder, Kind::Other] {
            assert_eq!(kind_of(entry("out/README.md", kind) | NEEDED), kind);
        }
    }
}
