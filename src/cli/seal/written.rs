//! What is sealed goes to its file, and what that means is said.

use std::{fmt::Write as _, path::Path};

use anyhow::{Context as _, bail};

use crate::{
    builder::credential::SecretLookup,
    cli::disk::{self, Disk, EntryKind},
    platform::files::SECRETS,
    sealing::Sealed,
};

/// Writes `spec/secrets/<credential>.yaml`.
///
/// # Errors
/// When it cannot be written; then the old file is still there.
pub(super) fn write(sealed: &Sealed, disk: &dyn Disk, root: &Path) -> anyhow::Result<()> {
    let name = sealed.path();
    let (folder, path) = (root.join(SECRETS.trim_end_matches('/')), root.join(&name));
    for (path, name, wanted) in
        [(&folder, SECRETS, EntryKind::Folder), (&path, &*name, EntryKind::File)]
    {
        let there = disk.look(path).with_context(|| format!("cannot look at {name}"))?;
        if let Some((kind, _)) = there.filter(|it| it.0 != wanted) {
            bail!(
                "{name} is {}, but has to be {}: nothing was written there",
                kind.noun(),
                wanted.noun()
            );
        }
    }
    disk.create_folders(&folder).with_context(|| format!("cannot create {SECRETS}"))?;
    disk::replace(disk, &path, &sealed.text()).with_context(|| format!("cannot write {name}"))
}

/// The message about what was sealed, and its consequences.
pub(super) fn said(sealed: &Sealed) -> String {
    let mut said = format!(
        "sealed `{}` for {} (Secret `{}`)\n",
        sealed.file.metadata.name,
        sealed.namespaces.join(", "),
        sealed.secret
    );
    let readers = sealed.readers.join(", ");
    let _ = match sealed.lookup {
        SecretLookup::ByReference => writeln!(said, "  restarts: {readers}"),
        SecretLookup::ByController => writeln!(said, "  read by: {readers} (nothing restarts)"),
        SecretLookup::Patched => {
            writeln!(said, "  read by: {readers} (the Secret keeps its name, so nothing restarts)")
        }
    };
    if !sealed.rotation.is_empty() {
        let _ = writeln!(said, "  {}", sealed.rotation);
    }
    said
}
