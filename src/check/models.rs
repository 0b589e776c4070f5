//! `model-needs-vram`, `model-listed-twice`, `no-models`, `only-embedding-models`,
//! `model-needs-memory`, `storage-too-small`: models and what they need.

use std::{collections::BTreeSet, sync::Arc};

use super::{
    code, model_names,
    view::{SpecView, TenantView},
};
use crate::{
    components::ollama::{Ollama, gpu::Gpu, section::MOST_MODELS},
    diag::{
        diagnostic::{Diagnostic, Diagnostics, Place},
        path::FieldPath,
    },
    platform::node::MOST_GPUS,
};

/// The platform's own Ollama.
pub fn models(view: &SpecView<'_>, found: &mut Diagnostics) {
    let ollama = &view.platform.spec.components.ollama;
    if !ollama.enabled {
        return;
    }
    let Place::Value { file, path } = view.component(&["ollama"]) else { return };
    listed(ollama, &file, &path.key("models"), found);
    memory(view, ollama, found);
    vram(view, ollama, found);
    let least = ollama.needs_storage();
    if let Some(storage) = ollama.storage.filter(|it| *it < least) {
        found.push(
            Diagnostic::error(
                code::STORAGE_TOO_SMALL,
                view.component(&["ollama", "storage"]),
                format!("the volume is {storage}, but the models need {least}"),
            )
            .related(view.component(&["ollama", "models"]), "plus a fifth for the pull")
            .help(format!("write `storage: {least}` or more, or leave it out")),
        );
    }
}

/// A model that does not fit its GPUs runs partly on the CPU, in memory that was not requested.
fn vram(view: &SpecView<'_>, ollama: &Ollama, found: &mut Diagnostics) {
    let (Some(gpu), Some(needs)) = (&ollama.gpu, ollama.needs_vram()) else { return };
    let has = gpu.memory * u64::from(gpu.count);
    if gpu.count == 0 || needs <= has {
        return;
    }
    let loaded = ollama.loaded();
    let (gpus, models) = (
        if gpu.count == 1 { "GPU has" } else { "GPUs have" },
        if loaded == 1 { "largest model needs" } else { "models need" },
    );
    let message = format!("Ollama's {gpus} {}, but its {models} {}", has.in_mib(), needs.in_mib());
    // More GPUs cost more contexts: what is enough is found by trying.
    let enough = (gpu.count + 1..=MOST_GPUS).find(|count| {
        let mut changed = ollama.clone();
        changed.gpu = Some(Gpu { count: *count, ..gpu.clone() });
        changed.needs_vram().is_some_and(|it| it <= gpu.memory * u64::from(*count))
    });
    let mut finding = Diagnostic::error(
        code::MODEL_NEEDS_VRAM,
        view.component(&["ollama", "gpu", "memory"]),
        message,
    )
    .related(
        view.component(&["ollama", "models"]),
        if loaded == 1 { "one at a time".to_owned() } else { format!("{loaded} at once") },
    );
    if let Some(count) = enough {
        finding = finding
            .help(format!("write `gpu: {{count: {count}, …}}` if each replica can have that many"));
    }
    found.push(
        finding
            .help("use a smaller model, a smaller `context`, `kvCache: q8_0` or a larger GPU")
            .note(
                "the figures are those of a CPU, plus 457Mi for each model on each GPU for the \
                 driver; they were not measured on a GPU",
            ),
    );
}

/// Weights are anonymous memory on a CPU: memory that is not requested may be missing when a model
/// loads.
fn memory(view: &SpecView<'_>, ollama: &Ollama, found: &mut Diagnostics) {
    let (needs, has) = (ollama.needs_memory(), ollama.allotment());
    let (field, amount) = match () {
        () if has.limit < needs => ("limit", has.limit),
        () if has.request < needs => ("request", has.request),
        () => return,
    };
    let count = ollama.loaded();
    let label = if count == 1 {
        "one of them in memory at a time".to_owned()
    } else {
        format!("{count} of them in memory at once")
    };
    let place = view.component(&["ollama", "resources", "memory", field]);
    let message = format!(
        "Ollama's memory {field} is {}, but its models need {}",
        amount.in_mib(),
        needs.in_mib()
    );
    found.push(
        Diagnostic::error(code::MODEL_NEEDS_MEMORY, place, message)
            .related(view.component(&["ollama", "models"]), label)
            .help(format!("write `{field}: {needs}` or more, or leave it out: it is computed"))
            .help("a smaller model, a smaller `context` or `kvCache: q8_0` needs less"),
    );
}

/// The models of a tenant.
pub fn of_tenant(view: &TenantView<'_>, found: &mut Diagnostics) {
    let at = FieldPath::root().key("spec").key("models");
    listed(&view.workspace.ollama(), view.file, &at, found);
}

/// The models of one Ollama, listed at a path of a file.
pub fn listed(ollama: &Ollama, file: &Arc<str>, at: &FieldPath, found: &mut Diagnostics) {
    let all = || Place::Value { file: file.clone(), path: at.clone() };
    if ollama.models.len() > MOST_MODELS {
        let message = format!(
            "{} models are listed, but there may be at most {MOST_MODELS}",
            ollama.models.len()
        );
        found.push(
            Diagnostic::error(code::OUT_OF_RANGE, all(), message)
                .help("list only what is used: each model is pulled before the pod is Ready"),
        );
        return;
    }
    let is_embedder = |model| ollama.figures(model).is_some_and(|it| it.embedding_model);
    if ollama.models.is_empty() {
        let models = "models: [\"llama3.2:1b-instruct-q4_K_M\"]";
        let help = if at.steps().len() > 2 {
            format!(
                "write `{models}` in `components.ollama`; if there is no such section yet, \
                 `components: {{ollama: {{{models}}}}}`"
            )
        } else {
            format!("write `{models}`")
        };
        found.push(
            Diagnostic::warning(code::NO_MODELS, all(), "Ollama has no models: nobody can chat")
                .help(help),
        );
    } else if ollama.models.iter().all(is_embedder) {
        found.push(
            Diagnostic::warning(
                code::ONLY_EMBEDDING_MODELS,
                all(),
                "these models only make embeddings: nobody can chat",
            )
            .help("add a model that generates text, like `llama3.2:1b-instruct-q4_K_M`"),
        );
    }
    let mut seen = BTreeSet::new();
    for (index, model) in ollama.models.iter().enumerate() {
        let place = || Place::Value { file: file.clone(), path: at.index(index) };
        // Ollama compares without case.
        if seen.insert(model.to_ascii_lowercase()) {
            // A workspace has no `catalogue`.
            let has_catalogue = at.to_string().starts_with("spec.components");
            found.extend(model_names::known(ollama, model, has_catalogue, &place));
        } else {
            found.push(
                Diagnostic::warning(
                    code::MODEL_LISTED_TWICE,
                    place(),
                    format!("`{model}` is listed twice"),
                )
                .help("remove one of them"),
            );
        }
    }
}
