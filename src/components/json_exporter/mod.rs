//! The JSON exporter, which makes metrics of what each replica of Ollama says of the models that it
//! has in memory: Ollama has no metrics of its own.

mod alerts;
mod config;

use k8s_openapi::api::core::v1::PodSpec;
use schemars::JsonSchema;
use serde::Deserialize;

use super::{
    config_files, namespaces,
    ollama::{self, Ollama},
    pod,
    section::{Need, PodResources, Section},
};
use crate::{
    builder::{
        contribution::{Logs, Query, Scrape},
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
use config::{Configuration, MODULE, PATH};

/// What its Application may ever make.
pub const APPLICATION: MayMake = MayMake::in_namespace(
    "json-exporter",
    &[namespaces::MONITORING],
    &[
        kinds::namespaced::<k8s_openapi::api::core::v1::ConfigMap>(),
        kinds::SERVICE,
        kinds::SERVICE_ACCOUNT,
        kinds::DEPLOYMENT,
    ],
);

const PORT: u16 = 7979;
/// The image's `nobody`.
const USER: i64 = 65534;
/// Where its configuration is.
const FOLDER: &str = "/etc/json_exporter";
const FILE: &str = "config.yml";

/// The JSON exporter, which asks each replica of Ollama for the models that it has in memory.
#[derive(Clone, Debug, Default, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
pub struct JsonExporter {
    /// Whether the models that each replica of Ollama has in memory (`/api/ps`: size, memory of
    /// GPUs, context) become metrics: a Deployment of `json_exporter`, and a `Probe`. Needs
    /// `kubePrometheusStack` and Ollama.
    #[schemars(example = true)]
    pub enabled: bool,
    /// Requests and limits of the exporter: `resources` of its container. Absent: the tested
    /// figures, which `espalier show budget` lists.
    pub resources: Resources,
}

/// What it needs.
pub struct Needs<'a> {
    /// Whom it asks.
    pub models: &'a ollama::Offers,
    /// What these were promised.
    pub promised: &'a Ollama,
    /// Versions.
    pub versions: &'a Versions,
}

impl JsonExporter {
    /// Builds it.
    pub fn build(&self, scope: &mut Scope<'_>, needs: &Needs<'_>) {
        let version = needs.versions.of(versions::JSON_EXPORTER);
        let part = scope.part("json-exporter", "exporter", Some(version));
        let me = scope.pods(&part);
        let port = scope.service(&part, "http", PORT);
        pod::account(scope, &part);
        scope.resolves_names(&me);
        let files = [(FILE, emit::text(&Configuration::default()))];
        let volume = config_files::mounted(scope, &part, "config", files);
        let mut exporter =
            pod::container("json-exporter", needs.versions.image(versions::JSON_EXPORTER));
        exporter.args = Some(vec![format!("--config.file={FOLDER}/{FILE}")]);
        exporter.ports = pod::ports("http", PORT);
        exporter.resources = Some(requirements(self.resources.over(requests::JSON_EXPORTER)));
        exporter.volume_mounts = Some(vec![pod::mount_read_only("config", FOLDER)]);
        // Its page: it asks nobody for that.
        pod::probe_page(&mut exporter, "/", PORT);
        let spec = PodSpec {
            containers: vec![exporter],
            termination_grace_period_seconds: Some(10),
            volumes: Some(vec![volume]),
            ..PodSpec::default()
        };
        let template = pod::template(scope, &part, USER, spec);
        pod::single(scope, &part, template);
        for replica in &needs.models.replicas {
            scope.connect_at_run_time(&me, replica);
            scope.contribute(Query {
                exporter: port.clone(),
                module: MODULE,
                target: replica.clone(),
                path: PATH,
            });
        }
        scope.contribute(Scrape::of(port));
        scope.contribute(Logs::text(&me));
        alerts::alerts(scope, needs.promised);
    }
}

impl Section for JsonExporter {
    fn key(&self) -> &'static str {
        "jsonExporter"
    }

    fn is_enabled(&self) -> bool {
        self.enabled
    }

    fn resources(&self) -> Vec<PodResources<'_>> {
        vec![PodResources::of(&["resources"], &self.resources, requests::JSON_EXPORTER)]
    }

    fn needs(&self) -> Vec<Need> {
        vec![
            Need { key: "kubePrometheusStack", why: "Prometheus tells it whom to ask" },
            Need { key: "ollama", why: "nobody else has models in memory" },
        ]
    }

    fn versions(&self) -> Vec<Pin> {
        vec![versions::JSON_EXPORTER]
    }

    fn may_make(&self) -> &'static [MayMake] {
        &[APPLICATION]
    }
}
