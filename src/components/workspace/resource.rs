//! The resource of a workspace: what a file of `spec/workspaces/` holds.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::Deserialize;

use super::{
    administrator::Administrator,
    database::DatabaseRole,
    prompt::Prompt,
    sizes::{Quota, Replicas, Sizes, WorkloadResources},
};
use crate::names::{
    DnsLabel, Host, LabelKey, LabelValue, ModelName, ObjectName,
    workspace::{MemberName, PromptName, Uid},
};

/// `spec/workspaces/<name>.yaml`: a workspace of its own for one team, with its own Ollama and Open
/// WebUI. It is the same resource that the AIChat Workspace Operator reads, and says more.
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
    /// Identifies the resource. What the workspace itself is called says `spec.workspaceName`.
    #[cfg_attr(not(feature = "internals"), expect(dead_code, reason = "reading it checks it"))]
    pub metadata: WorkspaceMetadata,
    /// Desired state of the workspace: its namespace, its models, and what it may use.
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

/// Identifies the resource, as the API server takes it: only the name is used when a tree is made.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[schemars(rename = "Metadata")]
pub struct WorkspaceMetadata {
    /// Name of the resource, which may differ from `spec.workspaceName`.
    #[schemars(example = &"my-team")]
    #[cfg_attr(not(feature = "internals"), expect(dead_code, reason = "reading it checks it"))]
    pub name: ObjectName,
    /// Namespace of the resource, where an operator reads it from the cluster. It makes no
    /// difference to the tree. Absent: the one that it is applied in.
    #[schemars(example = &"aichat-workspace-operator-system")]
    #[cfg_attr(not(feature = "internals"), expect(dead_code, reason = "reading it checks it"))]
    pub namespace: Option<DnsLabel>,
    /// Labels of the resource itself; its objects do not get them. Absent: it has none.
    #[serde(default)]
    #[schemars(extend("examples" = [{"department": "research"}]))]
    #[cfg_attr(not(feature = "internals"), expect(dead_code, reason = "reading it checks it"))]
    pub labels: BTreeMap<LabelKey, LabelValue>,
    /// Annotations of the resource itself; its objects do not get them. Absent: it has none.
    #[serde(default)]
    #[schemars(extend("examples" = [{"example.org/cost-centre": "4711"}]))]
    #[cfg_attr(not(feature = "internals"), expect(dead_code, reason = "reading it checks it"))]
    pub annotations: BTreeMap<LabelKey, String>,
}

/// Desired state of the workspace.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct WorkspaceSpec {
    /// Name of the workspace: of its Namespace, the first label of its public host name, and what
    /// the names of its objects begin with. At most 45 characters, the first of them a letter. It
    /// can never change: another name is another workspace.
    #[schemars(example = &"my-team")]
    pub workspace_name: DnsLabel,
    /// How the workspace is served. `prod`: with a certificate, below the platform's domain for
    /// workspaces. `dev`: in plain HTTP at `<workspaceName>.localtest.me`, a name that leads to
    /// the computer that asks for it; with `hosts`, at these, with certificates of Let's Encrypt's
    /// staging server. Absent: `prod`.
    #[serde(default, rename = "workspaceENV")]
    #[schemars(example = &"dev")]
    pub environment: Environment,
    /// Models by their names, which an init container of the workspace's own Ollama pulls
    /// (`/api/pull`) before it serves; without a tag it is `:latest`. `[]` is none. `espalier show
    /// models` lists the names that are known.
    #[schemars(extend("examples" = [["llama3.2:1b-instruct-q4_K_M"]]))]
    pub models: Vec<ModelName>,
    /// Whether models that are on the volume and no longer listed are removed when Ollama starts
    /// (`/api/delete`). With `false` they stay, and what they take of the volume is counted
    /// nowhere.
    #[serde(default)]
    #[schemars(example = true)]
    pub prune_models: bool,
    /// Prompts that the platform offers (`spec.workspaces.patterns`), by their names. Of each model
    /// and each of them Ollama makes a model `<model>-<pattern>`. Absent: none is used.
    #[serde(default)]
    #[schemars(extend("examples" = [["explain_code"]]))]
    pub patterns: Vec<PromptName>,
    /// Prompts of the workspace's own, each a name and its text. Of each model and each of them
    /// Ollama makes a model `<model>-<name>`. Absent: there are none.
    #[serde(default)]
    #[schemars(extend("examples" = [[{"name": "reviewer", "system": "You review code."}]]))]
    pub prompts: Vec<Prompt>,
    /// Requests and limits of the containers. Absent: the tested and computed figures.
    #[serde(default)]
    pub resources: WorkloadResources,
    /// Numbers of pods. Open WebUI has one pod in any workspace. Absent: Ollama has one as well.
    #[serde(default)]
    pub replicas: Replicas,
    /// Sizes of the volumes. Absent: 20Gi for models, 2Gi for uploaded files.
    #[serde(default)]
    pub storage: Sizes,
    /// Upper bounds of the workspace's own: `spec.hard` of its ResourceQuota. Absent: each bound is
    /// what the workspace's own pods can use at once.
    #[serde(default)]
    pub quota: Quota,
    /// Public host names of the workspace's own, each below one of the platform's
    /// `spec.workspaces.hosts`. Absent: `<workspaceName>.<domains.workspaces>`.
    #[serde(default)]
    #[schemars(extend("examples" = [["chat.team.example.org"]]))]
    pub hosts: Vec<Host>,
    /// Who serves its models: an Ollama of the workspace's own, or the platform's with the models
    /// of the platform. Absent: `dedicated`.
    #[serde(default)]
    #[schemars(example = &"shared")]
    pub ollama: ModelServer,
    /// Where chats and users are stored: in a SQLite file on the workspace's volume, or in a
    /// database of the platform's PostgreSQL with a role of its own (`databaseRole`), where the
    /// platform offers it (`spec.workspaces.databases`). A change does not bring them along.
    /// Absent: `own`.
    #[serde(default)]
    #[schemars(example = &"shared")]
    pub database: Database,
    /// The role of the workspace in the platform's PostgreSQL, with its password sealed: what
    /// `database: shared` needs. `espalier workspace create` and `update` with `--database shared`
    /// make it. Absent: it has none.
    pub database_role: Option<DatabaseRole>,
    /// The first administrator, sealed. Absent: whoever signs up first becomes it.
    pub administrator: Option<Administrator>,
    /// Users and groups of the cluster that may look at the workspace's objects: a RoleBinding to
    /// the ClusterRole `view` in its namespace. Absent: nobody but those who may look anywhere.
    #[serde(default)]
    #[schemars(extend("examples" = [[{"kind": "Group", "name": "team-a"}]]))]
    pub members: Vec<Member>,
    /// Whether the workspace is at rest: Ollama and Open WebUI have no pods and need no room, and
    /// all else stays. With `false` they run.
    #[serde(default)]
    #[schemars(example = true)]
    pub suspend: bool,
    /// What becomes of its data when the workspace is deleted: `Retain` keeps its namespace, its
    /// volumes and its sealed values, `Delete` removes them. Absent: `Retain`.
    #[serde(default)]
    #[schemars(example = &"Delete")]
    pub on_delete: OnDelete,
    /// UID of the deleted workspace whose retained data this one takes over: an operator in the
    /// cluster reads it, and in a tree it makes no difference. Absent: it takes over none.
    #[schemars(example = &"8f3b2a54-6a0e-4c0e-9d3b-0c9f1f6d2b7a")]
    pub restore: Option<Uid>,
}

/// How a workspace is served.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub enum Environment {
    /// By TLS alone, with a certificate of its own.
    #[default]
    Prod,
    /// For a developer's own computer: in plain HTTP, where passwords and chats are readable on the
    /// way.
    Dev,
}

/// Who serves the models of a workspace.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub enum ModelServer {
    /// An Ollama of the workspace's own.
    #[default]
    Dedicated,
    /// The platform's Ollama, with the models that the platform lists.
    Shared,
}

/// Where a workspace stores its chats and users.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub enum Database {
    /// In a SQLite file on its own volume.
    #[default]
    Own,
    /// In a database of the platform's PostgreSQL, with a role of its own.
    Shared,
}

/// What becomes of a workspace's data when it is deleted.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize, JsonSchema)]
pub enum OnDelete {
    /// Its namespace, volumes and sealed values are kept.
    #[default]
    Retain,
    /// All of it is removed.
    Delete,
}

/// One who may look at a workspace's objects: a subject of its RoleBinding.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Member {
    /// Whether `name` is that of one user or of a group: `subjects[].kind` of the RoleBinding.
    #[schemars(example = &"Group")]
    pub kind: MemberKind,
    /// Name of the user or group, as the cluster's authentication says it: `subjects[].name` of
    /// the RoleBinding.
    #[schemars(example = &"ada@example.org")]
    pub name: MemberName,
}

/// What a member is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Deserialize, JsonSchema)]
pub enum MemberKind {
    /// One user.
    User,
    /// All who belong to a group.
    Group,
}

/// The longest name that still leaves room for what is made of it: a StatefulSet's pods carry a
/// label of the name and a hash.
pub const LONGEST_NAME: usize = 45;

/// How a name looks that can be a Service's, too.
pub const NAME_PATTERN: &str = "^[a-z]([-a-z0-9]*[a-z0-9])?$";

/// Beginnings and endings of namespaces that belong to Kubernetes, to distributions of it, and to
/// what is installed into a cluster: no workspace has such a name.
pub const RESERVED: [(&str, &str); 3] = [("kube-", ""), ("cattle-", ""), ("", "-system")];

/// The lists of a workspace, by their paths below `spec`, with the most items. The API server asks
/// for such bounds where it runs expressions over them, and what it takes the compiler takes.
pub const LISTS: [(&[&str], usize); 5] = [
    (&["hosts"], 16),
    (&["members"], 128),
    (&["models"], 64),
    (&["patterns"], 64),
    (&["prompts"], 64),
];

/// The numbers of a workspace, by their paths below `spec` (`[]` is any item of a list), with the
/// least and the most: there is none without.
pub const NUMBERS: [(&[&str], u64, u64); 8] = [
    (&["prompts", "[]", "parameters", "numPredict"], 1, 1 << 20),
    (&["prompts", "[]", "parameters", "repeatPenalty"], 0, 10),
    (&["prompts", "[]", "parameters", "seed"], 0, u32::MAX as u64),
    (&["prompts", "[]", "parameters", "temperature"], 0, 2),
    (&["prompts", "[]", "parameters", "topK"], 1, 1_000),
    (&["prompts", "[]", "parameters", "topP"], 0, 1),
    (&["quota", "pods"], 1, 1_000),
    (&["replicas", "ollama"], 1, 100),
];
