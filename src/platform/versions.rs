//! The versions that the user pins, over the tested set.

use std::{collections::BTreeMap, fmt};

use serde::{
    Deserialize, Deserializer,
    de::{MapAccess, Visitor},
};

use crate::{
    facts::{
        bootstrap::Download,
        pairs,
        versions::{self, ChartImage, Pin},
    },
    names::{K3sVersion, Tag},
};

/// `spec/versions.yaml`, read: one line a chart or image, and one for the cluster itself.
#[derive(Clone, Debug, Default)]
pub struct Versions {
    pins: BTreeMap<String, Tag>,
    k3s: Option<K3sVersion>,
}

impl Versions {
    /// The names that something is pinned for, known or not.
    pub fn names(&self) -> impl Iterator<Item = &str> {
        self.pins.keys().map(String::as_str)
    }

    /// What the user wrote for it, without digest.
    pub fn written(&self, pin: Pin) -> Option<&str> {
        if pin == versions::K3S {
            self.k3s.as_deref()
        } else {
            self.pins.get(pin.name).map(Tag::tag)
        }
    }

    /// The version, without digest: a chart's `targetRevision`, a label's value.
    pub fn of(&self, pin: Pin) -> &str {
        self.written(pin).unwrap_or(pin.tested)
    }

    /// The minor of Kubernetes 1 that the cluster is of.
    pub fn kubernetes_minor(&self) -> Option<u32> {
        pairs::line(self.of(versions::K3S)).map(|it| it.1)
    }

    /// The checksum of a download, without `sha256:`: the user's, or the tested version's where
    /// that one is fetched.
    pub fn checksum(&self, download: &Download) -> Option<&str> {
        let written =
            self.pins.get(download.name).and_then(|it| it.digest()?.strip_prefix("sha256:"));
        written.or_else(|| self.is_tested(download.of).then_some(download.tested))
    }

    /// Whether it is the tested version.
    fn is_tested(&self, pin: Pin) -> bool {
        self.written(pin).is_none_or(|it| it == pin.tested)
    }

    /// The digest of an image that a chart runs, where the chart is the tested one: another brings
    /// another image.
    pub fn chart_image(&self, chart: Pin, image: ChartImage) -> Option<ChartImage> {
        self.is_tested(chart).then_some(image)
    }

    /// What the user wrote for a download.
    pub fn download(&self, download: &str) -> Option<&Tag> {
        self.pins.get(download)
    }

    /// The image's full reference, with the digest that the user gives, or the tested version's.
    pub fn image(&self, pin: Pin) -> String {
        let repository = pin.image.unwrap_or(pin.name);
        let tag = self.of(pin);
        match self
            .pins
            .get(pin.name)
            .and_then(Tag::digest)
            .or_else(|| pin.digest.filter(|_| self.is_tested(pin)))
        {
            None => format!("{repository}:{tag}"),
            Some(digest) => format!("{repository}:{tag}@{digest}"),
        }
    }
}

/// A map of which one key has a type of its own.
impl<'de> Deserialize<'de> for Versions {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_map(Pins)
    }
}

struct Pins;

impl<'de> Visitor<'de> for Pins {
    type Value = Versions;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a map")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Versions, A::Error> {
        let mut all = Versions::default();
        while let Some(name) = map.next_key::<String>()? {
            if name == versions::K3S.name {
                all.k3s = Some(map.next_value()?);
            } else {
                all.pins.insert(name, map.next_value()?);
            }
        }
        Ok(all)
    }
}
