//! Public host names and who certifies them.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::names::{Email, Host};

/// Public host names of the platform.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Domains {
    /// Public host name of Open WebUI: `spec.rules[].host` of its Ingress, and `WEBUI_URL` in its
    /// environment. Its DNS record must point to the cluster.
    #[schemars(example = &"chat.example.org")]
    pub chat: Host,
    /// Public host name reserved for Grafana, which is not a component yet: no workspace may take
    /// it, and nothing answers there, which is a warning. Absent: no name is reserved.
    #[schemars(example = &"monitoring.example.org")]
    pub monitoring: Option<Host>,
    /// Public host name of Argo CD's web interface: `spec.rules[].host` of an Ingress. Absent:
    /// there is no Ingress, and `kubectl port-forward` opens the interface.
    #[schemars(example = &"argocd.example.org")]
    pub argocd: Option<Host>,
    /// Domain of the workspaces: a workspace answers at `<workspaceName>.<this domain>`, so DNS
    /// needs a wildcard record that points to the cluster, or one record for each workspace.
    /// Absent: the domain is that of `chat`.
    #[schemars(example = &"workspaces.example.org")]
    pub workspaces: Option<Host>,
}

impl Domains {
    /// The platform's own hosts, as far as they are written, with the fields that name them.
    pub fn own(&self) -> impl Iterator<Item = (&'static str, &Host)> {
        let all = [
            ("chat", Some(&self.chat)),
            ("monitoring", self.monitoring.as_ref()),
            ("argocd", self.argocd.as_ref()),
        ];
        all.into_iter().filter_map(|(field, host)| Some((field, host?)))
    }

    /// The same, and the domain of the workspaces.
    pub fn all(&self) -> impl Iterator<Item = (&'static str, &Host)> {
        self.own().chain(self.workspaces.as_ref().map(|it| ("workspaces", it)))
    }
}

/// How certificates are obtained: from Let's Encrypt, by the HTTP-01 challenge.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Certificates {
    /// E-mail address of the account at Let's Encrypt: `spec.acme.email` of the `ClusterIssuer`.
    #[schemars(example = &"operations@example.org")]
    pub email: Email,
    /// Which server of Let's Encrypt issues the certificates: `spec.acme.server` of the
    /// `ClusterIssuer`. A change issues all certificates again.
    #[serde(default)]
    #[schemars(example = &"production")]
    pub issuer: Issuer,
}

/// A server of Let's Encrypt.
#[derive(Clone, Copy, Debug, Default, Deserialize, Serialize, JsonSchema, PartialEq, Eq)]
#[serde(rename_all = "camelCase")]
pub enum Issuer {
    /// For tests: generous rate limits, but no browser trusts its certificates.
    #[default]
    Staging,
    /// For users: browsers trust its certificates, and its rate limits are strict.
    Production,
}

impl Issuer {
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
