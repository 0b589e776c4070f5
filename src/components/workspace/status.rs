//! The status of a workspace's resource: what an operator tells of it. The API server keeps nothing
//! that is not in here.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// What an operator tells of a workspace.
#[derive(Clone, Debug, Default, PartialEq, Deserialize, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase", default)]
pub struct WorkspaceStatus {
    /// The generation of the resource that all of this is about: with a smaller one than
    /// `metadata.generation`, the last change has not been looked at yet.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub observed_generation: Option<i64>,
    /// Whether the workspace's objects have been made. It stays true while they change.
    pub is_created: bool,
    /// What holds of the workspace: `Accepted`, `Admitted`, `Progressing`, `Ready`, `Degraded`.
    pub conditions: Vec<WorkspaceCondition>,
    /// Addresses at which the workspace answers.
    pub urls: Vec<String>,
    /// What the workspace takes of its nodes.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub budget: Option<WorkspaceBudget>,
    /// Its models, and whether they are there.
    pub models: Vec<WorkspaceModel>,
    /// Its objects, as they were last applied.
    pub inventory: Vec<InventoryEntry>,
    /// Name of the `ControllerRevision` with the spec that runs: one that came later may have been
    /// refused.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub admitted_revision: Option<String>,
}

/// Something that holds of a workspace, or does not, in the form of Kubernetes' own conditions.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct WorkspaceCondition {
    /// What it is about, in one word.
    #[schemars(length(max = 316))]
    #[serde(rename = "type")]
    pub type_: String,
    /// Whether it holds.
    pub status: ConditionStatus,
    /// Why, in one word for programs.
    #[schemars(length(max = 1024))]
    pub reason: String,
    /// Why, for people.
    #[schemars(length(max = 32768))]
    pub message: String,
    /// When `status` became what it is, in RFC 3339.
    #[schemars(extend("format" = "date-time"))]
    pub last_transition_time: String,
    /// The generation of the resource that it is about.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub observed_generation: Option<i64>,
}

/// Whether a condition holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, Serialize, JsonSchema)]
pub enum ConditionStatus {
    /// It holds.
    True,
    /// It does not.
    False,
    /// Nobody can say.
    Unknown,
}

/// What a workspace takes of its nodes: sums over its pods, as the scheduler counts them.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase", default)]
pub struct WorkspaceBudget {
    /// Memory that its pods request, with its unit.
    pub memory: String,
    /// Memory that they may use, with its unit.
    pub memory_limit: String,
    /// CPU that they request.
    pub cpu: String,
    /// How many they are.
    pub pods: u32,
    /// What its volumes ask for, with its unit.
    pub storage: String,
}

/// A model of a workspace.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct WorkspaceModel {
    /// Its name, with its tag.
    pub name: String,
    /// Whether Ollama serves it: it does from the moment that its pod is ready.
    pub is_ready: bool,
}

/// An object of a workspace, as it was last applied.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct InventoryEntry {
    /// `v1` or `group/version`.
    pub api_version: String,
    /// The kind.
    pub kind: String,
    /// Its name, in the workspace's namespace.
    pub name: String,
    /// Its generation after it was applied.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub generation: Option<i64>,
    /// What was applied, as a hash: where it is that of what the spec makes now, there is nothing
    /// to apply.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub applied: Option<String>,
    /// Who owned which of its fields after it was applied, as a hash: with another one, somebody
    /// has changed it since.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub fields: Option<String>,
}
