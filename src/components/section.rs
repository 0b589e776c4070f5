//! What rules, projects and the budget may ask of any component, whatever it is.

use crate::{
    builder::may_make::MayMake,
    facts::{requests::Allotment, versions::Pin},
    platform::resources::Resources,
    units::Bytes,
};

/// A path of keys below a component's section.
pub type Keys = &'static [&'static str];

/// One component's section of the spec, described once: every table of components is a loop over
/// `Components::sections`.
pub trait Section {
    /// Its key below `components`, like `openWebui`.
    fn key(&self) -> &'static str;

    /// Whether it runs.
    fn is_enabled(&self) -> bool;

    /// The field that names a server outside the cluster in place of what would run here, where it
    /// is written: every other field of the section then has no effect.
    fn outside(&self) -> Option<&'static str> {
        None
    }

    /// Its settings of requests and limits, one a container or pod.
    fn resources(&self) -> Vec<PodResources<'_>>;

    /// Its volumes.
    fn volumes(&self) -> Vec<VolumeSize> {
        Vec::new()
    }

    /// Its numbers and their bounds, also of fields that are not written.
    fn numbers(&self) -> Vec<Number> {
        Vec::new()
    }

    /// The components without which it cannot run, while it is enabled.
    fn needs(&self) -> Vec<Need> {
        Vec::new()
    }

    /// What its Applications may ever make, its own first.
    fn may_make(&self) -> &'static [MayMake];

    /// The Application that it becomes, like `openwebui`.
    fn application(&self) -> &'static str {
        self.may_make()[0].application
    }

    /// What it runs that has a version of its own: its lines in `spec/versions.yaml`.
    fn versions(&self) -> Vec<Pin> {
        Vec::new()
    }

    /// The field that decides what so many pods of one of its Applications request: where a finding
    /// on the budget points to. Empty: the section itself.
    fn demand(&self, _application: &str, _replicas: u32) -> Keys {
        &[]
    }
}

/// Requests and limits of one container, as the spec has them.
pub struct PodResources<'a> {
    /// Where they are.
    pub path: Keys,
    /// What is written.
    pub resources: &'a Resources,
    /// The figures of the tested version; none where they are computed, by a rule of its own.
    pub tested: Option<Allotment>,
}

impl<'a> PodResources<'a> {
    /// Resources of which the tested figures are known.
    pub fn of(path: Keys, resources: &'a Resources, tested: Allotment) -> Self {
        Self { path, resources, tested: Some(tested) }
    }
}

/// The size of a volume, as the spec has it.
pub struct VolumeSize {
    /// Where it is.
    pub path: Keys,
    /// The size; none where it is not written, or a rule of its own knows the least.
    pub size: Option<Bytes>,
}

/// A number of the spec, and its bounds.
pub struct Number {
    /// Where it is: `*` is any entry of a map.
    pub path: Keys,
    /// What is written; none where nothing is, or where a rule of its own says more.
    pub value: Option<u64>,
    /// The least.
    pub least: u64,
    /// The most.
    pub most: u64,
}

impl Number {
    /// A number whose message and help follow from its bounds.
    pub fn new(path: Keys, value: impl Into<Option<u64>>, least: u64, most: u64) -> Self {
        Self { path, value: value.into(), least, most }
    }
}

/// Another component that one cannot run without.
pub struct Need {
    /// Its key.
    pub key: &'static str,
    /// Why, as the end of a sentence: `it serves the models`.
    pub why: &'static str,
}
