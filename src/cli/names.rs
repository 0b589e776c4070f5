//! How files are called: for people from where they are, for programs from the top of the
//! repository.

use std::{
    borrow::Cow,
    env,
    path::{Component, Path, PathBuf},
};

use crate::{cli::sources::Work, platform::files::PLATFORM};

/// What to put before a path below the root, so that somebody who is elsewhere can open it.
#[derive(Debug)]
pub struct Names {
    /// From where they are down or up to the root; empty where they are there.
    prefix: String,
    /// Where they are, from the root: what is below it is called without it.
    inside: String,
    /// A file that the user has named: it is called so.
    own: Option<Box<str>>,
}

impl Names {
    /// From the working directory.
    pub fn for_people(work: &Work) -> Self {
        let here = env::current_dir()
            .and_then(|it| it.canonicalize())
            .unwrap_or_else(|_| work.root.clone());
        Self::from(&here, work)
    }

    /// From the top of the repository, where there is one: so a runner's annotations and a
    /// program's tools call them.
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

    /// A file, by its path from the root.
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

/// The way from one folder to another.
fn between(from: &Path, to: &Path) -> PathBuf {
    let same = from.components().zip(to.components()).take_while(|it| it.0 == it.1).count();
    let up = from.components().skip(same).map(|_| Component::ParentDir);
    up.chain(to.components().skip(same)).collect()
}

/// A folder as what stands before the names in it.
fn below(folder: impl AsRef<Path>) -> String {
    let text = folder.as_ref().to_string_lossy().replace('\\', "/");
    if text.is_empty() { text } else { format!("{text}/") }
}
