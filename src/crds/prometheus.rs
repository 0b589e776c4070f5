//! The Prometheus operator's `PodMonitor`, `Probe` and `PrometheusRule`
//! (`monitoring.coreos.com/v1`).

use std::collections::BTreeMap;

use k8s_openapi::apimachinery::pkg::apis::meta::v1::{LabelSelector, ObjectMeta};
use serde::Serialize;

use crate::builder::object::CustomResource;

const VERSION: &str = "monitoring.coreos.com/v1";

/// Pods, and how Prometheus asks each of them.
#[derive(Serialize)]
pub struct PodMonitor {
    /// Name.
    pub metadata: ObjectMeta,
    /// The rest.
    pub spec: PodMonitorSpec,
}

/// The body of a [`PodMonitor`].
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub struct PodMonitorSpec {
    /// The label of the pods whose value is the label `job` of their metrics.
    pub job_label: &'static str,
    /// Where the pods are.
    pub namespace_selector: NamespaceSelector,
    /// How each is asked.
    pub pod_metrics_endpoints: Vec<PodMetricsEndpoint>,
    /// Which pods.
    pub selector: LabelSelector,
}

/// Namespaces by their names.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub struct NamespaceSelector {
    /// The names.
    pub match_names: Vec<String>,
}

/// How a pod is asked.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub struct PodMetricsEndpoint {
    /// How often; absent: as often as everything else.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub interval: Option<String>,
    /// The HTTP path; absent: `/metrics`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub path: Option<&'static str>,
    /// The port, one that a container of the pod declares.
    pub port_number: u16,
    /// Absent: plain HTTP.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub scheme: Option<&'static str>,
    /// What is checked of its certificate; absent: all.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub tls_config: Option<TlsConfig>,
}

/// What is checked of a certificate.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub struct TlsConfig {
    /// Whether any will do.
    pub insecure_skip_verify: bool,
}

impl CustomResource for PodMonitor {
    const API_VERSION: &'static str = VERSION;
    const KIND: &'static str = "PodMonitor";
    const PLURAL: &'static str = "podmonitors";
    const IS_NAMESPACED: bool = true;
    fn metadata(&self) -> &ObjectMeta {
        &self.metadata
    }
}

/// Addresses, and who asks them for Prometheus.
#[derive(Serialize)]
pub struct Probe {
    /// Name.
    pub metadata: ObjectMeta,
    /// The rest.
    pub spec: ProbeSpec,
}

/// The body of a [`Probe`].
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub struct ProbeSpec {
    /// The label `job` of what is found.
    pub job_name: &'static str,
    /// How the prober asks, by its own name for it.
    pub module: &'static str,
    /// Who asks.
    pub prober: Prober,
    /// What is asked.
    pub targets: ProbeTargets,
}

/// Who asks for Prometheus: an exporter that takes the address as a parameter.
#[derive(Serialize)]
pub struct Prober {
    /// Its host and port; it is asked at `/probe`.
    pub url: String,
}

/// What is asked.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub struct ProbeTargets {
    /// Addresses that are written here.
    pub static_config: StaticTargets,
}

/// Addresses as the prober takes them: each becomes the label `instance`.
#[derive(Serialize)]
pub struct StaticTargets {
    /// The addresses.
    #[serde(rename = "static")]
    pub addresses: Vec<String>,
}

impl CustomResource for Probe {
    const API_VERSION: &'static str = VERSION;
    const KIND: &'static str = "Probe";
    const PLURAL: &'static str = "probes";
    const IS_NAMESPACED: bool = true;
    fn metadata(&self) -> &ObjectMeta {
        &self.metadata
    }
}

/// Rules that Prometheus evaluates.
#[derive(Serialize)]
pub struct PrometheusRule {
    /// Name.
    pub metadata: ObjectMeta,
    /// The rest.
    pub spec: PrometheusRuleSpec,
}

/// The body of a [`PrometheusRule`].
#[derive(Serialize)]
pub struct PrometheusRuleSpec {
    /// Rules that are evaluated one after the other.
    pub groups: Vec<RuleGroup>,
}

/// Rules that are evaluated one after the other.
#[derive(Serialize)]
pub struct RuleGroup {
    /// Unique in the object.
    pub name: String,
    /// The rules.
    pub rules: Vec<AlertingRule>,
}

/// When to alert.
#[derive(Serialize)]
pub struct AlertingRule {
    /// Its name.
    pub alert: &'static str,
    /// For people.
    pub annotations: BTreeMap<&'static str, String>,
    /// A query that has a value while something is wrong.
    pub expr: String,
    /// How long it must have one.
    #[serde(rename = "for")]
    pub after: String,
    /// For programs.
    pub labels: BTreeMap<&'static str, &'static str>,
}

impl CustomResource for PrometheusRule {
    const API_VERSION: &'static str = VERSION;
    const KIND: &'static str = "PrometheusRule";
    const PLURAL: &'static str = "prometheusrules";
    const IS_NAMESPACED: bool = true;
    fn metadata(&self) -> &ObjectMeta {
        &self.metadata
    }
}
