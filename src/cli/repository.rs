//! The location of the tree in its repository, compared with what the spec says.

use std::{io, path::Path, sync::Arc};

use crate::{
    check::view::field,
    cli::{
        findings::{REPOSITORY_BRANCH, REPOSITORY_NOT_ASKED, REPOSITORY_PATH},
        git::Git,
        sources::Work,
    },
    diag::diagnostic::{Diagnostic, Diagnostics, Place, Severity},
    names::RelativePath,
    platform::{files::PLATFORM, repository::Repository},
};

/// The repository that contains the tree.
pub enum Holder {
    /// No repository, or one that ignores this folder.
    Nobody,
    /// There is one, but Git cannot use it.
    Unknown(anyhow::Error),
    /// This repository.
    Git(Git),
}

/// A name that no pattern matches, unless it matches all names.
const ANY: &str = "spec/any-name-at-all";

/// The repository that a tree is, or will be, committed to.
#[expect(clippy::disallowed_methods, reason = "without a `.git` above, Git need not be started")]
pub fn holder(root: &Path) -> Holder {
    if !root.ancestors().any(|it| it.join(".git").symlink_metadata().is_ok()) {
        return Holder::Nobody;
    }
    let asked = Git::of(root).and_then(|git| {
        // The folder is ignored if any name in it is. A pattern that matches only the spec is a
        // mistake.
        let (spec, any) = (git.path(PLATFORM), git.path(ANY));
        let ignored = git.knows(&["check-ignore", "--", &spec, &any])?.unwrap_or_default();
        Ok(if ignored.lines().count() == 2 { Holder::Nobody } else { Holder::Git(git) })
    });
    asked.unwrap_or_else(Holder::Unknown)
}

/// Git cannot use the repository, so its entries in the generated folders are unchecked. This is an
/// error, unless Git is not installed: Espalier works without it.
pub fn not_asked(why: &anyhow::Error) -> Diagnostic {
    let message = format!(
        "cannot ask Git what it has in the generated folders: {}",
        format!("{why:#}").trim_end()
    );
    let is_absent = |error: &io::Error| error.kind() == io::ErrorKind::NotFound;
    let is_without = why.chain().filter_map(|it| it.downcast_ref::<io::Error>()).any(is_absent);
    let severity = if is_without { Severity::Warning } else { Severity::Error };
    REPOSITORY_NOT_ASKED.at(severity, Place::Nowhere, message).help(
        "let Git read this repository (`git config --global --add safe.directory DIR` if it \
         belongs to another user), or move the platform elsewhere",
    )
}

/// Compares what the spec says about the repository with the repository.
///
/// # Errors
/// When Git cannot be run.
pub fn place(git: &Git, work: &Work, said: &Repository) -> anyhow::Result<Diagnostics> {
    let mut found = Diagnostics::new();
    let file =
        work.sources.texts.get(PLATFORM).map_or_else(|| PLATFORM.into(), |it| Arc::clone(&it.file));
    let at = |name| Place::Value { file: Arc::clone(&file), path: field(&["repository", name]) };
    let there = git.path("");
    let there = match there.trim_end_matches('/') {
        "" => ".",
        folder => folder,
    };
    if *said.path != *there {
        let message = format!(
            "the platform is in `{there}` of its repository, but Argo CD would look for it in \
             `{}`",
            said.path
        );
        let help = match there.parse::<RelativePath>() {
            Ok(_) => format!("write `path: {there}` under `repository`"),
            Err(why) => format!("rename the folder, because a spec cannot name it: {why}"),
        };
        found.push(REPOSITORY_PATH.at(at("path"), message).help(help));
    }
    if let Some((branch, what)) = another_branch(git, &said.branch)? {
        let message =
            format!("this repository has no branch `{}`, which Argo CD would follow", said.branch);
        let help = format!("write `branch: {branch}`, which is {what}, or create the branch");
        found.push(REPOSITORY_BRANCH.at(at("branch"), message).help(help));
    }
    Ok(found)
}

/// Another branch, with a description, if a complete clone does not have the one in the spec. A
/// clone of one commit or one branch (CI) does not know the other branches; if no branch is checked
/// out, a clone is complete if it knows the default branch of the remote.
fn another_branch(git: &Git, meant: &str) -> anyhow::Result<Option<(String, String)>> {
    let here = git.knows(&["symbolic-ref", "--quiet", "--short", "HEAD"])?;
    if here.as_deref() == Some(meant)
        || git.knows(&["rev-parse", "--is-shallow-repository"])?.as_deref() != Some("false")
    {
        return Ok(None);
    }
    let fetched = git.knows(&["config", "--get-all", "remote.origin.fetch"])?.unwrap_or_default();
    if !fetched.is_empty() && !fetched.lines().any(|it| it.contains("refs/heads/*")) {
        return Ok(None);
    }
    let known =
        git.says(&["for-each-ref", "--format=%(refname) %(symref)", "refs/heads", "refs/remotes"])?;
    // The name of a remote may contain slashes.
    let remotes = git.knows(&["remote"])?.unwrap_or_default();
    let of = |tracked: &str, remote: &str| {
        let name = tracked.strip_prefix(remote)?.strip_prefix('/')?;
        Some((remote.to_owned(), name.to_owned()))
    };
    let remote = |name: &str| {
        let tracked = name.strip_prefix("refs/remotes/")?;
        let split = || tracked.split_once('/').map(|(one, name)| (one.to_owned(), name.to_owned()));
        remotes.lines().find_map(|one| of(tracked, one)).or_else(split)
    };
    let is_meant = |text: &str| {
        text.strip_prefix("refs/heads/") == Some(meant)
            || remote(text).is_some_and(|it| it.1 == meant)
    };
    let refs: Vec<(&str, &str)> =
        known.lines().map(|it| it.split_once(' ').unwrap_or((it, ""))).collect();
    if refs.iter().any(|it| is_meant(it.0)) {
        return Ok(None);
    }
    let default = || {
        let is_default = |(name, target): &&(&str, &str)| {
            !target.is_empty()
                && name.ends_with("/HEAD")
                && refs.iter().any(|other| other.0 == *target)
        };
        let (name, target) = refs.iter().find(is_default)?;
        let (remote_name, _) = remote(name)?;
        Some((remote(target)?.1, format!("the default branch of `{remote_name}`")))
    };
    Ok(here.map(|it| (it, "checked out here".to_owned())).or_else(default))
}
