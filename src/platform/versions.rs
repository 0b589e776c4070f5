//! The versions that the user pins, over the tested set.

use std::{collections::BTreeMap, sync::Arc};

use crate::{facts::versions::Pin, names::Tag};

/// `spec/versions.yaml`, read: one line a chart or image.
#[derive(Clone, Debug, Default)]
pub struct Versions(BTreeMap<String, Tag>);

impl Versions {
    /// From the file's map; names that pin nothing are a finding of the reader's.
    pub fn new(pins: BTreeMap<String, Tag>) -> Self {
        Self(pins)
    }

    /// What the user wrote for it.
    pub fn written(&self, pin: Pin) -> Option<&Tag> {
        self.0.get(pin.name)
    }

    /// The version, without digest: a chart's `targetRevision`, a label's value.
    pub fn of(&self, pin: Pin) -> Arc<str> {
        self.written(pin).map_or_else(|| pin.tested.into(), |it| it.tag().into())
    }

    /// The checksum that the user wrote for a download, without `sha256:`.
    pub fn checksum(&self, download: &str) -> Option<&str> {
        self.0.get(download)?.digest()?.strip_prefix("sha256:")
    }

    /// What the user wrote for a download.
    pub fn download(&self, download: &str) -> Option<&Tag> {
        self.0.get(download)
    }

    /// The image's full reference; a digest only where the user gives one.
    pub fn image(&self, pin: Pin) -> String {
        let repository = pin.image.unwrap_or(pin.name);
        match self.written(pin) {
            None => format!("{repository}:{}", pin.tested),
            Some(it) => match it.digest() {
                None => format!("{repository}:{}", it.tag()),
                Some(digest) => format!("{repository}:{}@{digest}", it.tag()),
            },
        }
    }
}
