//! What is known of each chart: where it comes from, and which kinds it renders with our values.

pub mod alloy;
pub mod argo_cd;
pub mod blackbox_exporter;
pub mod cert_manager;
pub mod kube_prometheus_stack;
pub mod loki;
pub mod node_exporter;
pub mod sealed_secrets;

use crate::facts::versions::Pin;

/// A chart's facts, taken from its rendered templates at the tested version.
#[derive(Debug)]
pub struct ChartFacts {
    /// Its name in the repository.
    pub name: &'static str,
    /// The repository's URL.
    pub repository: &'static str,
    /// Its line in the tested set.
    pub pin: Pin,
    /// Kinds that it renders, hooks included.
    pub kinds: &'static [ObjectKind],
}

/// A kind that a chart renders, for the projects' whitelists.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum ObjectKind {
    /// Belongs to the cluster: group, kind, and the object's name as a glob. Never `*`: whoever may
    /// push a version of the chart could write any role, binding or webhook of the cluster. The
    /// chart's own stay open to them: what a name may contain, a project cannot say.
    Cluster(&'static str, &'static str, &'static str),
    /// Belongs to the Application's namespace: group, kind.
    Namespaced(&'static str, &'static str),
}
