//! What a program that keeps a tenant in a cluster asks of it beside its objects.

use super::{Object, Plan, Tenant};
use crate::components::workspace::status::WorkspaceBudget;

impl Plan {
    /// The public hosts of the platform itself: no tenant may have one of them.
    pub fn hosts(&self) -> impl Iterator<Item = &str> {
        self.0.hosts().map(|it| &**it.0)
    }
}

impl Plan {
    /// How many tenants may restart at a time where none of their people asked for it.
    pub fn parallel_rollouts(&self) -> usize {
        self.0.platform().spec.workspaces.rollout.parallel.try_into().unwrap_or(usize::MAX)
    }
}

impl Tenant {
    /// Its public hosts.
    pub fn hosts(&self) -> impl Iterator<Item = &str> {
        self.planned.hosts.iter().map(|it| &**it)
    }

    /// The addresses at which people reach it.
    pub fn urls(&self) -> Vec<String> {
        let scheme = if self.planned.is_plain { "http" } else { "https" };
        self.hosts().map(|host| format!("{scheme}://{host}")).collect()
    }

    /// The models that its own Ollama serves.
    pub fn models(&self) -> impl Iterator<Item = &str> {
        self.planned.models.iter().map(|it| &**it)
    }

    /// Whether it is at rest: its workloads have no pods.
    pub fn is_suspended(&self) -> bool {
        self.planned.is_suspended
    }

    /// Whether its data goes when it is deleted.
    pub fn lets_data_go(&self) -> bool {
        self.planned.lets_data_go
    }

    /// The UID of the deleted tenant whose retained data it takes over.
    pub fn restores(&self) -> Option<&str> {
        self.planned.restore.as_deref()
    }

    /// What it takes of the nodes.
    pub fn budget(&self) -> WorkspaceBudget {
        let (sum, _) = self.planned.needs(self.several_nodes);
        WorkspaceBudget {
            memory: sum.demand.request.to_string(),
            memory_limit: sum.demand.limit.to_string(),
            cpu: sum.demand.cpu.to_string(),
            pods: sum.pods,
            storage: self.planned.need.storage.to_string(),
        }
    }
}

impl Object<'_> {
    /// Whether a tenant that is deleted without its data leaves it behind: its namespace, its
    /// claims, its sealed values.
    pub fn is_data(self) -> bool {
        matches!(self.kind(), "Namespace" | "PersistentVolumeClaim" | "SealedSecret")
    }
}
