//! Stage and commit: files that differ are written to `.espalier/stage/`, and renamed into place
//! once everything has been checked.

use std::{
    io::ErrorKind,
    path::{Path, PathBuf},
};

use anyhow::{Context as _, bail};

use crate::cli::{
    disk::EntryKind,
    tree::{Tree, Verdict},
};

/// The private folder of Espalier below the root, which Git ignores.
pub const PRIVATE: &str = ".espalier";

/// The folder of staged files, on the file system of the tree, because a rename across file systems
/// is a copy.
pub const STAGE: &str = ".espalier/stage";

/// A tree and its stage.
///
/// The stage itself is the list of changes. Committing walks it, and moves whole folders that the
/// tree does not have, and single files otherwise. So a run keeps nothing in memory for a changed
/// file, however many there are, and a killed run leaves nothing that could mislead the next one,
/// which empties the stage and compares again.
pub struct Stage<'a> {
    tree: &'a Tree<'a>,
    folder: PathBuf,
}

/// How the files of a run compare with the disk.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Counts {
    /// The number of unchanged files.
    pub same: usize,
    /// The number of new files.
    pub new: usize,
    /// The number of changed files.
    pub changed: usize,
}

impl Counts {
    /// The number of generated files.
    pub const fn total(self) -> usize {
        self.same + self.new + self.changed
    }

    /// Counts a file.
    pub const fn add(&mut self, verdict: &Verdict) {
        match verdict {
            Verdict::Same => self.same += 1,
            Verdict::New => self.new += 1,
            Verdict::Changed | Verdict::Conflict => self.changed += 1,
            Verdict::Taken(..) | Verdict::Again => {}
        }
    }

    /// Whether any file has to be written.
    pub const fn differ(self) -> bool {
        self.new + self.changed > 0
    }
}

impl std::ops::AddAssign for Counts {
    fn add_assign(&mut self, other: Self) {
        self.same += other.same;
        self.new += other.new;
        self.changed += other.changed;
    }
}

impl<'a> Stage<'a> {
    /// Opens an empty stage: what a killed run left there is removed first.
    ///
    /// # Errors
    /// When `.espalier` is not a folder (but a link), or cannot be emptied.
    pub fn open(tree: &'a Tree<'a>) -> anyhow::Result<Self> {
        let private = tree.root.join(PRIVATE);
        match tree.disk.look(&private).with_context(|| format!("cannot look at {PRIVATE}"))? {
            None | Some((EntryKind::Folder, _)) => {}
            Some((kind, _)) => bail!(
                "{PRIVATE} has to be a folder, but is {}: move it away and run `espalier render` \
                 again",
                kind.noun()
            ),
        }
        let stage = Self { tree, folder: tree.root.join(STAGE) };
        stage.wipe()?;
        Ok(stage)
    }

    /// Compares one generated file with the disk, and stages it if it differs.
    ///
    /// # Errors
    /// When a file cannot be read or staged.
    pub fn file(&self, path: &str, bytes: &[u8], buffer: &mut Vec<u8>) -> anyhow::Result<Verdict> {
        let verdict = self.tree.compare(path, bytes, buffer)?;
        if matches!(verdict, Verdict::New | Verdict::Changed | Verdict::Conflict)
            && !self.create(path, bytes).with_context(|| format!("cannot write {STAGE}/{path}"))?
        {
            return Ok(Verdict::Again);
        }
        Ok(verdict)
    }

    /// Writes a file to the stage; returns false if the path is already staged.
    fn create(&self, path: &str, bytes: &[u8]) -> std::io::Result<bool> {
        let full = self.folder.join(path);
        let disk = self.tree.disk;
        let create = || match self.tree.seen {
            Some(_) => disk.create_stamped(&full, bytes),
            None => disk.create(&full, bytes).map(|()| None),
        };
        let mut tried = create();
        // Create folders only when one is missing, which saves a call for each file.
        if tried.as_ref().is_err_and(|it| it.kind() == ErrorKind::NotFound) {
            disk.create_folders(full.parent().unwrap_or(&self.folder))?;
            tried = create();
        }
        match tried {
            Ok(stamp) => {
                if let Some(seen) = self.tree.seen {
                    seen.staged(path, stamp);
                }
                Ok(true)
            }
            Err(error) if error.kind() == ErrorKind::AlreadyExists => Ok(false),
            Err(error) => Err(error),
        }
    }

    /// Moves everything into place, in the order of the paths.
    ///
    /// # Errors
    /// When a move fails. Then the files moved before are in place, and the others are unchanged.
    pub fn commit(&self) -> anyhow::Result<()> {
        let disk = self.tree.disk;
        if disk.look(&self.folder).with_context(|| format!("cannot look at {STAGE}"))?.is_some() {
            self.commit_folder(Path::new(""))?;
        }
        self.wipe()
    }

    fn commit_folder(&self, path: &Path) -> anyhow::Result<()> {
        let disk = self.tree.disk;
        let listing = disk
            .list(&self.folder.join(path))
            .with_context(|| format!("cannot list {STAGE}/{}", path.display()))?;
        for entry in listing {
            let path = path.join(&entry.name);
            let place = self.tree.root.join(&path);
            if entry.kind == EntryKind::Folder {
                match disk
                    .look(&place)
                    .with_context(|| format!("cannot look at {}", path.display()))?
                {
                    None => {}
                    Some((EntryKind::Folder, _)) => {
                        self.commit_folder(&path)?;
                        continue;
                    }
                    Some((kind, _)) => bail!(
                        "cannot move {} into place: {} has appeared there",
                        path.display(),
                        kind.noun()
                    ),
                }
            }
            let from = self.folder.join(&path);
            let seen = self.tree.seen.filter(|_| entry.kind == EntryKind::File);
            let before = seen.and_then(|_| disk.stamp(&from).ok().flatten());
            disk.rename(&from, &place)
                .with_context(|| format!("cannot move {} into place", path.display()))?;
            // A file in a folder that moves stays as it is.
            if let Some(seen) = seen {
                let after = disk.stamp(&place).ok().flatten();
                path.to_str().map_or_else(|| seen.vague(), |it| seen.moved(it, before, after));
            }
        }
        Ok(())
    }

    /// Empties the stage.
    ///
    /// # Errors
    /// When something in it cannot be removed.
    pub fn wipe(&self) -> anyhow::Result<()> {
        self.tree.disk.remove_all(&self.folder).with_context(|| format!("cannot empty {STAGE}/"))
    }
}
