//! The blackbox exporter, which asks every public host and Service that is offered for probing.

mod alerts;
mod modules;
mod values;

use schemars::JsonSchema;
use serde::Deserialize;

use super::{
    namespaces,
    section::{Need, PodResources, Section},
};
use crate::{
    builder::{
        chart::{
            Chart,
            pods::ChartPod,
            values::{Lookup, Strategy},
        },
        contribution::{Logs, Scrape},
        handle::{Pods, PortRef},
        may_make::MayMake,
        scope::Scope,
    },
    facts::{
        charts::blackbox_exporter::{BLACKBOX_EXPORTER, PORT},
        requests,
        versions::{self, BLACKBOX_EXPORTER_IMAGE, Pin},
    },
    platform::{
        certificates::Issuer, images::Quoted, resources::Resources, trust::Trust,
        versions::Versions,
    },
};
use modules::Modules;
use values::{Config, PodSecurity, SeccompProfile, Values};

/// What the chart's Application may ever make.
pub const APPLICATION: MayMake =
    MayMake::chart("blackbox-exporter", &[namespaces::MONITORING], &BLACKBOX_EXPORTER);

/// What the chart calls its objects: without this, by the release and by the chart.
const NAME: &str = "blackbox-exporter";

/// The blackbox exporter, which asks addresses as a client does.
#[derive(Clone, Debug, Default, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
pub struct BlackboxExporter {
    /// Whether every public host of the platform and every Service that is offered for probing is
    /// asked as a client asks it: the chart `prometheus-blackbox-exporter`, and a `Probe` for each
    /// way of asking. Needs `kubePrometheusStack`.
    #[schemars(example = true)]
    pub enabled: bool,
    /// Requests and limits of the exporter: `resources` in the values of its chart. Absent: the
    /// tested figures, which `espalier show budget` lists.
    pub resources: Resources,
}

/// What it needs.
pub struct Needs<'a> {
    /// Who certifies the public hosts: whom it has to trust.
    pub issuer: &'a Issuer,
    /// The authority's certificates, where the platform has them.
    pub trust: &'a Trust,
    /// Versions.
    pub versions: &'a Versions,
}

/// What it offers.
pub struct Offers {
    /// Who asks.
    pub pods: Pods,
    /// Where Prometheus has it ask.
    pub port: PortRef,
}

impl BlackboxExporter {
    /// Builds it. Whom it asks follows from what all components contribute.
    pub fn build(&self, scope: &mut Scope<'_>, needs: &Needs<'_>) -> Offers {
        let allotment = self.resources.over(requests::BLACKBOX_EXPORTER);
        let image = needs.versions.chart_image(BLACKBOX_EXPORTER.pin, BLACKBOX_EXPORTER_IMAGE);
        let values = Values {
            config: Config { modules: Modules::trusting(needs.issuer, needs.trust) },
            lookup: Lookup::AS_WRITTEN,
            fullname_override: NAME,
            image: image.map(Quoted::from),
            pod_security_context: PodSecurity {
                seccomp_profile: SeccompProfile { r#type: "RuntimeDefault" },
            },
            resources: allotment.into(),
            strategy: Strategy::OLD_POD_FIRST,
        };
        let pod = ChartPod::deployment(NAME, allotment)
            .named("prometheus-blackbox-exporter")
            .replaced(values.strategy);
        let version = needs.versions.of(BLACKBOX_EXPORTER.pin);
        let [pods] = scope.chart(Chart::new(&BLACKBOX_EXPORTER, version, values), [pod]);
        scope.resolves_names(&pods);
        let port = scope.chart_port(&pods, NAME, PORT, PORT);
        scope.contribute(Scrape::of(port.clone()));
        scope.contribute(Logs::text(&pods));
        alerts::alerts(scope);
        Offers { pods, port }
    }
}

impl Section for BlackboxExporter {
    fn key(&self) -> &'static str {
        "blackboxExporter"
    }

    fn is_enabled(&self) -> bool {
        self.enabled
    }

    fn resources(&self) -> Vec<PodResources<'_>> {
        vec![PodResources::of(&["resources"], &self.resources, requests::BLACKBOX_EXPORTER)]
    }

    fn needs(&self) -> Vec<Need> {
        vec![Need { key: "kubePrometheusStack", why: "Prometheus tells it whom to ask" }]
    }

    fn versions(&self) -> Vec<Pin> {
        vec![versions::BLACKBOX_EXPORTER]
    }

    fn may_make(&self) -> &'static [MayMake] {
        &[APPLICATION]
    }
}
