//! What Argo CD would read in addition to the generated files: other files on the disk, and other
//! entries that Git has in the owned folders.

use std::{
    collections::BTreeMap,
    io::{BufRead as _, BufReader},
};

use anyhow::{Context as _, ensure};
use sha1::{Digest as _, Sha1};
use sha2::Sha256;

use crate::{
    cli::{
        attributes,
        disk::EntryKind,
        findings,
        git::Git,
        ignored,
        owned::{name, owned},
        path_index::{OWNED, shown},
        pipeline::Run,
        repository::{self, Holder},
        sources::Work,
        tree::Tree,
    },
    diag::diagnostic::{Diagnostic, Diagnostics, Severity},
    plan::Plan,
};

/// What was built, as far as Git is asked about it.
pub struct Built<'a> {
    /// The platform.
    pub plan: &'a Plan,
    /// The files that a commit has to contain.
    pub needed: &'a dyn Fn() -> anyhow::Result<Vec<String>>,
    /// Whether one of the findings so far is an error.
    pub has_errors: bool,
    /// The files on the disk that Espalier did not generate.
    pub foreign: &'a [Box<str>],
}

/// The same as [`of`], about a whole compilation. What cannot be built completely is not compared
/// with what Git has.
///
/// # Errors
/// When Git does not list its files.
pub fn findings<N>(
    tree: &Tree<'_>,
    work: &Work,
    run: &Run<N>,
    foreign: &[Box<str>],
) -> anyhow::Result<Diagnostics> {
    let Some(plan) = run.plan.as_ref().filter(|_| run.is_whole) else {
        return Ok(Diagnostics::new());
    };
    let needed = || ignored::needed(tree, work, plan, &run.summaries, &run.own);
    let has_errors = run.findings.has_errors();
    of(tree, work, &Built { plan, needed: &needed, has_errors, foreign })
}

/// Reports everything in the owned folders that Espalier did not generate, generated files that Git
/// leaves out or changes, and a path or branch in the spec that differs from the repository's.
///
/// # Errors
/// When Git does not list its files.
pub fn of(tree: &Tree<'_>, work: &Work, built: &Built<'_>) -> anyhow::Result<Diagnostics> {
    let Built { plan, needed, has_errors, foreign } = *built;
    let mut found = Diagnostics::new();
    let ignored = match repository::holder(&work.root) {
        Holder::Nobody => Vec::new(),
        Holder::Unknown(why) => {
            found.push(repository::not_asked(&why));
            Vec::new()
        }
        Holder::Git(git) => {
            found.extend(repository::place(&git, work, plan.repository())?);
            entries(tree, &git, &mut found)?;
            match ignored::ask(&git, &needed()?) {
                Ok(all) => all.iter().for_each(|it| found.push(it.finding())),
                // If something else occupies the path of a generated file, Git refuses to look
                // there, and that is reported already.
                Err(_) if found.has_errors() || !foreign.is_empty() || has_errors => {}
                Err(why) => found.push(repository::not_asked(&why)),
            }
            found.extend(attributes::findings(tree, &git)?);
            if foreign.is_empty() { Vec::new() } else { ignored(&git)? }
        }
    };
    let mut buffer = Vec::new();
    // Argo CD never sees what Git ignores, such as an editor's or a system's own files.
    for path in foreign.iter().filter(|it| ignored.binary_search(it).is_err()) {
        let is_secret = tree.holds_secret(path, &mut buffer);
        found.push(if is_secret { findings::plain_secret(path) } else { findings::foreign(path) });
    }
    Ok(capped(found))
}

/// The number of findings of one code that are reported one by one.
const MOST: usize = 24;

/// The first findings of each code, and one more that counts the rest: a thousand files that were
/// added in one step are removed in one step too.
pub fn capped(all: Diagnostics) -> Diagnostics {
    let mut counted: BTreeMap<(&str, Severity), (usize, Option<Diagnostic>)> = BTreeMap::new();
    let mut kept = Diagnostics::new();
    for finding in all {
        let (number, last) = counted.entry((finding.code, finding.severity)).or_default();
        *number += 1;
        if *number <= MOST { kept.push(finding) } else { *last = Some(finding) }
    }
    for (number, last) in counted.into_values() {
        let Some(mut finding) = last else { continue };
        if number > MOST + 1 {
            let rest = number - MOST;
            finding.message = format!("and {rest} more; the last: {}", finding.message);
        }
        kept.push(finding);
    }
    kept
}

/// Files in the owned folders that Git neither has nor would add, sorted.
fn ignored(git: &Git) -> anyhow::Result<Vec<Box<str>>> {
    listed(git, &["ls-files", "-z", "--others", "--ignored", "--exclude-standard", "--"])
}

/// What Git lists in the owned folders, sorted.
fn listed(git: &Git, words: &[&str]) -> anyhow::Result<Vec<Box<str>>> {
    let folders: Vec<String> = owned(git).collect();
    let words: Vec<&str> =
        words.iter().copied().chain(folders.iter().map(String::as_str)).collect();
    let listing = git.lists(&words)?;
    let paths = listing.split(|it| *it == 0).filter(|it| !it.is_empty());
    let mut all: Vec<Box<str>> =
        paths.filter_map(|it| Some(git.below(&shown(&name(it)))?.into())).collect();
    all.sort_unstable();
    Ok(all)
}

/// Generated files that Git does not have but would add, if it has other generated files: they were
/// removed from Git, or not added yet. Before the first commit of generated files that is normal.
///
/// # Errors
/// When Git does not list its files.
pub fn left_out(tree: &Tree<'_>, work: &Work) -> anyhow::Result<Option<Diagnostic>> {
    let Holder::Git(git) = repository::holder(&work.root) else { return Ok(None) };
    if git.knows(&["rev-parse", "--verify", "--quiet", "HEAD^{commit}"])?.is_none() {
        return Ok(None);
    }
    let others = listed(&git, &["ls-files", "-z", "--others", "--exclude-standard", "--"])?;
    let mut missing = others.iter().filter(|it| tree.is_needed(it) == Some(true));
    let Some(first) = missing.next() else { return Ok(None) };
    let has_others =
        listed(&git, &["ls-files", "-z", "--"])?.iter().any(|it| tree.is_needed(it) == Some(true));
    Ok(has_others.then(|| findings::left_out(first, 1 + missing.count())))
}

/// One line of `git ls-files --stage`: `H 100644 0123… 0<tab>path`.
struct Entry {
    /// The mark, if any, that tells Git not to look at the file on the disk.
    hidden: Option<&'static str>,
    mode: String,
    /// The object ID of the content that Git has.
    id: String,
    path: String,
}

/// Examines what Git has in the owned folders (its index, which the next commit contains), one line
/// at a time.
fn entries(tree: &Tree<'_>, git: &Git, found: &mut Diagnostics) -> anyhow::Result<()> {
    let folders: Vec<String> = owned(git).collect();
    let words: Vec<&str> = ["ls-files", "-z", "-v", "--stage", "--"]
        .into_iter()
        .chain(folders.iter().map(String::as_str))
        .collect();
    let mut process = git.asks(&words).spawn().context("cannot run git: is it installed?")?;
    let mut lines = BufReader::new(process.stdout.take().context("git gives no output")?);
    let (mut line, mut links, mut last, mut buffer) = (Vec::new(), None, String::new(), Vec::new());
    loop {
        line.clear();
        if lines.read_until(0, &mut line).context("cannot read what git lists")? == 0 {
            break;
        }
        let entry = entry(git, &line).with_context(|| {
            format!("cannot read git's line `{}`", String::from_utf8_lossy(&line))
        })?;
        // A file with a merge conflict is listed several times.
        if entry.path != last {
            judge(tree, git, &entry, &mut links, &mut buffer, found)?;
            last = entry.path;
        }
    }
    ensure!(
        process.wait().context("cannot wait for git")?.success(),
        "git cannot list what it has in {}",
        OWNED.join(", ")
    );
    Ok(())
}

fn entry(git: &Git, line: &[u8]) -> Option<Entry> {
    let line = line.strip_suffix(&[0]).unwrap_or(line);
    let tab = line.iter().position(|it| *it == b'\t')?;
    let facts = String::from_utf8_lossy(&line[..tab]);
    let mut facts = facts.split(' ');
    let tag = facts.next()?;
    let is_assumed = tag.starts_with(|character: char| character.is_ascii_lowercase());
    let hidden =
        if is_assumed { Some("assume-unchanged") } else { (tag == "S").then_some("skip-worktree") };
    let (mode, id) = (facts.next()?.to_owned(), facts.next()?.to_owned());
    let path = shown(&name(&line[tab + 1..])).into_owned();
    Some(Entry { hidden, mode, id, path: git.below(&path)?.to_owned() })
}

/// Reports an entry that is not a generated file. An entry that is missing on the disk, and not
/// hidden, is about to be removed by a commit.
fn judge(
    tree: &Tree<'_>,
    git: &Git,
    entry: &Entry,
    links: &mut Option<bool>,
    buffer: &mut Vec<u8>,
    found: &mut Diagnostics,
) -> anyhow::Result<()> {
    let on_disk = tree.disk.look(&tree.root.join(&entry.path)).ok().flatten().map(|it| it.0);
    let path = &*entry.path;
    let is_needed = tree.is_needed(path);
    let is_hidden = entry.hidden.is_some();
    let remove = "`git rm --cached` removes it from Git; then run `espalier render`";
    match &*entry.mode {
        "160000" if is_hidden || on_disk == Some(EntryKind::Folder) => {
            found.push(findings::entry(path, "is another repository in Git (a submodule)", remove));
        }
        // Where symbolic links are files (on Windows), the disk has a file that contains the
        // target, and `git add` keeps the mode.
        "120000"
            if is_needed != Some(false)
                && (is_hidden || on_disk == Some(EntryKind::File) && !has_links(git, links)?) =>
        {
            found.push(findings::entry(path, "is a symbolic link in Git", remove));
        }
        "120000" if is_hidden && on_disk.is_none() => {
            found.push(findings::entry(path, "is a symbolic link in Git", remove));
        }
        "100755" if is_needed == Some(true) && !is_program(path) => {
            found.push(findings::mode(path));
        }
        // On a case-insensitive file system, the file is listed under one name only.
        "100644" | "100755" if is_needed.is_none() && (is_hidden || on_disk.is_some()) => {
            let what = "is in Git but not in this folder, and was not generated by espalier";
            found.push(findings::entry(
                path,
                what,
                "`git rm --cached` removes it; `git ls-files -v` lists the files whose changes \
                 Git was told to ignore",
            ));
        }
        _ => {}
    }
    // A change that Git sees will be committed; a change that it was told to ignore never will.
    let is_file = entry.mode.starts_with("100");
    if let Some(mark) = entry.hidden.filter(|_| is_file && is_needed == Some(true)) {
        let bytes = tree.bytes(path, buffer)?;
        if bytes.is_some_and(|bytes| blob(bytes, &entry.id) != entry.id) {
            found.push(findings::hidden(path, mark));
        }
    }
    Ok(())
}

/// The object ID that Git would give these bytes, with the hash function of the other ID.
fn blob(bytes: &[u8], like: &str) -> String {
    let head = format!("blob {}\0", bytes.len());
    let hexadecimal =
        |sum: &[u8]| sum.iter().fold(String::new(), |text, byte| format!("{text}{byte:02x}"));
    if like.len() == 64 {
        hexadecimal(&Sha256::new().chain_update(head).chain_update(bytes).finalize())
    } else {
        hexadecimal(&Sha1::new().chain_update(head).chain_update(bytes).finalize())
    }
}

/// Whether Git creates symbolic links on this disk; Git is asked once.
fn has_links(git: &Git, known: &mut Option<bool>) -> anyhow::Result<bool> {
    if let Some(answer) = known {
        return Ok(*answer);
    }
    let said = git.knows(&["config", "--type=bool", "--get", "core.symlinks"])?;
    Ok(*known.insert(said.as_deref() != Some("false")))
}

/// Whether this is the only generated file that is executable.
fn is_program(path: &str) -> bool {
    path == crate::emit::bootstrap::SCRIPT
}
