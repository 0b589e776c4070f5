//! The budget, ready to be judged, shown and printed.

use std::{collections::BTreeMap, fmt::Write as _, sync::Arc};

use serde::{Serialize, Serializer, ser::SerializeStruct as _};

use super::{
    ask::{Ask, Origin, Row, Sum, Wants},
    place::Unplaced,
};
use crate::{
    facts::{kubernetes::CRITICAL_PRIORITY, node, requests},
    names::{LabelKey, LabelValue},
    platform::{
        node::Node,
        nodes::{Group, Nodes, Taint},
    },
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
    pub rows: Vec<Row>,
    /// Σ memory requests.
    pub requests: Bytes,
    /// Σ memory limits.
    pub limits: Bytes,
    /// Σ CPU requests.
    pub cpu: Millicores,
    /// GPUs that pods may ask for.
    pub allocatable_gpus: u64,
    /// GPUs that they ask for.
    pub gpus: u64,
    /// Pods.
    pub pods: u32,
    /// The largest pod that a rolling update adds.
    pub surge: Ask,
    /// The nodes.
    pub nodes: Nodes,
    /// Pods that find no place on any of several nodes though the sums may fit, the largest first.
    pub unplaced: Vec<Unplaced>,
}

/// The pods that the cluster brings.
pub fn surroundings(traefik: requests::Allotment) -> Vec<Row> {
    let cluster = |name: &str, pod: Ask| Row {
        application: "kube-system".into(),
        kind: "Pod",
        namespace: "kube-system".into(),
        name: name.into(),
        replicas: 1,
        surge: 0,
        pod,
        source: Origin::Cluster,
        priority: CRITICAL_PRIORITY,
        wants: Wants::default(),
        claims: Vec::new(),
    };
    let pods = node::CLUSTER_PODS.iter().map(|&(name, request, limit, cpu)| cluster(name, Ask { request, limit, cpu, gpus: 0 }));
    // k3s runs it whether or not we set its figures: what it takes is counted either way.
    pods.chain([cluster("traefik", traefik.into())]).collect()
}

impl Report {
    /// Sums the rows against the node.
    pub fn new(node: &Node, rows: Vec<Row>) -> Self {
        let sum: Sum = rows.iter().collect();
        Self::of_sum(Nodes::one(node.clone()), rows, sum, Vec::new())
    }

    /// The same with a sum that is known already; `rows` may leave out what only the sum holds.
    pub fn of_sum(nodes: Nodes, rows: Vec<Row>, sum: Sum, unplaced: Vec<Unplaced>) -> Self {
        Self {
            mem_total: nodes.mem_total(),
            allocatable: nodes.allocatable(),
            allocatable_cpu: nodes.allocatable_cpu(),
            usable: nodes.usable(),
            overcommit_percent: nodes.overcommit_percent(),
            rows,
            requests: sum.ask.request,
            limits: sum.ask.limit,
            cpu: sum.ask.cpu,
            allocatable_gpus: nodes.gpus(),
            gpus: sum.ask.gpus,
            pods: sum.pods,
            surge: sum.surge,
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
    }

    /// What is left of the node for requests.
    pub fn spare(&self) -> Bytes {
        self.allocatable.saturating_sub(self.requests)
    }

    /// Σ limits over what pods may use, in percent.
    pub fn limits_percent(&self) -> u64 {
        (self.limits.get() >> 10).saturating_mul(100).div_ceil((self.usable.get() >> 10).max(1))
    }

    /// What the only node keeps for itself.
    fn kept(&self, out: &mut String) {
        let kept = [
            ("MemTotal", self.mem_total),
            ("operating system", node::SYSTEM_RESERVED.0),
            ("k3s", node::KUBE_RESERVED.0),
            ("eviction threshold", node::EVICTION_THRESHOLD),
        ];
        for (at, (name, bytes)) in kept.iter().enumerate() {
            let sign = if at == 0 { ' ' } else { '-' };
            let _ = writeln!(out, "{name:<22} {sign}{:>8}", bytes.in_mib().to_string());
        }
        let _ = writeln!(out, "{:<22} ={:>8}   {} CPU\n", "allocatable", self.allocatable.in_mib().to_string(), self.allocatable_cpu);
    }

    /// What each group of nodes gives.
    fn groups(&self, out: &mut String) {
        let width = self.nodes.groups().iter().filter_map(|it| it.name.as_ref()).map(|it| it.len()).max().unwrap_or_default().max(6);
        let _ = writeln!(out, "{:<width$}  {:>4}  {:<6}  {:>11}  {:>6}  {:>4}", "nodes", "n", "role", "allocatable", "CPU", "GPUs");
        for it in self.nodes.groups() {
            let (name, node) = (it.name.as_deref().unwrap_or_default(), &it.node);
            let (memory, cpu) = (node.allocatable().in_mib().to_string(), node.allocatable_cpu().to_string());
            let _ = writeln!(out, "{name:<width$}  {:>4}  {:<6}  {memory:>11}  {cpu:>6}  {:>4}", it.count, node.role.name(), node.gpus);
        }
        let (memory, cpu) = (self.allocatable.in_mib().to_string(), self.allocatable_cpu.to_string());
        let _ = writeln!(
            out,
            "{:<width$}  {:>4}  {:<6}  {memory:>11}  {cpu:>6}  {:>4}\n",
            "sum",
            self.nodes.count(),
            "",
            self.allocatable_gpus
        );
    }

    /// Tables for people.
    pub fn text(&self) -> String {
        let mut out = String::new();
        if self.nodes.is_single() {
            self.kept(&mut out);
        } else {
            self.groups(&mut out);
        }
        let width = self.rows.iter().map(|it| it.application.len() + 1 + it.name.len()).max().unwrap_or(20);
        let _ = writeln!(out, "{:<width$}  {:>4}  {:>9}  {:>9}  {:>6}  from", "pods", "n", "request", "limit", "CPU");
        for it in &self.rows {
            let name = format!("{}/{}", it.application, it.name);
            let all = it.pod.times(it.replicas);
            let _ = writeln!(
                out,
                "{name:<width$}  {:>4}  {:>9}  {:>9}  {:>6}  {}",
                it.replicas,
                all.request.in_mib().to_string(),
                all.limit.in_mib().to_string(),
                all.cpu.to_string(),
                match it.source {
                    Origin::Object => "its manifest",
                    Origin::Chart => "the chart's facts",
                    Origin::Cluster => "the cluster",
                    Origin::Transient => "comes and goes",
                    Origin::Tenant => "workspace",
                }
            );
        }
        let _ = writeln!(
            out,
            "{:<width$}  {:>4}  {:>9}  {:>9}  {:>6}",
            "sum",
            self.pods,
            self.requests.in_mib().to_string(),
            self.limits.in_mib().to_string(),
            self.cpu.to_string()
        );
        let verdict = if self.requests <= self.allocatable {
            format!("fits, {} spare", self.spare().in_mib())
        } else {
            format!("does not fit, {} too much", self.requests.saturating_sub(self.allocatable).in_mib())
        };
        let _ = writeln!(out, "\nrequests {} of {}: {verdict}", self.requests.in_mib(), self.allocatable.in_mib());
        let _ = writeln!(out, "CPU requests {} of {}", self.cpu, self.allocatable_cpu);
        if self.gpus > 0 || self.allocatable_gpus > 0 {
            let _ = writeln!(out, "GPUs {} of {}", self.gpus, self.allocatable_gpus);
        }
        for it in &self.unplaced {
            let (name, each) = (format!("{}/{}", it.row.application, it.row.name), it.ask.request.in_mib());
            let name = it.beside.iter().fold(name, |all, it| all + " + " + it);
            let how = if it.beside.is_empty() { "each" } else { "on one node" };
            let _ = writeln!(out, "no place for {} × {name}, {each} {how}", it.count);
        }
        let _ = writeln!(
            out,
            "limits {}: {} % of the {} that pods may use (at most {} %)",
            self.limits.in_mib(),
            self.limits_percent(),
            self.usable.in_mib(),
            self.overcommit_percent
        );
        if self.surge.request > Bytes::default() {
            let _ = writeln!(out, "largest pod that a rolling update adds: {}", self.surge.request.in_mib());
        }
        out
    }
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde asks for a reference")]
fn is_none(it: &u64) -> bool {
    *it == 0
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
        #[serde(rename_all = "camelCase")]
        struct Pod<'a> {
            application: &'a Arc<str>,
            workload: String,
            name: &'a Arc<str>,
            namespace: &'a Arc<str>,
            replicas: u32,
            request: u64,
            limit: u64,
            cpu_millicores: u64,
            #[serde(skip_serializing_if = "is_none")]
            gpus: u64,
            source: Origin,
            surge: u32,
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
        let pods: Vec<Pod<'_>> = self
            .rows
            .iter()
            .map(|it| Pod {
                application: &it.application,
                workload: format!("{}/{}/{}", it.kind, it.namespace, it.name),
                name: &it.name,
                namespace: &it.namespace,
                replicas: it.replicas,
                request: it.pod.request.get(),
                limit: it.pod.limit.get(),
                cpu_millicores: it.pod.cpu.get(),
                gpus: it.pod.gpus,
                source: it.source,
                surge: it.surge,
            })
            .collect();
        let groups: Vec<GroupFigures<'_>> = self.nodes.groups().iter().map(GroupFigures::of).collect();
        let mut out = serializer.serialize_struct("Report", 7)?;
        // Tools that know one node alone find its form unchanged.
        if !self.nodes.is_single() {
            out.serialize_field("nodes", &groups)?;
        }
        out.serialize_field("node", &node)?;
        out.serialize_field("requests", &self.requests.get())?;
        out.serialize_field("limits", &self.limits.get())?;
        out.serialize_field("cpuMillicores", &self.cpu.get())?;
        out.serialize_field("fits", &self.fits())?;
        out.serialize_field("pods", &pods)?;
        out.serialize_field("surge", &(self.surge.request > Bytes::default()).then(|| Surge { request: self.surge.request.get() }))?;
        out.end()
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
    fn of(it: &'a Group) -> Self {
        let taint = |it: &'a Taint| {
            let value = it.value.as_deref().unwrap_or_default();
            [("key", it.key.as_str()), ("value", value), ("effect", it.effect.name())].into()
        };
        Self {
            name: it.name.as_deref().unwrap_or_default(),
            role: it.node.role.name(),
            count: it.count,
            allocatable: it.node.allocatable().get(),
            cpu_allocatable_millicores: it.node.allocatable_cpu().get(),
            max_pods: it.node.max_pods(),
            gpus: it.node.gpus,
            labels: &it.labels,
            taints: it.taints.iter().map(taint).collect(),
        }
    }
}
