//! Facts of Argo CD's chart, as rendered with our values (no dex, no notifications, no
//! `ApplicationSet`s, no policies of its own).

use super::{ChartFacts, ObjectKind};
use crate::facts::versions;

/// Names of roles begin with the release's, `argocd`, which the chart's own name is part of; which
/// of them there are follows from its values. The hook that makes the cache's password is a Job
/// with an account and a Role of its own.
pub const ARGO_CD: ChartFacts = ChartFacts {
    name: "argo-cd",
    repository: "https://argoproj.github.io/argo-helm",
    pin: versions::ARGO_CD,
    kinds: &[
        ObjectKind::Cluster(
            "apiextensions.k8s.io",
            "CustomResourceDefinition",
            "applications.argoproj.io",
        ),
        ObjectKind::Cluster(
            "apiextensions.k8s.io",
            "CustomResourceDefinition",
            "applicationsets.argoproj.io",
        ),
        ObjectKind::Cluster(
            "apiextensions.k8s.io",
            "CustomResourceDefinition",
            "appprojects.argoproj.io",
        ),
        ObjectKind::Cluster("rbac.authorization.k8s.io", "ClusterRole", "argocd-*"),
        ObjectKind::Cluster("rbac.authorization.k8s.io", "ClusterRoleBinding", "argocd-*"),
        ObjectKind::Namespaced("", "ConfigMap"),
        ObjectKind::Namespaced("", "Secret"),
        ObjectKind::Namespaced("", "Service"),
        ObjectKind::Namespaced("", "ServiceAccount"),
        ObjectKind::Namespaced("apps", "Deployment"),
        ObjectKind::Namespaced("apps", "StatefulSet"),
        ObjectKind::Namespaced("batch", "Job"),
        ObjectKind::Namespaced("rbac.authorization.k8s.io", "Role"),
        ObjectKind::Namespaced("rbac.authorization.k8s.io", "RoleBinding"),
    ],
};

/// Pod ports of Argo CD's workloads.
pub mod port {
    /// The API server and UI, in plain HTTP when it is told so.
    pub const SERVER: u16 = 8080;
    /// The Service before it, in plain HTTP.
    pub const SERVER_SERVICE: u16 = 80;
    /// The API server's metrics.
    pub const SERVER_METRICS: u16 = 8083;
    /// The repo-server.
    pub const REPO_SERVER: u16 = 8081;
    /// The repo-server's metrics.
    pub const REPO_SERVER_METRICS: u16 = 8084;
    /// The application controller's metrics.
    pub const CONTROLLER_METRICS: u16 = 8082;
    /// The cache.
    pub const REDIS: u16 = 6379;
}

/// Servers whose SSH keys the chart brings (`configs.ssh.knownHosts`), as its lines name them.
pub const KNOWN_HOSTS: [&str; 6] = [
    "[ssh.github.com]:443",
    "bitbucket.org",
    "github.com",
    "gitlab.com",
    "ssh.dev.azure.com",
    "vs-ssh.visualstudio.com",
];

/// Kinds that Argo CD does not watch, by API groups: many, often changed, never in Git. The chart's
/// list, and Events besides: on a small node the controller's memory follows from what it watches.
pub const NOT_WATCHED: [(&[&str], &[&str]); 8] = [
    (&["", "discovery.k8s.io"], &["Endpoints", "EndpointSlice"]),
    (&["", "events.k8s.io"], &["Event"]),
    (&["coordination.k8s.io"], &["Lease"]),
    (
        &["authentication.k8s.io", "authorization.k8s.io"],
        &[
            "SelfSubjectReview",
            "TokenReview",
            "LocalSubjectAccessReview",
            "SelfSubjectAccessReview",
            "SelfSubjectRulesReview",
            "SubjectAccessReview",
        ],
    ),
    (&["certificates.k8s.io"], &["CertificateSigningRequest"]),
    (&["cert-manager.io"], &["CertificateRequest"]),
    (&["cilium.io"], &["CiliumIdentity", "CiliumEndpoint", "CiliumEndpointSlice"]),
    (
        &["kyverno.io", "reports.kyverno.io", "wgpolicyk8s.io"],
        &[
            "PolicyReport",
            "ClusterPolicyReport",
            "EphemeralReport",
            "ClusterEphemeralReport",
            "AdmissionReport",
            "ClusterAdmissionReport",
            "BackgroundScanReport",
            "ClusterBackgroundScanReport",
            "UpdateRequest",
        ],
    ),
];
