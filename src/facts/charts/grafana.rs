//! Facts of Grafana's chart, as rendered with our values.

use super::{ChartFacts, ObjectKind};
use crate::facts::versions;

/// The chart moved in 2026: its former repository has none newer than 10.5. No roles, because
/// nothing in the pod asks the API server.
pub const GRAFANA: ChartFacts = ChartFacts {
    name: "grafana",
    repository: "https://grafana-community.github.io/helm-charts",
    pin: versions::GRAFANA,
    kinds: &[
        ObjectKind::Namespaced("", "ConfigMap"),
        ObjectKind::Namespaced("", "Service"),
        ObjectKind::Namespaced("", "ServiceAccount"),
        ObjectKind::Namespaced("apps", "Deployment"),
    ],
};

/// The port of the Service.
pub const SERVICE: u16 = 80;

/// The pod port: pages, and Grafana's own metrics.
pub const GRAFANA_PORT: u16 = 3000;

/// The user that Grafana makes at its first start; the form that it signs in with is its page's.
pub const ADMINISTRATOR: &str = "admin";

/// Grafana's own names of what a panel reads, by which dashboards name it: a name that Grafana
/// makes up would be another one after each start.
pub mod source {
    /// Prometheus.
    pub const PROMETHEUS: &str = "prometheus";
    /// Loki.
    pub const LOKI: &str = "loki";
    /// Alertmanager.
    pub const ALERTMANAGER: &str = "alertmanager";
}

/// The ConfigMap of all dashboards. Its name is fixed, because Grafana starts before whatever knows
/// all that components offer.
pub const DASHBOARDS: &str = "grafana-dashboards";

/// Where Grafana finds them: a folder of its own, for what the image brings stays as it is.
pub const FOLDER: &str = "/var/lib/grafana-dashboards";

/// Grafana looks into that folder so often (seconds).
pub const LOOKS_EVERY: u32 = 30;
