//! What node-exporter's chart makes, and what asks it.

use crate::{
    builder::{
        chart::pods::ChartPod,
        contribution::{Logs, Scrape},
        handle::Pods,
        scope::Scope,
    },
    components::node_agents,
    facts::{
        charts::node_exporter::{FOLDERS, METRICS, WORKLOAD},
        requests::Allotment,
    },
};

/// A pod on each node.
pub(super) fn declared(allotment: Allotment) -> [ChartPod; 1] {
    let pod = ChartPod::daemon_set(WORKLOAD, allotment).tolerates(node_agents::on_every_node());
    [FOLDERS.into_iter().fold(pod, ChartPod::host_folder)]
}

/// It calls nobody, and asks for no name.
pub(super) fn offers(scope: &mut Scope<'_>, pods: &Pods) {
    let port = scope.chart_port(pods, WORKLOAD, METRICS, METRICS);
    scope.contribute(Scrape::of(port));
    scope.contribute(Logs::text(pods));
}
