//! The file system behind a trait: everything that reads, writes or moves a file goes through
//! [`Disk`], so that tests can make any step fail.

#![expect(clippy::disallowed_methods, reason = "the real `Disk`")]

use std::{
    ffi::OsString,
    fs::{self, File},
    io::{self, ErrorKind, Read as _, Write as _},
    path::{Path, PathBuf},
};

use crate::cli::stamp::Stamp;

/// What is at a path. A symbolic link is `Other`: it is never followed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum EntryKind {
    /// A regular file.
    File,
    /// A folder.
    Folder,
    /// A symbolic link, a pipe, a socket, a device.
    Other,
}

impl EntryKind {
    /// How messages name it.
    pub const fn noun(self) -> &'static str {
        match self {
            Self::File => "a file",
            Self::Folder => "a folder",
            Self::Other => "a symbolic link or a special file",
        }
    }
}

impl From<fs::FileType> for EntryKind {
    fn from(file_type: fs::FileType) -> Self {
        if file_type.is_file() {
            Self::File
        } else if file_type.is_dir() {
            Self::Folder
        } else {
            Self::Other
        }
    }
}

/// One entry of a folder.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Entry {
    /// The name, without the folder.
    pub name: OsString,
    /// What it is.
    pub kind: EntryKind,
}

/// The file system operations that the compiler needs.
///
/// This is a trait, and not `std::fs`, because crash safety is a promise, and a test keeps it by
/// making the n-th operation fail, for every n. A Git revision implements it too (read-only), so
/// that `diff --base` and `diff` share their code.
///
/// # Errors
/// Each operation returns the error of the file system without the path, which the caller adds.
pub trait Disk: Sync {
    /// What is at `path` and its size in bytes, or `None` if there is nothing.
    ///
    /// # Errors
    /// When the file system cannot tell.
    fn look(&self, path: &Path) -> io::Result<Option<(EntryKind, u64)>>;

    /// The path with all symbolic links resolved.
    ///
    /// # Errors
    /// When there is nothing at the path.
    fn resolve(&self, path: &Path) -> io::Result<PathBuf>;

    /// The entries of a folder, sorted by name.
    ///
    /// # Errors
    /// When the folder cannot be read.
    fn list(&self, path: &Path) -> io::Result<Vec<Entry>>;

    /// Reads the first `at_most` bytes of a file into a buffer, which is cleared first so that it
    /// can be reused.
    ///
    /// # Errors
    /// When the file cannot be read.
    fn read(&self, path: &Path, at_most: usize, into: &mut Vec<u8>) -> io::Result<()>;

    /// The stamp of the file at `path`; none where there is no file, or this disk has no stamps.
    ///
    /// # Errors
    /// When the file system cannot tell.
    fn stamp(&self, _path: &Path) -> io::Result<Option<Stamp>> {
        Ok(None)
    }

    /// The entries of a folder, in any order, files with their stamps.
    ///
    /// # Errors
    /// When the folder cannot be read.
    fn list_stamped(&self, path: &Path) -> io::Result<Vec<(Entry, Option<Stamp>)>> {
        Ok(self.list(path)?.into_iter().map(|it| (it, None)).collect())
    }

    /// The same as [`Self::read`], with the stamp that the file had before it was read.
    ///
    /// # Errors
    /// When the file cannot be read.
    fn read_stamped(
        &self,
        path: &Path,
        at_most: usize,
        into: &mut Vec<u8>,
    ) -> io::Result<Option<Stamp>> {
        self.read(path, at_most, into).map(|()| None)
    }

    /// Writes a file that does not exist yet.
    ///
    /// # Errors
    /// When it exists already, or cannot be written completely.
    fn create(&self, path: &Path, bytes: &[u8]) -> io::Result<()>;

    /// The same as [`Self::create`], with the stamp that the file has then.
    ///
    /// # Errors
    /// When it exists already, or cannot be written completely.
    fn create_stamped(&self, path: &Path, bytes: &[u8]) -> io::Result<Option<Stamp>> {
        self.create(path, bytes).map(|()| None)
    }

    /// Writes a file that does not exist yet, and that only its owner may read.
    ///
    /// # Errors
    /// When it exists already, or cannot be written completely.
    fn create_private(&self, path: &Path, bytes: &[u8]) -> io::Result<()>;

    /// Atomically moves a file over another one, or a folder to a path where there is nothing.
    ///
    /// # Errors
    /// When the file system refuses; then nothing has moved.
    fn rename(&self, from: &Path, to: &Path) -> io::Result<()>;

    /// Creates a folder and its parents.
    ///
    /// # Errors
    /// When one of them cannot be created.
    fn create_folders(&self, path: &Path) -> io::Result<()>;

    /// Removes a file, or a symbolic link but not its target.
    ///
    /// # Errors
    /// When it cannot be removed.
    fn remove_file(&self, path: &Path) -> io::Result<()>;

    /// Removes an empty folder.
    ///
    /// # Errors
    /// When it is not empty or cannot be removed.
    fn remove_folder(&self, path: &Path) -> io::Result<()>;

    /// Removes a folder with everything in it; it is no error if there is none.
    ///
    /// # Errors
    /// When something in it cannot be removed.
    fn remove_all(&self, path: &Path) -> io::Result<()>;

    /// Flushes renames in this folder to the disk. Best effort: not every file system supports
    /// that.
    ///
    /// # Errors
    /// When the file system refuses.
    fn sync(&self, folder: &Path) -> io::Result<()>;
}

/// Writes a file beside the old one and moves it into place, so that an interruption leaves the old
/// one, and nothing else.
///
/// # Errors
/// When the file cannot be written; then the old one is still there.
pub fn replace(disk: &dyn Disk, path: &Path, text: &str) -> io::Result<()> {
    let beside = beside(path);
    if disk.look(&beside)?.is_some() {
        disk.remove_file(&beside)?;
    }
    let done = disk.create(&beside, text.as_bytes()).and_then(|()| disk.rename(&beside, path));
    if done.is_err() {
        let _ = disk.remove_file(&beside);
    }
    done
}

/// The path of a new file before it is moved into place.
pub fn beside(path: &Path) -> PathBuf {
    let mut beside = path.as_os_str().to_owned();
    beside.push(".espalier-new");
    PathBuf::from(beside)
}

/// The file system of the machine.
#[derive(Clone, Copy, Debug, Default)]
pub struct RealDisk;

impl Disk for RealDisk {
    fn look(&self, path: &Path) -> io::Result<Option<(EntryKind, u64)>> {
        match fs::symlink_metadata(path) {
            Ok(metadata) => Ok(Some((metadata.file_type().into(), metadata.len()))),
            Err(error)
                if matches!(error.kind(), ErrorKind::NotFound | ErrorKind::NotADirectory) =>
            {
                Ok(None)
            }
            Err(error) => Err(error),
        }
    }

    fn resolve(&self, path: &Path) -> io::Result<PathBuf> {
        fs::canonicalize(path)
    }

    fn list(&self, path: &Path) -> io::Result<Vec<Entry>> {
        let mut all = Vec::new();
        for entry in fs::read_dir(path)? {
            let entry = entry?;
            all.push(Entry { name: entry.file_name(), kind: entry.file_type()?.into() });
        }
        all.sort_unstable();
        Ok(all)
    }

    fn read(&self, path: &Path, at_most: usize, into: &mut Vec<u8>) -> io::Result<()> {
        into.clear();
        fill(&File::open(path)?, at_most, into)
    }

    fn stamp(&self, path: &Path) -> io::Result<Option<Stamp>> {
        match fs::symlink_metadata(path) {
            Ok(metadata) => Ok(Stamp::of(&metadata).filter(|_| metadata.is_file())),
            Err(error) if error.kind() == ErrorKind::NotFound => Ok(None),
            Err(error) => Err(error),
        }
    }

    fn list_stamped(&self, path: &Path) -> io::Result<Vec<(Entry, Option<Stamp>)>> {
        let mut all = Vec::new();
        for entry in fs::read_dir(path)? {
            let entry = entry?;
            let kind = EntryKind::from(entry.file_type()?);
            let stamp = match kind {
                EntryKind::File => Stamp::of(&entry.metadata()?),
                EntryKind::Folder | EntryKind::Other => None,
            };
            all.push((Entry { name: entry.file_name(), kind }, stamp));
        }
        Ok(all)
    }

    fn read_stamped(
        &self,
        path: &Path,
        at_most: usize,
        into: &mut Vec<u8>,
    ) -> io::Result<Option<Stamp>> {
        into.clear();
        let file = File::open(path)?;
        let stamp = Stamp::of(&file.metadata()?);
        fill(&file, at_most, into).map(|()| stamp)
    }

    fn create(&self, path: &Path, bytes: &[u8]) -> io::Result<()> {
        written(path, bytes).map(drop)
    }

    fn create_stamped(&self, path: &Path, bytes: &[u8]) -> io::Result<Option<Stamp>> {
        Ok(Stamp::of(&written(path, bytes)?.metadata()?))
    }

    fn create_private(&self, path: &Path, bytes: &[u8]) -> io::Result<()> {
        let mut options = File::options();
        options.write(true).create_new(true);
        #[cfg(unix)]
        std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
        let mut file = options.open(path)?;
        file.write_all(bytes)?;
        file.sync_all()
    }

    fn rename(&self, from: &Path, to: &Path) -> io::Result<()> {
        fs::rename(from, to)
    }

    fn create_folders(&self, path: &Path) -> io::Result<()> {
        fs::create_dir_all(path)
    }

    fn remove_file(&self, path: &Path) -> io::Result<()> {
        fs::remove_file(path)
    }

    fn remove_folder(&self, path: &Path) -> io::Result<()> {
        fs::remove_dir(path)
    }

    fn remove_all(&self, path: &Path) -> io::Result<()> {
        match fs::remove_dir_all(path) {
            Err(error) if error.kind() == ErrorKind::NotFound => Ok(()),
            done => done,
        }
    }

    fn sync(&self, folder: &Path) -> io::Result<()> {
        File::open(folder)?.sync_all()
    }
}

/// Fills a buffer with the first bytes of a file.
fn fill(mut file: &File, at_most: usize, into: &mut Vec<u8>) -> io::Result<()> {
    into.resize(at_most, 0);
    let mut filled = 0;
    while filled < at_most {
        match file.read(&mut into[filled..]) {
            Ok(read) => {
                // A regular file returns less than was asked for only at its end. So there is no
                // second call that returns zero, which would be one call in four when 130,000
                // files are compared.
                filled += read;
                if filled < at_most {
                    break;
                }
            }
            Err(error) if error.kind() == ErrorKind::Interrupted => {}
            Err(error) => {
                into.clear();
                return Err(error);
            }
        }
    }
    into.truncate(filled);
    Ok(())
}

/// A file that did not exist, with these bytes.
fn written(path: &Path, bytes: &[u8]) -> io::Result<File> {
    let mut options = File::options();
    options.write(true).create_new(true);
    // Scripts are executable where the file system supports that; Git keeps the mode.
    #[cfg(unix)]
    if bytes.starts_with(b"#!") {
        std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o777);
    }
    let mut file = options.open(path)?;
    file.write_all(bytes)?;
    Ok(file)
}
