//! The catalogue of models: what Ollama's memory formula needs to know of each, and whether tools
//! can be sent to it.
//!
//! A name is looked up in three small tables: its family says which shape and quantisation a tag
//! is, the shape has the figures, and the size of the file is a published one or computed from
//! both, with a margin. Nothing is read at start.

pub mod families;
pub mod family;
pub mod foreign;
pub mod published;
pub mod quantisation;
pub mod shape;
pub mod shapes;
mod size;
pub mod uncovered;

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::{Deserialize, Deserializer};

use crate::{names::described, units::Bytes};
use families::FAMILIES;
use family::Family;

/// The figures from which Ollama's memory for a model is computed: counts, but for `blob` and
/// `imageMemory`, which are sizes. `espalier explain model-unknown` says where to read them.
#[derive(Clone, Copy, Debug, Deserialize, JsonSchema, PartialEq, Eq)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Figures {
    /// Size of the weights' file: bytes, or with a unit as `8.4Gi` (rounded up).
    #[serde(deserialize_with = "bytes")]
    #[schemars(schema_with = "bytes_schema")]
    pub blob: u64,
    /// Layers.
    pub layers: u64,
    /// Key/value heads a layer.
    pub kv_heads: u64,
    /// Dimensions of a head.
    pub head_dim: u64,
    /// Length of the embedding.
    pub embedding: u64,
    /// Attention heads.
    pub heads: u64,
    /// Length of the feed-forward layer; of a mixture of experts twice the length of those that are
    /// used at once.
    pub feed_forward: u64,
    /// Tokens in the vocabulary.
    pub vocabulary: u64,
    /// Context that the model was trained for, in tokens.
    pub train_context: u64,
    /// Length of the sliding window, in tokens; 0 without one.
    #[serde(default)]
    pub window: u64,
    /// Layers that have a sliding window.
    #[serde(default)]
    pub window_layers: u64,
    /// Whether it makes embeddings instead of text.
    #[serde(default)]
    pub embedding_model: bool,
    /// Of an embedding model: whether it is a decoder (`qwen3-embedding` is), which has a key/value
    /// cache and logits too.
    #[serde(default)]
    pub decoder: bool,
    /// Memory that is reserved for an image when the model is loaded: `122Mi` for gemma3. 0: it
    /// reads no images.
    #[serde(default, deserialize_with = "bytes")]
    #[schemars(schema_with = "image_schema")]
    pub image_memory: u64,
    /// It reads images, and what that takes was not measured.
    #[serde(skip)]
    pub images_not_measured: bool,
    /// Whether tools can be sent to it: `ollama show MODEL` then lists `tools` among its
    /// capabilities. Absent: not known.
    #[serde(default)]
    pub tools: Option<bool>,
}

fn bytes<'de, D: Deserializer<'de>>(deserializer: D) -> Result<u64, D::Error> {
    Bytes::rounded_up(deserializer).map(Bytes::get)
}

fn bytes_schema(_: &mut SchemaGenerator) -> Schema {
    size_schema("8.4Gi", 1_321_082_688)
}

fn image_schema(_: &mut SchemaGenerator) -> Schema {
    size_schema("122Mi", 127_926_272)
}

fn size_schema(amount: &str, bytes: u64) -> Schema {
    let shape = format!("an amount like `{amount}`");
    let schema = json_schema!({
        "description": format!("A number of bytes, or {shape}."),
        "examples": [amount, bytes],
        "type": ["integer", "string"],
        "minimum": 0,
        "pattern": "^[0-9]+(\\.[0-9]+)?([KMGTPE]i|[kMGTPE])?$"
    });
    described(schema, &shape)
}

/// How the size of a model's file is known.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Size {
    /// It stands in a published list.
    Published,
    /// Computed, with a margin.
    Computed,
    /// The tag does not say its quantisation, nobody has said it: the larger candidate.
    AtMost,
}

/// A model that the catalogue knows.
#[derive(Clone, Copy, Debug)]
pub struct Known {
    /// Its figures.
    pub figures: Figures,
    /// How the size of its file is known.
    pub size: Size,
    /// Whether its tag is one that is known to exist; else it is a known size in a known
    /// quantisation.
    pub listed: bool,
}

/// A family by what stands before the tag.
pub fn family(name: &str) -> Option<&'static Family> {
    FAMILIES.binary_search_by(|it| it.name.cmp(name)).ok().map(|at| &FAMILIES[at])
}

/// A model by its full name, as [`crate::names::ModelName`] writes it (`llama3.2:1b`). Without a
/// tag it is `latest`, as for Ollama.
pub fn find(name: &str) -> Option<Known> {
    let (name, tag) = name.split_once(':').unwrap_or((name, "latest"));
    family(name)?.find(tag)
}

/// The full names of all models that are known to exist, by family and size.
pub fn names() -> impl Iterator<Item = String> {
    FAMILIES.iter().flat_map(|family| family.tags().map(|tag| format!("{}:{tag}", family.name)))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        facts::ollama::{KvType, Settings, container, model},
        units::Bytes,
    };

    #[test]
    fn tables_are_in_order() {
        assert!(FAMILIES.is_sorted_by(|a, b| a.name < b.name));
        let of = |row: &'static (&str, u64)| row.0.split_once(':').expect("a full name");
        assert!(published::PUBLISHED.iter().map(of).is_sorted_by(|a, b| a < b));
    }

    #[test]
    fn every_name_that_is_listed_is_found() {
        for name in names() {
            assert!(find(&name).is_some_and(|it| it.listed), "{name}");
        }
        for (name, bytes) in published::PUBLISHED {
            assert!(
                find(name).is_some_and(|known| known.listed
                    && known.size == Size::Published
                    && known.figures.blob == bytes),
                "{name}"
            );
        }
    }

    /// The limits of the facts' table, at a context of 4,096 and one slot, cache and checkpoints
    /// off.
    #[test]
    fn the_formula_gives_the_measured_table() {
        let set = Settings {
            context: 4096,
            parallel: 1,
            kv: KvType::F16,
            flash_attention: true,
            prompt_cache: Bytes::mib(0),
            checkpoints: 0,
        };
        for (name, limit) in LIMITS {
            let known = find(name).unwrap_or_else(|| panic!("{name} is in the catalogue"));
            assert_eq!(
                container([model(&known.figures, &set)].into_iter(), 1),
                Bytes::mib(limit),
                "{name}"
            );
        }
    }

    const LIMITS: [(&str, u64); 31] = [
        ("llama3.2:1b", 1697),
        ("llama3.2:1b-instruct-q4_K_M", 1183),
        ("llama3.2:3b", 2741),
        ("llama3.1:8b", 5760),
        ("mistral:7b", 5211),
        ("tinyllama:1.1b", 907),
        ("qwen2.5:0.5b", 659),
        ("qwen2.5:1.5b", 1345),
        ("qwen2.5:3b", 2341),
        ("qwen2.5:7b", 5243),
        ("qwen2.5-coder:1.5b", 1345),
        ("qwen3:0.6b", 1194),
        ("qwen3:1.7b", 2059),
        ("qwen3:4b", 3359),
        ("qwen3:8b", 6119),
        ("gemma2:2b", 2321),
        ("gemma3:270m", 512),
        ("gemma3:1b", 1082),
        // 3868 without the vision tower, which the runner reserves whether or not an image comes.
        ("gemma3:4b", 3996),
        ("phi3:3.8b", 4040),
        ("phi4-mini:3.8b", 3281),
        ("smollm2:135m", 553),
        ("smollm2:360m", 1091),
        ("smollm2:1.7b", 2869),
        ("deepseek-r1:1.5b", 1477),
        ("deepseek-r1:7b", 5243),
        ("deepseek-r1:8b", 6119),
        ("gemma:2b", 2047),
        // Computed, with the margin of a size that nobody has published; 2047 was gemma:2b's.
        ("codegemma:2b", 2072),
        ("nomic-embed-text", 809),
        // A decoder that embeds.
        ("qwen3-embedding:0.6b", 3801),
    ];
}
