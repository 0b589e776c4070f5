//! What pods request, counted as the scheduler counts.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
};

use k8s_openapi::api::core::v1::{
    Container, PersistentVolumeClaim, PodSpec, ResourceRequirements, Toleration, Volume,
};

use super::volumes;
use crate::{
    builder::{chart::pods::ChartPod, component::BuiltComponent, object::Object},
    facts::{
        charts::cert_manager::Solver,
        kubernetes::{DATABASE_PRIORITY, EPHEMERAL_STORAGE, GPU},
        node::CONTAINER_LOGS,
        requests::{self, Allotment},
    },
    units::{Bytes, Millicores},
};

/// What one pod requests, or several together.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Demand {
    /// Memory requests.
    pub request: Bytes,
    /// Memory limits.
    pub limit: Bytes,
    /// CPU requests.
    pub cpu: Millicores,
    /// GPUs, whole ones.
    pub gpus: u64,
    /// Requests of the node's disk: the logs.
    pub disk_request: Bytes,
    /// Limits of it: logs and folders.
    pub disk_limit: Bytes,
}

impl Demand {
    /// What both request together.
    #[must_use]
    pub fn plus(self, other: Self) -> Self {
        Self {
            request: self.request + other.request,
            limit: self.limit + other.limit,
            cpu: self.cpu + other.cpu,
            gpus: self.gpus.saturating_add(other.gpus),
            disk_request: self.disk_request + other.disk_request,
            disk_limit: self.disk_limit + other.disk_limit,
        }
    }

    /// The larger of both, figure by figure.
    #[must_use]
    pub fn max(self, other: Self) -> Self {
        Self {
            request: self.request.max(other.request),
            limit: self.limit.max(other.limit),
            cpu: self.cpu.max(other.cpu),
            gpus: self.gpus.max(other.gpus),
            disk_request: self.disk_request.max(other.disk_request),
            disk_limit: self.disk_limit.max(other.disk_limit),
        }
    }

    /// So many times.
    #[must_use]
    pub fn times(self, n: u32) -> Self {
        let n = u64::from(n);
        Self {
            request: self.request * n,
            limit: self.limit * n,
            cpu: self.cpu * n,
            gpus: self.gpus.saturating_mul(n),
            disk_request: self.disk_request * n,
            disk_limit: self.disk_limit * n,
        }
    }
}

/// One pod of a chart.
impl From<&ChartPod> for Demand {
    fn from(pod: &ChartPod) -> Self {
        let one = Self::from(pod.allotment());
        // The other containers have a log, too.
        let others = CONTAINER_LOGS * u64::from(pod.containers().saturating_sub(1));
        Self { disk_request: one.disk_request + others, disk_limit: one.disk_limit + others, ..one }
    }
}

impl From<Allotment> for Demand {
    fn from(Allotment { request, limit, cpu, folders }: Allotment) -> Self {
        let (disk_request, disk_limit) = (CONTAINER_LOGS, CONTAINER_LOGS + folders);
        Self { request, limit, cpu, gpus: 0, disk_request, disk_limit }
    }
}

/// Pods that are equal, as a row of the budget.
#[derive(Clone, Debug)]
pub struct BudgetRow {
    /// The Application that makes them; `kube-system` for the cluster's own.
    pub application: Arc<str>,
    /// The kind that makes them.
    pub kind: &'static str,
    /// Their namespace.
    pub namespace: Arc<str>,
    /// The workload's name.
    pub name: Arc<str>,
    /// Pods when no update runs.
    pub replicas: u32,
    /// Pods that a rolling update adds while it runs.
    pub surge: u32,
    /// One pod.
    pub pod: Demand,
    /// Where the figures come from.
    pub source: Origin,
    /// Their priority.
    pub priority: i32,
    /// The nodes that they may run on.
    pub wants: Wants,
    /// Claims that they mount, by name, in their own namespace: pods of one that one node mounts at
    /// a time are all on that node.
    pub claims: Vec<Arc<str>>,
    /// The volumes that each pod has for itself, wherever they are.
    pub volumes: Bytes,
}

/// The nodes that a pod may run on.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Wants {
    /// Labels that the node must have.
    pub labels: BTreeMap<String, String>,
    /// The taints that it tolerates.
    pub tolerations: Vec<Toleration>,
    /// Ports of the node that it takes: no other pod there can have them.
    pub host_ports: BTreeSet<u16>,
    /// Folders of the node that it mounts: every node has them.
    pub host_folders: BTreeSet<String>,
}

impl Wants {
    fn of(pod: &PodSpec) -> Self {
        Self {
            labels: pod.node_selector.clone().unwrap_or_default(),
            tolerations: pod.tolerations.clone().unwrap_or_default(),
            host_ports: ports_of_host(pod),
            host_folders: folders_of_host(pod),
        }
    }

    fn of_chart(pod: &ChartPod) -> Self {
        Self {
            labels: pod.node_selector().clone(),
            tolerations: pod.tolerations().to_vec(),
            host_ports: pod.host_ports().clone(),
            host_folders: pod.host_folders().iter().map(|it| (*it).to_owned()).collect(),
        }
    }
}

/// The ports of its node that a pod takes: in the host's network, all that it names.
fn ports_of_host(pod: &PodSpec) -> BTreeSet<u16> {
    let is_host = pod.host_network == Some(true);
    let ports = pod.containers.iter().flat_map(|it| it.ports.iter().flatten());
    ports
        .filter_map(|it| it.host_port.or_else(|| is_host.then_some(it.container_port)))
        .filter_map(|it| u16::try_from(it).ok())
        .collect()
}

/// The folders of its node that a pod mounts.
fn folders_of_host(pod: &PodSpec) -> BTreeSet<String> {
    let folder = |volume: &Volume| volume.host_path.as_ref().map(|it| it.path.clone());
    pod.volumes.iter().flatten().filter_map(folder).collect()
}

/// Where a row comes from.
#[derive(Clone, Copy, Debug, PartialEq, Eq, serde::Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Origin {
    /// A typed object of the tree.
    Object,
    /// A chart's declared facts.
    Chart,
    /// A pod that the cluster brings.
    Cluster,
    /// A pod that somebody else installs, as the spec describes it.
    Described,
    /// A pod that comes and goes, counted as present.
    Transient,
    /// All pods of one tenant.
    Tenant,
}

/// One pod: the larger of what its containers and sidecars request together, and of what each init
/// container needs while it runs.
pub fn of_pod(pod: &PodSpec) -> Demand {
    let mut sidecars = Demand::default();
    let mut starting = Demand::default();
    for container in pod.init_containers.iter().flatten() {
        if container.restart_policy.as_deref() == Some("Always") {
            sidecars = sidecars.plus(of_container(container));
            starting = starting.max(sidecars);
        } else {
            starting = starting.max(sidecars.plus(of_container(container)));
        }
    }
    let running = pod.containers.iter().map(of_container).fold(sidecars, Demand::plus);
    running.max(starting)
}

fn of_container(container: &Container) -> Demand {
    let Some(ResourceRequirements { requests, limits, .. }) = &container.resources else {
        return Demand::default();
    };
    let limit = limits.as_ref().and_then(|it| Bytes::read(it.get("memory")?)).unwrap_or_default();
    Demand {
        // Kubernetes takes the limit for the request where there is none.
        request: requests.as_ref().and_then(|it| Bytes::read(it.get("memory")?)).unwrap_or(limit),
        limit,
        cpu: requests.as_ref().and_then(|it| Millicores::read(it.get("cpu")?)).unwrap_or_default(),
        // A count is a quantity without a unit.
        gpus: limits.as_ref().and_then(|it| Bytes::read(it.get(GPU)?)).unwrap_or_default().get(),
        disk_request: requests
            .as_ref()
            .and_then(|it| Bytes::read(it.get(EPHEMERAL_STORAGE)?))
            .unwrap_or_default(),
        disk_limit: limits
            .as_ref()
            .and_then(|it| Bytes::read(it.get(EPHEMERAL_STORAGE)?))
            .unwrap_or_default(),
    }
}

/// Claims that a pod mounts. Those of a StatefulSet's templates are not among them: each pod has
/// its own.
fn claims_of(pod: &PodSpec) -> Vec<Arc<str>> {
    let claim = |volume: &Volume| {
        volume.persistent_volume_claim.as_ref().map(|it| it.claim_name.as_str().into())
    };
    pod.volumes.iter().flatten().filter_map(claim).collect()
}

/// The value of a pod's priority class; an invariant holds that a tree has no other class.
fn priority_of(pod: &PodSpec) -> i32 {
    let (name, value) = DATABASE_PRIORITY;
    if pod.priority_class_name.as_deref() == Some(name) { value } else { 0 }
}

/// Namespaces and names of the claims that any node can mount, also when another does.
pub fn shared_claims(built: &BuiltComponent) -> impl Iterator<Item = (&str, &str)> {
    built.objects.iter().filter_map(|object| {
        let modes = object.get::<PersistentVolumeClaim>()?.spec.as_ref()?.access_modes.as_ref()?;
        modes
            .iter()
            .any(|it| it == "ReadWriteMany" || it == "ReadOnlyMany")
            .then(|| (object.namespace().unwrap_or_default(), object.name()))
    })
}

/// The rows of one component: its typed workloads, its chart's declared pods, and the solvers that
/// cert-manager makes for its hosts.
pub fn rows(built: &BuiltComponent) -> impl Iterator<Item = BudgetRow> {
    let typed = built.objects.iter().filter_map(move |object| {
        let workload = object.workload()?;
        Some(BudgetRow {
            application: built.name.clone(),
            kind: workload.kind,
            namespace: object.namespace().unwrap_or_default().into(),
            name: object.name().into(),
            replicas: workload.replicas,
            surge: workload.surge,
            pod: of_pod(workload.spec),
            source: if workload.transient { Origin::Transient } else { Origin::Object },
            priority: priority_of(workload.spec),
            wants: Wants::of(workload.spec),
            claims: claims_of(workload.spec),
            volumes: volumes::of_each_pod(object),
        })
    });
    let declared = built.chart.iter().flat_map(|it| &it.pods).map(move |pod| BudgetRow {
        application: built.name.clone(),
        kind: pod.kind(),
        namespace: pod.namespace().unwrap_or(&built.namespace).clone(),
        name: pod.name().clone(),
        replicas: pod.count(),
        surge: pod.added(),
        pod: pod.into(),
        source: if pod.kind() == "Job" { Origin::Transient } else { Origin::Chart },
        priority: 0,
        wants: Wants::of_chart(pod),
        claims: pod.mounted().to_vec(),
        volumes: pod.volumes().iter().map(|it| it.size).sum(),
    });
    typed.chain(declared).chain(solvers(built))
}

/// cert-manager makes them where the Certificate is, one a host: on the first day all are issued at
/// once.
fn solvers(built: &BuiltComponent) -> Option<BudgetRow> {
    (built.solvers > 0).then(|| BudgetRow {
        application: built.name.clone(),
        kind: "Pod",
        namespace: built.namespace.clone(),
        name: Solver::NAME.into(),
        replicas: built.solvers,
        surge: 0,
        pod: requests::ACME_SOLVER.into(),
        source: Origin::Transient,
        priority: 0,
        wants: Wants::default(),
        claims: Vec::new(),
        volumes: Bytes::default(),
    })
}

/// The sum of a tenant's rows, and of the pods that come and go with it. The rows themselves are
/// not made: of ten thousand tenants, nothing but sums is ever shown.
pub fn of_tenant(built: &BuiltComponent) -> Total {
    let mut sum = Total::default();
    for workload in built.objects.iter().filter_map(Object::workload) {
        sum.count(workload.replicas, workload.surge, of_pod(workload.spec));
    }
    for pod in built.chart.iter().flat_map(|it| &it.pods) {
        sum.count(pod.count(), pod.added(), pod.into());
    }
    sum.count(built.solvers, 0, requests::ACME_SOLVER.into());
    sum.volumes = volumes::on_disk(built);
    sum
}

/// A tenant's pods one by one, for where nodes have to be found for them: how many, and what each
/// asks for.
pub fn pods_of_tenant(built: &BuiltComponent) -> Vec<(u32, Demand)> {
    let own =
        built.objects.iter().filter_map(Object::workload).map(|it| (it.replicas, of_pod(it.spec)));
    own.chain([(built.solvers, requests::ACME_SOLVER.into())]).filter(|it| it.0 > 0).collect()
}

/// All that some rows request, and the largest pod that one of their rolling updates would add.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Total {
    /// Pods.
    pub pods: u32,
    /// What they request when no update runs.
    pub demand: Demand,
    /// The largest surge pod. Rollouts queue: when one ends, its old pod makes room for the next.
    pub surge: Demand,
    /// Their volumes on the nodes' own disks.
    pub volumes: Bytes,
    /// Images beside those that every platform has.
    pub images: Bytes,
    /// The most that one pod may write beside its log and its volumes.
    pub folders: Bytes,
}

impl Total {
    /// Adds a row.
    pub fn add(&mut self, row: &BudgetRow) {
        self.count(row.replicas, row.surge, row.pod);
    }

    /// Adds equal pods.
    fn count(&mut self, replicas: u32, surge: u32, pod: Demand) {
        self.pods = self.pods.saturating_add(replicas);
        self.demand = self.demand.plus(pod.times(replicas));
        if surge > 0 {
            self.surge = self.surge.max(pod.times(surge));
        }
        if replicas > 0 {
            self.folders = self.folders.max(pod.disk_limit.saturating_sub(pod.disk_request));
        }
    }

    /// Adds another sum.
    pub fn extend(&mut self, other: &Self) {
        self.pods = self.pods.saturating_add(other.pods);
        self.demand = self.demand.plus(other.demand);
        self.surge = self.surge.max(other.surge);
        self.volumes += other.volumes;
        self.folders = self.folders.max(other.folders);
    }
}

impl<'a> FromIterator<&'a BudgetRow> for Total {
    fn from_iter<I: IntoIterator<Item = &'a BudgetRow>>(rows: I) -> Self {
        let mut sum = Self::default();
        rows.into_iter().for_each(|it| sum.add(it));
        sum
    }
}
