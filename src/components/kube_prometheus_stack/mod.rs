//! Prometheus with its operator and kube-state-metrics, and the operator's resource definitions.

mod pods;
mod system;
mod values;

use k8s_openapi::api::core::v1::PersistentVolumeClaimSpec;
use schemars::JsonSchema;
use serde::Deserialize;

use super::{
    alertmanager::{self, receivers::Way},
    dashboards, monitoring_config, namespaces, pod,
    section::{Number, PodResources, Section, VolumeSize},
};
use crate::{
    builder::{
        chart::{
            Chart,
            values::{Lookup, Strategy, Switch},
        },
        handle::{CrdRef, Pods, PortRef},
        internet::Https,
        may_make::MayMake,
        scope::Scope,
    },
    crds::prometheus::{PodMonitor, Probe, PrometheusRule},
    facts::{
        charts::kube_prometheus_stack::{
            ALERTMANAGER, BUCKETS, KUBE_PROMETHEUS_STACK, OF_KUBELET, PROMETHEUS,
            PROMETHEUS_OPERATOR_CRDS, port,
        },
        requests::{self, Allotment},
        versions::{
            self, ALERTMANAGER_IMAGE, CONFIG_RELOADER_IMAGE, KUBE_STATE_METRICS_IMAGE,
            PROMETHEUS_IMAGE, PROMETHEUS_OPERATOR_IMAGE, Pin,
        },
    },
    platform::{
        images::{Digest, Hash},
        resources::Resources,
        versions::Versions,
    },
    units::Bytes,
};
use pods::Server;
use values::{
    Alertmanager, ApiServer, ClaimTemplate, DefaultRules, DisabledAlerts, KubeStateMetrics,
    Kubelet, KubeletMonitor, NoToken, Operator, Patch, Prometheus, PrometheusSpec, Relabeling,
    Reloader, RuleGroups, StorageSpec, Teller, TellerSpec, Values,
};

/// What the chart's Application may ever make.
pub const APPLICATION: MayMake =
    MayMake::chart("kube-prometheus-stack", &[namespaces::MONITORING], &KUBE_PROMETHEUS_STACK);
/// What the Application of the resource definitions may ever make.
pub const DEFINITIONS_APPLICATION: MayMake = MayMake::chart(
    "prometheus-operator-crds",
    &[namespaces::MONITORING],
    &PROMETHEUS_OPERATOR_CRDS,
);

/// Samples are kept for so many days at most.
const MOST_DAYS: u64 = 365;

/// Of its volume, what Prometheus fills with what it has written, in hundredths: beside it are what
/// is not written yet and what is being rewritten (Prometheus' own advice is 80 to 85).
const FILLED: u64 = 80;

/// Prometheus, which collects metrics and evaluates alerts, with its operator and
/// kube-state-metrics.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
pub struct KubePrometheusStack {
    /// Whether metrics are collected: the charts `kube-prometheus-stack` and
    /// `prometheus-operator-crds`, and a `PodMonitor` or `PrometheusRule` for each component that
    /// has metrics or alerts.
    #[schemars(example = true)]
    pub enabled: bool,
    /// Requests and limits of the pods: `resources` of each in the values of the chart. Absent: the
    /// tested figures, which `espalier show budget` lists.
    pub resources: KubePrometheusStackPods,
    /// After how many days samples are deleted: `prometheus.prometheusSpec.retention` in the
    /// chart's values. When the volume is four fifths full, the oldest samples go before that.
    #[schemars(example = 15)]
    pub retention_days: u32,
    /// Size of the volume for samples, with its unit:
    /// `prometheus.prometheusSpec.storageSpec.volumeClaimTemplate` in the chart's values. Once the
    /// volume is made, Kubernetes lets nobody make it smaller.
    #[schemars(example = &"20Gi")]
    pub storage: Bytes,
}

/// Requests and limits of the pods of monitoring.
#[derive(Clone, Debug, Default, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
pub struct KubePrometheusStackPods {
    /// Requests and limits of Prometheus, whose memory grows with the number of series:
    /// `prometheus.prometheusSpec.resources` in the chart's values. Absent: the tested figures.
    pub prometheus: Resources,
    /// Requests and limits of the container beside Prometheus, and of the one beside Alertmanager,
    /// that tells it of a new configuration: `prometheus.prometheusSpec.containers` and
    /// `alertmanager.alertmanagerSpec.containers` in the chart's values. Absent: the tested
    /// figures.
    pub config_reloader: Resources,
    /// Requests and limits of kube-state-metrics, which makes metrics of the cluster's objects:
    /// `kube-state-metrics.resources` in the chart's values. Absent: the tested figures.
    pub kube_state_metrics: Resources,
    /// Requests and limits of the operator, which runs Prometheus: `prometheusOperator.resources`
    /// in the chart's values. Absent: the tested figures.
    pub operator: Resources,
}

impl Default for KubePrometheusStack {
    fn default() -> Self {
        Self {
            enabled: false,
            resources: KubePrometheusStackPods::default(),
            retention_days: 7,
            storage: Bytes::gib(6),
        }
    }
}

/// The right to tell Prometheus what to ask and when to alert.
#[derive(Clone, Copy)]
pub struct Definitions {
    /// What to ask.
    pub monitors: CrdRef<PodMonitor>,
    /// What to have asked by an exporter.
    pub probes: CrdRef<Probe>,
    /// When to alert.
    pub rules: CrdRef<PrometheusRule>,
}

/// What monitoring needs.
pub struct Needs<'a> {
    /// The right to tell Prometheus.
    pub definitions: Definitions,
    /// What Alertmanager is told; none: there is none.
    pub told: Option<alertmanager::Offers>,
    /// Versions.
    pub versions: &'a Versions,
}

/// What monitoring offers.
pub struct Offers {
    /// Who asks for metrics.
    pub prometheus: Pods,
    /// Where it answers queries.
    pub queries: PortRef,
    /// Where alerts and silences are asked for, if somebody is told of alerts.
    pub alertmanager: Option<PortRef>,
    /// What it reads.
    pub definitions: Definitions,
}

/// The resource definitions, in an Application of their own: what uses them waits for it.
pub fn definitions(scope: &mut Scope<'_>, versions: &Versions) -> Definitions {
    let version = versions.of(PROMETHEUS_OPERATOR_CRDS.pin);
    let values = values::Definitions::default();
    let [] = scope.chart(Chart::new(&PROMETHEUS_OPERATOR_CRDS, version, values), []);
    Definitions { monitors: scope.crd(), probes: scope.crd(), rules: scope.crd() }
}

impl KubePrometheusStack {
    fn allotments(&self) -> [Allotment; 4] {
        let resources = &self.resources;
        [
            resources.prometheus.over(requests::PROMETHEUS),
            resources.config_reloader.over(requests::CONFIG_RELOADER),
            resources.kube_state_metrics.over(requests::KUBE_STATE_METRICS),
            resources.operator.over(requests::PROMETHEUS_OPERATOR),
        ]
    }

    /// What the samples on the volume may take of it.
    fn filled(&self) -> String {
        format!("{}MiB", (self.storage.get() / 100 * FILLED) >> 20)
    }

    /// Builds it.
    pub fn build(&self, scope: &mut Scope<'_>, needs: Needs<'_>) -> Offers {
        let Needs { definitions, told, versions } = needs;
        scope.wait_for(&definitions.monitors);
        if let Some(told) = &told {
            scope.wait_until(told.running);
        }
        let [prometheus, reloader, kube_state_metrics, operator] = self.allotments();
        let image = |it| versions.chart_image(KUBE_PROMETHEUS_STACK.pin, it);
        let teller = told.as_ref().map(|told| pods::Server {
            allotment: told.allotment,
            reloader,
            class: &scope.cluster().storage_class,
            storage: told.storage,
        });
        let (configured, ways) = match told {
            Some(told) => {
                let (claim, image) =
                    (pod::claim_spec(scope, told.storage), image(ALERTMANAGER_IMAGE));
                let (values, ways) = teller_values(told, claim, reloader, image.map(Hash::from));
                (Alertmanager::On(Box::new(values)), Some(ways))
            }
            None => (Alertmanager::Off(Switch::OFF), None),
        };
        let values = Values {
            alertmanager: configured,
            core_dns: Switch::OFF,
            crds: Switch::OFF,
            default_rules: rules(ways.is_some()),
            grafana: Switch::OFF,
            kube_state_metrics: KubeStateMetrics {
                collectors_exclude: ["configmaps", "secrets"],
                lookup: Lookup::AS_WRITTEN,
                image: image(KUBE_STATE_METRICS_IMAGE).map(Digest::from),
                resources: kube_state_metrics.into(),
                self_monitor: Switch::ON,
                update_strategy: "Recreate",
            },
            kube_api_server: ApiServer { enabled: false, job_name_override: "kubelet" },
            kube_controller_manager: Switch::OFF,
            kube_etcd: Switch::OFF,
            kube_proxy: Switch::OFF,
            kube_scheduler: Switch::OFF,
            kubelet: kubelet(),
            node_exporter: Switch::OFF,
            prometheus: Prometheus {
                prometheus_spec: PrometheusSpec {
                    containers: patch("config-reloader", reloader),
                    lookup: Lookup::AS_WRITTEN,
                    image: image(PROMETHEUS_IMAGE).map(Hash::from),
                    init_containers: patch("init-config-reloader", reloader),
                    selectors: values::Selectors::default(),
                    resources: prometheus.into(),
                    retention: format!("{}d", self.retention_days),
                    retention_size: self.filled(),
                    storage_spec: StorageSpec {
                        volume_claim_template: ClaimTemplate {
                            spec: pod::claim_spec(scope, self.storage),
                        },
                    },
                },
            },
            prometheus_operator: Operator {
                admission_webhooks: Switch::OFF,
                lookup: Lookup::AS_WRITTEN,
                image: image(PROMETHEUS_OPERATOR_IMAGE).map(Hash::from),
                prometheus_config_reloader: image(CONFIG_RELOADER_IMAGE)
                    .map(|it| Reloader { image: it.into() }),
                resources: operator.into(),
                strategy: Strategy::OLD_POD_FIRST,
                tls: Switch::OFF,
            },
        };
        let server = Server {
            allotment: prometheus,
            reloader,
            class: &scope.cluster().storage_class,
            storage: self.storage,
        };
        let operator = (operator, values.prometheus_operator.strategy);
        let version = versions.of(KUBE_PROMETHEUS_STACK.pin);
        let chart = Chart::new(&KUBE_PROMETHEUS_STACK, version, values);
        let made = pods::declared(operator, kube_state_metrics, &server);
        let mut asked = None;
        let made = match (teller, ways) {
            (Some(teller), Some(ways)) => {
                let [operator, metrics, prometheus] = made;
                let all = [operator, metrics, prometheus, pods::alertmanager(&teller)];
                let [operator, metrics, prometheus, alertmanager] = scope.chart(chart, all);
                pods::tells(scope, &prometheus, &alertmanager, &ways);
                let number = port::ALERTMANAGER;
                asked = Some(scope.chart_port(&alertmanager, ALERTMANAGER, number, number));
                [operator, metrics, prometheus]
            }
            _ => scope.chart(chart, made),
        };
        pods::flows(scope, &made);
        scope.contribute(pods::samples_go_early(&format!("{}d", self.retention_days)));
        scope.contribute(dashboards::prometheus::dashboard());
        let ([_, _, prometheus], number) = (made, port::PROMETHEUS);
        let queries = scope.chart_port(&prometheus, PROMETHEUS, number, number);
        Offers { prometheus, queries, alertmanager: asked, definitions }
    }
}

/// What is laid over a container that tells of a new configuration.
fn patch(name: &'static str, reloader: Allotment) -> [Patch; 1] {
    [Patch { name, resources: reloader.into() }]
}

/// The values of Alertmanager, and whom it calls.
fn teller_values(
    told: alertmanager::Offers,
    claim: PersistentVolumeClaimSpec,
    reloader: Allotment,
    image: Option<Hash>,
) -> (Teller, (Vec<Way>, Https)) {
    let spec = TellerSpec {
        automount_service_account_token: false,
        config_maps: told.config_maps,
        containers: patch("config-reloader", reloader),
        lookup: Lookup::AS_WRITTEN,
        image,
        init_containers: patch("init-config-reloader", reloader),
        resources: told.allotment.into(),
        secrets: told.secrets.iter().map(ToString::to_string).collect(),
        storage: StorageSpec { volume_claim_template: ClaimTemplate { spec: claim } },
    };
    let service_account = NoToken { automount_service_account_token: false };
    (Teller { spec, config: told.configuration, service_account }, told.ways)
}

/// The chart's rules, in pairs with what is not there: perhaps no Alertmanager; no node-exporter, no
/// target of the API server's own, nobody to whom samples are sent on, and of containers no memory
/// on a disk (of the kubelet's metrics about them the chart itself keeps none about that).
fn rules(has_alertmanager: bool) -> DefaultRules {
    DefaultRules {
        disabled: DisabledAlerts {
            kube_api_instance_unreachable: true,
            prometheus_not_connected_to_alertmanagers: !has_alertmanager,
            prometheus_remote_storage_failures: true,
            prometheus_remote_write_behind: true,
            prometheus_remote_write_desired_shards: true,
        },
        rules: RuleGroups {
            alertmanager: has_alertmanager,
            k8s_container_memory_swap: false,
            kube_prometheus_node_recording: false,
            network: false,
            node: false,
            node_exporter_alerting: false,
            node_exporter_recording: false,
        },
    }
}

/// The kubelet's port, asked as often as everything else for its containers too: the chart asks for
/// these every ten seconds.
fn kubelet() -> Kubelet {
    Kubelet {
        service_monitor: KubeletMonitor {
            containers_interval: "30s",
            metric_relabelings: [
                Relabeling { action: "keep", regex: OF_KUBELET, source_labels: &["__name__"] },
                Relabeling { action: "drop", regex: BUCKETS, source_labels: &["__name__", "le"] },
            ],
        },
    }
}

impl Section for KubePrometheusStack {
    fn key(&self) -> &'static str {
        "kubePrometheusStack"
    }

    fn is_enabled(&self) -> bool {
        self.enabled
    }

    fn resources(&self) -> Vec<PodResources<'_>> {
        let resources = &self.resources;
        vec![
            PodResources::of(
                &["resources", "prometheus"],
                &resources.prometheus,
                requests::PROMETHEUS,
            ),
            PodResources::of(
                &["resources", "configReloader"],
                &resources.config_reloader,
                requests::CONFIG_RELOADER,
            ),
            PodResources::of(
                &["resources", "kubeStateMetrics"],
                &resources.kube_state_metrics,
                requests::KUBE_STATE_METRICS,
            ),
            PodResources::of(
                &["resources", "operator"],
                &resources.operator,
                requests::PROMETHEUS_OPERATOR,
            ),
        ]
    }

    fn volumes(&self) -> Vec<VolumeSize> {
        vec![VolumeSize { path: &["storage"], size: Some(self.storage) }]
    }

    fn numbers(&self) -> Vec<Number> {
        vec![Number::new(&["retentionDays"], u64::from(self.retention_days), 1, MOST_DAYS)]
    }

    fn versions(&self) -> Vec<Pin> {
        vec![versions::KUBE_PROMETHEUS_STACK, versions::PROMETHEUS_OPERATOR_CRDS]
    }

    fn may_make(&self) -> &'static [MayMake] {
        &[APPLICATION, DEFINITIONS_APPLICATION, monitoring_config::APPLICATION]
    }
}
