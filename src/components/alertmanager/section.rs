//! What Alertmanager's section of the spec has that every component may have.

use super::{APPLICATION, Alertmanager};
use crate::{
    builder::may_make::MayMake,
    components::section::{Need, PodResources, Section, VolumeSize},
    facts::requests,
};

impl Section for Alertmanager {
    fn key(&self) -> &'static str {
        "alertmanager"
    }

    fn is_enabled(&self) -> bool {
        self.enabled
    }

    fn resources(&self) -> Vec<PodResources<'_>> {
        vec![PodResources::of(&["resources"], &self.resources, requests::ALERTMANAGER)]
    }

    fn volumes(&self) -> Vec<VolumeSize> {
        vec![VolumeSize { path: &["storage"], size: Some(self.storage) }]
    }

    fn needs(&self) -> Vec<Need> {
        let mut needs =
            vec![Need { key: "kubePrometheusStack", why: "its operator runs it, and it alerts" }];
        if self.dead_mans_switch || self.receivers.are_sealed() {
            needs.push(Need { key: "sealedSecrets", why: "it unseals what receivers are told" });
        }
        needs
    }

    fn may_make(&self) -> &'static [MayMake] {
        &[APPLICATION]
    }
}
