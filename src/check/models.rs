//! `model-unknown`, `model-needs-memory`, `no-models`, `storage-too-small`: Ollama's models and what they need.

use std::collections::BTreeSet;

use super::{code, rules::SpecView};
use crate::{
    components::ollama::Ollama,
    diag::{
        diagnostic::{Diagnostic, Diagnostics, Place},
        path::FieldPath,
        suggest,
    },
    facts::models,
};

/// The platform's own Ollama.
pub fn models(view: &SpecView<'_>, found: &mut Diagnostics) {
    let ollama = &view.platform.spec.components.ollama;
    if !ollama.enabled {
        return;
    }
    if ollama.models.is_empty() {
        found.push(
            Diagnostic::warning(code::NO_MODELS, view.component(&["ollama", "models"]), "Ollama has no models: nobody can chat")
                .help("write `models: [\"llama3.2:1b-instruct-q4_K_M\"]`"),
        );
    }
    let Place::Value { file, path } = view.component(&["ollama"]) else { return };
    listed(ollama, &file, &path.key("models"), found);
    let (needs, has) = (ollama.needs_memory(), ollama.allotment());
    if has.limit < needs {
        found.push(
            Diagnostic::error(
                code::MODEL_NEEDS_MEMORY,
                view.component(&["ollama", "resources", "memory", "limit"]),
                format!("the limit is {}, and the models need {}", has.limit.in_mib(), needs.in_mib()),
            )
            .related(view.component(&["ollama", "models"]), format!("{} of them in memory at once", ollama.loaded()))
            .help(format!("write `limit: {needs}`, or leave `resources` out: it is computed"))
            .help("a smaller model, a smaller `context` or `kvCache: q8_0` needs less"),
        );
    } else if has.request < needs {
        found.push(
            Diagnostic::error(
                code::MODEL_NEEDS_MEMORY,
                view.component(&["ollama", "resources", "memory", "request"]),
                format!("the request is {}, and the models need {}", has.request.in_mib(), needs.in_mib()),
            )
            .help(format!("write `request: {needs}`, or leave it out: weights are not reclaimable, so what is not promised is not there")),
        );
    }
    let least = ollama.needs_storage();
    if let Some(storage) = ollama.storage.filter(|it| *it < least) {
        found.push(
            Diagnostic::error(
                code::STORAGE_TOO_SMALL,
                view.component(&["ollama", "storage"]),
                format!("the volume is {storage}, and the models need {least}"),
            )
            .help(format!("write `storage: {least}`, or leave it out: a pull needs a fifth more than the packages")),
        );
    }
}

/// The models of one Ollama, listed at a path of a file.
pub fn listed(ollama: &Ollama, file: &std::sync::Arc<str>, at: &FieldPath, found: &mut Diagnostics) {
    let mut seen = BTreeSet::new();
    for (index, model) in ollama.models.iter().enumerate() {
        let place = Place::Value { file: file.clone(), path: at.index(index) };
        if !seen.insert(model) {
            found.push(Diagnostic::warning(code::MODEL_LISTED_TWICE, place, format!("`{model}` is listed twice")).help("take one out"));
        } else if ollama.figures(model).is_none() {
            let finding = Diagnostic::error(
                code::MODEL_UNKNOWN,
                place,
                format!("`{model}` is not in the catalogue, so its memory cannot be computed"),
            );
            let near = suggest::nearest(model.as_str(), models::all().map(|(name, _)| name));
            let family: Vec<&str> = models::all().map(|(name, _)| name).filter(|it| it.split(':').next() == Some(model.model())).collect();
            let finding = match (near, family.is_empty()) {
                (Some(near), _) => finding.help(format!("did you mean `{near}`?")),
                (None, false) => finding.help(format!("the catalogue has {}", family.join(", "))),
                (None, true) => finding,
            };
            found.push(finding.help(format!(
                "or give its figures: `catalogue: {{\"{model}\": {{blob: …, layers: …, kvHeads: …, headDim: …, embedding: …, heads: …, feedForward: …, vocabulary: …, trainContext: …}}}}`"
            )));
        }
    }
}
