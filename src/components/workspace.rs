//! A tenant: the same components, in a namespace of its own, built by itself.

use schemars::JsonSchema;
use serde::Deserialize;

use crate::{
    builder::{
        component::BuiltComponent,
        face::Transport,
        kinds,
        may_make::MayMake,
        platform,
        traefik::{IngressRoute, Middleware},
    },
    components::{
        floor_plan::Assembly,
        ollama::Ollama,
        open_webui::{self, ConnectionPool, OpenWebUi},
    },
    facts::kubernetes::POD_SECURITY_VERSION,
    names::{DnsLabel, Host, ModelName},
    units::error::ValueError,
};
use k8s_openapi::api::core::v1::Namespace;

/// What the names of the tenants' Applications begin with; none of the platform's does.
pub const PREFIX: &str = "ws-";

/// What any tenant's Application may ever make, in the tenant's own namespace.
pub const MAY_MAKE: MayMake = MayMake::in_namespace(
    PREFIX,
    &[],
    &[
        kinds::of_cluster::<Namespace>(""),
        kinds::PERSISTENT_VOLUME_CLAIM,
        kinds::SERVICE,
        kinds::SERVICE_ACCOUNT,
        kinds::DEPLOYMENT,
        kinds::STATEFUL_SET,
        kinds::INGRESS,
        kinds::namespaced_custom::<IngressRoute>(),
        kinds::namespaced_custom::<Middleware>(),
        kinds::NETWORK_POLICY,
        kinds::POD_DISRUPTION_BUDGET,
    ],
);

/// `spec/workspaces/<name>.yaml`: a workspace of its own for one team, with its own Ollama and Open
/// WebUI. It is the same resource that the AIChat Workspace Operator reads.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Workspace {
    /// The version of the operator's resource. Always `apps.aichatworkspaces.io/v1alpha1`.
    #[schemars(example = &"apps.aichatworkspaces.io/v1alpha1")]
    #[cfg_attr(not(feature = "internals"), expect(dead_code, reason = "reading it checks it"))]
    pub api_version: WorkspaceVersion,
    /// The kind of this file. Always `AIChatWorkspace`.
    #[schemars(example = &"AIChatWorkspace")]
    #[cfg_attr(not(feature = "internals"), expect(dead_code, reason = "reading it checks it"))]
    pub kind: WorkspaceKind,
    /// Identifies the workspace: its name, which is also that of this file.
    pub metadata: WorkspaceMetadata,
    /// Desired state of the workspace: its namespace and its models.
    pub spec: WorkspaceSpec,
}

/// The version of the operator's resource.
#[derive(Clone, Copy, Debug, Deserialize, JsonSchema)]
#[schemars(rename = "ApiVersion")]
pub enum WorkspaceVersion {
    /// The only version so far.
    #[serde(rename = "apps.aichatworkspaces.io/v1alpha1")]
    V1alpha1,
}

/// The kind of a file of `spec/workspaces/`.
#[derive(Clone, Copy, Debug, Deserialize, JsonSchema)]
#[schemars(rename = "Kind")]
pub enum WorkspaceKind {
    /// A workspace; no other kind is read here.
    #[serde(rename = "AIChatWorkspace")]
    AIChatWorkspace,
}

/// Identifies the workspace.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[schemars(rename = "Metadata")]
pub struct WorkspaceMetadata {
    /// Name of the resource: a DNS label of at most 63 characters. It must be the file's name
    /// without `.yaml`.
    #[schemars(example = &"my-team")]
    pub name: DnsLabel,
}

/// Desired state of the workspace.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct WorkspaceSpec {
    /// Name of the workspace's Namespace, and the first label of its public host name, before
    /// `spec.domains.workspaces` of the platform.
    #[schemars(example = &"my-team")]
    pub workspace_name: DnsLabel,
    /// Models by their full names, which an init container of the workspace's own Ollama pulls
    /// (`/api/pull`) before it serves. `[]` is none. `espalier show models` lists the names that
    /// are known.
    #[schemars(extend("examples" = [["llama3.2:1b-instruct-q4_K_M"]]))]
    pub models: Vec<ModelName>,
    /// How the workspace is served: `prod` with a certificate, or `dev` in plain HTTP, for a team
    /// that tries something in a network of its own: its Ingress has no TLS and asks for no
    /// certificate, and browsers are not told to insist on it. Bounds and all other headers are the
    /// same. Absent: `prod`.
    #[serde(default, rename = "workspaceENV")]
    #[schemars(example = &"dev")]
    pub environment: Environment,
}

/// How a workspace is served.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub enum Environment {
    /// By TLS alone, with a certificate of its own.
    #[default]
    Prod,
    /// In plain HTTP: passwords and chats are readable on the way.
    Dev,
}

/// The Ollama of a workspace with these models: all else of it is the same in each.
pub fn ollama(models: &[ModelName]) -> Ollama {
    Ollama { models: models.to_owned(), ..Ollama::default() }
}

impl Workspace {
    /// Its Ollama, as the platform's own component.
    pub fn ollama(&self) -> Ollama {
        ollama(&self.spec.models)
    }

    /// Its public host, below the platform's domain for workspaces.
    ///
    /// # Errors
    /// When the two together are no host name (too long).
    pub fn host(&self, assembly: &Assembly) -> Result<Host, ValueError> {
        let domains = &assembly.platform.spec.domains;
        format!(
            "{}.{}",
            self.spec.workspace_name,
            domains.workspaces.as_ref().unwrap_or(&domains.chat)
        )
        .parse()
    }

    /// Builds it. Nothing when the platform has no issuer.
    pub fn build(&self, assembly: &Assembly) -> Option<BuiltComponent> {
        let (issuer, host) = (assembly.issuer.as_ref()?, self.host(assembly).ok()?);
        let versions = &assembly.platform.versions;
        let ((), built) =
            platform::tenant(&self.spec.workspace_name, &assembly.cluster, &host, |scope, host| {
                scope.namespace_of(&self.spec.workspace_name, "restricted", POD_SECURITY_VERSION);
                let models = self.ollama().build(scope, versions);
                let pool = ConnectionPool::default();
                let plain = scope.plain().filter(|_| self.spec.environment == Environment::Dev);
                let needs = open_webui::Needs {
                    models: &models,
                    database: None,
                    pool,
                    reader: None,
                    sessions: None,
                    // Its numbers would stand beside the platform's under the same names.
                    telemetry: None,
                    host,
                    ingress: &assembly.ingress,
                    transport: plain.map_or(Transport::Tls(issuer), Transport::Plain),
                    credentials: None,
                    versions,
                };
                // Nobody else mounts a tenant's volume.
                drop(OpenWebUi::default().build(scope, &needs));
            });
        Some(built)
    }
}
