//! What is known of one model.

use schemars::{JsonSchema, Schema, SchemaGenerator, json_schema};
use serde::{Deserialize, Deserializer};

use crate::units::{Bytes, described::described};

/// The figures of a model from which Ollama's memory is computed: counts, except `blob` and
/// `imageMemory`, which are sizes. `espalier explain model-unknown` says where to read them.
#[derive(Clone, Copy, Debug, Deserialize, JsonSchema, PartialEq, Eq)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Figures {
    /// Size of the file with the weights, in bytes (`curl localhost:11434/api/tags`) or with a unit
    /// (rounded up).
    #[serde(deserialize_with = "bytes")]
    #[schemars(schema_with = "bytes_schema")]
    pub blob: u64,
    /// Number of layers: `block_count` in what `ollama show --verbose MODEL` prints.
    #[schemars(example = 16)]
    pub layers: u64,
    /// Number of key/value heads in a layer: `attention.head_count_kv` in what
    /// `ollama show --verbose MODEL` prints.
    #[schemars(example = 8)]
    pub kv_heads: u64,
    /// Length of an attention head: `attention.key_length` in what `ollama show --verbose MODEL`
    /// prints, or else `embedding` divided by `heads`.
    #[schemars(example = 64)]
    pub head_dim: u64,
    /// Length of the embedding: `embedding_length` in what `ollama show --verbose MODEL` prints.
    #[schemars(example = 2048)]
    pub embedding: u64,
    /// Number of attention heads: `attention.head_count` in what `ollama show --verbose MODEL`
    /// prints.
    #[schemars(example = 32)]
    pub heads: u64,
    /// Length of the feed-forward layer: `feed_forward_length` in what
    /// `ollama show --verbose MODEL` prints. Of a mixture of experts: 2 × `expert_used_count` ×
    /// `expert_feed_forward_length`.
    #[schemars(example = 8192)]
    pub feed_forward: u64,
    /// Number of tokens in the vocabulary: the length of `tokenizer.ggml.tokens` in what
    /// `ollama show --verbose MODEL` prints.
    #[schemars(example = 128_256)]
    pub vocabulary: u64,
    /// Context length that the model was trained for, in tokens: `context_length` in what
    /// `ollama show --verbose MODEL` prints. Ollama cuts `context` to it.
    #[schemars(example = 131_072)]
    pub train_context: u64,
    /// Length of the sliding window, in tokens: `attention.sliding_window` in what
    /// `ollama show --verbose MODEL` prints. 0: the model has none.
    #[serde(default)]
    #[schemars(example = 512)]
    pub window: u64,
    /// Number of the layers that have a sliding window. 0: the model has none.
    #[serde(default)]
    #[schemars(example = 22)]
    pub window_layers: u64,
    /// Whether the model makes embeddings instead of text.
    #[serde(default)]
    #[schemars(example = true)]
    pub embedding_model: bool,
    /// Whether an embedding model is a decoder (as `qwen3-embedding` is), which has a key/value
    /// cache and logits too.
    #[serde(default)]
    #[schemars(example = true)]
    pub decoder: bool,
    /// Memory that is reserved for an image when the model is loaded, in bytes or with a unit:
    /// `122Mi` for gemma3. 0: the model reads no images.
    #[serde(default, deserialize_with = "bytes")]
    #[schemars(schema_with = "image_schema")]
    pub image_memory: u64,
    /// It reads images, and what that takes was not measured.
    #[serde(skip)]
    pub images_not_measured: bool,
    /// Whether the model supports tools: `ollama show MODEL` then lists `tools` among its
    /// capabilities. Absent: not known.
    #[serde(default)]
    #[schemars(example = true)]
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
