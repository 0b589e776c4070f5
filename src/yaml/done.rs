//! How writing a value ends: it is done, or the type is none that YAML has.

use std::fmt;

use serde::ser;

/// What cannot be written: a map whose keys are maps or lists, or a `Serialize` that fails by
/// itself. No API type does.
#[derive(Debug)]
pub(super) struct Unsupported(pub(super) String);

impl fmt::Display for Unsupported {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl std::error::Error for Unsupported {}

impl ser::Error for Unsupported {
    fn custom<T: fmt::Display>(message: T) -> Self {
        Self(message.to_string())
    }
}

pub(super) type Done = Result<(), Unsupported>;
