//! Findings as text: for a terminal, for a line-based tool, for a program and for a workflow on
//! GitHub.

use std::{borrow::Cow, collections::BTreeMap, sync::Arc};

use crate::yaml::source::Source;

use super::{diagnostic::Diagnostics, human, machine};

/// The files that findings speak of.
pub trait Texts {
    /// The file of that name, if it was read.
    fn source(&self, file: &str) -> Option<&Source>;

    /// How the reader calls a file: from where they are, which need not be the root.
    fn shown<'a>(&self, file: &'a str) -> Cow<'a, str> {
        Cow::Borrowed(file)
    }
}

impl Texts for BTreeMap<Arc<str>, Source> {
    fn source(&self, file: &str) -> Option<&Source> {
        self.get(file)
    }
}

/// As a compiler shows them: message, marked lines, help and notes; a blank line after each.
pub fn human(all: &Diagnostics, texts: &dyn Texts, color: bool) -> String {
    human::human(all, texts, color)
}

/// One line each: `spec/platform.yaml:14:18: error[code]: message`.
pub fn short(all: &Diagnostics, texts: &dyn Texts) -> String {
    machine::short(all, texts)
}

/// One JSON array; lines and columns are counted from 1, columns in characters.
pub fn json(all: &Diagnostics, texts: &dyn Texts) -> String {
    machine::json(all, texts)
}

/// Workflow commands of GitHub Actions, one line each.
pub fn github(all: &Diagnostics, texts: &dyn Texts) -> String {
    machine::github(all, texts)
}
