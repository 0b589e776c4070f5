//! The scope of one component: it collects objects, makes handles, and records which are used.

use std::{
    collections::{BTreeMap, BTreeSet},
    marker::PhantomData,
    panic::Location,
    sync::Arc,
};

use k8s_openapi::{
    Metadata, Resource,
    api::core::v1::{Namespace, Service, ServicePort, ServiceSpec},
    apimachinery::pkg::{
        apis::meta::v1::{LabelSelector, ObjectMeta},
        util::intstr::IntOrString,
    },
};
use serde::Serialize;

use super::{
    chart::{Chart, pods::ChartPod},
    cluster::Cluster,
    component::BuiltComponent,
    contribution::{Alert, Contribution},
    credential::CredentialStore,
    dashboard::Dashboard,
    handle::{
        AppId, CrdRef, IssuerRef, NamespaceRef, Peer, Pods, PortRef, PriorityRef, Selector,
        VolumeRef, WildcardRef,
    },
    meta::{Naming, Part, protect},
    object::{CustomResource, Object},
    script::ScriptFact,
};
use crate::{facts::charts::cert_manager::Solver, names::Host, units::Bytes};

/// The labels of a namespace that say which pod security level each mode has, and of which version.
const POD_SECURITY: [(&str, &str); 3] = [
    ("pod-security.kubernetes.io/audit", "pod-security.kubernetes.io/audit-version"),
    ("pod-security.kubernetes.io/enforce", "pod-security.kubernetes.io/enforce-version"),
    ("pod-security.kubernetes.io/warn", "pod-security.kubernetes.io/warn-version"),
];

/// Contributions may still be made.
pub struct Open;
/// All contributions have been made.
pub struct Closed;

/// Where one component builds; how it uses what others offer is in [`super::uses`].
pub struct Scope<'a, S = Open> {
    // None: a tenant; nothing of a tenant is ever waited for by another.
    pub(in crate::builder) id: Option<AppId>,
    naming: Naming,
    pub(in crate::builder) cluster: &'a Cluster,
    pub(in crate::builder) built: BuiltComponent,
    /// Whether Argo CD is told to keep what holds data.
    keeps_data: bool,
    state: PhantomData<S>,
}

impl<'a, S> Scope<'a, S> {
    pub(in crate::builder) fn new(
        id: Option<AppId>,
        (naming, cluster): (Naming, &'a Cluster),
        name: &str,
        namespace: &NamespaceRef,
    ) -> Self {
        let built = BuiltComponent {
            name: name.into(),
            namespace: namespace.name.clone(),
            objects: Vec::new(),
            chart: None,
            after: namespace.owner.into_iter().filter(|it| Some(*it) != id).collect(),
            flows: BTreeSet::new(),
            pods: BTreeSet::new(),
            copies: BTreeSet::new(),
            manual_objects: Vec::new(),
            certificates: BTreeSet::new(),
            solvers: 0,
            script: Vec::new(),
            outside: BTreeSet::new(),
            provided_outside: Vec::new(),
            forwarded: Vec::new(),
            contributed: Vec::new(),
        };
        Self { id, naming, cluster, built, keeps_data: true, state: PhantomData }
    }

    pub(in crate::builder) fn done(self) -> BuiltComponent {
        self.built
    }

    /// The namespace that is built in.
    pub fn namespace(&self) -> &Arc<str> {
        &self.built.namespace
    }

    /// What it stands on.
    pub fn cluster(&self) -> &'a Cluster {
        self.cluster
    }

    /// Tells the bootstrap script something of this component.
    pub fn script(&mut self, fact: ScriptFact) {
        self.built.script.push(fact);
    }

    /// Says what somebody else must provide, in a sentence of Markdown.
    pub fn provided_outside(&mut self, what: String) {
        self.built.provided_outside.push(what);
    }

    /// People reach it by a port-forward, because it has no public host.
    pub fn reached_by_port_forward(&mut self, port: &PortRef) {
        self.built.forwarded.push(port.clone());
    }

    /// Names a workload of this component.
    pub fn part(&self, part: &str, role: &'static str, version: Option<&str>) -> Part {
        Part { name: self.naming.name(part), role, version: version.map(Into::into) }
    }

    /// Metadata of the object that bears the part's own name.
    pub fn meta(&self, part: &Part) -> ObjectMeta {
        self.meta_named(part, &part.name)
    }

    /// Metadata of a further object of the part.
    pub fn meta_named(&self, part: &Part, name: &str) -> ObjectMeta {
        let labels =
            self.naming.labels(&part.name, &self.built.name, part.role, part.version.as_deref());
        ObjectMeta {
            name: Some(name.to_owned()),
            namespace: Some((*self.built.namespace).to_owned()),
            labels: Some(labels),
            ..ObjectMeta::default()
        }
    }

    /// Metadata of an object that belongs to the cluster.
    pub fn meta_cluster(&self, part: &Part, name: &str) -> ObjectMeta {
        ObjectMeta { namespace: None, ..self.meta_named(part, name) }
    }

    /// The labels that select the part's pods.
    pub fn selector(&self, part: &Part) -> LabelSelector {
        LabelSelector {
            match_labels: Some(self.workload(&part.name).labels()),
            ..LabelSelector::default()
        }
    }

    fn workload(&self, name: &Arc<str>) -> Selector {
        Selector::Workload { name: name.clone(), instance: self.built.name.clone() }
    }

    /// From now on, Argo CD may delete what holds data: somebody has said so.
    pub fn lets_data_go(&mut self) {
        self.keeps_data = false;
    }

    /// Marks what holds data, unless it may be deleted.
    pub fn protect(&self, metadata: &mut ObjectMeta) {
        if self.keeps_data {
            protect(metadata);
        }
    }

    /// Adds an object of a kind that every cluster knows.
    #[track_caller]
    pub fn add<K>(&mut self, mut object: K)
    where
        K: Resource + Metadata<Ty = ObjectMeta> + Serialize + Send + Sync + 'static,
    {
        self.naming.mark(K::KIND, object.metadata_mut());
        self.built.objects.push(Object::builtin(object, Location::caller()));
    }

    /// Adds an object of a kind whose CRD must be there first: an order.
    #[track_caller]
    pub fn add_custom<K: CustomResource>(&mut self, crd: CrdRef<K>, object: K) {
        self.after(crd.owner);
        self.built.objects.push(Object::custom(object, Location::caller()));
    }

    /// Adds an object that an operator applies by hand. It is under the component's policies, as
    /// it bears the component's labels.
    #[track_caller]
    pub fn add_by_hand<K>(&mut self, object: K)
    where
        K: Resource + Metadata<Ty = ObjectMeta> + Serialize + Send + Sync + 'static,
    {
        self.built.manual_objects.push(Object::builtin(object, Location::caller()));
    }

    /// Makes the chart the component's body, and declares the pods that it makes: from now on their
    /// namespace may get its default deny.
    pub fn chart<const N: usize>(&mut self, chart: Chart, pods: [ChartPod; N]) -> [Pods; N] {
        let handles = pods.each_ref().map(|pod| Pods {
            namespace: pod.namespace().unwrap_or(&self.built.namespace).clone(),
            name: pod.label().clone(),
            selector: pod.selector(&self.built.name),
        });
        self.built.pods.extend(handles.iter().cloned());
        self.built.chart = Some(Chart { pods: pods.into(), ..chart });
        handles
    }

    // Handles are made here …

    /// The pods of one workload, declared: from now on their namespace may get its default deny.
    pub fn pods(&mut self, part: &Part) -> Pods {
        let (name, selector) = (part.name.clone(), self.workload(&part.name));
        let pods = Pods { namespace: self.built.namespace.clone(), name, selector };
        self.built.pods.insert(pods.clone());
        pods
    }

    /// A Service (`ClusterIP`) before the part's pods, with one port of the same number.
    #[track_caller]
    pub fn service(&mut self, part: &Part, port_name: &str, port: u16) -> PortRef {
        let name = part.name.clone();
        let metadata = self.meta(part);
        self.add_service(part, metadata, port_name, port, false);
        self.port(part, &name, &name, port)
    }

    /// A headless Service, which gives each replica of a `StatefulSet` a name of its own; returns
    /// the first `replicas` of them.
    #[track_caller]
    pub fn headless_service(
        &mut self,
        part: &Part,
        name: &str,
        port_name: &str,
        port: u16,
        replicas: u32,
    ) -> Vec<PortRef> {
        let metadata = self.meta_named(part, name);
        self.add_service(part, metadata, port_name, port, true);
        (0..replicas)
            .map(|it| self.port(part, name, &format!("{}-{it}.{name}", part.name), port))
            .collect()
    }

    #[track_caller]
    fn add_service(
        &mut self,
        part: &Part,
        metadata: ObjectMeta,
        port_name: &str,
        port: u16,
        headless: bool,
    ) {
        let ports = vec![ServicePort {
            name: Some(port_name.to_owned()),
            port: port.into(),
            protocol: Some("TCP".to_owned()),
            target_port: Some(IntOrString::Int(port.into())),
            ..ServicePort::default()
        }];
        let spec = ServiceSpec {
            cluster_ip: headless.then(|| "None".to_owned()),
            selector: self.selector(part).match_labels,
            ports: Some(ports),
            ..ServiceSpec::default()
        };
        self.add(Service { metadata, spec: Some(spec), ..Service::default() });
    }

    fn port(&mut self, part: &Part, service: &str, host: &str, port: u16) -> PortRef {
        let pods = self.pods(part);
        let host = self.host_name(host);
        PortRef {
            owner: self.id,
            peer: Peer::Pods(pods),
            host,
            service: service.into(),
            port,
            pod_port: port,
            outside: None,
        }
    }

    /// The name in full by which pods of every namespace find a name of this one.
    fn host_name(&self, name: &str) -> Arc<str> {
        [name, ".", &*self.built.namespace, ".svc.cluster.local"].concat().into()
    }

    /// A port of a Service that the chart makes.
    pub fn chart_port(&mut self, pods: &Pods, service: &str, port: u16, pod_port: u16) -> PortRef {
        PortRef {
            owner: self.id,
            peer: Peer::Pods(pods.clone()),
            host: self.host_name(service),
            service: service.into(),
            port,
            pod_port,
            outside: None,
        }
    }

    /// A further port of the part's pods, at which they are asked themselves: its Service has no
    /// such port.
    pub fn pod_port(&mut self, pods: &Pods, port: u16) -> PortRef {
        let name = pods.name.clone();
        self.chart_port(pods, &name, port, port)
    }

    /// A claim that this component makes, for others to mount.
    pub fn volume(&self, claim: &str, size: Bytes) -> VolumeRef {
        VolumeRef { owner: self.id, claim: claim.into(), size }
    }

    /// Makes a namespace that Argo CD never prunes, with the pod security level that its pods must
    /// keep.
    #[track_caller]
    pub fn namespace_of(&mut self, name: &str, level: &str, kubernetes: &str) -> NamespaceRef {
        self.namespace_with(name, level, kubernetes, [])
    }

    /// The same, with further labels.
    #[track_caller]
    pub fn namespace_with<'l>(
        &mut self,
        name: &str,
        level: &str,
        kubernetes: &str,
        more: impl IntoIterator<Item = (&'l str, &'l str)>,
    ) -> NamespaceRef {
        let part = Part { name: name.into(), role: "namespace", version: None };
        let mut metadata = self.meta_cluster(&part, name);
        let labels = metadata.labels.get_or_insert_default();
        for (mode, version) in POD_SECURITY {
            labels.insert(mode.to_owned(), level.to_owned());
            labels.insert(version.to_owned(), kubernetes.to_owned());
        }
        labels.extend(more.into_iter().map(|(key, value)| (key.to_owned(), value.to_owned())));
        self.protect(&mut metadata);
        self.add(Namespace { metadata, ..Namespace::default() });
        NamespaceRef { owner: self.id, name: name.into() }
    }

    /// The same namespace, once this component is healthy too: what is built in it waits for both.
    pub fn guarded(&mut self, namespace: &NamespaceRef) -> NamespaceRef {
        self.after(namespace.owner);
        NamespaceRef { owner: self.id, name: namespace.name.clone() }
    }

    /// A `PriorityClass` that this component makes.
    pub fn priority_class(&self, name: &'static str) -> PriorityRef {
        PriorityRef { owner: self.id, name }
    }

    /// The right to write objects of a kind whose CRD this component installs.
    pub fn crd<K: CustomResource>(&self) -> CrdRef<K> {
        CrdRef::new(self.id)
    }

    /// The right to declare credentials, whose sealed copies this component will hold. None in a
    /// tenant.
    ///
    /// `secrets` are the names of the Secrets whose values are sealed, by credential: a new value
    /// has a new name, so every pod that reads it is replaced, and waits until it is there.
    pub fn credential_store(&self, secrets: BTreeMap<String, Arc<str>>) -> Option<CredentialStore> {
        self.id.map(|owner| CredentialStore { owner, secrets })
    }

    /// An issuer that this component makes, and the pods through which it proves that a host is
    /// ours, where it does it so. None in a tenant.
    pub fn issuer(&self, name: &str, solver: Option<&Solver>) -> Option<IssuerRef> {
        Some(IssuerRef {
            owner: self.id?,
            name: name.into(),
            solver: solver.map(|it| (Selector::of(it.labels), it.port)),
        })
    }

    /// A certificate that this component makes for every name of one more label below a domain.
    /// None in a tenant.
    pub fn wildcard(&self, domain: &Host) -> Option<WildcardRef> {
        Some(WildcardRef { owner: self.id?, domain: domain.clone() })
    }

    pub(in crate::builder) fn after(&mut self, app: Option<AppId>) {
        self.built.after.extend(app.filter(|it| Some(*it) != self.id));
    }
}

impl Scope<'_> {
    /// Tells monitoring. What reads the contributions has no such word.
    pub fn contribute(&mut self, contribution: impl Into<Contribution>) {
        self.built.contributed.push(contribution.into());
    }

    /// Alerts an operator to a state of what is built here, in its namespace. A tenant has no
    /// alerts of its own: those of all workloads see it.
    pub fn alert(&mut self, alert: impl FnOnce(&str) -> Alert) {
        if self.id.is_some() {
            self.contribute(alert(&self.built.namespace));
        }
    }

    /// Offers a dashboard of what is built here, in its namespace. A tenant has none of its own:
    /// that of all workspaces shows it.
    pub fn dashboard(&mut self, dashboard: impl FnOnce(&str) -> Dashboard) {
        if self.id.is_some() {
            self.contribute(dashboard(&self.built.namespace));
        }
    }
}
