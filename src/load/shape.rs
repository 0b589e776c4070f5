//! What is said of a file that is made like another kind of file: once, and how its own kind
//! begins.

use serde_json::Value;

use crate::{
    check::versions,
    diag::{
        code,
        diagnostic::{Diagnostic, Diagnostics, Place},
        path::{FieldPath, Step},
        suggest,
    },
    names::DnsLabel,
    platform::files::{PLATFORM, VERSIONS},
    yaml::source::Source,
};

/// The fields that a resource has, in their usual order.
const HEADS: [&str; 4] = ["apiVersion", "kind", "metadata", "spec"];

/// What was found by reading the platform's spec, said once where the file has none of a resource's
/// fields, and with the way to a spec where it is empty.
pub(super) fn of_platform(source: &Source, found: Diagnostics) -> Diagnostics {
    let to_start_from = if *source.file == *PLATFORM {
        "delete it: `espalier init` then creates one to start from".to_owned()
    } else {
        format!("`espalier init` creates a {PLATFORM} to start from")
    };
    let found = when_empty(found, &to_start_from);
    let Some(begins) = headless(source, &found) else { return found };
    let message = "this is not the spec of a platform: it must begin with `apiVersion`, `kind` \
                   and `metadata`, and everything else belongs under `spec`";
    let finding = code::MISSING_FIELD.at(whole(source), message);
    begins
        .into_iter()
        .filter(|it| !it.starts_with("write `spec:"))
        .fold(finding, Diagnostic::help)
        .help("write `spec:` above these lines, and indent each of them by two spaces")
        .into()
}

/// The same of a workspace.
pub(super) fn of_workspace(source: &Source, found: Diagnostics) -> Diagnostics {
    let Some(begins) = headless(source, &found) else { return found };
    let message =
        "this is not a workspace: it must have `apiVersion`, `kind`, `metadata` and `spec`";
    let finding = code::MISSING_FIELD.at(whole(source), message);
    // The name of the file is the workspace's own.
    let stem =
        source.file.rsplit('/').next().and_then(|it| it.strip_suffix(".yaml")).unwrap_or_default();
    let own = |help: String| match stem.parse::<DnsLabel>() {
        Ok(name) if help.starts_with("write `metadata:") => {
            format!("write `metadata: {{name: {name}}}`")
        }
        Ok(name) if help.starts_with("write `spec:") => {
            format!(
                "write `spec: {{workspaceName: {name}, models: {}}}` instead of these lines",
                models(source)
            )
        }
        _ => help,
    };
    begins.into_iter().map(own).fold(finding, Diagnostic::help).into()
}

/// The models that are written already, as a list in one line; else one to start with.
fn models(source: &Source) -> String {
    let written = source.value.get("models").and_then(Value::as_array);
    let names = written
        .and_then(|it| it.iter().map(Value::as_str).collect::<Option<Vec<_>>>())
        .filter(|it| !it.is_empty());
    // In quotes: a name with a colon is safe there for every reader.
    let names = names.unwrap_or_else(|| vec!["llama3.2:1b-instruct-q4_K_M"]);
    serde_json::to_string(&names).expect("texts are JSON")
}

/// What is said of the versions where they are no flat list; nothing where they are.
pub(super) fn of_versions(source: &Source) -> Option<Diagnostic> {
    let fields = source.value.as_object().filter(|_| source.is_sound())?;
    // A map below a name that can be pinned wraps nothing: it is said of that one version.
    let wraps = |(key, value): &(&String, &Value)| {
        HEADS.contains(&key.as_str())
            || value.is_object() && versions::names().all(|name| name != key.as_str())
    };
    let wrapping: Vec<&String> = fields.iter().filter(wraps).map(|it| it.0).collect();
    let first = wrapping.first()?;
    let names: Vec<String> = wrapping.iter().map(|it| format!("`{it}`")).collect();
    let place =
        Place::Key { file: source.file.clone(), path: FieldPath::root().key(first.as_str()) };
    let message = format!(
        "{VERSIONS} is a flat list, one `name: version` a line, without {}",
        names.join(", ")
    );
    let inside = wrapping.iter().filter_map(|it| fields[it.as_str()].as_object());
    let pins = inside
        .flatten()
        .filter_map(|(name, inside)| Some(format!("`{name}: \"{}\"`", inside.as_str()?)));
    let pins: Vec<String> = pins.filter(|it| !it.starts_with("`name: ")).collect();
    let finding = code::INVALID_VALUE.at(place, message);
    Some(if pins.is_empty() {
        finding.help("remove them; a line of this file looks like `ollama: \"0.32.15\"`")
    } else {
        finding.help(format!(
            "write only these lines, without spaces before them: {}",
            pins.join(", ")
        ))
    })
}

/// What was found by reading the versions, with the way out where the file is empty: versions need
/// no file; and where a version is written in a map (`{tag: …}`).
pub(super) fn of_pins(source: &Source, found: Diagnostics) -> Diagnostics {
    let found = when_empty(
        found,
        "delete it: the tested versions are used without it; a line of it is `name: version`",
    );
    let with_help = |finding: Diagnostic| match line_of_pin(source, &finding) {
        Some(line) => finding.help(format!("write `{line}`")),
        None => finding,
    };
    found.into_iter().map(with_help).collect()
}

/// The line to write for a version that a map has as its only text.
fn line_of_pin(source: &Source, finding: &Diagnostic) -> Option<String> {
    let path = finding.place.path()?;
    let Step::Key(name) = path.last()? else { return None };
    let mut inside = path.get(&source.value)?.as_object()?.values().filter_map(Value::as_str);
    let version = inside.next().filter(|_| inside.next().is_none())?;
    Some(format!("{name}: {version:?}"))
}

fn when_empty(found: Diagnostics, help: &str) -> Diagnostics {
    let with_help = |mut diagnostic: Diagnostic| {
        if diagnostic.code == code::EMPTY_FILE.name() {
            diagnostic.help = vec![help.to_owned()];
        }
        diagnostic
    };
    found.into_iter().map(with_help).collect()
}

/// How the fields that every resource has are written here, where the file has none of them, nor
/// one that is nearly called so.
fn headless(source: &Source, found: &Diagnostics) -> Option<Vec<String>> {
    let fields = source.value.as_object().filter(|it| source.is_sound() && !it.is_empty())?;
    if fields.keys().any(|it| HEADS.contains(&it.as_str()) || suggest::nearest(it, HEADS).is_some())
    {
        return None;
    }
    let missing = found
        .iter()
        .filter(|it| it.code == code::MISSING_FIELD.name() && it.place == whole(source));
    let helps: Vec<String> = missing.flat_map(|it| &it.help).cloned().collect();
    (helps.len() == HEADS.len()).then_some(helps)
}

fn whole(source: &Source) -> Place {
    Place::Value { file: source.file.clone(), path: FieldPath::root() }
}
