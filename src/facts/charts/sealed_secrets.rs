//! Facts of sealed-secrets' chart.

use super::{ChartFacts, Kind};
use crate::facts::versions;

/// The project moved in 2026: its former Pages URL answers 404. The role's name is the chart's
/// default (`rbac.clusterRoleName`), its binding's the full name that the component gives
/// (`fullnameOverride`).
pub const SEALED_SECRETS: ChartFacts = ChartFacts {
    name: "sealed-secrets",
    repository: "https://bitnami.github.io/sealed-secrets",
    pin: versions::SEALED_SECRETS,
    kinds: &[
        Kind::Cluster(
            "apiextensions.k8s.io",
            "CustomResourceDefinition",
            "sealedsecrets.bitnami.com",
        ),
        Kind::Cluster("rbac.authorization.k8s.io", "ClusterRole", "secrets-unsealer"),
        Kind::Cluster(
            "rbac.authorization.k8s.io",
            "ClusterRoleBinding",
            "sealed-secrets-controller",
        ),
        Kind::Namespaced("", "Service"),
        Kind::Namespaced("", "ServiceAccount"),
        Kind::Namespaced("apps", "Deployment"),
        Kind::Namespaced("rbac.authorization.k8s.io", "Role"),
        Kind::Namespaced("rbac.authorization.k8s.io", "RoleBinding"),
    ],
};
