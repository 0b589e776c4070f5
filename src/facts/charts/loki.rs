//! Facts of Loki and its chart, as rendered with our values.

use super::{ChartFacts, ObjectKind};
use crate::facts::versions;

/// No role: it asks the API server nothing, and has no token.
pub const LOKI: ChartFacts = ChartFacts {
    name: "loki",
    repository: "https://grafana-community.github.io/helm-charts",
    pin: versions::LOKI,
    kinds: &[
        ObjectKind::Namespaced("", "ConfigMap"),
        ObjectKind::Namespaced("", "Service"),
        ObjectKind::Namespaced("", "ServiceAccount"),
        ObjectKind::Namespaced("apps", "StatefulSet"),
    ],
};

/// What the chart makes, and calls its pods.
pub const WORKLOAD: &str = "loki";

/// Pod ports, of its Service too.
pub mod port {
    /// What is written, asked and measured.
    pub const HTTP: u16 = 3100;
    /// What its parts say to each other, by the Service's name.
    pub const GRPC: u16 = 9095;
}

/// The path by which lines are sent.
pub const PUSH: &str = "/loki/api/v1/push";

/// The schema from the platform's first day on: a later one is a further entry beside this one, or
/// what was written by this one could not be read any more.
pub const SCHEMA: Schema =
    Schema { from: "2024-04-01", store: "tsdb", version: "v13", hours_of_an_index: 24 };

/// How Loki writes its index and its chunks.
#[derive(Clone, Copy, Debug)]
pub struct Schema {
    /// From this day on.
    pub from: &'static str,
    /// The index; with retention it has to be this one or `boltdb-shipper`.
    pub store: &'static str,
    /// What stands beside a line needs at least 13.
    pub version: &'static str,
    /// Retention asks for exactly so much.
    pub hours_of_an_index: u64,
}
