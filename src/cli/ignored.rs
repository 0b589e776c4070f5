//! What Git would leave out of a commit though the platform needs it: which pattern does it, where
//! it stands, and the way out.

use std::{io::Write as _, process::Stdio, sync::Arc, thread};

use anyhow::{Context as _, ensure};

use crate::{
    cli::{
        findings::FILE_IGNORED,
        git::Git,
        path_index::{OWNED, shown},
        pipeline::{self, Batch},
        sources::Work,
        tree::Tree,
    },
    diag::diagnostic::{Diagnostic, Place},
    plan::applications,
    plan::{Plan, summary::Summary},
};

/// One pattern that takes files of ours out.
pub struct Ignored {
    /// The file that the pattern stands in, as Git calls it, and its line.
    at: (String, String),
    pattern: String,
    /// The files, in the order in which they were asked for.
    files: Vec<String>,
}

/// What a commit has to hold: the sources, the platform's own files (`own`), the first workspace's,
/// and of each other one the Application. Workspaces have the same files under other names: to name
/// them all would cost more than it could find.
///
/// # Errors
/// When a workspace's file cannot be read.
pub fn needed<'a>(
    tree: &Tree<'_>,
    work: &'a Work,
    plan: &Plan,
    summaries: &[Summary],
    own: &'a [Box<str>],
) -> anyhow::Result<Vec<String>> {
    let mut all: Vec<String> = own.iter().map(ToString::to_string).collect();
    if let Some(first) = summaries.first() {
        let mut batch = Batch::default();
        pipeline::again(tree.disk, work, plan, &first.file, &mut batch)?;
        all.extend(batch.files.iter().map(|it| it.0.to_owned()));
    }
    let named = summaries.iter().skip(1).filter_map(|it| it.name.as_ref());
    all.extend(named.map(|it| applications::file(&applications::tenant_name(it))));
    all.extend(work.sources.texts.keys().chain(&work.tenants).map(ToString::to_string));
    Ok(all)
}

/// Asks Git, once, which of these files it ignores, and why. What it has already it does not
/// ignore.
///
/// # Errors
/// When Git cannot be run, or refuses.
pub fn ask(git: &Git, files: &[String]) -> anyhow::Result<Vec<Ignored>> {
    let mut command = git.asks(&["check-ignore", "--verbose", "-z", "--stdin"]);
    command.stdin(Stdio::piped()).stderr(Stdio::piped());
    let mut process = command.spawn().context("cannot run git: is it installed?")?;
    let mut question = process.stdin.take().context("git takes no input")?;
    let output = thread::scope(|scope| {
        // Git answers while it reads. That it stops reading early is seen by how it ends.
        scope.spawn(move || {
            files
                .iter()
                .try_for_each(|it| question.write_all(format!("{}\0", git.path(it)).as_bytes()))
        });
        process.wait_with_output()
    });
    let output = output.context("cannot wait for git")?;
    // 1 says that none is ignored.
    ensure!(
        matches!(output.status.code(), Some(0 | 1)),
        "git check-ignore: {}",
        String::from_utf8_lossy(&output.stderr).trim_end()
    );
    let parts: Vec<String> = output
        .stdout
        .split(|it| *it == 0)
        .map(|it| String::from_utf8_lossy(it).into_owned())
        .collect();
    let mut found: Vec<Ignored> = Vec::new();
    for row in parts.chunks_exact(4) {
        let [source, line, pattern, path] = row else { continue };
        // A pattern that takes a file in again is named too.
        let Some(path) = git.below(path).filter(|_| !pattern.starts_with('!')) else { continue };
        let at = (git.below(source).unwrap_or(source).to_owned(), line.clone());
        match found.iter_mut().find(|it| it.at == at) {
            Some(it) => it.files.push(path.to_owned()),
            None => {
                found.push(Ignored { at, pattern: pattern.clone(), files: vec![path.to_owned()] });
            }
        }
    }
    for pattern in &mut found {
        pattern.files.sort_unstable();
    }
    Ok(found)
}

impl Ignored {
    /// What is wrong, in one line.
    pub fn message(&self) -> String {
        let (file, line) = &self.at;
        let first = self.files.first().map(String::as_str).unwrap_or_default();
        let others = if self.files.len() > 1 { " and other files of this platform" } else { "" };
        format!(
            "Git ignores `{first}`{others}: the pattern `{}` in {}:{line}",
            self.pattern,
            shown(file.as_ref())
        )
    }

    /// The way out, in one line.
    pub fn help(&self) -> String {
        let (file, line) = &self.at;
        let is_below = |top: &str| {
            self.files
                .iter()
                .any(|file| file.strip_prefix(top).is_some_and(|it| it.starts_with('/')))
        };
        let tops: Vec<&str> = OWNED.into_iter().filter(|it| is_below(it)).collect();
        // A file of patterns that lies deeper than ours has the last word.
        let is_deeper = file != ".gitignore"
            && file.ends_with("/.gitignore")
            && tops.iter().any(|it| file.starts_with(it));
        let out = format!("take line {line} out of {}", shown(file.as_ref()));
        if is_deeper || is_below("spec") {
            let at: Vec<&str> =
                ["spec"].into_iter().filter(|it| is_below(it)).chain(tops).collect();
            return format!(
                "{out}, or add what it hides in {} by `git add --force`",
                at.join(", ")
            );
        }
        let lines: Vec<String> =
            tops.iter().map(|it| format!("`!/{it}/` and `!/{it}/**`")).collect();
        format!(
            "{out}, or write {} below all else in .gitignore, a line each; then `git add` the \
             files",
            lines.join(", ")
        )
    }

    /// Both, as a finding.
    pub fn finding(&self) -> Diagnostic {
        let first = self.files.first().map(String::as_str).unwrap_or_default();
        Diagnostic::warning(FILE_IGNORED, Place::File(Arc::from(first)), self.message())
            .help(self.help())
            .note("what is in no commit, Argo CD never sees")
    }
}
