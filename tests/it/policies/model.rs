//! A small model of how Kubernetes applies network policies.

use std::{
    collections::{BTreeMap, BTreeSet},
    net::Ipv4Addr,
};

use serde_yaml::Value;

use super::expected::End;
use crate::{
    invariants::{Tree, namespace_of},
    support::{Read, at, items, labels, selects},
};

type Labels = BTreeMap<String, String>;

/// Addresses of private networks: a database of the golden and random platforms, the address beside
/// it, and one of another network.
const NEIGHBOURS: [[u8; 4]; 4] =
    [[10, 0, 0, 7], [192, 168, 7, 20], [192, 168, 7, 21], [172, 16, 0, 5]];

/// Pods and policies of a tree.
pub struct Cluster {
    policies: Vec<Policy>,
    pods: Vec<End>,
}

struct Policy {
    namespace: String,
    selector: Labels,
    ingress: Option<Vec<Rule>>,
    egress: Option<Vec<Rule>>,
}

struct Rule {
    /// None: every port.
    ports: Option<Vec<(u16, String)>>,
    /// None: everybody.
    peers: Option<Vec<Peer>>,
}

enum Peer {
    Pods {
        namespace: String,
        selector: Labels,
    },
    /// All pods of these.
    Namespaces(BTreeSet<String>),
    /// All addresses except private ones.
    Outside,
    /// All addresses.
    All,
    /// One range: base and mask.
    Range(u32, u32),
    /// No range at all.
    Nobody,
}

impl Cluster {
    pub fn of(tree: &Tree) -> Self {
        let pods = tree
            .all_pods()
            .into_iter()
            .map(|(namespace, labels)| End::Pods { namespace, labels })
            .collect();
        Self {
            policies: tree.of_kind("NetworkPolicy").map(|it| Policy::of(it, tree)).collect(),
            pods,
        }
    }

    /// All ends that a connection can have.
    pub fn ends(&self) -> Vec<End> {
        self.pods
            .iter()
            .cloned()
            .chain([End::ApiServer, End::Outside])
            .chain(NEIGHBOURS.map(|it| End::At(it.into())))
            .collect()
    }

    /// Namespaces with a policy that selects every pod and permits nothing.
    pub fn denied_namespaces(&self) -> BTreeSet<&str> {
        let nothing = |rules: &Option<Vec<Rule>>| rules.as_ref().is_some_and(Vec::is_empty);
        let deny = self
            .policies
            .iter()
            .filter(|it| it.selector.is_empty() && nothing(&it.ingress) && nothing(&it.egress));
        deny.map(|it| it.namespace.as_str()).collect()
    }

    /// Whether the policies let the connection out of the client.
    pub fn lets_out(&self, from: &End, to: &End, port: u16, protocol: &str) -> bool {
        self.lets(from, |it| it.egress.as_ref(), to, (port, protocol))
    }

    /// Whether the policies let the connection into the server.
    pub fn lets_in(&self, from: &End, to: &End, port: u16, protocol: &str) -> bool {
        self.lets(to, |it| it.ingress.as_ref(), from, (port, protocol))
    }

    fn lets(
        &self,
        me: &End,
        rules: impl Fn(&Policy) -> Option<&Vec<Rule>>,
        other: &End,
        port: (u16, &str),
    ) -> bool {
        // No policy applies to an end that is not a pod.
        let End::Pods { namespace, labels } = me else { return true };
        let mine = self.policies.iter().filter(|policy| {
            policy.namespace == *namespace
                && (policy.selector.is_empty() || selects(&policy.selector, labels))
        });
        let mut applying = mine.filter_map(rules).peekable();
        // A pod that no policy selects in a direction is open; if several do, a connection that one
        // of them permits is permitted.
        applying.peek().is_none() || applying.flatten().any(|it| it.permits(other, port))
    }
}

impl Policy {
    fn of(policy: &Read, tree: &Tree) -> Self {
        let home = policy.namespace().unwrap_or_default();
        let has = |kind: &str| items(policy.at("spec/policyTypes")).any(|it| it == kind);
        let rules = |list: &str, peers: &str| {
            items(at(policy.at("spec"), list))
                .map(|it| Rule::of(it, peers, (home, tree)))
                .collect::<Vec<_>>()
        };
        Self {
            namespace: home.to_owned(),
            selector: labels(policy.at("spec/podSelector/matchLabels")),
            ingress: has("Ingress").then(|| rules("ingress", "from")),
            egress: has("Egress").then(|| rules("egress", "to")),
        }
    }
}

impl Rule {
    fn of(rule: &Value, peers: &str, home: (&str, &Tree)) -> Self {
        let port = |port: &Value| {
            Some((
                u16::try_from(at(port, "port").as_u64()?).ok()?,
                at(port, "protocol").as_str()?.to_owned(),
            ))
        };
        let list = |key: &str| at(rule, key).as_sequence();
        Self {
            ports: list("ports").map(|it| it.iter().filter_map(port).collect()),
            peers: list(peers).map(|all| all.iter().map(|it| Peer::of(it, home)).collect()),
        }
    }

    fn permits(&self, other: &End, port: (u16, &str)) -> bool {
        let is_port = self.ports.as_ref().is_none_or(|ports| {
            ports.iter().any(|(number, protocol)| (*number, protocol.as_str()) == port)
        });
        is_port && self.peers.as_ref().is_none_or(|peers| peers.iter().any(|it| it.is(other)))
    }
}

impl Peer {
    fn of(peer: &Value, (home, tree): (&str, &Tree)) -> Self {
        let selected = at(peer, "namespaceSelector/matchLabels");
        if !selected.is_null() && namespace_of(peer).is_none() {
            let wanted = labels(selected);
            let has = |object: &&Read| selects(&wanted, &labels(object.at("metadata/labels")));
            let its = tree.of_kind("Namespace").filter(has).map(|it| it.name().to_owned());
            return Self::Namespaces(its.collect());
        }
        let block = at(peer, "ipBlock");
        let has_private = items(at(block, "except")).any(|it| it == "10.0.0.0/8");
        match at(block, "cidr").as_str() {
            None => Self::Pods {
                namespace: namespace_of(peer).unwrap_or(home).to_owned(),
                selector: labels(at(peer, "podSelector/matchLabels")),
            },
            Some("0.0.0.0/0") if has_private => Self::Outside,
            Some("0.0.0.0/0") => Self::All,
            Some(range) => range
                .split_once('/')
                .and_then(|(base, bits)| Self::range(base, bits))
                .unwrap_or(Self::Nobody),
        }
    }

    fn range(base: &str, bits: &str) -> Option<Self> {
        let mask = u32::MAX.checked_shl(32 - bits.parse::<u32>().ok()?).unwrap_or(0);
        Some(Self::Range(base.parse::<Ipv4Addr>().ok()?.to_bits(), mask))
    }

    fn is(&self, end: &End) -> bool {
        match (self, end) {
            (Self::All, _) | (Self::Outside, End::Outside) => true,
            (Self::Namespaces(all), End::Pods { namespace, .. }) => all.contains(namespace),
            (Self::Range(base, mask), End::At(ip)) => ip.to_bits() & mask == *base,
            (Self::Pods { namespace, selector }, End::Pods { namespace: own, labels }) => {
                namespace == own && (selector.is_empty() || selects(selector, labels))
            }
            // A process of the host has a private address and no labels.
            _ => false,
        }
    }
}
