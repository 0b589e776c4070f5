//! Several nodes: groups of equal machines, and what all of them can give to pods.

use std::{collections::BTreeMap, sync::Arc};

use schemars::JsonSchema;
use serde::Deserialize;

use super::node::{Effect, Node, Role, two};
use crate::{
    names::{DnsLabel, LabelKey, LabelValue},
    units::{Bytes, Millicores},
};

// The fields of `Node` stand here once more. serde's `flatten` would share them, but it no longer
// refuses a field that it does not know, and reads through a buffer in which the places of findings
// are lost; and what an editor shows of each speaks of each node, not of the node. A test of the
// JSON Schema holds the two against each other.
/// A group of equal nodes.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct NodeGroup {
    /// Name of the group, by which findings and `espalier show budget` call it. No object of the
    /// cluster has it.
    #[schemars(example = &"workers")]
    pub name: DnsLabel,
    /// Number of nodes in the group.
    #[serde(default = "one")]
    #[schemars(example = 3)]
    pub count: u32,
    /// What the nodes run besides pods: the subcommand that k3s is started with.
    #[schemars(example = &"agent")]
    pub role: Role,
    /// CPU of each node as sold, in cores (`4`) or thousandths of a core (`500m`). What the system
    /// and k3s reserve is subtracted (the kubelet's `system-reserved` and `kube-reserved`); pods
    /// may request the rest.
    #[schemars(example = 4, example = &"3500m")]
    pub cpu: Millicores,
    /// Memory of each node as sold, with its unit. The kernel sees 15/16 of it, unless `memTotal`
    /// is written; what the system and k3s reserve is subtracted (the kubelet's `system-reserved`,
    /// `kube-reserved` and `eviction-hard`).
    #[schemars(example = &"8Gi", example = &"64Gi")]
    pub memory: Bytes,
    /// Memory that the kernel sees: `MemTotal` of `/proc/meminfo` on such a node, in `Ki` (which it
    /// calls kB). Absent: 15/16 of `memory`.
    #[schemars(example = &"8124876Ki")]
    pub mem_total: Option<Bytes>,
    /// Most pods that each node runs: the kubelet's argument `max-pods`. Absent: 110, the kubelet's
    /// own default. More than 250 also need a larger pod network.
    #[schemars(example = 200)]
    pub max_pods: Option<u32>,
    /// Size of the disk of each node that holds `/var/lib/rancher`, with its unit: images, volumes,
    /// logs and what pods write are on it. Absent: nothing holds their sum, which
    /// `espalier show budget` has, against it.
    #[schemars(example = &"80Gi")]
    pub disk: Option<Bytes>,
    /// Number of NVIDIA GPUs in each node: the resource `nvidia.com/gpu`, which NVIDIA's device
    /// plugin announces. The plugin is not part of the platform.
    #[serde(default)]
    #[schemars(example = 1)]
    pub gpus: u32,
    /// How many times the usable memory of the group the memory limits of its pods may sum to. Of
    /// several groups the sum of all counts, each with its own factor.
    #[serde(default = "two")]
    #[schemars(example = 1.0, example = 1.5)]
    pub overcommit: f64,
    /// Labels of the nodes, which a `nodeSelector` may ask for: `node-label` in k3s' configuration.
    /// Absent: no labels of yours.
    #[serde(default)]
    #[schemars(extend("examples" = [{"gpu": "l4"}]))]
    pub labels: BTreeMap<LabelKey, LabelValue>,
    /// Taints of the nodes: `node-taint` in k3s' configuration. Only pods that tolerate them are
    /// scheduled there. Absent: no taints.
    #[serde(default)]
    #[schemars(extend("examples" = [[{"key": "nvidia.com/gpu", "effect": "NoSchedule"}]]))]
    pub taints: Vec<Taint>,
}

/// A node taint; only pods that tolerate it are scheduled there.
#[derive(Clone, Debug, Deserialize, JsonSchema, PartialEq, Eq)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Taint {
    /// Key of the taint: the part before `=` in `node-taint`.
    #[schemars(example = &"nvidia.com/gpu")]
    pub key: LabelKey,
    /// Value of the taint: the part between `=` and `:` in `node-taint`. Absent: the taint has no
    /// value.
    #[schemars(example = &"present")]
    pub value: Option<LabelValue>,
    /// What the taint does to pods that do not tolerate it: the part behind `:` in `node-taint`.
    #[schemars(example = &"NoSchedule")]
    pub effect: Effect,
}

fn one() -> u32 {
    1
}

impl NodeGroup {
    /// One of them.
    pub fn node(&self) -> Node {
        Node {
            cpu: self.cpu,
            memory: self.memory,
            mem_total: self.mem_total,
            max_pods: self.max_pods,
            disk: self.disk,
            gpus: self.gpus,
            overcommit: self.overcommit,
            role: self.role,
        }
    }
}

/// Equal nodes, resolved.
#[derive(Clone, Debug)]
pub struct Group {
    /// The name in the spec; none for the only node of a platform.
    pub name: Option<Arc<str>>,
    /// How many.
    pub count: u32,
    /// One of them.
    pub node: Node,
    /// Its labels; those of the only node are not known.
    pub labels: BTreeMap<LabelKey, LabelValue>,
    /// Its taints.
    pub taints: Vec<Taint>,
}

/// All nodes of a cluster.
#[derive(Clone, Debug)]
pub struct Nodes(Vec<Group>);

impl Nodes {
    /// The only node.
    pub fn one(node: Node) -> Self {
        Self(vec![Group {
            name: None,
            count: 1,
            node,
            labels: BTreeMap::new(),
            taints: Vec::new(),
        }])
    }

    /// The node, or the groups, that a spec has: a rule has seen that it is one of the two.
    pub fn of(node: Option<&Node>, groups: &[NodeGroup]) -> Self {
        let group = |node_group: &NodeGroup| Group {
            name: Some(node_group.name.shared()),
            count: node_group.count,
            node: node_group.node(),
            labels: node_group.labels.clone(),
            taints: node_group.taints.clone(),
        };
        node.map_or_else(|| Self(groups.iter().map(group).collect()), |it| Self::one(it.clone()))
    }

    /// Group by group, as written.
    pub fn groups(&self) -> &[Group] {
        &self.0
    }

    /// Whether it is the one of `spec.node`.
    pub fn is_single(&self) -> bool {
        matches!(&*self.0, [Group { name: None, .. }])
    }

    /// How many there are.
    pub fn count(&self) -> u32 {
        self.0.iter().fold(0, |sum, group| sum.saturating_add(group.count))
    }

    /// How many of them have a control plane.
    pub fn servers(&self) -> u32 {
        let servers = self.0.iter().filter(|it| it.node.role == Role::Server);
        servers.fold(0, |sum, group| sum.saturating_add(group.count))
    }

    /// Whether a pod may have neighbours on another node.
    pub fn are_several(&self) -> bool {
        self.count() > 1
    }

    fn bytes(&self, of: impl Fn(&Node) -> Bytes) -> Bytes {
        self.0.iter().map(|it| of(&it.node) * u64::from(it.count)).sum()
    }

    /// What the kernels have.
    pub fn mem_total(&self) -> Bytes {
        self.bytes(Node::mem_total)
    }

    /// What the scheduler may promise to pods.
    pub fn allocatable(&self) -> Bytes {
        self.bytes(Node::allocatable)
    }

    /// What pods may use before the kubelets evict.
    pub fn usable(&self) -> Bytes {
        self.bytes(Node::usable)
    }

    /// What each keeps of its memory at least.
    pub fn kept(&self) -> Bytes {
        self.0.iter().map(|it| it.node.kept()).min().unwrap_or_default()
    }

    /// What each keeps of its CPU at least.
    pub fn kept_cpu(&self) -> Millicores {
        self.0.iter().map(|it| it.node.kept_cpu()).min().unwrap_or_default()
    }

    /// CPU that the scheduler may promise to pods.
    pub fn allocatable_cpu(&self) -> Millicores {
        self.0.iter().map(|it| it.node.allocatable_cpu() * u64::from(it.count)).sum()
    }

    /// Their disks; none where one does not say how large its is.
    pub fn disk(&self) -> Option<Bytes> {
        self.0.iter().map(|it| Some(it.node.disk? * u64::from(it.count))).sum()
    }

    /// GPUs.
    pub fn gpus(&self) -> u64 {
        self.0
            .iter()
            .map(|it| u64::from(it.node.gpus) * u64::from(it.count))
            .fold(0, u64::saturating_add)
    }

    /// Pods that they run at most.
    pub fn max_pods(&self) -> u32 {
        self.0
            .iter()
            .map(|it| it.node.max_pods().saturating_mul(it.count))
            .fold(0, u32::saturating_add)
    }

    /// Σ limits may be so much of `usable`, in percent: each group's own share of it.
    pub fn overcommit_percent(&self) -> u64 {
        if let [only] = &*self.0 {
            return only.node.overcommit_percent();
        }
        let mib = |group: &Group| (group.node.usable() * u64::from(group.count)).get() >> 20;
        let allowed = self.0.iter().fold(0_u64, |sum, group| {
            sum.saturating_add(mib(group).saturating_mul(group.node.overcommit_percent()))
        });
        allowed / (self.usable().get() >> 20).max(1)
    }
}
