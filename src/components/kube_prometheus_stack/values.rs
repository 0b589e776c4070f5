//! The values of the chart of Prometheus and its operator, as far as the platform sets them.

use k8s_openapi::api::core::v1::PersistentVolumeClaimSpec;
use serde::Serialize;

use crate::{
    builder::chart::values::{ChartResources, Lookup, Strategy, Switch},
    components::alertmanager::configuration::Configuration,
    platform::images::{Digest, Hash},
};

/// The chart's values, only what differs from its defaults.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Values {
    pub(super) alertmanager: Alertmanager,
    pub(super) core_dns: Switch,
    pub(super) crds: Switch,
    pub(super) default_rules: DefaultRules,
    pub(super) grafana: Switch,
    #[serde(rename = "kube-state-metrics")]
    pub(super) kube_state_metrics: KubeStateMetrics,
    pub(super) kube_api_server: ApiServer,
    pub(super) kube_controller_manager: Switch,
    pub(super) kube_etcd: Switch,
    pub(super) kube_proxy: Switch,
    pub(super) kube_scheduler: Switch,
    pub(super) kubelet: Kubelet,
    pub(super) node_exporter: Switch,
    pub(super) prometheus: Prometheus,
    pub(super) prometheus_operator: Operator,
}

/// Alertmanager, which is on in the chart's defaults.
#[derive(Serialize)]
#[serde(untagged)]
pub(super) enum Alertmanager {
    Off(Switch),
    On(Box<Teller>),
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Teller {
    #[serde(rename = "alertmanagerSpec")]
    pub(super) spec: TellerSpec,
    pub(super) config: Configuration,
    pub(super) service_account: NoToken,
}

/// The spec of the resource `Alertmanager`.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct TellerSpec {
    pub(super) automount_service_account_token: bool,
    pub(super) config_maps: [String; 1],
    pub(super) containers: [Patch; 1],
    #[serde(rename = "dnsConfig")]
    pub(super) lookup: Lookup,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) image: Option<Hash>,
    pub(super) init_containers: [Patch; 1],
    pub(super) resources: ChartResources,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(super) secrets: Vec<String>,
    pub(super) storage: StorageSpec,
}

/// A service account whose pods ask the API server nothing.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct NoToken {
    pub(super) automount_service_account_token: bool,
}

/// The chart's own rules: those of which nothing has the metrics are off.
#[derive(Serialize)]
pub(super) struct DefaultRules {
    pub(super) disabled: DisabledAlerts,
    pub(super) rules: RuleGroups,
}

/// In the chart's defaults no alert is switched off.
fn is_default(disabled: &bool) -> bool {
    !disabled
}

/// In the chart's defaults every group is on.
fn is_on(group: &bool) -> bool {
    *group
}

/// Single alerts of a group that stays: `true` switches one off.
#[expect(clippy::struct_excessive_bools, reason = "they are the chart's keys")]
#[derive(Serialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct DisabledAlerts {
    #[serde(rename = "KubeAPIInstanceUnreachable")]
    pub(super) kube_api_instance_unreachable: bool,
    #[serde(skip_serializing_if = "is_default")]
    pub(super) prometheus_not_connected_to_alertmanagers: bool,
    pub(super) prometheus_remote_storage_failures: bool,
    pub(super) prometheus_remote_write_behind: bool,
    pub(super) prometheus_remote_write_desired_shards: bool,
}

/// Whole groups: `false` switches one off.
#[expect(clippy::struct_excessive_bools, reason = "they are the chart's keys")]
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct RuleGroups {
    #[serde(skip_serializing_if = "is_on")]
    pub(super) alertmanager: bool,
    pub(super) k8s_container_memory_swap: bool,
    pub(super) kube_prometheus_node_recording: bool,
    pub(super) network: bool,
    pub(super) node: bool,
    pub(super) node_exporter_alerting: bool,
    pub(super) node_exporter_recording: bool,
}

/// The subchart of kube-state-metrics. It knows no other strategy than a word.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct KubeStateMetrics {
    /// No rule reads them, and who makes metrics of them may read their content.
    pub(super) collectors_exclude: [&'static str; 2],
    #[serde(rename = "dnsConfig")]
    pub(super) lookup: Lookup,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) image: Option<Digest>,
    pub(super) resources: ChartResources,
    /// The chart's rules about it read that, and are on without it, too.
    pub(super) self_monitor: Switch,
    pub(super) update_strategy: &'static str,
}

/// Not asked by itself; the rules about it read what the kubelet's port has.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct ApiServer {
    pub(super) enabled: bool,
    pub(super) job_name_override: &'static str,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Kubelet {
    pub(super) service_monitor: KubeletMonitor,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct KubeletMonitor {
    #[serde(rename = "cAdvisorInterval")]
    pub(super) containers_interval: &'static str,
    pub(super) metric_relabelings: [Relabeling; 2],
}

/// A step that keeps or drops samples.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Relabeling {
    pub(super) action: &'static str,
    pub(super) regex: &'static str,
    pub(super) source_labels: &'static [&'static str],
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Prometheus {
    pub(super) prometheus_spec: PrometheusSpec,
}

/// The spec of the resource `Prometheus`.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct PrometheusSpec {
    pub(super) containers: [Patch; 1],
    #[serde(rename = "dnsConfig")]
    pub(super) lookup: Lookup,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) image: Option<Hash>,
    pub(super) init_containers: [Patch; 1],
    #[serde(flatten)]
    pub(super) selectors: Selectors,
    pub(super) resources: ChartResources,
    pub(super) retention: String,
    pub(super) retention_size: String,
    pub(super) storage_spec: StorageSpec,
}

/// What is laid over a container that the operator makes. Its own options have no word for the
/// node's disk.
#[derive(Serialize)]
pub(super) struct Patch {
    pub(super) name: &'static str,
    pub(super) resources: ChartResources,
}

/// With the chart's default Prometheus takes up what is labelled with the release alone: with
/// `false`, all that is in the cluster.
#[expect(clippy::struct_excessive_bools, reason = "they are the chart's keys")]
#[derive(Default, Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Selectors {
    pod_monitor_selector_nil_uses_helm_values: bool,
    probe_selector_nil_uses_helm_values: bool,
    rule_selector_nil_uses_helm_values: bool,
    scrape_config_selector_nil_uses_helm_values: bool,
    service_monitor_selector_nil_uses_helm_values: bool,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct StorageSpec {
    pub(super) volume_claim_template: ClaimTemplate,
}

#[derive(Serialize)]
pub(super) struct ClaimTemplate {
    pub(super) spec: PersistentVolumeClaimSpec,
}

/// The operator, without webhooks: a Job of theirs writes into what Argo CD compares. With TLS it
/// would mount a Secret that this Job makes.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Operator {
    pub(super) admission_webhooks: Switch,
    #[serde(rename = "dnsConfig")]
    pub(super) lookup: Lookup,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) image: Option<Hash>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(super) prometheus_config_reloader: Option<Reloader>,
    pub(super) resources: ChartResources,
    pub(super) strategy: Strategy,
    pub(super) tls: Switch,
}

/// The values of the chart of resource definitions: none of those that nothing here uses. One that
/// is switched off later would be deleted, with all objects of its kind.
#[derive(Default, Serialize)]
pub(super) struct Definitions {
    crds: UnusedDefinitions,
}

#[derive(Serialize)]
struct UnusedDefinitions {
    prometheusagents: Switch,
    thanosrulers: Switch,
}

impl Default for UnusedDefinitions {
    fn default() -> Self {
        Self { prometheusagents: Switch::OFF, thanosrulers: Switch::OFF }
    }
}

#[derive(Serialize)]
pub(super) struct Reloader {
    pub(super) image: Hash,
}
