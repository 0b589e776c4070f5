//! The values of Traefik's chart, over those that k3s sets.

use serde::Serialize;

use crate::builder::chart::values::{ChartResources, Strategy, Switch};

/// What differs from k3s' own.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Values {
    pub(super) logs: Logs,
    pub(super) metrics: Metrics,
    pub(super) ports: Ports,
    pub(super) resources: ChartResources,
    pub(super) service: Service,
    pub(super) update_strategy: Strategy,
}

/// One line a request, for log collection. Headers, which carry sessions, are left out (the
/// chart's default).
#[derive(Serialize)]
pub(super) struct Logs {
    pub(super) access: AccessLog,
}

#[derive(Serialize)]
pub(super) struct AccessLog {
    pub(super) enabled: bool,
    pub(super) format: &'static str,
}

#[derive(Serialize)]
pub(super) struct Metrics {
    pub(super) prometheus: Prometheus,
}

/// k3s has the metrics on, and no Service before them.
#[derive(Serialize)]
pub(super) struct Prometheus {
    pub(super) service: Switch,
}

#[derive(Serialize)]
pub(super) struct Ports {
    pub(super) web: Web,
    pub(super) websecure: WebSecure,
}

#[derive(Serialize)]
pub(super) struct Web {
    pub(super) http: WebHttp,
}

#[derive(Serialize)]
pub(super) struct WebHttp {
    pub(super) redirections: Redirections,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Redirections {
    pub(super) entry_point: EntryPoint,
}

#[derive(Serialize)]
pub(super) struct EntryPoint {
    pub(super) permanent: bool,
    // Below the HTTP-01 solver's router, which must keep answering on plain HTTP.
    pub(super) priority: u32,
    pub(super) scheme: &'static str,
    pub(super) to: &'static str,
}

#[derive(Serialize)]
pub(super) struct WebSecure {
    pub(super) transport: Transport,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Transport {
    pub(super) responding_timeouts: Timeouts,
}

/// Traefik's own read timeout of 60 s counts the request's body: a slow upload would die.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Timeouts {
    pub(super) idle_timeout: &'static str,
    pub(super) read_timeout: &'static str,
    pub(super) write_timeout: &'static str,
}

#[derive(Serialize)]
pub(super) struct Service {
    pub(super) spec: ServiceSpec,
}

/// `Local`: Traefik sees the clients' addresses, and only the node that it runs on answers. With
/// several nodes each must answer: `Cluster`.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct ServiceSpec {
    pub(super) external_traffic_policy: &'static str,
}
