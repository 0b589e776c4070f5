//! `context-beyond-training`, `kv-cache-needs-flash-attention`, `max-loaded-models`: settings of
//! Ollama that its models do not bear out.

use super::{rule::rules, view::SpecView};
use crate::{
    components::ollama::KvCache, diag::diagnostic::Diagnostics, facts::ollama::FURTHER_MODEL,
};

rules! {
    /// A context that no listed model was trained for.
    warning CONTEXT_BEYOND_TRAINING = "context-beyond-training",
    /// A quantised key/value cache without flash attention.
    error KV_CACHE_NEEDS_FLASH_ATTENTION = "kv-cache-needs-flash-attention",
    /// More or fewer models in memory than the listed ones need.
    either MAX_LOADED_MODELS = "max-loaded-models":
    Spec(settings);
}

/// The settings against the models that are listed.
pub fn settings(view: &SpecView<'_>, found: &mut Diagnostics) {
    let ollama = &view.platform.spec.components.ollama;
    let place = |field| view.component(&["ollama", field]);
    if ollama.kv_cache != KvCache::F16 && !ollama.flash_attention {
        found.push(
            KV_CACHE_NEEDS_FLASH_ATTENTION
                .at(
                    place("kvCache"),
                    "Ollama keeps the key/value cache in 16 bits when flash attention is disabled",
                )
                .related(place("flashAttention"), "off")
                .help("write `flashAttention: true`, or `kvCache: f16`")
                .note("the memory would be computed for a smaller cache than Ollama allocates"),
        );
    }
    let figures = || ollama.models.iter().filter_map(|model| ollama.figures(model));
    let embedders = figures().filter(|it| it.embedding_model).count();
    let longest = figures().filter(|it| !it.embedding_model).map(|it| it.train_context).max();
    if let Some(longest) = longest.filter(|longest| ollama.context > *longest) {
        found.push(
            CONTEXT_BEYOND_TRAINING
                .at(
                    place("context"),
                    format!(
                        "`context` is {}, but no listed model was trained for more than {longest}",
                        ollama.context
                    ),
                )
                .related(place("models"), format!("at most {longest} tokens"))
                .help(format!("write `context: {longest}` or less"))
                .note("Ollama reduces it to what a model was trained for; only the buffers grow"),
        );
    }
    let Some(loaded) = ollama.max_loaded_models else { return };
    let listed = ollama.models.len().max(1);
    // A question with documents asks the embedding model, then the one that answers.
    let needed = if embedders > 0 && embedders < ollama.models.len() { 2 } else { 1 };
    let count = usize::try_from(loaded).unwrap_or(usize::MAX);
    let finding = |message: String| MAX_LOADED_MODELS.warning_at(place("maxLoadedModels"), message);
    if loaded == 0 {
        let message = "`maxLoadedModels` is 0, which Ollama reads as 3 models in memory at once";
        found.push(
            MAX_LOADED_MODELS
                .error_at(place("maxLoadedModels"), message)
                .help("write `maxLoadedModels: 1` or more, or leave it out"),
        );
    } else if count < needed {
        found.push(
            finding(format!(
                "`maxLoadedModels` is {loaded}: an embedding model and the one that answers evict \
                 each other from memory"
            ))
            .related(place("models"), format!("{embedders} of {listed} for embeddings"))
            .help(format!("write `maxLoadedModels: {needed}`, or leave it out")),
        );
    } else if count > listed {
        let spare = FURTHER_MODEL * (count - listed) as u64;
        found.push(
            finding(format!(
                "`maxLoadedModels` is {loaded}, but only {listed} can be loaded: {} are requested \
                 for nothing",
                spare.in_mib()
            ))
            .related(place("models"), "all of them")
            .help(format!("write `maxLoadedModels: {listed}`, or leave it out")),
        );
    }
}
