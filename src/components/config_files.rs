//! Files of configuration, which a container mounts: a `ConfigMap` that bears the name of its
//! content.

use std::{collections::BTreeMap, fmt::Write as _, sync::Arc};

use k8s_openapi::api::core::v1::{ConfigMap, ConfigMapVolumeSource, KeyToPath, Volume};
use sha2::{Digest as _, Sha256};

use crate::builder::{meta::Part, scope::Scope};

/// Bytes of the digest that a name shows.
const SHOWN: usize = 5;

/// Makes the files, and the volume that has them. Another content has another name: pods that
/// mount it are replaced, and go back with Git. A process that reads its file once would never see
/// that a `ConfigMap` of the same name has changed.
#[track_caller]
pub fn mounted<const N: usize>(
    scope: &mut Scope<'_>,
    part: &Part,
    volume: &str,
    files: [(&str, String); N],
) -> Volume {
    let data: BTreeMap<String, String> =
        files.into_iter().map(|(name, text)| (name.to_owned(), text)).collect();
    let name = named(&part.name, &data);
    let metadata = scope.meta_named(part, &name);
    scope.add(ConfigMap { metadata, data: Some(data), ..ConfigMap::default() });
    let source = ConfigMapVolumeSource { name, ..ConfigMapVolumeSource::default() };
    Volume { name: volume.to_owned(), config_map: Some(source), ..Volume::default() }
}

/// The most bytes that a `ConfigMap` holds.
pub const LARGEST: usize = 1 << 20;

/// Makes a whole folder of files, and the volume that has them, each at its path. Nothing ever
/// changes in it: another content is another `ConfigMap`.
#[track_caller]
pub fn mounted_folder(
    scope: &mut Scope<'_>,
    part: &Part,
    volume: &str,
    files: &BTreeMap<Arc<str>, Arc<str>>,
) -> Volume {
    let items = files.keys().map(|path| KeyToPath {
        key: key(path),
        path: path.to_string(),
        ..KeyToPath::default()
    });
    let items: Vec<KeyToPath> = items.collect();
    let data: BTreeMap<String, String> =
        files.iter().map(|(path, text)| (key(path), text.to_string())).collect();
    let name = named(&part.name, &data);
    let metadata = scope.meta_named(part, &name);
    let immutable = Some(true);
    scope.add(ConfigMap { metadata, data: Some(data), immutable, ..ConfigMap::default() });
    let source =
        ConfigMapVolumeSource { name, items: Some(items), ..ConfigMapVolumeSource::default() };
    Volume { name: volume.to_owned(), config_map: Some(source), ..Volume::default() }
}

/// A path as a key of a `ConfigMap`, which takes no slash: what a key does not take, and the
/// underscore itself, is `_` and two hexadecimal digits.
fn key(path: &str) -> String {
    path.bytes().fold(String::with_capacity(path.len() + 4), |mut key, byte| {
        if byte.is_ascii_alphanumeric() || byte == b'-' || byte == b'.' {
            key.push(char::from(byte));
        } else {
            let _ = write!(key, "_{byte:02x}");
        }
        key
    })
}

/// The name of a `ConfigMap` with this content, or of what such files make.
pub fn named(stem: &str, data: &BTreeMap<String, String>) -> String {
    let mut digest = Sha256::new();
    for (name, text) in data {
        digest.update(format!("{name}\0{text}\0"));
    }
    let shown = digest.finalize().into_iter().take(SHOWN);
    shown.fold(format!("{stem}-"), |mut text, byte| {
        let _ = write!(text, "{byte:02x}");
        text
    })
}

#[cfg(test)]
mod tests {
    use super::key;

    /// No two paths have one key, and a key is one that a `ConfigMap` takes.
    #[test]
    fn a_path_becomes_a_key_of_its_own() {
        let paths = ["spec/a_b.md", "spec/a/b.md", "spec_2fa.md", "spec/a.md", "spec/a b.md"];
        let keys = paths.map(key);
        assert_eq!(keys[0], "spec_2fa_5fb.md");
        let unique: std::collections::BTreeSet<_> = keys.iter().collect();
        assert_eq!(unique.len(), paths.len());
        let is_taken = |c: char| c.is_ascii_alphanumeric() || "-._".contains(c);
        assert!(keys.iter().all(|it| it.chars().all(is_taken)), "{keys:?}");
    }
}
