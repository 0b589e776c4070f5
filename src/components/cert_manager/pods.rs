//! What cert-manager's chart makes, and what its pods speak to.

use crate::{
    builder::{
        chart::{pods::ChartPod, values::Strategy},
        contribution::Scrape,
        handle::Pods,
        ingress::IngressRef,
        scope::Scope,
    },
    facts::{charts::cert_manager::port, requests::Allotment},
    platform::{
        certificates::{Certificates, Issuer},
        dns01::Dns01,
    },
};

/// Controller, webhook, cainjector, each with its strategy. The names of the last two are longer
/// than their labels.
pub(super) fn declared(allotments: [Allotment; 3], strategies: [Strategy; 3]) -> [ChartPod; 3] {
    let [controller, webhook, cainjector] = allotments;
    let [of_controller, of_webhook, of_cainjector] = strategies;
    [
        ChartPod::deployment("cert-manager", controller).replaced(of_controller),
        ChartPod::deployment("cert-manager-webhook", webhook).named("webhook").replaced(of_webhook),
        ChartPod::deployment("cert-manager-cainjector", cainjector)
            .named("cainjector")
            .replaced(of_cainjector),
    ]
}

/// What its pods speak to.
pub(super) fn flows(
    scope: &mut Scope<'_>,
    made: &[Pods; 3],
    ingress: &IngressRef,
    certificates: &Certificates,
) {
    let [controller, webhook, cainjector] = made;
    for pods in made {
        scope.calls_api_server(pods);
        scope.resolves_names(pods);
    }
    scope.serves_webhook(webhook, port::WEBHOOK);
    match &certificates.issuer {
        Issuer::Staging | Issuer::Production => scope.calls_internet(controller, 443),
        Issuer::Acme(acme) => scope.calls_outside(controller, &acme.outside()),
        Issuer::SelfSigned | Issuer::Ca(_) => {}
    }
    match &certificates.dns01 {
        Some(Dns01::Rfc2136(updates)) => scope.calls_outside(controller, &updates.outside()),
        Some(_) => scope.calls_internet(controller, 443),
        None => {}
    }
    // The self-check of HTTP-01: the controller asks our own public host, which the node turns
    // into the ingress controller's pod, or which leaves and comes back.
    if certificates.asks_by_http() {
        scope.calls_internet(controller, 443);
        scope.calls_internet(controller, 80);
        for port in ingress.ports() {
            scope.calls(controller, ingress.pods(), port);
        }
    }
    let metrics = [
        (controller, "cert-manager"),
        (webhook, "cert-manager-webhook"),
        (cainjector, "cert-manager-cainjector"),
    ];
    for (pods, service) in metrics {
        let port = scope.chart_port(pods, service, port::METRICS, port::METRICS);
        scope.contribute(Scrape::of(port));
    }
}
