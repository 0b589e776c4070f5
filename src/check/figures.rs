//! `figures-implausible`, `figures-not-used`: the spec's own catalogue, on which the proof of a
//! model's memory rests.

use super::{rule::rules, view::SpecView};
use crate::{
    components::{ollama::Ollama, section::Section as _},
    diag::diagnostic::{Diagnostics, Place},
    facts::models::figures::Figures,
    names::ModelName,
};

rules! {
    /// A model's figures are implausible.
    error FIGURES_IMPLAUSIBLE = "figures-implausible",
    /// Figures of a model that is not listed.
    warning FIGURES_NOT_USED = "figures-not-used":
    Spec(plausible);
}

/// Every entry.
pub fn plausible(view: &SpecView<'_>, found: &mut Diagnostics) {
    let ollama = &view.platform.spec.components.ollama;
    for (name, entry) in &ollama.catalogue {
        let place = |field: &str| view.component(&["ollama", "catalogue", name.as_str(), field]);
        let mut out = Vec::new();
        for (field, number, example) in figures(entry) {
            let (least, most) = bounds(ollama, field);
            if number < least || number > most {
                out.push(field);
                found.push(
                    FIGURES_IMPLAUSIBLE.at(
                        place(field),
                        format!(
                            "`{field}` of `{name}` is {number}, but must be from {least} to {most}"
                        ),
                    )
                    .help(format!(
                        "for `llama3.2:1b` it is `{field}: {example}`; the memory is computed from \
                         it, so do not guess"
                    )),
                );
            }
        }
        contradictions(name, entry, &out, &place, found);
        if !ollama.models.iter().any(|it| it.is_same(name)) {
            found.push(
                FIGURES_NOT_USED
                    .at(
                        view.component_key(&["ollama", "catalogue", name.as_str()]),
                        format!("`{name}` has figures but is not listed in `models`"),
                    )
                    .help("list it, remove its figures, or look for a misspelt name"),
            );
        }
    }
}

/// The least and the most of a figure.
fn bounds(ollama: &Ollama, field: &str) -> (u64, u64) {
    let numbers = ollama.numbers();
    let bound = numbers.iter().find(|it| it.path == ["catalogue", "*", field]);
    bound.map_or((0, u64::MAX), |it| (it.least, it.most))
}

/// Field, figure, and the same of a small known model.
fn figures(figures: &Figures) -> [(&'static str, u64, u64); 12] {
    [
        ("blob", figures.blob, 1_321_082_688),
        ("layers", figures.layers, 16),
        ("kvHeads", figures.kv_heads, 8),
        ("headDim", figures.head_dim, 64),
        ("embedding", figures.embedding, 2_048),
        ("heads", figures.heads, 32),
        ("feedForward", figures.feed_forward, 8_192),
        ("vocabulary", figures.vocabulary, 128_256),
        ("trainContext", figures.train_context, 131_072),
        ("window", figures.window, 0),
        ("windowLayers", figures.window_layers, 0),
        ("imageMemory", figures.image_memory, 0),
    ]
}

/// Figures that cannot both be true; nothing of those that are out of their range.
fn contradictions(
    name: &ModelName,
    figures: &Figures,
    out: &[&str],
    place: &dyn Fn(&str) -> Place,
    found: &mut Diagnostics,
) {
    let mut find = |field: &str, other: &str, message: String, help: &str| {
        if out.contains(&field) || out.contains(&other) {
            return;
        }
        found.push(
            FIGURES_IMPLAUSIBLE
                .at(place(field), message)
                .related(place(other), "the other field")
                .help(help),
        );
    };
    if figures.kv_heads > figures.heads {
        let message = format!(
            "`{name}` has {} key/value heads, but only {} heads",
            figures.kv_heads, figures.heads
        );
        find(
            "kvHeads",
            "heads",
            message,
            "a key/value head belongs to one or more heads: perhaps the two are swapped",
        );
    }
    if figures.window_layers > figures.layers {
        let message = format!(
            "`{name}` has {} layers with a window, but only {} layers",
            figures.window_layers, figures.layers
        );
        find("windowLayers", "layers", message, "`layers` counts all of them");
    }
    if figures.decoder && !figures.embedding_model {
        let message = format!(
            "`{name}` is marked as a decoder that makes embeddings, but not as an \
                     embedding model"
        );
        find(
            "decoder",
            "embeddingModel",
            message,
            "write `embeddingModel: true` too, or remove `decoder`",
        );
    }
    if (figures.window == 0) != (figures.window_layers == 0) {
        let message = format!(
            "`{name}` has a window of {} tokens in {} layers",
            figures.window, figures.window_layers
        );
        find("window", "windowLayers", message, "write both, or neither");
    }
}
