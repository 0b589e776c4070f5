//! Sealed values: what `spec/secrets/<credential>.yaml` holds, ciphertext only.

use std::{collections::BTreeMap, sync::Arc};

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::names::{DnsLabel, Fingerprint, SealedFor};

/// One file of `spec/secrets/`.
#[derive(Clone, Debug, Deserialize, Serialize, JsonSchema)]
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
#[derive(Clone, Debug, Deserialize, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Metadata {
    /// The credential.
    pub name: DnsLabel,
}

/// The ciphertext of one key after the other.
pub type Keys = BTreeMap<String, String>;

/// Ciphertext by namespace and key. In the scope `strict` each namespace that spends the credential
/// has its own.
#[derive(Clone, Debug, Deserialize, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct SealedValues {
    /// The certificate that it was sealed with; absent: nobody wrote it down, so that it is not
    /// compared with `spec/sealing.pem`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub certificate: Option<Fingerprint>,
    /// Where the ciphertext opens.
    #[serde(default, skip_serializing_if = "SealedScope::is_default")]
    pub scope: SealedScope,
    /// Drawn anew at each sealing: the Secret is called `<credential>-<suffix>`, so that a new
    /// value is a new Secret, for which pods wait.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub suffix: Option<DnsLabel>,
    /// Namespace → key → ciphertext (base64, as `espalier seal` or `kubeseal --raw` makes it for
    /// the Secret's name).
    pub sealed: BTreeMap<SealedFor, Keys>,
    /// What was sealed before: its Secret stays, so that a rollback finds it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub previous: Option<PreviousValues>,
}

/// The values before the last rotation.
#[derive(Clone, Debug, Deserialize, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct PreviousValues {
    /// The end of the former Secret's name.
    pub suffix: DnsLabel,
    /// Namespace → key → ciphertext.
    pub sealed: BTreeMap<SealedFor, Keys>,
}

/// Where a ciphertext opens: what it is bound to.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize, Serialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum SealedScope {
    /// In the Secret of its name, in its namespace.
    #[default]
    Strict,
    /// In any Secret of its namespace.
    NamespaceWide,
    /// Anywhere in the cluster: one ciphertext, under `*`, serves a namespace that comes later too.
    /// Whoever may write SealedSecrets in any namespace can open it there.
    ClusterWide,
}

impl SealedScope {
    #[expect(clippy::trivially_copy_pass_by_ref, reason = "serde hands a reference")]
    const fn is_default(&self) -> bool {
        matches!(self, Self::Strict)
    }

    /// The annotation by which the controller knows the scope; none for `strict`.
    pub const fn annotation(self) -> Option<&'static str> {
        match self {
            Self::Strict => None,
            Self::NamespaceWide => Some("sealedsecrets.bitnami.com/namespace-wide"),
            Self::ClusterWide => Some("sealedsecrets.bitnami.com/cluster-wide"),
        }
    }
}

/// The version of the spec's own resources.
#[derive(Clone, Copy, Debug, Deserialize, Serialize, JsonSchema)]
pub enum ApiVersion {
    /// The only one so far.
    #[serde(rename = "espalier.dev/v1alpha1")]
    V1alpha1,
}

/// The kind of a file of `spec/secrets/`.
#[derive(Clone, Copy, Debug, Deserialize, Serialize, JsonSchema)]
pub enum SealedCredentialKind {
    /// The only one.
    SealedCredential,
}

/// The certificate of `spec/sealing.pem`: what values are sealed with.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SealingCertificate {
    /// The SHA-256 of its DER.
    pub fingerprint: Fingerprint,
    /// The first second at which it is valid, since 1970 (UTC).
    pub not_before: i64,
    /// The last second at which it is valid, since 1970 (UTC).
    pub not_after: i64,
}

/// One Secret that the store has values for.
#[derive(Clone, Debug)]
pub struct SealedCopy {
    /// The Secret's name.
    pub secret: String,
    /// Where its ciphertext opens.
    pub scope: SealedScope,
    /// Ciphertext by key.
    pub keys: Keys,
}

/// All sealed values, by credential.
#[derive(Clone, Debug, Default)]
pub struct SealedStore(BTreeMap<String, SealedValues>);

impl SealedStore {
    /// From the files that were read.
    pub fn new(files: impl IntoIterator<Item = SealedCredential>) -> Self {
        Self(files.into_iter().map(|it| (it.metadata.name.to_string(), it.spec)).collect())
    }

    /// What one file says.
    pub fn file(&self, credential: &str) -> Option<&SealedValues> {
        self.0.get(credential)
    }

    /// All files, by credential.
    pub fn files(&self) -> impl Iterator<Item = (&str, &SealedValues)> {
        self.0.iter().map(|(name, it)| (name.as_str(), it))
    }

    /// The Secrets' names, by credential.
    pub fn secrets(&self) -> BTreeMap<String, Arc<str>> {
        self.0
            .iter()
            .map(|(name, it)| (name.clone(), secret_name(name, it.suffix.as_ref()).into()))
            .collect()
    }

    /// What is sealed of a credential for a namespace now.
    pub fn keys(&self, credential: &str, namespace: &str) -> Option<&Keys> {
        let file = self.file(credential)?;
        of_namespace(&file.sealed, file.scope, namespace)
    }

    /// The Secrets of one copy, the present one first, then the one before it: those of which every
    /// key is sealed.
    pub fn copies(&self, credential: &str, keys: &[&str], namespace: &str) -> Vec<SealedCopy> {
        let Some(file) = self.file(credential) else { return Vec::new() };
        let copy = |suffix: Option<&DnsLabel>, sealed| {
            let there = of_namespace(sealed, file.scope, namespace)?;
            let keys = keys
                .iter()
                .map(|key| Some(((*key).to_owned(), there.get(*key)?.clone())))
                .collect::<Option<Keys>>()?;
            Some(SealedCopy { secret: secret_name(credential, suffix), scope: file.scope, keys })
        };
        let now = copy(file.suffix.as_ref(), &file.sealed);
        let before = file.previous.as_ref().and_then(|it| copy(Some(&it.suffix), &it.sealed));
        now.into_iter().chain(before).collect()
    }
}

/// The name of a credential's Secret.
pub fn secret_name(credential: &str, suffix: Option<&DnsLabel>) -> String {
    suffix.map_or_else(|| credential.to_owned(), |it| format!("{credential}-{it}"))
}

fn of_namespace<'a>(
    sealed: &'a BTreeMap<SealedFor, Keys>,
    scope: SealedScope,
    namespace: &str,
) -> Option<&'a Keys> {
    sealed.get(if scope == SealedScope::ClusterWide { EVERYWHERE } else { namespace })
}

/// The place of a `cluster-wide` value in the map of namespaces.
pub const EVERYWHERE: &str = "*";
