//! Where the tree is in its repository, and where the spec says that it is.

use std::{path::Path, sync::Arc};

use crate::{
    check::rules::field,
    cli::{
        findings::{REPOSITORY_BRANCH, REPOSITORY_NOT_ASKED, REPOSITORY_PATH},
        git::Git,
        sources::{PLATFORM, Work},
    },
    diag::diagnostic::{Diagnostic, Diagnostics, Place},
    names::RelativePath,
    platform::repository::Repository,
};

/// Who has the tree.
pub enum Holder {
    /// No repository, or one that leaves this folder out.
    Nobody,
    /// There is one, and it could not be asked.
    Unknown(anyhow::Error),
    /// This one.
    Git(Git),
}

/// The repository that a tree is, or will be, committed to.
pub fn holder(root: &Path) -> Holder {
    if !root.ancestors().any(|it| it.join(".git").symlink_metadata().is_ok()) {
        return Holder::Nobody;
    }
    let asked = Git::of(root).and_then(|git| {
        let spec = git.path(PLATFORM);
        let is_ignored = git.knows(&["check-ignore", "--quiet", "--", &spec])?.is_some();
        Ok(if is_ignored { Holder::Nobody } else { Holder::Git(git) })
    });
    asked.unwrap_or_else(Holder::Unknown)
}

/// A repository that could not be asked: what it has in the generated folders, nobody has seen.
pub fn not_asked(why: &anyhow::Error) -> Diagnostic {
    let message = format!("Git does not say what it has in the generated folders: {}", format!("{why:#}").trim_end());
    Diagnostic::warning(REPOSITORY_NOT_ASKED, Place::Nowhere, message)
        .help("let Git read this repository (`git config --global --add safe.directory DIR`, where somebody else owns it), or take espalier out of it")
}

/// What the spec says of the repository, against the repository.
///
/// # Errors
/// When Git cannot be run.
pub fn place(git: &Git, work: &Work, said: &Repository) -> anyhow::Result<Diagnostics> {
    let mut found = Diagnostics::new();
    let file = work.sources.texts.get(PLATFORM).map_or_else(|| PLATFORM.into(), |it| Arc::clone(&it.file));
    let at = |name| Place::Value { file: Arc::clone(&file), path: field(&["repository", name]) };
    let there = git.path("");
    let there = match there.trim_end_matches('/') {
        "" => ".",
        folder => folder,
    };
    if *said.path != *there {
        let message = format!("the platform is in `{there}` of its repository, and Argo CD would look for it in `{}`", said.path);
        let help = match there.parse::<RelativePath>() {
            Ok(_) => format!("write `path: {there}` under `repository`"),
            Err(why) => format!("rename the folder, for a spec cannot name it: {why}"),
        };
        found.push(Diagnostic::error(REPOSITORY_PATH, at("path"), message).help(help));
    }
    if let Some(branch) = another_branch(git, &said.branch)? {
        let message = format!("this repository has no branch `{}`, which Argo CD would follow", said.branch);
        let help = format!("write `branch: {branch}`, which is checked out here, or make the branch");
        found.push(Diagnostic::error(REPOSITORY_BRANCH, at("branch"), message).help(help));
    }
    Ok(found)
}

/// The branch that is checked out, where the one that is meant is none that a whole clone has. A clone of one commit or one branch (CI)
/// does not know which others there are.
fn another_branch(git: &Git, meant: &str) -> anyhow::Result<Option<String>> {
    let Some(here) = git.knows(&["symbolic-ref", "--quiet", "--short", "HEAD"])? else { return Ok(None) };
    if here == meant || git.knows(&["rev-parse", "--is-shallow-repository"])?.as_deref() != Some("false") {
        return Ok(None);
    }
    let fetched = git.knows(&["config", "--get-all", "remote.origin.fetch"])?.unwrap_or_default();
    if !fetched.is_empty() && !fetched.lines().any(|it| it.contains("refs/heads/*")) {
        return Ok(None);
    }
    let known = git.says(&["for-each-ref", "--format=%(refname)", "refs/heads", "refs/remotes"])?;
    let is_meant = |it: &str| {
        let remote = || it.strip_prefix("refs/remotes/").and_then(|it| it.split_once('/')).map(|it| it.1);
        it.strip_prefix("refs/heads/").or_else(remote) == Some(meant)
    };
    Ok((!known.lines().any(is_meant)).then_some(here))
}
