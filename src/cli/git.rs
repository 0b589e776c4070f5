//! The one door to Git: which repository is asked, and with which settings.
//!
//! Files of the repository may be a stranger's (a pull request in CI), so nothing that a commit can
//! hold decides which repository answers, or runs a program. A commit can hold a bare repository in
//! a folder of its own, with a configuration that names programs; it cannot hold a `.git`.

use std::{
    env,
    ffi::OsStr,
    path::{Path, PathBuf},
    process::{Command, Output, Stdio},
};

use anyhow::{Context as _, bail, ensure};

use crate::cli::{console::Console, disk::Kind, shell::quoted};

/// Variables of the environment that an act of the user's keeps: who commits, and how a remote is
/// reached. All other `GIT_…` variables are cleared; some name another repository or a program.
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

/// The user's and the system's configuration, which also say which folders are safe.
const CONFIGURATION: [&str; 3] = ["GIT_CONFIG_GLOBAL", "GIT_CONFIG_NOSYSTEM", "GIT_CONFIG_SYSTEM"];

/// Settings of every call: no bare repository that was merely found, no program that watches files.
const ALWAYS: [&str; 2] = ["safe.bareRepository=explicit", "core.fsmonitor=false"];

/// Settings of a question besides: it runs no hook, and speaks to nobody.
const QUIET: [&str; 2] = ["core.hooksPath=/dev/null", "protocol.allow=never"];

/// The repository that holds a folder.
pub struct Git {
    top: PathBuf,
    prefix: String,
}

impl Git {
    /// Finds the repository whose work tree holds `root`: the nearest folder with a `.git`.
    ///
    /// # Errors
    /// When there is none, when Git itself does not trust it, or when it says that its work tree is
    /// elsewhere.
    pub fn of(root: &Path) -> anyhow::Result<Self> {
        let Some(top) = root.ancestors().find(|it| is_named(it)) else {
            bail!("{} is in no Git repository", root.display());
        };
        let git = top.join(".git");
        let kind = git.symlink_metadata().map(|it| Kind::from(it.file_type()));
        let is_one = matches!(kind, Ok(Kind::Folder | Kind::File));
        ensure!(is_one, "{} is a link: no repository that lies elsewhere is asked", git.display());
        let below = root.strip_prefix(top).context("a folder is below those above it")?;
        let below = below.to_str().context("Git cannot be asked: the path is not UTF-8")?;
        let prefix = if below.is_empty() { String::new() } else { format!("{below}/") };
        let it = Self { top: top.to_owned(), prefix: prefix.replace('\\', "/") };
        let said = it.says(&["rev-parse", "--show-toplevel"])?;
        let theirs = Path::new(&said).canonicalize().unwrap_or_else(|_| said.clone().into());
        ensure!(
            theirs == it.top.canonicalize().unwrap_or_else(|_| it.top.clone()),
            "Git says that the work tree is {said}, and {} is not in it",
            root.display()
        );
        Ok(it)
    }

    /// Whether there is one at all: a folder above, or this one, has a `.git`.
    pub fn is_around(root: &Path) -> bool {
        root.ancestors().any(is_named)
    }

    /// The top of the work tree.
    pub fn top(&self) -> &Path {
        &self.top
    }

    /// A path below the root as Git calls it: from the top.
    pub fn path(&self, path: &str) -> String {
        format!("{}{path}", self.prefix)
    }

    /// A path as Git calls it, from the root; none where it lies elsewhere.
    pub fn below<'a>(&self, path: &'a str) -> Option<&'a str> {
        path.strip_prefix(&*self.prefix)
    }

    /// A question about what is here. Git runs nothing for it, asks nobody and changes nothing.
    pub fn asks(&self, words: &[&str]) -> Command {
        let mut git = self.command(&CONFIGURATION, &QUIET, words);
        git.env("GIT_NO_LAZY_FETCH", "1").env("GIT_OPTIONAL_LOCKS", "0");
        git.env("GIT_TERMINAL_PROMPT", "0").stdin(Stdio::null()).stdout(Stdio::piped());
        git
    }

    /// An act of the user's, or a question to a remote: with their hooks, signatures, credentials.
    pub fn acts(&self, words: &[&str]) -> Command {
        self.command(&KEPT, &[], words)
    }

    #[expect(clippy::disallowed_methods, reason = "the one place from where Git is called")]
    fn command(&self, kept: &[&str], settings: &[&str], words: &[&str]) -> Command {
        let mut git = Command::new("git");
        let is_gits = |name: &OsStr| name.to_string_lossy().starts_with("GIT_");
        for (name, _) in env::vars_os().filter(|it| is_gits(&it.0)) {
            if !kept.iter().any(|it| name.to_str() == Some(it)) {
                git.env_remove(name);
            }
        }
        // The search for the repository begins at the top, where its `.git` is the first thing
        // found, and goes no higher.
        git.env("GIT_CEILING_DIRECTORIES", self.top.parent().unwrap_or(&self.top));
        // A replacement would show another content under the name of what is there.
        git.env("GIT_NO_REPLACE_OBJECTS", "1");
        for setting in ALWAYS.iter().chain(settings) {
            git.args(["-c", setting]);
        }
        git.arg("-C").arg(&self.top).args(words);
        git
    }

    /// What Git answers to a question, without the last line break.
    ///
    /// # Errors
    /// When Git refuses, in its own words.
    pub fn says(&self, words: &[&str]) -> anyhow::Result<String> {
        answer(words, self.asks(words).output())
    }

    /// The same, where Git may say no: then there is no answer.
    ///
    /// # Errors
    /// When Git cannot be run.
    pub fn knows(&self, words: &[&str]) -> anyhow::Result<Option<String>> {
        let output = self.asks(words).output().context("cannot run git: is it installed?")?;
        Ok(output.status.success().then(|| text(&output.stdout)))
    }

    /// The bytes that Git answers.
    ///
    /// # Errors
    /// When Git refuses, in its own words.
    pub fn lists(&self, words: &[&str]) -> anyhow::Result<Vec<u8>> {
        let output = self.asks(words).output().context("cannot run git: is it installed?")?;
        refused(words, &output)?;
        Ok(output.stdout)
    }

    /// What a remote answers, without the last line break.
    ///
    /// # Errors
    /// When Git or the remote refuses, in their own words.
    pub fn asks_remote(&self, words: &[&str]) -> anyhow::Result<String> {
        answer(words, self.acts(words).stdin(Stdio::null()).output())
    }

    /// Changes something, and says on the console what; Git talks to the terminal itself.
    ///
    /// # Errors
    /// When Git refuses; it has said why.
    pub fn does(&self, words: &[&str], console: &mut Console) -> anyhow::Result<()> {
        console.say_whole(&format!("{}\n", self.line(words)));
        let status = self.acts(words).stdout(Stdio::null()).status();
        ensure!(
            status.context("cannot run git: is it installed?")?.success(),
            "git {} failed: mend what it says, and run `espalier release` again",
            words.first().copied().unwrap_or_default()
        );
        Ok(())
    }

    /// An act as a line that can be pasted into a shell.
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
