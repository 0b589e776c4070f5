//! `answer-beyond-context`, `model-without-tools`, `tools-need-context`: what Open WebUI adds to a
//! question, and the models that receive it. `documents-on-shared-volume`: what its own loaders
//! need.

use super::{model_names::stanza, rule::rules, view::SpecView};
use crate::{
    components::open_webui::{ANSWER, documents::Documents},
    diag::diagnostic::Diagnostics,
    facts::open_webui::{CONVERSATION, TOOLS, TOOLS_OF_ADMINISTRATOR, TOOLS_OF_USER},
};

rules! {
    /// An answer as long as the context.
    error ANSWER_BEYOND_CONTEXT = "answer-beyond-context",
    /// A model that does not support tools.
    either MODEL_WITHOUT_TOOLS = "model-without-tools",
    /// The context is too small for the tools.
    error TOOLS_NEED_CONTEXT = "tools-need-context":
    Spec(chat);

    /// Open WebUI's own loaders on a volume that several pods or nodes mount.
    error DOCUMENTS_ON_SHARED_VOLUME = "documents-on-shared-volume":
    Spec(loaders);
}

/// The help rounds a context up to a multiple of this.
const STEP: u64 = 1024;

/// What the list of an administrator's tools needs with a question and its answer.
const WITH_TOOLS: u64 = TOOLS_OF_ADMINISTRATOR + CONVERSATION;

/// The chat's settings against the models' context.
pub fn chat(view: &SpecView<'_>, found: &mut Diagnostics) {
    let components = &view.platform.spec.components;
    if !components.open_webui.enabled || !components.ollama.enabled {
        return;
    }
    if components.open_webui.tools {
        tools_fit(view, found);
        models_take_tools(view, found);
    }
    answer(view, found);
}

/// The standard image opens a vector store at each start, a SQLite file on the volume: it is for
/// one process, and for a disk.
pub fn loaders(view: &SpecView<'_>, found: &mut Diagnostics) {
    let spec = &view.platform.spec;
    let chat = &spec.components.open_webui;
    if !chat.enabled || chat.documents != Documents::Builtin {
        return;
    }
    let (place, who) = if chat.replicas > 1 {
        let pods = format!("{} pods share it", chat.replicas);
        (view.component(&["openWebui", "replicas"]), pods)
    } else if spec.storage.shared.is_some() && spec.components.postgresql.enabled {
        (view.value(&["storage", "shared"]), "it is on a network".to_owned())
    } else {
        return;
    };
    found.push(
        DOCUMENTS_ON_SHARED_VOLUME
            .at(
                view.component(&["openWebui", "documents"]),
                format!("`builtin` keeps a SQLite file on the volume of uploaded files, but {who}"),
            )
            .related(place, "here")
            .help("write `documents: tika`: a pod of its own reads documents for all of them"),
    );
}

/// The tools' list stands before every question, and what does not fit a context is cut off: the
/// question itself, and half of the list.
fn tools_fit(view: &SpecView<'_>, found: &mut Diagnostics) {
    let components = &view.platform.spec.components;
    let [administrator, user] = TOOLS;
    let note = format!(
        "an administrator's question carries {administrator} tools ({TOOLS_OF_ADMINISTRATOR} \
         tokens), another user's {user} ({TOOLS_OF_USER} tokens); what does not fit is cut off"
    );
    if components.ollama.context < WITH_TOOLS {
        let message = format!(
            "`context` is {}, but Open WebUI's tools need {WITH_TOOLS}: {TOOLS_OF_ADMINISTRATOR} \
             for their list, the rest for a question and its answer",
            components.ollama.context
        );
        found.push(
            TOOLS_NEED_CONTEXT
                .at(view.component(&["ollama", "context"]), message)
                .related(view.component(&["openWebui", "tools"]), TOOLS_ARE_ON)
                .help(format!(
                    "write `context: {}` or more, or `tools: false`",
                    WITH_TOOLS.next_multiple_of(STEP)
                ))
                .note(note),
        );
        return;
    }
    for (index, name, figures) in
        components.ollama.chat_models().filter(|it| it.2.train_context < WITH_TOOLS)
    {
        let message = format!(
            "`{name}` was trained for a context of {} tokens, but Open WebUI's tools need \
             {WITH_TOOLS} with a question and its answer",
            figures.train_context
        );
        found.push(
            TOOLS_NEED_CONTEXT
                .at(
                    view.at(super::view::field(&["components", "ollama", "models"]).index(index)),
                    message,
                )
                .related(view.component(&["openWebui", "tools"]), TOOLS_ARE_ON)
                .help("write `tools: false`, or use a model that was trained for a longer context")
                .note(note.clone()),
        );
    }
}

const TOOLS_ARE_ON: &str = "tools are enabled here";

/// Ollama refuses a question with tools for a model whose template has no place for them.
fn models_take_tools(view: &SpecView<'_>, found: &mut Diagnostics) {
    let ollama = &view.platform.spec.components.ollama;
    for (index, name, figures) in ollama.chat_models().filter(|it| it.2.tools != Some(true)) {
        let place = view.at(super::view::field(&["components", "ollama", "models"]).index(index));
        let finding = if figures.tools.is_none() {
            let says = if ollama.own_figures(name).is_some() {
                "write `tools: true` among the model's figures in `catalogue`".to_owned()
            } else {
                format!("write `{}`", stanza(name, Some(&figures), "tools: true"))
            };
            MODEL_WITHOUT_TOOLS
                .warning_at(place, format!("it is not known whether `{name}` supports tools"))
                .help(format!("run `ollama show {name}`: if it lists `tools`, {says}"))
        } else {
            MODEL_WITHOUT_TOOLS.error_at(
                place,
                format!(
                    "`{name}` does not support tools: Ollama would refuse every question that is \
                     asked in the browser"
                ),
            )
            .help(
                "write `tools: false`, or use a model that does, like \
                 `llama3.2:1b-instruct-q4_K_M`",
            )
        };
        found.push(
            finding
                .related(view.component(&["openWebui", "tools"]), TOOLS_ARE_ON)
                .note("for a model without tools, Ollama answers `400 … does not support tools`"),
        );
    }
}

/// An answer as long as the context leaves no room for the question.
fn answer(view: &SpecView<'_>, found: &mut Diagnostics) {
    let components = &view.platform.spec.components;
    let context = components.ollama.shortest_context();
    let has_tools = components.open_webui.tools;
    let room = components.open_webui.beside_tools(context);
    let question = if has_tools { CONVERSATION / 2 } else { 1 };
    // A number that is none, and tools that do not fit, are told already.
    let asked = components.open_webui.max_tokens.filter(|it| ANSWER.contains(it));
    let Some(answer) =
        asked.filter(|it| *it + question > room && !(has_tools && context < WITH_TOOLS))
    else {
        return;
    };
    let is_cut = context < components.ollama.context;
    let label = if is_cut {
        format!("one of them was trained for {context} only")
    } else {
        "shared by question and answer".to_owned()
    };
    let tools = if has_tools {
        format!(", of which Open WebUI's tools take {TOOLS_OF_ADMINISTRATOR}")
    } else {
        String::new()
    };
    let (room_of, half) =
        if has_tools { ("little", "half of what is left") } else { ("no", "half of that") };
    let message = format!(
        "`maxTokens` is {answer}, and the models' context is {context} tokens{tools}: that leaves \
         {room_of} room for the question"
    );
    found.push(
        ANSWER_BEYOND_CONTEXT
            .at(view.component(&["openWebui", "maxTokens"]), message)
            .related(view.component(&["ollama", "context"]), label)
            .help(format!("write `maxTokens: {}`, {half}, or leave it out", (room / 2).max(1))),
    );
}
