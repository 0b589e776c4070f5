//! The disk as it will be: one file has another text, or is there for the first time, or gone.

use std::{
    ffi::OsString,
    io::{self, ErrorKind},
    path::{Path, PathBuf},
};

use crate::cli::disk::{Disk, Entry, EntryKind};

/// A disk with one changed file below it. It is read and never written.
pub struct Overlay<'a> {
    /// The disk below.
    pub disk: &'a dyn Disk,
    /// The folder of the file.
    pub folder: PathBuf,
    /// The name of the file.
    pub name: OsString,
    /// The text of the file; none if it is gone.
    pub text: Option<&'a str>,
}

impl Overlay<'_> {
    fn is_file(&self, path: &Path) -> bool {
        path.parent() == Some(&self.folder) && path.file_name() == Some(&self.name)
    }

    /// Whether this is the folder, or one above it that is there because of the file.
    fn is_above(&self, path: &Path) -> bool {
        self.text.is_some() && self.folder.starts_with(path)
    }

    fn never<T>() -> io::Result<T> {
        Err(io::Error::new(ErrorKind::ReadOnlyFilesystem, "only read"))
    }
}

impl Disk for Overlay<'_> {
    fn look(&self, path: &Path) -> io::Result<Option<(EntryKind, u64)>> {
        if self.is_file(path) {
            return Ok(self.text.map(|it| (EntryKind::File, it.len() as u64)));
        }
        let found = self.disk.look(path)?;
        let folder = (found.is_none() && self.is_above(path)).then_some((EntryKind::Folder, 0));
        Ok(found.or(folder))
    }

    fn resolve(&self, path: &Path) -> io::Result<PathBuf> {
        if self.is_file(path) { Ok(path.to_owned()) } else { self.disk.resolve(path) }
    }

    fn list(&self, path: &Path) -> io::Result<Vec<Entry>> {
        let mut all = match self.disk.list(path) {
            Err(error) if error.kind() == ErrorKind::NotFound && self.is_above(path) => Vec::new(),
            listed => listed?,
        };
        // Whatever of the file's own path lies in this folder.
        let full = self.folder.join(&self.name);
        let Ok(below) = full.strip_prefix(path) else { return Ok(all) };
        let mut parts = below.components();
        let Some(next) = parts.next() else { return Ok(all) };
        let name = next.as_os_str().to_owned();
        let is_file = parts.next().is_none();
        if self.text.is_none() {
            all.retain(|it| !is_file || it.name != name);
        } else if all.iter().all(|it| it.name != name) {
            let kind = if is_file { EntryKind::File } else { EntryKind::Folder };
            all.push(Entry { name, kind });
            all.sort_unstable();
        }
        Ok(all)
    }

    fn read(&self, path: &Path, at_most: usize, into: &mut Vec<u8>) -> io::Result<()> {
        if !self.is_file(path) {
            return self.disk.read(path, at_most, into);
        }
        into.clear();
        let text = self.text.ok_or(ErrorKind::NotFound)?.as_bytes();
        into.extend_from_slice(&text[..text.len().min(at_most)]);
        Ok(())
    }

    fn create(&self, _: &Path, _: &[u8]) -> io::Result<()> {
        Self::never()
    }

    fn create_private(&self, _: &Path, _: &[u8]) -> io::Result<()> {
        Self::never()
    }

    fn rename(&self, _: &Path, _: &Path) -> io::Result<()> {
        Self::never()
    }

    fn create_folders(&self, _: &Path) -> io::Result<()> {
        Self::never()
    }

    fn remove_file(&self, _: &Path) -> io::Result<()> {
        Self::never()
    }

    fn remove_folder(&self, _: &Path) -> io::Result<()> {
        Self::never()
    }

    fn remove_all(&self, _: &Path) -> io::Result<()> {
        Self::never()
    }

    fn sync(&self, _: &Path) -> io::Result<()> {
        Self::never()
    }
}
