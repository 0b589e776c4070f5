//! One writer at a time: a lock that the system releases even if the process is killed.

#![expect(clippy::disallowed_methods, reason = "a lock is held by the system, not by a `Disk`")]

use std::{
    fs::{self, File, TryLockError},
    io::{ErrorKind, Read as _, Seek as _, Write as _},
    path::Path,
};

use anyhow::{Context as _, bail};

use crate::cli::stage::PRIVATE;

/// Held while a tree is written.
#[derive(Debug)]
pub struct Lock {
    file: File,
}

/// The longest note, in bytes.
const NOTE: u64 = 256;

impl Lock {
    /// Takes the lock of a root, or fails at once if another process has it.
    ///
    /// This does not use [`Disk`](super::disk::Disk): a lock belongs to an open file, and a killed
    /// process always loses it.
    ///
    /// # Errors
    /// When another process writes this tree, or `.espalier/` cannot be created.
    pub fn take(root: &Path) -> anyhow::Result<Self> {
        let folder = root.join(PRIVATE);
        if fs::symlink_metadata(&folder).is_ok_and(|it| !it.is_dir()) {
            bail!("{PRIVATE} is not a folder: move it away, then try again");
        }
        fs::create_dir_all(&folder).with_context(|| format!("cannot create {PRIVATE}/"))?;
        let path = folder.join("lock");
        if fs::symlink_metadata(&path).is_ok_and(|it| !it.is_file()) {
            bail!("{PRIVATE}/lock is not a file: delete it, then try again");
        }
        let file = File::options().create(true).truncate(false).read(true).write(true).open(&path);
        let file = file.with_context(|| format!("cannot open {PRIVATE}/lock"))?;
        match file.try_lock() {
            Ok(()) => Ok(Self { file }),
            Err(TryLockError::WouldBlock) => {
                bail!("another `espalier` is writing here; wait until it has finished")
            }
            // On a file system without locks it is better to work than to refuse.
            Err(TryLockError::Error(error)) if error.kind() == ErrorKind::Unsupported => {
                Ok(Self { file })
            }
            Err(TryLockError::Error(error)) => {
                Err(anyhow::Error::new(error).context(format!("cannot lock {PRIVATE}/lock")))
            }
        }
    }

    /// The note of the last holder: a hint, which may be missing or outdated.
    pub fn note(&mut self) -> String {
        let mut bytes = Vec::new();
        let _ = self.file.rewind();
        let _ = (&self.file).take(NOTE).read_to_end(&mut bytes);
        String::from_utf8_lossy(&bytes).into_owned()
    }

    /// Leaves a note. A failure to write it is ignored, because the work is done.
    pub fn leave(&mut self, note: &str) {
        let _ = self
            .file
            .set_len(0)
            .and_then(|()| self.file.rewind())
            .and_then(|()| self.file.write_all(note.as_bytes()));
    }
}
