//! What the chart of Prometheus makes, with what its operator makes at run time, and what these
//! pods speak to.

use crate::{
    builder::{
        chart::{pods::ChartPod, values::Strategy},
        contribution::Logs,
        handle::{Pods, StorageClassRef},
        scope::Scope,
    },
    facts::{
        charts::kube_prometheus_stack::{PROMETHEUS, PROMETHEUS_WORKLOAD, port},
        requests::Allotment,
    },
    units::Bytes,
};

/// What the pods of Prometheus are given.
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
/// contribute.
pub(super) fn flows(scope: &mut Scope<'_>, made: &[Pods; 3]) {
    let [operator, kube_state_metrics, prometheus] = made;
    for pods in made {
        scope.calls_api_server(pods);
        scope.resolves_names(pods);
        scope.contribute(Logs::text(pods));
    }
    // What the chart's own monitors ask: itself, and what this chart makes.
    scope.calls_kubelets(prometheus);
    scope.calls(prometheus, kube_state_metrics, port::KUBE_STATE_METRICS);
    scope.calls(prometheus, operator, port::OPERATOR);
    for port in [port::CONFIG_RELOADER, port::PROMETHEUS] {
        scope.calls(prometheus, prometheus, port);
    }
}
