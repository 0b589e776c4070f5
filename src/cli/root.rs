//! Finding the root: the folder that holds `spec/platform.yaml`.

use std::{
    env,
    path::{Path, PathBuf},
};

use anyhow::{Context as _, bail};

use crate::platform::files::PLATFORM;

/// The root: the one that was named, else the nearest folder, from here upwards, that has a spec;
/// without links in its path.
///
/// `needs_spec` is false where the spec comes from elsewhere: then this folder will do.
///
/// # Errors
/// When there is none.
pub fn find(named: Option<&Path>, needs_spec: bool) -> anyhow::Result<PathBuf> {
    if let Some(root) = named {
        let full =
            root.canonicalize().with_context(|| format!("cannot use --root {}", root.display()))?;
        if !full.is_dir() {
            bail!("cannot use --root {}: it is not a folder", root.display());
        }
        return Ok(full);
    }
    let here = env::current_dir().context("cannot tell which folder this is")?;
    let here = here.canonicalize().unwrap_or(here);
    match here.ancestors().find(|it| it.join(PLATFORM).symlink_metadata().is_ok()) {
        Some(root) => Ok(root.to_owned()),
        None if needs_spec => {
            bail!(
                "there is no {PLATFORM} in {} or a folder above it: `espalier init` writes one, \
                 `--root DIR` says where it is",
                here.display()
            )
        }
        None => Ok(here),
    }
}
