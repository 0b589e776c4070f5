//! What lies in the folders that we own, as a sorted list of hashes: 16 bytes a path, whatever its length.

use std::{
    hash::{DefaultHasher, Hash as _, Hasher as _},
    io,
    path::Path,
    sync::atomic::{AtomicBool, Ordering},
};

use crate::cli::disk::{Disk, Kind};

/// The folders whose generated files are ours to write and to remove.
pub const OWNED: [&str; 3] = ["apps", "bootstrap", "out"];

/// A listing of the owned folders, made once before anything is compared.
///
/// Ten thousand tenants are 130,000 files: their paths would be 15 MB, their hashes are 2. That two paths of that many share a hash has one
/// chance in 10⁹; then one of them would be called written twice, or a stray go unseen.
#[derive(Debug, Default)]
pub struct Index {
    /// Sorted by hash.
    entries: Vec<Listed>,
    /// Where the entries of each leading bits begin: a search ends within two cache lines, where halving would take seventeen.
    starts: Vec<usize>,
    /// How many bits to drop of a hash for the leading ones.
    shift: u32,
    empty_folders: bool,
}

#[derive(Debug)]
struct Listed {
    hash: u64,
    kind: Kind,
    needed: AtomicBool,
}

/// What the listing says of a path that we are about to need.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Spot {
    /// A file is there.
    File,
    /// Nothing is there, and nothing is in the way.
    Free,
    /// Something other than a file is there, or something other than a folder is above: its path and what it is.
    Taken(String, Kind),
}

impl Index {
    /// Lists the owned folders below `root`. Links are noted, not followed.
    ///
    /// # Errors
    /// When a folder cannot be listed, with its path.
    pub fn read(disk: &dyn Disk, root: &Path) -> Result<Self, (String, io::Error)> {
        let mut it = Self::default();
        let mut path = String::new();
        for top in OWNED {
            top.clone_into(&mut path);
            let Some((kind, _)) = disk.look(&root.join(top)).map_err(|error| (path.clone(), error))? else { continue };
            it.push(top, kind);
            if kind == Kind::Folder {
                it.walk(disk, root, &mut path)?;
            }
        }
        it.entries.sort_unstable_by_key(|it| it.hash);
        it.shift = (it.entries.len() as u64 | 1).leading_zeros();
        for (at, entry) in it.entries.iter().enumerate() {
            while it.starts.len() as u64 <= entry.hash >> it.shift {
                it.starts.push(at);
            }
        }
        Ok(it)
    }

    fn push(&mut self, path: &str, kind: Kind) {
        self.entries.push(Listed { hash: hash(path), kind, needed: AtomicBool::new(false) });
    }

    fn walk(&mut self, disk: &dyn Disk, root: &Path, path: &mut String) -> Result<(), (String, io::Error)> {
        let listing = disk.list(&root.join(&*path)).map_err(|error| (path.clone(), error))?;
        self.empty_folders |= listing.is_empty();
        let length = path.len();
        for entry in listing {
            path.push('/');
            path.push_str(&entry.name.to_string_lossy());
            self.push(path, entry.kind);
            if entry.kind == Kind::Folder {
                self.walk(disk, root, path)?;
            }
            path.truncate(length);
        }
        Ok(())
    }

    /// Looks a path up, and notes that it is needed. The second value says that it was asked for before.
    pub fn need(&self, disk: &dyn Disk, root: &Path, path: &str) -> io::Result<(Spot, bool)> {
        if !is_owned(path) {
            return Ok((outside(disk, root, path)?, false));
        }
        if let Some(it) = self.find(path) {
            let again = it.needed.swap(true, Ordering::Relaxed);
            return Ok(match it.kind {
                Kind::File => (Spot::File, again),
                kind => (Spot::Taken(path.to_owned(), kind), again),
            });
        }
        Ok(match parents(path).find_map(|above| Some((above, self.find(above)?.kind))) {
            None | Some((_, Kind::Folder)) => (Spot::Free, false),
            Some((above, kind)) => (Spot::Taken(above.to_owned(), kind), false),
        })
    }

    /// Whether something was listed that nobody needed: then a walk is worth its while.
    pub fn has_more_than_needed(&self) -> bool {
        self.empty_folders || self.entries.iter().any(|it| it.kind != Kind::Folder && !it.needed.load(Ordering::Relaxed))
    }

    /// Whether this very path was listed and nobody needed it.
    pub fn is_stray(&self, path: &str) -> bool {
        self.find(path).is_some_and(|it| !it.needed.load(Ordering::Relaxed))
    }

    fn find(&self, path: &str) -> Option<&Listed> {
        let hash = hash(path);
        let from = *self.starts.get(usize::try_from(hash >> self.shift).ok()?)?;
        self.entries.get(from..)?.iter().take_while(|it| it.hash <= hash).find(|it| it.hash == hash)
    }
}

/// Whether a path lies in a folder that we own.
pub fn is_owned(path: &str) -> bool {
    path.split_once('/').is_some_and(|(top, _)| OWNED.contains(&top))
}

/// A needed path outside of the owned folders (the schema beside the spec): asked of the disk, step by step.
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

/// Without a random seed, so that two runs ask the disk the same things in the same order.
fn hash(path: &str) -> u64 {
    let mut hasher = DefaultHasher::new();
    path.hash(&mut hasher);
    hasher.finish()
}
