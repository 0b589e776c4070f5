//! cert-manager, and the issuer that certifies the public hosts.

use k8s_openapi::apimachinery::pkg::apis::meta::v1::ObjectMeta;
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::section::{PodResources, Section};
use crate::{
    builder::{
        chart::{Chart, ChartPod},
        handle::{Contribution, CrdRef, IssuerRef, Peer, Pods},
        kinds,
        may_make::MayMake,
        scope::Scope,
    },
    crds::cert_manager::{
        Acme, ClusterIssuer, ClusterIssuerSpec, Http01, SecretRef, Solver, SolverIngress,
        SolverPod, SolverPodSpec,
    },
    facts::{
        charts::cert_manager::CERT_MANAGER,
        kubernetes::{API_SERVER_PORT, INGRESS_CLASS, TRAEFIK_HTTP, TRAEFIK_HTTPS},
        requests::{self, Allotment},
        versions::{
            self, CERT_MANAGER_CAINJECTOR_IMAGE, CERT_MANAGER_CONTROLLER_IMAGE,
            CERT_MANAGER_SOLVER_IMAGE, CERT_MANAGER_WEBHOOK_IMAGE, Pin,
        },
    },
    platform::{
        certificates::{Certificates, Issuer},
        images::Pinned,
        resources::{ChartResources, Resources, requirements},
        rollout::{Strategy, old_pod_first, surge},
        versions::Versions,
    },
};

/// What the chart's Application may ever make.
pub const APPLICATION: MayMake = MayMake::chart("cert-manager", &["cert-manager"], &CERT_MANAGER);
/// What the issuer's Application may ever make: either issuer, whichever is in use.
pub const ISSUER_APPLICATION: MayMake = MayMake::in_namespace(
    "cluster-issuer",
    &["cert-manager"],
    &[
        kinds::of_cluster_custom::<ClusterIssuer>(Issuer::Staging.name()),
        kinds::of_cluster_custom::<ClusterIssuer>(Issuer::Production.name()),
    ],
);

/// cert-manager, which obtains and renews certificates.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
pub struct CertManager {
    /// Whether cert-manager is installed. With `false` nothing of the platform can have a public
    /// host, so Open WebUI must be off too, and `domains.argocd` absent.
    #[schemars(example = false)]
    pub enabled: bool,
    /// Requests and limits of cert-manager's three pods: `resources` of each in the values of its
    /// chart.
    pub resources: CertManagerPods,
}

/// Requests and limits of cert-manager's pods.
#[derive(Clone, Debug, Default, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
pub struct CertManagerPods {
    /// The controller (`resources` in the chart's values), which obtains and renews certificates.
    pub controller: Resources,
    /// The webhook (`webhook.resources` in the chart's values), which validates cert-manager's own
    /// kinds.
    pub webhook: Resources,
    /// The CA injector (`cainjector.resources` in the chart's values), which keeps the webhook's
    /// certificate current.
    pub cainjector: Resources,
}

impl Default for CertManager {
    fn default() -> Self {
        Self { enabled: true, resources: CertManagerPods::default() }
    }
}

/// The chart's values, only what differs from its defaults.
#[derive(Serialize)]
struct Values {
    #[serde(skip_serializing_if = "Option::is_none")]
    acmesolver: Option<SolverValues>,
    cainjector: PodValues,
    crds: Crds,
    global: Global,
    #[serde(skip_serializing_if = "Option::is_none")]
    image: Option<Pinned>,
    prometheus: Prometheus,
    resources: ChartResources,
    startupapicheck: Switch,
    strategy: Strategy,
    webhook: PodValues,
}

/// The pod that answers a challenge.
#[derive(Serialize)]
struct SolverValues {
    image: Pinned,
}

#[derive(Serialize)]
struct PodValues {
    #[serde(skip_serializing_if = "Option::is_none")]
    image: Option<Pinned>,
    resources: ChartResources,
    strategy: Strategy,
}

#[derive(Serialize)]
struct Crds {
    enabled: bool,
    keep: bool,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Global {
    leader_election: LeaderElection,
}

#[derive(Serialize)]
struct LeaderElection {
    namespace: String,
}

#[derive(Serialize)]
struct Prometheus {
    enabled: bool,
    servicemonitor: Switch,
}

#[derive(Serialize)]
struct Switch {
    enabled: bool,
}

/// What cert-manager offers.
pub struct Offers {
    /// The right to write issuers.
    pub issuers: CrdRef<ClusterIssuer>,
}

impl CertManager {
    /// Allotments of its pods, by their workload's name.
    fn allotments(&self) -> [(&'static str, Allotment); 3] {
        [
            ("cert-manager", self.resources.controller.over(requests::CERT_MANAGER_CONTROLLER)),
            ("cert-manager-webhook", self.resources.webhook.over(requests::CERT_MANAGER_WEBHOOK)),
            (
                "cert-manager-cainjector",
                self.resources.cainjector.over(requests::CERT_MANAGER_CAINJECTOR),
            ),
        ]
    }

    /// Builds it.
    pub fn build(&self, scope: &mut Scope<'_>, versions: &Versions) -> Offers {
        let [(_, controller), (_, webhook), (_, cainjector)] = self.allotments();
        let image = |it| versions.chart_image(CERT_MANAGER.pin, it).map(Pinned::from);
        let values = Values {
            acmesolver: image(CERT_MANAGER_SOLVER_IMAGE).map(|image| SolverValues { image }),
            cainjector: PodValues {
                image: image(CERT_MANAGER_CAINJECTOR_IMAGE),
                resources: cainjector.into(),
                strategy: old_pod_first(),
            },
            crds: Crds { enabled: true, keep: true },
            global: Global {
                leader_election: LeaderElection { namespace: scope.namespace().to_string() },
            },
            image: image(CERT_MANAGER_CONTROLLER_IMAGE),
            prometheus: Prometheus { enabled: true, servicemonitor: Switch { enabled: false } },
            resources: controller.into(),
            startupapicheck: Switch { enabled: false },
            strategy: old_pod_first(),
            webhook: PodValues {
                image: image(CERT_MANAGER_WEBHOOK_IMAGE),
                resources: webhook.into(),
                strategy: old_pod_first(),
            },
        };
        let strategies = [&values.strategy, &values.webhook.strategy, &values.cainjector.strategy];
        let sized = std::iter::zip(self.allotments(), strategies);
        let pods = sized.map(|((name, allotment), strategy)| ChartPod {
            kind: "Deployment",
            name: name.into(),
            replicas: 1,
            request: allotment.request,
            limit: allotment.limit,
            cpu: allotment.cpu,
            surge: surge("Deployment", 1, Some(strategy)),
        });
        let pods = pods.collect();
        scope.chart(Chart {
            facts: &CERT_MANAGER,
            version: versions.of(CERT_MANAGER.pin),
            values: std::sync::Arc::new(values),
            pods,
        });
        flows(scope);
        Offers { issuers: scope.crd() }
    }
}

/// The webhook's port, in its pod.
const WEBHOOK: u16 = 10250;

/// What its pods speak to.
fn flows(scope: &mut Scope<'_>) {
    let [controller, webhook, cainjector] =
        ["cert-manager", "webhook", "cainjector"].map(|name| scope.chart_pods(name));
    for pods in [&controller, &webhook, &cainjector] {
        scope.flow_to(pods, Peer::ApiServer, API_SERVER_PORT);
        scope.resolves_names(pods);
    }
    scope.serves_webhook(&webhook, WEBHOOK);
    // The ACME server, and the self-check of HTTP-01: the controller asks our own public host,
    // which the node turns into the ingress controller's pod, or which leaves and comes back.
    scope.flow_to(&controller, Peer::Outside, 443);
    scope.flow_to(&controller, Peer::Outside, 80);
    for port in [TRAEFIK_HTTP, TRAEFIK_HTTPS] {
        scope.flow_to(&controller, Peer::Pods(Pods::traefik()), port);
    }
    let metrics = [
        (&controller, "cert-manager"),
        (&webhook, "cert-manager-webhook"),
        (&cainjector, "cert-manager-cainjector"),
    ];
    for (pods, service) in metrics {
        let port = scope.chart_port(pods, service, 9402, 9402);
        scope.contribute(Contribution::Scrape { port, path: "/metrics" });
    }
}

/// The issuer: Let's Encrypt, by HTTP-01 through the cluster's ingress controller.
pub fn issuer(
    scope: &mut Scope<'_>,
    needs: &Offers,
    certificates: &Certificates,
) -> Option<IssuerRef> {
    let name = certificates.issuer.name();
    let part = scope.part(name, "issuer", None);
    let metadata: ObjectMeta = scope.meta_cluster(&part, name);
    let ingress = SolverIngress {
        ingress_class_name: INGRESS_CLASS,
        pod_template: SolverPod {
            spec: SolverPodSpec { resources: requirements(requests::ACME_SOLVER) },
        },
        service_type: "ClusterIP",
    };
    let acme = Acme {
        email: certificates.email.to_string(),
        private_key_secret_ref: SecretRef { name: format!("{name}-account") },
        server: certificates.issuer.server(),
        solvers: vec![Solver { http01: Http01 { ingress } }],
    };
    scope.add_custom(needs.issuers, ClusterIssuer { metadata, spec: ClusterIssuerSpec { acme } });
    scope.issuer(name)
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
            PodResources {
                path: &["resources", "controller"],
                resources: &self.resources.controller,
                tested: Some(requests::CERT_MANAGER_CONTROLLER),
            },
            PodResources {
                path: &["resources", "webhook"],
                resources: &self.resources.webhook,
                tested: Some(requests::CERT_MANAGER_WEBHOOK),
            },
            PodResources {
                path: &["resources", "cainjector"],
                resources: &self.resources.cainjector,
                tested: Some(requests::CERT_MANAGER_CAINJECTOR),
            },
        ]
    }

    fn version(&self) -> Option<Pin> {
        Some(versions::CERT_MANAGER)
    }

    fn may_make(&self) -> &'static [MayMake] {
        &[APPLICATION, ISSUER_APPLICATION]
    }
}
