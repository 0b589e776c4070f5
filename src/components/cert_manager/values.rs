//! The values of cert-manager's chart, as far as the platform sets them.

use std::sync::Arc;

use serde::Serialize;

use crate::{
    builder::chart::values::{ChartResources, Lookup, Strategy, Switch},
    platform::images::Pinned,
};

/// The chart's values, only what differs from its defaults.
#[derive(Serialize)]
pub(super) struct Values {
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) acmesolver: Option<SolverValues>,
    pub(super) cainjector: Deployment,
    pub(super) crds: Crds,
    /// Whether a record is looked up through the cluster's DNS alone: a name server of the zone
    /// itself may not be in reach.
    #[serde(rename = "dns01RecursiveNameserversOnly", skip_serializing_if = "is_off")]
    pub(super) recursive_nameservers_only: bool,
    pub(super) global: Global,
    #[serde(rename = "https_proxy", skip_serializing_if = "Option::is_none")]
    pub(super) https_proxy: Option<Arc<str>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) image: Option<Pinned>,
    #[serde(rename = "no_proxy", skip_serializing_if = "Option::is_none")]
    pub(super) no_proxy: Option<String>,
    #[serde(rename = "podDnsConfig")]
    pub(super) lookup: Lookup,
    pub(super) prometheus: Prometheus,
    pub(super) resources: ChartResources,
    pub(super) startupapicheck: Switch,
    pub(super) strategy: Strategy,
    pub(super) webhook: Deployment,
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde passes a reference")]
fn is_off(switch: &bool) -> bool {
    !switch
}

/// The pod that answers a challenge.
#[derive(Serialize)]
pub(super) struct SolverValues {
    pub(super) image: Pinned,
}

#[derive(Serialize)]
pub(super) struct Deployment {
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) image: Option<Pinned>,
    pub(super) resources: ChartResources,
    pub(super) strategy: Strategy,
}

#[derive(Serialize)]
pub(super) struct Crds {
    pub(super) enabled: bool,
    pub(super) keep: bool,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Global {
    pub(super) leader_election: LeaderElection,
}

#[derive(Serialize)]
pub(super) struct LeaderElection {
    pub(super) namespace: String,
}

#[derive(Serialize)]
pub(super) struct Prometheus {
    pub(super) enabled: bool,
    pub(super) servicemonitor: Switch,
}
