//! A Git revision as a read-only disk, so that a committed tree is compared like the one in the
//! work tree.

use std::{
    collections::BTreeMap,
    io::{self, BufRead as _, BufReader, ErrorKind, Read as _, Write as _},
    path::{Path, PathBuf},
    process::{Child, ChildStdin, ChildStdout, Stdio},
    sync::{Mutex, MutexGuard, PoisonError},
};

use anyhow::{Context as _, bail};

use crate::cli::{
    disk::{Disk, Entry, EntryKind},
    git::Git,
    path_index::OWNED,
};

/// The spec and the generated files of one revision.
pub(super) struct GitDisk {
    root: PathBuf,
    files: BTreeMap<PathBuf, Blob>,
    folders: BTreeMap<PathBuf, BTreeMap<std::ffi::OsString, EntryKind>>,
    contents: Mutex<Contents>,
}

struct Blob {
    id: String,
    kind: EntryKind,
}

/// `git cat-file --batch-command`: one process for all sizes and contents.
struct Contents {
    process: Child,
    ask: Option<ChildStdin>,
    answer: BufReader<ChildStdout>,
}

/// The largest number of branches that are listed when a revision does not exist.
const MOST: usize = 8;

impl GitDisk {
    /// Lists the spec and the generated files of a revision of the repository that holds `root`.
    ///
    /// # Errors
    /// When there is no `git`, no repository that is safe to use, or no such revision.
    pub(super) fn open(root: &Path, revision: &str) -> anyhow::Result<Self> {
        let git = Git::of(root)?;
        let commit = format!("{revision}^{{commit}}");
        let words = ["rev-parse", "--verify", "--quiet", "--end-of-options", &commit];
        let Some(commit) = git.knows(&words)? else {
            let listed = git
                .knows(&[
                    "for-each-ref",
                    "--format=%(refname:short)",
                    "refs/heads",
                    "refs/remotes",
                ])?
                .unwrap_or_default();
            let branches: Vec<String> =
                listed.lines().take(MOST).map(|it| format!("`{it}`")).collect();
            let more = if listed.lines().nth(MOST).is_some() { ", …" } else { "" };
            let there = if branches.is_empty() {
                String::new()
            } else {
                format!(" (it has {}{more})", branches.join(", "))
            };
            bail!(
                "the Git repository at {} has no revision `{revision}`{there}: name an existing \
                 one, or fetch that one first (in CI, check out with `fetch-depth: 0`)",
                git.top().display()
            );
        };
        let mut ask = vec!["ls-tree", "-r", "-z", "--full-tree", &commit, "--"];
        let paths: Vec<String> = OWNED.iter().chain(&["spec"]).map(|it| git.path(it)).collect();
        ask.extend(paths.iter().map(String::as_str));
        let listing = git.lists(&ask)?;
        let process = git.asks(&["cat-file", "--batch-command"]).stdin(Stdio::piped()).spawn();
        let mut process = process.context("cannot run git")?;
        let (ask, answer) = (process.stdin.take(), process.stdout.take());
        let answer = BufReader::new(answer.context("git gives no output")?);
        let mut disk = Self {
            root: root.to_owned(),
            files: BTreeMap::new(),
            folders: BTreeMap::new(),
            contents: Mutex::new(Contents { process, ask, answer }),
        };
        for line in listing.split(|it| *it == 0).filter(|it| !it.is_empty()) {
            disk.add(&git, line).with_context(|| {
                format!("cannot read git's line `{}`", String::from_utf8_lossy(line))
            })?;
        }
        Ok(disk)
    }

    /// `100644 blob 0123…\tpath`
    fn add(&mut self, git: &Git, line: &[u8]) -> Option<()> {
        let line = String::from_utf8_lossy(line);
        let (facts, path) = line.split_once('\t')?;
        let mut facts = facts.split_whitespace();
        let (mode, _, id) = (facts.next()?, facts.next()?, facts.next()?);
        let kind = if mode.starts_with("100") { EntryKind::File } else { EntryKind::Other };
        let path = PathBuf::from(git.below(path)?);
        let mut below = (path.as_path(), kind);
        while let (Some(folder), Some(name)) = (below.0.parent(), below.0.file_name()) {
            let known =
                self.folders.entry(folder.to_owned()).or_default().insert(name.to_owned(), below.1);
            if known.is_some() {
                break;
            }
            below = (folder, EntryKind::Folder);
        }
        self.files.insert(path, Blob { id: id.to_owned(), kind });
        Some(())
    }

    fn contents(&self) -> MutexGuard<'_, Contents> {
        self.contents.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn inside<'a>(&self, path: &'a Path) -> io::Result<&'a Path> {
        path.strip_prefix(&self.root).map_err(|_| ErrorKind::NotFound.into())
    }
}

impl Contents {
    /// The size of a blob; `what` is `info`, or `contents`, after which the contents follow.
    fn size(&mut self, what: &str, id: &str) -> io::Result<u64> {
        let ask = self.ask.as_mut().ok_or(ErrorKind::BrokenPipe)?;
        writeln!(ask, "{what} {id}")?;
        ask.flush()?;
        let mut head = String::new();
        self.answer.read_line(&mut head)?;
        let size = head.split_whitespace().nth(2).and_then(|it| it.parse().ok());
        size.ok_or_else(|| {
            io::Error::other(
                "this is a partial clone without that object: run `git fetch --refetch \
                 --no-filter`, or check out without a filter",
            )
        })
    }

    fn read(&mut self, id: &str, at_most: usize, into: &mut Vec<u8>) -> io::Result<()> {
        let size = self.size("contents", id)?;
        into.clear();
        let wanted = size.min(at_most as u64);
        (&mut self.answer).take(wanted).read_to_end(into)?;
        // Skip the rest, and the line break after it.
        io::copy(&mut (&mut self.answer).take(size - wanted + 1), &mut io::sink())?;
        Ok(())
    }
}

impl Drop for Contents {
    fn drop(&mut self) {
        // Git ends once its stdin is closed; waiting for it prevents a zombie process.
        drop(self.ask.take());
        let _ = self.process.wait();
    }
}

impl Disk for GitDisk {
    fn look(&self, path: &Path) -> io::Result<Option<(EntryKind, u64)>> {
        let path = self.inside(path)?;
        let Some(file) = self.files.get(path) else {
            return Ok(self.folders.contains_key(path).then_some((EntryKind::Folder, 0)));
        };
        let size =
            if file.kind == EntryKind::File { self.contents().size("info", &file.id)? } else { 0 };
        Ok(Some((file.kind, size)))
    }

    fn resolve(&self, path: &Path) -> io::Result<PathBuf> {
        Ok(path.to_owned())
    }

    fn list(&self, path: &Path) -> io::Result<Vec<Entry>> {
        let folder = self.folders.get(self.inside(path)?).ok_or(ErrorKind::NotFound)?;
        Ok(folder.iter().map(|(name, kind)| Entry { name: name.clone(), kind: *kind }).collect())
    }

    fn read(&self, path: &Path, at_most: usize, into: &mut Vec<u8>) -> io::Result<()> {
        let blob = self.files.get(self.inside(path)?).ok_or(ErrorKind::NotFound)?;
        self.contents().read(&blob.id, at_most, into)
    }

    fn create(&self, _: &Path, _: &[u8]) -> io::Result<()> {
        Err(ErrorKind::ReadOnlyFilesystem.into())
    }

    fn create_private(&self, _: &Path, _: &[u8]) -> io::Result<()> {
        Err(ErrorKind::ReadOnlyFilesystem.into())
    }

    fn rename(&self, _: &Path, _: &Path) -> io::Result<()> {
        Err(ErrorKind::ReadOnlyFilesystem.into())
    }

    fn create_folders(&self, _: &Path) -> io::Result<()> {
        Err(ErrorKind::ReadOnlyFilesystem.into())
    }

    fn remove_file(&self, _: &Path) -> io::Result<()> {
        Err(ErrorKind::ReadOnlyFilesystem.into())
    }

    fn remove_folder(&self, _: &Path) -> io::Result<()> {
        Err(ErrorKind::ReadOnlyFilesystem.into())
    }

    fn remove_all(&self, _: &Path) -> io::Result<()> {
        Err(ErrorKind::ReadOnlyFilesystem.into())
    }

    fn sync(&self, _: &Path) -> io::Result<()> {
        Ok(())
    }
}
