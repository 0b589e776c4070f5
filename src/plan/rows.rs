//! The plan as rows: what `show`, `out/README.md` and tools read.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
};

use serde::Serialize;

use crate::{
    builder::{
        component::Flow,
        handle::{Caller, Peer, Pods},
    },
    facts::kubernetes::{EVERYWHERE, NOT_OUTSIDE},
};

/// One Application and its wave.
#[derive(Debug, Serialize)]
pub struct WaveRow {
    /// Its name.
    pub application: Arc<str>,
    /// Its wave: it is created when all of the earlier waves are healthy.
    pub wave: u32,
    /// What it directly waits for.
    pub after: Vec<Arc<str>>,
    /// Its destination.
    pub namespace: Arc<str>,
}

/// What an end of a flow includes, for policies and programs.
#[derive(Clone, Debug, Serialize, PartialEq, Eq, PartialOrd, Ord)]
#[serde(rename_all = "camelCase")]
pub enum Reach {
    /// Pods of one namespace.
    Pods {
        /// The namespace.
        namespace: Arc<str>,
        /// The labels that select them.
        labels: BTreeMap<String, String>,
    },
    /// All pods of the namespaces that bear labels.
    Namespaces {
        /// The labels.
        labels: BTreeMap<String, String>,
    },
    /// Addresses, whatever uses them.
    Addresses {
        /// The range.
        cidr: String,
        /// Ranges within it that are left out.
        except: Vec<&'static str>,
    },
    /// Any pod and any address: of a process of a host, a policy can say no more than the port.
    Anywhere,
}

impl Reach {
    fn of_pods(pods: &Pods) -> Self {
        Self::Pods { namespace: pods.namespace().clone(), labels: pods.selector().labels() }
    }
}

impl From<&Caller> for Reach {
    fn from(caller: &Caller) -> Self {
        match caller {
            Caller::Pods(pods) => Self::of_pods(pods),
            Caller::ApiServer => Self::Anywhere,
            Caller::Workspaces(key, value) => {
                Self::Namespaces { labels: [((*key).to_owned(), (*value).to_owned())].into() }
            }
        }
    }
}

impl From<&Peer> for Reach {
    fn from(peer: &Peer) -> Self {
        match peer {
            Peer::Pods(pods) => Self::of_pods(pods),
            Peer::ApiServer | Peer::Kubelet => Self::Anywhere,
            Peer::Outside => {
                Self::Addresses { cidr: EVERYWHERE.to_owned(), except: NOT_OUTSIDE.to_vec() }
            }
            Peer::Network(cidr) => Self::Addresses { cidr: cidr.to_string(), except: Vec::new() },
        }
    }
}

/// One side of traffic that no policy restricts.
#[derive(Clone, Debug, Serialize, PartialEq, Eq, PartialOrd, Ord)]
#[serde(rename_all = "camelCase")]
pub enum Unrestricted {
    /// All pods of every namespace but these.
    OtherNamespaces(BTreeSet<Arc<str>>),
    /// Any pod.
    EveryPod,
    /// The node that the pod is on.
    OwnNode,
}

/// An end of a row, for programs.
#[derive(Clone, Debug, Serialize, PartialEq, Eq, PartialOrd, Ord)]
#[serde(untagged)]
pub enum End {
    /// Of a flow, which some component declared.
    Flow(Reach),
    /// Of traffic that needs no declaration.
    Unrestricted(Unrestricted),
}

/// One permitted connection.
#[derive(Debug, Serialize, PartialEq, Eq, PartialOrd, Ord)]
pub struct FlowRow {
    /// The client: `namespace/pods`.
    pub from: String,
    /// The server.
    pub to: String,
    /// The pods' port; none: every port.
    pub port: Option<u16>,
    /// `TCP` or `UDP`, or `any`.
    pub protocol: &'static str,
    /// The components that declared it.
    pub why: String,
    /// The client, for programs.
    pub source: End,
    /// The server, for programs.
    pub destination: End,
}

impl FlowRow {
    /// The row of a flow, with the components that declared it.
    pub fn of(flow: &Flow, why: String) -> Self {
        Self {
            from: match &flow.from {
                Caller::Pods(pods) => pods.title(),
                Caller::ApiServer => "anybody (API server)".to_owned(),
                Caller::Workspaces(..) => "workspaces that share it".to_owned(),
            },
            to: match &flow.to {
                Peer::Pods(pods) => pods.title(),
                Peer::ApiServer => "API server".to_owned(),
                Peer::Kubelet => "kubelet".to_owned(),
                Peer::Outside => "outside".to_owned(),
                Peer::Network(cidr) => cidr.to_string(),
            },
            port: Some(flow.port),
            protocol: flow.protocol,
            why,
            source: End::Flow((&flow.from).into()),
            destination: End::Flow((&flow.to).into()),
        }
    }

    /// What is open without a policy: all that concerns pods of other namespaces than those that
    /// have a default deny, and every pod for its own node, whose kubelet asks for its health.
    pub fn of_cluster(guarded: &BTreeSet<Arc<str>>) -> [Self; 3] {
        let others = "pods of namespaces without policies";
        let row = |(from, source): (&str, End), (to, destination): (&str, End), why: &str| Self {
            from: from.to_owned(),
            to: to.to_owned(),
            port: None,
            protocol: "any",
            why: why.to_owned(),
            source,
            destination,
        };
        let other = || (others, End::Unrestricted(Unrestricted::OtherNamespaces(guarded.clone())));
        let (node, pods) =
            (End::Unrestricted(Unrestricted::OwnNode), End::Unrestricted(Unrestricted::EveryPod));
        [
            row(("anybody", End::Flow(Reach::Anywhere)), other(), "no policy selects them"),
            row(other(), ("anywhere", End::Flow(Reach::Anywhere)), "no policy selects them"),
            row(("its own node", node), ("every pod", pods), "the kubelet's probes"),
        ]
    }
}

/// One credential.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct SecretRow {
    /// Its name.
    pub credential: &'static str,
    /// The keys that must be sealed.
    pub keys: Vec<&'static str>,
    /// Namespaces that need a copy.
    pub namespaces: Vec<Arc<str>>,
    /// Whether every copy is sealed.
    pub sealed: bool,
    /// Applications that use it.
    pub used_by: Vec<Arc<str>>,
}
