//! From texts to the platform: what was written, typed, with all that is wrong about it.

pub mod read;
pub mod schema;
mod shape;

use std::{collections::BTreeMap, sync::Arc};

use crate::yaml::{source::Source, texts::Texts};

/// The texts that the platform is read from: spec, versions, sealed values; not the tenants'.
pub struct Sources {
    /// By path, relative to the root.
    pub texts: BTreeMap<Arc<str>, Source>,
}

impl Texts for Sources {
    fn source(&self, file: &str) -> Option<&Source> {
        self.texts.source(file)
    }
}
