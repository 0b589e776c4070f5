//! What a message about a value speaks of.

use serde_json::Value;

use crate::diag::path::FieldPath;

/// What is known of the value that could not be read.
pub(super) struct Subject<'s> {
    pub(super) path: &'s FieldPath,
    pub(super) value: &'s Value,
    /// The value as it is written.
    pub(super) written: &'s str,
    /// Whether it would be taken if it stood in quotes.
    pub(super) is_text: bool,
    /// The least and the most, where it is a number that has bounds.
    pub(super) bounds: Option<(u64, u64)>,
    /// The fields that may stand beside it.
    pub(super) neighbours: &'static [&'static str],
    /// Whether something of that name stands beside it.
    pub(super) is_there: &'s dyn Fn(&str) -> bool,
}

/// At most a line's worth of what was written, on one line.
pub(super) fn clipped(text: &str) -> String {
    let line = text.lines().next().unwrap_or_default();
    if line.chars().count() <= 60 && line.len() == text.len() {
        return line.to_owned();
    }
    let head: String = line.chars().take(57).collect();
    format!("{head}…")
}
