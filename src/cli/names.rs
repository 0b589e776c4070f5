//! How output names files: for people relative to the current folder, for programs relative to the
//! top of the repository.

#![expect(clippy::disallowed_methods, reason = "names depend on the folder that a person works in")]

use std::{
    borrow::Cow,
    env,
    path::{Component, Path, PathBuf},
};

use crate::{cli::sources::Work, platform::files::PLATFORM};

/// Converts paths from the root into paths that can be opened from another folder.
#[derive(Debug)]
pub struct Names {
    /// The path from that folder to the root; empty if it is the root.
    prefix: String,
    /// The path from the root to that folder, which is removed from paths below it.
    inside: String,
    /// A file that the user named: it keeps that name.
    own: Option<Box<str>>,
}

impl Names {
    /// Names relative to the working directory.
    pub fn for_people(work: &Work) -> Self {
        let here = env::current_dir()
            .and_then(|it| it.canonicalize())
            .unwrap_or_else(|_| work.root.clone());
        Self::from(&here, work)
    }

    /// Names relative to the top of the repository, if there is one, as annotations in CI and other
    /// programs expect.
    pub fn for_programs(work: &Work) -> Self {
        let top = work.root.ancestors().find(|it| it.join(".git").symlink_metadata().is_ok());
        Self::from(top.unwrap_or(&work.root), work)
    }

    fn from(here: &Path, work: &Work) -> Self {
        let own = work
            .sources
            .texts
            .get(PLATFORM)
            .map(|it| &*it.file)
            .filter(|it| *it != PLATFORM)
            .map(Into::into);
        let inside = here.strip_prefix(&work.root).map(below).unwrap_or_default();
        Self { prefix: below(between(here, &work.root)), inside, own }
    }

    /// The name of a file, given its path from the root.
    pub fn shown<'a>(&self, file: &'a str) -> Cow<'a, str> {
        if self.prefix.is_empty() || self.own.as_deref() == Some(file) {
            return Cow::Borrowed(file);
        }
        match file
            .strip_prefix(&*self.inside)
            .filter(|it| !self.inside.is_empty() && !it.is_empty())
        {
            Some(rest) => Cow::Borrowed(rest),
            None => Cow::Owned(format!("{}{file}", self.prefix)),
        }
    }
}

/// The relative path from one folder to another.
fn between(from: &Path, to: &Path) -> PathBuf {
    let same = from.components().zip(to.components()).take_while(|it| it.0 == it.1).count();
    let up = from.components().skip(same).map(|_| Component::ParentDir);
    up.chain(to.components().skip(same)).collect()
}

/// A folder as a prefix of the names in it.
fn below(folder: impl AsRef<Path>) -> String {
    let text = folder.as_ref().to_string_lossy().replace('\\', "/");
    if text.is_empty() { text } else { format!("{text}/") }
}
