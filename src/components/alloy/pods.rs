//! What Alloy's chart makes, and what its pods speak to, without Loki.

use crate::{
    builder::{
        chart::pods::ChartPod,
        contribution::{Logs, Scrape},
        handle::Pods,
        scope::Scope,
    },
    components::node_agents,
    facts::{
        charts::alloy::{METRICS, WORKLOAD},
        logs::{FOLDER, POSITIONS},
        node::SERVER_LOGS,
        requests::Allotment,
    },
};

/// A pod on each node.
pub(super) fn declared(allotment: Allotment) -> [ChartPod; 1] {
    [ChartPod::daemon_set(WORKLOAD, allotment)
        .tolerates(node_agents::on_every_node())
        .host_folder(FOLDER)
        .host_folder(POSITIONS)
        .host_folder(SERVER_LOGS)]
}

/// It asks the API server which pods there are on its node.
pub(super) fn offers(scope: &mut Scope<'_>, pods: &Pods) {
    scope.calls_api_server(pods);
    scope.resolves_names(pods);
    let port = scope.chart_port(pods, WORKLOAD, METRICS, METRICS);
    scope.contribute(Scrape::of(port));
    scope.contribute(Logs::text(pods));
}
