//! The platform's namespaces, with the pod security level that their pods keep. ArgoCD never prunes them.

use crate::{
    builder::{handle::NamespaceRef, scope::Scope},
    facts::kubernetes::POD_SECURITY_VERSION,
};

/// The namespaces. Node agents need host paths, so they have one of their own, and all others can be restricted.
pub struct Offers {
    /// Open `WebUI`, Ollama, PostgreSQL.
    pub ai: NamespaceRef,
    /// Metrics, logs, dashboards.
    pub monitoring: NamespaceRef,
    /// What reads the node itself.
    pub node_agents: NamespaceRef,
    /// cert-manager.
    pub cert_manager: NamespaceRef,
    /// ArgoCD.
    pub argocd: NamespaceRef,
}

/// The namespace of models and chat.
pub const AI: &str = "ai";
/// The names of the platform's namespaces, which no workspace may take.
pub const NAMES: [&str; 5] = [AI, "argocd", "cert-manager", "monitoring", "node-agents"];

/// Builds them.
pub fn build(scope: &mut Scope<'_>) -> Offers {
    let [ai, argocd, cert_manager, monitoring, node_agents] = NAMES.map(|name| {
        let level = if name == "node-agents" { "privileged" } else { "restricted" };
        scope.namespace_of(name, level, POD_SECURITY_VERSION)
    });
    Offers { ai, monitoring, node_agents, cert_manager, argocd }
}
