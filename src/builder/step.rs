//! In which order objects are applied where nobody sorts them: one table of kinds.
//!
//! Argo CD sorts what it applies by itself. A program that applies a tenant's objects does it step
//! by step, and all objects of a step at once: whatever refers to another by its name comes in a
//! later step than what it refers to.

use super::object::Object;

/// The steps, in their order.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Step {
    /// New kinds.
    Definition,
    /// Namespaces, and what belongs to the whole cluster.
    Namespace,
    /// Who may connect to whom, before there is anybody.
    Policy,
    /// How much there may be, before there is anything.
    Bound,
    /// Accounts and roles.
    Account,
    /// Who has which role.
    Right,
    /// What pods and routes read.
    Configuration,
    /// What pods store.
    Claim,
    /// Names of pods.
    Service,
    /// Pods.
    Workload,
    /// What leads to Services, and what looks after pods.
    Route,
    /// What applies other objects, and whatever no step is known of.
    Last,
}

/// Which kinds are applied in which step: API groups and kinds. A test holds that a tenant has no
/// other.
pub const STEPS: [(Step, &[(&str, &str)]); 11] = [
    (Step::Definition, &[("apiextensions.k8s.io", "CustomResourceDefinition")]),
    (Step::Namespace, &[("", "Namespace"), ("scheduling.k8s.io", "PriorityClass")]),
    (Step::Policy, &[("networking.k8s.io", "NetworkPolicy")]),
    (Step::Bound, &[("", "LimitRange"), ("", "ResourceQuota")]),
    (
        Step::Account,
        &[
            ("", "ServiceAccount"),
            ("rbac.authorization.k8s.io", "ClusterRole"),
            ("rbac.authorization.k8s.io", "Role"),
        ],
    ),
    (
        Step::Right,
        &[
            ("rbac.authorization.k8s.io", "ClusterRoleBinding"),
            ("rbac.authorization.k8s.io", "RoleBinding"),
        ],
    ),
    (
        Step::Configuration,
        &[
            ("", "ConfigMap"),
            ("", "Secret"),
            ("bitnami.com", "SealedSecret"),
            ("cert-manager.io", "ClusterIssuer"),
            ("traefik.io", "Middleware"),
            ("traefik.io", "TLSOption"),
        ],
    ),
    (Step::Claim, &[("", "PersistentVolumeClaim")]),
    (Step::Service, &[("", "Service")]),
    (
        Step::Workload,
        &[
            ("apps", "DaemonSet"),
            ("apps", "Deployment"),
            ("apps", "StatefulSet"),
            ("batch", "CronJob"),
            ("batch", "Job"),
        ],
    ),
    (
        Step::Route,
        &[
            ("networking.k8s.io", "Ingress"),
            ("policy", "PodDisruptionBudget"),
            ("traefik.io", "IngressRoute"),
        ],
    ),
];

impl Object {
    /// When it is applied.
    pub fn step(&self) -> Step {
        let is_it = |kinds: &&[(&str, &str)]| kinds.contains(&(self.group(), self.kind));
        STEPS.iter().find(|it| is_it(&it.1)).map_or(Step::Last, |it| it.0)
    }
}
