//! What the chart of Prometheus makes, with what its operator makes at run time, and what these
//! pods speak to.

use super::system;
use crate::{
    builder::{
        chart::{pods::ChartPod, values::Strategy},
        contribution::{Alert, AlertSeverity, Logs},
        example::{Examples, Series},
        handle::{Pods, StorageClassRef},
        internet::Https,
        scope::Scope,
    },
    components::alertmanager::receivers::Way,
    facts::{
        alerts::SAMPLES_WITHIN,
        charts::kube_prometheus_stack::{
            ALERTMANAGER, ALERTMANAGER_WORKLOAD, PROMETHEUS, PROMETHEUS_WORKLOAD, port,
        },
        requests::Allotment,
    },
    units::{Bytes, Seconds},
};

/// What the pods of Prometheus, or of Alertmanager, are given.
pub(super) struct Server<'a> {
    pub(super) allotment: Allotment,
    pub(super) reloader: Allotment,
    pub(super) class: &'a StorageClassRef,
    pub(super) storage: Bytes,
}

/// The operator, kube-state-metrics, Prometheus. The last is made at run time, by the operator: its
/// pods bear the name of their resource where others bear the release's.
pub(super) fn declared(
    operator: (Allotment, Strategy),
    kube_state_metrics: Allotment,
    server: &Server<'_>,
) -> [ChartPod; 3] {
    let (operator, strategy) = operator;
    [
        ChartPod::deployment("kube-prometheus-stack-operator", operator)
            .named("kube-prometheus-stack-prometheus-operator")
            .replaced(strategy),
        ChartPod::deployment("kube-prometheus-stack-kube-state-metrics", kube_state_metrics)
            .named("kube-state-metrics")
            .surge(0),
        ChartPod::stateful_set(PROMETHEUS_WORKLOAD, server.allotment)
            .beside(server.reloader)
            .init(server.reloader)
            .stores(server.class, server.storage)
            .named("prometheus")
            .labelled(&[
                ("app.kubernetes.io/instance", PROMETHEUS),
                ("app.kubernetes.io/name", "prometheus"),
            ]),
    ]
}

/// What its pods speak to; whom Prometheus asks of other components follows from what they
/// contribute, and of k3s from what is contributed for it.
pub(super) fn flows(scope: &mut Scope<'_>, made: &[Pods; 3]) {
    let [operator, kube_state_metrics, prometheus] = made;
    for pods in made {
        scope.calls_api_server(pods);
        scope.resolves_names(pods);
        scope.contribute(Logs::text(pods));
    }
    // What the chart's own monitors ask: itself, and what this chart makes.
    scope.calls_kubelets(prometheus);
    for port in [port::KUBE_STATE_METRICS, port::KUBE_STATE_METRICS_SELF] {
        scope.calls(prometheus, kube_state_metrics, port);
    }
    scope.calls(prometheus, operator, port::OPERATOR);
    for port in [port::CONFIG_RELOADER, port::PROMETHEUS] {
        scope.calls(prometheus, prometheus, port);
    }
    system::offers(scope);
}

/// Alertmanager, made at run time as Prometheus is.
pub(super) fn alertmanager(server: &Server<'_>) -> ChartPod {
    ChartPod::stateful_set(ALERTMANAGER_WORKLOAD, server.allotment)
        .beside(server.reloader)
        .init(server.reloader)
        .stores(server.class, server.storage)
        .named("alertmanager")
        .labelled(&[
            ("app.kubernetes.io/instance", ALERTMANAGER),
            ("app.kubernetes.io/name", "alertmanager"),
        ])
}

/// What Prometheus tells and asks of Alertmanager, and whom that tells. It is one alone, so it
/// speaks to no other of its kind.
pub(super) fn tells(
    scope: &mut Scope<'_>,
    prometheus: &Pods,
    alertmanager: &Pods,
    (ways, https): &(Vec<Way>, Https),
) {
    for port in [port::ALERTMANAGER, port::CONFIG_RELOADER] {
        scope.calls(prometheus, alertmanager, port);
    }
    scope.resolves_names(alertmanager);
    scope.contribute(Logs::text(alertmanager));
    for way in ways {
        match way {
            Way::Web(server) => scope.calls_https_of(alertmanager, https, server),
            Way::Mail(server) => scope.calls_outside(alertmanager, server),
            Way::Internet => scope.calls_https(alertmanager, https),
        }
    }
}

/// The volume is too small for what it should hold: the oldest samples go before their time. The
/// alert looks at the last day, since blocks are deleted every two hours at most.
pub(super) fn samples_go_early(retention: &str) -> Alert {
    let deleted = "prometheus_tsdb_size_retentions_total";
    Alert {
        name: "SamplesDeletedEarly",
        expression: format!("max by (pod) (increase({deleted}[{SAMPLES_WITHIN}])) > 0"),
        after: Seconds::new(0),
        severity: AlertSeverity::Warning,
        figures: vec![SAMPLES_WITHIN.figure()],
        summary: format!(
            "Prometheus deletes samples that are younger than {retention}, because its volume is \
             full."
        ),
        runbook:
            "Write a larger `storage` for `kubePrometheusStack` where the class of its volume \
             lets volumes grow, or fewer `retentionDays`. `kubectl -n monitoring port-forward \
             service/kube-prometheus-stack-prometheus 9090` leads to the page of Prometheus, which \
             shows under Status the metrics with the most series."
                .to_owned(),
        examples: Examples {
            fires_on: vec![Series::changing(format!("{deleted}{{pod=\"a\"}}"), 0, 1)],
            labels: vec![("pod", "a".to_owned())],
            quiet_on: vec![Series::of(format!("{deleted}{{pod=\"a\"}}"), 5)],
            ..Examples::default()
        },
    }
}
