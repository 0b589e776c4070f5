//! A pod that a chart makes, declared beside the chart's values and held against the real render by
//! a judge.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
};

use k8s_openapi::api::core::v1::Toleration;

use super::values::Strategy;
use crate::{
    builder::handle::{NamespaceRef, Selector, StorageClassRef},
    facts::requests::Allotment,
    units::Bytes,
};

/// A pod that a chart will make with the values that it is given.
#[derive(Clone, Debug)]
pub struct ChartPod {
    kind: &'static str,
    name: Arc<str>,
    label: Arc<str>,
    labels: Option<Selector>,
    namespace: Option<Arc<str>>,
    replicas: u32,
    surge: Option<u32>,
    allotment: Allotment,
    containers: u32,
    node_selector: BTreeMap<String, String>,
    tolerations: Vec<Toleration>,
    claims: Vec<Arc<str>>,
    volumes: Vec<ChartVolume>,
    host_ports: BTreeSet<u16>,
    host_folders: BTreeSet<&'static str>,
}

/// A volume that each pod of a StatefulSet has for itself: a claim of its template.
#[derive(Clone, Debug)]
pub struct ChartVolume {
    /// The class of storage.
    pub class: Arc<str>,
    /// How large it is.
    pub size: Bytes,
}

#[cfg_attr(
    not(feature = "internals"),
    expect(dead_code, reason = "node agents will be the first to use it")
)]
impl ChartPod {
    fn of(kind: &'static str, name: &str, allotment: Allotment) -> Self {
        Self {
            kind,
            name: name.into(),
            label: name.into(),
            labels: None,
            namespace: None,
            replicas: 1,
            surge: None,
            allotment,
            containers: 1,
            node_selector: BTreeMap::new(),
            tolerations: Vec::new(),
            claims: Vec::new(),
            volumes: Vec::new(),
            host_ports: BTreeSet::new(),
            host_folders: BTreeSet::new(),
        }
    }

    /// A `Deployment` of one pod. `allotment` is what its containers get together.
    pub fn deployment(name: &str, allotment: Allotment) -> Self {
        Self::of("Deployment", name, allotment)
    }

    /// A `StatefulSet` of one pod.
    pub fn stateful_set(name: &str, allotment: Allotment) -> Self {
        Self::of("StatefulSet", name, allotment)
    }

    /// A `DaemonSet`: one pod on each node that it tolerates.
    pub fn daemon_set(name: &str, allotment: Allotment) -> Self {
        Self::of("DaemonSet", name, allotment)
    }

    /// A `Job`, a hook of the chart: its pod comes and goes, and counts as present.
    pub fn job(name: &str, allotment: Allotment) -> Self {
        Self::of("Job", name, allotment)
    }

    /// As many equal pods; 0: the workload is there without any.
    #[must_use]
    pub fn replicas(self, replicas: u32) -> Self {
        Self { replicas, ..self }
    }

    /// A rolling update adds so many pods while it runs. Not said: what Kubernetes does by default.
    #[must_use]
    pub fn surge(self, pods: u32) -> Self {
        Self { surge: Some(pods), ..self }
    }

    /// It is replaced as the chart's values say.
    #[must_use]
    pub fn replaced(self, strategy: Strategy) -> Self {
        self.surge(strategy.surge())
    }

    /// An init container before the others: the scheduler takes whichever asks for more.
    #[must_use]
    pub fn init(self, init: Allotment) -> Self {
        let allotment = Allotment {
            request: self.allotment.request.max(init.request),
            limit: self.allotment.limit.max(init.limit),
            cpu: self.allotment.cpu.max(init.cpu),
            folders: self.allotment.folders.max(init.folders),
        };
        Self { allotment, ..self }
    }

    /// A further container beside the others.
    #[must_use]
    pub fn beside(self, other: Allotment) -> Self {
        let allotment = Allotment {
            request: self.allotment.request + other.request,
            limit: self.allotment.limit + other.limit,
            cpu: self.allotment.cpu + other.cpu,
            folders: self.allotment.folders + other.folders,
        };
        Self { allotment, containers: self.containers + 1, ..self }
    }

    /// Its label `app.kubernetes.io/name`, where the chart writes another one than the workload's
    /// name. `app.kubernetes.io/instance` is the release's, in subcharts too.
    #[must_use]
    pub fn named(self, label: &str) -> Self {
        Self { label: label.into(), ..self }
    }

    /// Labels that select it, where the chart writes others than `app.kubernetes.io/name` and
    /// `…/instance`.
    #[must_use]
    pub fn labelled(self, labels: &[(&str, &str)]) -> Self {
        Self { labels: Some(Selector::of(labels)), ..self }
    }

    /// It is in another namespace than the chart's own.
    #[must_use]
    pub fn in_namespace(self, namespace: &NamespaceRef) -> Self {
        Self { namespace: Some(namespace.name.clone()), ..self }
    }

    /// It is only placed on nodes with this label.
    #[must_use]
    pub fn on_nodes(mut self, key: &str, value: &str) -> Self {
        self.node_selector.insert(key.to_owned(), value.to_owned());
        self
    }

    /// It is also placed on nodes with such a taint.
    #[must_use]
    pub fn tolerates(mut self, toleration: Toleration) -> Self {
        self.tolerations.push(toleration);
        self
    }

    /// It mounts a claim, which ties it to the node of the claim's other pods.
    #[must_use]
    pub fn claims(mut self, claim: &str) -> Self {
        self.claims.push(claim.into());
        self
    }

    /// Each pod has a volume of its own.
    #[must_use]
    pub fn stores(mut self, class: &StorageClassRef, size: Bytes) -> Self {
        self.volumes.push(ChartVolume { class: class.name().clone(), size });
        self
    }

    /// It takes a port of its node: no other pod there can have it.
    #[must_use]
    pub fn host_port(mut self, port: u16) -> Self {
        self.host_ports.insert(port);
        self
    }

    /// It mounts a folder of its node.
    #[must_use]
    pub fn host_folder(mut self, path: &'static str) -> Self {
        self.host_folders.insert(path);
        self
    }

    // What the plan and the budget read of it.

    /// `Deployment`, `StatefulSet`, `DaemonSet` or `Job`.
    pub fn kind(&self) -> &'static str {
        self.kind
    }

    /// The workload's name.
    pub fn name(&self) -> &Arc<str> {
        &self.name
    }

    /// What policies and tables call its pods.
    pub(in crate::builder) fn label(&self) -> &Arc<str> {
        &self.label
    }

    /// What selects its pods, of a release.
    pub(in crate::builder) fn selector(&self, release: &Arc<str>) -> Selector {
        let by_name = || Selector::Workload { name: self.label.clone(), instance: release.clone() };
        self.labels.clone().unwrap_or_else(by_name)
    }

    /// Its namespace, where that is not the chart's own.
    pub fn namespace(&self) -> Option<&Arc<str>> {
        self.namespace.as_ref()
    }

    /// Pods of it.
    pub fn count(&self) -> u32 {
        self.replicas
    }

    /// Pods that a rolling update adds while it runs: of a Deployment a quarter, rounded up, unless
    /// it is told otherwise.
    pub fn added(&self) -> u32 {
        let by_default = if self.kind == "Deployment" { self.replicas.div_ceil(4) } else { 0 };
        self.surge.unwrap_or(by_default)
    }

    /// Containers that run beside each other, each with a log of its own.
    pub fn containers(&self) -> u32 {
        self.containers
    }

    /// What its containers get together.
    pub fn allotment(&self) -> Allotment {
        self.allotment
    }

    /// Labels that its node must have.
    pub fn node_selector(&self) -> &BTreeMap<String, String> {
        &self.node_selector
    }

    /// Taints that it tolerates.
    pub fn tolerations(&self) -> &[Toleration] {
        &self.tolerations
    }

    /// Claims that it mounts.
    pub fn mounted(&self) -> &[Arc<str>] {
        &self.claims
    }

    /// Volumes that each pod has for itself.
    pub fn volumes(&self) -> &[ChartVolume] {
        &self.volumes
    }

    /// Ports of its node that it takes.
    pub fn host_ports(&self) -> &BTreeSet<u16> {
        &self.host_ports
    }

    /// Folders of its node that it mounts.
    pub fn host_folders(&self) -> &BTreeSet<&'static str> {
        &self.host_folders
    }
}

#[cfg(test)]
mod tests {
    use super::{ChartPod, Strategy};
    use crate::facts::requests::{ARGO_COPYUTIL, ARGO_REPO_SERVER};

    #[test]
    fn a_deployment_surges_unless_it_is_told_not_to() {
        let pods = |count| ChartPod::deployment("web", ARGO_REPO_SERVER).replicas(count);
        assert_eq!([1, 5, 0].map(|it| pods(it).added()), [1, 2, 0]);
        assert_eq!(pods(1).replaced(Strategy::OLD_POD_FIRST).added(), 0);
        assert_eq!(pods(1).surge(3).added(), 3);
        for make in [ChartPod::stateful_set, ChartPod::daemon_set, ChartPod::job] {
            assert_eq!(make("web", ARGO_REPO_SERVER).added(), 0);
        }
    }

    #[test]
    fn an_init_container_counts_if_it_is_larger_and_a_sidecar_always() {
        let (large, small) = (ARGO_REPO_SERVER, ARGO_COPYUTIL);
        let pod = || ChartPod::deployment("web", small);
        assert_eq!(pod().init(large).allotment(), large);
        assert_eq!(ChartPod::deployment("web", large).init(small).allotment(), large);
        assert_eq!(pod().beside(large).allotment().request, small.request + large.request);
        assert_eq!(pod().beside(large).allotment().cpu, small.cpu + large.cpu);
        assert_eq!([pod().init(large), pod().beside(large)].map(|it| it.containers()), [1, 2]);
    }
}
