//! What the cluster brings: handles that no component makes, at the top of the floor plan.

use std::{collections::BTreeMap, sync::Arc};

use super::{
    handle::{CrdRef, NamespaceRef, Peer, Pods, PortRef, Selector, StorageClassRef},
    ingress::{Bounds, Clients, IngressRef, Redirect, Rights},
    internet::Internet,
    object::ClusterKind,
};
use crate::{
    facts::{kubernetes, traefik},
    platform::{ingress::Ingress, node_group::Nodes, storage::Storage},
};

/// The cluster, and what it offers to every component: k3s with its own pods, or with an ingress
/// controller that somebody else installs in place of k3s' own.
pub struct Cluster {
    /// Its DNS server.
    pub dns: Pods,
    /// Where it serves metrics.
    pub dns_metrics: PortRef,
    /// Its API server: a process of the host, so the pods' port is that of its endpoint.
    pub api_server: PortRef,
    /// The class of volumes that one node mounts.
    pub storage_class: StorageClassRef,
    /// The class of volumes that several nodes mount, where there is one.
    pub shared_storage_class: Option<StorageClassRef>,
    /// The way to the internet.
    pub internet: Internet,
    /// Whether pods may have neighbours on another node.
    pub several_nodes: bool,
    /// The namespace of the cluster's own pods, in which no policy is derived.
    pub kube_system: NamespaceRef,
    /// Argo CD's own namespace, which is there before Argo CD reads anything.
    pub argocd: NamespaceRef,
    /// The ingress controller, as it is before any component configures it.
    pub ingress: IngressRef,
}

impl Cluster {
    /// The cluster as the spec describes it. It says nothing of what is not written, so a platform
    /// without `ingress` has k3s' own Traefik.
    pub(in crate::builder) fn new(
        storage: &Storage,
        nodes: &Nodes,
        ingress: Option<&Ingress>,
        internet: Internet,
    ) -> Self {
        let kube_system = NamespaceRef::of_cluster(kubernetes::SYSTEM_NAMESPACE);
        let dns = Pods::of_cluster(&kube_system, "coredns", Selector::of(&kubernetes::DNS_LABELS));
        Self {
            dns_metrics: PortRef {
                owner: None,
                peer: Peer::Pods(dns.clone()),
                host: format!(
                    "{}.{}.svc.cluster.local",
                    kubernetes::DNS_SERVICE,
                    kubernetes::SYSTEM_NAMESPACE
                )
                .into(),
                service: kubernetes::DNS_SERVICE.into(),
                port: kubernetes::DNS_METRICS,
                pod_port: kubernetes::DNS_METRICS,
                outside: None,
            },
            dns,
            api_server: PortRef {
                owner: None,
                peer: Peer::ApiServer,
                host: "kubernetes.default.svc.cluster.local".into(),
                service: "kubernetes".into(),
                port: kubernetes::API_SERVER_SERVICE_PORT,
                pod_port: kubernetes::API_SERVER_PORT,
                outside: None,
            },
            storage_class: StorageClassRef { name: storage.class.shared() },
            shared_storage_class: storage
                .shared
                .as_ref()
                .map(|it| StorageClassRef { name: it.shared() }),
            internet,
            several_nodes: nodes.are_several(),
            ingress: ingress.map_or_else(|| packaged(&kube_system), existing),
            argocd: NamespaceRef::of_cluster("argocd"),
            kube_system,
        }
    }

    /// The right to write a kind that the cluster itself brings.
    pub fn kind<K: ClusterKind>(&self) -> CrdRef<K> {
        CrdRef::new(None)
    }
}

/// k3s' Traefik. Its `instance` label depends on the packaging, so only the name selects.
fn packaged(kube_system: &NamespaceRef) -> IngressRef {
    IngressRef {
        class: traefik::CLASS.into(),
        pods: Pods::of_cluster(kube_system, "traefik", Selector::of(&traefik::LABELS)),
        ports: [traefik::HTTP, traefik::HTTPS],
        annotations: Arc::default(),
        redirect: Redirect::Missing,
        // Its kinds come with it. k3s' own Service hides who asks.
        bounds: Bounds::Tree(Rights {
            middlewares: CrdRef::new(None),
            routes: CrdRef::new(None),
            clients: Clients::Alike,
        }),
    }
}

/// An ingress controller that is there already, as the spec describes it.
fn existing(ingress: &Ingress) -> IngressRef {
    let namespace = NamespaceRef::of_cluster(&ingress.namespace);
    let labels: BTreeMap<String, String> = ingress
        .pod_labels
        .iter()
        .map(|(key, value)| (key.to_string(), value.to_string()))
        .collect();
    IngressRef {
        class: ingress.class.shared(),
        pods: Pods::of_cluster(&namespace, &ingress.class, Selector::Labels(labels.into())),
        ports: [ingress.http_port, ingress.https_port],
        annotations: Arc::new(
            ingress
                .annotations
                .iter()
                .map(|(key, value)| (key.to_string(), value.clone()))
                .collect(),
        ),
        redirect: Redirect::Controller,
        bounds: Bounds::Owner,
    }
}
