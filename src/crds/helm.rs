//! k3s' `HelmChartConfig` (`helm.cattle.io/v1`): values for the charts that k3s packages.

use k8s_openapi::apimachinery::pkg::apis::meta::v1::ObjectMeta;
use serde::Serialize;

use crate::builder::object::{ClusterKind, CustomResource};

/// Values over a packaged chart's own; its name is the chart's.
#[derive(Serialize)]
pub struct HelmChartConfig {
    /// Name; always in `kube-system`.
    pub metadata: ObjectMeta,
    /// The rest.
    pub spec: HelmChartConfigSpec,
}

/// The body of a [`HelmChartConfig`].
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub struct HelmChartConfigSpec {
    /// `abort`: the default uninstalls the chart when an upgrade fails.
    pub failure_policy: &'static str,
    /// YAML, as text.
    pub values_content: String,
}

impl CustomResource for HelmChartConfig {
    const API_VERSION: &'static str = "helm.cattle.io/v1";
    const KIND: &'static str = "HelmChartConfig";
    const PLURAL: &'static str = "helmchartconfigs";
    const IS_NAMESPACED: bool = true;
    fn metadata(&self) -> &ObjectMeta {
        &self.metadata
    }
}

impl ClusterKind for HelmChartConfig {}
