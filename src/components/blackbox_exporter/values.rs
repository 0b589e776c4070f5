//! The values of the blackbox exporter's chart, as far as the platform sets them.

use serde::Serialize;

use super::modules::Modules;
use crate::{
    builder::chart::values::{ChartResources, Lookup, Strategy},
    platform::images::Quoted,
};

/// What differs from the chart's defaults.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Values {
    pub(super) config: Config,
    #[serde(rename = "dnsConfig")]
    pub(super) lookup: Lookup,
    pub(super) fullname_override: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) image: Option<Quoted>,
    pub(super) pod_security_context: PodSecurity,
    pub(super) resources: ChartResources,
    pub(super) strategy: Strategy,
}

/// The exporter's own file.
#[derive(Serialize)]
pub(super) struct Config {
    pub(super) modules: Modules,
}

/// The chart's own lacks what the namespace's pod security level asks for.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct PodSecurity {
    pub(super) seccomp_profile: SeccompProfile,
}

#[derive(Serialize)]
pub(super) struct SeccompProfile {
    pub(super) r#type: &'static str,
}
