//! The first administrator of a workspace, whose secrets are sealed in the resource itself.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::{
    names::{DnsLabel, Email, Fingerprint},
    platform::sealed,
};

/// The first administrator of a workspace.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Administrator {
    /// E-mail address with which the administrator signs in: `WEBUI_ADMIN_EMAIL`.
    #[schemars(example = &"ada@example.org")]
    pub email: Email,
    /// What must stay secret, as ciphertext that only the sealed-secrets controller of the cluster
    /// can decrypt.
    pub sealed: SealedSecrets,
}

/// Ciphertext that is bound to the namespace of one workspace and the name of one Secret in it (the
/// scope `strict`): nobody can use it elsewhere.
#[derive(Clone, Debug, Deserialize, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[schemars(rename = "SealedForWorkspace")]
pub struct SealedSecrets {
    /// SHA-256 fingerprint of the certificate that the values were sealed with, which is compared
    /// with `spec/sealing.pem`. Absent: it is unknown, and not compared.
    #[schemars(example = &"sha256:d1354cec1b8f3b297f2d315f58a869bf5f7b09783681f16f88ac11a212a56316")]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub certificate: Option<Fingerprint>,
    /// End of the Secret's name, `<workspaceName>-sign-in-<suffix>`, to which the
    /// values are sealed. A new one is drawn each time, so that a new value is a new Secret. Absent:
    /// the Secret's name has no such end.
    #[schemars(example = &"gc72r")]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub suffix: Option<DnsLabel>,
    /// Password of the administrator, as ciphertext in base64: `WEBUI_ADMIN_PASSWORD`.
    #[schemars(example = &"AgBkquCNQtlSUZjg2xcWg+iOlaTAZrV9k65QSl6lr2bqu3KvuOxv")]
    pub password: String,
    /// Key that signs sessions, as ciphertext in base64: `WEBUI_SECRET_KEY`. Absent: Open WebUI
    /// makes one, which lies on the workspace's volume.
    #[schemars(example = &"AgC3Jc0Q1vVZ6oHk2m9m0sVYp1zq4d0bX8m0r6S1eJx4J7m1W2bA")]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub secret_key: Option<String>,
}

/// The name of the Secret with which people sign in to a workspace: its values are sealed to it.
pub fn secret_name(workspace: &str, suffix: Option<&DnsLabel>) -> String {
    sealed::secret_name(&format!("{workspace}-sign-in"), suffix)
}
