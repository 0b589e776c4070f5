//! What cert-manager's chart makes, and what its pods speak to.

use crate::{
    builder::{
        chart::{pods::ChartPod, values::Strategy},
        contribution::{Logs, Scrape},
        handle::Pods,
        ingress::IngressRef,
        internet::Https,
        scope::Scope,
    },
    facts::{charts::cert_manager::port, requests::Allotment},
    platform::{
        certificates::{Certificates, Issuer},
        dns01::DnsChallenge,
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
    https: &Https,
) {
    let [controller, webhook, cainjector] = made;
    for pods in made {
        scope.calls_api_server(pods);
        scope.resolves_names(pods);
    }
    scope.serves_webhook(webhook, port::WEBHOOK);
    match &certificates.issuer {
        Issuer::Staging | Issuer::Production => scope.calls_https(controller, https),
        Issuer::Acme(acme) => scope.calls_https_of(controller, https, &acme.outside()),
        Issuer::SelfSigned | Issuer::Ca(_) => {}
    }
    match certificates.dns01() {
        Some(DnsChallenge::Rfc2136(updates)) => scope.calls_outside(controller, &updates.outside()),
        Some(_) => scope.calls_https(controller, https),
        None => {}
    }
    // The self-check of HTTP-01: the controller asks the host itself before the ACME server does.
    if certificates.asks_by_http() {
        scope.calls_public_hosts(controller, ingress);
    }
    let metrics = [
        (controller, "cert-manager"),
        (webhook, "cert-manager-webhook"),
        (cainjector, "cert-manager-cainjector"),
    ];
    for (pods, service) in metrics {
        let port = scope.chart_port(pods, service, port::METRICS, port::METRICS);
        scope.contribute(Scrape::of(port));
        scope.contribute(Logs::text(pods));
    }
}
