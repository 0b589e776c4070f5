//! `release`: checks the tree, commits it, tags its content, and pushes both in one step.

use anyhow::{Context as _, bail, ensure};

use crate::{
    cli::{
        args::Release,
        check::{self, Judged},
        console::Console,
        drift::{Comparison, Drift},
        git::Git,
        git_disk::GitDisk,
        outcome::Outcome,
        path_index::{OWNED, is_owned},
        session::Session,
        tree::Tree,
    },
    diag::diagnostic::Severity,
    platform::repository::{Pin, Repository},
};

/// The folder of the files that the user writes.
const SPEC: &str = "spec";

/// Runs the verb.
///
/// # Errors
/// When the work tree cannot be released from, or Git fails. Commits and tags that exist by then
/// stay, and the next run continues from there.
pub fn run(
    session: Session<'_>,
    now: i64,
    args: &Release,
    console: &mut Console,
) -> anyhow::Result<Outcome> {
    let Session { work, .. } = session;
    let Judged { outcome, plan, revision } = check::judge(session, now, true, console)?;
    let Some(plan) = plan.filter(|_| outcome == Outcome::Clean) else {
        console.say("nothing was released\n");
        return Ok(Outcome::Findings);
    };
    let repository = plan.repository();
    if repository.pin == Pin::Branch {
        bail!(
            "the Applications follow the branch `{}`, so there is nothing to release: just push \
             that branch; write `pin: tag` under `repository` to roll changes out wave by wave",
            repository.branch
        );
    }
    let git = Steps { git: Git::of(&work.root)?, dry_run: args.dry_run };
    let tag = revision.strip_prefix("refs/tags/").context("the revision is not a tag")?;
    let remote = remote(&git, repository, args.remote.as_deref())?;
    on_branch(&git, repository)?;
    commit(&git, repository, args.message.as_deref(), tag, console)?;
    if !args.dry_run {
        is_whole(session)?;
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
        // The same content was released before, so its tag is reused if it still has that content.
        // Only its objects are fetched: a local tag with the same name is not changed.
        if !args.dry_run {
            let only = ["--quiet", "--no-tags", "--refmap=", "--no-write-fetch-head"];
            git.git
                .asks_remote(&[&["fetch"], only.as_slice(), &[&*remote, &revision]].concat())
                .with_context(|| format!("cannot fetch the tag `{tag}` of `{remote}`"))?;
        }
        let object =
            there.split_whitespace().next().context("git does not report the object of the tag")?;
        holds(&git, repository, object, &format!("the tag `{tag}` is already on `{remote}`"))?;
        git.does(&["push", &remote, &branch], console)?;
    }
    console.say(&format!(
        "{} {tag} on {remote}, branch `{}`\n",
        if args.dry_run { "would release" } else { "released" },
        repository.branch
    ));
    Ok(Outcome::Clean)
}

/// The remote that Argo CD reads: the one that was named, else the one with the URL of the spec,
/// else `origin`.
fn remote(git: &Steps, repository: &Repository, said: Option<&str>) -> anyhow::Result<String> {
    let all = git.git.says(&["remote"]).context("this is not a Git work tree")?;
    let all: Vec<&str> = all.lines().collect();
    if let Some(said) = said {
        ensure!(
            all.contains(&said),
            "there is no remote `{said}`; the remotes are {}",
            all.join(", ")
        );
        return Ok(said.to_owned());
    }
    let bare = |text: &str| text.trim_end_matches('/').trim_end_matches(".git").to_owned();
    let is_its = |text: &&&str| {
        git.git
            .says(&["remote", "get-url", text])
            .is_ok_and(|url| bare(&url) == bare(&repository.url))
    };
    if let Some(remote) = all.iter().find(is_its) {
        return Ok((*remote).to_owned());
    }
    ensure!(
        all.contains(&"origin"),
        "no remote has the URL {}, and there is no `origin`: name one with `--remote`",
        repository.url
    );
    Ok("origin".to_owned())
}

/// Requires that the branch of the spec is checked out: the root Application follows only that
/// branch, so a release from another one would miss it, or bring along the commits of the other.
fn on_branch(git: &Steps, repository: &Repository) -> anyhow::Result<()> {
    let branch = git
        .git
        .says(&["symbolic-ref", "--quiet", "--short", "HEAD"])
        .context("no branch is checked out here")?;
    ensure!(
        branch == *repository.branch,
        "the current branch is `{branch}`, but Argo CD follows `{}`: switch to that branch first",
        repository.branch
    );
    Ok(())
}

/// Commits the changes of the spec and the tree; other changes stay uncommitted.
#[expect(clippy::disallowed_methods, reason = "Git refuses a path that does not exist")]
fn commit(
    git: &Steps,
    repository: &Repository,
    message: Option<&str>,
    tag: &str,
    console: &mut Console,
) -> anyhow::Result<()> {
    let root = git.git.top().join(git.git.path(""));
    let there = OWNED.into_iter().chain([SPEC]).filter(|it| root.join(it).exists());
    // Literal paths from the top: no character in them is a pattern.
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
    // Signed with the user's own key: Argo CD accepts no other commit.
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

/// Requires that the commit to be tagged contains every generated file, byte for byte: Git leaves
/// out files that it ignores and changes that it was told to ignore, and filters change bytes.
fn is_whole(session: Session<'_>) -> anyhow::Result<()> {
    let Session { work, .. } = session;
    let commit = GitDisk::open(&work.root, "HEAD")?;
    let tree = Tree::open(&commit, &work.root)?;
    let comparison = Comparison::make(session, &tree)?;
    let differ: Vec<&Drift> = comparison.all().filter(|it| is_owned(&it.path)).collect();
    if let Some(first) = differ.first() {
        bail!(
            "the commit HEAD differs from the tree that was checked, so nothing was tagged: {} \
             {}{}; see `git check-ignore --verbose`, `git ls-files -v` and `git check-attr --all` \
             for that file",
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
        "the commit HEAD differs from the tree that was checked, so nothing was tagged: {}",
        first.map_or("", |it| it)
    );
    Ok(())
}

/// Creates the tag, or checks that the existing one has the content that its name says.
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
    holds(git, repository, revision, &format!("the tag `{tag}` already exists"))
}

/// Requires that a tag has the content that its name says, which is released here.
fn holds(git: &Steps, repository: &Repository, revision: &str, whose: &str) -> anyhow::Result<()> {
    for folder in ["out/manifests", "bootstrap/argocd"] {
        let of = |commit: &str| {
            git.git.says(&[
                "rev-parse",
                "--verify",
                "--quiet",
                &format!("{commit}:{}", repository.path(folder)),
            ])
        };
        let (tagged, here) = (of(revision), of("HEAD"));
        ensure!(
            git.dry_run || tagged.is_ok() && tagged.ok() == here.ok(),
            "{whose}, but contains another {folder} than its name says: somebody moved it; \
             inspect and delete that tag"
        );
    }
    Ok(())
}

/// Git in the platform's folder; with `dry_run`, commands are only printed.
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
