//! Facts of cert-manager and its chart, as rendered with our values (leader election in its own
//! namespace, no start-up check).

use super::{ChartFacts, ObjectKind};
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
        ObjectKind::Cluster(
            "admissionregistration.k8s.io",
            "MutatingWebhookConfiguration",
            "cert-manager-webhook",
        ),
        ObjectKind::Cluster(
            "admissionregistration.k8s.io",
            "ValidatingWebhookConfiguration",
            "cert-manager-webhook",
        ),
        ObjectKind::Cluster(
            "apiextensions.k8s.io",
            "CustomResourceDefinition",
            "*.cert-manager.io",
        ),
        ObjectKind::Cluster("rbac.authorization.k8s.io", "ClusterRole", "cert-manager-*"),
        ObjectKind::Cluster("rbac.authorization.k8s.io", "ClusterRoleBinding", "cert-manager-*"),
        ObjectKind::Namespaced("", "Service"),
        ObjectKind::Namespaced("", "ServiceAccount"),
        ObjectKind::Namespaced("apps", "Deployment"),
        ObjectKind::Namespaced("rbac.authorization.k8s.io", "Role"),
        ObjectKind::Namespaced("rbac.authorization.k8s.io", "RoleBinding"),
    ],
};

/// The annotation of an Ingress that names the `ClusterIssuer` of its certificate.
pub const ISSUER_ANNOTATION: &str = "cert-manager.io/cluster-issuer";

/// Where a solver by DNS-01 names its Secrets: the provider, and its field.
pub const DNS01_SECRETS: [(&str, &str); 5] = [
    ("cloudflare", "apiTokenSecretRef"),
    ("digitalocean", "tokenSecretRef"),
    ("rfc2136", "tsigSecretSecretRef"),
    ("route53", "accessKeyIDSecretRef"),
    ("route53", "secretAccessKeySecretRef"),
];

/// Route 53 is one for all regions, and its requests are signed for this one. cert-manager takes it
/// from its environment where the issuer has none, and asks nobody if neither says it.
pub const ROUTE53_REGION: &str = "us-east-1";

/// Pod ports of cert-manager's workloads.
pub mod port {
    /// The metrics of each of them.
    pub const METRICS: u16 = 9402;
    /// The webhook.
    pub const WEBHOOK: u16 = 10250;
}

/// Pods that answer an HTTP-01 challenge: made at run time, one a host, in the namespace of the
/// Ingress that waits for a certificate.
#[derive(Debug)]
pub struct Solver {
    /// The labels that they bear.
    pub labels: &'static [(&'static str, &'static str)],
    /// The port on which they answer.
    pub port: u16,
}

impl Solver {
    /// What policies and tables call them; their own names are made up at run time.
    pub const NAME: &'static str = "acme-solver";
}

/// The solver of an ACME issuer.
pub const SOLVER: Solver =
    Solver { labels: &[("acme.cert-manager.io/http01-solver", "true")], port: 8089 };
