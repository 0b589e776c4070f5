//! What Loki's chart makes, and what its pods speak to.

use crate::{
    builder::{
        chart::pods::ChartPod,
        contribution::{Logs, Scrape},
        handle::{Pods, PortRef, StorageClassRef},
        scope::Scope,
    },
    facts::{
        charts::loki::{WORKLOAD, port},
        requests::Allotment,
    },
    units::Bytes,
};

/// One pod, with a volume of its own.
pub(super) fn declared(
    allotment: Allotment,
    class: &StorageClassRef,
    size: Bytes,
) -> [ChartPod; 1] {
    [ChartPod::stateful_set(WORKLOAD, allotment).stores(class, size)]
}

/// Its parts find each other by the name of its Service.
pub(super) fn offers(scope: &mut Scope<'_>, pods: &Pods) -> PortRef {
    scope.resolves_names(pods);
    scope.calls(pods, pods, port::GRPC);
    let http = scope.chart_port(pods, WORKLOAD, port::HTTP, port::HTTP);
    scope.contribute(Scrape::of(http.clone()));
    scope.contribute(Logs::text(pods));
    http
}
