//! The OpenTelemetry collector, to which Open WebUI sends what it counts, and which Prometheus
//! asks.

mod alerts;
mod config;

use k8s_openapi::api::core::v1::{
    ContainerPort, EnvVar, EnvVarSource, ObjectFieldSelector, PodSpec,
};
use schemars::JsonSchema;
use serde::Deserialize;

use super::{
    config_files, namespaces, pod,
    section::{Need, PodResources, Section},
};
use crate::{
    builder::{
        contribution::{Logs, Scrape},
        handle::{Pods, PortRef},
        kinds,
        may_make::MayMake,
        scope::Scope,
    },
    facts::{
        requests,
        versions::{self, Pin},
    },
    platform::{
        resources::{Resources, requirements},
        versions::Versions,
    },
    yaml::emit,
};
use config::{Configuration, POD_ADDRESS, port};

/// What its Application may ever make.
pub const APPLICATION: MayMake = MayMake::in_namespace(
    "otel-collector",
    &[namespaces::MONITORING],
    &[
        kinds::namespaced::<k8s_openapi::api::core::v1::ConfigMap>(),
        kinds::SERVICE,
        kinds::SERVICE_ACCOUNT,
        kinds::DEPLOYMENT,
    ],
);

/// The image's user.
const USER: i64 = 10001;
/// Where its configuration is.
const FOLDER: &str = "/etc/otelcol";
const FILE: &str = "config.yaml";

/// The OpenTelemetry collector.
#[derive(Clone, Debug, Default, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
pub struct OtelCollector {
    /// Whether Open WebUI's own metrics (requests by route and status, users) are collected: a
    /// Deployment of the OpenTelemetry collector, and `ENABLE_OTEL` of Open WebUI. Workspaces send
    /// nothing. Needs `kubePrometheusStack`.
    #[schemars(example = true)]
    pub enabled: bool,
    /// Requests and limits of the collector: `resources` of its container. Absent: the tested
    /// figures, which `espalier show budget` lists. It refuses what is sent when it uses five
    /// eighths of the memory limit (`memory_limiter`).
    pub resources: Resources,
}

/// What it offers: where metrics are sent by OTLP, and how. One value, so that no client speaks
/// HTTP to the port of gRPC, or the other way round.
pub struct Offers {
    port: PortRef,
}

impl Offers {
    /// What a program of OpenTelemetry's own library has to be told to send its metrics here: by
    /// gRPC, without TLS, as something that is told apart from its equals by `instance`.
    pub fn environment(&self, scope: &mut Scope<'_>, from: &Pods) -> Vec<EnvVar> {
        // Whoever sends can wait: the library keeps what it has counted.
        let server = scope.connect_at_run_time(from, &self.port).url("http");
        vec![
            // Its name sorts before that of the variable that it is in: what comes later is not
            // put in.
            field("INSTANCE", "metadata.name"),
            pod::env("OTEL_EXPORTER_OTLP_ENDPOINT", server),
            pod::env("OTEL_EXPORTER_OTLP_INSECURE", "true"),
            pod::env("OTEL_METRICS_OTLP_SPAN_EXPORTER", "grpc"),
            pod::env("OTEL_RESOURCE_ATTRIBUTES", "service.instance.id=$(INSTANCE)"),
        ]
    }
}

/// A variable that has what the cluster says of the pod.
fn field(name: &str, path: &str) -> EnvVar {
    let field =
        ObjectFieldSelector { api_version: Some("v1".to_owned()), field_path: path.to_owned() };
    let source = EnvVarSource { field_ref: Some(field), ..EnvVarSource::default() };
    EnvVar { name: name.to_owned(), value_from: Some(source), ..EnvVar::default() }
}

impl OtelCollector {
    /// Builds it.
    pub fn build(&self, scope: &mut Scope<'_>, versions: &Versions) -> Offers {
        let version = versions.of(versions::OTEL_COLLECTOR);
        let part = scope.part("otel-collector", "collector", Some(version));
        let me = scope.pods(&part);
        let otlp = scope.service(&part, "otlp-grpc", port::OTLP);
        // Asked at the pods, not through the Service, which is for those that send.
        let [metrics, own] = [port::METRICS, port::OWN_METRICS].map(|it| scope.pod_port(&me, it));
        pod::account(scope, &part);
        let allotment = self.resources.over(requests::OTEL_COLLECTOR);
        let configuration = Configuration::within(allotment.limit);
        let files = [(FILE, emit::text(&configuration))];
        let volume = config_files::mounted(scope, &part, "config", files);

        let mut server = pod::container("otel-collector", versions.image(versions::OTEL_COLLECTOR));
        server.args = Some(vec![format!("--config={FOLDER}/{FILE}")]);
        server.env = pod::environment(vec![
            // What Go's collector of garbage aims at: the process works harder before it refuses.
            pod::env("GOMEMLIMIT", format!("{}MiB", configuration.kept_mib())),
            field(POD_ADDRESS, "status.podIP"),
        ]);
        server.ports = Some(
            [
                ("otlp-grpc", port::OTLP),
                ("own-metrics", port::OWN_METRICS),
                ("metrics", port::METRICS),
                ("health", port::HEALTH),
            ]
            .into_iter()
            .map(|(name, port)| ContainerPort {
                name: Some(name.to_owned()),
                container_port: port.into(),
                protocol: Some("TCP".to_owned()),
                ..ContainerPort::default()
            })
            .collect(),
        );
        server.resources = Some(requirements(allotment));
        server.volume_mounts = Some(vec![pod::mount_read_only("config", FOLDER)]);
        pod::probe_page(&mut server, "/", port::HEALTH);
        let spec = PodSpec {
            containers: vec![server],
            termination_grace_period_seconds: Some(10),
            volumes: Some(vec![volume]),
            ..PodSpec::default()
        };
        let template = pod::template(scope, &part, USER, spec);
        pod::single(scope, &part, template);
        for port in [metrics, own] {
            scope.contribute(Scrape::of(port));
        }
        scope.contribute(Logs::text(&me));
        alerts::alerts(scope);
        Offers { port: otlp }
    }
}

impl Section for OtelCollector {
    fn key(&self) -> &'static str {
        "otelCollector"
    }

    fn is_enabled(&self) -> bool {
        self.enabled
    }

    fn resources(&self) -> Vec<PodResources<'_>> {
        vec![PodResources::of(&["resources"], &self.resources, requests::OTEL_COLLECTOR)]
    }

    fn needs(&self) -> Vec<Need> {
        vec![
            Need { key: "kubePrometheusStack", why: "nothing else reads what it collects" },
            Need { key: "openWebui", why: "nothing else sends to it" },
        ]
    }

    fn versions(&self) -> Vec<Pin> {
        vec![versions::OTEL_COLLECTOR]
    }

    fn may_make(&self) -> &'static [MayMake] {
        &[APPLICATION]
    }
}
