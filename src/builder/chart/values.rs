//! Values that several charts take in the same form.

use serde::Serialize;

use crate::{
    facts::{kubernetes::NDOTS, node::CONTAINER_LOGS, requests::Allotment},
    units::{Bytes, Millicores},
};

/// Something that is on or off.
#[derive(Clone, Copy, Debug, Serialize)]
pub struct Switch {
    enabled: bool,
}

impl Switch {
    /// On.
    pub const ON: Self = Self { enabled: true };
    /// Off.
    pub const OFF: Self = Self { enabled: false };
}

/// Requests for memory, CPU and disk, and limits for memory and disk: `resources` of a container.
#[derive(Clone, Debug, Serialize)]
pub struct ChartResources {
    requests: Requests,
    limits: Limits,
}

#[derive(Clone, Copy, Debug, Serialize)]
#[serde(rename_all = "kebab-case")]
struct Requests {
    cpu: Millicores,
    ephemeral_storage: Bytes,
    memory: Bytes,
}

#[derive(Clone, Copy, Debug, Serialize)]
#[serde(rename_all = "kebab-case")]
struct Limits {
    ephemeral_storage: Bytes,
    memory: Bytes,
}

impl From<Allotment> for ChartResources {
    fn from(Allotment { request, limit, cpu, folders }: Allotment) -> Self {
        let requests = Requests { cpu, ephemeral_storage: CONTAINER_LOGS, memory: request };
        let limits = Limits { ephemeral_storage: CONTAINER_LOGS + folders, memory: limit };
        Self { requests, limits }
    }
}

/// A container of which nothing but its resources is set.
#[derive(Clone, Debug, Serialize)]
pub struct Sized {
    resources: ChartResources,
}

impl From<Allotment> for Sized {
    fn from(allotment: Allotment) -> Self {
        Self { resources: allotment.into() }
    }
}

/// How a chart's pods look names up: `dnsConfig` of a pod.
#[derive(Clone, Copy, Debug, Serialize)]
pub struct Lookup {
    options: [LookupOption; 1],
}

#[derive(Clone, Copy, Debug, Serialize)]
struct LookupOption {
    name: &'static str,
    value: &'static str,
}

impl Lookup {
    /// As they are written first ([`NDOTS`]).
    pub const AS_WRITTEN: Self = Self { options: [LookupOption { name: NDOTS.0, value: NDOTS.1 }] };
}

/// How a chart's Deployments are replaced.
#[derive(Clone, Copy, Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Strategy {
    r#type: &'static str,
    rolling_update: RollingUpdate,
}

#[derive(Clone, Copy, Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct RollingUpdate {
    max_surge: u32,
    max_unavailable: u32,
}

impl Strategy {
    /// The old pod goes first: a full node has no room for a second one, and such a rollout would
    /// never end.
    pub const OLD_POD_FIRST: Self = Self {
        r#type: "RollingUpdate",
        rolling_update: RollingUpdate { max_surge: 0, max_unavailable: 1 },
    };

    /// Pods that a rolling update adds while it runs.
    pub fn surge(self) -> u32 {
        self.rolling_update.max_surge
    }
}
