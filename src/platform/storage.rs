//! Where the platform's volumes are.

use schemars::JsonSchema;
use serde::Deserialize;

use crate::{facts::kubernetes::STORAGE_CLASS, names::ObjectName};

/// Volumes of the platform and of its workspaces.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
pub struct Storage {
    /// The `StorageClass` of every volume; absent: `local-path`, which k3s brings (the disk of the node that runs the pod). A volume
    /// never changes its class: Kubernetes refuses the new one, and the data would have to be copied.
    pub class: ObjectName,
}

impl Default for Storage {
    fn default() -> Self {
        Self { class: STORAGE_CLASS.parse().unwrap_or_else(|_| unreachable!("`local-path` is a name")) }
    }
}
