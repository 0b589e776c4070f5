//! Files of configuration, which a container mounts: a `ConfigMap` that bears the name of its
//! content.

use std::{collections::BTreeMap, fmt::Write as _};

use k8s_openapi::api::core::v1::{ConfigMap, ConfigMapVolumeSource, Volume};
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
    let mut digest = Sha256::new();
    for (name, text) in &data {
        digest.update(format!("{name}\0{text}\0"));
    }
    let shown = digest.finalize().into_iter().take(SHOWN);
    let suffix = shown.fold(String::new(), |mut text, byte| {
        let _ = write!(text, "{byte:02x}");
        text
    });
    let name = format!("{}-{suffix}", part.name);
    let metadata = scope.meta_named(part, &name);
    scope.add(ConfigMap { metadata, data: Some(data), ..ConfigMap::default() });
    let source = ConfigMapVolumeSource { name, ..ConfigMapVolumeSource::default() };
    Volume { name: volume.to_owned(), config_map: Some(source), ..Volume::default() }
}
