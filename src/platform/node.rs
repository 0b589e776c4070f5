//! The node that the platform runs on, and what it can give to pods.

use schemars::JsonSchema;
use serde::Deserialize;

use crate::{
    facts::node,
    names::{LabelKey, LabelValue},
    units::{Bytes, Millicores},
};

/// One machine: the node of a platform that has one (a k3s server).
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Node {
    /// Cores, as sold (`4`, `500m`).
    pub cpu: Millicores,
    /// Memory, as sold: `8Gi`. The kernel sees 15/16 of it, unless `memTotal` says otherwise.
    pub memory: Bytes,
    /// `MemTotal` of /proc/meminfo on the very machine, where it is known.
    pub mem_total: Option<Bytes>,
    /// Pods that the node runs at most (the kubelet's `max-pods`); absent: 110. More than 250 need
    /// a larger pod network too.
    pub max_pods: Option<u32>,
    /// GPUs that pods may ask for (`nvidia.com/gpu`, which NVIDIA's device plugin announces; the
    /// plugin is not part of the platform).
    #[serde(default)]
    pub gpus: u32,
    /// Σ limits may be this many times what pods may use in all; `1.0`: no pod can die of another
    /// pod's appetite.
    #[serde(default = "two")]
    pub overcommit: f64,
    /// What it runs besides pods; the only node is a server.
    #[serde(skip)]
    pub role: Role,
}

/// What a node runs besides pods.
#[derive(Clone, Copy, Debug, Default, Deserialize, JsonSchema, PartialEq, Eq)]
#[serde(rename_all = "camelCase")]
pub enum Role {
    /// The control plane and its datastore. One, or an odd number from 3: etcd needs a majority.
    #[default]
    Server,
    /// Nothing.
    Agent,
}

impl Role {
    /// k3s' word for it.
    pub fn name(self) -> &'static str {
        match self {
            Self::Server => "server",
            Self::Agent => "agent",
        }
    }

    fn reserved(self) -> (Bytes, Millicores) {
        match self {
            Self::Server => node::KUBE_RESERVED,
            Self::Agent => node::AGENT_RESERVED,
        }
    }
}

pub(super) fn two() -> f64 {
    2.0
}

impl Node {
    /// `overcommit` in percent, a whole number, for the sums are whole too.
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "a rule holds it from 1.0 to 100.0; a cast saturates"
    )]
    pub fn overcommit_percent(&self) -> u64 {
        (self.overcommit * 100.0).round() as u64
    }

    /// Pods that the node runs at most.
    pub fn max_pods(&self) -> u32 {
        self.max_pods.unwrap_or(node::MAX_PODS)
    }

    /// What makes the node's figures true, one `kubelet-arg` a line of k3s' configuration.
    pub fn kubelet_arguments(&self) -> Vec<String> {
        let reserved = |(memory, cpu): (Bytes, Millicores)| format!("cpu={cpu},memory={memory}");
        let disk = node::EVICTION_DISK_PERCENT;
        let mut arguments = vec![
            format!("system-reserved={}", reserved(node::SYSTEM_RESERVED)),
            format!("kube-reserved={}", reserved(self.role.reserved())),
            format!(
                "eviction-hard=memory.available<{},nodefs.available<{disk}%,imagefs.available<{disk}%",
                node::EVICTION_THRESHOLD
            ),
            format!("eviction-pressure-transition-period={}s", node::EVICTION_TRANSITION_SECONDS),
        ];
        arguments.extend(self.max_pods.map(|it| format!("max-pods={it}")));
        arguments
    }

    /// What the kernel has.
    pub fn mem_total(&self) -> Bytes {
        let (part, whole) = node::MEM_TOTAL;
        self.mem_total.unwrap_or_else(|| Bytes::new(self.memory.get() / whole * part))
    }

    /// What the system, k3s and the eviction threshold keep of the memory.
    pub fn kept(&self) -> Bytes {
        node::SYSTEM_RESERVED.0 + self.role.reserved().0 + node::EVICTION_THRESHOLD
    }

    /// What the system and k3s keep of the CPU.
    pub fn kept_cpu(&self) -> Millicores {
        Millicores::new(node::SYSTEM_RESERVED.1.get() + self.role.reserved().1.get())
    }

    /// What the scheduler may promise to pods.
    pub fn allocatable(&self) -> Bytes {
        self.mem_total().saturating_sub(self.kept())
    }

    /// What pods may use in all before the kubelet evicts: allocatable and the eviction threshold.
    pub fn usable(&self) -> Bytes {
        self.allocatable() + node::EVICTION_THRESHOLD
    }

    /// CPU that the scheduler may promise to pods.
    pub fn allocatable_cpu(&self) -> Millicores {
        Millicores::new(self.cpu.get().saturating_sub(self.kept_cpu().get()))
    }
}

/// What a taint does to pods that do not tolerate it.
#[derive(Clone, Copy, Debug, Deserialize, JsonSchema, PartialEq, Eq, PartialOrd, Ord)]
pub enum Effect {
    /// New ones are not placed there.
    NoSchedule,
    /// New ones are placed there last.
    PreferNoSchedule,
    /// New ones are not placed there, and those that are there must go.
    NoExecute,
}

impl Effect {
    /// Kubernetes' word for it.
    pub fn name(self) -> &'static str {
        match self {
            Self::NoSchedule => "NoSchedule",
            Self::PreferNoSchedule => "PreferNoSchedule",
            Self::NoExecute => "NoExecute",
        }
    }
}

/// A taint that pods put up with.
#[derive(Clone, Debug, Deserialize, JsonSchema, PartialEq, Eq)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Toleration {
    /// The taint's key.
    pub key: LabelKey,
    /// Its value; absent: any.
    pub value: Option<LabelValue>,
    /// Its effect; absent: any.
    pub effect: Option<Effect>,
}
