//! The HTTP API of workspaces, as the spec describes it.

use schemars::JsonSchema;
use serde::Deserialize;

use super::resources::Resources;
use crate::names::{
    SpecFile,
    oidc::{ClaimName, ClientId, IssuerUrl},
};

/// The HTTP API of workspaces.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
pub struct WorkspaceApi {
    /// Whether the API runs: a Deployment with an Ingress at `domains.api`, and the Roles
    /// `workspace-viewer`, `workspace-editor` and `workspace-admin`. It needs `expandedBy:
    /// operator`. With `false`, workspaces are made by files and by `kubectl`.
    #[schemars(example = true)]
    pub enabled: bool,
    /// Number of pods: `spec.replicas` of its Deployment, 1 to 3. All of them answer. Each counts
    /// by itself how often somebody asks.
    #[schemars(example = 2)]
    pub replicas: u32,
    /// Requests and limits of the server: `resources` of its container. Absent: the tested figures,
    /// which `espalier show budget` lists.
    pub resources: Resources,
    /// An OIDC issuer whose ID tokens are taken, beside the tokens of service accounts
    /// that are made for the API: `bootstrap/k3s/authentication.yaml`, which the API server reads,
    /// so that such a token opens the API server too, with the rights that its user has there.
    /// Absent: only tokens of service accounts are taken.
    pub oidc: Option<Oidc>,
}

/// How many pods the API has at least and at most.
pub const API_REPLICAS: (u64, u64) = (1, 3);

impl Default for WorkspaceApi {
    fn default() -> Self {
        Self { enabled: false, replicas: 1, resources: Resources::default(), oidc: None }
    }
}

/// An OIDC issuer.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Oidc {
    /// URL of the issuer, as its tokens say it (`iss`): `jwt[].issuer.url`. The nodes ask it for
    /// its keys, not the pods.
    #[schemars(example = &"https://login.example.org/realms/garden")]
    pub issuer: IssuerUrl,
    /// Client for which its tokens are made (`aud`): `jwt[].issuer.audiences`.
    #[schemars(example = &"workspaces")]
    pub client_id: ClientId,
    /// File in `spec/` with the certificates (PEM) of the authorities that the issuer's own is
    /// checked against: `jwt[].issuer.certificateAuthority`. Absent: those that the node trusts.
    #[schemars(example = &"login-ca.pem")]
    pub ca: Option<SpecFile>,
    /// Claim with the name of a user: `jwt[].claimMappings.username`, behind `oidc:`. With `email`,
    /// the token must say `email_verified: true`. Absent: `sub`, which no issuer gives to somebody
    /// else; a name that people may change at the issuer (`preferred_username`, `name`) lets
    /// whoever takes another's name be that other.
    #[serde(default)]
    #[schemars(example = &"email")]
    pub username_claim: ClaimName,
    /// Claim with the groups of a user: `jwt[].claimMappings.groups`, each behind `oidc:`. Absent:
    /// users have no groups.
    #[schemars(example = &"groups")]
    pub groups_claim: Option<ClaimName>,
}

/// What names and groups of the issuer begin with: nothing of the cluster's own does.
pub const OIDC_PREFIX: &str = "oidc:";
