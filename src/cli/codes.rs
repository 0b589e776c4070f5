//! All codes, from their three homes: those of the reader, of the rules, and of the command line.

use crate::{
    check::rules,
    cli::findings,
    diag::code::{self, Code},
};

/// Every code that a finding can have.
pub fn all() -> impl Iterator<Item = &'static Code> {
    code::CODES.iter().chain(rules::codes()).chain(findings::CODES)
}
