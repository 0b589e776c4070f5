//! The node that the platform runs on, and what it can give to pods.

use schemars::JsonSchema;
use serde::Deserialize;

use crate::{
    facts::node,
    names::{LabelKey, LabelValue},
    units::{Bytes, Millicores},
};

/// The most nodes of a group: more than k3s was ever tested with.
pub const MOST_NODES: u32 = 1000;
/// The most GPUs that one node has.
pub const MOST_GPUS: u32 = 16;

/// The cluster's only node, a k3s server.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Node {
    /// CPU of the node as sold, in cores (`4`) or thousandths of a core (`500m`). What the system
    /// and k3s reserve is subtracted (the kubelet's `system-reserved` and `kube-reserved`); pods
    /// may request the rest.
    #[schemars(example = 4, example = &"3500m")]
    pub cpu: Millicores,
    /// Memory of the node as sold, with its unit. The kernel sees 15/16 of it, unless `memTotal` is
    /// written; what the system and k3s reserve is subtracted (the kubelet's `system-reserved`,
    /// `kube-reserved` and `eviction-hard`).
    #[schemars(example = &"8Gi", example = &"64Gi")]
    pub memory: Bytes,
    /// Memory that the kernel sees: `MemTotal` of `/proc/meminfo` on the node, in `Ki` (which it
    /// calls kB). Absent: 15/16 of `memory`.
    #[schemars(example = &"8124876Ki")]
    pub mem_total: Option<Bytes>,
    /// Most pods that the node runs: the kubelet's argument `max-pods`. Absent: 110, the kubelet's
    /// own default. More than 250 also need a larger pod network.
    #[schemars(example = 200)]
    pub max_pods: Option<u32>,
    /// Size of the disk of the node that holds `/var/lib/rancher`, with its unit: images, volumes,
    /// logs and what pods write are on it. Absent: nothing holds their sum, which
    /// `espalier show budget` has, against it.
    #[schemars(example = &"80Gi")]
    pub disk: Option<Bytes>,
    /// Number of NVIDIA GPUs in the node: the resource `nvidia.com/gpu`, which NVIDIA's device
    /// plugin announces. The plugin is not part of the platform.
    #[serde(default)]
    #[schemars(example = 1)]
    pub gpus: u32,
    /// How many times the usable memory of the node the memory limits of all pods may sum to. With
    /// `1.0` no pod can be OOM-killed because others exceed their requests.
    #[serde(default = "two")]
    #[schemars(example = 1.0, example = 1.5)]
    pub overcommit: f64,
    /// What it runs besides pods; the only node is a server.
    #[serde(skip)]
    pub role: Role,
}

/// What a node runs besides pods: the subcommand that k3s is started with.
#[derive(Clone, Copy, Debug, Default, Deserialize, JsonSchema, PartialEq, Eq)]
#[serde(rename_all = "camelCase")]
pub enum Role {
    /// `k3s server`: the control plane and its datastore. One node, or an odd number from 3, since
    /// etcd needs a majority.
    #[default]
    Server,
    /// `k3s agent`: pods only.
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
        arguments.push(format!("pod-max-pids={}", node::POD_MAX_PIDS));
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
    /// New pods are not scheduled there.
    NoSchedule,
    /// New pods are scheduled there only when no other node has room.
    PreferNoSchedule,
    /// New pods are not scheduled there, and running ones are evicted.
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

/// A toleration: pods that have it may be scheduled on nodes with the taint.
#[derive(Clone, Debug, Deserialize, JsonSchema, PartialEq, Eq)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Toleration {
    /// Key of the taint that is tolerated: `key` of the toleration.
    #[schemars(example = &"nvidia.com/gpu")]
    pub key: LabelKey,
    /// Value of the taint that is tolerated: `value` of the toleration, with the operator `Equal`.
    /// Absent: any value (the operator `Exists`).
    #[schemars(example = &"present")]
    pub value: Option<LabelValue>,
    /// Effect of the taint that is tolerated: `effect` of the toleration. Absent: every effect.
    #[schemars(example = &"NoSchedule")]
    pub effect: Option<Effect>,
}
