//! References between components; none can be forged, since the fields are private to `builder`.
//!
//! A handle is self-sufficient: its holder can write its own half of a network policy, URL or
//! reference without looking at the tree. That is what lets ten thousand tenants be built one by
//! one.
//!
//! ```compile_fail
//! // A port that no component offered cannot be written down.
//! let forged = espalier::builder::handle::HostRef { host: "chat.example.com".parse().unwrap() };
//! ```
//! ```compile_fail
//! // A credential comes from a store, and the store from the component that holds the sealed copies.
//! let forged = espalier::builder::handle::Credential { name: "postgresql".into() };
//! ```
//! ```compile_fail
//! // A custom resource needs the right to write its kind, which the maker of its CRD alone gives.
//! use espalier::{builder::handle::CrdRef, crds::cert_manager::ClusterIssuer};
//! let forged: CrdRef<ClusterIssuer> = CrdRef { owner: 0, kind: std::marker::PhantomData };
//! ```
//! ```compile_fail
//! // The volume of another component is mounted by its handle, not by a name.
//! let size = espalier::units::Bytes::gib(1);
//! let forged = espalier::builder::handle::VolumeRef { owner: None, claim: "openwebui".into(), size };
//! ```
//! ```compile_fail
//! // A pod that bears a PriorityClass which nothing makes would never be let in.
//! let forged = espalier::builder::handle::PriorityRef { owner: None, name: "nope" };
//! ```
//! ```compile_fail
//! // A namespace that no Application makes is nowhere to build in.
//! let forged = espalier::builder::handle::NamespaceRef { owner: None, name: "nope".into() };
//! ```

use std::{
    collections::BTreeMap,
    marker::PhantomData,
    sync::{Arc, LazyLock},
};

use crate::{
    names::{Address, Cidr, Host},
    units::{Bytes, Seconds},
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
    /// they bear.
    Labels(&'static [(&'static str, &'static str)]),
}

impl Selector {
    /// The labels, as Kubernetes writes them.
    pub fn labels(&self) -> BTreeMap<String, String> {
        match self {
            Self::Workload { name, instance } => [
                (super::meta::NAME.to_owned(), name.to_string()),
                (super::meta::INSTANCE.to_owned(), instance.to_string()),
            ]
            .into(),
            Self::Labels(labels) => {
                labels.iter().map(|(key, value)| ((*key).to_owned(), (*value).to_owned())).collect()
            }
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

    /// The labels that select them.
    pub fn selector(&self) -> &Selector {
        &self.selector
    }

    /// k3s' packaged ingress controller. Its `instance` label depends on the packaging, so only the
    /// name selects.
    pub fn traefik() -> Self {
        static TRAEFIK: LazyLock<Pods> =
            LazyLock::new(|| Pods::of_cluster("traefik", &[("app.kubernetes.io/name", "traefik")]));
        TRAEFIK.clone()
    }

    /// The cluster's DNS server.
    pub fn dns() -> Self {
        static DNS: LazyLock<Pods> =
            LazyLock::new(|| Pods::of_cluster("coredns", &[("k8s-app", "kube-dns")]));
        DNS.clone()
    }

    /// cert-manager's HTTP-01 solver pods: made at run time, in the namespace of the Ingress that
    /// waits for a certificate.
    pub(in crate::builder) fn solver(namespace: &Arc<str>) -> Self {
        Self {
            namespace: namespace.clone(),
            name: "acme-solver".into(),
            selector: Selector::Labels(&[("acme.cert-manager.io/http01-solver", "true")]),
        }
    }

    fn of_cluster(name: &str, labels: &'static [(&'static str, &'static str)]) -> Self {
        Self {
            namespace: "kube-system".into(),
            name: name.into(),
            selector: Selector::Labels(labels),
        }
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
}

/// The other end of a flow.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Peer {
    /// Pods of this cluster.
    Pods(Pods),
    /// The API server: a host process, which no pod selector can ever match, so by port alone.
    ApiServer,
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
    /// A namespace that every cluster has, and that is not ours.
    pub fn kube_system() -> Self {
        Self { owner: None, name: "kube-system".into() }
    }

    /// Argo CD's own, which is there before Argo CD reads anything.
    pub fn argocd() -> Self {
        Self { owner: None, name: "argocd".into() }
    }

    /// The destination of an Application whose objects all belong to the cluster: it needs one, and
    /// puts nothing there.
    pub fn destination(name: &str) -> Self {
        Self { owner: None, name: name.into() }
    }

    /// Its name.
    pub fn name(&self) -> &Arc<str> {
        &self.name
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
}

impl PortRef {
    /// A port that the user's own network, or the world, offers: nothing of ours makes it, so
    /// nothing is waited for. `within` is the network that it is in; without, it is outside of
    /// every private range.
    pub fn outside(host: &Address, port: u16, within: Option<&Cidr>) -> Self {
        let peer = within.map_or(Peer::Outside, |it| Peer::Network(it.clone()));
        Self {
            owner: None,
            peer,
            host: host.shared(),
            service: host.shared(),
            port,
            pod_port: port,
        }
    }

    /// The Service's name.
    pub fn service(&self) -> &Arc<str> {
        &self.service
    }

    /// `host:port` for a client in the cluster.
    pub fn address(&self) -> String {
        format!("{}:{}", self.host, self.port)
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

/// An issuer of certificates, Ready before every component that uses it.
#[derive(Clone, Debug)]
pub struct IssuerRef {
    pub(in crate::builder) owner: AppId,
    pub(in crate::builder) name: Arc<str>,
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

/// What a component would like monitoring to know. Collected by the floor plan for what is built
/// last.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Contribution {
    /// A Prometheus endpoint.
    Scrape {
        /// Where it answers.
        port: PortRef,
        /// The HTTP path.
        path: &'static str,
    },
    /// An address that should answer.
    Probe {
        /// What to ask.
        target: PortRef,
        /// `http` or `tcp`.
        module: &'static str,
        /// The HTTP path, empty for TCP.
        path: &'static str,
    },
    /// A state that an operator must be alerted to.
    Alert(Alert),
}

/// An alert, as Prometheus' rules have it.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Alert {
    /// Its name, unique in a platform.
    pub name: &'static str,
    /// A query of Prometheus that has a value while something is wrong.
    pub expression: String,
    /// How long it must have one.
    pub after: Seconds,
    /// How much it matters.
    pub severity: AlertSeverity,
    /// What is wrong, in one sentence.
    pub summary: String,
    /// What to do about it.
    pub runbook: String,
}

/// How much an alert matters.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum AlertSeverity {
    /// An operator must act now.
    Critical,
    /// An operator must act during working hours.
    Warning,
}

impl AlertSeverity {
    /// The label's value.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Critical => "critical",
            Self::Warning => "warning",
        }
    }
}

/// Everything contributed. Only a closed builder makes one, so nothing that contributes can come
/// later.
#[derive(Debug, Default)]
pub struct Contributions(pub(in crate::builder) Vec<Contribution>);

impl Contributions {
    /// In build order.
    pub fn iter(&self) -> impl Iterator<Item = &Contribution> {
        self.0.iter()
    }
}
