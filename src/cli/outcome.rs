//! How a verb ended, as an exit code.

use std::process::ExitCode;

/// How a verb ended. Trouble (files, usage) is an error and not an outcome: exit code 2.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// Nothing to complain about: exit code 0.
    Clean,
    /// Findings that are errors, or drift: exit code 1.
    Findings,
}

impl Outcome {
    /// Clean, if that is so.
    pub const fn clean_if(clean: bool) -> Self {
        if clean { Self::Clean } else { Self::Findings }
    }
}

impl From<Outcome> for ExitCode {
    fn from(outcome: Outcome) -> Self {
        match outcome {
            Outcome::Clean => Self::SUCCESS,
            Outcome::Findings => Self::from(1),
        }
    }
}
