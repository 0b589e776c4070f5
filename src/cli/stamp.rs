//! What the file system says of a file that nobody changes without it, and the sum of many of them.

use std::{
    fs::Metadata,
    hash::{DefaultHasher, Hash, Hasher as _},
    sync::atomic::{AtomicBool, AtomicU64, Ordering::Relaxed},
};

use serde::{Deserialize, Serialize};

/// What stays the same for as long as nobody writes, replaces, renames or links a file, as in Git's
/// index. Times are nanoseconds since 1970, by the clock of the file system.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Stamp {
    device: u64,
    inode: u64,
    size: u64,
    /// When its bytes were written, or what somebody claims who sets it back.
    modified: u64,
    /// When its bytes or anything else of it changed: nobody sets this one back.
    changed: u64,
}

impl Stamp {
    /// The stamp of a file; none on systems that have none.
    #[cfg(unix)]
    pub fn of(file: &Metadata) -> Option<Self> {
        use std::os::unix::fs::MetadataExt as _;
        let time = |seconds: i64, nanoseconds: i64| {
            u64::try_from(seconds)
                .ok()?
                .checked_mul(1_000_000_000)?
                .checked_add(u64::try_from(nanoseconds).ok()?)
        };
        Some(Self {
            device: file.dev(),
            inode: file.ino(),
            size: file.size(),
            modified: time(file.mtime(), file.mtime_nsec())?,
            changed: time(file.ctime(), file.ctime_nsec())?,
        })
    }

    /// Only Unix tells when a file was changed, whatever its owner says.
    #[cfg(not(unix))]
    pub fn of(_: &Metadata) -> Option<Self> {
        None
    }

    /// When this was made, of a file that was made for the sake of that.
    pub const fn made(self) -> u64 {
        self.modified
    }

    /// Whether this is the same file, with the same bytes, after a rename.
    fn is_moved(self, before: Self) -> bool {
        Self { changed: before.changed, ..self } == before
    }
}

/// The sum of the stamps of files with their paths, in any order.
///
/// It is as good as a list: two sets of files have the same sum once in 2⁶⁴ times, and nobody
/// chooses inodes and times.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Sum {
    files: u64,
    hashes: u64,
}

impl Sum {
    /// Adds a file; its path is relative to the root.
    pub fn add(&mut self, path: &str, stamp: Stamp) {
        self.files += 1;
        self.hashes = self.hashes.wrapping_add(hash(path, stamp));
    }

    /// Adds a folder that has nothing in it.
    pub fn add_folder(&mut self, path: &str) {
        let mut hasher = DefaultHasher::new();
        path.hash(&mut hasher);
        self.hashes = self.hashes.wrapping_add(hasher.finish());
    }
}

fn hash(path: &str, stamp: Stamp) -> u64 {
    let mut hasher = DefaultHasher::new();
    path.hash(&mut hasher);
    stamp.hash(&mut hasher);
    hasher.finish()
}

/// Whether a file that changed at a time was left alone from a later one on, by the file system's
/// own clock.
///
/// Whatever is done to a file within one tick of that clock leaves the same time: so a time counts
/// as earlier only by more than a tick. Clocks tick every 10 ms or faster; file systems that keep
/// whole seconds, or two, keep no smaller part of one.
pub const fn is_before(changed: u64, now: u64) -> bool {
    changed.saturating_add(tick(now)) < now
}

/// The longest tick of a clock that shows this time, in nanoseconds, and as much again.
pub const fn tick(now: u64) -> u64 {
    if now.is_multiple_of(1_000_000) { 4_000_000_000 } else { 20_000_000 }
}

/// The files of a tree as one run has seen them, from any thread: unchanged ones as they were read,
/// the others as they were staged and moved into place.
#[derive(Debug, Default)]
pub struct Seen {
    files: AtomicU64,
    hashes: AtomicU64,
    read: AtomicU64,
    staged: AtomicU64,
    is_vague: AtomicBool,
}

impl Seen {
    /// A file that has the right bytes already.
    pub fn unchanged(&self, path: &str, stamp: Option<Stamp>) {
        let Some(stamp) = stamp else { return self.vague() };
        self.add(path, stamp);
        self.read.fetch_max(stamp.changed, Relaxed);
    }

    /// A file that was written to the stage.
    pub fn staged(&self, path: &str, stamp: Option<Stamp>) {
        let Some(stamp) = stamp else { return self.vague() };
        self.add(path, stamp);
        self.staged.fetch_max(stamp.modified, Relaxed);
    }

    /// A staged file that was moved into place by itself.
    pub fn moved(&self, path: &str, before: Option<Stamp>, after: Option<Stamp>) {
        match before.zip(after) {
            Some((before, after)) if after.is_moved(before) => {
                let change = hash(path, after).wrapping_sub(hash(path, before));
                self.hashes.fetch_add(change, Relaxed);
            }
            _ => self.vague(),
        }
    }

    /// Something that no stamp tells of.
    pub fn vague(&self) {
        self.is_vague.store(true, Relaxed);
    }

    fn add(&self, path: &str, stamp: Stamp) {
        self.files.fetch_add(1, Relaxed);
        self.hashes.fetch_add(hash(path, stamp), Relaxed);
    }

    /// Whether everything that was staged was left alone since, at this time.
    pub fn is_settled(&self, now: u64) -> bool {
        is_before(self.staged.load(Relaxed), now)
    }

    /// How many files there are.
    pub fn files(&self) -> u64 {
        self.files.load(Relaxed)
    }

    /// The sum of all of them; none if one is not known well enough, or has changed since the run
    /// began.
    pub fn sum(&self, begun: u64) -> Option<Sum> {
        let is_sure = !self.is_vague.load(Relaxed) && is_before(self.read.load(Relaxed), begun);
        is_sure.then(|| Sum { files: self.files(), hashes: self.hashes.load(Relaxed) })
    }
}

/// The stamps of input files, with the time of the latest change.
#[derive(Clone, Copy, Debug, Default)]
pub struct Inputs {
    /// Their sum.
    pub sum: Sum,
    latest: u64,
}

impl Inputs {
    /// Adds a file.
    pub fn add(&mut self, path: &str, stamp: Stamp) {
        self.sum.add(path, stamp);
        self.latest = self.latest.max(stamp.changed);
    }

    /// Whether none was changed since.
    pub const fn are_before(&self, begun: u64) -> bool {
        is_before(self.latest, begun)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: u64 = 1_700_000_000_123_456_789;

    fn stamp(inode: u64, changed: u64) -> Stamp {
        Stamp { device: 1, inode, size: 7, modified: changed, changed }
    }

    #[test]
    fn within_a_tick_nothing_is_before() {
        assert!(!is_before(NOW, NOW) && !is_before(NOW - 10_000_000, NOW));
        assert!(is_before(NOW - 21_000_000, NOW));
        let whole = 1_700_000_000_000_000_000;
        assert!(
            !is_before(whole - 2_000_000_000, whole) && is_before(whole - 5_000_000_000, whole)
        );
    }

    #[test]
    fn a_sum_knows_paths_and_stamps_in_any_order() {
        let sum = |files: &[(&str, Stamp)]| {
            let mut sum = Sum::default();
            for (path, stamp) in files {
                sum.add(path, *stamp);
            }
            sum
        };
        let (a, b) = (("out/a", stamp(1, NOW)), ("out/b", stamp(2, NOW)));
        assert_eq!(sum(&[a, b]), sum(&[b, a]));
        for other in [
            vec![a],
            vec![a, b, b],
            vec![("out/b", a.1), ("out/a", b.1)],
            vec![a, ("out/b", stamp(2, NOW + 1))],
            vec![a, ("out/b", Stamp { size: 8, ..b.1 })],
            vec![a, ("out/b", Stamp { modified: 0, ..b.1 })],
            vec![a, ("out/b", Stamp { device: 2, ..b.1 })],
        ] {
            assert_ne!(sum(&[a, b]), sum(&other), "{other:?}");
        }
    }

    #[test]
    fn what_a_run_saw_is_what_a_walk_sees() {
        let (seen, mut sum) = (Seen::default(), Sum::default());
        let (old, staged) = (stamp(1, NOW - 50_000_000), stamp(2, NOW));
        let moved = Stamp { changed: NOW + 5, ..staged };
        seen.unchanged("out/old", Some(old));
        seen.staged("out/new", Some(staged));
        seen.moved("out/new", Some(staged), Some(moved));
        sum.add("out/new", moved);
        sum.add("out/old", old);
        assert_eq!(seen.sum(NOW), Some(sum));
        assert_eq!(seen.sum(NOW - 40_000_000), None, "one was changed when the run began");
        assert!(!seen.is_settled(NOW + 1) && seen.is_settled(NOW + 30_000_000));
    }

    #[test]
    fn what_is_not_known_well_enough_has_no_sum() {
        let other = Stamp { size: 9, ..stamp(2, NOW) };
        let tell: [&dyn Fn(&Seen); 4] = [
            &|it| it.unchanged("out/a", None),
            &|it| it.staged("out/a", None),
            &|it| it.moved("out/a", Some(stamp(2, NOW)), None),
            &|it| it.moved("out/a", Some(stamp(2, NOW)), Some(other)),
        ];
        for tell in tell {
            let seen = Seen::default();
            seen.unchanged("out/b", Some(stamp(1, 0)));
            assert!(seen.sum(NOW).is_some());
            tell(&seen);
            assert_eq!(seen.sum(NOW), None);
        }
    }
}
