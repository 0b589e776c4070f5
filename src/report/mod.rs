//! Findings as text: for a terminal, for a line-based tool, for a program and for a workflow on
//! GitHub.

#[cfg(feature = "cli")]
mod human;
mod locate;
pub mod machine;

use crate::{diag::diagnostic::Diagnostics, yaml::texts::Texts};

/// As a compiler shows them: message, marked lines, help and notes; a blank line after each.
#[cfg(feature = "cli")]
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
