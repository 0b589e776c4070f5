//! One writer at a time: a lock that the system releases whatever becomes of the process.

use std::{
    fs::{self, File, TryLockError},
    io::ErrorKind,
    path::Path,
};

use anyhow::{Context as _, bail};

use crate::cli::stage::PRIVATE;

/// Held while a tree is written.
#[derive(Debug)]
pub struct Lock {
    _file: Option<File>,
}

impl Lock {
    /// Takes the lock of a root, or fails at once when another process has it.
    ///
    /// Not through the `Disk` seam: a lock belongs to an open file, and a killed process loses it whatever happens.
    ///
    /// # Errors
    /// When another process writes this tree, or `.espalier/` cannot be made.
    pub fn take(root: &Path) -> anyhow::Result<Self> {
        let folder = root.join(PRIVATE);
        if fs::symlink_metadata(&folder).is_ok_and(|it| !it.is_dir()) {
            bail!("{PRIVATE} is not a folder: move it away, then try again");
        }
        fs::create_dir_all(&folder).with_context(|| format!("cannot make {PRIVATE}/"))?;
        let path = folder.join("lock");
        if fs::symlink_metadata(&path).is_ok_and(|it| !it.is_file()) {
            bail!("{PRIVATE}/lock is not a file: delete it, then try again");
        }
        let file = File::options().create(true).truncate(false).write(true).open(&path);
        let file = file.with_context(|| format!("cannot open {PRIVATE}/lock"))?;
        match file.try_lock() {
            Ok(()) => Ok(Self { _file: Some(file) }),
            Err(TryLockError::WouldBlock) => bail!("another `espalier` is writing here; wait until it is done"),
            // A file system without locks: better to work than to refuse.
            Err(TryLockError::Error(it)) if it.kind() == ErrorKind::Unsupported => Ok(Self { _file: None }),
            Err(TryLockError::Error(it)) => Err(anyhow::Error::new(it).context(format!("cannot lock {PRIVATE}/lock"))),
        }
    }
}
