//! `release`: commits the tree, names its content by a tag, and pushes both in one step; checks
//! first.

use std::num::NonZero;

use anyhow::{Context as _, bail, ensure};

use crate::{
    cli::{
        args::Release,
        check::{self, Judged},
        console::Console,
        disk::Disk,
        drift::{Comparison, Drift},
        git::Git,
        git_disk::GitDisk,
        outcome::Outcome,
        path_index::{OWNED, is_owned},
        sources::Work,
        tree::Tree,
    },
    diag::diagnostic::Severity,
    platform::repository::{Pin, Repository},
};

/// The folder of what the user writes.
const SPEC: &str = "spec";

/// Runs the verb.
///
/// # Errors
/// When the work tree is not one to release from, or git refuses; what was committed and tagged by
/// then stays, and the next try goes on.
pub fn run(
    disk: &dyn Disk,
    work: &Work,
    threads: Option<NonZero<usize>>,
    now: i64,
    args: &Release,
    console: &mut Console,
) -> anyhow::Result<Outcome> {
    let Judged { outcome, plan, revision } = check::judge(disk, work, threads, now, true, console)?;
    let Some(plan) = plan.filter(|_| outcome == Outcome::Clean) else {
        console.say("nothing was released\n");
        return Ok(Outcome::Findings);
    };
    let repository = plan.repository();
    if repository.pin == Pin::Branch {
        bail!(
            "the Applications follow the branch `{}`: push it, and there is nothing to release; \
             write `pin: tag` under `repository` for changes that go wave by wave",
            repository.branch
        );
    }
    let git = Steps { git: Git::of(&work.root)?, dry_run: args.dry_run };
    let tag = revision.strip_prefix("refs/tags/").context("no tag")?;
    let remote = remote(&git, repository, args.remote.as_deref())?;
    on_branch(&git, repository)?;
    commit(&git, repository, args.message.as_deref(), tag, console)?;
    if !args.dry_run {
        is_whole(disk, work, threads)?;
    }

    let there = git
        .git
        .asks_remote(&["ls-remote", "--tags", &remote, &revision])
        .with_context(|| format!("cannot ask `{remote}` for its tags"))?;
    let branch = format!("HEAD:refs/heads/{}", repository.branch);
    if there.is_empty() {
        tagged(&git, repository, tag, &revision, console)?;
        git.does(&["push", "--atomic", &remote, &branch, &revision], console)?;
    } else {
        // The same content was released before: the tag that names it is as good as new, if it
        // still does. Only its objects are fetched: a tag of the same name here stays what it is.
        if !args.dry_run {
            let only = ["--quiet", "--no-tags", "--refmap=", "--no-write-fetch-head"];
            git.git
                .asks_remote(&[&["fetch"], only.as_slice(), &[&*remote, &revision]].concat())
                .with_context(|| format!("cannot fetch the tag `{tag}` of `{remote}`"))?;
        }
        let object = there.split_whitespace().next().context("git says nothing of the tag")?;
        holds(&git, repository, object, &format!("the tag `{tag}` is on `{remote}`"))?;
        git.does(&["push", &remote, &branch], console)?;
    }
    console.say(&format!(
        "{} {tag} on {remote}, branch `{}`\n",
        if args.dry_run { "would release" } else { "released" },
        repository.branch
    ));
    Ok(Outcome::Clean)
}

/// The remote that Argo CD reads: the one that was said, else the one with that very address, else
/// `origin`.
fn remote(git: &Steps, repository: &Repository, said: Option<&str>) -> anyhow::Result<String> {
    let all = git.git.says(&["remote"]).context("this is no work tree of Git")?;
    let all: Vec<&str> = all.lines().collect();
    if let Some(said) = said {
        ensure!(all.contains(&said), "there is no remote `{said}`, but {}", all.join(", "));
        return Ok(said.to_owned());
    }
    let bare = |text: &str| text.trim_end_matches('/').trim_end_matches(".git").to_owned();
    let is_its = |text: &&&str| {
        git.git
            .says(&["remote", "get-url", text])
            .is_ok_and(|url| bare(&url) == bare(&repository.url))
    };
    if let Some(it) = all.iter().find(is_its) {
        return Ok((*it).to_owned());
    }
    ensure!(
        all.contains(&"origin"),
        "no remote has the address {}, and there is no `origin`: say which with `--remote`",
        repository.url
    );
    Ok("origin".to_owned())
}

/// The root follows one branch: what is released from another would be lost on it, or would drag it
/// along.
fn on_branch(git: &Steps, repository: &Repository) -> anyhow::Result<()> {
    let branch = git
        .git
        .says(&["symbolic-ref", "--quiet", "--short", "HEAD"])
        .context("no branch is checked out here")?;
    ensure!(
        branch == *repository.branch,
        "this is the branch `{branch}`, and Argo CD follows `{}`: switch to it first",
        repository.branch
    );
    Ok(())
}

/// Commits what is not committed yet of the spec and the tree; other changes stay as they are.
fn commit(
    git: &Steps,
    repository: &Repository,
    message: Option<&str>,
    tag: &str,
    console: &mut Console,
) -> anyhow::Result<()> {
    let root = git.git.top().join(git.git.path(""));
    let there = OWNED.into_iter().chain([SPEC]).filter(|it| root.join(it).exists());
    // Each by its name and from the top: no character of it is a pattern.
    let paths: Vec<String> =
        there.map(|it| format!(":(top,literal){}", git.git.path(it))).collect();
    let paths: Vec<&str> = paths.iter().map(String::as_str).collect();
    let open = git.git.says(
        &[&["status", "--porcelain", "--untracked-files=all", "--"], paths.as_slice()].concat(),
    )?;
    if open.is_empty() {
        return Ok(());
    }
    let usual = format!("Release {tag}");
    // With the user's own key: Argo CD takes no other commit.
    let sign: &[&str] = if repository.signed_by.is_empty() { &[] } else { &["--gpg-sign"] };
    git.does(&[&["add", "--all", "--"], paths.as_slice()].concat(), console)?;
    git.does(
        &[
            &["commit", "--quiet"],
            sign,
            &["--message", message.unwrap_or(&usual), "--"],
            paths.as_slice(),
        ]
        .concat(),
        console,
    )
}

/// Whether the commit that is to be tagged has every generated file with its very bytes: Git leaves
/// out what it ignores and what it was told not to look at, and a filter writes other bytes than
/// are here.
fn is_whole(disk: &dyn Disk, work: &Work, threads: Option<NonZero<usize>>) -> anyhow::Result<()> {
    let commit = GitDisk::open(&work.root, "HEAD")?;
    let tree = Tree::open(&commit, &work.root)?;
    let comparison = Comparison::make(disk, work, threads, &tree)?;
    let differ: Vec<&Drift> = comparison.all().filter(|it| is_owned(&it.path)).collect();
    if let Some(first) = differ.first() {
        bail!(
            "the commit HEAD is not the tree that was checked, and nothing was tagged: {} {}{}; \
             see `git check-ignore --verbose`, `git ls-files -v` and `git check-attr --all` of it",
            first.change.word(),
            first.path,
            if differ.len() > 1 {
                format!(" and {} more", differ.len() - 1)
            } else {
                String::new()
            }
        );
    }
    let first = comparison
        .run
        .findings
        .iter()
        .find(|it| it.severity == Severity::Error)
        .map(|it| &it.message);
    ensure!(
        first.is_none(),
        "the commit HEAD is not the tree that was checked, and nothing was tagged: {}",
        first.map_or("", |it| it)
    );
    Ok(())
}

/// Makes the tag, or holds the one that is there against the content that it names.
fn tagged(
    git: &Steps,
    repository: &Repository,
    tag: &str,
    revision: &str,
    console: &mut Console,
) -> anyhow::Result<()> {
    if git.git.says(&["rev-parse", "--verify", "--quiet", revision]).is_err() {
        return git.does(&["tag", tag, "HEAD"], console);
    }
    holds(git, repository, revision, &format!("the tag `{tag}` is there"))
}

/// Whether a tag has the content that it names: what is released here.
fn holds(git: &Steps, repository: &Repository, revision: &str, whose: &str) -> anyhow::Result<()> {
    for folder in ["out/manifests", "bootstrap/argocd"] {
        let of = |text: &str| {
            git.git.says(&[
                "rev-parse",
                "--verify",
                "--quiet",
                &format!("{text}:{}", repository.path(folder)),
            ])
        };
        let (tagged, here) = (of(revision), of("HEAD"));
        ensure!(
            git.dry_run || tagged.is_ok() && tagged.ok() == here.ok(),
            "{whose} and holds another {folder} than it names: somebody moved it; look at it, then \
             delete it"
        );
    }
    Ok(())
}

/// Git in the platform's folder, and whether it is only said what would be done.
struct Steps {
    git: Git,
    dry_run: bool,
}

impl Steps {
    fn does(&self, words: &[&str], console: &mut Console) -> anyhow::Result<()> {
        if self.dry_run {
            console.say_whole(&format!("{}\n", self.git.line(words)));
            return Ok(());
        }
        self.git.does(words, console)
    }
}
