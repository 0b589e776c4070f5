//! Resources as the spec may set them, and what a container gets.

use k8s_openapi::api::core::v1::ResourceRequirements;
use schemars::JsonSchema;
use serde::Deserialize;

use crate::{
    facts::requests::Allotment,
    units::{Bytes, Millicores},
};

/// Requests and limits of a container: its `resources`. What is absent has the tested or computed
/// figure, which `espalier show budget` lists.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Resources {
    /// Memory request and memory limit of the container.
    #[serde(default)]
    pub memory: Memory,
    /// CPU request of the container; CPU has no limit.
    #[serde(default)]
    pub cpu: Cpu,
}

/// Memory of a container.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Memory {
    /// Memory request, with its unit: `resources.requests.memory` of the container, which the
    /// scheduler reserves on the node. Absent: the tested or computed figure, or the limit where
    /// that is less.
    #[schemars(example = &"256Mi")]
    pub request: Option<Bytes>,
    /// Memory limit, with its unit: `resources.limits.memory` of the container, which is OOM-killed
    /// above it. Absent: the tested or computed figure, or the request where that is more.
    #[schemars(example = &"512Mi")]
    pub limit: Option<Bytes>,
}

/// CPU of a container. It has a request and no limit: a throttled database or model server helps
/// nobody.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Cpu {
    /// CPU request, in cores (`0.5`) or thousandths of a core (`500m`): `resources.requests.cpu` of
    /// the container, which the scheduler reserves on the node. Absent: the tested figure.
    #[schemars(example = &"500m")]
    pub request: Option<Millicores>,
}

impl Resources {
    /// Whether any figure is written.
    pub fn is_written(&self) -> bool {
        let Self { memory, cpu } = self;
        memory.request.is_some() || memory.limit.is_some() || cpu.request.is_some()
    }

    /// The spec's figures over the derived ones. A limit alone below the derived request lowers
    /// that request with it.
    pub fn over(&self, derived: Allotment) -> Allotment {
        let limit = self
            .memory
            .limit
            .unwrap_or_else(|| derived.limit.max(self.memory.request.unwrap_or_default()));
        let request = self.memory.request.unwrap_or_else(|| derived.request.min(limit));
        Allotment { request, limit, cpu: self.cpu.request.unwrap_or(derived.cpu), ..derived }
    }
}

/// The Kubernetes form: requests for memory and CPU, a limit for memory.
pub fn requirements(allotment: Allotment) -> ResourceRequirements {
    ResourceRequirements {
        requests: Some(
            [
                ("cpu".to_owned(), allotment.cpu.quantity()),
                ("memory".to_owned(), allotment.request.quantity()),
            ]
            .into(),
        ),
        limits: Some([("memory".to_owned(), allotment.limit.quantity())].into()),
        ..ResourceRequirements::default()
    }
}
