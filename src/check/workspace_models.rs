//! `ollama-not-shared`, `model-not-served`: a workspace that uses the platform's own Ollama.

use super::{
    effect::SETTING_WITHOUT_EFFECT,
    rule::rules,
    view::{TenantView, field},
};
use crate::{
    components::ollama::section::MOST_MODELS,
    diag::{
        diagnostic::{Diagnostics, Place},
        suggest,
    },
    names::ModelName,
};

rules! {
    /// A workspace shares an Ollama that is not offered to it.
    error OLLAMA_NOT_SHARED = "ollama-not-shared",
    /// A workspace lists a model that the Ollama which it shares does not serve.
    error MODEL_NOT_SERVED = "model-not-served":
    Tenant(shared);
}

/// What holds of a workspace that has no Ollama of its own.
pub fn shared(view: &TenantView<'_>, found: &mut Diagnostics) {
    let TenantView { workspace, plan, file } = *view;
    if workspace.has_ollama() {
        return;
    }
    let (spec, platform) = (&workspace.spec, &plan.platform().spec);
    let served = &platform.components.ollama;
    let value = |path| Place::Value { file: file.clone(), path };
    if !plan.shares_ollama() {
        let (why, help) = if served.enabled {
            (
                "workspaces are not offered the platform's Ollama",
                format!(
                    "whoever owns the platform offers it with `workspaces: {{sharedOllama: true}}` \
                     below `spec` in {}; or write `ollama: dedicated`",
                    plan.file()
                ),
            )
        } else {
            ("the platform has no Ollama to share", "write `ollama: dedicated`".to_owned())
        };
        found.push(OLLAMA_NOT_SHARED.at(value(field(&["ollama"])), why).help(help));
        return;
    }
    for (index, model) in spec.models.iter().take(MOST_MODELS).enumerate() {
        if served.models.iter().any(|it| it.is_same(model)) {
            continue;
        }
        let message = format!("`{model}` is none of the models that the platform's Ollama serves");
        let finding = MODEL_NOT_SERVED.at(value(field(&["models"]).index(index)), message);
        let names = served.models.iter().map(ModelName::as_str);
        let finding = match suggest::nearest(model, names) {
            Some(near) => finding.help(format!("write `{near}`")),
            None => finding,
        };
        found.push(finding.help(
            "leave it out, have it added to `components.ollama.models`, or write `ollama: \
             dedicated`",
        ));
    }
    let idle = [
        ("patterns", !spec.patterns.is_empty()),
        ("prompts", !spec.prompts.is_empty()),
        ("pruneModels", spec.prune_models),
    ];
    let below = [
        ("replicas", spec.replicas.ollama != 1),
        ("resources", spec.resources.ollama.is_written()),
        ("storage", spec.storage.ollama.is_some()),
    ];
    let idle = idle.into_iter().filter(|it| it.1).map(|it| (it.0, field(&[it.0])));
    let below = below.into_iter().filter(|it| it.1).map(|it| (it.0, field(&[it.0, "ollama"])));
    for (name, path) in idle.chain(below) {
        let message = format!("`{name}` has no effect: the workspace has no Ollama of its own");
        found.push(
            SETTING_WITHOUT_EFFECT
                .at(Place::Key { file: file.clone(), path }, message)
                .related(value(field(&["ollama"])), "the platform's")
                .help("remove it, or write `ollama: dedicated`"),
        );
    }
}
