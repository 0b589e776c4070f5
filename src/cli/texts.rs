//! The texts that findings point to, by file name.

use std::{
    borrow::Cow,
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
};

use crate::{
    cli::{
        disk::Disk,
        names::Names,
        sources::{Work, read_source},
    },
    diag::diagnostic::Diagnostics,
    yaml::{source::Source, texts::Texts},
};

/// The texts that findings point to, by file name.
pub struct Library<'a> {
    platform: BTreeMap<&'a str, &'a Source>,
    tenants: BTreeMap<Arc<str>, Source>,
    names: &'a Names,
}

impl Texts for Library<'_> {
    fn source(&self, file: &str) -> Option<&Source> {
        self.platform.get(file).copied().or_else(|| self.tenants.get(file))
    }

    fn shown<'a>(&self, file: &'a str) -> Cow<'a, str> {
        self.names.shown(file)
    }
}

impl Work {
    /// The texts that findings point to; those of tenants are read again.
    pub fn texts<'a>(
        &'a self,
        disk: &dyn Disk,
        findings: &Diagnostics,
        names: &'a Names,
    ) -> Library<'a> {
        let mut library = Library { platform: BTreeMap::new(), tenants: BTreeMap::new(), names };
        library.platform.extend(self.sources.texts.values().map(|it| (&*it.file, it)));
        let places = findings.iter().flat_map(|finding| {
            std::iter::once(&finding.place).chain(finding.related.iter().map(|it| &it.0))
        });
        let files: BTreeSet<&Arc<str>> = places.filter_map(|it| it.file()).collect();
        for file in files {
            if self.tenants.binary_search(file).is_ok()
                && let Ok(Some(Ok(source))) = read_source(disk, &self.root, file)
            {
                library.tenants.insert(file.clone(), source);
            }
        }
        library
    }
}
