//! cert-manager, the issuer that certifies the public hosts, and one certificate for workspaces.

mod alerts;
pub mod issuer;
mod pods;
mod values;
pub mod wildcard;

use schemars::JsonSchema;
use serde::Deserialize;

use super::{
    dashboards,
    section::{PodResources, Section},
};
use crate::{
    builder::{
        chart::{
            Chart,
            values::{Lookup, Strategy, Switch},
        },
        handle::CrdRef,
        ingress::IngressRef,
        may_make::MayMake,
        scope::Scope,
    },
    crds::cert_manager::{Certificate, ClusterIssuer},
    facts::{
        charts::cert_manager::CERT_MANAGER,
        requests::{self, Allotment},
        versions::{
            self, CERT_MANAGER_CAINJECTOR_IMAGE, CERT_MANAGER_CONTROLLER_IMAGE,
            CERT_MANAGER_SOLVER_IMAGE, CERT_MANAGER_WEBHOOK_IMAGE, Pin,
        },
    },
    platform::{
        certificates::Certificates, images::Pinned, resources::Resources, versions::Versions,
    },
};
use values::{Crds, Deployment, Global, LeaderElection, Prometheus, SolverValues, Values};

/// What the chart's Application may ever make.
pub const APPLICATION: MayMake = MayMake::chart("cert-manager", &["cert-manager"], &CERT_MANAGER);
/// cert-manager, which obtains and renews certificates.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
pub struct CertManager {
    /// Whether cert-manager is installed. With `false` nothing can have a public host: Open
    /// WebUI must be off, `domains.argocd` absent, and there can be no workspace.
    #[schemars(example = false)]
    pub enabled: bool,
    /// Requests and limits of cert-manager's three pods: `resources` of each in the values of its
    /// chart. Absent: the tested figures, which `espalier show budget` lists.
    pub resources: CertManagerPods,
}

/// Requests and limits of cert-manager's pods.
#[derive(Clone, Debug, Default, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
pub struct CertManagerPods {
    /// Requests and limits of the controller, which obtains and renews certificates: `resources`
    /// in the chart's values. Absent: the tested figures.
    pub controller: Resources,
    /// Requests and limits of the webhook, which validates cert-manager's own kinds:
    /// `webhook.resources` in the chart's values. Absent: the tested figures.
    pub webhook: Resources,
    /// Requests and limits of the CA injector, which keeps the webhook's certificate current:
    /// `cainjector.resources` in the chart's values. Absent: the tested figures.
    pub cainjector: Resources,
}

impl Default for CertManager {
    fn default() -> Self {
        Self { enabled: true, resources: CertManagerPods::default() }
    }
}

/// What cert-manager offers.
pub struct Offers {
    /// The right to write issuers.
    pub issuers: CrdRef<ClusterIssuer>,
    /// The right to write certificates that no Ingress asks for.
    pub certificates: CrdRef<Certificate>,
}

impl CertManager {
    /// Allotments of its pods: controller, webhook, cainjector.
    fn allotments(&self) -> [Allotment; 3] {
        [
            self.resources.controller.over(requests::CERT_MANAGER_CONTROLLER),
            self.resources.webhook.over(requests::CERT_MANAGER_WEBHOOK),
            self.resources.cainjector.over(requests::CERT_MANAGER_CAINJECTOR),
        ]
    }

    /// Builds it.
    pub fn build(
        &self,
        scope: &mut Scope<'_>,
        ingress: &IngressRef,
        certificates: &Certificates,
        versions: &Versions,
    ) -> Offers {
        let [controller, webhook, cainjector] = self.allotments();
        let image = |it| versions.chart_image(CERT_MANAGER.pin, it).map(Pinned::from);
        let (proxy, https) = scope.cluster().internet.told();
        let values = Values {
            acmesolver: image(CERT_MANAGER_SOLVER_IMAGE).map(|image| SolverValues { image }),
            cainjector: Deployment {
                image: image(CERT_MANAGER_CAINJECTOR_IMAGE),
                resources: cainjector.into(),
                strategy: Strategy::OLD_POD_FIRST,
            },
            crds: Crds { enabled: true, keep: true },
            recursive_nameservers_only: certificates.dns01().is_some(),
            https_proxy: proxy.as_ref().map(|it| it.url.clone()),
            no_proxy: proxy.as_ref().map(|it| it.bypassed.text()),
            global: Global {
                leader_election: LeaderElection { namespace: scope.namespace().to_string() },
            },
            image: image(CERT_MANAGER_CONTROLLER_IMAGE),
            lookup: Lookup::AS_WRITTEN,
            prometheus: Prometheus { enabled: true, servicemonitor: Switch::OFF },
            resources: controller.into(),
            startupapicheck: Switch::OFF,
            strategy: Strategy::OLD_POD_FIRST,
            webhook: Deployment {
                image: image(CERT_MANAGER_WEBHOOK_IMAGE),
                resources: webhook.into(),
                strategy: Strategy::OLD_POD_FIRST,
            },
        };
        let version = versions.of(CERT_MANAGER.pin);
        let strategies = [values.strategy, values.webhook.strategy, values.cainjector.strategy];
        let made = pods::declared(self.allotments(), strategies);
        let made = scope.chart(Chart::new(&CERT_MANAGER, version, values), made);
        pods::flows(scope, &made, ingress, certificates, &https);
        alerts::alerts(scope);
        scope.contribute(dashboards::cert_manager::dashboard());
        Offers { issuers: scope.crd(), certificates: scope.crd() }
    }
}

impl Section for CertManager {
    fn key(&self) -> &'static str {
        "certManager"
    }

    fn is_enabled(&self) -> bool {
        self.enabled
    }

    fn resources(&self) -> Vec<PodResources<'_>> {
        vec![
            PodResources::of(
                &["resources", "controller"],
                &self.resources.controller,
                requests::CERT_MANAGER_CONTROLLER,
            ),
            PodResources::of(
                &["resources", "webhook"],
                &self.resources.webhook,
                requests::CERT_MANAGER_WEBHOOK,
            ),
            PodResources::of(
                &["resources", "cainjector"],
                &self.resources.cainjector,
                requests::CERT_MANAGER_CAINJECTOR,
            ),
        ]
    }

    fn versions(&self) -> Vec<Pin> {
        vec![versions::CERT_MANAGER]
    }

    fn may_make(&self) -> &'static [MayMake] {
        &[APPLICATION, issuer::APPLICATION, issuer::CREDENTIALS_APPLICATION, wildcard::APPLICATION]
    }
}
