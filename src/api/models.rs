//! The catalogue of models, for programs that let people choose.

use schemars::JsonSchema;
use serde::Serialize;

use crate::{components::ollama::Ollama, facts::models};

/// A model of the catalogue, as a workspace with an Ollama of its own has it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Model {
    /// Its name, with its tag, as `models` of a workspace takes it.
    pub name: String,
    /// Memory that Ollama gets for this model alone, in bytes.
    pub memory: u64,
    /// Size of its file, in bytes.
    pub file_bytes: u64,
    /// The longest context that it was trained for, in tokens.
    pub train_context: u64,
    /// Whether it makes embeddings, and writes no text.
    pub embedding: bool,
    /// Whether tools can be sent to it; absent where nobody knows.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub tools: Option<bool>,
}

/// All models that are known to exist, by family and size.
pub fn all() -> impl Iterator<Item = Model> {
    let ollama = Ollama::default();
    models::names().filter_map(move |name| {
        let figures = models::find(&name)?.figures;
        Some(Model {
            name,
            memory: ollama.alone(&figures).get(),
            file_bytes: figures.blob,
            train_context: figures.train_context,
            embedding: figures.embedding_model,
            tools: figures.tools,
        })
    })
}
