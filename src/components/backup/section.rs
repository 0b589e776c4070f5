//! What the backup's section of the spec has that every component may have.

use super::{APPLICATION, Backup};
use crate::{
    builder::may_make::MayMake,
    components::section::{Need, Number, PodResources, Section, VolumeSize},
    facts::{
        requests,
        versions::{self, Pin},
    },
};

impl Section for Option<Backup> {
    fn key(&self) -> &'static str {
        "backup"
    }

    fn is_enabled(&self) -> bool {
        self.as_ref().is_some_and(|it| it.enabled)
    }

    fn resources(&self) -> Vec<PodResources<'_>> {
        self.iter()
            .map(|backup| PodResources::of(&["resources"], &backup.resources, requests::BACKUP))
            .collect()
    }

    fn volumes(&self) -> Vec<VolumeSize> {
        vec![VolumeSize { path: &["storage"], size: self.as_ref().map(|it| it.storage) }]
    }

    fn numbers(&self) -> Vec<Number> {
        vec![Number::new(&["keep"], self.as_ref().map(|it| it.keep.into()), 1, 10_000)]
    }

    fn needs(&self) -> Vec<Need> {
        vec![Need { key: "sealedSecrets", why: "it unseals the credentials" }]
    }

    fn versions(&self) -> Vec<Pin> {
        vec![versions::RCLONE]
    }

    fn may_make(&self) -> &'static [MayMake] {
        &[APPLICATION]
    }
}
