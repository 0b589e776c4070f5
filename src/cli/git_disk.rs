//! A Git revision as a disk that can only be read, so that a committed tree is compared like the one in the work folder.

use std::{
    collections::BTreeMap,
    io::{self, BufRead as _, BufReader, ErrorKind, Read as _, Write as _},
    path::{Path, PathBuf},
    process::{Child, ChildStdin, ChildStdout, Stdio},
    sync::{Mutex, PoisonError},
};

use anyhow::{Context as _, bail};

use crate::cli::{
    disk::{Disk, Entry, Kind},
    git::Git,
    index::OWNED,
};

/// The generated files of one revision.
pub struct GitDisk {
    root: PathBuf,
    files: BTreeMap<PathBuf, Blob>,
    folders: BTreeMap<PathBuf, BTreeMap<std::ffi::OsString, Kind>>,
    contents: Mutex<Contents>,
}

struct Blob {
    id: String,
    kind: Kind,
    size: u64,
}

/// `git cat-file --batch`: one process for all contents.
struct Contents {
    process: Child,
    ask: Option<ChildStdin>,
    answer: BufReader<ChildStdout>,
}

impl GitDisk {
    /// Lists the generated files of a revision of the repository that holds `root`.
    ///
    /// # Errors
    /// When there is no `git`, no repository that is safe to ask, or no such revision.
    pub fn open(root: &Path, revision: &str) -> anyhow::Result<Self> {
        let git = Git::of(root)?;
        let commit = format!("{revision}^{{commit}}");
        let words = ["rev-parse", "--verify", "--quiet", "--end-of-options", &commit];
        let Some(commit) = git.knows(&words)? else {
            bail!(
                "the Git repository at {} has no revision `{revision}`: fetch it first (in CI, \
                 check out with `fetch-depth: 0`)",
                git.top().display()
            );
        };
        let mut ask = vec!["ls-tree", "-r", "-l", "-z", "--full-tree", &commit, "--"];
        let paths: Vec<String> = OWNED.iter().map(|it| git.path(it)).collect();
        let schema = git.path("spec/platform.schema.json");
        ask.extend(paths.iter().map(String::as_str).chain([schema.as_str()]));
        let listing = git.lists(&ask)?;
        let process = git.asks(&["cat-file", "--batch"]).stdin(Stdio::piped()).spawn();
        let mut process = process.context("cannot run git")?;
        let (ask, answer) = (process.stdin.take(), process.stdout.take());
        let answer = BufReader::new(answer.context("git gives no output")?);
        let mut it = Self {
            root: root.to_owned(),
            files: BTreeMap::new(),
            folders: BTreeMap::new(),
            contents: Mutex::new(Contents { process, ask, answer }),
        };
        for line in listing.split(|it| *it == 0).filter(|it| !it.is_empty()) {
            it.add(&git, line).with_context(|| format!("cannot read git's line `{}`", String::from_utf8_lossy(line)))?;
        }
        Ok(it)
    }

    /// `100644 blob 0123… 42\tpath`
    fn add(&mut self, git: &Git, line: &[u8]) -> Option<()> {
        let line = String::from_utf8_lossy(line);
        let (facts, path) = line.split_once('\t')?;
        let mut facts = facts.split_whitespace();
        let (mode, _, id, size) = (facts.next()?, facts.next()?, facts.next()?, facts.next()?);
        let kind = if mode.starts_with("100") { Kind::File } else { Kind::Other };
        let path = PathBuf::from(git.below(path)?);
        let mut below = (path.as_path(), kind);
        while let (Some(folder), Some(name)) = (below.0.parent(), below.0.file_name()) {
            let known = self.folders.entry(folder.to_owned()).or_default().insert(name.to_owned(), below.1);
            if known.is_some() {
                break;
            }
            below = (folder, Kind::Folder);
        }
        self.files.insert(path, Blob { id: id.to_owned(), kind, size: size.parse().unwrap_or(0) });
        Some(())
    }

    fn inside<'a>(&self, path: &'a Path) -> io::Result<&'a Path> {
        path.strip_prefix(&self.root).map_err(|_| ErrorKind::NotFound.into())
    }
}

impl Contents {
    fn read(&mut self, id: &str, into: &mut Vec<u8>) -> io::Result<()> {
        let ask = self.ask.as_mut().ok_or(ErrorKind::BrokenPipe)?;
        writeln!(ask, "{id}")?;
        ask.flush()?;
        let mut head = String::new();
        self.answer.read_line(&mut head)?;
        let size: u64 = head.split_whitespace().nth(2).and_then(|it| it.parse().ok()).ok_or(ErrorKind::NotFound)?;
        into.clear();
        (&mut self.answer).take(size).read_to_end(into)?;
        self.answer.read_exact(&mut [0])
    }
}

impl Drop for Contents {
    fn drop(&mut self) {
        // Its stdin closed, git ends by itself; waiting keeps it from staying as a zombie.
        drop(self.ask.take());
        let _ = self.process.wait();
    }
}

impl Disk for GitDisk {
    fn look(&self, path: &Path) -> io::Result<Option<(Kind, u64)>> {
        let path = self.inside(path)?;
        let file = self.files.get(path).map(|it| (it.kind, it.size));
        Ok(file.or_else(|| self.folders.contains_key(path).then_some((Kind::Folder, 0))))
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
        self.contents.lock().unwrap_or_else(PoisonError::into_inner).read(&blob.id, into)?;
        into.truncate(at_most);
        Ok(())
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
