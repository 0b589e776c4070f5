//! What the cluster gives to every component.

use std::sync::Arc;

/// What every component stands on: what the cluster gives, whoever asks.
#[derive(Clone, Debug)]
pub struct ClusterFacts {
    /// The class of volumes that one node mounts.
    pub storage_class: Arc<str>,
    /// The class of volumes that several nodes mount, where there is one.
    pub shared_storage_class: Option<Arc<str>>,
    /// Whether pods may have neighbours on another node.
    pub several_nodes: bool,
}
