//! Where the platform's volumes are.

use schemars::JsonSchema;
use serde::Deserialize;

use crate::{facts::kubernetes::STORAGE_CLASS, names::ObjectName};

/// Storage classes of the volumes of the platform and its workspaces.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
pub struct Storage {
    /// `StorageClass` of every volume: `spec.storageClassName` of its claim. The default
    /// `local-path` comes with k3s and uses the disk of the node that runs the pod. A volume never
    /// changes its class: Kubernetes refuses it, and the data would have to be copied.
    #[schemars(example = &"local-path", example = &"longhorn")]
    pub class: ObjectName,
    /// `StorageClass` of volumes that several nodes mount at once (`ReadWriteMany`, for example
    /// NFS): `spec.storageClassName` of a second claim, for Open WebUI's uploaded files. Needed for
    /// several replicas of Open WebUI on several nodes; files that were uploaded before have to be
    /// copied. Absent: the files are on a volume of `class`, which one node mounts.
    #[schemars(example = &"nfs")]
    pub shared: Option<ObjectName>,
}

impl Default for Storage {
    fn default() -> Self {
        Self { class: STORAGE_CLASS.parse().expect("`local-path` is a name"), shared: None }
    }
}
