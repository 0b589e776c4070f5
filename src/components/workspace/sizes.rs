//! What a workspace may use: its resources, volumes, pods, and its own upper bounds.

use schemars::JsonSchema;
use serde::Deserialize;

use crate::{
    platform::resources::Resources,
    units::{Bytes, Millicores},
};

/// Requests and limits of a workspace's containers.
#[derive(Clone, Debug, Default, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
pub struct WorkloadResources {
    /// Requests and limits of Ollama. Absent: memory is computed from the models.
    pub ollama: Resources,
    /// Requests and limits of Open WebUI. Absent: the tested figures.
    pub open_webui: Resources,
}

/// Numbers of a workspace's pods.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
pub struct Replicas {
    /// Pods of Ollama, each with a volume and its own copy of the models in memory: `spec.replicas`
    /// of the StatefulSet.
    #[schemars(example = 2)]
    pub ollama: u32,
}

impl Default for Replicas {
    fn default() -> Self {
        Self { ollama: 1 }
    }
}

/// Sizes of a workspace's volumes.
#[derive(Clone, Debug, Default, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
pub struct Sizes {
    /// Size of the volume of models of each replica, with its unit. Absent: 20Gi. It cannot change
    /// once the StatefulSet exists, since Kubernetes refuses it.
    #[schemars(example = &"50Gi")]
    pub ollama: Option<Bytes>,
    /// Size of the volume of uploaded files and, without a shared database, of chats, with its
    /// unit. Absent: 2Gi.
    #[schemars(example = &"10Gi")]
    pub open_webui: Option<Bytes>,
}

/// Upper bounds of a workspace's own; what is absent is computed from what the workspace makes.
#[derive(Clone, Debug, Default, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
pub struct Quota {
    /// Most CPU that all pods may request together, in cores or thousandths of a core:
    /// `requests.cpu`. Absent: what the workspace's own pods request.
    #[schemars(example = &"4")]
    pub cpu: Option<Millicores>,
    /// Most memory that all pods may request, and be limited to, together, with its unit:
    /// `requests.memory` and `limits.memory`. Absent: what the workspace's own pods request, and
    /// are limited to.
    #[schemars(example = &"8Gi")]
    pub memory: Option<Bytes>,
    /// Most pods at once: `pods`. Absent: as many as the workspace's own.
    #[schemars(example = 4)]
    pub pods: Option<u32>,
    /// Most that all volumes may ask for together, with its unit: `requests.storage`. Absent: the
    /// sizes of the workspace's own volumes.
    #[schemars(example = &"40Gi")]
    pub storage: Option<Bytes>,
}
