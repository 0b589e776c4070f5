//! Why a text is no value of its type.

use std::{error::Error, fmt};

/// Why a text is no name, amount or schedule: one sentence without a full stop, which says what to
/// write instead wherever that can be told.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ValueError(String);

impl From<String> for ValueError {
    fn from(message: String) -> Self {
        Self(message)
    }
}

impl fmt::Display for ValueError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl Error for ValueError {}
