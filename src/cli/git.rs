//! The only place that runs Git: which repository it uses, and with which settings.
//!
//! The files of a repository may come from an attacker (a pull request in CI), so nothing that a
//! commit can contain may decide which repository is used, or run a program. A commit can contain a
//! bare repository in a folder, with a configuration that names programs; it cannot contain a
//! `.git`.

#![expect(
    clippy::disallowed_methods,
    reason = "the one place from where Git is called, with the real names of its folders"
)]

use std::{
    env,
    ffi::OsStr,
    path::{Path, PathBuf},
    process::{Command, Output, Stdio},
};

use anyhow::{Context as _, bail, ensure};

use crate::cli::{console::Console, disk::EntryKind, shell::quoted};

/// Environment variables that are kept for commands that the user asked for: who commits, and how a
/// remote is reached. All other `GIT_…` variables are removed; some name another repository or a
/// program.
const KEPT: [&str; 16] = [
    "GIT_ASKPASS",
    "GIT_AUTHOR_DATE",
    "GIT_AUTHOR_EMAIL",
    "GIT_AUTHOR_NAME",
    "GIT_COMMITTER_DATE",
    "GIT_COMMITTER_EMAIL",
    "GIT_COMMITTER_NAME",
    "GIT_CONFIG_GLOBAL",
    "GIT_CONFIG_NOSYSTEM",
    "GIT_CONFIG_SYSTEM",
    "GIT_SSH",
    "GIT_SSH_COMMAND",
    "GIT_SSH_VARIANT",
    "GIT_SSL_CAINFO",
    "GIT_SSL_CAPATH",
    "GIT_TERMINAL_PROMPT",
];

/// Variables for the configuration of the user and the system, which also lists safe folders.
const CONFIGURATION: [&str; 3] = ["GIT_CONFIG_GLOBAL", "GIT_CONFIG_NOSYSTEM", "GIT_CONFIG_SYSTEM"];

/// Settings for every call: no bare repository that Git happens to find, no file system monitor.
const ALWAYS: [&str; 2] = ["safe.bareRepository=explicit", "core.fsmonitor=false"];

/// Additional settings for queries: no hooks, no network.
const QUIET: [&str; 2] = ["core.hooksPath=/dev/null", "protocol.allow=never"];

/// The repository that contains a folder.
pub struct Git {
    top: PathBuf,
    prefix: String,
}

impl Git {
    /// Finds the repository whose work tree contains `root`: the nearest folder with a `.git`.
    ///
    /// # Errors
    /// When there is none, when Git itself does not trust it, or when it says that its work tree is
    /// elsewhere.
    pub fn of(root: &Path) -> anyhow::Result<Self> {
        let Some(top) = root.ancestors().find(|it| is_named(it)) else {
            bail!("{} is not in a Git repository", root.display());
        };
        let dot_git = top.join(".git");
        let kind = dot_git.symlink_metadata().map(|it| EntryKind::from(it.file_type()));
        let is_one = matches!(kind, Ok(EntryKind::Folder | EntryKind::File));
        ensure!(
            is_one,
            "{} is a symbolic link: Espalier does not use a repository that lies elsewhere",
            dot_git.display()
        );
        let below = root.strip_prefix(top).context("a folder is below those above it")?;
        let below = below.to_str().context("cannot use Git: the path is not UTF-8")?;
        let prefix = if below.is_empty() { String::new() } else { format!("{below}/") };
        let git = Self { top: top.to_owned(), prefix: prefix.replace('\\', "/") };
        let said = git.says(&["rev-parse", "--show-toplevel"])?;
        let theirs = Path::new(&said).canonicalize().unwrap_or_else(|_| said.clone().into());
        ensure!(
            theirs == git.top.canonicalize().unwrap_or_else(|_| git.top.clone()),
            "Git says that the work tree is {said}, but {} is not in it",
            root.display()
        );
        Ok(git)
    }

    /// Whether there is a repository at all: this folder, or one above it, has a `.git`.
    pub fn is_around(root: &Path) -> bool {
        root.ancestors().any(is_named)
    }

    /// The top of the work tree.
    pub fn top(&self) -> &Path {
        &self.top
    }

    /// Converts a path below the root to a path from the top of the repository, as Git uses it.
    pub fn path(&self, path: &str) -> String {
        format!("{}{path}", self.prefix)
    }

    /// Converts a path from the top of the repository to one from the root; none if it is
    /// elsewhere.
    pub fn below<'a>(&self, path: &'a str) -> Option<&'a str> {
        path.strip_prefix(&*self.prefix)
    }

    /// A query about the local repository. It runs no other program, uses no network and changes
    /// nothing.
    pub fn asks(&self, words: &[&str]) -> Command {
        let mut git = self.command(&CONFIGURATION, &QUIET, words);
        git.env("GIT_NO_LAZY_FETCH", "1").env("GIT_OPTIONAL_LOCKS", "0");
        git.env("GIT_TERMINAL_PROMPT", "0").stdin(Stdio::null()).stdout(Stdio::piped());
        git
    }

    /// A command that the user asked for, or a query to a remote: with the user's hooks, signing
    /// keys and credentials.
    pub fn acts(&self, words: &[&str]) -> Command {
        self.command(&KEPT, &[], words)
    }

    fn command(&self, kept: &[&str], settings: &[&str], words: &[&str]) -> Command {
        let mut git = Command::new("git");
        let is_gits = |name: &OsStr| name.to_string_lossy().starts_with("GIT_");
        for (name, _) in env::vars_os().filter(|it| is_gits(&it.0)) {
            if !kept.iter().any(|it| name.to_str() == Some(it)) {
                git.env_remove(name);
            }
        }
        // The search for the repository starts at the top, where it finds the `.git`, and goes no
        // higher.
        git.env("GIT_CEILING_DIRECTORIES", self.top.parent().unwrap_or(&self.top));
        // A replacement would show other content under the same object ID.
        git.env("GIT_NO_REPLACE_OBJECTS", "1");
        for setting in ALWAYS.iter().chain(settings) {
            git.args(["-c", setting]);
        }
        git.arg("-C").arg(&self.top).args(words);
        git
    }

    /// The output of a query, without the last line break.
    ///
    /// # Errors
    /// When Git fails, with its own message.
    pub fn says(&self, words: &[&str]) -> anyhow::Result<String> {
        answer(words, self.asks(words).output())
    }

    /// The output of a query that may fail; none if it does.
    ///
    /// # Errors
    /// When Git cannot be run.
    pub fn knows(&self, words: &[&str]) -> anyhow::Result<Option<String>> {
        let output = self.asks(words).output().context("cannot run git: is it installed?")?;
        Ok(output.status.success().then(|| text(&output.stdout)))
    }

    /// The output of a query as bytes.
    ///
    /// # Errors
    /// When Git fails, with its own message.
    pub fn lists(&self, words: &[&str]) -> anyhow::Result<Vec<u8>> {
        let output = self.asks(words).output().context("cannot run git: is it installed?")?;
        refused(words, &output)?;
        Ok(output.stdout)
    }

    /// The output of a query to a remote, without the last line break.
    ///
    /// # Errors
    /// When Git or the remote fails, with its own message.
    pub fn asks_remote(&self, words: &[&str]) -> anyhow::Result<String> {
        answer(words, self.acts(words).stdin(Stdio::null()).output())
    }

    /// Runs a command that changes something, and prints it first; Git writes to the terminal
    /// itself.
    ///
    /// # Errors
    /// When Git fails; it has printed why.
    pub fn does(&self, words: &[&str], console: &mut Console) -> anyhow::Result<()> {
        console.say_whole(&format!("{}\n", self.line(words)));
        let status = self.acts(words).stdout(Stdio::null()).status();
        ensure!(
            status.context("cannot run git: is it installed?")?.success(),
            "git {} failed: fix what it reports, and run `espalier release` again",
            words.first().copied().unwrap_or_default()
        );
        Ok(())
    }

    /// A command as a line that can be pasted into a shell.
    pub fn line(&self, words: &[&str]) -> String {
        let top = self.top.to_string_lossy();
        let place: &[&str] = if self.prefix.is_empty() { &[] } else { &["-C", &top] };
        let words = ["git"].iter().chain(place).chain(words);
        words.map(|it| quoted(it)).collect::<Vec<_>>().join(" ")
    }
}

fn is_named(folder: &Path) -> bool {
    folder.join(".git").symlink_metadata().is_ok()
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).trim_end().to_owned()
}

fn answer(words: &[&str], output: std::io::Result<Output>) -> anyhow::Result<String> {
    let output = output.context("cannot run git: is it installed?")?;
    refused(words, &output)?;
    Ok(text(&output.stdout))
}

fn refused(words: &[&str], output: &Output) -> anyhow::Result<()> {
    ensure!(output.status.success(), "git {}: {}", words.join(" "), text(&output.stderr));
    Ok(())
}
