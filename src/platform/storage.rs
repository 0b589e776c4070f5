//! Where the platform's volumes are.

use schemars::JsonSchema;
use serde::Deserialize;

use crate::{facts::kubernetes::STORAGE_CLASS, names::ObjectName};

/// Volumes of the platform and of its workspaces.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
pub struct Storage {
    /// The `StorageClass` of every volume; absent: `local-path`, which k3s brings (the disk of the
    /// node that runs the pod). A volume never changes its class: Kubernetes refuses the new one,
    /// and the data would have to be copied.
    pub class: ObjectName,
    /// A class of volumes that several nodes mount at once (`ReadWriteMany`, NFS for example): Open
    /// WebUI's uploaded files are then there, on a volume of their own name, and files that were
    /// uploaded before have to be copied. Several nodes with several Open WebUI need it.
    pub shared: Option<ObjectName>,
}

impl Default for Storage {
    fn default() -> Self {
        Self {
            class: STORAGE_CLASS.parse().unwrap_or_else(|_| unreachable!("`local-path` is a name")),
            shared: None,
        }
    }
}
