//! `answer-beyond-context`, `model-without-tools`, `tools-need-context`: what Open `WebUI` sends
//! along, and the models that it sends it to.

use super::{code, rules::SpecView};
use crate::{
    diag::diagnostic::{Diagnostic, Diagnostics},
    facts::open_webui::{CONVERSATION, TOOLS_OF_ADMINISTRATOR, TOOLS_OF_USER},
};

/// Contexts are written in whole thousands of this size.
const STEP: u64 = 1024;

/// The chat's settings against the models' context.
pub fn chat(view: &SpecView<'_>, found: &mut Diagnostics) {
    let it = &view.platform.spec.components;
    if !it.open_webui.enabled || !it.ollama.enabled {
        return;
    }
    if it.open_webui.tools {
        tools_fit(view, found);
        models_take_tools(view, found);
    }
    answer(view, found);
}

/// The tools' list stands before every question, and what does not fit a context is cut off: the
/// question itself, and half of the list.
fn tools_fit(view: &SpecView<'_>, found: &mut Diagnostics) {
    let it = &view.platform.spec.components;
    let answer = it.open_webui.max_tokens.unwrap_or_default();
    let least = TOOLS_OF_ADMINISTRATOR + CONVERSATION.max(answer.saturating_add(CONVERSATION / 2));
    let note = format!(
        "an administrator's question carries 36 tools, {TOOLS_OF_ADMINISTRATOR} tokens; another user's 20, {TOOLS_OF_USER}. What does not fit is cut off"
    );
    if it.ollama.context < least {
        let message = format!(
            "`context` is {}, and Open WebUI's tools need {least}: {TOOLS_OF_ADMINISTRATOR} for their list, the rest for a question and its \
             answer",
            it.ollama.context
        );
        found.push(
            Diagnostic::error(code::TOOLS_NEED_CONTEXT, view.component(&["ollama", "context"]), message)
                .related(view.component(&["openWebui", "tools"]), "on")
                .help(format!("write `context: {}` or more, or `tools: false`", least.next_multiple_of(STEP)))
                .note(note),
        );
        return;
    }
    for (index, name, figures) in it.ollama.chat_models().filter(|it| it.2.train_context < least) {
        let message = format!(
            "`{name}` remembers {} tokens at most, and Open WebUI's tools need {least} with a question and its answer",
            figures.train_context
        );
        found.push(
            Diagnostic::error(
                code::TOOLS_NEED_CONTEXT,
                view.at(super::rules::field(&["components", "ollama", "models"]).index(index)),
                message,
            )
            .related(view.component(&["openWebui", "tools"]), "on")
            .help("write `tools: false`, or take a model that was trained for a longer context")
            .note(note.clone()),
        );
    }
}

/// Ollama refuses a question with tools for a model whose template has no place for them.
fn models_take_tools(view: &SpecView<'_>, found: &mut Diagnostics) {
    let ollama = &view.platform.spec.components.ollama;
    for (index, name, figures) in ollama.chat_models().filter(|it| it.2.tools != Some(true)) {
        let place = view.at(super::rules::field(&["components", "ollama", "models"]).index(index));
        let finding = if figures.tools.is_none() {
            Diagnostic::warning(code::MODEL_WITHOUT_TOOLS, place, format!("whether `{name}` takes tools is not known")).help(format!(
                "`ollama show {name}` says so: where it lists `tools`, write `tools: true` among the model's figures in `catalogue`"
            ))
        } else {
            Diagnostic::error(
                code::MODEL_WITHOUT_TOOLS,
                place,
                format!("`{name}` takes no tools: Ollama would refuse every question that is asked in the browser"),
            )
            .help("write `tools: false`, or take a model that does, like `llama3.2:1b-instruct-q4_K_M`")
        };
        found.push(
            finding
                .related(view.component(&["openWebui", "tools"]), "on")
                .note("Ollama answers `400 … does not support tools` where a model takes none"),
        );
    }
}

/// An answer as long as the context leaves no room for the question.
fn answer(view: &SpecView<'_>, found: &mut Diagnostics) {
    let it = &view.platform.spec.components;
    let context = it.ollama.shortest_context();
    let room = it.open_webui.beside_tools(context);
    let Some(answer) = it.open_webui.max_tokens.filter(|answer| *answer >= room) else { return };
    // Told already: the tools do not fit.
    if it.open_webui.tools {
        return;
    }
    let is_cut = context < it.ollama.context;
    let label = if is_cut { format!("{context} is what one of them was trained for") } else { "for question and answer".to_owned() };
    let message = format!("`maxTokens` is {answer}, and the models remember {context} tokens: no room for the question");
    found.push(
        Diagnostic::error(code::ANSWER_BEYOND_CONTEXT, view.component(&["openWebui", "maxTokens"]), message)
            .related(view.component(&["ollama", "context"]), label)
            .help(format!("write `maxTokens: {}`, half of that, or leave it out", (room / 2).max(1))),
    );
}
