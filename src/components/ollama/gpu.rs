//! GPUs of Ollama's replicas.

use std::collections::BTreeMap;

use schemars::JsonSchema;
use serde::Deserialize;

use crate::{
    names::{LabelKey, LabelValue, ObjectName},
    platform::node::Toleration,
    units::Bytes,
};

/// GPUs of each replica. NVIDIA's driver, container toolkit and device plugin must be installed in
/// the cluster already.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Gpu {
    /// Number of GPUs of each replica: `resources.limits` of its container, resource
    /// `nvidia.com/gpu`. A model that is too large for one GPU is spread over them.
    #[serde(default = "one")]
    #[schemars(example = 2)]
    pub count: u32,
    /// Memory of one GPU as sold, with its unit. The models of a replica must fit into the memory
    /// of its GPUs.
    #[schemars(example = &"24Gi")]
    pub memory: Bytes,
    /// Labels that the nodes with these GPUs have: `nodeSelector` of the pods. Absent: any node on
    /// which the device plugin announces GPUs.
    #[serde(default)]
    #[schemars(extend("examples" = [{"gpu": "l4"}]))]
    pub node_selector: BTreeMap<LabelKey, LabelValue>,
    /// Taints of the nodes with these GPUs that the pods tolerate: `tolerations` of the pods.
    /// Absent: no taint is tolerated.
    #[serde(default)]
    #[schemars(extend("examples" = [[{"key": "nvidia.com/gpu", "effect": "NoSchedule"}]]))]
    pub tolerations: Vec<Toleration>,
    /// `RuntimeClass` of the pods, where the GPU runtime is not the node's default:
    /// `runtimeClassName` of the pods. k3s calls it `nvidia`. Absent: the node's default runtime.
    #[schemars(example = &"nvidia")]
    pub runtime_class: Option<ObjectName>,
}

fn one() -> u32 {
    1
}

impl Gpu {
    pub(super) fn labels(&self) -> BTreeMap<String, String> {
        self.node_selector.iter().map(|(key, value)| (key.to_string(), value.to_string())).collect()
    }

    pub(super) fn tolerated(&self) -> Vec<k8s_openapi::api::core::v1::Toleration> {
        let one = |toleration: &Toleration| k8s_openapi::api::core::v1::Toleration {
            effect: toleration.effect.map(|it| it.name().to_owned()),
            key: Some(toleration.key.to_string()),
            operator: Some(if toleration.value.is_some() { "Equal" } else { "Exists" }.to_owned()),
            // The API server does not keep an empty one.
            value: toleration.value.as_ref().filter(|it| !it.is_empty()).map(ToString::to_string),
            ..k8s_openapi::api::core::v1::Toleration::default()
        };
        self.tolerations.iter().map(one).collect()
    }
}
