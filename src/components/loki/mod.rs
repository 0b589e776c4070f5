//! Loki, which keeps logs on a volume, for days.

mod alerts;
mod configuration;
mod pods;
mod values;

use schemars::JsonSchema;
use serde::Deserialize;

use super::{
    namespaces,
    section::{Need, Number, PodResources, Section, VolumeSize},
};
use crate::{
    builder::{
        chart::{
            Chart,
            values::{Lookup, Switch},
        },
        handle::PortRef,
        may_make::MayMake,
        scope::Scope,
    },
    facts::{
        charts::loki::LOKI,
        logs::Intake,
        requests,
        versions::{self, LOKI_IMAGE, Pin},
    },
    platform::{resources::Resources, versions::Versions},
    units::Bytes,
};
use values::{Defaults, Namespaced, NoReplicas, Persistence, Sidecar, SingleBinary, Values};

/// What the chart's Application may ever make.
pub const APPLICATION: MayMake = MayMake::chart("loki", &[namespaces::MONITORING], &LOKI);

/// Lines are kept for so many days at most.
const MOST_DAYS: u64 = 365;

/// Grafana Loki, which keeps logs, as one process on one volume.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
pub struct Loki {
    /// Whether logs are kept: the chart `loki`, a StatefulSet of one pod. `alloy` sends it the
    /// lines of all pods. Needs `kubePrometheusStack`.
    #[schemars(example = true)]
    pub enabled: bool,
    /// Requests and limits of the pod: `singleBinary.resources` in the chart's values. Absent: the
    /// tested figures, which `espalier show budget` lists.
    pub resources: Resources,
    /// After how many days lines are deleted: `loki.limits_config.retention_period` in the chart's
    /// values. With `storage` it decides how much Loki takes in: it knows no bound by size.
    #[schemars(example = 14)]
    pub retention_days: u32,
    /// Size of the volume for logs, with its unit: `singleBinary.persistence.size` in the chart's
    /// values. Once the volume is made, Kubernetes lets nobody make it smaller.
    #[schemars(example = &"20Gi")]
    pub storage: Bytes,
}

impl Default for Loki {
    fn default() -> Self {
        Self {
            enabled: false,
            resources: Resources::default(),
            retention_days: 7,
            storage: Bytes::gib(10),
        }
    }
}

/// What Loki offers.
pub struct Offers {
    /// Where lines are sent, and asked for.
    pub http: PortRef,
    /// How much it takes in.
    pub intake: Intake,
    /// After so many days a line is deleted.
    pub retention_days: u32,
}

impl Loki {
    /// How much it takes in, so that its volume is never full.
    pub fn intake(&self) -> Intake {
        Intake::of(self.storage, self.retention_days)
    }

    /// Builds it.
    pub fn build(&self, scope: &mut Scope<'_>, versions: &Versions) -> Offers {
        let allotment = self.resources.over(requests::LOKI);
        let image = versions.chart_image(LOKI.pin, LOKI_IMAGE);
        let class = &scope.cluster().storage_class;
        let values = Values {
            backend: NoReplicas::default(),
            chunks_cache: Switch::OFF,
            defaults: Defaults {
                automount_service_account_token: false,
                lookup: Lookup::AS_WRITTEN,
            },
            deployment_mode: "Monolithic",
            gateway: Switch::OFF,
            loki: configuration::of(
                self.intake(),
                self.retention_days,
                image.map(|it| configuration::Digested { digest: it.digest }),
            ),
            loki_canary: Switch::OFF,
            memcached: Switch::OFF,
            rbac: Namespaced { namespaced: true },
            read: NoReplicas::default(),
            results_cache: Switch::OFF,
            sidecar: Sidecar { rules: Switch::OFF },
            single_binary: SingleBinary {
                persistence: Persistence {
                    size: self.storage,
                    storage_class: class.name().clone(),
                },
                replicas: 1,
                resources: allotment.into(),
            },
            test: Switch::OFF,
            write: NoReplicas::default(),
        };
        let version = versions.of(LOKI.pin);
        let made = pods::declared(allotment, class, self.storage);
        let [pods] = scope.chart(Chart::new(&LOKI, version, values), made);
        let http = pods::offers(scope, &pods);
        alerts::alerts(scope);
        Offers { http, intake: self.intake(), retention_days: self.retention_days }
    }
}

impl Section for Loki {
    fn key(&self) -> &'static str {
        "loki"
    }

    fn is_enabled(&self) -> bool {
        self.enabled
    }

    fn resources(&self) -> Vec<PodResources<'_>> {
        vec![PodResources::of(&["resources"], &self.resources, requests::LOKI)]
    }

    fn volumes(&self) -> Vec<VolumeSize> {
        vec![VolumeSize { path: &["storage"], size: Some(self.storage) }]
    }

    fn numbers(&self) -> Vec<Number> {
        vec![Number::new(&["retentionDays"], u64::from(self.retention_days), 1, MOST_DAYS)]
    }

    fn needs(&self) -> Vec<Need> {
        vec![Need { key: "kubePrometheusStack", why: "it tells when logs are lost" }]
    }

    fn versions(&self) -> Vec<Pin> {
        vec![versions::LOKI]
    }

    fn may_make(&self) -> &'static [MayMake] {
        &[APPLICATION]
    }
}
