//! Public host names and who certifies them.

use schemars::JsonSchema;
use serde::Deserialize;

use crate::names::{Email, Host};

/// The platform's public hosts.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Domains {
    /// Open WebUI.
    pub chat: Host,
    /// Grafana.
    pub monitoring: Option<Host>,
    /// Argo CD's UI; absent: no Ingress (use a port-forward).
    pub argocd: Option<Host>,
    /// Workspaces answer at `<workspace>.` and this; absent: below the chat host.
    pub workspaces: Option<Host>,
}

/// Certificates, from Let's Encrypt by HTTP-01.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Certificates {
    /// Who is told when a certificate is about to expire. It has no default.
    pub email: Email,
    /// `staging` has generous limits and is trusted by no browser; `production` is the real one.
    #[serde(default)]
    pub issuer: Issuer,
}

/// Which of Let's Encrypt's servers.
#[derive(Clone, Copy, Debug, Default, Deserialize, JsonSchema, PartialEq, Eq)]
#[serde(rename_all = "camelCase")]
pub enum Issuer {
    /// For trying things out.
    #[default]
    Staging,
    /// For users.
    Production,
}

impl Issuer {
    /// All of them.
    pub const ALL: [Self; 2] = [Self::Staging, Self::Production];

    /// The `ClusterIssuer`'s name; another one for each server, so that a switch issues new
    /// certificates.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Staging => "letsencrypt-staging",
            Self::Production => "letsencrypt-production",
        }
    }

    /// The ACME directory.
    pub fn server(self) -> &'static str {
        match self {
            Self::Staging => "https://acme-staging-v02.api.letsencrypt.org/directory",
            Self::Production => "https://acme-v02.api.letsencrypt.org/directory",
        }
    }
}
