//! k3s' packaged ingress controller: resources, redirect to TLS and its version, time for uploads,
//! access log, metrics.

mod alerts;
mod values;

use schemars::JsonSchema;
use serde::Deserialize;

use super::{
    dashboards,
    section::{PodResources, Section},
};
use crate::{
    builder::{
        chart::values::{Strategy, Switch},
        contribution::{self, Scrape},
        ingress::{Clients, IngressRef},
        kinds,
        may_make::MayMake,
        scope::Scope,
        traefik::{TlsOption, TlsOptionSpec, TlsVersion},
    },
    crds::helm::{HelmChartConfig, HelmChartConfigSpec},
    facts::{
        kubernetes::SYSTEM_NAMESPACE,
        requests,
        traefik::{DEFAULT_TLS_OPTION, METRICS, METRICS_SERVICE, WEBSECURE},
    },
    platform::resources::Resources,
    yaml::emit,
};
use values::{
    AccessLog, EntryPoint, Logs, Metrics, Ports, Prometheus, Redirections, Service, ServiceSpec,
    Timeouts, Transport, Values, Web, WebHttp, WebSecure,
};

/// What its Application may ever make.
pub const APPLICATION: MayMake = MayMake::in_namespace(
    "traefik",
    &[SYSTEM_NAMESPACE],
    &[kinds::namespaced_custom::<HelmChartConfig>(), kinds::namespaced_custom::<TlsOption>()],
);

/// Traefik, the ingress controller that k3s installs.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
pub struct Traefik {
    /// Whether the tree configures k3s' Traefik, by a `HelmChartConfig`. With `false` and
    /// `ingress`, k3s installs no Traefik; with `false` alone, k3s' own settings remain: no
    /// requests, and plain HTTP is not redirected to HTTPS.
    #[schemars(example = false)]
    pub enabled: bool,
    /// Requests and limits of the ingress controller: `resources` in the values of its chart.
    /// Absent: the tested figures, which `espalier show budget` lists.
    pub resources: Resources,
}

impl Default for Traefik {
    fn default() -> Self {
        Self { enabled: true, resources: Resources::default() }
    }
}

impl Traefik {
    /// What its pod is promised, as the budget counts it.
    pub fn allotment(&self) -> requests::Allotment {
        self.resources.over(requests::TRAEFIK)
    }

    /// Builds its configuration, with which it redirects plain HTTP.
    pub fn build(&self, scope: &mut Scope<'_>) -> IngressRef {
        let cluster = scope.cluster();
        let ingress = scope.redirecting(&cluster.ingress);
        let part = scope.part("traefik", "ingress-controller", None);
        let values = Values {
            logs: Logs { access: AccessLog { enabled: true, format: "json" } },
            metrics: Metrics { prometheus: Prometheus { service: Switch::ON } },
            ports: Ports {
                web: Web {
                    http: WebHttp {
                        redirections: Redirections {
                            entry_point: EntryPoint {
                                permanent: true,
                                priority: 10,
                                scheme: "https",
                                to: WEBSECURE,
                            },
                        },
                    },
                },
                websecure: WebSecure {
                    transport: Transport {
                        responding_timeouts: Timeouts {
                            idle_timeout: "180s",
                            read_timeout: "600s",
                            write_timeout: "0s",
                        },
                    },
                },
            },
            resources: self.allotment().into(),
            update_strategy: Strategy::OLD_POD_FIRST,
            service: Service {
                spec: ServiceSpec {
                    external_traffic_policy: match ingress.clients() {
                        Clients::Seen => "Local",
                        Clients::Alike => "Cluster",
                    },
                },
            },
        };
        let values_content = emit::text(&values);
        let metadata = scope.meta(&part);
        // `kube-system` is not ours: no policy is derived there.
        let pods = cluster.ingress.pods();
        let port = scope.chart_port(pods, METRICS_SERVICE, METRICS, METRICS);
        scope.contribute(Scrape::of(port));
        // One line a request, and its own, which are few, as text.
        scope.contribute(contribution::Logs::json(pods));
        alerts::alerts(scope);
        scope.contribute(dashboards::traefik::dashboard());
        scope.add_custom(
            cluster.kind(),
            HelmChartConfig {
                metadata,
                spec: HelmChartConfigSpec { failure_policy: "abort", values_content },
            },
        );
        // What Traefik takes for its default already, and what no version of it may take back.
        let metadata = scope.meta_named(&part, DEFAULT_TLS_OPTION);
        let spec = TlsOptionSpec { min_version: TlsVersion::Tls12 };
        scope.add_custom(cluster.kind(), TlsOption { metadata, spec });
        ingress
    }
}

impl Section for Traefik {
    fn key(&self) -> &'static str {
        "traefik"
    }

    fn is_enabled(&self) -> bool {
        self.enabled
    }

    fn resources(&self) -> Vec<PodResources<'_>> {
        vec![PodResources::of(&["resources"], &self.resources, requests::TRAEFIK)]
    }

    fn may_make(&self) -> &'static [MayMake] {
        &[APPLICATION]
    }
}
