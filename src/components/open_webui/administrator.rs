//! The first administrator of an Open WebUI, and the key that signs its sessions.

use k8s_openapi::api::core::v1::EnvVar;

use super::environment::DATA;
use crate::{
    builder::{
        credential::{CredentialSpec, CredentialStore, Key, OwnSecret, SecretLookup, Value},
        face::Callers,
        scope::Scope,
    },
    components::pod,
    names::Email,
};

/// Signs sessions, and encrypts what Open WebUI stores of other services' tokens.
const SECRET_KEY: CredentialSpec = CredentialSpec {
    name: "openwebui-secret-key",
    keys: &[Key { name: "key", value: Value::Made(48) }],
    rotation: "everybody is logged out, and tokens that Open WebUI has stored encrypted (OAuth \
               sessions, tool servers) are lost",
    lookup: SecretLookup::ByReference,
};

/// The first administrator, which Open WebUI makes at its first start.
const ADMINISTRATOR: CredentialSpec = CredentialSpec {
    name: "openwebui-admin",
    keys: &[
        Key { name: "email", value: Value::Email("the administrator's e-mail address") },
        Key { name: "password", value: Value::Known("the administrator's password") },
    ],
    rotation: "an account that exists keeps its password: the administrator changes it in the \
               interface",
    lookup: SecretLookup::ByReference,
};

/// The first administrator, and the key that signs sessions.
pub enum Administrator<'a> {
    /// Both are the platform's credentials.
    Credentials(&'a CredentialStore),
    /// The address is written, the password sealed for this namespace, and the key beside it; or
    /// the key lives on the volume.
    Sealed {
        /// With which they sign in.
        email: &'a Email,
        /// Holds the password.
        secret: OwnSecret,
        /// Whether it holds the key too.
        has_key: bool,
    },
    /// Whoever signs up first, from the node itself or a private network. The key lives on the
    /// volume.
    First,
}

/// The keys of a Secret that is sealed for one namespace.
pub const OWN_PASSWORD: &str = "password";
/// The key that signs sessions.
pub const OWN_KEY: &str = "key";

impl Administrator<'_> {
    /// Who may come: where nobody is the administrator yet, nobody from the internet.
    pub(super) fn callers(&self) -> Callers {
        match self {
            Self::First => Callers::Private,
            Self::Credentials(_) | Self::Sealed { .. } => Callers::Anybody,
        }
    }

    /// What Open WebUI is told: it makes the administrator where it has no user.
    pub(super) fn environment(&self, scope: &mut Scope<'_>) -> Vec<EnvVar> {
        let on_volume = || pod::env("WEBUI_SECRET_KEY_FILE", format!("{DATA}/.webui_secret_key"));
        let name = pod::env("WEBUI_ADMIN_NAME", "Administrator");
        match self {
            Self::Credentials(credentials) => {
                let key = credentials.credential(&SECRET_KEY);
                let administrator = credentials.credential(&ADMINISTRATOR);
                vec![
                    scope.env_secret("WEBUI_SECRET_KEY", &key, "key"),
                    scope.env_secret("WEBUI_ADMIN_EMAIL", &administrator, "email"),
                    scope.env_secret("WEBUI_ADMIN_PASSWORD", &administrator, "password"),
                    name,
                ]
            }
            Self::Sealed { email, secret, has_key } => vec![
                if *has_key {
                    scope.env_sealed("WEBUI_SECRET_KEY", secret, OWN_KEY)
                } else {
                    on_volume()
                },
                pod::env("WEBUI_ADMIN_EMAIL", email.to_string()),
                scope.env_sealed("WEBUI_ADMIN_PASSWORD", secret, OWN_PASSWORD),
                name,
            ],
            // The first to sign up becomes the administrator. Open WebUI then closes sign-up by
            // itself, in memory only: after each restart of the pod it is open again, and whoever
            // signs up waits for approval.
            Self::First => vec![pod::env("ENABLE_SIGNUP", "True"), on_volume()],
        }
    }
}
