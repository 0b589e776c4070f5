//! The role of a workspace in the platform's PostgreSQL, whose password is sealed in the resource.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::{
    names::{
        DnsLabel, Fingerprint,
        scram::{EXAMPLE, ScramVerifier},
    },
    platform::sealed,
};

/// The role of a workspace in the platform's PostgreSQL, which owns its database.
#[derive(Clone, Debug, Deserialize, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct DatabaseRole {
    /// What PostgreSQL keeps of the password: it can check with it who knows the password, and
    /// nobody can sign in with it.
    #[schemars(example = EXAMPLE)]
    pub verifier: ScramVerifier,
    /// The password, as ciphertext that only the sealed-secrets controller of the cluster can
    /// decrypt.
    pub sealed: SealedPassword,
}

/// A password that is bound to the namespace of one workspace and the name of one Secret in it (the
/// scope `strict`): nobody can use it elsewhere.
#[derive(Clone, Debug, Deserialize, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct SealedPassword {
    /// SHA-256 fingerprint of the certificate that the password was sealed with, which is compared
    /// with `spec/sealing.pem`. Absent: it is unknown, and not compared.
    #[schemars(
        example = &"sha256:d1354cec1b8f3b297f2d315f58a869bf5f7b09783681f16f88ac11a212a56316"
    )]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub certificate: Option<Fingerprint>,
    /// End of the Secret's name, `<workspaceName>-database-<suffix>`, to which the password is
    /// sealed. A new one is drawn each time, so that a new password is a new Secret. Absent: the
    /// Secret's name has no such end.
    #[schemars(example = &"gc72r")]
    #[serde(skip_serializing_if = "Option::is_none")]
    pub suffix: Option<DnsLabel>,
    /// Password of the role, as ciphertext in base64.
    #[schemars(example = &"AgBkquCNQtlSUZjg2xcWg+iOlaTAZrV9k65QSl6lr2bqu3KvuOxv")]
    pub password: String,
}

/// The name of the Secret with which a workspace signs in to its database: its password is sealed
/// to it.
pub fn secret_name(workspace: &str, suffix: Option<&DnsLabel>) -> String {
    sealed::secret_name(&format!("{workspace}-database"), suffix)
}
