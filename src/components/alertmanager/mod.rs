//! Alertmanager, which tells people: it is a part of the chart of Prometheus, and what it mounts is
//! an Application of its own.

mod channels;
pub mod configuration;
pub mod receivers;
mod sealed;
mod section;

use std::sync::Arc;

use k8s_openapi::api::core::v1::ConfigMap;
use schemars::JsonSchema;
use serde::Deserialize;

use self::{
    configuration::Configuration,
    receivers::{Receivers, Way},
    sealed::Sealed,
};
use super::namespaces;
use crate::{
    builder::{
        credential::CredentialStore, handle::Running, internet::Https, kinds, may_make::MayMake,
        scope::Scope,
    },
    crds::sealed_secrets::SealedSecret,
    facts::{
        charts::kube_prometheus_stack::ALERTMANAGER_CONFIG_MAPS,
        requests::{self, Allotment},
    },
    platform::resources::Resources,
    units::Bytes,
};

/// What its Application may ever make. The pods are the chart's.
pub const APPLICATION: MayMake = MayMake::in_namespace(
    "alertmanager",
    &[namespaces::MONITORING],
    &[kinds::CONFIG_MAP, kinds::namespaced_custom::<SealedSecret>()],
);

/// The texts of messages, by the names that receivers call them.
const TEMPLATES: &str = include_str!("messages.tmpl");

/// Alertmanager, which tells people of alerts.
#[derive(Clone, Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
pub struct Alertmanager {
    /// Whether people are told of alerts: `alertmanager` in the values of the chart
    /// `kube-prometheus-stack`. It needs at least one receiver.
    #[schemars(example = true)]
    pub enabled: bool,
    /// Whether a service outside the cluster is called every ten minutes, as long as alerting
    /// works: it raises the alarm when the call stays away, because the node, Prometheus or
    /// Alertmanager is down. The URL is the sealed credential `alertmanager-dead-mans-switch`; the
    /// service is on the internet and takes a POST by HTTPS, as healthchecks.io, Dead Man's Snitch
    /// and ntfy do.
    #[schemars(example = true)]
    pub dead_mans_switch: bool,
    /// Who is told: at least one receiver.
    #[schemars(extend("examples" = [{"slack": {}}]))]
    pub receivers: Receivers,
    /// Requests and limits of Alertmanager: `alertmanager.alertmanagerSpec.resources` in the
    /// chart's values. Absent: the tested figures, which `espalier show budget` lists.
    pub resources: Resources,
    /// Size of the volume for what was told and what is silenced, with its unit:
    /// `alertmanager.alertmanagerSpec.storage` in the chart's values. Once the volume is made,
    /// Kubernetes lets nobody make it smaller.
    #[schemars(example = &"2Gi")]
    pub storage: Bytes,
}

impl Default for Alertmanager {
    fn default() -> Self {
        Self {
            enabled: false,
            dead_mans_switch: false,
            receivers: Receivers::default(),
            resources: Resources::default(),
            storage: Bytes::gib(1),
        }
    }
}

/// What the chart is told of Alertmanager.
pub struct Offers {
    /// Its configuration, without anything secret.
    pub configuration: Configuration,
    /// The `ConfigMap`s that its pods mount.
    pub config_maps: [String; 1],
    /// The Secrets that its pods mount.
    pub secrets: Vec<Arc<str>>,
    /// Whom it calls, and by which way to the internet.
    pub ways: (Vec<Way>, Https),
    /// What its container is given.
    pub allotment: Allotment,
    /// Its volume.
    pub storage: Bytes,
    /// After what it starts.
    pub running: Running,
}

impl Alertmanager {
    /// Builds what its pods mount, and what the chart is told.
    pub fn build(&self, scope: &mut Scope<'_>, store: Option<&CredentialStore>) -> Offers {
        let part = scope.part("alertmanager-messages", "configuration", None);
        let (metadata, messages) = (scope.meta(&part), part.name.to_string());
        let data = [("messages.tmpl".to_owned(), TEMPLATES.to_owned())].into();
        scope.add(ConfigMap { metadata, data: Some(data), ..ConfigMap::default() });

        let (_, https) = scope.cluster().internet.told();
        let running = scope.running();
        let mut sealed = Sealed::new(scope, store);
        let channels = channels::of(&self.receivers, &mut sealed, &https);
        let switch = self.dead_mans_switch.then(|| channels::switch(&mut sealed)).flatten();
        let mut ways = self.receivers.ways();
        ways.extend(self.dead_mans_switch.then_some(Way::Internet));
        let templates = [format!("{ALERTMANAGER_CONFIG_MAPS}/{messages}/*.tmpl")];
        Offers {
            secrets: sealed.mounted(),
            configuration: Configuration::new(channels, switch, &https, templates),
            config_maps: [messages],
            ways: (ways, https),
            allotment: self.resources.over(requests::ALERTMANAGER),
            storage: self.storage,
            running,
        }
    }
}
