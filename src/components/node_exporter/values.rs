//! The values of node-exporter's chart, as far as the platform sets them.

use k8s_openapi::api::core::v1::Toleration;
use serde::Serialize;

use crate::builder::chart::values::ChartResources;

/// What differs from the chart's defaults. With a digest of its own, the chart writes no tag.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Values {
    pub(super) container_security_context: ContainerSecurity,
    pub(super) extra_args: Vec<String>,
    pub(super) fullname_override: &'static str,
    pub(super) host_network: bool,
    #[serde(rename = "hostPID")]
    pub(super) host_pid: bool,
    pub(super) image: Image,
    /// The value of `app.kubernetes.io/name`, and so Prometheus' job.
    pub(super) name_override: &'static str,
    pub(super) resources: ChartResources,
    pub(super) security_context: PodSecurity,
    pub(super) tolerations: [Toleration; 1],
}

/// The variant without a shell, by digest where it is known.
#[derive(Serialize)]
pub(super) struct Image {
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) digest: Option<&'static str>,
    pub(super) distroless: bool,
}

/// No right beyond those of its user, which is nobody.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct ContainerSecurity {
    allow_privilege_escalation: bool,
    capabilities: Capabilities,
}

impl Default for ContainerSecurity {
    fn default() -> Self {
        Self { allow_privilege_escalation: false, capabilities: Capabilities { drop: ["ALL"] } }
    }
}

#[derive(Serialize)]
struct Capabilities {
    drop: [&'static str; 1],
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct PodSecurity {
    seccomp_profile: SeccompProfile,
}

impl Default for PodSecurity {
    fn default() -> Self {
        Self { seccomp_profile: SeccompProfile { r#type: "RuntimeDefault" } }
    }
}

#[derive(Serialize)]
struct SeccompProfile {
    r#type: &'static str,
}
