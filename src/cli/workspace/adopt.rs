//! `workspace adopt`: takes a workspace that was made in the cluster into a file.

use std::{fs::File, io, path::Path, sync::Arc};

use anyhow::{Context as _, anyhow, bail, ensure};
use serde_json::{Map, Value};

use super::{
    args::Adopt,
    change::Change,
    create::HEAD,
    edit::{self, entry},
    site::{Site, name_in},
};
use crate::{
    builder::object::CustomResource as _,
    cli::{console::Console, kubectl, outcome::Outcome, sources::read_stream},
    components::namespaces::WORKSPACE_OPERATOR,
    crds::{
        argocd::TRACKED,
        workspaces::{SOURCE, WorkspaceResource, is_reserved},
    },
    diag::diagnostic::Diagnostic,
    names::DnsLabel,
    platform::files::PLATFORM,
    yaml::source::Source,
};

/// The fields that a reader looks for first, in this order.
const FIRST: [&str; 4] = ["workspaceName", "workspaceENV", "models", "patterns"];

/// Runs the verb.
///
/// # Errors
/// When the resource cannot be read, is in Git already, or the file cannot be written.
pub fn run(site: &Site<'_>, args: &Adopt, console: &mut Console) -> anyhow::Result<Outcome> {
    let work = site.work()?;
    let platform = work.sources.texts.get(PLATFORM);
    let by = platform.and_then(|it| it.value.pointer("/spec/workspaces/expandedBy")?.as_str());
    ensure!(
        by == Some("operator"),
        "no operator makes workspaces in this platform: with a file here, Argo CD would make the \
         objects of `{}` a second time; write `workspaces: {{crd: true, expandedBy: operator}}` \
         into {PLATFORM} first",
        args.name
    );
    let resource = match &args.from {
        Some(path) => from_file(path)?,
        None => from_cluster(&args.name)?,
    };
    let (file, text) = adopted(site, &args.name, &resource)?;
    let change = Change {
        file,
        text: Some(text),
        old: None,
        is_strict: true,
        subject: format!("Adopt workspace {}", args.name),
    };
    let (applied, outcome) = change.apply(site, console)?;
    if let Some(applied) = applied {
        console.say_whole(&change.next(site, &applied, "espalier render"));
        console.say(
            "Argo CD applies the resource from then on, and the API only reads it; its objects \
             stay as they are, and no pod restarts\n",
        );
    }
    Ok(outcome)
}

/// The file of a resource, and its text.
fn adopted(site: &Site<'_>, name: &str, resource: &Source) -> anyhow::Result<(Arc<str>, String)> {
    let from = &resource.file;
    let said = |pointer: &str| resource.value.pointer(pointer).and_then(Value::as_str);
    let kind = (said("/apiVersion"), said("/kind"));
    ensure!(
        kind == (Some(WorkspaceResource::API_VERSION), Some(WorkspaceResource::KIND)),
        "{from} is no {} of {}, but {} of {}",
        WorkspaceResource::KIND,
        WorkspaceResource::API_VERSION,
        kind.1.unwrap_or("nothing"),
        kind.0.unwrap_or("nothing")
    );
    let its = said("/metadata/name").unwrap_or_default();
    ensure!(its == name, "{from} is the resource `{its}`, and not `{name}`");
    if let Some(other) = said("/metadata/namespace").filter(|it| *it != WORKSPACE_OPERATOR) {
        bail!(
            "`{name}` is in the namespace `{other}`, where no operator of this platform reads it: \
             those of {WORKSPACE_OPERATOR} become files"
        );
    }
    // The API tells in its JSON what it leaves out of the metadata.
    let told = |pointer: &str| resource.value.pointer(pointer) == Some(&Value::Bool(true));
    ensure!(
        said("/metadata/deletionTimestamp").is_none() && !told("/status/deleting"),
        "`{name}` is being deleted; with a file, Argo CD would make it again"
    );
    let annotation = |key: &str| resource.value["metadata"]["annotations"][key].as_str();
    if annotation(TRACKED).is_some() || told("/status/inGit") {
        let file = annotation(SOURCE).or_else(|| said("/status/file"));
        let file = file.unwrap_or("a file of another repository");
        bail!("Argo CD applies `{name}` already: it is {file}");
    }
    let Some(label) = name_in(resource) else { bail!("{from} has no `spec.workspaceName`") };
    let label: DnsLabel =
        label.parse().with_context(|| format!("`{label}` is no name of a workspace"))?;
    let target = site.free(&label)?;
    Ok((target, written(name, &resource.value)))
}

/// The text of a file: nothing in it is the API server's, Argo CD's or the operator's.
fn written(name: &str, resource: &Value) -> String {
    let mut head = format!("{HEAD}{}", entry("name", &name.into(), 2));
    for field in ["labels", "annotations"] {
        let all = resource["metadata"][field].as_object().into_iter().flatten();
        let own: Map<String, Value> = all
            .filter(|(key, _)| !is_reserved(key))
            .map(|(key, value)| (key.clone(), value.clone()))
            .collect();
        if !own.is_empty() {
            head += &entry(field, &Value::Object(own), 2);
        }
    }
    let all = || resource["spec"].as_object().into_iter().flatten();
    let first = FIRST.into_iter().filter_map(|key| Some((key, resource["spec"].get(key)?.clone())));
    let rest = all().filter(|it| !FIRST.contains(&&**it.0)).map(|it| (&**it.0, it.1.clone()));
    edit::resource(&head, &first.chain(rest).collect::<Vec<_>>())
}

#[expect(clippy::disallowed_methods, reason = "what the API said lies outside of the repository")]
fn from_file(path: &Path) -> anyhow::Result<Source> {
    let name = path.display().to_string();
    if name == "-" {
        return sound(read_stream(&mut io::stdin().lock(), "stdin")?);
    }
    let mut file = File::open(path).with_context(|| format!("cannot read {name}"))?;
    sound(read_stream(&mut file, &name)?)
}

fn from_cluster(name: &str) -> anyhow::Result<Source> {
    let kind = format!("{}.{}", WorkspaceResource::PLURAL, WorkspaceResource::group());
    let words = ["get", &kind, name, "--namespace", WORKSPACE_OPERATOR, "--output", "yaml"];
    let said = kubectl::said(&words, &format!("`{name}`"))
        .map_err(|it| anyhow!("{it:#}; `--from FILE` reads what the API answers instead"))?;
    sound(read_stream(&mut &*said, "what kubectl said")?)
}

/// A text that can be read to its end.
fn sound(read: Result<Source, Diagnostic>) -> anyhow::Result<Source> {
    let source = read.map_err(|it| anyhow!("{}", it.message))?;
    if !source.is_sound() {
        let first = source.first_fault().map_or("its text is cut off", |it| &*it.message);
        bail!("{} cannot be read: {first}", source.file);
    }
    Ok(source)
}
