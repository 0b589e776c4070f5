//! Facts of Alloy and its chart, as rendered with our values.

use super::{ChartFacts, ObjectKind};
use crate::facts::versions;

/// Its role may see pods, and nothing else.
pub const ALLOY: ChartFacts = ChartFacts {
    name: "alloy",
    repository: "https://grafana.github.io/helm-charts",
    pin: versions::ALLOY,
    kinds: &[
        ObjectKind::Cluster("rbac.authorization.k8s.io", "ClusterRole", "alloy"),
        ObjectKind::Cluster("rbac.authorization.k8s.io", "ClusterRoleBinding", "alloy"),
        ObjectKind::Namespaced("", "ConfigMap"),
        ObjectKind::Namespaced("", "Service"),
        ObjectKind::Namespaced("", "ServiceAccount"),
        ObjectKind::Namespaced("apps", "DaemonSet"),
    ],
};

/// What the chart makes, and calls its pods.
pub const WORKLOAD: &str = "alloy";

/// The pod port of its metrics.
pub const METRICS: u16 = 12345;

/// The variable in which the chart gives its containers the name of their node.
pub const NODE: &str = "HOSTNAME";
