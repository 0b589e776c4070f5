//! A disk that fails, or whose process dies, at its n-th change.

use std::{
    io,
    path::{Path, PathBuf},
    sync::atomic::{AtomicBool, AtomicUsize, Ordering},
};

use espalier::cli::disk::{Disk, Entry, EntryKind, RealDisk};

/// What happens at the n-th change.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fault {
    /// The change is refused, and the program continues.
    Refused,
    /// The process dies before the change.
    KilledBefore,
    /// The process dies in the middle of the change: half a file is written, half a folder removed;
    /// a rename happens completely.
    KilledWithin,
}

/// The real disk, with one fault.
#[derive(Debug)]
pub struct FaultyDisk {
    fault: Fault,
    at: usize,
    changes: AtomicUsize,
    is_dead: AtomicBool,
}

/// What to do with a change.
enum Next {
    Do,
    DoHalf,
    Refuse,
}

impl FaultyDisk {
    /// A disk whose change number `at` (from 1) fails.
    pub fn new(fault: Fault, at: usize) -> Self {
        Self { fault, at, changes: AtomicUsize::new(0), is_dead: AtomicBool::new(false) }
    }

    /// Whether the fault has happened.
    pub fn has_failed(&self) -> bool {
        self.changes.load(Ordering::SeqCst) >= self.at
    }

    fn next(&self) -> Next {
        if self.is_dead.load(Ordering::SeqCst) {
            return Next::Refuse;
        }
        if self.changes.fetch_add(1, Ordering::SeqCst) + 1 != self.at {
            return Next::Do;
        }
        self.is_dead.store(self.fault != Fault::Refused, Ordering::SeqCst);
        if self.fault == Fault::KilledWithin { Next::DoHalf } else { Next::Refuse }
    }

    fn change(
        &self,
        whole: impl FnOnce() -> io::Result<()>,
        half: impl FnOnce() -> io::Result<()>,
    ) -> io::Result<()> {
        match self.next() {
            Next::Do => whole(),
            Next::DoHalf => half().and(Err(io::Error::other("killed"))),
            Next::Refuse => Err(io::Error::other("refused")),
        }
    }

    fn alive<T>(&self, what: impl FnOnce() -> io::Result<T>) -> io::Result<T> {
        if self.is_dead.load(Ordering::SeqCst) { Err(io::Error::other("dead")) } else { what() }
    }
}

impl Disk for FaultyDisk {
    fn look(&self, path: &Path) -> io::Result<Option<(EntryKind, u64)>> {
        self.alive(|| RealDisk.look(path))
    }

    fn resolve(&self, path: &Path) -> io::Result<PathBuf> {
        self.alive(|| RealDisk.resolve(path))
    }

    fn list(&self, path: &Path) -> io::Result<Vec<Entry>> {
        self.alive(|| RealDisk.list(path))
    }

    fn read(&self, path: &Path, at_most: usize, into: &mut Vec<u8>) -> io::Result<()> {
        self.alive(|| RealDisk.read(path, at_most, into))
    }

    fn create(&self, path: &Path, bytes: &[u8]) -> io::Result<()> {
        // If the folder does not exist, nothing changes: that is no change to count.
        if !path.parent().is_some_and(Path::exists) {
            return self.alive(|| RealDisk.create(path, bytes));
        }
        self.change(
            || RealDisk.create(path, bytes),
            || RealDisk.create(path, &bytes[..bytes.len() / 2]),
        )
    }

    fn create_private(&self, path: &Path, bytes: &[u8]) -> io::Result<()> {
        self.change(
            || RealDisk.create_private(path, bytes),
            || RealDisk.create_private(path, &bytes[..bytes.len() / 2]),
        )
    }

    fn rename(&self, from: &Path, to: &Path) -> io::Result<()> {
        self.change(|| RealDisk.rename(from, to), || RealDisk.rename(from, to))
    }

    fn create_folders(&self, path: &Path) -> io::Result<()> {
        let half = || path.parent().map_or(Ok(()), |it| RealDisk.create_folders(it));
        self.change(|| RealDisk.create_folders(path), half)
    }

    fn remove_file(&self, path: &Path) -> io::Result<()> {
        self.change(|| RealDisk.remove_file(path), || RealDisk.remove_file(path))
    }

    fn remove_folder(&self, path: &Path) -> io::Result<()> {
        self.change(|| RealDisk.remove_folder(path), || RealDisk.remove_folder(path))
    }

    fn remove_all(&self, path: &Path) -> io::Result<()> {
        let half = || match RealDisk.list(path) {
            Ok(all) => all.first().map_or(Ok(()), |entry| {
                RealDisk
                    .remove_all(&path.join(&entry.name))
                    .or_else(|_| RealDisk.remove_file(&path.join(&entry.name)))
            }),
            Err(_) => Ok(()),
        };
        self.change(|| RealDisk.remove_all(path), half)
    }

    fn sync(&self, folder: &Path) -> io::Result<()> {
        self.alive(|| RealDisk.sync(folder))
    }
}
