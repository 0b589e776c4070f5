//! The values of Loki's chart, as far as the platform sets them, without Loki's own configuration.

use std::sync::Arc;

use serde::Serialize;

use super::configuration::Configuration;
use crate::{
    builder::chart::values::{ChartResources, Lookup, Switch},
    units::Bytes,
};

/// What differs from the chart's defaults. The chart makes nothing of `read`, `write` and `backend`
/// with this mode, and refuses to be rendered as long as they have pods.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Values {
    pub(super) backend: NoReplicas,
    pub(super) chunks_cache: Switch,
    pub(super) defaults: Defaults,
    pub(super) deployment_mode: &'static str,
    pub(super) gateway: Switch,
    pub(super) loki: Configuration,
    /// It would write a line a second, on each node, to read it again.
    pub(super) loki_canary: Switch,
    pub(super) memcached: Switch,
    pub(super) rbac: Namespaced,
    pub(super) read: NoReplicas,
    pub(super) results_cache: Switch,
    pub(super) sidecar: Sidecar,
    pub(super) single_binary: SingleBinary,
    /// Without the canary it has nothing to test, and is refused.
    pub(super) test: Switch,
    pub(super) write: NoReplicas,
}

#[derive(Default, Serialize)]
pub(super) struct NoReplicas {
    replicas: u32,
}

/// Of all that the chart runs.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Defaults {
    pub(super) automount_service_account_token: bool,
    #[serde(rename = "dnsConfig")]
    pub(super) lookup: Lookup,
}

/// No role of the cluster's.
#[derive(Serialize)]
pub(super) struct Namespaced {
    pub(super) namespaced: bool,
}

/// The container that would read rules from `ConfigMaps` and Secrets.
#[derive(Serialize)]
pub(super) struct Sidecar {
    pub(super) rules: Switch,
}

#[derive(Serialize)]
pub(super) struct SingleBinary {
    pub(super) persistence: Persistence,
    pub(super) replicas: u32,
    pub(super) resources: ChartResources,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Persistence {
    pub(super) size: Bytes,
    pub(super) storage_class: Arc<str>,
}
