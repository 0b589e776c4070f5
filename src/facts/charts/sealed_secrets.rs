//! Facts of sealed-secrets and its chart.

use super::{ChartFacts, ObjectKind};
use crate::facts::versions;

/// The project moved in 2026: its former Pages URL answers 404. The role's name is the chart's
/// default (`rbac.clusterRoleName`), its binding's the full name that the component gives
/// (`fullnameOverride`).
pub const SEALED_SECRETS: ChartFacts = ChartFacts {
    name: "sealed-secrets",
    repository: "https://bitnami.github.io/sealed-secrets",
    pin: versions::SEALED_SECRETS,
    kinds: &[
        ObjectKind::Cluster(
            "apiextensions.k8s.io",
            "CustomResourceDefinition",
            "sealedsecrets.bitnami.com",
        ),
        ObjectKind::Cluster("rbac.authorization.k8s.io", "ClusterRole", "secrets-unsealer"),
        ObjectKind::Cluster(
            "rbac.authorization.k8s.io",
            "ClusterRoleBinding",
            "sealed-secrets-controller",
        ),
        ObjectKind::Namespaced("", "Service"),
        ObjectKind::Namespaced("", "ServiceAccount"),
        ObjectKind::Namespaced("apps", "Deployment"),
        ObjectKind::Namespaced("rbac.authorization.k8s.io", "Role"),
        ObjectKind::Namespaced("rbac.authorization.k8s.io", "RoleBinding"),
    ],
};

/// The pod port of the controller's metrics.
pub const METRICS: u16 = 8081;
