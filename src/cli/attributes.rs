//! Git attributes that change the bytes of generated files on their way into a commit, and the
//! lines that set them.

use std::{
    collections::BTreeSet,
    io::{BufRead as _, BufReader},
    path::Path,
    process::Stdio,
};

use anyhow::{Context as _, ensure};

use crate::{
    cli::{
        disk::EntryKind,
        findings::FILE_CONVERTED,
        git::Git,
        owned::{name, owned},
        path_index::shown,
        tree::Tree,
    },
    diag::diagnostic::{Diagnostic, Place},
};

/// The attributes that Git is asked for, in this order.
const ASKED: [&str; 5] = ["filter", "ident", "working-tree-encoding", "text", "eol"];
/// The number of bytes that are read of a file of attributes.
const LARGEST: usize = 1 << 16;

/// An attribute, and the generated files that it changes.
struct Converted {
    attribute: &'static str,
    value: String,
    first: String,
    files: usize,
    /// The owned folders that contain these files.
    tops: BTreeSet<String>,
}

/// Asks Git for the attributes of every generated file that it has or would add, and reports those
/// that change bytes.
///
/// # Errors
/// When Git cannot be run, or refuses.
pub(super) fn findings(tree: &Tree<'_>, git: &Git) -> anyhow::Result<Vec<Diagnostic>> {
    let folders: Vec<String> = owned(git).collect();
    let words = ["ls-files", "-z", "--cached", "--others", "--exclude-standard", "--"];
    let words: Vec<&str> = words.into_iter().chain(folders.iter().map(String::as_str)).collect();
    let mut list = git.asks(&words).spawn().context("cannot run git: is it installed?")?;
    let names = list.stdout.take().context("git gives no output")?;
    // One Git process feeds the other, so that nobody holds the names of a large tree in memory.
    let words: Vec<&str> = ["check-attr", "-z", "--stdin"].into_iter().chain(ASKED).collect();
    let mut attributes = git
        .asks(&words)
        .stdin(Stdio::from(names))
        .spawn()
        .context("cannot run git: is it installed?")?;
    let mut answers = BufReader::new(attributes.stdout.take().context("git gives no output")?);
    let mut all: Vec<Converted> = Vec::new();
    let (mut line, mut last) = (Vec::new(), String::new());
    let mut next = || -> anyhow::Result<Vec<u8>> {
        line.clear();
        answers.read_until(0, &mut line).context("cannot read the attributes that git reports")?;
        Ok(line.strip_suffix(&[0]).unwrap_or(&line).to_owned())
    };
    loop {
        let (mut path, mut values) = (Vec::new(), [const { String::new() }; ASKED.len()]);
        for value in &mut values {
            path = next()?;
            next()?;
            *value = String::from_utf8_lossy(&next()?).into_owned();
        }
        if path.is_empty() {
            break;
        }
        let path = shown(&name(&path)).into_owned();
        // A file with a merge conflict is listed several times.
        let Some(path) =
            git.below(&path).filter(|it| **it != last && tree.is_needed(it) == Some(true))
        else {
            continue;
        };
        path.clone_into(&mut last);
        for (attribute, value) in changing(&values) {
            let top = path.split('/').next().unwrap_or_default().to_owned();
            match all.iter_mut().find(|it| it.attribute == attribute && it.value == value) {
                Some(converted) => {
                    converted.files += 1;
                    converted.tops.insert(top);
                }
                None => all.push(Converted {
                    attribute,
                    value: value.to_owned(),
                    first: path.to_owned(),
                    files: 1,
                    tops: [top].into(),
                }),
            }
        }
    }
    let is_asked = attributes.wait().context("cannot wait for git")?.success();
    ensure!(
        list.wait().context("cannot wait for git")?.success() && is_asked,
        "git could not list the attributes of the generated files"
    );
    Ok(all.iter().map(|it| it.finding(tree, git)).collect())
}

/// The attributes that change the bytes of a file whose line breaks are all `\n`.
fn changing(values: &[String; ASKED.len()]) -> impl Iterator<Item = (&'static str, &str)> {
    let is_text = values[3] != "unset";
    let changes = move |(attribute, value): &(&'static str, &str)| match *attribute {
        "filter" => !matches!(*value, "unspecified" | "unset" | "set"),
        "ident" => *value == "set",
        "working-tree-encoding" => !matches!(*value, "unspecified" | "unset"),
        "eol" => is_text && *value == "crlf",
        _ => false,
    };
    ASKED.into_iter().zip(values.iter().map(String::as_str)).filter(changes)
}

impl Converted {
    fn finding(&self, tree: &Tree<'_>, git: &Git) -> Diagnostic {
        let Self { attribute, value, first, files, tops } = self;
        let written =
            if value == "set" { (*attribute).to_owned() } else { format!("{attribute}={value}") };
        let others = match files - 1 {
            0 => String::new(),
            1 => " and 1 more generated file".to_owned(),
            more => format!(" and {more} more generated files"),
        };
        let message =
            format!("the Git attribute `{written}` changes the bytes of `{first}`{others}");
        let at = place(tree, git, first, &written);
        // A file in a deeper folder than ours, or `info/attributes`, takes precedence.
        let is_last = at.as_ref().is_some_and(|at| {
            at.file.ends_with("info/attributes") || at.file.contains('/') && at.is_below
        });
        let at = at
            .map_or_else(|| "Git's attributes".to_owned(), |it| format!("{}:{}", it.file, it.line));
        let other =
            if *attribute == "eol" { "text eol=lf".to_owned() } else { format!("!{attribute}") };
        let lines: Vec<String> = tops.iter().map(|it| format!("`/{it}/** {other}`")).collect();
        let or =
            format!(", or add {} at the end of .gitattributes, one line each", lines.join(", "));
        let or = if is_last { "" } else { &or };
        let tops = tops.iter().map(String::as_str).collect::<Vec<_>>().join(" ");
        FILE_CONVERTED
            .at(Place::File(first.as_str().into()), message)
            .help(format!(
                "remove `{written}` from {at}{or}; then run `git add --renormalize \
                           {tops}`"
            ))
            .note(
                "the committed files differ from the files here, and Argo CD reads the committed \
                 ones",
            )
    }
}

/// A line in a file of attributes.
struct Line {
    file: String,
    line: usize,
    /// Whether the file is in the platform's folder.
    is_below: bool,
}

/// The last line that sets the attribute this way, in the file that takes precedence for this path.
fn place(tree: &Tree<'_>, git: &Git, path: &str, written: &str) -> Option<Line> {
    let whole = git.path(path);
    let folders = Path::new(&whole).ancestors().skip(1).map(|it| it.join(".gitattributes"));
    let own = git.knows(&["rev-parse", "--git-path", "info/attributes"]).ok().flatten();
    for file in own.iter().map(|it| Path::new(it).to_owned()).chain(folders) {
        let full = git.top().join(&file);
        let mut bytes = Vec::new();
        if !matches!(tree.disk.look(&full), Ok(Some((EntryKind::File, _))))
            || tree.disk.read(&full, LARGEST, &mut bytes).is_err()
        {
            continue;
        }
        let text = String::from_utf8_lossy(&bytes);
        let has = |line: &str| {
            !line.starts_with('#') && line.split_whitespace().skip(1).any(|it| it == written)
        };
        let Some(line) = text.lines().enumerate().filter(|it| has(it.1)).map(|it| it.0 + 1).last()
        else {
            continue;
        };
        let below = git.below(&file.to_string_lossy()).map(str::to_owned);
        let is_below = below.is_some();
        return Some(Line {
            file: below.unwrap_or_else(|| full.display().to_string()),
            line,
            is_below,
        });
    }
    None
}
