//! What the platform offers its workspaces.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::Deserialize;

use super::workspace_api::{Oidc, WorkspaceApi};
use crate::names::{
    Host,
    workspace::{PatternFile, PromptName},
};

/// What holds for all workspaces, and what they may use.
#[derive(Clone, Debug, Default, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
pub struct Workspaces {
    /// Whether the tree holds the CustomResourceDefinition of workspaces, so that the cluster takes
    /// the resource itself. Files of `spec/workspaces/` do not need it.
    #[schemars(example = true)]
    pub crd: bool,
    /// Number of workspaces that may have a database of the platform's PostgreSQL (`database:
    /// shared` of a workspace): so many connections are kept free for them (`max_connections`), so
    /// that a workspace that comes or goes restarts no database. Under `expandedBy: operator` none
    /// may. Absent: none may.
    #[schemars(example = 2)]
    pub databases: u32,
    /// Who makes the objects of workspaces. `compiler`: `espalier render`, an Argo CD Application a
    /// workspace. `operator`: an operator in the cluster, of the resources that the files of
    /// `spec/workspaces/` become, in one Argo CD Application; it needs `crd`. Absent:
    /// `compiler`.
    #[schemars(example = &"operator")]
    pub expanded_by: ExpandedBy,
    /// Whether who makes the objects of workspaces lets go of them: the step before `expandedBy`
    /// is changed. Under `compiler` the Applications of workspaces have no finalizer; under
    /// `operator` the operator has no pods and the Application of the resources no finalizer. With
    /// `false` they hold them.
    #[schemars(example = true)]
    pub handover: bool,
    /// The operator for workspaces: a Deployment in the namespace
    /// `aichat-workspace-operator-system`. Absent: one pod, where `expandedBy` is `operator`.
    pub operator: WorkspaceOperator,
    /// The HTTP API of workspaces, for portals, scripts and people who have no business with
    /// Kubernetes. Absent: there is none.
    pub api: WorkspaceApi,
    /// Domains below which workspaces may have host names of their own (`spec.hosts` of a
    /// workspace). Absent: no workspace may.
    #[schemars(extend("examples" = [["teams.example.org"]]))]
    pub hosts: Vec<Host>,
    /// Whether workspaces may use the platform's own Ollama (`ollama: shared` of a workspace), with
    /// the models that the platform lists: its NetworkPolicy then lets them in.
    #[schemars(example = true)]
    pub shared_ollama: bool,
    /// Prompts that workspaces may use (`spec.patterns` of a workspace), by their names: each is a
    /// text file of `spec/patterns/`. Absent: none is offered.
    #[schemars(extend("examples" = [{"explain_code": "spec/patterns/explain_code.md"}]))]
    pub patterns: BTreeMap<PromptName, PatternFile>,
    /// How fast an operator takes a new version or another platform to the workspaces whose pods
    /// restart by it; a tree has all of it at once.
    pub rollout: Rollout,
}

/// How fast an operator restarts pods though none of their people asked for it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
pub struct Rollout {
    /// How many workspaces restart at a time, the oldest first: the next one restarts when one is
    /// ready again, and none after one that is not within 15 minutes. Absent: 1.
    #[schemars(example = 2)]
    pub parallel: u32,
}

impl Default for Rollout {
    fn default() -> Self {
        Self { parallel: 1 }
    }
}

/// Who makes the objects of workspaces.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub enum ExpandedBy {
    /// `espalier render`: they are files of the tree.
    #[default]
    Compiler,
    /// An operator in the cluster.
    Operator,
}

/// The operator for workspaces.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
pub struct WorkspaceOperator {
    /// Number of pods: `spec.replicas` of its Deployment, 1 or 2. One of them works; a second takes
    /// over when it is lost.
    #[schemars(example = 2)]
    pub replicas: u32,
}

/// How many pods the operator has at least and at most: one works, and one waits.
pub const OPERATOR_REPLICAS: (u64, u64) = (1, 2);

impl Default for WorkspaceOperator {
    fn default() -> Self {
        Self { replicas: 1 }
    }
}

impl Workspaces {
    /// Whether an operator makes the objects of workspaces.
    pub fn has_operator(&self) -> bool {
        self.expanded_by == ExpandedBy::Operator
    }

    /// Whether their API runs.
    pub fn has_api(&self) -> bool {
        self.has_operator() && self.api.enabled
    }

    /// The issuer whose tokens that API takes, where there are both.
    pub fn oidc(&self) -> Option<&Oidc> {
        self.api.oidc.as_ref().filter(|_| self.has_api())
    }
}
