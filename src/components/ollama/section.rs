//! What Ollama's section of the spec has that every component may have, and the bounds of its
//! catalogue.

use super::{APPLICATION, Ollama};
use crate::{
    builder::may_make::MayMake,
    components::section::{Keys, Number, PodResources, Section, VolumeSize},
    facts::versions::{self, Pin},
    platform::node::MOST_GPUS,
};

/// The most models that one Ollama may list.
pub const MOST_MODELS: usize = 64;

/// The bounds of a model's figures: what any model has, or will have for a while. The rule
/// `figures-implausible` holds them.
const FIGURES: [(Keys, u64, u64); 12] = [
    (&["catalogue", "*", "blob"], 10_000_000, 4_000_000_000_000),
    (&["catalogue", "*", "embedding"], 64, 131_072),
    (&["catalogue", "*", "feedForward"], 64, 1 << 20),
    (&["catalogue", "*", "headDim"], 8, 4_096),
    (&["catalogue", "*", "heads"], 1, 1_024),
    (&["catalogue", "*", "imageMemory"], 0, 1 << 36),
    (&["catalogue", "*", "kvHeads"], 1, 1_024),
    (&["catalogue", "*", "layers"], 1, 1_000),
    (&["catalogue", "*", "trainContext"], 256, 1 << 24),
    (&["catalogue", "*", "vocabulary"], 256, 1 << 22),
    (&["catalogue", "*", "window"], 0, 1 << 24),
    (&["catalogue", "*", "windowLayers"], 0, 1_000),
];

impl Section for Ollama {
    fn key(&self) -> &'static str {
        "ollama"
    }

    fn is_enabled(&self) -> bool {
        self.enabled
    }

    fn resources(&self) -> Vec<PodResources<'_>> {
        vec![PodResources { path: &["resources"], resources: &self.resources, tested: None }]
    }

    fn volumes(&self) -> Vec<VolumeSize> {
        vec![VolumeSize { path: &["storage"], size: None }]
    }

    fn numbers(&self) -> Vec<Number> {
        let mut numbers = vec![
            Number::new(&["replicas"], u64::from(self.replicas), 1, 100),
            Number::new(&["context"], self.context, 256, 1 << 20),
            Number::new(&["contextCheckpoints"], self.context_checkpoints, 0, 32),
            Number::new(&["parallel"], self.parallel, 1, 64),
            // Their findings say more than a bound.
            Number::new(&["maxLoadedModels"], None, 1, MOST_MODELS as u64),
            Number::new(&["gpu", "count"], None, 1, MOST_GPUS.into()),
        ];
        numbers.extend(
            FIGURES.iter().map(|(path, least, most)| Number::new(path, None, *least, *most)),
        );
        numbers
    }

    fn demand(&self, _application: &str, replicas: u32) -> Keys {
        if replicas > 1 { &["replicas"] } else { &["models"] }
    }

    fn versions(&self) -> Vec<Pin> {
        vec![versions::OLLAMA]
    }

    fn may_make(&self) -> &'static [MayMake] {
        &[APPLICATION]
    }
}
