//! `model-unknown`, `model-tag-unlisted`, `image-memory-unknown`: names of models, and what is
//! known of them.

use std::{collections::BTreeSet, sync::Arc};

use super::{
    rule::rules,
    view::{SpecView, TenantView, field},
};
use crate::{
    components::ollama::{Ollama, section::MOST_MODELS},
    diag::{
        diagnostic::{Diagnostic, Diagnostics, Place},
        path::FieldPath,
        suggest,
    },
    facts::models::{
        self,
        family::{self, Family},
        figures::{Figures, Known},
        foreign, uncovered,
    },
    names::ModelName,
    units::Bytes,
};

rules! {
    /// A model without figures.
    error MODEL_UNKNOWN = "model-unknown",
    /// A tag that the library may not have.
    warning MODEL_TAG_UNLISTED = "model-tag-unlisted",
    /// A model's memory for images is not known.
    warning IMAGE_MEMORY_UNKNOWN = "image-memory-unknown":
    Spec(of_platform), Tenant(of_tenant);
}

/// The models of the platform's own Ollama.
pub fn of_platform(view: &SpecView<'_>, found: &mut Diagnostics) {
    let ollama = &view.platform.spec.components.ollama;
    if ollama.enabled {
        listed(ollama, view.file, &field(&["components", "ollama", "models"]), true, found);
    }
}

/// The models of a workspace.
pub fn of_tenant(view: &TenantView<'_>, found: &mut Diagnostics) {
    if view.workspace.has_ollama() {
        listed(&view.workspace.ollama(), view.file, &field(&["models"]), false, found);
    }
}

/// Each model that is listed. `has_catalogue`: its spec can have figures of its own.
fn listed(
    ollama: &Ollama,
    file: &Arc<str>,
    at: &FieldPath,
    has_catalogue: bool,
    found: &mut Diagnostics,
) {
    if ollama.models.len() > MOST_MODELS {
        return;
    }
    let mut seen = BTreeSet::new();
    for (index, model) in ollama.models.iter().enumerate() {
        // Ollama compares without case.
        if seen.insert(model.to_ascii_lowercase()) {
            let place = || Place::Value { file: file.clone(), path: at.index(index) };
            known(ollama, model, has_catalogue, &place, found);
        }
    }
}

/// Whether a model is known, and how well.
fn known(
    ollama: &Ollama,
    model: &ModelName,
    has_catalogue: bool,
    place: &dyn Fn() -> Place,
    found: &mut Diagnostics,
) {
    if ollama.own_figures(model).is_some() {
        return;
    }
    let Some(known) = models::find(model) else {
        found.push(unknown(ollama, model, has_catalogue, &place()));
        return;
    };
    if !known.listed {
        found.push(unlisted(model, &known, has_catalogue, place()));
    }
    if known.figures.images_not_measured {
        let own = has_catalogue.then(|| {
            format!(
                "if you have measured it, write `{}`",
                stanza(model, Some(&known.figures), "imageMemory: …, ")
            )
        });
        let message = format!(
            "`{model}` reads images, but the memory that an image takes was not \
                               measured"
        );
        let finding = with_help(IMAGE_MEMORY_UNKNOWN.at(place(), message), own);
        found.push(finding.help("use a model for which it was measured, like `gemma3:4b`").note(
            "without images, its memory is computed like any other model's; with one, Ollama may \
             exceed its own limit and be OOM-killed",
        ));
    }
}

/// A known size in a known quantisation, under words that the library may not have.
fn unlisted(model: &ModelName, known: &Known, has_catalogue: bool, place: Place) -> Diagnostic {
    let finding = MODEL_TAG_UNLISTED.at(
        place,
        format!(
            "the catalogue does not list `{model}`: its memory is computed, but Ollama's library \
             may not have it"
        ),
    );
    let near = models::family(model.model()).and_then(|family| nearest(family, model.tag()));
    let finding = match near {
        Some(near) => finding.help(format!("did you mean `{}:{near}`?", model.model())),
        None => {
            finding.help(format!("`espalier show models {}` lists the known tags", model.model()))
        }
    };
    if !has_catalogue {
        return finding;
    }
    let own = stanza(model, Some(&known.figures), "");
    finding.note(format!("if the library has it, your own figures silence this warning: `{own}`"))
}

/// The tag of a family that is nearest to one that it does not have, in the same quantisation if
/// there is one.
fn nearest(family: &Family, tag: &str) -> Option<String> {
    let tags: Vec<String> = family.tags().collect();
    let quantisation = family::split(tag).1;
    let same: Vec<&str> =
        tags.iter().map(String::as_str).filter(|it| family::split(it).1 == quantisation).collect();
    let near = suggest::nearest(tag, same)
        .or_else(|| suggest::nearest(tag, tags.iter().map(String::as_str)));
    near.map(str::to_owned)
}

fn unknown(ollama: &Ollama, model: &ModelName, has_catalogue: bool, place: &Place) -> Diagnostic {
    let error = |message: String| MODEL_UNKNOWN.at(place.clone(), message);
    let own = suggest::nearest(model, ollama.catalogue.keys().map(|it| &**it))
        .map(|it| format!("did you mean `{it}`?"));
    let (finding, figures) = if let Some(reason) = uncovered::reason(model.model(), model.tag()) {
        let finding = error(format!("the memory of `{model}` cannot be computed: {reason}"));
        let finding =
            finding.help("`espalier show models` lists the models whose memory can be computed");
        let measured =
            "or measure what it takes, and write figures in `catalogue` that add up to it";
        return if has_catalogue { finding.help(measured) } else { finding };
    } else if model.contains('/') {
        let made = if foreign::is_foreign(model) { "quantised" } else { "made" };
        let finding = error(format!(
            "`{model}` is not in the catalogue: it was {made} by somebody else, so the size of its \
             file is not known"
        ));
        match foreign::assumed(model) {
            Some(assumed) => {
                let finding = finding.help(format!(
                    "use `{}` from Ollama's library, if that is what it was made from",
                    assumed.base
                ));
                let note = assumption(&assumed);
                (if has_catalogue { finding.note(note) } else { finding }, Some(assumed.figures))
            }
            None if made == "made" => (with_help(finding, other_family(model)), None),
            None => (finding, None),
        }
    } else {
        let finding =
            error(format!("`{model}` is not in the catalogue, so its memory cannot be computed"));
        match models::family(model.model()) {
            Some(family) => (of_family(finding, family, model.tag()), of_size(family, model.tag())),
            None => (with_help(finding, other_family(model)), None),
        }
    };
    let finding = with_help(finding, own);
    if !has_catalogue {
        return finding.help(
            "a workspace can only use models of the catalogue; `espalier show models` lists \
                   them",
        );
    }
    let or = if finding.help.is_empty() { "" } else { "or " };
    finding
        .help(format!(
            "{or}write its figures under `ollama`: `{}`",
            stanza(model, figures.as_ref(), "")
        ))
        .note("`espalier explain model-unknown` says where to find them")
}

/// Where figures come from that were assumed from a name.
pub fn assumption(assumed: &foreign::Assumed) -> String {
    let (and, blob) = match (assumed.is_published, assumed.figures.blob) {
        (true, _) => ("", ""),
        (false, 0) => ("", "; `blob` is the size of the file there"),
        (false, _) => (", with a computed `blob` that is rather too large than too small", ""),
    };
    let base = &assumed.base;
    format!(
        "the figures are those of `{base}`, assumed from the name{and}: compare them with the \
         repository's page{blob}"
    )
}

fn with_help(finding: Diagnostic, help: Option<String>) -> Diagnostic {
    match help {
        Some(help) => finding.help(help),
        None => finding,
    }
}

/// What a family has instead of a tag that it does not have.
fn of_family(finding: Diagnostic, family: &Family, tag: &str) -> Diagnostic {
    let mut sizes: Vec<&str> =
        family.tags.iter().map(|it| it.size).filter(|it| !it.is_empty()).collect();
    sizes.dedup();
    let finding = with_help(
        finding,
        nearest(family, tag).map(|it| format!("did you mean `{}:{it}`?", family.name)),
    );
    let sizes = sizes.iter().map(|it| format!("`{it}`")).collect::<Vec<_>>().join(", ");
    let name = family.name;
    finding.help(if sizes.is_empty() {
        format!("`espalier show models {name}` lists its tags")
    } else {
        format!(
            "the catalogue has `{name}` in {sizes}; `espalier show models {name}` lists all tags"
        )
    })
}

/// Figures of a size that is known, for a file that is not.
fn of_size(family: &Family, tag: &str) -> Option<Figures> {
    let of_size =
        family.tags.iter().find(|it| !it.size.is_empty() && tag.split('-').next() == Some(it.size));
    of_size.map(|it| it.shape.figures(0, None))
}

/// A family with a name that is nearly the one that was written.
fn other_family(model: &ModelName) -> Option<String> {
    let near =
        suggest::nearest(model.model(), models::families::FAMILIES.iter().map(|it| it.name))?;
    let with_tag = format!("{near}:{}", model.tag());
    let tag = if models::find(&with_tag).is_some() { with_tag } else { near.to_owned() };
    Some(format!("did you mean `{tag}`?"))
}

/// What to write in the spec: a model's figures, as far as they are known, and more. It stands in
/// place of the catalogue's whole.
pub fn stanza(name: &str, figures: Option<&Figures>, more: &str) -> String {
    let number = |field: fn(&Figures) -> u64| {
        figures.map(field).filter(|it| *it > 0).map_or_else(|| "…".to_owned(), |it| it.to_string())
    };
    let some = |is: bool, text: String| if is { text } else { String::new() };
    let extra = figures.map_or_else(String::new, |figures| {
        [
            some(
                figures.window_layers > 0,
                format!("window: {}, windowLayers: {}, ", figures.window, figures.window_layers),
            ),
            some(figures.embedding_model, "embeddingModel: true, ".to_owned()),
            some(figures.decoder, "decoder: true, ".to_owned()),
            some(
                figures.tools.is_some() && more.is_empty(),
                format!("tools: {}, ", figures.tools.unwrap_or_default()),
            ),
            some(
                figures.image_memory > 0,
                format!("imageMemory: {}, ", Bytes::new(figures.image_memory)),
            ),
        ]
        .concat()
    });
    let rest = format!("{extra}{more}");
    format!(
        "catalogue: {{\"{name}\": {{blob: {}, layers: {}, kvHeads: {}, headDim: {}, embedding: {}, \
         heads: {}, feedForward: {}, vocabulary: {}, trainContext: {}{}}}}}",
        number(|it| it.blob),
        number(|it| it.layers),
        number(|it| it.kv_heads),
        number(|it| it.head_dim),
        number(|it| it.embedding),
        number(|it| it.heads),
        number(|it| it.feed_forward),
        number(|it| it.vocabulary),
        number(|it| it.train_context),
        some(!rest.is_empty(), format!(", {}", rest.trim_end_matches(", "))),
    )
}
