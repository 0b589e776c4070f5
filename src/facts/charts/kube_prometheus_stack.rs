//! Facts of the chart of Prometheus and its operator, as rendered with our values, and of the chart
//! of the operator's resource definitions.

use super::{ChartFacts, ObjectKind};
use crate::facts::versions;

/// Both charts come from here.
const REPOSITORY: &str = "https://prometheus-community.github.io/helm-charts";

/// No hooks, because there are no admission webhooks; nothing outside of the namespace, because
/// `CoreDNS` gets no Service of the chart's. Names of roles begin with the release's.
pub const KUBE_PROMETHEUS_STACK: ChartFacts = ChartFacts {
    name: "kube-prometheus-stack",
    repository: REPOSITORY,
    pin: versions::KUBE_PROMETHEUS_STACK,
    kinds: &[
        ObjectKind::Cluster("rbac.authorization.k8s.io", "ClusterRole", "kube-prometheus-stack-*"),
        ObjectKind::Cluster(
            "rbac.authorization.k8s.io",
            "ClusterRoleBinding",
            "kube-prometheus-stack-*",
        ),
        ObjectKind::Namespaced("", "Secret"),
        ObjectKind::Namespaced("", "Service"),
        ObjectKind::Namespaced("", "ServiceAccount"),
        ObjectKind::Namespaced("apps", "Deployment"),
        ObjectKind::Namespaced("monitoring.coreos.com", "Alertmanager"),
        ObjectKind::Namespaced("monitoring.coreos.com", "Prometheus"),
        ObjectKind::Namespaced("monitoring.coreos.com", "PrometheusRule"),
        ObjectKind::Namespaced("monitoring.coreos.com", "ServiceMonitor"),
    ],
};

/// Definitions and nothing else.
pub const PROMETHEUS_OPERATOR_CRDS: ChartFacts = ChartFacts {
    name: "prometheus-operator-crds",
    repository: REPOSITORY,
    pin: versions::PROMETHEUS_OPERATOR_CRDS,
    kinds: &[ObjectKind::Cluster(
        "apiextensions.k8s.io",
        "CustomResourceDefinition",
        "*.monitoring.coreos.com",
    )],
};

/// The resource `Prometheus` that the chart makes, and so the value of `app.kubernetes.io/instance`
/// of the pods that the operator makes of it.
pub const PROMETHEUS: &str = "kube-prometheus-stack-prometheus";

/// The StatefulSet that the operator makes of it.
pub const PROMETHEUS_WORKLOAD: &str = "prometheus-kube-prometheus-stack-prometheus";

/// The resource `Alertmanager` that the chart makes, as [`PROMETHEUS`] is that of Prometheus.
pub const ALERTMANAGER: &str = "kube-prometheus-stack-alertmanager";

/// The StatefulSet that the operator makes of it.
pub const ALERTMANAGER_WORKLOAD: &str = "alertmanager-kube-prometheus-stack-alertmanager";

/// Where the operator mounts the Secrets that the resource names, a folder a Secret.
pub const ALERTMANAGER_SECRETS: &str = "/etc/alertmanager/secrets";

/// The same of a `ConfigMap`.
pub const ALERTMANAGER_CONFIG_MAPS: &str = "/etc/alertmanager/configmaps";

/// Pod ports.
pub mod port {
    /// Alertmanager: its API and its own metrics.
    pub const ALERTMANAGER: u16 = 9093;
    /// Prometheus: queries and its own metrics.
    pub const PROMETHEUS: u16 = 9090;
    /// The metrics of what tells Prometheus or Alertmanager of a new configuration.
    pub const CONFIG_RELOADER: u16 = 8080;
    /// The operator's metrics, in plain HTTP.
    pub const OPERATOR: u16 = 8080;
    /// The state of the cluster's objects, as metrics.
    pub const KUBE_STATE_METRICS: u16 = 8080;
    /// What kube-state-metrics says of itself: whether it is told of objects at all.
    pub const KUBE_STATE_METRICS_SELF: u16 = 8081;
}

/// What is kept of the kubelet's metrics. In k3s everything is one process, and each port serves
/// the metrics of all of it, so this is where the API server's are: 56,000 to 79,000 samples of
/// real nodes (k3s#12917, arch-anes/self-hosted-services#934), most of them the API server's
/// histograms. Kept is what the chart's rules, our alerts and dashboards read: of the API server
/// its requests and their time without the buckets, its client certificates and what it aggregates.
pub const OF_KUBELET: &str = "(kubelet_.*|volume_manager_total_volumes|storage_operation_.*\
                              |kubernetes_build_info|rest_client_requests_total\
                              |apiserver_client_certificate_expiration_seconds_(bucket|count)\
                              |aggregator_unavailable_apiservice.*\
                              |apiserver_request_(total|terminations_total)\
                              |apiserver_request_duration_seconds_(sum|count)\
                              |process_(cpu_seconds_total|resident_memory_bytes)|go_goroutines)";

/// Buckets that no rule needs, which the chart drops of itself: a list of ours takes its list's
/// place.
pub const BUCKETS: &str = "(csi_operations|storage_operation_duration)_seconds_bucket;\
                           (0.25|2.5|15|25|120|600)(\\.0)?";
