//! A component, built: what it makes, and what it used of others.

use std::{collections::BTreeSet, sync::Arc};

use super::{
    chart::Chart,
    contribution::Contribution,
    credential::Credential,
    handle::{AppId, Caller, Peer, Pods, PortRef},
    object::Object,
    script::ScriptFact,
};
use crate::{names::Host, platform::outside::Outside};

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
    pub templated_key: Option<(&'static str, String)>,
}

/// A component, built: the objects that it makes and the handles that it uses.
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
    /// Objects that an operator applies by hand: they lie beside the tree, and Argo CD never
    /// sees them.
    pub manual_objects: Vec<Object>,
    /// Hosts for which it wants a certificate.
    pub certificates: BTreeSet<Host>,
    /// Solver pods while they are being issued: one a host, where an ACME server asks by HTTP.
    pub solvers: u32,
    /// What the bootstrap script has to know of it.
    pub script: Vec<ScriptFact>,
    /// Servers outside the cluster that its pods call.
    pub outside: BTreeSet<Outside>,
    /// What somebody else must provide for it, in sentences of Markdown.
    pub provided_outside: Vec<String>,
    /// Pages of it that have no public host.
    pub forwarded: Vec<PortRef>,
    /// What it would like monitoring to know. A closed builder takes it from the platform's own
    /// components; a tenant keeps its own.
    pub contributed: Vec<Contribution>,
}
