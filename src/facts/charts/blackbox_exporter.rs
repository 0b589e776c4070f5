//! Facts of the chart of the blackbox exporter, as rendered with our values.

use super::{ChartFacts, ObjectKind};
use crate::facts::versions;

/// Neither a monitor nor a policy nor rules of its own: those are off by default.
pub const BLACKBOX_EXPORTER: ChartFacts = ChartFacts {
    name: "prometheus-blackbox-exporter",
    repository: "https://prometheus-community.github.io/helm-charts",
    pin: versions::BLACKBOX_EXPORTER,
    kinds: &[
        ObjectKind::Namespaced("", "ConfigMap"),
        ObjectKind::Namespaced("", "Service"),
        ObjectKind::Namespaced("", "ServiceAccount"),
        ObjectKind::Namespaced("apps", "Deployment"),
    ],
};

/// The pod port: probes, and its own metrics.
pub const PORT: u16 = 9115;
