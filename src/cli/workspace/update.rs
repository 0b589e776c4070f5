//! `workspace update`: changes a workspace in its file.

use anyhow::{bail, ensure};
use serde_json::Value;

use super::{
    administrator,
    args::{Env, Update},
    change::Change,
    database,
    edit::{self, Edit},
    site::{Site, name_in},
};
use crate::{
    cli::{console::Console, outcome::Outcome},
    yaml::source::Source,
};

/// Runs the verb.
///
/// # Errors
/// When there is no such workspace, a value is not available, or the file cannot be written.
pub fn run(site: &Site<'_>, args: &Update, console: &mut Console) -> anyhow::Result<Outcome> {
    let source = site.find(&args.name)?;
    let mut edits = Vec::new();
    edits.extend(args.env.map(|it| Edit::set(&["workspaceENV"], it.word())));
    for (key, add, remove) in [
        ("models", &args.add_model, &args.remove_model),
        ("patterns", &args.add_pattern, &args.remove_pattern),
        ("hosts", &args.add_host, &args.remove_host),
    ] {
        edits.extend(list(&source, key, add, remove)?);
    }
    for field in &args.unset {
        let keys = keys(field)?;
        ensure!(
            source.value.pointer(&format!("/spec/{}", keys.join("/"))).is_some(),
            "{} has no `spec.{field}`",
            source.file
        );
        edits.push(Edit::unset(&keys));
    }
    for field in &args.set {
        edits.push(assigned(field)?);
    }
    let env = match source.value.pointer("/spec/workspaceENV").and_then(Value::as_str) {
        Some("dev") => Env::Dev,
        _ => Env::Prod,
    };
    if args.administrator.email.is_some() || args.database.is_some() {
        let Some(name) = name_in(&source).and_then(|it| it.parse().ok()) else {
            bail!("{} has no `workspaceName` that values could be sealed for", source.file)
        };
        let given = &args.administrator;
        if given.email.is_some() {
            edits.extend(administrator::edit(site, &name, Some(&source), env, given, console)?);
        }
        if let Some(wanted) = args.database {
            edits.extend(database::edits(site, &name, Some(&source), (wanted, given), console)?);
        }
    }
    ensure!(
        !edits.is_empty(),
        "nothing to change: `espalier workspace update --help` has the flags"
    );
    let text = edit::changed(&source, &edits)?;
    if text == source.text {
        console.say(&format!("{} says so already; nothing was changed\n", source.file));
        return Ok(Outcome::Clean);
    }
    let change = Change {
        file: source.file.clone(),
        text: Some(text),
        old: Some(source),
        is_strict: false,
        subject: format!("Change workspace {}", args.name),
    };
    change.run(site, "espalier render", console)
}

/// A list with items added and removed; nothing where neither is asked for.
fn list(
    source: &Source,
    key: &str,
    add: &[String],
    remove: &[String],
) -> anyhow::Result<Option<Edit>> {
    if add.is_empty() && remove.is_empty() {
        return Ok(None);
    }
    let mut items: Vec<Value> = match source.value.pointer(&format!("/spec/{key}")) {
        None | Some(Value::Null) => Vec::new(),
        Some(Value::Array(items)) => items.clone(),
        Some(_) => bail!("`spec.{key}` of {} is no list", source.file),
    };
    for gone in remove {
        let before = items.len();
        items.retain(|it| !it.as_str().is_some_and(|name| is_same(name, gone)));
        if items.len() == before {
            let all: Vec<&str> = items.iter().filter_map(Value::as_str).collect();
            let all = if all.is_empty() { "nothing".to_owned() } else { all.join(", ") };
            bail!("`spec.{key}` of {} has no `{gone}`; it has {all}", source.file);
        }
    }
    for new in add {
        if !items.iter().filter_map(Value::as_str).any(|it| is_same(it, new)) {
            items.push(new.as_str().into());
        }
    }
    // Models must be said, even if there are none.
    Ok(Some(if items.is_empty() && key != "models" {
        Edit::unset(&[key])
    } else {
        Edit::set(&[key], items)
    }))
}

/// Whether two names mean the same: a model without a tag is that with `:latest`.
fn is_same(one: &str, other: &str) -> bool {
    bare(one) == bare(other)
}

fn bare(model: &str) -> &str {
    model.strip_suffix(":latest").unwrap_or(model)
}

/// The keys of a field below `spec`.
fn keys(field: &str) -> anyhow::Result<Vec<&str>> {
    let bare = field.strip_prefix("spec.").unwrap_or(field);
    let keys: Vec<&str> = bare.split('.').collect();
    ensure!(
        keys.iter().all(|it| !it.is_empty() && !it.contains(['[', ']'])),
        "`{field}` is no field: keys with dots between them, such as `storage.ollama`"
    );
    ensure!(
        keys[0] != "workspaceName",
        "`workspaceName` can never change: another name is another workspace"
    );
    Ok(keys)
}

/// The edit that `FIELD=VALUE` means.
///
/// # Errors
/// When it has another form.
pub fn assigned(text: &str) -> anyhow::Result<Edit> {
    let Some((field, value)) = text.split_once('=') else {
        bail!("`{text}` sets nothing: write `FIELD=VALUE`, such as `storage.ollama=40Gi`")
    };
    let is_within = |key: &str| field == key || field.starts_with(&format!("{key}."));
    ensure!(
        !is_within("administrator"),
        "`--administrator` sets the administrator, and seals the password"
    );
    ensure!(
        !is_within("databaseRole"),
        "`--database shared` makes the role's password, and seals it"
    );
    let source = Source::parse("--set", value);
    ensure!(
        source.is_sound() && !source.value.is_null(),
        "`{value}` is no value for `{field}`; `--unset {field}` takes it out"
    );
    Ok(Edit::set(&keys(field)?, source.value))
}
