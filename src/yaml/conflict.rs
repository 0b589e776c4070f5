//! Merge conflicts that were committed, or are not solved yet: the lines that Git puts around both
//! sides.

use std::sync::Arc;

use crate::diag::{
    code,
    diagnostic::{Diagnostic, Place},
};

const OURS: &str = "<<<<<<<";
const BASE: &str = "|||||||";
const MIDDLE: &str = "=======";
const THEIRS: &str = ">>>>>>>";

/// The text after a marker; nothing for a line that is not that marker.
fn behind<'t>(line: &'t str, mark: &str) -> Option<&'t str> {
    let rest = line.strip_prefix(mark)?;
    (rest.is_empty() || rest.starts_with(' ')).then(|| rest.trim())
}

/// A conflict: the offset of each of its markers, with the number of its line.
#[derive(Default)]
struct Conflict {
    ours: Option<(usize, usize)>,
    base: Option<(usize, usize)>,
    middle: Option<(usize, usize)>,
    theirs: Option<(usize, usize)>,
}

/// All conflicts of a text, one finding each. A middle alone is none: other texts have such lines
/// too.
pub(super) fn conflicts(file: &Arc<str>, text: &str) -> Vec<Diagnostic> {
    if !text.contains(OURS) && !text.contains(THEIRS) {
        return Vec::new();
    }
    let (mut all, mut now, mut at) = (Vec::new(), Conflict::default(), 0);
    for (number, line) in (1..).zip(text.split_inclusive('\n')) {
        let bare = line.trim_end_matches(['\n', '\r']);
        let here = Some((at, number));
        if behind(bare, OURS).is_some() {
            all.push(std::mem::take(&mut now));
            now.ours = here;
        } else if now.ours.is_some() && behind(bare, BASE).is_some() {
            now.base = here;
        } else if behind(bare, MIDDLE) == Some("") {
            now.middle = here;
        } else if behind(bare, THEIRS).is_some() {
            now.theirs = here;
            all.push(std::mem::take(&mut now));
        }
        at += line.len();
    }
    all.push(now);
    all.iter().filter_map(|it| it.finding(file, text)).collect()
}

impl Conflict {
    fn finding(&self, file: &Arc<str>, text: &str) -> Option<Diagnostic> {
        let first = self.ours.or(self.theirs)?;
        let line = |at: usize| text[at..].lines().next().unwrap_or_default();
        let place = |(at, _): (usize, usize)| Place::Span {
            file: Arc::clone(file),
            span: at..at + line(at).len(),
        };
        let side = |mark: (usize, usize),
                    sign,
                    from: Option<(usize, usize)>,
                    to: Option<(usize, usize)>| {
            let name = behind(line(mark.0), sign).filter(|it| !it.is_empty());
            let name = name.map_or_else(|| "one side".to_owned(), |it| format!("`{it}`"));
            match (from, to) {
                (Some((_, from)), Some((_, to))) if from + 2 == to => {
                    format!("{name} has line {}", from + 1)
                }
                (Some((_, from)), Some((_, to))) if from + 1 == to => {
                    format!("{name} has nothing here")
                }
                (Some((_, from)), Some((_, to))) if from < to => {
                    format!("{name} has lines {} to {}", from + 1, to - 1)
                }
                _ => format!("{name}: the other markers of this conflict are missing"),
            }
        };
        let message = "a merge conflict is not resolved here";
        let mut finding = code::MERGE_CONFLICT.at(place(first), message);
        if let Some(ours) = self.ours {
            finding = finding.label(side(ours, OURS, self.ours, self.base.or(self.middle)));
        }
        if let Some(theirs) = self.theirs {
            let label = side(theirs, THEIRS, self.middle, self.theirs);
            finding = if self.ours.is_some() {
                finding.related(place(theirs), label)
            } else {
                finding.label(label)
            };
        }
        let help = match self.base {
            Some(base) => {
                let what = side(base, BASE, self.base, self.middle).replacen(
                    "one side",
                    "the common ancestor",
                    1,
                );
                finding = finding.related(place(base), what);
                format!(
                    "the lines `{OURS}`, `{BASE}`, `{MIDDLE}` and `{THEIRS}`, and what is between \
                     the second and the third"
                )
            }
            None => format!("the lines `{OURS}`, `{MIDDLE}` and `{THEIRS}`"),
        };
        Some(finding.help(format!(
            "keep one of the two sides, or combine them; remove {help}, then `git add \
             {file}`"
        )))
    }
}

/// Whether a generated file has a conflict in it.
pub fn is_in(bytes: &[u8]) -> bool {
    let starts = |bytes: &[u8], mark: &str| {
        bytes.starts_with(mark.as_bytes())
            && bytes.get(mark.len()).is_none_or(|it| b" \r\n".contains(it))
    };
    bytes.split(|it| *it == b'\n').any(|it| starts(it, OURS) || starts(it, THEIRS))
}
