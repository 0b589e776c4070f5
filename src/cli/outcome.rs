//! The result of a command, as an exit code.

use std::process::ExitCode;

/// The result of a command. Usage errors and files that cannot be used are errors, not outcomes:
/// exit code 2.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// No errors and no drift: exit code 0.
    Clean,
    /// Findings that are errors, or drift: exit code 1.
    Findings,
}

impl Outcome {
    /// `Clean` if `clean`, else `Findings`.
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
