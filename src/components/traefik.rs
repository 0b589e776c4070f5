//! k3s' packaged ingress controller: resources, redirect to TLS, time for uploads, access log,
//! metrics.

use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use super::section::{PodResources, Section};
use crate::{
    builder::{
        handle::{Contribution, CrdRef, Pods},
        kinds,
        may_make::MayMake,
        scope::Scope,
    },
    crds::helm::{HelmChartConfig, HelmChartConfigSpec},
    facts::{kubernetes::TRAEFIK_METRICS, requests},
    platform::{
        resources::{ChartResources, Resources},
        rollout::{Strategy, old_pod_first},
    },
    yaml::emit,
};

/// What its Application may ever make.
pub const APPLICATION: MayMake = MayMake::in_namespace(
    "traefik",
    &["kube-system"],
    &[kinds::namespaced_custom::<HelmChartConfig>()],
);

/// Traefik, the ingress controller that k3s installs.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
pub struct Traefik {
    /// Whether the tree configures k3s' Traefik, by a `HelmChartConfig`. With `false` k3s' own
    /// settings remain: no requests, and plain HTTP is not redirected to HTTPS.
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

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Values {
    logs: Logs,
    metrics: Metrics,
    ports: Ports,
    resources: ChartResources,
    service: Service,
    update_strategy: Strategy,
}

/// One line a request, for log collection. Headers, which carry sessions, are left out (the
/// chart's default).
#[derive(Serialize)]
struct Logs {
    access: AccessLog,
}

#[derive(Serialize)]
struct AccessLog {
    enabled: bool,
    format: &'static str,
}

#[derive(Serialize)]
struct Metrics {
    prometheus: Prometheus,
}

/// k3s has the metrics on, and no Service before them.
#[derive(Serialize)]
struct Prometheus {
    service: Switch,
}

#[derive(Serialize)]
struct Switch {
    enabled: bool,
}

#[derive(Serialize)]
struct Ports {
    web: Web,
    websecure: WebSecure,
}

#[derive(Serialize)]
struct Web {
    http: WebHttp,
}

#[derive(Serialize)]
struct WebHttp {
    redirections: Redirections,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Redirections {
    entry_point: EntryPoint,
}

#[derive(Serialize)]
struct EntryPoint {
    permanent: bool,
    // Below the HTTP-01 solver's router, which must keep answering on plain HTTP.
    priority: u32,
    scheme: &'static str,
    to: &'static str,
}

#[derive(Serialize)]
struct WebSecure {
    transport: Transport,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Transport {
    responding_timeouts: Timeouts,
}

/// Traefik's own read timeout of 60 s counts the request's body: a slow upload would die.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Timeouts {
    idle_timeout: &'static str,
    read_timeout: &'static str,
    write_timeout: &'static str,
}

#[derive(Serialize)]
struct Service {
    spec: ServiceSpec,
}

/// `Local`: Traefik sees the clients' addresses, and only the node that it runs on answers. With
/// several nodes each must answer: `Cluster`.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct ServiceSpec {
    external_traffic_policy: &'static str,
}

impl Traefik {
    /// What its pod is promised, as the budget counts it.
    pub fn allotment(&self) -> requests::Allotment {
        self.resources.over(requests::TRAEFIK)
    }

    /// Builds its configuration.
    pub fn build(&self, scope: &mut Scope<'_>, crd: CrdRef<HelmChartConfig>) {
        let part = scope.part("traefik", "ingress-controller", None);
        let values = Values {
            logs: Logs { access: AccessLog { enabled: true, format: "json" } },
            metrics: Metrics { prometheus: Prometheus { service: Switch { enabled: true } } },
            ports: Ports {
                web: Web {
                    http: WebHttp {
                        redirections: Redirections {
                            entry_point: EntryPoint {
                                permanent: true,
                                priority: 10,
                                scheme: "https",
                                to: "websecure",
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
            update_strategy: old_pod_first(),
            service: Service {
                spec: ServiceSpec {
                    external_traffic_policy: if scope.cluster().several_nodes {
                        "Cluster"
                    } else {
                        "Local"
                    },
                },
            },
        };
        let mut text = Vec::new();
        emit::document(&mut text, &values);
        let values_content = String::from_utf8(text).unwrap_or_default();
        let metadata = scope.meta(&part);
        // `kube-system` is not ours: no policy is derived there.
        let port =
            scope.chart_port(&Pods::traefik(), "traefik-metrics", TRAEFIK_METRICS, TRAEFIK_METRICS);
        scope.contribute(Contribution::Scrape { port, path: "/metrics" });
        scope.add_custom(
            crd,
            HelmChartConfig {
                metadata,
                spec: HelmChartConfigSpec { failure_policy: "abort", values_content },
            },
        );
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
        vec![PodResources {
            path: &["resources"],
            resources: &self.resources,
            tested: Some(requests::TRAEFIK),
        }]
    }

    fn may_make(&self) -> &'static [MayMake] {
        &[APPLICATION]
    }
}
