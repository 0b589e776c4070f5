//! The files that findings speak of, by name.

use std::{borrow::Cow, collections::BTreeMap, sync::Arc};

use super::source::Source;

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
