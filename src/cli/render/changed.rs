//! The names of the files that a render changed: up to a dozen, then a count.

use std::fmt::Write as _;

use crate::{
    cli::{drift::IMPRINT, pipeline::Named, stage::Counts, tree::Verdict},
    diag::plain,
};

/// The largest number of files that are named.
const MOST: usize = 12;

/// The first files that differed, by what happened to them.
#[derive(Debug, Default)]
pub struct ChangedFiles {
    changed: Vec<String>,
    new: Vec<String>,
    removed: Vec<String>,
    /// Whether there was no tree before, and so nothing to compare with.
    is_first: bool,
}

impl ChangedFiles {
    /// Records a generated file. `named` counts the changed and the new files that one thread has
    /// named: ten thousand tenants would otherwise each keep a dozen names of which nobody sees any.
    pub fn add(&mut self, path: &str, verdict: &Verdict, named: &mut Named) {
        let (names, named) = match verdict {
            Verdict::Changed | Verdict::Conflict => (&mut self.changed, &mut named.changed),
            Verdict::New => {
                self.is_first |= path == IMPRINT;
                (&mut self.new, &mut named.new)
            }
            Verdict::Same | Verdict::Taken(..) | Verdict::Again => return,
        };
        if *named < MOST {
            *named += 1;
            names.push(path.to_owned());
        }
    }

    /// Whether there is nothing to tell.
    pub fn is_empty(&self) -> bool {
        let Self { changed, new, removed, is_first } = self;
        changed.is_empty() && new.is_empty() && removed.is_empty() && !is_first
    }

    /// Records a file that the spec no longer makes.
    pub fn removed(&mut self, path: &str) {
        if self.removed.len() < MOST {
            self.removed.push(path.to_owned());
        }
    }

    /// Adds the files of a later step.
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

    /// One line for each file. If the tree was made from the same sources before, somebody has
    /// edited it, or a rebuilt program of the same version generates other bytes.
    pub fn text(&self, counts: Counts, removed: usize, was_made_before: bool) -> String {
        if self.is_first && !was_made_before {
            return String::new();
        }
        let line = |path: &String, what: &str, restored: &str| {
            if was_made_before { restored.replace("{}", path) } else { format!("{what:<8} {path}") }
        };
        let changed = self
            .changed
            .iter()
            .map(|it| line(it, "changed", "restored {}: it differed from what the spec makes"));
        let new = self.new.iter().map(|it| line(it, "new", "restored {}: it was missing"));
        let gone = self
            .removed
            .iter()
            .map(|it| line(it, "removed", "removed {}: the spec does not make it"));
        let mut out = String::new();
        for line in changed.chain(new).chain(gone).take(MOST) {
            let _ = writeln!(out, "{}", plain::line(&line));
        }
        let all = counts.changed + counts.new + removed;
        if all > MOST {
            let _ = writeln!(out, "… and {} more", all - MOST);
        }
        out
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// However many tenants a thread has, it keeps a dozen names of each kind; the first of them
    /// are what a reader sees.
    #[test]
    fn a_thread_names_no_more_than_a_reader_sees() {
        let (mut named, mut all) = (Named::default(), ChangedFiles::default());
        let mut kept = 0;
        for tenant in 0..100 {
            let mut step = ChangedFiles::default();
            for verdict in [Verdict::New, Verdict::Same, Verdict::Changed] {
                step.add(&format!("out/{tenant}"), &verdict, &mut named);
            }
            kept += step.changed.len() + step.new.len();
            all.take(step);
        }
        assert_eq!(kept, 2 * MOST);
        let counts = Counts { same: 100, new: 100, changed: 100 };
        let text = all.text(counts, 0, false);
        assert!(text.starts_with("changed  out/0\nchanged  out/1\n"), "{text}");
        assert!(text.ends_with("… and 188 more\n"), "{text}");
    }
}
