//! Alloy, which reads the logs of every pod and of k3s on each node, and sends them to Loki.

mod alerts;
mod configuration;
mod pods;
mod syntax;
mod values;

use schemars::JsonSchema;
use serde::Deserialize;

use super::{
    loki, namespaces,
    section::{Need, PodResources, Section},
};
use crate::{
    builder::{
        chart::{Chart, Values},
        contribution::Contributions,
        handle::Running,
        may_make::MayMake,
        scope::Scope,
    },
    facts::{
        charts::alloy::ALLOY,
        requests,
        versions::{self, Pin},
    },
    platform::{resources::Resources, versions::Versions},
};
use configuration::Way;

/// What the chart's Application may ever make.
pub const APPLICATION: MayMake = MayMake::chart("alloy", &[namespaces::NODE_AGENTS], &ALLOY);

/// Grafana Alloy, which reads logs on each node.
#[derive(Clone, Debug, Default, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
pub struct Alloy {
    /// Whether logs are read: the chart `alloy`, a DaemonSet with a pod on each node, which sends
    /// to `loki` what the node's pods, k3s and the API server's audit log say. Needs `loki`.
    #[schemars(example = true)]
    pub enabled: bool,
    /// Requests and limits of each pod: `alloy.resources` in the values of its chart. Absent: the
    /// tested figures, which `espalier show budget` lists.
    pub resources: Resources,
}

/// What it needs.
pub struct Needs<'a> {
    /// Who keeps what is read.
    pub loki: &'a loki::Offers,
    /// The versions.
    pub versions: &'a Versions,
}

/// What is there, and what its configuration needs besides what all components say of their logs.
pub struct Unfinished {
    running: Running,
    way: Way,
}

impl Alloy {
    /// Builds all of it but its configuration.
    pub fn build(&self, scope: &mut Scope<'_>, needs: &Needs<'_>) -> Unfinished {
        let allotment = self.resources.over(requests::ALLOY);
        let version = needs.versions.of(ALLOY.pin);
        let made = pods::declared(allotment);
        let [pods] = scope.chart(Chart::new(&ALLOY, version, ()), made);
        pods::offers(scope, &pods);
        alerts::alerts(scope);
        Unfinished {
            running: scope.running(),
            way: Way {
                loki: scope.connect_at_run_time(&pods, &needs.loki.http),
                intake: needs.loki.intake,
                retention_days: needs.loki.retention_days,
            },
        }
    }

    /// The values of its chart, once it is known how the logs of all components are read; and whose
    /// they are.
    pub fn finish(
        &self,
        unfinished: &Unfinished,
        contributions: &Contributions,
        versions: &Versions,
    ) -> (Running, impl Values + use<>) {
        let allotment = self.resources.over(requests::ALLOY);
        let content = configuration::of(&unfinished.way, contributions);
        (unfinished.running, values::of(content, allotment, versions))
    }
}

impl Section for Alloy {
    fn key(&self) -> &'static str {
        "alloy"
    }

    fn is_enabled(&self) -> bool {
        self.enabled
    }

    fn resources(&self) -> Vec<PodResources<'_>> {
        vec![PodResources::of(&["resources"], &self.resources, requests::ALLOY)]
    }

    fn needs(&self) -> Vec<Need> {
        vec![
            Need { key: "kubePrometheusStack", why: "it tells when logs are lost" },
            Need { key: "loki", why: "it keeps what is read" },
        ]
    }

    fn versions(&self) -> Vec<Pin> {
        vec![versions::ALLOY]
    }

    fn may_make(&self) -> &'static [MayMake] {
        &[APPLICATION]
    }
}
