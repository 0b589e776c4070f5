//! What all agents of nodes have in common: they run on each node, whatever taints it has.

use k8s_openapi::api::core::v1::Toleration;

/// Tolerates every taint that keeps pods from being placed: a node for GPUs, and one of the control
/// plane, is a node whose logs and figures somebody wants.
pub fn on_every_node() -> Toleration {
    Toleration {
        effect: Some("NoSchedule".to_owned()),
        operator: Some("Exists".to_owned()),
        ..Toleration::default()
    }
}
