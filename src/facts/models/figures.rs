//! What is known of one model.

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::{Deserialize, Deserializer};

use crate::units::{Bytes, described::described};

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
