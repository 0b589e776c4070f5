//! What a render would take from an Application: objects that another one makes from now on, and
//! objects that hold data.
//!
//! Argo CD deletes what leaves an Application, and all that an Application has when it leaves the
//! tree itself (its finalizer). It knows nothing of another Application that makes the same object:
//! the data would be gone before that one begins.

use std::collections::{BTreeMap, BTreeSet};

use anyhow::Context as _;
use serde_json::Value;

use crate::{
    cli::{
        besides,
        console::count,
        disk::EntryKind,
        drift,
        findings::{DATA_DELETED, DATA_LEFT_BEHIND, OBJECT_MOVED},
        handover,
        shell::quoted,
        stage::STAGE,
        tree::Tree,
    },
    diag::diagnostic::{Diagnostic, Diagnostics, Place, Severity},
    plan::applications::{self, MANIFESTS},
    yaml::source::Source,
};

/// What the user has agreed to.
#[derive(Clone, Copy, Debug, Default)]
pub struct Consent {
    /// Objects may come to another Application.
    pub moves: bool,
    /// Objects that hold data may be deleted.
    pub deletions: bool,
}

/// How many objects a finding names; the rest are counted.
const NAMED: usize = 6;

/// The kinds whose objects hold data, as their files' names begin. With a namespace goes all that
/// is in it, with a resource definition every object of its kind, and with the resource of a
/// workspace what its operator has made of it.
const HOLDING: [&str; 5] = [
    "aichatworkspace-",
    "persistentvolumeclaim-",
    "namespace-",
    "statefulset-",
    "customresourcedefinition-",
];

/// The findings about what leaves its Application: `strays` are the generated files that the spec
/// no longer makes, `made` those that it makes anew.
///
/// # Errors
/// When a file cannot be read.
pub fn findings(
    tree: &Tree<'_>,
    strays: &[Box<str>],
    made: &[Box<str>],
    consent: Consent,
) -> anyhow::Result<Diagnostics> {
    let gone: BTreeSet<&str> = strays.iter().filter_map(|it| application(it)).collect();
    let handover = handover::of(tree, &gone, (strays, made), consent.moves)?;
    let mut found = handover.findings;
    let goes_on = |application: &str| handover.applications.contains(application);
    let leaving: BTreeMap<&str, &str> =
        strays.iter().filter_map(|it| parts(it)).filter(|it| !goes_on(it.1)).collect();
    if leaving.is_empty() {
        return Ok(found);
    }
    let mut moves: BTreeMap<(&str, &str), Vec<&str>> = BTreeMap::new();
    let mut moved = BTreeSet::new();
    for (object, to) in made.iter().filter_map(|it| parts(it)) {
        if let Some(from) = leaving.get(object) {
            moves.entry((from, to)).or_default().push(object);
            moved.insert(object);
        }
    }
    for ((from, to), mut objects) in moves {
        objects.sort_unstable_by_key(|it| (!holds(it), *it));
        let objects = read(tree, from, &objects)?;
        found.push(move_of(from, to, &objects, gone.contains(from), consent.moves));
    }
    let mut held: BTreeMap<&str, Vec<&str>> = BTreeMap::new();
    for (object, from) in leaving.iter().filter(|it| holds(it.0) && !moved.contains(it.0)) {
        held.entry(from).or_default().push(object);
    }
    for (from, objects) in held {
        let all: Vec<Leaving> =
            read(tree, from, &objects)?.into_iter().filter(|it| it.holds_data).collect();
        let spaces: BTreeSet<String> = all
            .iter()
            .filter(|it| it.is_space() && !it.is_kept)
            .map(|it| it.name.clone())
            .collect();
        // With a namespace goes all that is in it, whatever its own file says.
        let goes_along =
            |leaving: &Leaving| leaving.namespace.as_ref().is_some_and(|it| spaces.contains(it));
        let (kept, lost): (Vec<_>, Vec<_>) =
            all.into_iter().partition(|it| it.is_kept && !goes_along(it));
        found.extend((!lost.is_empty()).then(|| deletion(from, &lost, consent.deletions)));
        found.extend((!kept.is_empty()).then(|| rest(from, &kept)));
    }
    Ok(besides::capped(found))
}

/// The files that a render has staged: all that it makes anew.
///
/// # Errors
/// When the stage cannot be listed.
pub fn staged(tree: &Tree<'_>) -> anyhow::Result<Vec<Box<str>>> {
    let mut folders = vec![MANIFESTS.to_owned()];
    let mut files = Vec::new();
    while let Some(folder) = folders.pop() {
        let full = tree.root.join(STAGE).join(&folder);
        if tree.disk.look(&full).with_context(|| format!("cannot look at {STAGE}"))?.is_none() {
            continue;
        }
        for entry in tree.disk.list(&full).with_context(|| format!("cannot list {STAGE}"))? {
            let path = format!("{folder}/{}", entry.name.to_string_lossy());
            match entry.kind {
                EntryKind::Folder => folders.push(path),
                EntryKind::File | EntryKind::Other => files.push(path.into()),
            }
        }
    }
    Ok(files)
}

/// The object in an Application's file, by its path below the Application's folder, which is the
/// same in any Application; and the Application.
fn parts(path: &str) -> Option<(&str, &str)> {
    let (application, object) = path.strip_prefix(MANIFESTS)?.strip_prefix('/')?.split_once('/')?;
    Some((object, application))
}

/// The Application that a file is.
fn application(path: &str) -> Option<&str> {
    path.strip_prefix("apps/")?.strip_suffix(".yaml")
}

fn holds(object: &str) -> bool {
    let name = object.rsplit('/').next().unwrap_or_default();
    HOLDING.iter().any(|it| name.starts_with(it))
}

/// An object that leaves its Application.
struct Leaving {
    path: String,
    kind: String,
    namespace: Option<String>,
    name: String,
    /// The workspace that it is the resource of.
    workspace: Option<String>,
    /// Whether data goes with it.
    holds_data: bool,
    /// Whether Argo CD keeps it all the same.
    is_kept: bool,
}

impl Leaving {
    fn of(path: String, text: &str) -> Self {
        let value = Source::parse(&*path, text).value;
        let text =
            |pointer: &str| value.pointer(pointer).and_then(Value::as_str).map(str::to_owned);
        let kind = text("/kind").unwrap_or_else(|| "object".to_owned());
        // Its volumes are the claims' own, which its controller makes and nobody deletes.
        let is_set = kind == "StatefulSet";
        let has_claims = value.pointer("/spec/volumeClaimTemplates").is_some();
        let options = text("/metadata/annotations/argocd.argoproj.io~1sync-options");
        let options = options.unwrap_or_default();
        let says = |option: &str| options.split(',').any(|it| it == option);
        // Its operator keeps what holds data, unless it is told to delete it.
        let is_workspace = kind == "AIChatWorkspace";
        let keeps = is_workspace && text("/spec/onDelete").is_none_or(|it| it != "Delete");
        Self {
            workspace: text("/spec/workspaceName").filter(|_| is_workspace),
            namespace: text("/metadata/namespace"),
            name: text("/metadata/name").unwrap_or_else(|| path.clone()),
            holds_data: holds(&path) && (!is_set || has_claims),
            is_kept: is_set || keeps || says("Prune=false") && says("Delete=false"),
            kind,
            path,
        }
    }

    fn is_space(&self) -> bool {
        self.kind == "Namespace"
    }

    fn title(&self) -> String {
        let Self { kind, name, .. } = self;
        match &self.namespace {
            Some(namespace) => format!("{kind} {namespace}/{name}"),
            None => format!("{kind} {name}"),
        }
    }

    /// What lists or removes it on the cluster, once nobody manages it any more.
    fn command(&self) -> String {
        let namespace =
            self.namespace.as_deref().map_or_else(String::new, |it| format!("-n {it} "));
        if let Some(workspace) = &self.workspace {
            return format!("`kubectl delete namespace {}` deletes it", quoted(workspace));
        }
        if self.kind == "StatefulSet" {
            return format!("`kubectl {namespace}get pvc` lists its volumes");
        }
        let kind = self.kind.to_ascii_lowercase();
        format!("`kubectl {namespace}delete {kind} {}` deletes it", quoted(&self.name))
    }
}

/// Reads objects of an Application: all that hold data, and of the others those that are named.
fn read(tree: &Tree<'_>, application: &str, objects: &[&str]) -> anyhow::Result<Vec<Leaving>> {
    let folder = applications::folder(application);
    let mut all = Vec::with_capacity(objects.len());
    for (at, object) in objects.iter().enumerate() {
        let path = format!("{folder}/{object}");
        let text =
            if at < NAMED || holds(object) { drift::text(tree, &path)? } else { String::new() };
        all.push(Leaving::of(path, &text));
    }
    Ok(all)
}

/// Names the first objects, and counts the rest.
fn names(objects: &[Leaving]) -> String {
    let named: Vec<String> = objects.iter().take(NAMED).map(Leaving::title).collect();
    match objects.len() - named.len() {
        0 => named.join(", "),
        more => format!("{} and {more} more", named.join(", ")),
    }
}

fn place(objects: &[Leaving]) -> Place {
    objects.first().map_or(Place::Nowhere, |it| Place::File(it.path.as_str().into()))
}

fn severity(is_allowed: bool) -> Severity {
    if is_allowed { Severity::Warning } else { Severity::Error }
}

/// Objects that come from one Application to another.
fn move_of(from: &str, to: &str, objects: &[Leaving], goes: bool, allowed: bool) -> Diagnostic {
    let verb = if objects.len() == 1 { "moves" } else { "move" };
    let message = format!(
        "{} {verb} from the Application `{from}` to `{to}`: {}",
        count(objects.len(), "object"),
        names(objects)
    );
    let deletes = if goes {
        format!(
            "`{from}` leaves the tree, and its finalizer deletes all that it has on the cluster"
        )
    } else {
        format!("`{from}` deletes what is no longer in its folder")
    };
    let lost: Vec<String> =
        objects.iter().filter(|it| it.holds_data && !it.is_kept).map(Leaving::title).collect();
    let mut finding = OBJECT_MOVED
        .at(severity(allowed), place(objects), message)
        .note(format!("{deletes}, whether `{to}` has made it again or not"));
    if !lost.is_empty() {
        finding = finding.note(format!("data would be deleted with {}", lost.join(", ")));
    }
    if allowed {
        return finding;
    }
    finding.help(
        "undo the change; or have the objects handed over on the cluster, as `espalier explain \
         object-moved` says, and run `espalier render --allow-moves`",
    )
}

/// Objects that Argo CD deletes with their data.
fn deletion(from: &str, objects: &[Leaving], allowed: bool) -> Diagnostic {
    let (verb, them) =
        if objects.len() == 1 { ("leaves", "it with its") } else { ("leave", "them with their") };
    let message = format!(
        "{} {verb} the Application `{from}`, and Argo CD deletes {them} data",
        names(objects)
    );
    let finding = DATA_DELETED.at(severity(allowed), place(objects), message);
    if allowed {
        return finding;
    }
    finding.help(
        "put it back into the spec; or, if the data may go, `espalier render --allow-deletions`",
    )
}

/// Objects that stay in the cluster, and that nobody manages any more.
fn rest(from: &str, objects: &[Leaving]) -> Diagnostic {
    let (verb, stay, data) =
        if objects.len() == 1 { ("leaves", "stays", "its") } else { ("leave", "stay", "their") };
    let message = format!(
        "{} {verb} the Application `{from}`, and {stay} in the cluster with {data} data",
        names(objects)
    );
    // A namespace takes what is in it along.
    let space = objects.iter().find(|it| it.is_space());
    let first = space.or_else(|| objects.first());
    let help = first.map_or_else(String::new, Leaving::command);
    DATA_LEFT_BEHIND
        .at(place(objects), message)
        .help(format!("{help} once nobody needs it; until then it takes room on the disk"))
}

#[cfg(test)]
mod tests {
    use super::{application, holds, parts};

    #[test]
    fn an_object_is_known_by_its_path() {
        let file = "out/manifests/ollama/ai/service-ollama.yaml";
        assert_eq!(parts(file), Some(("ai/service-ollama.yaml", "ollama")));
        for other in ["out/README.md", "apps/ollama.yaml", "out/manifests/notes.yaml"] {
            assert_eq!(parts(other), None, "{other}");
        }
        assert_eq!(application("apps/ws-team-a.yaml"), Some("ws-team-a"));
        assert!(holds("_cluster/namespace-ai.yaml") && !holds("ai/service-namespace-x.yaml"));
    }
}
