//! What Argo CD would read besides what the spec makes: strangers' files on the disk, and what Git
//! has in the owned folders.

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
        disk::Kind,
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
};

/// Everything in the owned folders that is not ours, and where the spec says that the tree is,
/// against where it is. `foreign` are the files that the disk has. Of what the spec makes, what Git
/// leaves out.
///
/// # Errors
/// When Git, asked for its list, does not give one.
pub fn findings<N>(
    tree: &Tree<'_>,
    work: &Work,
    run: &Run<N>,
    foreign: &[Box<str>],
) -> anyhow::Result<Diagnostics> {
    let mut found = Diagnostics::new();
    let Some(plan) = run.plan.as_ref().filter(|_| run.is_whole) else { return Ok(found) };
    let ignored = match repository::holder(&work.root) {
        Holder::Nobody => Vec::new(),
        Holder::Unknown(why) => {
            found.push(repository::not_asked(&why));
            Vec::new()
        }
        Holder::Git(git) => {
            found.extend(repository::place(&git, work, plan.repository())?);
            entries(tree, &git, &mut found)?;
            let needed = ignored::needed(tree, work, plan, &run.summaries, &run.own)?;
            match ignored::ask(&git, &needed) {
                Ok(all) => all.iter().for_each(|it| found.push(it.finding())),
                // Where something else is in the way of our files, Git refuses to go there, and
                // that was told.
                Err(_)
                    if found.has_errors() || !foreign.is_empty() || run.findings.has_errors() => {}
                Err(why) => found.push(repository::not_asked(&why)),
            }
            found.extend(attributes::findings(tree, &git)?);
            if foreign.is_empty() { Vec::new() } else { ignored(&git)? }
        }
    };
    let mut buffer = Vec::new();
    // What Git leaves alone, Argo CD never sees: an editor's or a system's own.
    for path in foreign.iter().filter(|it| ignored.binary_search(it).is_err()) {
        let is_secret = tree.holds_secret(path, &mut buffer);
        found.push(if is_secret { findings::plain_secret(path) } else { findings::foreign(path) });
    }
    Ok(capped(found))
}

/// So many findings of one code are told one by one.
const MOST: usize = 24;

/// The first of each code, and one more for the rest: a thousand files came in one step, and go in
/// one.
pub fn capped(all: Diagnostics) -> Diagnostics {
    let mut told: BTreeMap<(&str, Severity), (usize, Option<Diagnostic>)> = BTreeMap::new();
    let mut kept = Diagnostics::new();
    for it in all {
        let (number, last) = told.entry((it.code, it.severity)).or_default();
        *number += 1;
        if *number <= MOST { kept.push(it) } else { *last = Some(it) }
    }
    for (number, last) in told.into_values() {
        let Some(mut it) = last else { continue };
        if number > MOST + 1 {
            it.message = format!("and {} more; the last: {}", number - MOST, it.message);
        }
        kept.push(it);
    }
    kept
}

/// Files in the owned folders that Git neither has nor would add, in order.
fn ignored(git: &Git) -> anyhow::Result<Vec<Box<str>>> {
    listed(git, &["ls-files", "-z", "--others", "--ignored", "--exclude-standard", "--"])
}

/// What Git lists of the owned folders, in order.
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

/// Needed files that Git does not have and would add, where a repository with commits has others:
/// taken out of it, or not added yet. Until the first commit of generated files that is as it
/// should be.
///
/// # Errors
/// When Git, asked for its list, does not give one.
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

/// One line of Git's list: `H 100644 0123… 0<tab>path`.
struct Entry {
    /// Git was told not to look at the file on the disk, and by which mark.
    hidden: Option<&'static str>,
    mode: String,
    /// The number of what Git has.
    id: String,
    path: String,
}

/// Goes through what Git has in the owned folders (its index: what the next commit holds), one line
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
        // A conflict has the same path several times.
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

/// What one entry is, where it is not ours. One that is gone from the disk, and is not hidden,
/// waits for a commit that removes it.
fn judge(
    tree: &Tree<'_>,
    git: &Git,
    it: &Entry,
    links: &mut Option<bool>,
    buffer: &mut Vec<u8>,
    found: &mut Diagnostics,
) -> anyhow::Result<()> {
    let on_disk = tree.disk.look(&tree.root.join(&it.path)).ok().flatten().map(|it| it.0);
    let path = &*it.path;
    let is_needed = tree.is_needed(path);
    let is_hidden = it.hidden.is_some();
    let remove = "`git rm --cached` takes it out of Git; then run `espalier render`";
    match &*it.mode {
        "160000" if is_hidden || on_disk == Some(Kind::Folder) => {
            found.push(findings::entry(path, "is another repository in Git (a submodule)", remove));
        }
        // Where links are files (on Windows), the disk has a file with the address in it, and `git
        // add` keeps the mode.
        "120000"
            if is_needed != Some(false)
                && (is_hidden || on_disk == Some(Kind::File) && !has_links(git, links)?) =>
        {
            found.push(findings::entry(path, "is a symbolic link in Git", remove));
        }
        "120000" if is_hidden && on_disk.is_none() => {
            found.push(findings::entry(path, "is a symbolic link in Git", remove));
        }
        "100755" if is_needed == Some(true) && !is_program(path) => {
            found.push(findings::mode(path));
        }
        // On a disk that folds case, the one file there is listed under one name alone.
        "100644" | "100755" if is_needed.is_none() && (is_hidden || on_disk.is_some()) => {
            let what = "is in Git and not in this folder, and was not generated by espalier";
            found.push(findings::entry(
                path,
                what,
                "`git rm --cached` takes it out; `git ls-files -v` names what Git was told not to \
                 look at",
            ));
        }
        _ => {}
    }
    // A file whose change Git sees waits for a commit; one that it does not look at waits for ever.
    if let Some(mark) = it.hidden.filter(|_| it.mode.starts_with("100") && is_needed == Some(true))
    {
        let bytes = tree.bytes(path, buffer)?;
        if bytes.is_some_and(|bytes| blob(bytes, &it.id) != it.id) {
            found.push(findings::hidden(path, mark));
        }
    }
    Ok(())
}

/// The number by which Git would know these bytes, by the sum that the other number is made with.
fn blob(bytes: &[u8], like: &str) -> String {
    let head = format!("blob {}\0", bytes.len());
    let hexadecimal =
        |sum: &[u8]| sum.iter().fold(String::new(), |text, sum| format!("{text}{sum:02x}"));
    if like.len() == 64 {
        hexadecimal(&Sha256::new().chain_update(head).chain_update(bytes).finalize())
    } else {
        hexadecimal(&Sha1::new().chain_update(head).chain_update(bytes).finalize())
    }
}

/// Whether Git makes links on this disk; asked once.
fn has_links(git: &Git, known: &mut Option<bool>) -> anyhow::Result<bool> {
    if let Some(it) = known {
        return Ok(*it);
    }
    let said = git.knows(&["config", "--type=bool", "--get", "core.symlinks"])?;
    Ok(*known.insert(said.as_deref() != Some("false")))
}

/// The one generated program.
fn is_program(path: &str) -> bool {
    path == crate::emit::bootstrap::SCRIPT
}
