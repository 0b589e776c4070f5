//! Sealed values: what `spec/secrets/<credential>.yaml` holds, ciphertext only.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::Deserialize;

use crate::names::DnsLabel;

/// One file of `spec/secrets/`.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct SealedCredential {
    /// `espalier.dev/v1alpha1`.
    pub api_version: ApiVersion,
    /// `SealedCredential`.
    pub kind: SealedCredentialKind,
    /// Its name.
    pub metadata: Metadata,
    /// The ciphertext.
    pub spec: SealedValues,
}

/// The file's name once more, so that a copied file is noticed.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Metadata {
    /// The credential.
    pub name: DnsLabel,
}

/// Ciphertext by namespace and key. It is sealed in the scope `strict`, so each namespace that spends the credential has its own.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct SealedValues {
    /// Namespace → key → ciphertext (base64, as `kubeseal --raw --scope strict --name <credential> --namespace <namespace>` prints it).
    pub sealed: BTreeMap<DnsLabel, BTreeMap<String, String>>,
}

/// The version of the spec's own resources.
#[derive(Clone, Copy, Debug, Deserialize, JsonSchema)]
pub enum ApiVersion {
    /// The only one so far.
    #[serde(rename = "espalier.dev/v1alpha1")]
    V1alpha1,
}

/// The kind of a file of `spec/secrets/`.
#[derive(Clone, Copy, Debug, Deserialize, JsonSchema)]
pub enum SealedCredentialKind {
    /// The only one.
    SealedCredential,
}

/// All sealed values, by credential.
#[derive(Clone, Debug, Default)]
pub struct SealedStore(BTreeMap<String, SealedValues>);

impl SealedStore {
    /// A number for each credential that moves when its ciphertext does (FNV-1a: stable over releases, which a change would roll every pod).
    pub fn digests(&self) -> BTreeMap<String, u64> {
        let hash = |sum: u64, text: &str| text.bytes().chain([0]).fold(sum, |sum, it| (sum ^ u64::from(it)).wrapping_mul(0x0100_0000_01b3));
        let of = |it: &SealedValues| {
            let texts = it.sealed.iter().flat_map(|(namespace, keys)| {
                std::iter::once(namespace.as_str()).chain(keys.iter().flat_map(|(key, value)| [key.as_str(), value.as_str()]))
            });
            texts.fold(0xcbf2_9ce4_8422_2325, hash)
        };
        self.0.iter().map(|(name, it)| (name.clone(), of(it))).collect()
    }

    /// From the files that were read.
    pub fn new(files: impl IntoIterator<Item = SealedCredential>) -> Self {
        Self(files.into_iter().map(|it| (it.metadata.name.to_string(), it.spec)).collect())
    }

    /// The values of one copy, if every key that it needs is sealed.
    pub fn copy(&self, credential: &str, keys: &[&str], namespace: &str) -> Option<BTreeMap<String, String>> {
        let sealed = self.keys(credential, namespace)?;
        keys.iter().map(|key| Some(((*key).to_owned(), sealed.get(*key)?.clone()))).collect()
    }

    /// What is sealed of a credential for a namespace.
    pub fn keys(&self, credential: &str, namespace: &str) -> Option<&BTreeMap<String, String>> {
        self.copies().find(|it| it.0 == credential && it.1 == namespace).map(|it| it.2)
    }

    /// All that is sealed: credential, namespace, and the ciphertext by key.
    pub fn copies(&self) -> impl Iterator<Item = (&str, &str, &BTreeMap<String, String>)> {
        self.0.iter().flat_map(|(name, values)| values.sealed.iter().map(move |(namespace, keys)| (name.as_str(), &**namespace, keys)))
    }
}
