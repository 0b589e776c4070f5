//! The names of the files that a render changed: up to a dozen, then a count.

use std::fmt::Write as _;

use crate::{
    cli::{drift::IMPRINT, stage::Counts, tree::Verdict},
    diag::plain,
};

/// So many are named.
const MOST: usize = 12;

/// The first of the files that differed, by what became of them.
#[derive(Debug, Default)]
pub struct ChangedFiles {
    changed: Vec<String>,
    new: Vec<String>,
    removed: Vec<String>,
    /// Whether there was no tree before: then there is nothing to compare with.
    is_first: bool,
}

impl ChangedFiles {
    /// Notes a generated file.
    pub fn add(&mut self, path: &str, verdict: &Verdict) {
        match verdict {
            Verdict::Changed | Verdict::Conflict => keep(&mut self.changed, path),
            Verdict::New => {
                self.is_first |= path == IMPRINT;
                keep(&mut self.new, path);
            }
            Verdict::Same | Verdict::Taken(..) | Verdict::Again => {}
        }
    }

    /// Notes a file that nothing makes any more.
    pub fn removed(&mut self, path: &str) {
        keep(&mut self.removed, path);
    }

    /// Takes up those of a later step.
    pub fn take(&mut self, other: Self) {
        for (mine, theirs) in [
            (&mut self.changed, other.changed),
            (&mut self.new, other.new),
            (&mut self.removed, other.removed),
        ] {
            mine.extend(theirs);
            mine.truncate(MOST);
        }
        self.is_first |= other.is_first;
    }

    /// A line each. Where the tree was made from the very same before, a hand has changed it, or a
    /// program that was built anew under the same version makes other bytes.
    pub fn text(&self, counts: Counts, removed: usize, was_made_before: bool) -> String {
        if self.is_first && !was_made_before {
            return String::new();
        }
        let healed = |path: &String, what: &str| format!("healed {path}: {what}");
        let line = |path: &String, what: &str, why: &str| {
            if was_made_before { healed(path, why) } else { format!("{what:<8} {path}") }
        };
        let changed = self
            .changed
            .iter()
            .map(|it| line(it, "changed", "it differed from what the spec makes"));
        let new = self.new.iter().map(|it| line(it, "new", "it was gone"));
        let gone = self.removed.iter().map(|it| line(it, "removed", "nothing makes it"));
        let mut out = String::new();
        for it in changed.chain(new).chain(gone).take(MOST) {
            let _ = writeln!(out, "{}", plain::line(&it));
        }
        let all = counts.changed + counts.new + removed;
        if all > MOST {
            let _ = writeln!(out, "… and {} more", all - MOST);
        }
        out
    }
}

fn keep(names: &mut Vec<String>, path: &str) {
    if names.len() < MOST {
        names.push(path.to_owned());
    }
}
