//! Sealed values: what `spec/secrets/<credential>.yaml` holds, ciphertext only.

use std::{collections::BTreeMap, sync::Arc};

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::names::{DnsLabel, Fingerprint, SealedFor};

/// One file of `spec/secrets/`: a credential as ciphertext, which only the cluster's sealed-secrets
/// controller can decrypt. `espalier seal` writes it.
#[derive(Clone, Debug, Deserialize, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct SealedCredential {
    /// The version of this file's format. Always `espalier.dev/v1alpha1`.
    #[schemars(example = &"espalier.dev/v1alpha1")]
    pub api_version: ApiVersion,
    /// The kind of this file. Always `SealedCredential`.
    #[schemars(example = &"SealedCredential")]
    pub kind: SealedCredentialKind,
    /// Identifies the credential: its name, which is also that of this file.
    pub metadata: SealedCredentialMetadata,
    /// The ciphertext of the credential, and what it is bound to.
    pub spec: SealedValues,
}

/// Identifies the credential. It repeats the file's name, so that a copied file is noticed.
#[derive(Clone, Debug, Deserialize, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[schemars(rename = "Metadata")]
pub struct SealedCredentialMetadata {
    /// Name of the credential, and the beginning of the name of its Secret. It must be the file's
    /// name without `.yaml`.
    #[schemars(example = &"postgresql")]
    pub name: DnsLabel,
}

/// The ciphertext of one key after the other.
pub type Keys = BTreeMap<String, String>;

/// Ciphertext by namespace and key. In the scope `strict` each namespace that uses the credential
/// has its own.
#[derive(Clone, Debug, Deserialize, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct SealedValues {
    /// SHA-256 fingerprint of the certificate that the values were sealed with, which is compared
    /// with `spec/sealing.pem`. Absent: it is unknown, and not compared.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(example = &"sha256:d1354cec1b8f3b297f2d315f58a869bf5f7b09783681f16f88ac11a212a56316")]
    pub certificate: Option<Fingerprint>,
    /// Which Secrets the ciphertext can be decrypted into: the annotation
    /// `sealedsecrets.bitnami.com/<scope>` of the SealedSecret. Absent: `strict`, which has no
    /// annotation.
    #[serde(default, skip_serializing_if = "SealedScope::is_default")]
    #[schemars(example = &"cluster-wide")]
    pub scope: SealedScope,
    /// End of the Secret's name, `<credential>-<suffix>`. `espalier seal` draws a new one each
    /// time, so that a new value is a new Secret and pods wait for it. Absent: the Secret has the
    /// credential's name.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schemars(example = &"gc72r")]
    pub suffix: Option<DnsLabel>,
    /// Namespace → key → ciphertext in base64, as `espalier seal` or `kubeseal --raw` makes it for
    /// the Secret's name: `spec.encryptedData` of a SealedSecret in each namespace.
    #[schemars(extend("examples" = [{"ai": {"password": "AgBkquCNQtlSUZjg2xcWg+iOlaTAZrV9k65QSl6lr2bqu3KvuOxv"}}]))]
    pub sealed: BTreeMap<SealedFor, Keys>,
    /// The values before the last rotation. Their Secret stays in the cluster, so that a rollback
    /// finds it. Absent: no former values are kept.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub previous: Option<PreviousValues>,
}

/// The values before the last rotation.
#[derive(Clone, Debug, Deserialize, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct PreviousValues {
    /// End of the former Secret's name, `<credential>-<suffix>`.
    #[schemars(example = &"x7k2p")]
    pub suffix: DnsLabel,
    /// Namespace → key → ciphertext in base64 of the former values: `spec.encryptedData` of a
    /// second SealedSecret in each namespace.
    #[schemars(extend("examples" = [{"ai": {"password": "AgC3Jc0Q1vVZ6oHk2m9m0sVYp1zq4d0bX8m0r6S1eJx4J7m1W2bA"}}]))]
    pub sealed: BTreeMap<SealedFor, Keys>,
}

/// Which Secrets a ciphertext can be decrypted into.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize, Serialize, JsonSchema)]
#[serde(rename_all = "kebab-case")]
pub enum SealedScope {
    /// Only the Secret of this name in this namespace.
    #[default]
    Strict,
    /// Any Secret of this namespace.
    NamespaceWide,
    /// Any Secret in the cluster: one ciphertext, under `*`, also serves namespaces that are added
    /// later. Anyone who may create SealedSecrets in any namespace can decrypt it there.
    ClusterWide,
}

impl SealedScope {
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

/// The version of the format of Espalier's own files.
#[derive(Clone, Copy, Debug, Deserialize, Serialize, JsonSchema)]
pub enum ApiVersion {
    /// The only version so far.
    #[serde(rename = "espalier.dev/v1alpha1")]
    V1alpha1,
}

/// The kind of a file of `spec/secrets/`.
#[derive(Clone, Copy, Debug, Deserialize, Serialize, JsonSchema)]
pub enum SealedCredentialKind {
    /// A sealed credential; no other kind is read here.
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
        self.0.iter().map(|(name, values)| (name.as_str(), values))
    }

    /// The Secrets' names, by credential.
    pub fn secrets(&self) -> BTreeMap<String, Arc<str>> {
        self.0
            .iter()
            .map(|(name, values)| (name.clone(), secret_name(name, values.suffix.as_ref()).into()))
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
