//! Network policies, made of flows only: a default deny, and the exceptions of each set of pods.

use std::collections::{BTreeMap, BTreeSet};

use k8s_openapi::{
    api::networking::v1::{
        IPBlock, NetworkPolicy, NetworkPolicyEgressRule, NetworkPolicyIngressRule,
        NetworkPolicyPeer, NetworkPolicyPort, NetworkPolicySpec,
    },
    apimachinery::pkg::{
        apis::meta::v1::{LabelSelector, ObjectMeta},
        util::intstr::IntOrString,
    },
};

use crate::{
    builder::{
        component::Flow,
        handle::{Caller, Peer, Pods},
        meta::Naming,
    },
    plan::rows::Reach,
};

/// The rules of one set of pods, ports by peer.
#[derive(Default)]
struct Allowed<'a> {
    ingress: BTreeMap<&'a Caller, BTreeSet<(u16, &'static str)>>,
    egress: BTreeMap<&'a Peer, BTreeSet<(u16, &'static str)>>,
}

/// The policies of one namespace: `allow-<pods>` for each set of pods that speaks or is spoken to,
/// and `default-deny`.
///
/// The names matter: Argo CD applies policies by name, and an `allow-…` must be there before the
/// deny cuts Argo CD itself off. There is one policy a set of pods, never a union over a namespace.
/// Policies see pod ports, after the Service's address was translated, so ports are numbers of the
/// pods.
pub fn of_namespace<'a>(
    namespace: &str,
    instance: &str,
    naming: &Naming,
    flows: impl Iterator<Item = &'a Flow>,
) -> Vec<NetworkPolicy> {
    let mut pods: BTreeMap<&Pods, Allowed<'_>> = BTreeMap::new();
    for flow in flows {
        if let Peer::Pods(to) = &flow.to
            && **to.namespace() == *namespace
        {
            pods.entry(to)
                .or_default()
                .ingress
                .entry(&flow.from)
                .or_default()
                .insert((flow.port, flow.protocol));
        }
        if let Caller::Pods(from) = &flow.from
            && **from.namespace() == *namespace
        {
            pods.entry(from)
                .or_default()
                .egress
                .entry(&flow.to)
                .or_default()
                .insert((flow.port, flow.protocol));
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
    let deny = NetworkPolicySpec {
        pod_selector: Some(LabelSelector::default()),
        policy_types: both(),
        ..NetworkPolicySpec::default()
    };
    policies.push(NetworkPolicy { metadata: metadata("default-deny"), spec: Some(deny) });
    policies
}

fn both() -> Option<Vec<String>> {
    Some(vec!["Ingress".to_owned(), "Egress".to_owned()])
}

impl Allowed<'_> {
    fn spec(&self, pods: &Pods, namespace: &str) -> NetworkPolicySpec {
        let ingress = self.ingress.iter().map(|(from, list)| NetworkPolicyIngressRule {
            from: peer((*from).into(), namespace),
            ports: ports(list),
        });
        let egress = self.egress.iter().map(|(to, list)| NetworkPolicyEgressRule {
            to: peer((*to).into(), namespace),
            ports: ports(list),
        });
        let (ingress, egress): (Vec<_>, Vec<_>) = (ingress.collect(), egress.collect());
        NetworkPolicySpec {
            egress: (!egress.is_empty()).then_some(egress),
            ingress: (!ingress.is_empty()).then_some(ingress),
            pod_selector: Some(selector(pods.selector().labels())),
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

/// By no label: all pods.
fn selector(labels: BTreeMap<String, String>) -> LabelSelector {
    LabelSelector {
        match_labels: (!labels.is_empty()).then_some(labels),
        ..LabelSelector::default()
    }
}

/// The peers that a rule allows; none: any peer, restricted by the port alone.
fn peer(other: Reach, home: &str) -> Option<Vec<NetworkPolicyPeer>> {
    let peer = match other {
        Reach::Pods { namespace, labels } => NetworkPolicyPeer {
            namespace_selector: (*namespace != *home).then(|| {
                selector(
                    [("kubernetes.io/metadata.name".to_owned(), (*namespace).to_owned())].into(),
                )
            }),
            pod_selector: Some(selector(labels)),
            ..NetworkPolicyPeer::default()
        },
        Reach::Namespaces { labels } => NetworkPolicyPeer {
            namespace_selector: Some(selector(labels)),
            ..NetworkPolicyPeer::default()
        },
        Reach::Anywhere => return None,
        Reach::Addresses { cidr, except } => {
            let except =
                (!except.is_empty()).then(|| except.into_iter().map(str::to_owned).collect());
            NetworkPolicyPeer {
                ip_block: Some(IPBlock { cidr, except }),
                ..NetworkPolicyPeer::default()
            }
        }
    };
    Some(vec![peer])
}

#[cfg(test)]
mod tests {
    use super::*;

    fn pods(namespace: &str) -> Reach {
        let labels = [("app".to_owned(), "chat".to_owned())].into();
        Reach::Pods { namespace: namespace.into(), labels }
    }

    fn only(of: Reach) -> NetworkPolicyPeer {
        let mut peers = peer(of, "ai").expect("it is restricted to a peer");
        assert_eq!(peers.len(), 1, "two peers would be either of them");
        peers.remove(0)
    }

    /// Namespace and labels stand in one peer, so both must hold: as two they would let in every
    /// pod of the namespace, and every pod that bears the labels.
    #[test]
    fn pods_of_another_namespace_are_named_by_both() {
        let found = only(pods("argocd"));
        let of = |selector: Option<LabelSelector>| {
            selector.and_then(|it| it.match_labels).expect("labels")
        };
        assert_eq!(
            of(found.namespace_selector),
            [("kubernetes.io/metadata.name".to_owned(), "argocd".to_owned())].into()
        );
        assert_eq!(of(found.pod_selector), [("app".to_owned(), "chat".to_owned())].into());
        assert_eq!(found.ip_block, None);
    }

    #[test]
    fn pods_at_home_are_named_by_labels_alone() {
        let found = only(pods("ai"));
        assert_eq!(found.namespace_selector, None);
        assert!(found.pod_selector.is_some());
    }

    #[test]
    fn addresses_leave_out_what_is_left_out_and_nothing_else() {
        let of = |except: &[&'static str]| {
            only(Reach::Addresses { cidr: "0.0.0.0/0".to_owned(), except: except.to_vec() })
        };
        let block = |except: Option<&str>| IPBlock {
            cidr: "0.0.0.0/0".to_owned(),
            except: except.map(|it| vec![it.to_owned()]),
        };
        assert_eq!(of(&["10.0.0.0/8"]).ip_block, Some(block(Some("10.0.0.0/8"))));
        // An empty list is lost on the way to the API server, and would differ for ever.
        assert_eq!(of(&[]).ip_block, Some(block(None)));
        assert_eq!(of(&[]).pod_selector, None, "it would select pods of this namespace");
    }

    #[test]
    fn of_anywhere_no_peer_is_said() {
        assert_eq!(peer(Reach::Anywhere, "ai"), None);
    }

    #[test]
    fn ports_are_told_apart_by_their_protocol() {
        let found = ports(&BTreeSet::from([(53, "UDP"), (53, "TCP"), (443, "TCP")]));
        let told: Vec<_> = found
            .expect("a list")
            .into_iter()
            .map(|it| (it.port.expect("a port"), it.protocol.expect("a protocol"), it.end_port))
            .collect();
        let port = |number, protocol: &str| (IntOrString::Int(number), protocol.to_owned(), None);
        assert_eq!(told, [port(53, "TCP"), port(53, "UDP"), port(443, "TCP")]);
    }
}
