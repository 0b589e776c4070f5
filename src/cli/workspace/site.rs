//! The platform that a workspace belongs to: its files as they are, or as they would be.

use std::{num::NonZero, path::Path, sync::Arc};

use anyhow::{bail, ensure};
use serde_json::Value;

use crate::{
    cli::{
        disk::Disk,
        pipeline::{self, Run},
        session::Session,
        sources::{Input, Work, read_source},
    },
    diag::suggest,
    platform::files::WORKSPACES,
    yaml::source::Source,
};

/// Where the platform is.
pub struct Site<'a> {
    /// The disk.
    pub disk: &'a dyn Disk,
    /// The folder that contains `spec/`.
    pub root: &'a Path,
    /// How many threads build tenants; none takes as many as there are cores.
    pub threads: Option<NonZero<usize>>,
}

/// The file of a new workspace.
fn file(name: &str) -> Arc<str> {
    format!("{}/{name}.yaml", WORKSPACES.trim_end_matches('/')).into()
}

/// The name of the workspace that a file describes, as far as it can be read.
pub fn name_in(source: &Source) -> Option<&str> {
    source.value.pointer("/spec/workspaceName").and_then(Value::as_str)
}

impl Site<'_> {
    /// The platform's files, and the names of the tenants'.
    ///
    /// # Errors
    /// When a file cannot be read.
    pub fn work(&self) -> anyhow::Result<Work> {
        Work::read(self.disk, self.root, Input::Root)
    }

    /// The file of a new workspace.
    ///
    /// # Errors
    /// When there is such a file, or another one has the workspace.
    pub fn free(&self, name: &str) -> anyhow::Result<Arc<str>> {
        let file = file(name);
        let changes = format!("`espalier workspace update {name}` changes it");
        ensure!(
            self.disk.look(&self.root.join(&*file))?.is_none(),
            "{file} is there already; {changes}"
        );
        for other in self.work()?.tenants {
            if let Some(Ok(source)) = read_source(self.disk, self.root, &other)?
                && name_in(&source) == Some(name)
            {
                bail!("the workspace `{name}` is there already, in {other}; {changes}");
            }
        }
        Ok(file)
    }

    /// The file that describes a workspace. It may have another name than the workspace.
    ///
    /// # Errors
    /// When there is none, or it cannot be read.
    pub fn find(&self, name: &str) -> anyhow::Result<Source> {
        let likely = file(name);
        if let Some(Ok(source)) = read_source(self.disk, self.root, &likely)?
            && name_in(&source) == Some(name)
        {
            return Ok(source);
        }
        let mut names = Vec::new();
        for file in self.work()?.tenants {
            let Some(Ok(source)) = read_source(self.disk, self.root, &file)? else { continue };
            if name_in(&source) == Some(name) {
                return Ok(source);
            }
            names.extend(name_in(&source).map(str::to_owned));
        }
        if let Some(near) = suggest::nearest(name, names.iter().map(String::as_str)) {
            bail!("there is no workspace `{name}`; did you mean `{near}`?");
        }
        ensure!(
            !names.is_empty(),
            "there is no workspace `{name}`, nor any other: `espalier workspace create {name}` \
             writes its file"
        );
        bail!(
            "there is no workspace `{name}`; `espalier workspace list` lists those that are there"
        )
    }
}

/// Compiles everything, with every rule, and keeps no file.
///
/// # Errors
/// When a file cannot be read.
pub fn compiled(session: Session<'_>) -> anyhow::Result<Run<()>> {
    pipeline::run(session, &|_| Ok(()))
}
