//! The scope of one component: it collects objects, mints handles, and records what was spent.

use std::{
    collections::{BTreeMap, BTreeSet},
    panic::Location,
    sync::Arc,
};

use k8s_openapi::{
    Metadata, Resource,
    api::core::v1::{
        EnvVar, EnvVarSource, Namespace, SecretKeySelector, Service, ServicePort, ServiceSpec,
    },
    apimachinery::pkg::{
        apis::meta::v1::{LabelSelector, ObjectMeta},
        util::intstr::IntOrString,
    },
};
use serde::Serialize;

use super::{
    chart::Chart,
    cluster::ClusterFacts,
    credential::{Credential, CredentialStore},
    handle::{
        AppId, Caller, Contribution, CrdRef, HostRef, IssuerRef, NamespaceRef, Peer, Pods, PortRef,
        PriorityRef, Running, Selector, VolumeRef,
    },
    meta::{Naming, Part, protect},
    object::{CustomResource, Object},
};
use crate::{names::Host, units::Bytes};

/// One permitted connection, by pod port. It orders nothing: Prometheus scrapes what starts after
/// it.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Flow {
    /// Who speaks. An edge starts at pods, not at an Application: two workloads of one chart may
    /// reach different things.
    pub from: Caller,
    /// Who is spoken to.
    pub to: Peer,
    /// The pods' port.
    pub port: u16,
    /// `TCP` or `UDP`.
    pub protocol: &'static str,
}

/// A sealed copy of a credential that some namespace needs.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct SecretCopy {
    /// The namespace.
    pub namespace: Arc<str>,
    /// The credential.
    pub credential: Credential,
    /// A further key that the controller fills from the sealed ones when it opens them: name, Go
    /// template.
    pub derived: Option<(&'static str, String)>,
}

/// A component, built: what it makes and what it spent.
pub struct BuiltComponent {
    /// The Application's name.
    pub name: Arc<str>,
    /// The Application's destination namespace.
    pub namespace: Arc<str>,
    /// What it consists of, unless a chart makes it.
    pub objects: Vec<Object>,
    /// The chart that makes it.
    pub chart: Option<Chart>,
    /// Applications that must be healthy first: the only thing that waves are made of.
    pub after: BTreeSet<AppId>,
    /// The only thing that network policies are made of.
    pub flows: BTreeSet<Flow>,
    /// The pods that it declared, whether or not they speak.
    pub pods: BTreeSet<Pods>,
    /// Credentials, and the namespaces that need a sealed copy.
    pub copies: BTreeSet<SecretCopy>,
    /// Objects that people apply when they need them: they lie beside the tree, and Argo CD never
    /// sees them.
    pub manual_objects: Vec<Object>,
    /// Hosts for which it wants a certificate; each is one solver pod while it is being issued.
    pub certificates: BTreeSet<Host>,
}

/// Where one component builds.
pub struct Scope<'a> {
    id: Option<AppId>, // None: a tenant; nothing of a tenant is ever waited for by another
    naming: Naming,
    cluster: ClusterFacts,
    built: BuiltComponent,
    contributed: &'a mut Vec<Contribution>,
}

impl<'a> Scope<'a> {
    pub(in crate::builder) fn new(
        id: Option<AppId>,
        (naming, cluster): (Naming, ClusterFacts),
        name: &str,
        namespace: &NamespaceRef,
        contributed: &'a mut Vec<Contribution>,
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
        };
        Self { id, naming, cluster, built, contributed }
    }

    pub(in crate::builder) fn done(self) -> BuiltComponent {
        self.built
    }

    /// The namespace that is built in.
    pub fn namespace(&self) -> &Arc<str> {
        &self.built.namespace
    }

    /// What it stands on.
    pub fn cluster(&self) -> &ClusterFacts {
        &self.cluster
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
            namespace: Some(self.built.namespace.to_string()),
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

    /// Adds an object of a kind that every cluster knows.
    #[track_caller]
    pub fn add<K>(&mut self, object: K)
    where
        K: Resource + Metadata<Ty = ObjectMeta> + Serialize + Send + Sync + 'static,
    {
        self.built.objects.push(Object::builtin(object, Location::caller()));
    }

    /// Adds an object of a kind whose CRD must be there first: an order.
    #[track_caller]
    pub fn add_custom<K: CustomResource>(&mut self, crd: CrdRef<K>, object: K) {
        self.after(crd.owner);
        self.built.objects.push(Object::custom(object, Location::caller()));
    }

    /// Adds an object that people apply when they need it. It is under the component's policies, as
    /// it bears the component's labels.
    #[track_caller]
    pub fn add_by_hand<K>(&mut self, object: K)
    where
        K: Resource + Metadata<Ty = ObjectMeta> + Serialize + Send + Sync + 'static,
    {
        self.built.manual_objects.push(Object::builtin(object, Location::caller()));
    }

    /// Makes the chart the component's body.
    pub fn chart(&mut self, chart: Chart) {
        self.built.chart = Some(chart);
    }

    // Handles are minted here …

    /// The pods of one workload, declared: from now on their namespace may get its default deny.
    pub fn pods(&mut self, part: &Part) -> Pods {
        self.declare(part.name.clone())
    }

    /// The pods of one workload that a chart makes under `app.kubernetes.io/name: <name>`.
    pub fn chart_pods(&mut self, name: &str) -> Pods {
        self.declare(name.into())
    }

    fn declare(&mut self, name: Arc<str>) -> Pods {
        let selector = self.workload(&name);
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
        let host = format!("{host}.{}.svc.cluster.local", self.built.namespace).into();
        PortRef {
            owner: self.id,
            peer: Peer::Pods(pods),
            host,
            service: service.into(),
            port,
            pod_port: port,
        }
    }

    /// A port of a Service that the chart makes.
    pub fn chart_port(&mut self, pods: &Pods, service: &str, port: u16, pod_port: u16) -> PortRef {
        let host = format!("{service}.{}.svc.cluster.local", self.built.namespace).into();
        PortRef {
            owner: self.id,
            peer: Peer::Pods(pods.clone()),
            host,
            service: service.into(),
            port,
            pod_port,
        }
    }

    /// A claim that this component makes, for others to mount.
    pub fn volume(&self, claim: &str, size: Bytes) -> VolumeRef {
        VolumeRef { owner: self.id, claim: claim.into(), size }
    }

    /// Makes a namespace that Argo CD never prunes, with the pod security level that its pods must
    /// keep.
    #[track_caller]
    pub fn namespace_of(&mut self, name: &str, level: &str, kubernetes: &str) -> NamespaceRef {
        let part = Part { name: name.into(), role: "namespace", version: None };
        let mut metadata = self.meta_cluster(&part, name);
        let labels = metadata.labels.get_or_insert_default();
        for mode in ["enforce", "audit", "warn"] {
            labels.insert(format!("pod-security.kubernetes.io/{mode}"), level.to_owned());
            labels.insert(
                format!("pod-security.kubernetes.io/{mode}-version"),
                kubernetes.to_owned(),
            );
        }
        protect(&mut metadata);
        self.add(Namespace { metadata, ..Namespace::default() });
        NamespaceRef { owner: self.id, name: name.into() }
    }

    /// The same namespace, once this component is healthy too: whoever builds in it waits for both.
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

    /// The right to mint credentials, whose sealed copies this component will hold. None in a
    /// tenant.
    ///
    /// `secrets` are the names of the Secrets whose values are sealed, by credential: a new value
    /// has a new name, so whoever reads it is replaced, and waits until it is there.
    pub fn credential_store(&self, secrets: BTreeMap<String, Arc<str>>) -> Option<CredentialStore> {
        self.id.map(|owner| CredentialStore { owner, secrets })
    }

    /// An issuer that this component makes. None in a tenant.
    pub fn issuer(&self, name: &str) -> Option<IssuerRef> {
        Some(IssuerRef { owner: self.id?, name: name.into() })
    }

    // … and spent here, which is what records the edge.

    /// "I call it, and it must be up before me": a flow and an order. Returns `scheme://host:port`.
    pub fn url(&mut self, from: &Pods, scheme: &str, to: &PortRef) -> String {
        self.after(to.owner);
        self.url_at_run_time(from, scheme, to)
    }

    /// "I call it, and can wait until it is up": a flow, no order.
    pub fn url_at_run_time(&mut self, from: &Pods, scheme: &str, to: &PortRef) -> String {
        self.flow(from, to);
        format!("{scheme}://{}", to.address())
    }

    /// "It may be called": a flow, no order. Whoever holds both ends may say so.
    pub fn flow(&mut self, from: &Pods, to: &PortRef) {
        self.flow_to(from, to.peer.clone(), to.pod_port);
    }

    /// A flow to something that has no Service of ours.
    pub fn flow_to(&mut self, from: &Pods, to: Peer, port: u16) {
        self.built.flows.insert(Flow {
            from: Caller::Pods(from.clone()),
            to,
            port,
            protocol: "TCP",
        });
    }

    /// The API server calls the pods (a webhook). From their own node it always may; from another
    /// it comes as the network's own address.
    pub fn serves_webhook(&mut self, pods: &Pods, port: u16) {
        if self.cluster.several_nodes {
            self.built.flows.insert(Flow {
                from: Caller::ApiServer,
                to: Peer::Pods(pods.clone()),
                port,
                protocol: "TCP",
            });
        }
    }

    /// The pods resolve names: DNS, both protocols.
    pub fn resolves_names(&mut self, from: &Pods) {
        for protocol in ["TCP", "UDP"] {
            let from = Caller::Pods(from.clone());
            self.built.flows.insert(Flow { from, to: Peer::Pods(Pods::dns()), port: 53, protocol });
        }
    }

    /// An environment variable from a credential: an order, and a sealed copy in this namespace.
    pub fn env_secret(&mut self, name: &str, credential: &Credential, key: &'static str) -> EnvVar {
        self.copy(credential, None);
        env_from(name, &credential.secret, key)
    }

    /// An environment variable that the controller composes when it opens the credential (a URL
    /// with an escaped password).
    pub fn env_derived(
        &mut self,
        name: &str,
        credential: &Credential,
        key: &'static str,
        template: String,
    ) -> EnvVar {
        self.copy(credential, Some((key, template)));
        env_from(name, &credential.secret, key)
    }

    fn copy(&mut self, credential: &Credential, derived: Option<(&'static str, String)>) {
        self.after(Some(credential.credentials));
        self.built.copies.insert(SecretCopy {
            namespace: self.built.namespace.clone(),
            credential: credential.clone(),
            derived,
        });
    }

    /// Asks for a certificate: an order on the issuer, and the way of its solver pods. Returns the
    /// issuer's name.
    pub fn certificate(&mut self, issuer: &IssuerRef, host: &HostRef) -> Arc<str> {
        self.after(Some(issuer.owner));
        let solver = Pods::solver(&self.built.namespace);
        self.flow_to(&Pods::traefik(), Peer::Pods(solver), 8089);
        self.built.certificates.insert(host.host.clone());
        issuer.name.clone()
    }

    /// Bears a priority: an order. Returns the class's name.
    pub fn priority(&mut self, priority_ref: PriorityRef) -> String {
        self.after(priority_ref.owner);
        priority_ref.name.to_owned()
    }

    /// Mounts another component's volume: an order. Returns the claim's name, in the namespace that
    /// is built in.
    pub fn claim_of(&mut self, volume: &VolumeRef) -> Arc<str> {
        self.after(volume.owner);
        volume.claim.clone()
    }

    /// That this component is there.
    pub fn running(&self) -> Running {
        Running { owner: self.id }
    }

    /// What is built here comes after a component.
    pub fn wait_until(&mut self, it: Running) {
        self.after(it.owner);
    }

    /// A sealed copy in this namespace, for a reader that finds it by its name.
    pub fn spend(&mut self, credential: &Credential) {
        self.copy(credential, None);
    }

    /// For a chart that needs a kind from its own templates, or a component whose objects a
    /// controller must see.
    pub fn wait_for<K>(&mut self, crd: &CrdRef<K>) {
        self.after(crd.owner);
    }

    /// Tells monitoring.
    pub fn contribute(&mut self, contribution: Contribution) {
        self.contributed.push(contribution);
    }

    fn after(&mut self, app: Option<AppId>) {
        self.built.after.extend(app.filter(|it| Some(*it) != self.id));
    }
}

fn env_from(name: &str, secret: &str, key: &str) -> EnvVar {
    let key = SecretKeySelector {
        name: secret.to_owned(),
        key: key.to_owned(),
        ..SecretKeySelector::default()
    };
    let value_from = EnvVarSource { secret_key_ref: Some(key), ..EnvVarSource::default() };
    EnvVar { name: name.to_owned(), value_from: Some(value_from), ..EnvVar::default() }
}
