//! `pattern-unknown`, `prompt-name-taken`, `prompt-unusable`: prompts that the platform offers and
//! that workspaces have, and the models that are made with them.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
};

use serde_json::Value;

use super::{
    effect::SETTING_WITHOUT_EFFECT,
    rule::rules,
    trust::FILE_NAMED_MISSING,
    view::{TenantView, field},
};
use crate::{
    components::{
        ollama::prompts::{LARGEST, Prompt},
        workspace::prompt::Parameters,
    },
    diag::{
        diagnostic::{Diagnostic, Diagnostics, Place},
        path::FieldPath,
        suggest,
    },
    names::{
        ModelName,
        workspace::{PatternFile, PromptName},
    },
    platform::workspaces::Workspaces,
    yaml::source::Source,
};

rules! {
    /// A workspace uses a prompt that the platform does not offer.
    error PATTERN_UNKNOWN = "pattern-unknown",
    /// Two models would have one name.
    error PROMPT_NAME_TAKEN = "prompt-name-taken":
    Tenant(names);

    /// Of this text no model can be made, or none that answers.
    either PROMPT_UNUSABLE = "prompt-unusable":
    Load, Tenant(texts);
}

/// Bytes of a text that are one token, about: fewer where it is not English.
const BYTES_A_TOKEN: u64 = 4;

/// The files in `spec/` that are named as patterns, by the values that are written: the spec has
/// not been read.
pub fn named(spec: &Source) -> Vec<Arc<str>> {
    let patterns = ["spec", "workspaces", "patterns"];
    let all = patterns.iter().try_fold(&spec.value, |value, key| value.get(*key));
    let all = all.and_then(Value::as_object).into_iter().flatten();
    let files = all.filter_map(|it| it.1.as_str()?.parse::<PatternFile>().ok());
    let files: BTreeSet<Arc<str>> = files.map(|it| it.shared()).collect();
    files.into_iter().collect()
}

/// Reads the patterns that the platform offers.
pub fn read(
    texts: &BTreeMap<Arc<str>, Source>,
    file: &Arc<str>,
    workspaces: &Workspaces,
    found: &mut Diagnostics,
) -> BTreeMap<PromptName, Prompt> {
    let mut all = BTreeMap::new();
    for (name, path) in &workspaces.patterns {
        let Some(source) = texts.get(&**path) else {
            let at = field(&["workspaces", "patterns"]).key(&**name);
            let place = Place::Value { file: Arc::clone(file), path: at };
            let finding = FILE_NAMED_MISSING.at(place, format!("there is no file `{path}`"));
            found.push(finding.help(format!("put it there, or remove `{name}`")));
            continue;
        };
        let faults: Vec<Diagnostic> = source.faults_of_text().cloned().collect();
        if !faults.is_empty() {
            found.extend(faults);
            continue;
        }
        let prompt = Prompt::new(name.clone(), &source.text, &Parameters::of_pattern());
        let place = || Place::File(Arc::clone(&source.file));
        found.extend(usable(&source.text, &prompt, &place));
        all.insert(name.clone(), prompt);
    }
    all
}

/// A text that says something, and that fits where it has to lie.
fn usable(text: &str, prompt: &Prompt, place: &dyn Fn() -> Place) -> Option<Diagnostic> {
    if text.trim().is_empty() {
        let finding = PROMPT_UNUSABLE.error_at(place(), "the prompt has no text");
        return Some(finding.help("write what the model is told before each chat"));
    }
    let size = prompt.request.len();
    (size > LARGEST).then(|| {
        let message = format!(
            "the prompt has {size} bytes as JSON, and the ConfigMap that holds it at most {LARGEST}"
        );
        PROMPT_UNUSABLE.error_at(place(), message).help("shorten it")
    })
}

/// A place in the resource.
fn place(view: &TenantView<'_>, path: FieldPath) -> Place {
    Place::Value { file: view.file.clone(), path }
}

/// Patterns are offered, and no two models have one name.
pub fn names(view: &TenantView<'_>, found: &mut Diagnostics) {
    let spec = &view.workspace.spec;
    let offered = &view.plan.platform().prompts;
    let mut used: Vec<(&PromptName, FieldPath)> = Vec::new();
    let patterns = spec.patterns.iter().enumerate();
    let patterns = patterns.map(|(at, name)| (name, field(&["patterns"]).index(at)));
    let prompts = spec.prompts.iter().enumerate();
    let prompts = prompts.map(|(at, own)| (&own.name, field(&["prompts"]).index(at).key("name")));
    let mut unknown = BTreeSet::new();
    for (name, path) in patterns.clone().filter(|it| !offered.contains_key(it.0)) {
        unknown.insert(name);
        found.push(not_offered(name, place(view, path), offered));
    }
    for (name, path) in patterns.chain(prompts).filter(|it| !unknown.contains(it.0)) {
        match used.iter().find(|it| it.0 == name) {
            Some((_, first)) => {
                let message = format!("there are two prompts of the name `{name}`");
                let finding = PROMPT_NAME_TAKEN.at(place(view, path), message);
                let finding = finding.related(place(view, first.clone()), "the first");
                found.push(finding.help("remove one of the two, or give it another name"));
            }
            None => used.push((name, path)),
        }
    }
    of_models(view, &used, found);
}

fn not_offered(
    name: &PromptName,
    place: Place,
    offered: &BTreeMap<PromptName, Prompt>,
) -> Diagnostic {
    let finding =
        PATTERN_UNKNOWN.at(place, format!("the platform offers no prompt of the name `{name}`"));
    let names = || offered.keys().map(|it| &**it);
    let finding = match suggest::nearest(name, names()) {
        Some(near) => finding.help(format!("write `{near}`")),
        None => finding.help(format!(
            "offer it in `spec.workspaces.patterns` of the platform: `{name}: \
             spec/patterns/{name}.md`"
        )),
    };
    match names().collect::<Vec<_>>() {
        none if none.is_empty() => finding.note("it offers none"),
        all => finding.note(format!("it offers {}", listed(&all))),
    }
}

/// The first of many, in a line.
fn listed(names: &[&str]) -> String {
    const SHOWN: usize = 8;
    let shown = names.iter().take(SHOWN).map(|it| format!("`{it}`")).collect::<Vec<_>>().join(", ");
    match names.len().saturating_sub(SHOWN) {
        0 => shown,
        more => format!("{shown} and {more} more"),
    }
}

/// The names of the models that are made: each can be one, and no other model has it.
fn of_models(view: &TenantView<'_>, used: &[(&PromptName, FieldPath)], found: &mut Diagnostics) {
    let ollama = view.workspace.ollama();
    let chats: Vec<&ModelName> = ollama.chat_models().map(|it| it.1).collect();
    // Ollama takes names that differ in capitals alone for one.
    let lower = |name: &str| name.to_ascii_lowercase();
    let mut taken: BTreeMap<String, String> =
        ollama.models.iter().map(|it| (lower(it), format!("the model `{it}`"))).collect();
    for (prompt, path) in used {
        for model in &chats {
            let name = format!("{model}-{prompt}");
            let is = format!("the model that is made of `{model}` and the prompt `{prompt}`");
            if let Some(other) = taken.insert(lower(&name), is) {
                let message = format!(
                    "the model `{name}`, made of `{model}` and this prompt, would have the name of \
                     {other}"
                );
                let finding = PROMPT_NAME_TAKEN.at(place(view, path.clone()), message);
                found.push(finding.help("give the prompt another name"));
            }
        }
    }
    if let (true, Some((_, path))) = (chats.is_empty(), used.first()) {
        let message = "no model is made with this prompt: none of the models writes text";
        let finding = SETTING_WITHOUT_EFFECT.at(place(view, path.clone()), message);
        found.push(finding.help("remove it, or list a model that writes text in `models`"));
    }
}

/// The texts of the workspace's own prompts, and the room that any prompt leaves.
pub fn texts(view: &TenantView<'_>, found: &mut Diagnostics) {
    let spec = &view.workspace.spec;
    for (at, own) in spec.prompts.iter().enumerate() {
        let path = field(&["prompts"]).index(at).key("system");
        let prompt = own.in_use();
        found.extend(usable(&own.system, &prompt, &|| place(view, path.clone())));
        found.extend(long(view, &prompt, &path));
    }
    for (at, name) in spec.patterns.iter().enumerate() {
        if let Some(prompt) = view.plan.platform().prompts.get(name) {
            found.extend(long(view, prompt, &field(&["patterns"]).index(at)));
        }
    }
}

/// A prompt stands in the context before each chat.
fn long(view: &TenantView<'_>, prompt: &Prompt, path: &FieldPath) -> Option<Diagnostic> {
    let context = view.workspace.ollama().shortest_context();
    let tokens = prompt.length as u64 / BYTES_A_TOKEN;
    (tokens > context / 2).then(|| {
        let message = format!(
            "the prompt `{}` has about {tokens} tokens, and a context of {context} holds questions \
             and answers besides",
            prompt.name
        );
        let finding = PROMPT_UNUSABLE.warning_at(place(view, path.clone()), message);
        finding.help("shorten it: what does not fit is cut off, the prompt first")
    })
}
