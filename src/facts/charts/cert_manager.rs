//! Facts of cert-manager's chart, as rendered with our values (leader election in its own
//! namespace, no start-up check).

use super::{ChartFacts, Kind};
use crate::facts::versions;

/// Nothing in `kube-system`, because leader election is told to stay at home; no hooks, because the
/// start-up check is off. Names of roles are the release's and what they are for
/// (`cert-manager-controller-issuers`, `cert-manager-webhook:subjectaccessreviews`); those of the
/// two configurations are the webhook's workload's.
pub const CERT_MANAGER: ChartFacts = ChartFacts {
    name: "cert-manager",
    repository: "https://charts.jetstack.io",
    pin: versions::CERT_MANAGER,
    kinds: &[
        Kind::Cluster(
            "admissionregistration.k8s.io",
            "MutatingWebhookConfiguration",
            "cert-manager-webhook",
        ),
        Kind::Cluster(
            "admissionregistration.k8s.io",
            "ValidatingWebhookConfiguration",
            "cert-manager-webhook",
        ),
        Kind::Cluster("apiextensions.k8s.io", "CustomResourceDefinition", "*.cert-manager.io"),
        Kind::Cluster("rbac.authorization.k8s.io", "ClusterRole", "cert-manager-*"),
        Kind::Cluster("rbac.authorization.k8s.io", "ClusterRoleBinding", "cert-manager-*"),
        Kind::Namespaced("", "Service"),
        Kind::Namespaced("", "ServiceAccount"),
        Kind::Namespaced("apps", "Deployment"),
        Kind::Namespaced("rbac.authorization.k8s.io", "Role"),
        Kind::Namespaced("rbac.authorization.k8s.io", "RoleBinding"),
    ],
};
