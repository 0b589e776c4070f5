//! Where private keys are kept: outside of the repository, in a folder of the platform.

#![expect(
    clippy::disallowed_methods,
    reason = "a private key lies outside of the repository, and so outside of its `Disk`"
)]

use std::{
    env,
    path::{Component, Path, PathBuf},
};

use anyhow::{Context as _, bail, ensure};

use crate::{cli::sources::Work, components::spec::PlatformSpec, platform::files::PLATFORM};

/// The path of the private key: the one that was named, else one in the user's configuration
/// folder.
///
/// # Errors
/// When the spec cannot be read for the platform's name, or there is no home folder.
pub(super) fn key_file(work: &Work, named: Option<&Path>) -> anyhow::Result<PathBuf> {
    if let Some(named) = named {
        return Ok(std::path::absolute(named)?);
    }
    Ok(private_folder(work)?.join("sealing-key.pem"))
}

/// The folder of this platform's private keys, in the user's configuration folder.
///
/// # Errors
/// When the spec cannot be read for the platform's name, or there is no home folder.
pub(super) fn private_folder(work: &Work) -> anyhow::Result<PathBuf> {
    let source = work.sources.texts.get(PLATFORM).context("there is no spec")?;
    let (spec, _) = source.read::<PlatformSpec>();
    let name = spec
        .with_context(|| format!("{PLATFORM} cannot be read: `espalier check` says why"))?
        .metadata
        .name;
    let folder = |name: &str| env::var_os(name).map(PathBuf::from).filter(|it| it.is_absolute());
    let folder = folder("XDG_CONFIG_HOME").or_else(|| folder("HOME").map(|it| it.join(".config")));
    let folder = folder
        .context("there is no home folder: say with `--key FILE` where the private key goes")?;
    Ok(folder.join("espalier").join(&*name))
}

/// The path of a file with symbolic links resolved; refuses paths inside a repository.
pub(super) fn outside(root: &Path, key: &Path) -> anyhow::Result<PathBuf> {
    let name = key.display();
    // The folders that exist, with symbolic links resolved; the rest will be created.
    let there = key
        .ancestors()
        .skip(1)
        .find(|it| it.exists())
        .with_context(|| format!("{name} is not a path for a file"))?;
    let rest =
        key.strip_prefix(there).with_context(|| format!("{name} is not a path for a file"))?;
    ensure!(
        rest.components().all(|it| matches!(it, Component::Normal(_))),
        "write {name} without `..`"
    );
    let place = there
        .canonicalize()
        .with_context(|| format!("cannot look at {}", there.display()))?
        .join(rest);
    let repository = place.ancestors().skip(1).find(|it| *it == root || it.join(".git").exists());
    if let Some(repository) = repository {
        bail!(
            "{name} is inside the repository {}, where it would be committed sooner or later: \
             name a file elsewhere with `--key FILE`",
            repository.display()
        );
    }
    Ok(place)
}
