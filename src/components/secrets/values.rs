//! The values of sealed-secrets' chart, as far as the platform sets them.

use serde::Serialize;

use crate::{builder::chart::values::ChartResources, platform::images::Tagged};

/// What differs from the chart's defaults.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Values {
    pub(super) container_security_context: ContainerSecurity,
    pub(super) fullname_override: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) image: Option<Tagged>,
    /// The chart's own spelling, all in lower case.
    pub(super) keyrenewperiod: &'static str,
    pub(super) pod_security_context: PodSecurity,
    pub(super) resources: ChartResources,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct ContainerSecurity {
    pub(super) allow_privilege_escalation: bool,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct PodSecurity {
    pub(super) seccomp_profile: SeccompProfile,
}

#[derive(Serialize)]
pub(super) struct SeccompProfile {
    pub(super) r#type: &'static str,
}
