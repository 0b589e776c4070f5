//! The budget: its sums and rows, for rules, tables and tools.

use std::collections::{BTreeMap, BTreeSet};

use k8s_openapi::api::core::v1::Toleration;
use serde::{Serialize, Serializer, ser::SerializeStruct as _};

use super::{
    demand::{BudgetRow, Demand, Origin, Total, Wants},
    disk::DiskUse,
    placement::Unplaced,
};
use crate::{
    facts::{
        kubernetes::{CRITICAL_PRIORITY, SYSTEM_NAMESPACE},
        node::{self, CHART_FOLDERS},
        requests::Allotment,
    },
    names::{LabelKey, LabelValue},
    platform::node_group::{Group, Nodes, Taint},
    units::{Bytes, Millicores},
};

/// The budget of a platform and its tenants.
pub struct Report {
    /// What the kernel has.
    pub mem_total: Bytes,
    /// What the scheduler may promise.
    pub allocatable: Bytes,
    /// CPU that the scheduler may promise.
    pub allocatable_cpu: Millicores,
    /// What pods may use before the kubelet evicts.
    pub usable: Bytes,
    /// How much of `usable` the limits may sum to, in percent.
    pub overcommit_percent: u64,
    /// Each kind of pod; tenants as one row each.
    pub rows: Vec<BudgetRow>,
    /// Σ memory requests.
    pub requests: Bytes,
    /// Σ memory limits.
    pub limits: Bytes,
    /// Σ CPU requests.
    pub cpu: Millicores,
    /// GPUs that pods may request.
    pub allocatable_gpus: u64,
    /// GPUs that they request.
    pub gpus: u64,
    /// Pods.
    pub pods: u32,
    /// The largest pod that a rolling update adds.
    pub surge: Demand,
    /// What the nodes' disks hold.
    pub disk: DiskUse,
    /// The same without the workspaces.
    pub own_disk: DiskUse,
    /// The nodes.
    pub nodes: Nodes,
    /// Pods that find no place on any of several nodes though the sums may fit, the largest first.
    pub unplaced: Vec<Unplaced>,
}

/// The pods that are there besides the platform's: those that the cluster brings, and the ingress
/// controller, whosever it is.
pub fn cluster_rows(ingress: BudgetRow) -> Vec<BudgetRow> {
    node::CLUSTER_PODS
        .iter()
        .map(|&(name, request, limit, cpu)| {
            cluster_row(name, Allotment { request, limit, cpu, folders: CHART_FOLDERS }.into())
        })
        .chain([ingress])
        .collect()
}

/// A pod that k3s brings, in `kube-system`: never evicted.
pub fn cluster_row(name: &str, pod: Demand) -> BudgetRow {
    BudgetRow {
        application: SYSTEM_NAMESPACE.into(),
        kind: "Pod",
        namespace: SYSTEM_NAMESPACE.into(),
        name: name.into(),
        replicas: 1,
        surge: 0,
        pod,
        source: Origin::Cluster,
        priority: CRITICAL_PRIORITY,
        wants: Wants::default(),
        claims: Vec::new(),
        volumes: Bytes::default(),
    }
}

/// What there is too little of, as a word for people and tools.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub enum Missing {
    /// Memory to request.
    Memory,
    /// CPU to request.
    Cpu,
    /// GPUs.
    Gpus,
    /// Disk.
    Disk,
    /// Pods that the nodes run.
    Pods,
    /// Memory that limits may sum to.
    Limits,
    /// A node that has room for a pod, though the sums fit.
    Place,
}

impl Missing {
    /// As a sentence goes on: "the next one finds …".
    pub fn words(self) -> &'static str {
        match self {
            Self::Memory => "too little memory",
            Self::Cpu => "too little CPU",
            Self::Gpus => "too few GPUs",
            Self::Disk => "too little disk",
            Self::Pods => "too few pods to a node",
            Self::Limits => "limits that sum to more than `overcommit` permits",
            Self::Place => "no node with enough room for one of its pods",
        }
    }
}

impl Report {
    /// Holds a sum against the nodes; `rows` may leave out what only the sum holds.
    pub fn of_sum(nodes: Nodes, rows: Vec<BudgetRow>, sum: Total, unplaced: Vec<Unplaced>) -> Self {
        let disk = DiskUse::of(&nodes, &sum);
        Self {
            mem_total: nodes.mem_total(),
            allocatable: nodes.allocatable(),
            allocatable_cpu: nodes.allocatable_cpu(),
            usable: nodes.usable(),
            overcommit_percent: nodes.overcommit_percent(),
            rows,
            requests: sum.demand.request,
            limits: sum.demand.limit,
            cpu: sum.demand.cpu,
            allocatable_gpus: nodes.gpus(),
            gpus: sum.demand.gpus,
            pods: sum.pods,
            surge: sum.surge,
            disk,
            own_disk: disk,
            nodes,
            unplaced,
        }
    }

    /// Whether the scheduler would place every pod.
    pub fn fits(&self) -> bool {
        self.requests <= self.allocatable
            && self.cpu <= self.allocatable_cpu
            && self.gpus <= self.allocatable_gpus
            && self.unplaced.is_empty()
            && self.disk.fits()
    }

    /// Pods, those included that request nothing and are in no row.
    pub fn all_pods(&self) -> u32 {
        let others = node::PODS_WITHOUT_REQUESTS + self.nodes.count().saturating_sub(1);
        self.pods.saturating_add(others)
    }

    /// Whether the limits sum to more than the spec permits.
    pub fn is_overcommitted(&self) -> bool {
        self.limits_percent() > self.overcommit_percent
    }

    /// What an error says that there is too little of, the first of several.
    pub fn missing(&self) -> Option<Missing> {
        let short = [
            (self.requests > self.allocatable, Missing::Memory),
            (self.cpu > self.allocatable_cpu, Missing::Cpu),
            (self.gpus > self.allocatable_gpus, Missing::Gpus),
            (!self.disk.fits(), Missing::Disk),
            (self.all_pods() > self.nodes.max_pods(), Missing::Pods),
            (self.is_overcommitted(), Missing::Limits),
            (!self.unplaced.is_empty(), Missing::Place),
        ];
        short.into_iter().find(|it| it.0).map(|it| it.1)
    }

    /// What is left of the node for requests.
    pub fn spare(&self) -> Bytes {
        self.allocatable.saturating_sub(self.requests)
    }

    /// Σ limits over what pods may use, in percent.
    pub fn limits_percent(&self) -> u64 {
        (self.limits.get() >> 10).saturating_mul(100).div_ceil((self.usable.get() >> 10).max(1))
    }
}

fn is_none(number: &u64) -> bool {
    *number == 0
}

/// The form that tools read: bytes and millicores as numbers, per pod.
impl Serialize for Report {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        #[derive(Serialize)]
        #[serde(rename_all = "camelCase")]
        struct NodeFigures {
            mem_total: u64,
            allocatable: u64,
            cpu_allocatable_millicores: u64,
            eviction_threshold: u64,
            #[serde(skip_serializing_if = "is_none")]
            gpus: u64,
        }
        #[derive(Serialize)]
        struct Disk {
            system: u64,
            images: u64,
            volumes: u64,
            logs: u64,
            folders: u64,
            needed: u64,
            #[serde(skip_serializing_if = "Option::is_none")]
            usable: Option<u64>,
        }
        #[derive(Serialize)]
        struct Surge {
            request: u64,
        }
        let node = NodeFigures {
            mem_total: self.mem_total.get(),
            allocatable: self.allocatable.get(),
            cpu_allocatable_millicores: self.allocatable_cpu.get(),
            eviction_threshold: node::EVICTION_THRESHOLD.get(),
            gpus: self.allocatable_gpus,
        };
        let pods: Vec<PodFigures<'_>> = self.rows.iter().map(PodFigures::of).collect();
        let groups: Vec<GroupFigures<'_>> =
            self.nodes.groups().iter().map(GroupFigures::of).collect();
        let mut out = serializer.serialize_struct("Report", 8)?;
        // Tools that know one node alone find its form unchanged.
        if !self.nodes.is_single() {
            out.serialize_field("nodes", &groups)?;
        }
        out.serialize_field("node", &node)?;
        out.serialize_field("requests", &self.requests.get())?;
        out.serialize_field("limits", &self.limits.get())?;
        out.serialize_field("cpuMillicores", &self.cpu.get())?;
        let disk = Disk {
            system: self.disk.system.get(),
            images: self.disk.images.get(),
            volumes: self.disk.volumes.get(),
            logs: self.disk.logs.get(),
            folders: self.disk.folders.get(),
            needed: self.disk.needed().get(),
            usable: self.disk.usable.map(Bytes::get),
        };
        out.serialize_field("disk", &disk)?;
        out.serialize_field("fits", &self.fits())?;
        out.serialize_field("pods", &pods)?;
        out.serialize_field(
            "surge",
            &(self.surge.request > Bytes::default())
                .then(|| Surge { request: self.surge.request.get() }),
        )?;
        out.end()
    }
}

/// One row, as tools read it.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct PodFigures<'a> {
    application: &'a str,
    workload: String,
    name: &'a str,
    namespace: &'a str,
    replicas: u32,
    request: u64,
    limit: u64,
    cpu_millicores: u64,
    #[serde(skip_serializing_if = "is_none")]
    gpus: u64,
    source: Origin,
    surge: u32,
    #[serde(skip_serializing_if = "is_none")]
    volumes: u64,
    #[serde(skip_serializing_if = "<[_]>::is_empty")]
    tolerations: &'a [Toleration],
    #[serde(skip_serializing_if = "BTreeSet::is_empty")]
    host_folders: &'a BTreeSet<String>,
}

impl<'a> PodFigures<'a> {
    fn of(row: &'a BudgetRow) -> Self {
        Self {
            application: &row.application,
            workload: format!("{}/{}/{}", row.kind, row.namespace, row.name),
            name: &row.name,
            namespace: &row.namespace,
            replicas: row.replicas,
            request: row.pod.request.get(),
            limit: row.pod.limit.get(),
            cpu_millicores: row.pod.cpu.get(),
            gpus: row.pod.gpus,
            source: row.source,
            surge: row.surge,
            volumes: row.volumes.get(),
            tolerations: &row.wants.tolerations,
            host_folders: &row.wants.host_folders,
        }
    }
}

/// One group of nodes, as tools read it.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct GroupFigures<'a> {
    name: &'a str,
    role: &'static str,
    count: u32,
    allocatable: u64,
    cpu_allocatable_millicores: u64,
    max_pods: u32,
    gpus: u32,
    labels: &'a BTreeMap<LabelKey, LabelValue>,
    taints: Vec<BTreeMap<&'static str, &'a str>>,
}

impl<'a> GroupFigures<'a> {
    fn of(group: &'a Group) -> Self {
        let taint = |taint: &'a Taint| {
            let value = taint.value.as_deref().unwrap_or_default();
            [("key", taint.key.as_str()), ("value", value), ("effect", taint.effect.name())].into()
        };
        Self {
            name: group.name.as_deref().unwrap_or_default(),
            role: group.node.role.name(),
            count: group.count,
            allocatable: group.node.allocatable().get(),
            cpu_allocatable_millicores: group.node.allocatable_cpu().get(),
            max_pods: group.node.max_pods(),
            gpus: group.node.gpus,
            labels: &group.labels,
            taints: group.taints.iter().map(taint).collect(),
        }
    }
}
