//! What sealed-secrets' chart makes, and what asks it.

use crate::{
    builder::{chart::pods::ChartPod, contribution::Scrape, handle::Pods, scope::Scope},
    facts::{charts::sealed_secrets::METRICS, requests::Allotment},
};

/// The controller. The chart has no value for its strategy.
pub(super) fn declared(name: &str, allotment: Allotment) -> [ChartPod; 1] {
    [ChartPod::deployment(name, allotment).named("sealed-secrets")]
}

/// `kube-system` is not ours: no policy is derived there, so what the controller speaks to needs no
/// words.
pub(super) fn flows(scope: &mut Scope<'_>, pods: &Pods) {
    let port = scope.chart_port(pods, "sealed-secrets-controller-metrics", METRICS, METRICS);
    scope.contribute(Scrape::of(port));
}
