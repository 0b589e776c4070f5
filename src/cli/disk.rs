//! The seam to the file system: whatever reads, writes or moves a file goes through [`Disk`], so
//! that tests can make any step fail.

use std::{
    ffi::OsString,
    fs::{self, File},
    io::{self, ErrorKind, Read as _, Write as _},
    path::{Path, PathBuf},
};

/// What lies at a path. A symbolic link is `Other`: it is looked at, never followed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Kind {
    /// A regular file.
    File,
    /// A folder.
    Folder,
    /// A symbolic link, a pipe, a socket, a device.
    Other,
}

impl Kind {
    /// How a message calls it.
    pub const fn noun(self) -> &'static str {
        match self {
            Self::File => "a file",
            Self::Folder => "a folder",
            Self::Other => "a symbolic link or a special file",
        }
    }
}

impl From<fs::FileType> for Kind {
    fn from(it: fs::FileType) -> Self {
        if it.is_file() {
            Self::File
        } else if it.is_dir() {
            Self::Folder
        } else {
            Self::Other
        }
    }
}

/// One line of a folder's listing.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Entry {
    /// The bare name.
    pub name: OsString,
    /// What it is.
    pub kind: Kind,
}

/// The few operations that the compiler needs of a file system.
///
/// A trait and not `std::fs` because crash safety is a promise: a test that lets the n-th operation
/// fail, for every n, is what keeps it. A Git revision implements it too (read-only), so that `diff
/// --base` and `diff` are one piece of code.
///
/// # Errors
/// Each operation returns what the file system says, without a path: the caller adds it.
pub trait Disk: Sync {
    /// What lies at `path` and its size in bytes, or `None` where there is nothing.
    ///
    /// # Errors
    /// When the file system cannot tell.
    fn look(&self, path: &Path) -> io::Result<Option<(Kind, u64)>>;

    /// Where a path leads once every link in it is followed.
    ///
    /// # Errors
    /// When it leads nowhere.
    fn resolve(&self, path: &Path) -> io::Result<PathBuf>;

    /// What a folder holds, in the order of names.
    ///
    /// # Errors
    /// When the folder cannot be read.
    fn list(&self, path: &Path) -> io::Result<Vec<Entry>>;

    /// The first `at_most` bytes of a file, into a buffer that is emptied first (so that it can be
    /// reused).
    ///
    /// # Errors
    /// When the file cannot be read.
    fn read(&self, path: &Path, at_most: usize, into: &mut Vec<u8>) -> io::Result<()>;

    /// Writes a file that is not there yet.
    ///
    /// # Errors
    /// When it is there already, or cannot be written whole.
    fn create(&self, path: &Path, bytes: &[u8]) -> io::Result<()>;

    /// Writes a file that is not there yet, and that its owner alone may read.
    ///
    /// # Errors
    /// When it is there already, or cannot be written whole.
    fn create_private(&self, path: &Path, bytes: &[u8]) -> io::Result<()>;

    /// Moves a file over a file, or a folder to where nothing is, in one step.
    ///
    /// # Errors
    /// When the file system refuses; then nothing has moved.
    fn rename(&self, from: &Path, to: &Path) -> io::Result<()>;

    /// Makes a folder and those above it.
    ///
    /// # Errors
    /// When one of them cannot be made.
    fn create_folders(&self, path: &Path) -> io::Result<()>;

    /// Removes a file (of a symbolic link: the link).
    ///
    /// # Errors
    /// When it cannot be removed.
    fn remove_file(&self, path: &Path) -> io::Result<()>;

    /// Removes an empty folder.
    ///
    /// # Errors
    /// When it is not empty or cannot be removed.
    fn remove_folder(&self, path: &Path) -> io::Result<()>;

    /// Removes a folder and all that is in it; nothing there is no error.
    ///
    /// # Errors
    /// When something in it cannot be removed.
    fn remove_all(&self, path: &Path) -> io::Result<()>;

    /// Asks that what was renamed in this folder reach the medium. Best effort: not every file
    /// system can.
    ///
    /// # Errors
    /// When the file system refuses.
    fn sync(&self, folder: &Path) -> io::Result<()>;
}

/// Writes a file beside the old one and moves it over: whoever is interrupted keeps the old one,
/// and nothing else.
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

/// Where a file waits before it is moved to its place.
pub fn beside(path: &Path) -> PathBuf {
    let mut beside = path.as_os_str().to_owned();
    beside.push(".espalier-new");
    PathBuf::from(beside)
}

/// The file system of the machine.
#[derive(Clone, Copy, Debug, Default)]
pub struct RealDisk;

impl Disk for RealDisk {
    fn look(&self, path: &Path) -> io::Result<Option<(Kind, u64)>> {
        match fs::symlink_metadata(path) {
            Ok(it) => Ok(Some((it.file_type().into(), it.len()))),
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
        let mut file = File::open(path)?;
        into.resize(at_most, 0);
        let mut filled = 0;
        while filled < at_most {
            match file.read(&mut into[filled..]) {
                Ok(read) => {
                    // A regular file gives less than was asked for only at its end: no second call
                    // to hear a zero, which is one call in four when 130,000 files are compared.
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

    fn create(&self, path: &Path, bytes: &[u8]) -> io::Result<()> {
        let mut options = File::options();
        options.write(true).create_new(true);
        // A script may be run by its name where the file system knows such a thing; Git keeps it.
        #[cfg(unix)]
        if bytes.starts_with(b"#!") {
            std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o777);
        }
        options.open(path)?.write_all(bytes)
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
            it => it,
        }
    }

    fn sync(&self, folder: &Path) -> io::Result<()> {
        File::open(folder)?.sync_all()
    }
}
