//! Files that the platform needs but Git ignores: which pattern causes it, where it is, and what to
//! do about it.

use std::{collections::BTreeSet, io::Write as _, process::Stdio, sync::Arc, thread};

use anyhow::{Context as _, ensure};

use crate::{
    cli::{
        findings::FILE_IGNORED,
        git::Git,
        path_index::{OWNED, shown},
        pipeline::{self, Batch},
        session::Session,
        sources::Work,
        tree::Tree,
    },
    diag::diagnostic::{Diagnostic, Place},
    plan::{Plan, applications, summary::Summary},
};

/// A pattern because of which Git ignores files of the platform.
pub struct Ignored {
    /// The file that contains the pattern, as Git names it, and the line.
    at: (String, String),
    pattern: String,
    /// The ignored files.
    files: Vec<String>,
}

/// The files that a commit has to contain: the sources, the platform's own files (`own`), those of
/// the first workspace, and the Application of each other one. All workspaces have the same files
/// under other names, so checking all of them would cost more than it could find.
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
    let session = Session { disk: tree.disk, work, threads: None };
    let mut all = own_and_first(session, plan, summaries, own)?;
    let named = summaries.iter().skip(1).filter_map(|it| it.name.as_ref());
    if !plan.has_operator() {
        all.extend(named.map(|it| applications::file(&applications::tenant_name(it))));
    }
    all.extend(sources(work));
    Ok(all)
}

/// The platform's own files, and those of the first workspace.
///
/// # Errors
/// When a workspace's file cannot be read.
pub fn own_and_first(
    session: Session<'_>,
    plan: &Plan,
    summaries: &[Summary],
    own: &[Box<str>],
) -> anyhow::Result<Vec<String>> {
    let mut all: Vec<String> = own.iter().map(ToString::to_string).collect();
    if let Some(first) = summaries.first() {
        let mut batch = Batch::default();
        pipeline::again(session, plan, &first.file, &mut batch)?;
        all.extend(batch.files.iter().map(|it| it.0.to_owned()));
    }
    Ok(all)
}

/// The same as [`needed`], where the tree is known to be complete: the Applications of workspaces
/// are those that are there.
///
/// # Errors
/// When a folder cannot be listed.
pub fn needed_by(
    tree: &Tree<'_>,
    work: &Work,
    own_and_first: &[String],
) -> anyhow::Result<Vec<String>> {
    let mut all: BTreeSet<String> = own_and_first.iter().cloned().collect();
    let listed = tree.disk.list(&tree.root.join("apps")).context("cannot list apps/")?;
    let names = listed.iter().filter_map(|it| it.name.to_str()?.strip_suffix(".yaml"));
    all.extend(names.filter_map(applications::tenant).map(applications::file));
    all.extend(sources(work));
    Ok(all.into_iter().collect())
}

fn sources(work: &Work) -> impl Iterator<Item = String> {
    work.sources.texts.keys().chain(&work.tenants).map(ToString::to_string)
}

/// Asks Git, in one call, which of these files it ignores, and why. It does not ignore files that
/// it has already.
///
/// # Errors
/// When Git cannot be run, or fails.
#[expect(clippy::disallowed_methods, reason = "Git is given the names while it answers")]
pub fn ask(git: &Git, files: &[String]) -> anyhow::Result<Vec<Ignored>> {
    let mut command = git.asks(&["check-ignore", "--verbose", "-z", "--stdin"]);
    command.stdin(Stdio::piped()).stderr(Stdio::piped());
    let mut process = command.spawn().context("cannot run git: is it installed?")?;
    let mut question = process.stdin.take().context("git takes no input")?;
    let output = thread::scope(|scope| {
        // Git answers while it reads. Its exit code shows whether it stopped reading early.
        scope.spawn(move || {
            files
                .iter()
                .try_for_each(|it| question.write_all(format!("{}\0", git.path(it)).as_bytes()))
        });
        process.wait_with_output()
    });
    let output = output.context("cannot wait for git")?;
    // Exit code 1 means that none is ignored.
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
        // Git also reports patterns that include a file again.
        let Some(path) = git.below(path).filter(|_| !pattern.starts_with('!')) else { continue };
        let at = (git.below(source).unwrap_or(source).to_owned(), line.clone());
        match found.iter_mut().find(|it| it.at == at) {
            Some(known) => known.files.push(path.to_owned()),
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

    /// What to do about it, in one line.
    pub fn help(&self) -> String {
        let (file, line) = &self.at;
        let is_below = |top: &str| {
            self.files
                .iter()
                .any(|file| file.strip_prefix(top).is_some_and(|it| it.starts_with('/')))
        };
        let tops: Vec<&str> = OWNED.into_iter().filter(|it| is_below(it)).collect();
        // A `.gitignore` in a deeper folder than ours takes precedence.
        let is_deeper = file != ".gitignore"
            && file.ends_with("/.gitignore")
            && tops.iter().any(|it| file.starts_with(it));
        let out = format!("remove line {line} from {}", shown(file.as_ref()));
        if is_deeper || is_below("spec") {
            let at: Vec<&str> =
                ["spec"].into_iter().filter(|it| is_below(it)).chain(tops).collect();
            return format!(
                "{out}, or add the files that it hides in {} with `git add --force`",
                at.join(", ")
            );
        }
        let lines: Vec<String> =
            tops.iter().map(|it| format!("`!/{it}/` and `!/{it}/**`")).collect();
        format!(
            "{out}, or add {} at the end of .gitignore, one line each; then `git add` the files",
            lines.join(", ")
        )
    }

    /// This pattern as a finding.
    pub fn finding(&self) -> Diagnostic {
        let first = self.files.first().map(String::as_str).unwrap_or_default();
        FILE_IGNORED
            .at(Place::File(Arc::from(first)), self.message())
            .help(self.help())
            .note("Argo CD sees only what is committed")
    }
}
