//! References between components; none can be forged, since the fields are private to `builder`.
//!
//! A handle is self-sufficient: its holder can write its own half of a network policy, URL or
//! reference without looking at the tree. That is what lets ten thousand tenants be built one by
//! one.
//!
//! ```compile_fail
//! // A port is one that a component offered.
//! use espalier::builder::handle::PortRef;
//! fn forge(handle: PortRef) -> PortRef {
//!     PortRef { port: 1, ..handle }
//! }
//! ```
//! ```compile_fail
//! // Pods are those that somebody declared.
//! use espalier::builder::handle::Pods;
//! fn forge(handle: Pods) -> Pods {
//!     Pods { name: "nope".into(), ..handle }
//! }
//! ```
//! ```compile_fail
//! // A public host is the spec's.
//! use espalier::builder::handle::HostRef;
//! fn forge(handle: HostRef) -> HostRef {
//!     HostRef { host: handle.name().clone() }
//! }
//! ```
//! ```compile_fail
//! // Certificates come from an issuer that is made.
//! use espalier::builder::handle::IssuerRef;
//! fn forge(handle: IssuerRef) -> IssuerRef {
//!     IssuerRef { name: "nope".into(), ..handle }
//! }
//! ```
//! ```compile_fail
//! // The ingress controller is whichever the platform has.
//! use espalier::builder::ingress::IngressRef;
//! fn forge(handle: IngressRef) -> IngressRef {
//!     IngressRef { class: "nope".into(), ..handle }
//! }
//! ```
//! ```compile_fail
//! // A credential comes from a store, and the store from what holds the sealed copies.
//! use espalier::builder::credential::Credential;
//! fn forge(handle: Credential) -> Credential {
//!     Credential { secret: "nope".into(), ..handle }
//! }
//! ```
//! ```compile_fail
//! // A custom resource needs the right to write its kind, which the maker of its CRD alone gives.
//! use espalier::builder::handle::CrdRef;
//! fn forge<A, B>(handle: CrdRef<A>) -> CrdRef<B> {
//!     CrdRef { owner: handle.owner, kind: std::marker::PhantomData }
//! }
//! ```
//! ```compile_fail
//! // The volume of another component is mounted by its handle, not by a name.
//! use espalier::builder::handle::VolumeRef;
//! fn forge(handle: VolumeRef) -> VolumeRef {
//!     VolumeRef { claim: "nope".into(), ..handle }
//! }
//! ```
//! ```compile_fail
//! // A PriorityClass that nothing makes would never be let in.
//! use espalier::builder::handle::PriorityRef;
//! fn forge(handle: PriorityRef) -> PriorityRef {
//!     PriorityRef { name: "nope", ..handle }
//! }
//! ```
//! ```compile_fail
//! // A namespace that no Application makes is nowhere to build in.
//! use espalier::builder::handle::NamespaceRef;
//! fn forge(handle: NamespaceRef) -> NamespaceRef {
//!     NamespaceRef { name: "nope".into(), ..handle }
//! }
//! ```
//! ```compile_fail
//! // A volume is of a class that the cluster has.
//! use espalier::builder::handle::StorageClassRef;
//! fn forge(handle: StorageClassRef) -> StorageClassRef {
//!     StorageClassRef { name: "nope".into() }
//! }
//! ```
//!
//! All of these are types that one can hold and hand on:
//!
//! ```
//! use espalier::builder::{
//!     credential::Credential,
//!     handle::{
//!         CrdRef, HostRef, IssuerRef, NamespaceRef, Pods, PortRef, PriorityRef, StorageClassRef,
//!         VolumeRef,
//!     },
//!     ingress::IngressRef,
//! };
//! fn keep<T>(handle: T) -> T {
//!     handle
//! }
//! let _ = (keep::<PortRef>, keep::<Pods>, keep::<HostRef>, keep::<IssuerRef>);
//! let _ = (keep::<IngressRef>, keep::<Credential>, keep::<CrdRef<()>>, keep::<VolumeRef>);
//! let _ = (keep::<PriorityRef>, keep::<NamespaceRef>, keep::<StorageClassRef>);
//! ```
//!
//! What the cluster brings comes from [`super::cluster::Cluster`] alone.
//!
//! ```compile_fail
//! // The ingress controller is whichever the platform has, not one that a component knows by name.
//! let pods = espalier::builder::handle::Pods::traefik();
//! ```
//! ```compile_fail
//! // Nobody names the DNS server's pods: `scope.resolves_names` lets pods reach them.
//! let pods = espalier::builder::handle::Pods::dns();
//! ```
//! ```compile_fail
//! // Solver pods are reached with each certificate: `scope.public`.
//! let pods = espalier::builder::handle::Pods::solver(&"ai".into());
//! ```
//! ```compile_fail
//! // Pods in somebody's namespace are those that somebody declared.
//! use espalier::builder::handle::{NamespaceRef, Pods, Selector};
//! fn forge(namespace: &NamespaceRef, selector: Selector) -> Pods {
//!     Pods::of_cluster(namespace, "stranger", selector)
//! }
//! ```
//! ```compile_fail
//! // `kube-system` is the cluster's to offer.
//! let forged = espalier::builder::handle::NamespaceRef::kube_system();
//! ```
//! ```compile_fail
//! // Argo CD's namespace is the cluster's to offer, until an Application makes it.
//! let forged = espalier::builder::handle::NamespaceRef::argocd();
//! ```
//! ```compile_fail
//! // A name is no namespace.
//! let forged = espalier::builder::handle::NamespaceRef::destination("nope");
//! ```
//! ```compile_fail
//! // A name is no namespace of the cluster's either.
//! let forged = espalier::builder::handle::NamespaceRef::of_cluster("nope");
//! ```
//! ```compile_fail
//! // The cluster brings its own kinds, and no other.
//! use espalier::{builder::{cluster::Cluster, handle::CrdRef}, crds::cert_manager::ClusterIssuer};
//! fn forge(cluster: &Cluster) -> CrdRef<ClusterIssuer> {
//!     cluster.kind()
//! }
//! ```
//! ```compile_fail
//! // A flow goes to a port that somebody offers, never to an end that its user has made up.
//! use espalier::builder::{handle::{Peer, Pods}, scope::Scope};
//! fn forge(scope: &mut Scope<'_>, pods: &Pods) {
//!     scope.flow_to(pods, Peer::ApiServer, 6443);
//! }
//! ```
//! ```compile_fail
//! // What reads the contributions comes after all that contribute.
//! use espalier::builder::{contribution::Contribution, scope::{Closed, Scope}};
//! fn late(scope: &mut Scope<'_, Closed>, contribution: Contribution) {
//!     scope.contribute(contribution);
//! }
//! ```
//! ```compile_fail
//! // A public host is the platform's to hand out, and a tenant has one.
//! use espalier::{builder::{handle::HostRef, scope::Scope}, names::Host};
//! fn forge(scope: &mut Scope<'_>, host: &Host) -> HostRef {
//!     scope.host(host)
//! }
//! ```

use std::{collections::BTreeMap, fmt, marker::PhantomData, sync::Arc};

use super::endpoint::Endpoint;
use crate::{
    names::{Cidr, Host},
    platform::outside::Outside,
    units::Bytes,
};

/// The n-th Application of the floor plan. Build order is the order of the numbers.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct AppId(pub(in crate::builder) u16);

impl AppId {
    /// The position in [`crate::builder::platform::ClosedBuilder::finish`]'s list.
    pub fn index(self) -> usize {
        usize::from(self.0)
    }
}

/// Labels that select a set of pods.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Selector {
    /// Pods of one workload: `app.kubernetes.io/name` and `app.kubernetes.io/instance`, never more.
    Workload {
        /// `app.kubernetes.io/name`.
        name: Arc<str>,
        /// `app.kubernetes.io/instance`: the Application (the Helm release) that made the workload.
        instance: Arc<str>,
    },
    /// Pods that no component makes (the cluster's own, or made at run time), by the labels that
    /// they bear; by none, all pods of the namespace.
    Labels(Arc<BTreeMap<String, String>>),
}

impl Selector {
    /// By labels that a fact names.
    pub(in crate::builder) fn of(labels: &[(&str, &str)]) -> Self {
        let owned = |(key, value): &(&str, &str)| ((*key).to_owned(), (*value).to_owned());
        Self::Labels(Arc::new(labels.iter().map(owned).collect()))
    }

    /// The labels, as Kubernetes writes them.
    pub fn labels(&self) -> BTreeMap<String, String> {
        match self {
            Self::Workload { name, instance } => [
                (super::meta::NAME.to_owned(), (**name).to_owned()),
                (super::meta::INSTANCE.to_owned(), (**instance).to_owned()),
            ]
            .into(),
            Self::Labels(labels) => (**labels).clone(),
        }
    }
}

/// A set of pods in one namespace, as a `NetworkPolicy` names it: where a flow starts or ends.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Pods {
    pub(in crate::builder) namespace: Arc<str>,
    pub(in crate::builder) name: Arc<str>,
    pub(in crate::builder) selector: Selector,
}

impl Pods {
    /// The namespace that they run in.
    pub fn namespace(&self) -> &Arc<str> {
        &self.namespace
    }

    /// Their name; unique within the namespace.
    pub fn name(&self) -> &Arc<str> {
        &self.name
    }

    /// `namespace/name`, as tables show them.
    pub fn title(&self) -> String {
        format!("{}/{}", self.namespace, self.name)
    }

    /// The labels that select them.
    pub fn selector(&self) -> &Selector {
        &self.selector
    }

    /// Pods of a namespace that is not ours.
    pub(in crate::builder) fn of_cluster(
        namespace: &NamespaceRef,
        name: &str,
        selector: Selector,
    ) -> Self {
        Self { namespace: namespace.name.clone(), name: name.into(), selector }
    }
}

/// The near end of a flow.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Caller {
    /// Pods of this cluster.
    Pods(Pods),
    /// The API server, from another node than the pod's: as no policy can name such a process, the
    /// port is open to anybody.
    ApiServer,
    /// Pods of the workspaces that share what the platform serves: of every namespace that says so
    /// by this label ([`super::meta::SHARES_OLLAMA`], [`super::meta::SHARES_DATABASE`]).
    Workspaces(&'static str, &'static str),
}

/// The other end of a flow.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Peer {
    /// Pods of this cluster.
    Pods(Pods),
    /// The API server: a host process, which no pod selector can ever match, so by port alone.
    ApiServer,
    /// The kubelet of any node: a host process too.
    Kubelet,
    /// Addresses outside the cluster: everything but private ranges, pods and the metadata service.
    Outside,
    /// Addresses of the user's own network, which the spec names.
    Network(Cidr),
}

/// A namespace that some Application makes (or that the cluster brings): nothing is built outside
/// one.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct NamespaceRef {
    pub(in crate::builder) owner: Option<AppId>,
    pub(in crate::builder) name: Arc<str>,
}

impl NamespaceRef {
    /// A namespace that is there before any Application.
    pub(in crate::builder) fn of_cluster(name: &str) -> Self {
        Self { owner: None, name: name.into() }
    }
}

/// A port of a Service that some component declared.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct PortRef {
    pub(in crate::builder) owner: Option<AppId>,
    pub(in crate::builder) peer: Peer,
    pub(in crate::builder) host: Arc<str>,
    /// The Service's name, for an Ingress backend in the same namespace.
    pub(in crate::builder) service: Arc<str>,
    /// The Service's port, which URLs name.
    pub(in crate::builder) port: u16,
    /// The pods' port, which policies name (they see packets after the Service's address was
    /// translated).
    pub(in crate::builder) pod_port: u16,
    /// The server outside the cluster that it is a port of.
    pub(in crate::builder) outside: Option<Outside>,
}

impl PortRef {
    /// A port that the user's own network, or the world, offers: nothing of ours makes it, so
    /// nothing is waited for. Without a network of its own, it is outside of every private range.
    pub fn outside(server: &Outside) -> Self {
        Self {
            owner: None,
            peer: server.network().map_or(Peer::Outside, Peer::Network),
            host: server.host().clone(),
            service: server.host().clone(),
            port: server.port(),
            pod_port: server.port(),
            outside: Some(server.clone()),
        }
    }

    /// The Service's name.
    pub fn service(&self) -> &Arc<str> {
        &self.service
    }

    /// Where a client in the cluster finds it.
    pub fn endpoint(&self) -> Endpoint {
        Endpoint::new(&self.host, self.port)
    }

    /// The pods behind it, which a monitor selects; none for what no pod of the cluster answers.
    pub fn pods(&self) -> Option<&Pods> {
        match &self.peer {
            Peer::Pods(pods) => Some(pods),
            _ => None,
        }
    }

    /// The pods' port.
    pub fn pod_port(&self) -> u16 {
        self.pod_port
    }
}

/// A `PriorityClass` that some component makes: until it is there, no pod that bears it is let in.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PriorityRef {
    pub(in crate::builder) owner: Option<AppId>,
    pub(in crate::builder) name: &'static str,
}

/// A claim on a volume that some component makes, for other pods that read or fill it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct VolumeRef {
    pub(in crate::builder) owner: Option<AppId>,
    pub(in crate::builder) claim: Arc<str>,
    pub(in crate::builder) size: Bytes,
}

impl VolumeRef {
    /// What was asked for; not every class of storage holds its users to it.
    pub fn size(&self) -> Bytes {
        self.size
    }
}

/// That a component is there and healthy: for components that need no more of it.
#[derive(Clone, Copy, Debug)]
pub struct Running {
    pub(in crate::builder) owner: Option<AppId>,
}

/// The right to write objects of kind `K`: some component, or the cluster, installs its CRD.
pub struct CrdRef<K> {
    pub(in crate::builder) owner: Option<AppId>,
    pub(in crate::builder) kind: PhantomData<fn() -> K>,
}

impl<K> CrdRef<K> {
    pub(in crate::builder) fn new(owner: Option<AppId>) -> Self {
        Self { owner, kind: PhantomData }
    }
}

impl<K> Clone for CrdRef<K> {
    fn clone(&self) -> Self {
        *self
    }
}
impl<K> Copy for CrdRef<K> {}
impl<K> fmt::Debug for CrdRef<K> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("CrdRef").field("owner", &self.owner).finish_non_exhaustive()
    }
}

/// A class of storage that the cluster has.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StorageClassRef {
    pub(in crate::builder) name: Arc<str>,
}

impl StorageClassRef {
    /// Its name.
    pub fn name(&self) -> &Arc<str> {
        &self.name
    }
}

/// An issuer of certificates, Ready before every component that uses it.
#[derive(Clone, Debug)]
pub struct IssuerRef {
    pub(in crate::builder) owner: AppId,
    pub(in crate::builder) name: Arc<str>,
    /// The pods that answer a challenge, wherever the Ingress is that waits for a certificate, and
    /// their port. None: no pod has to answer.
    pub(in crate::builder) solver: Option<(Selector, u16)>,
}

impl IssuerRef {
    /// Its name.
    pub fn name(&self) -> &Arc<str> {
        &self.name
    }
}

/// A certificate for every name of one more label below a domain, which the ingress controller has
/// before every component that uses it.
#[derive(Clone, Debug)]
pub struct WildcardRef {
    pub(in crate::builder) owner: AppId,
    pub(in crate::builder) domain: Host,
}

impl WildcardRef {
    /// Whether it is for a host.
    pub fn covers(&self, host: &Host) -> bool {
        host.split_once('.').is_some_and(|(_, above)| *above == *self.domain)
    }
}

/// A public host name, to be served by one component; that no two have the same is a rule
/// (`host-taken`).
#[derive(Clone, Debug)]
pub struct HostRef {
    pub(in crate::builder) host: Host,
}

impl HostRef {
    /// The name itself.
    pub fn name(&self) -> &Host {
        &self.host
    }
}
