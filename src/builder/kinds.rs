//! Kinds of objects, as AppProjects name them.

use k8s_openapi::{
    Resource,
    api::{
        apps::v1::{Deployment, StatefulSet},
        batch::v1::{CronJob, Job},
        core::v1::{ConfigMap, PersistentVolumeClaim, Service, ServiceAccount},
        networking::v1::{Ingress, NetworkPolicy},
        policy::v1::PodDisruptionBudget,
    },
};

use super::object::CustomResource;
use crate::facts::charts::ObjectKind;

/// `ConfigMap`.
pub const CONFIG_MAP: ObjectKind = namespaced::<ConfigMap>();
/// `CronJob`.
pub const CRON_JOB: ObjectKind = namespaced::<CronJob>();
/// `Deployment`.
pub const DEPLOYMENT: ObjectKind = namespaced::<Deployment>();
/// `Ingress`.
pub const INGRESS: ObjectKind = namespaced::<Ingress>();
/// `Job`.
pub const JOB: ObjectKind = namespaced::<Job>();
/// `NetworkPolicy`.
pub const NETWORK_POLICY: ObjectKind = namespaced::<NetworkPolicy>();
/// `PersistentVolumeClaim`.
pub const PERSISTENT_VOLUME_CLAIM: ObjectKind = namespaced::<PersistentVolumeClaim>();
/// `PodDisruptionBudget`.
pub const POD_DISRUPTION_BUDGET: ObjectKind = namespaced::<PodDisruptionBudget>();
/// `Service`.
pub const SERVICE: ObjectKind = namespaced::<Service>();
/// `ServiceAccount`.
pub const SERVICE_ACCOUNT: ObjectKind = namespaced::<ServiceAccount>();
/// `StatefulSet`.
pub const STATEFUL_SET: ObjectKind = namespaced::<StatefulSet>();

/// A kind of Kubernetes' own that belongs to a namespace.
pub const fn namespaced<K: Resource>() -> ObjectKind {
    ObjectKind::Namespaced(K::GROUP, K::KIND)
}

/// A kind of Kubernetes' own that belongs to the cluster, with the name of the object.
pub const fn of_cluster<K: Resource>(name: &'static str) -> ObjectKind {
    ObjectKind::Cluster(K::GROUP, K::KIND, name)
}

/// A custom kind that belongs to a namespace.
pub const fn namespaced_custom<K: CustomResource>() -> ObjectKind {
    assert!(K::IS_NAMESPACED, "a kind of the cluster");
    ObjectKind::Namespaced(group(K::API_VERSION), K::KIND)
}

/// A custom kind that belongs to the cluster, with the name of the object.
pub const fn of_cluster_custom<K: CustomResource>(name: &'static str) -> ObjectKind {
    assert!(!K::IS_NAMESPACED, "a kind of namespaces");
    ObjectKind::Cluster(group(K::API_VERSION), K::KIND, name)
}

/// `apps.example.org/v1` → `apps.example.org`.
const fn group(api_version: &'static str) -> &'static str {
    let mut at = 0;
    while at < api_version.len() {
        if api_version.as_bytes()[at] == b'/' {
            return api_version.split_at(at).0;
        }
        at += 1;
    }
    ""
}
