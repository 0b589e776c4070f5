//! Decrypts sealed values with a private key that its owner provides: only in memory, to seal them
//! again.

use std::{
    collections::BTreeMap,
    path::{Path, PathBuf},
};

use anyhow::{Context as _, ensure};
use rsa::rand_core::OsRng;
use zeroize::Zeroizing;

use super::{
    paths::private_folder,
    plaintext::{self, Origin, Origins, Plaintext},
};
use crate::{
    builder::credential::CredentialSpec,
    cli::{disk::EntryKind, session::Session, sources::Work},
    platform::{
        files::SECRETS,
        sealed::{SealedCredential, SealedValues, secret_name},
    },
    seal::open::PrivateKey,
    sealing::scope,
    yaml::source::Source,
};

/// Reads a private key from a file.
///
/// # Errors
/// When it cannot be read, or is not a private key.
pub fn key(path: &Path) -> anyhow::Result<PrivateKey> {
    let text = text(path)?;
    PrivateKey::read(&text).with_context(|| format!("cannot use {}", path.display()))
}

/// The text of a private key file.
///
/// # Errors
/// When it cannot be read.
pub fn text(path: &Path) -> anyhow::Result<Zeroizing<String>> {
    let file = plaintext::from_file(path)?;
    let text = std::str::from_utf8(file.bytes())
        .with_context(|| format!("{} is not PEM", path.display()))?;
    Ok(Zeroizing::new(text.to_owned()))
}

/// The decrypted values of a credential by key, which are the same for all of its namespaces.
///
/// # Errors
/// When the key does not decrypt one of them, or two namespaces have different values.
pub fn values(
    key: &PrivateKey,
    name: &str,
    sealed: &SealedValues,
) -> anyhow::Result<BTreeMap<String, Zeroizing<Vec<u8>>>> {
    let secret = secret_name(name, sealed.suffix.as_ref());
    let mut all: BTreeMap<String, Zeroizing<Vec<u8>>> = BTreeMap::new();
    for (namespace, keys) in &sealed.sealed {
        for (its, text) in keys {
            let value = key
                .open(scope(sealed.scope, namespace, &secret), text, &mut OsRng)
                .with_context(|| format!("`{its}` of `{name}` for `{namespace}`"))?;
            let first = all.entry(its.clone()).or_insert_with(|| value.clone());
            ensure!(
                *first == value,
                "`{its}` of `{name}` has one value for `{namespace}` and another one elsewhere: \
                 replace both with `espalier seal --rotate {name}`"
            );
        }
    }
    Ok(all)
}

/// The decrypted values of a credential as origins.
///
/// # Errors
/// As [`values`].
pub fn origins(
    key: &PrivateKey,
    declared: &'static CredentialSpec,
    sealed: &SealedValues,
) -> anyhow::Result<Origins> {
    let mut all = values(key, declared.name, sealed)?;
    let of = |key: &'static crate::builder::credential::Key| {
        Some((key, Origin::Opened(Plaintext::opened(all.remove(key.name)?))))
    };
    Ok(declared.keys.iter().filter_map(of).collect())
}

/// A private key file on this machine.
pub struct FoundKey {
    /// The path of the file.
    pub path: PathBuf,
    /// The key, which decrypts values.
    pub key: PrivateKey,
}

/// The private keys in this platform's configuration folder, sorted by name.
#[expect(
    clippy::disallowed_methods,
    reason = "symbolic links are followed in the user's own folder"
)]
pub fn keys(session: Session<'_>) -> Vec<FoundKey> {
    let Session { disk, work, .. } = session;
    let Ok(folder) = private_folder(work) else { return Vec::new() };
    if !matches!(disk.look(&folder), Ok(Some((EntryKind::Folder, _)))) {
        return Vec::new();
    }
    let listed = disk.list(&folder).unwrap_or_default().into_iter();
    let named = listed.filter(|it| it.name.as_encoded_bytes().ends_with(b".pem"));
    // Symbolic links are followed, because this is the user's own folder.
    let mut paths: Vec<PathBuf> =
        named.map(|it| folder.join(it.name)).filter(|it| it.is_file()).collect();
    paths.sort_unstable();
    paths.into_iter().filter_map(|path| key(&path).ok().map(|key| FoundKey { path, key })).collect()
}

/// The readable files of sealed values in the spec: path, text, and parsed contents.
pub fn files(work: &Work) -> impl Iterator<Item = (&str, &Source, SealedCredential)> {
    let files = work.sources.texts.iter().filter(|it| it.0.starts_with(SECRETS));
    files.filter_map(|(file, source)| Some((&**file, source, source.read::<SealedCredential>().0?)))
}

/// Whether a key decrypts the values in a file.
pub fn opens(key: &PrivateKey, credential: &SealedCredential) -> bool {
    !credential.spec.sealed.is_empty()
        && values(key, &credential.metadata.name, &credential.spec).is_ok()
}
