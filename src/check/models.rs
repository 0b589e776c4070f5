//! `model-needs-vram`, `model-listed-twice`, `no-models`, `only-embedding-models`,
//! `model-needs-memory`, `storage-too-small`: models and what they need.

use std::{collections::BTreeSet, sync::Arc};

use super::{
    ranges::{OUT_OF_RANGE, STORAGE_TOO_SMALL},
    rule::rules,
    view::{SpecView, TenantView, field},
};
use crate::{
    components::ollama::{Ollama, gpu::Gpu, section::MOST_MODELS},
    diag::{
        diagnostic::{Diagnostics, Place},
        path::FieldPath,
    },
    platform::node::MOST_GPUS,
    units::Bytes,
};

rules! {
    /// A model is listed twice.
    warning MODEL_LISTED_TWICE = "model-listed-twice",
    /// Ollama without a model.
    warning NO_MODELS = "no-models",
    /// Only models that make embeddings.
    warning ONLY_EMBEDDING_MODELS = "only-embedding-models":
    Spec(of_platform), Tenant(of_tenant);

    /// A container's memory is below what its models need.
    error MODEL_NEEDS_MEMORY = "model-needs-memory",
    /// A model is larger than its GPUs.
    error MODEL_NEEDS_VRAM = "model-needs-vram":
    Spec(needs), Tenant(needs_of_tenant);
}

/// The models of the platform's own Ollama.
pub fn of_platform(view: &SpecView<'_>, found: &mut Diagnostics) {
    let ollama = &view.platform.spec.components.ollama;
    if ollama.enabled {
        listed(ollama, view.file, &field(&["components", "ollama", "models"]), found);
    }
}

/// What the models need: memory, GPUs, and room to be stored.
pub fn needs(view: &SpecView<'_>, found: &mut Diagnostics) {
    let ollama = &view.platform.spec.components.ollama;
    if !ollama.enabled {
        return;
    }
    let places = Places {
        models: view.component(&["ollama", "models"]),
        storage: (view.component(&["ollama", "storage"]), "storage"),
        memory: &|of| view.component(&["ollama", "resources", "memory", of]),
    };
    memory(&places, ollama, found);
    vram(view, ollama, found);
    storage(&places, ollama, found);
}

/// Where the fields of an Ollama are written.
struct Places<'a> {
    models: Place,
    /// The size of its volume, and what the field is called.
    storage: (Place, &'static str),
    /// The `limit` or the `request` of its memory.
    memory: &'a dyn Fn(&'static str) -> Place,
}

/// The volume of each replica, where its size is written, against its models.
fn storage(places: &Places<'_>, ollama: &Ollama, found: &mut Diagnostics) {
    let least = ollama.needs_storage();
    let Some(storage) = ollama.storage.filter(|it| *it < least) else { return };
    let (place, key) = places.storage.clone();
    found.push(
        STORAGE_TOO_SMALL
            .at(place, format!("the volume is {storage}, but the models need {least}"))
            .related(places.models.clone(), "plus a fifth for the pull")
            .help(format!("write `{key}: {least}` or more, or leave it out")),
    );
}

/// What the models of a workspace's own Ollama need.
pub fn needs_of_tenant(view: &TenantView<'_>, found: &mut Diagnostics) {
    let (workspace, ollama) = (view.workspace, view.workspace.ollama());
    if !workspace.has_ollama() || ollama.models.len() > MOST_MODELS {
        return;
    }
    let at = |path: &[&str]| Place::Value { file: view.file.clone(), path: field(path) };
    let places = Places {
        models: at(&["models"]),
        storage: (at(&["storage", "ollama"]), "ollama"),
        memory: &|of| at(&["resources", "ollama", "memory", of]),
    };
    memory(&places, &ollama, found);
    storage(&places, &ollama, found);
    if let Some(size) = workspace.spec.storage.open_webui.filter(|it| *it < Bytes::gib(1)) {
        let message = format!("the volume of Open WebUI is {size}, but must be at least 1Gi");
        found.push(
            STORAGE_TOO_SMALL
                .at(at(&["storage", "openWebui"]), message)
                .help("write `openWebui: 1Gi` or more"),
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
    let mut finding =
        MODEL_NEEDS_VRAM.at(view.component(&["ollama", "gpu", "memory"]), message).related(
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
fn memory(places: &Places<'_>, ollama: &Ollama, found: &mut Diagnostics) {
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
    let place = (places.memory)(field);
    let message = format!(
        "Ollama's memory {field} is {}, but its models need {}",
        amount.in_mib(),
        needs.in_mib()
    );
    found.push(
        MODEL_NEEDS_MEMORY
            .at(place, message)
            .related(places.models.clone(), label)
            .help(format!("write `{field}: {needs}` or more, or leave it out: it is computed"))
            .help("a smaller model, a smaller `context` or `kvCache: q8_0` needs less"),
    );
}

/// The models of a tenant.
pub fn of_tenant(view: &TenantView<'_>, found: &mut Diagnostics) {
    // Of one that shares the platform's, another rule says what it lists (`model-not-served`).
    if view.workspace.has_ollama() {
        listed(&view.workspace.ollama(), view.file, &field(&["models"]), found);
    }
}

/// The models of one Ollama, listed at a path of a file.
fn listed(ollama: &Ollama, file: &Arc<str>, at: &FieldPath, found: &mut Diagnostics) {
    let all = || Place::Value { file: file.clone(), path: at.clone() };
    if ollama.models.len() > MOST_MODELS {
        let message = format!(
            "{} models are listed, but there may be at most {MOST_MODELS}",
            ollama.models.len()
        );
        found.push(
            OUT_OF_RANGE
                .at(all(), message)
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
        found.push(NO_MODELS.at(all(), "Ollama has no models: nobody can chat").help(help));
    } else if ollama.models.iter().all(is_embedder) {
        found.push(
            ONLY_EMBEDDING_MODELS
                .at(all(), "these models only make embeddings: nobody can chat")
                .help("add a model that generates text, like `llama3.2:1b-instruct-q4_K_M`"),
        );
    }
    let mut seen = BTreeSet::new();
    for (index, model) in ollama.models.iter().enumerate() {
        // Ollama compares without case.
        if !seen.insert(model.to_ascii_lowercase()) {
            let place = Place::Value { file: file.clone(), path: at.index(index) };
            found.push(
                MODEL_LISTED_TWICE
                    .at(place, format!("`{model}` is listed twice"))
                    .help("remove one of them"),
            );
        }
    }
}
