//! A tenant's `ResourceQuota` and `LimitRange`: what its objects can use at once, and no more.

use std::sync::Arc;

use k8s_openapi::{
    api::{
        apps::v1::StatefulSet,
        core::v1::{
            LimitRange, LimitRangeItem, LimitRangeSpec, PersistentVolumeClaim, ResourceQuota,
            ResourceQuotaSpec, Service,
        },
    },
    apimachinery::pkg::apis::meta::v1::ObjectMeta,
};

use crate::{
    budget::{
        demand::{self, Demand},
        volumes,
    },
    builder::{component::BuiltComponent, meta::Naming, object::Object},
    components::workspace::sizes::Quota,
    facts::{kubernetes::EPHEMERAL_STORAGE, node::CONTAINER_LOGS, requests},
    units::{Bytes, count},
};

/// What a tenant's objects can use at once: with Jobs, with the pods that a rolling update adds,
/// and with those that answer for certificates.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Need {
    /// Pods.
    pub pods: u32,
    /// What they request and are limited to.
    pub demand: Demand,
    /// Claims on volumes.
    pub claims: u32,
    /// What these ask for.
    pub storage: Bytes,
    /// Services.
    pub services: u32,
    /// The largest pod, figure by figure.
    largest_pod: Demand,
    /// The largest claim.
    largest_claim: Bytes,
}

impl Need {
    /// Of a component, from its objects.
    pub fn of(component: &BuiltComponent) -> Self {
        let mut need = Self::default();
        for object in &component.objects {
            if let Some(workload) = object.workload() {
                let pods = workload.replicas.saturating_add(workload.surge);
                need.add_pods(pods, demand::of_pod(workload.spec));
            }
            if let Some(claim) = object.get::<PersistentVolumeClaim>() {
                need.add_claims(1, claim);
            }
            if let Some(spec) = object.get::<StatefulSet>().and_then(|it| it.spec.as_ref()) {
                let pods = u32::try_from(spec.replicas.unwrap_or(1)).unwrap_or_default();
                for claim in spec.volume_claim_templates.iter().flatten() {
                    need.add_claims(pods, claim);
                }
            }
            need.services += u32::from(object.get::<Service>().is_some());
        }
        // cert-manager makes a pod and a Service for each host that is asked for by HTTP.
        need.add_pods(component.solvers, requests::ACME_SOLVER.into());
        need.services = need.services.saturating_add(component.solvers);
        need
    }

    fn add_pods(&mut self, pods: u32, each: Demand) {
        self.pods = self.pods.saturating_add(pods);
        self.demand = self.demand.plus(each.times(pods));
        if pods > 0 {
            self.largest_pod = self.largest_pod.max(each);
        }
    }

    fn add_claims(&mut self, claims: u32, each: &PersistentVolumeClaim) {
        let size = volumes::asked(each).unwrap_or_default();
        self.claims = self.claims.saturating_add(claims);
        self.storage += size * u64::from(claims);
        self.largest_claim = self.largest_claim.max(size);
    }

    /// The two objects: the tenant's own bounds before what is needed.
    pub fn objects(&self, tenant: &Arc<str>, own: &Quota) -> [Object; 2] {
        [Object::from_plan(self.quota(tenant, own)), Object::from_plan(self.limits(tenant))]
    }

    fn quota(&self, tenant: &Arc<str>, own: &Quota) -> ResourceQuota {
        let Self { demand, .. } = *self;
        let storage = own.storage.unwrap_or(self.storage);
        let request = own.memory.unwrap_or(demand.request);
        let limit = own.memory.unwrap_or(demand.limit);
        let disk = |of: &str| format!("{of}.{EPHEMERAL_STORAGE}");
        let hard = [
            ("limits.memory".to_owned(), limit.quantity()),
            (disk("limits"), demand.disk_limit.quantity()),
            ("persistentvolumeclaims".to_owned(), count(self.claims)),
            ("pods".to_owned(), count(own.pods.unwrap_or(self.pods))),
            ("requests.cpu".to_owned(), own.cpu.unwrap_or(demand.cpu).quantity()),
            ("requests.memory".to_owned(), request.quantity()),
            ("requests.storage".to_owned(), storage.quantity()),
            (disk("requests"), demand.disk_request.quantity()),
            ("services".to_owned(), count(self.services)),
        ];
        let spec = ResourceQuotaSpec { hard: Some(hard.into()), ..ResourceQuotaSpec::default() };
        let metadata = metadata(tenant, "rquota", "ResourceQuota");
        ResourceQuota { metadata, spec: Some(spec), ..ResourceQuota::default() }
    }

    /// A container that says nothing, as one of cert-manager's may, gets what the quota has counted
    /// for it; none is larger than the largest that is made here.
    fn limits(&self, tenant: &Arc<str>) -> LimitRange {
        let small = requests::ACME_SOLVER;
        let disk = || (EPHEMERAL_STORAGE.to_owned(), CONTAINER_LOGS.quantity());
        let of_container = LimitRangeItem {
            type_: "Container".to_owned(),
            default: Some([disk(), ("memory".to_owned(), small.limit.quantity())].into()),
            default_request: Some(
                [
                    disk(),
                    ("cpu".to_owned(), small.cpu.quantity()),
                    ("memory".to_owned(), small.request.quantity()),
                ]
                .into(),
            ),
            ..LimitRangeItem::default()
        };
        let largest = [
            (EPHEMERAL_STORAGE.to_owned(), self.largest_pod.disk_limit.quantity()),
            ("memory".to_owned(), self.largest_pod.limit.quantity()),
        ];
        let of_pod = LimitRangeItem {
            type_: "Pod".to_owned(),
            max: Some(largest.into()),
            ..LimitRangeItem::default()
        };
        let of_claim = LimitRangeItem {
            type_: "PersistentVolumeClaim".to_owned(),
            max: Some([("storage".to_owned(), self.largest_claim.quantity())].into()),
            ..LimitRangeItem::default()
        };
        let limits = vec![of_container, of_pod, of_claim];
        let metadata = metadata(tenant, "limits", "LimitRange");
        LimitRange { metadata, spec: Some(LimitRangeSpec { limits }) }
    }
}

/// The operator names them behind the workspace, and labels them with its name.
fn metadata(tenant: &Arc<str>, name: &str, kind: &str) -> ObjectMeta {
    let naming = Naming::Tenant(tenant.clone());
    let mut metadata = ObjectMeta {
        name: Some(format!("{tenant}-{name}")),
        namespace: Some(tenant.to_string()),
        labels: Some(naming.labels(tenant, tenant, "bounds", None)),
        ..ObjectMeta::default()
    };
    naming.mark(kind, &mut metadata);
    metadata
}
