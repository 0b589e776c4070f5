//! Network policies, made of flows only: a default deny, and what each set of pods may do besides.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
};

use k8s_openapi::{
    api::networking::v1::{
        IPBlock, NetworkPolicy, NetworkPolicyEgressRule, NetworkPolicyIngressRule, NetworkPolicyPeer, NetworkPolicyPort, NetworkPolicySpec,
    },
    apimachinery::pkg::{
        apis::meta::v1::{LabelSelector, ObjectMeta},
        util::intstr::IntOrString,
    },
};

use crate::{
    builder::{
        handle::{Peer, Pods},
        meta::Naming,
        scope::Flow,
    },
    facts::kubernetes::NOT_OUTSIDE,
};

/// The rules of one set of pods, ports by peer.
#[derive(Default)]
struct Allowed<'a> {
    ingress: BTreeMap<&'a Pods, BTreeSet<(u16, &'static str)>>,
    egress: BTreeMap<&'a Peer, BTreeSet<(u16, &'static str)>>,
}

/// The policies of one namespace: `allow-<pods>` for each set of pods that speaks or is spoken to, and `default-deny`.
///
/// The names matter: ArgoCD applies policies by name, and an `allow-…` must be there before the deny cuts ArgoCD itself off.
/// There is one policy a set of pods, never a union over a namespace. Policies see pod ports, after the Service's address was
/// translated, so ports are numbers of the pods.
pub fn of_namespace<'a>(namespace: &str, instance: &str, naming: &Naming, flows: impl Iterator<Item = &'a Flow>) -> Vec<NetworkPolicy> {
    let mut pods: BTreeMap<&Pods, Allowed<'_>> = BTreeMap::new();
    for flow in flows {
        if let Peer::Pods(to) = &flow.to
            && **to.namespace() == *namespace
        {
            pods.entry(to).or_default().ingress.entry(&flow.from).or_default().insert((flow.port, flow.protocol));
        }
        if **flow.from.namespace() == *namespace {
            pods.entry(&flow.from).or_default().egress.entry(&flow.to).or_default().insert((flow.port, flow.protocol));
        }
    }
    let metadata = |name: &str| ObjectMeta {
        name: Some(name.to_owned()),
        namespace: Some(namespace.to_owned()),
        labels: Some(naming.labels(name, instance, "network-policy", None)),
        ..ObjectMeta::default()
    };
    let mut policies: Vec<NetworkPolicy> = pods
        .iter()
        .map(|(pods, allowed)| NetworkPolicy {
            metadata: metadata(&format!("allow-{}", pods.name())),
            spec: Some(allowed.spec(pods, namespace)),
        })
        .collect();
    let deny = NetworkPolicySpec { pod_selector: Some(LabelSelector::default()), policy_types: both(), ..NetworkPolicySpec::default() };
    policies.push(NetworkPolicy { metadata: metadata("default-deny"), spec: Some(deny) });
    policies
}

fn both() -> Option<Vec<String>> {
    Some(vec!["Ingress".to_owned(), "Egress".to_owned()])
}

impl Allowed<'_> {
    fn spec(&self, pods: &Pods, namespace: &str) -> NetworkPolicySpec {
        let ingress = self
            .ingress
            .iter()
            .map(|(from, list)| NetworkPolicyIngressRule { from: Some(vec![peer_of_pods(from, namespace)]), ports: ports(list) });
        let egress = self.egress.iter().map(|(to, list)| NetworkPolicyEgressRule { to: peer(to, namespace), ports: ports(list) });
        let (ingress, egress): (Vec<_>, Vec<_>) = (ingress.collect(), egress.collect());
        NetworkPolicySpec {
            egress: (!egress.is_empty()).then_some(egress),
            ingress: (!ingress.is_empty()).then_some(ingress),
            pod_selector: Some(selector(pods)),
            policy_types: both(),
        }
    }
}

fn ports(list: &BTreeSet<(u16, &'static str)>) -> Option<Vec<NetworkPolicyPort>> {
    let port = |(port, protocol): &(u16, &'static str)| NetworkPolicyPort {
        port: Some(IntOrString::Int((*port).into())),
        protocol: Some((*protocol).to_owned()),
        ..NetworkPolicyPort::default()
    };
    Some(list.iter().map(port).collect())
}

fn selector(pods: &Pods) -> LabelSelector {
    LabelSelector { match_labels: Some(pods.selector().labels()), ..LabelSelector::default() }
}

fn peer_of_pods(pods: &Pods, from: &str) -> NetworkPolicyPeer {
    let elsewhere = (**pods.namespace() != *from).then(|| namespace(pods.namespace()));
    NetworkPolicyPeer { namespace_selector: elsewhere, pod_selector: Some(selector(pods)), ..NetworkPolicyPeer::default() }
}

fn namespace(name: &Arc<str>) -> LabelSelector {
    let labels = [("kubernetes.io/metadata.name".to_owned(), name.to_string())].into();
    LabelSelector { match_labels: Some(labels), ..LabelSelector::default() }
}

fn peer(to: &Peer, from: &str) -> Option<Vec<NetworkPolicyPeer>> {
    match to {
        Peer::Pods(pods) => Some(vec![peer_of_pods(pods, from)]),
        // A host process: only the port can be named.
        Peer::ApiServer => None,
        Peer::Range(range) => {
            let block = IPBlock { cidr: range.to_string(), ..IPBlock::default() };
            Some(vec![NetworkPolicyPeer { ip_block: Some(block), ..NetworkPolicyPeer::default() }])
        }
        Peer::Outside => {
            let block = IPBlock { cidr: "0.0.0.0/0".to_owned(), except: Some(NOT_OUTSIDE.map(str::to_owned).into()) };
            Some(vec![NetworkPolicyPeer { ip_block: Some(block), ..NetworkPolicyPeer::default() }])
        }
    }
}
