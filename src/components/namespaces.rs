//! The platform's namespaces, with the pod security level that their pods keep, and what else of
//! the cluster its pods need first. Argo CD never prunes the namespaces.

use k8s_openapi::api::scheduling::v1::PriorityClass;

use crate::{
    builder::{
        handle::{NamespaceRef, PriorityRef},
        kinds,
        may_make::MayMake,
        scope::Scope,
    },
    facts::kubernetes::{DATABASE_PRIORITY, POD_SECURITY_VERSION, SYSTEM_NAMESPACES},
};
use k8s_openapi::api::core::v1::Namespace;

/// What the Application of the namespaces may ever make.
pub const APPLICATION: MayMake = MayMake::in_namespace(
    "namespaces",
    &[AI],
    &[
        kinds::of_cluster::<Namespace>(NAMES[0]),
        kinds::of_cluster::<Namespace>(NAMES[1]),
        kinds::of_cluster::<Namespace>(NAMES[2]),
        kinds::of_cluster::<Namespace>(NAMES[3]),
        kinds::of_cluster::<Namespace>(NAMES[4]),
        kinds::of_cluster::<Namespace>(NAMES[5]),
        kinds::of_cluster::<PriorityClass>(DATABASE_PRIORITY.0),
    ],
);
/// What the Application of their policies may ever make.
pub const POLICIES_APPLICATION: MayMake =
    MayMake::in_namespace("network-policies", &NAMES, &[kinds::NETWORK_POLICY]);

/// The namespaces. Node agents need host paths, so they have one of their own, and all others can
/// be restricted.
pub struct Offers {
    /// Open WebUI, Ollama, PostgreSQL.
    pub ai: NamespaceRef,
    /// Metrics, logs, dashboards.
    pub monitoring: NamespaceRef,
    /// What reads the node itself.
    pub node_agents: NamespaceRef,
    /// cert-manager.
    pub cert_manager: NamespaceRef,
    /// Argo CD.
    pub argocd: NamespaceRef,
    /// The operator for workspaces, where there is one.
    pub operator: Option<NamespaceRef>,
    /// The database's priority.
    pub database: PriorityRef,
}

/// The namespace of models and chat.
pub const AI: &str = "ai";
/// The namespace of metrics, logs and dashboards.
pub const MONITORING: &str = "monitoring";
/// The namespace of what reads the nodes themselves.
pub const NODE_AGENTS: &str = "node-agents";
/// The namespace of the operator for workspaces, and of the resources that it reads.
pub const WORKSPACE_OPERATOR: &str = "aichat-workspace-operator-system";
/// The names of the platform's namespaces.
pub const NAMES: [&str; 6] =
    [AI, WORKSPACE_OPERATOR, "argocd", "cert-manager", MONITORING, NODE_AGENTS];

/// The cluster's namespaces and the platform's.
pub fn reserved<'s>() -> impl Iterator<Item = &'s str> + Clone {
    SYSTEM_NAMESPACES.into_iter().chain(NAMES)
}

impl Offers {
    /// The same namespaces, once their policies are there: whatever is built in one waits for
    /// them. A namespace gets its default deny when a component builds in it and declares its pods.
    #[must_use]
    pub fn guarded(&self, scope: &mut Scope<'_>) -> Self {
        let mut guarded = |namespace: &NamespaceRef| scope.guarded(namespace);
        Self {
            ai: guarded(&self.ai),
            monitoring: guarded(&self.monitoring),
            node_agents: guarded(&self.node_agents),
            cert_manager: guarded(&self.cert_manager),
            argocd: guarded(&self.argocd),
            operator: self.operator.as_ref().map(guarded),
            database: self.database,
        }
    }
}

/// Builds them. The priority is here because it is of the cluster: the database's own Application
/// touches nothing but its namespace. It is there with or without a database, like the namespaces.
pub fn build(scope: &mut Scope<'_>, has_operator: bool) -> Offers {
    let mut made = |name: &str| {
        let level = if name == NODE_AGENTS { "privileged" } else { "restricted" };
        scope.namespace_of(name, level, POD_SECURITY_VERSION)
    };
    let [ai, argocd, cert_manager, monitoring, node_agents] =
        [AI, "argocd", "cert-manager", MONITORING, NODE_AGENTS].map(&mut made);
    let operator = has_operator.then(|| made(WORKSPACE_OPERATOR));
    let database = database_priority(scope);
    Offers { ai, monitoring, node_agents, cert_manager, argocd, operator, database }
}

/// Of pods that use no more than they request, the kubelet evicts those of higher priority last: an
/// idle model goes before the database. `Never`: by default the scheduler would evict others to
/// make room, for a pod whose room the budget has counted. It only comes first in the queue.
fn database_priority(scope: &mut Scope<'_>) -> PriorityRef {
    let (name, value) = DATABASE_PRIORITY;
    let part = scope.part(name, "priority", None);
    let metadata = scope.meta_cluster(&part, name);
    scope.add(PriorityClass {
        description: Some(
            "The database goes after pods without a class when the node is short of memory; it \
             evicts none."
                .to_owned(),
        ),
        metadata,
        preemption_policy: Some("Never".to_owned()),
        value,
        ..PriorityClass::default()
    });
    scope.priority_class(name)
}
