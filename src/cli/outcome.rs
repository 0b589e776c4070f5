//! How a verb ended, as an exit code.

use std::process::ExitCode;

use crate::diag::diagnostic::Diagnostics;

/// How a verb ended. Trouble (files, usage) is an error and not an outcome: exit code 2.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// Nothing to complain about: exit code 0.
    Clean,
    /// Findings that are errors, or drift: exit code 1.
    Findings,
}

impl Outcome {
    /// What these findings make of a run.
    pub fn of(findings: &Diagnostics) -> Self {
        if findings.has_errors() { Self::Findings } else { Self::Clean }
    }

    /// The worse of two.
    #[must_use]
    pub const fn or(self, other: Self) -> Self {
        match self {
            Self::Clean => other,
            Self::Findings => self,
        }
    }
}

impl From<Outcome> for ExitCode {
    fn from(it: Outcome) -> Self {
        match it {
            Outcome::Clean => Self::SUCCESS,
            Outcome::Findings => Self::from(1),
        }
    }
}
