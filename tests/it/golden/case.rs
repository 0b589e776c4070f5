//! What a golden case keeps on the disk: its base, and how its tree differs from that of its base.

use std::{
    collections::BTreeMap,
    fmt::Write as _,
    fs,
    path::{Path, PathBuf},
};

use similar::{ChangeTag, TextDiff};

use crate::support::{files_below, golden_cases};

/// Paths and bytes.
pub type Tree = BTreeMap<String, Vec<u8>>;

/// The file that names the case whose tree this one is compared with.
const BASE: &str = "base";
/// The file that lists, one a line, what the base has and this case has not. No file: nothing.
const REMOVED: &str = "removed";
/// The folder of the files that the base does not have, or whose edits would be longer.
const TREE: &str = "tree";
/// The folder of the others that differ: what makes them of the base's files, `<path>.diff`.
const EDITS: &str = "edits";

/// How the tree of a case differs from that of its base.
#[derive(Debug, PartialEq, Eq)]
pub struct Difference {
    /// The files of the case's folder that say so, by their path in it.
    files: Tree,
}

impl Difference {
    /// What has to be kept for `tree`, beside `base`.
    pub fn between(base: &Tree, tree: &Tree) -> Self {
        let own = tree.iter().filter(|(path, bytes)| base.get(*path) != Some(bytes));
        let mut files: Tree = own
            .map(|(path, bytes)| match base.get(path).and_then(|it| edits(it, bytes)) {
                Some(edits) => (format!("{EDITS}/{path}.diff"), edits.into_bytes()),
                None => (format!("{TREE}/{path}"), bytes.clone()),
            })
            .collect();
        let removed: String =
            base.keys().filter(|it| !tree.contains_key(*it)).flat_map(|it| [it, "\n"]).collect();
        if !removed.is_empty() {
            files.insert(REMOVED.to_owned(), removed.into_bytes());
        }
        Self { files }
    }

    /// What a case's folder keeps.
    pub fn read(folder: &Path) -> Self {
        Self { files: files_below(folder, &[TREE, EDITS, REMOVED]) }
    }

    /// The tree that this makes of the base's.
    pub fn applied_to(&self, base: &Tree) -> Tree {
        let mut tree = base.clone();
        let removed = self.files.get(REMOVED).map_or(&[][..], Vec::as_slice);
        for path in String::from_utf8_lossy(removed).lines() {
            tree.remove(path);
        }
        for (path, bytes) in &self.files {
            let below = |top| path.strip_prefix(top).and_then(|it| it.strip_prefix('/'));
            if let Some(path) = below(TREE) {
                tree.insert(path.to_owned(), bytes.clone());
            } else if let Some(path) = below(EDITS).and_then(|it| it.strip_suffix(".diff")) {
                let old = base.get(path).map_or(&[][..], Vec::as_slice);
                tree.insert(path.to_owned(), edited(old, bytes));
            }
        }
        tree
    }

    /// Writes it into the folder of a case, and removes what no longer belongs there.
    pub fn write(&self, folder: &Path) {
        for path in Self::read(folder).files.into_keys().filter(|it| !self.files.contains_key(it)) {
            fs::remove_file(folder.join(path)).expect("removable");
        }
        write(folder, &self.files);
        // Deepest first: a folder that has become empty is removed too.
        let folders = [TREE, EDITS].map(|it| walkdir::WalkDir::new(folder.join(it)));
        for entry in folders
            .into_iter()
            .flat_map(|it| it.contents_first(true))
            .flatten()
            .filter(|it| it.file_type().is_dir())
        {
            let _ = fs::remove_dir(entry.path());
        }
    }

    /// What is wrong with what a case keeps, where `self` is what it has to keep.
    pub fn compare(&self, kept: &Self, case: &str, said: &mut String) {
        compare(case, &self.files, &kept.files, said);
    }
}

/// What makes one text of another, as a unified diff with a line of context: `@@ 12` goes on after
/// twelve lines, ` ` is a line that stays, `-` one that goes, `+` one that comes. Lines are counted
/// from the last edit, so that a line more in the base moves one number only.
///
/// None where the whole is shorter, or is no text of lines.
fn edits(old: &[u8], new: &[u8]) -> Option<String> {
    let is_of_lines = |text: &&str| text.ends_with('\n') && !text.contains('\r');
    let text = |bytes| std::str::from_utf8(bytes).ok().filter(is_of_lines);
    let diff = TextDiff::from_lines(text(old)?, text(new)?);
    let (mut edits, mut kept) = (String::new(), Vec::new());
    let mut is_within = false;
    for change in diff.iter_all_changes() {
        let sign = match change.tag() {
            ChangeTag::Equal => {
                kept.push(change.value());
                is_within = false;
                continue;
            }
            ChangeTag::Delete => '-',
            ChangeTag::Insert => '+',
        };
        if !is_within {
            let context = kept.pop();
            let _ = writeln!(edits, "@@ {}", kept.len());
            edits.extend(context.into_iter().flat_map(|it| [" ", it]));
        }
        is_within = true;
        kept.clear();
        edits.push(sign);
        edits.push_str(change.value());
    }
    (edits.len() < new.len()).then_some(edits)
}

/// The text that edits make of another one.
fn edited(old: &[u8], edits: &[u8]) -> Vec<u8> {
    let mut old = old.split_inclusive(|it| *it == b'\n');
    let mut new = Vec::new();
    for line in edits.split_inclusive(|it| *it == b'\n') {
        match line {
            [b'@', b'@', b' ', count @ ..] => {
                let count = String::from_utf8_lossy(count).trim().parse().expect("a number");
                new.extend(old.by_ref().take(count).flatten());
            }
            [b'-', gone @ ..] => assert_eq!(old.next(), Some(gone), "the base has another line"),
            [b'+', come @ ..] => new.extend(come),
            [_, stays @ ..] => {
                assert_eq!(old.next(), Some(stays), "the base has another line");
                new.extend(stays);
            }
            [] => {}
        }
    }
    new.extend(old.flatten());
    new
}

/// Writes files whose bytes are others than those on the disk.
pub fn write(folder: &Path, files: &Tree) {
    for (path, bytes) in files {
        let path = folder.join(path);
        fs::create_dir_all(path.parent().expect("a file has a folder")).expect("writable");
        if fs::read(&path).ok().as_ref() != Some(bytes) {
            fs::write(&path, bytes).expect("writable");
        }
    }
}

/// The case that another one is compared with, as its file says; none for the repository's own
/// tree, which is kept whole.
pub fn base_of(folder: &Path) -> Option<String> {
    let text = fs::read_to_string(folder.join(BASE)).ok()?;
    Some(text.strip_suffix('\n').unwrap_or(&text).to_owned())
}

/// What lies in a case's folder and belongs to nothing.
pub fn strange(folder: &Path) -> Vec<PathBuf> {
    let known = |path: &PathBuf| {
        let name = path.file_name().and_then(|it| it.to_str()).unwrap_or_default();
        [BASE, REMOVED, TREE, EDITS, "spec"].contains(&name)
            || path.extension().is_some_and(|it| it == "key")
    };
    let entries = fs::read_dir(folder).expect("a folder").map(|it| it.expect("readable").path());
    entries.filter(|it| !known(it)).collect()
}

/// The folder of a case.
pub fn folder(case: &str) -> PathBuf {
    let found = golden_cases().into_iter().find(|it| it.0 == case);
    found.unwrap_or_else(|| panic!("there is no case `{case}`")).1
}

/// Says what differs, as a diff from what is there to what the compiler makes.
pub fn compare(name: &str, made: &Tree, there: &Tree, said: &mut String) {
    for path in made.keys().filter(|it| !there.contains_key(*it)) {
        let _ = writeln!(said, "{name}: {path} is missing");
    }
    for path in there.keys().filter(|it| !made.contains_key(*it)) {
        let _ = writeln!(said, "{name}: {path} is superfluous");
    }
    for (path, new) in made {
        if let Some(old) = there.get(path).filter(|it| *it != new) {
            let (old, new) = (String::from_utf8_lossy(old), String::from_utf8_lossy(new));
            let diff = TextDiff::from_lines(&*old, &*new);
            let shown = diff.unified_diff().context_radius(2).to_string();
            let _ = writeln!(said, "{name}: {path}\n{}", shown.trim_end());
        }
    }
}
