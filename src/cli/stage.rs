//! Stage and commit: files that differ wait in `.espalier/stage/`, and move into place by rename
//! once everything has been found right.

use std::{
    io::ErrorKind,
    path::{Path, PathBuf},
};

use anyhow::{Context as _, bail};

use crate::cli::{
    disk::Kind,
    tree::{Tree, Verdict},
};

/// The folder, below the root and ignored by Git, that is ours to do with as we like.
pub const PRIVATE: &str = ".espalier";

/// Where files wait. On the file system of the tree, because a rename across file systems is a
/// copy.
const STAGE: &str = ".espalier/stage";

/// A tree and the stage before it.
///
/// The stage needs no list: it *is* the list. Committing walks it and moves a folder that the tree
/// does not have as one, and a file as one. So a run holds nothing a changed file, however many
/// there are; and a run that was killed leaves nothing that could mislead the next one, which wipes
/// the stage and compares anew.
pub struct Stage<'a> {
    tree: &'a Tree<'a>,
    folder: PathBuf,
}

/// How the files of a run compare with the disk.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Counts {
    /// The very bytes were there.
    pub same: usize,
    /// Not there before.
    pub new: usize,
    /// Other bytes were there.
    pub changed: usize,
}

impl Counts {
    /// All files that were generated.
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

    /// Whether a file has to move.
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
    /// An empty stage: what a killed run left there is wiped first.
    ///
    /// # Errors
    /// When the folder is not ours to use (a link), or cannot be emptied.
    pub fn open(tree: &'a Tree<'a>) -> anyhow::Result<Self> {
        let private = tree.root.join(PRIVATE);
        match tree.disk.look(&private).with_context(|| format!("cannot look at {PRIVATE}"))? {
            None | Some((Kind::Folder, _)) => {}
            Some((kind, _)) => bail!(
                "{PRIVATE} is {}, and has to be a folder: move it away and run `espalier render` \
                 again",
                kind.noun()
            ),
        }
        let it = Self { tree, folder: tree.root.join(STAGE) };
        it.wipe()?;
        Ok(it)
    }

    /// Compares one generated file with the disk, and stages it when it differs.
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

    /// Says whether it was the first of this path.
    fn create(&self, path: &str, bytes: &[u8]) -> std::io::Result<bool> {
        let full = self.folder.join(path);
        let disk = self.tree.disk;
        let mut tried = disk.create(&full, bytes);
        // Folders are made when one is missed: no call a file to ask for it.
        if tried.as_ref().is_err_and(|it| it.kind() == ErrorKind::NotFound) {
            disk.create_folders(full.parent().unwrap_or(&self.folder))?;
            tried = disk.create(&full, bytes);
        }
        match tried {
            Ok(()) => Ok(true),
            Err(error) if error.kind() == ErrorKind::AlreadyExists => Ok(false),
            Err(error) => Err(error),
        }
    }

    /// Moves everything into place, in the order of paths.
    ///
    /// # Errors
    /// When a move is refused: then what moved before is in place, and the rest is as it was.
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
            if entry.kind == Kind::Folder {
                match disk
                    .look(&place)
                    .with_context(|| format!("cannot look at {}", path.display()))?
                {
                    None => {}
                    Some((Kind::Folder, _)) => {
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
            disk.rename(&self.folder.join(&path), &place)
                .with_context(|| format!("cannot move {} into place", path.display()))?;
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
