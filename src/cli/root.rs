//! Finding the root: the folder that holds `spec/platform.yaml`.

#![expect(
    clippy::disallowed_methods,
    reason = "looks for the platform around the folder that a person works in"
)]

use std::{
    env,
    path::{Path, PathBuf},
};

use anyhow::{Context as _, bail};

use crate::platform::files::PLATFORM;

/// Finds the root: the folder that was named, else the nearest one, from here upwards, with a spec.
/// Symbolic links in its path are resolved.
///
/// If `needs_spec` is false, the spec comes from elsewhere, and the current folder will do.
///
/// # Errors
/// When there is no such folder.
pub fn find(named: Option<&Path>, needs_spec: bool) -> anyhow::Result<PathBuf> {
    if let Some(root) = named {
        let full =
            root.canonicalize().with_context(|| format!("cannot use --root {}", root.display()))?;
        if !full.is_dir() {
            bail!("cannot use --root {}: it is not a folder", root.display());
        }
        return Ok(full);
    }
    let here = env::current_dir().context("cannot determine the current folder")?;
    let here = here.canonicalize().unwrap_or(here);
    match here.ancestors().find(|it| it.join(PLATFORM).symlink_metadata().is_ok()) {
        Some(root) => Ok(root.to_owned()),
        None if needs_spec => {
            if let Some(other) = misnamed(&here) {
                bail!(
                    "there is no {PLATFORM} in {}, but a {other}: rename it to {PLATFORM}",
                    here.display()
                )
            }
            bail!(
                "there is no {PLATFORM} in {} or a folder above it: `espalier init` creates one, \
                 `--root DIR` names the right folder",
                here.display()
            )
        }
        None => Ok(here),
    }
}

/// A file of a folder that was meant to be its spec: its name ends otherwise, or it lies outside of
/// `spec/`.
fn misnamed(folder: &Path) -> Option<&'static str> {
    ["spec/platform.yml", "platform.yaml", "platform.yml"]
        .into_iter()
        .find(|it| folder.join(it).is_file())
}
