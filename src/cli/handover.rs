//! Workspaces that come from one who makes their objects to another: from Applications of their own
//! to the operator's resources, or back.
//!
//! An Application with a finalizer takes along all that it has when it leaves, and to an operator
//! the end of a resource is the end of its workspace. So whoever had them lets go first
//! (`workspaces: {handover: true}`), in a commit of its own, and leaves in the next.

use std::collections::BTreeSet;

use serde_json::Value;

use crate::{
    cli::{
        disk::Disk,
        drift,
        findings::{DATA_LEFT_BEHIND, OBJECT_MOVED},
        git::Git,
        git_disk::GitDisk,
        stage::STAGE,
        tree::Tree,
    },
    components::{namespaces::WORKSPACE_OPERATOR, workspace::may_make::PREFIX},
    diag::diagnostic::{Diagnostic, Diagnostics, Place, Severity},
    plan::applications::{self, WORKSPACES},
    yaml::source::Source,
};

/// How many workspaces a finding names; the rest are counted.
const NAMED: usize = 6;

/// What came of looking for workspaces that are handed over.
pub struct Handover<'a> {
    /// The Applications whose objects go on elsewhere: nothing else is said of these.
    pub applications: BTreeSet<&'a str>,
    /// The findings about those that were not let go.
    pub findings: Diagnostics,
}

/// Looks for them: `gone` are the Applications that leave the tree, `strays` the files that do, and
/// `made` those that come.
///
/// # Errors
/// When a file cannot be read.
pub fn of<'a>(
    tree: &Tree<'_>,
    gone: &BTreeSet<&'a str>,
    (strays, made): (&[Box<str>], &[Box<str>]),
    is_allowed: bool,
) -> anyhow::Result<Handover<'a>> {
    let mut handover = Handover { applications: BTreeSet::new(), findings: Diagnostics::new() };
    let folder = format!("{}/", applications::folder(WORKSPACES));
    let resources = |files: &[Box<str>]| -> Vec<String> {
        files.iter().filter(|it| it.starts_with(&folder)).map(ToString::to_string).collect()
    };
    let coming = names(tree, STAGE, &resources(made))?;
    let to_operator: Vec<&'a str> = gone
        .iter()
        .copied()
        .filter(|it| it.strip_prefix(PREFIX).is_some_and(|name| coming.contains(name)))
        .collect();
    if !to_operator.is_empty() {
        let mut held = Vec::new();
        for application in &to_operator {
            if is_held(tree, application)? {
                held.push(*application);
            }
        }
        handover.findings.extend(not_let_go(&held, "the operator", "compiler", is_allowed));
        handover.applications.extend(to_operator);
    }
    if let Some(application) = gone.get(WORKSPACES).copied() {
        let leaving = names(tree, "", &resources(strays))?;
        let comes = |name: &&String| {
            let own = format!("{}/", applications::folder(&applications::tenant_name(name)));
            made.iter().any(|it| it.starts_with(&own))
        };
        let back: Vec<&str> = leaving.iter().filter(comes).map(String::as_str).collect();
        if !back.is_empty() {
            let held = if is_held(tree, application)? { back.clone() } else { Vec::new() };
            let to = "Applications of their own";
            handover.findings.extend(not_let_go(&held, to, "operator", is_allowed));
            if held.is_empty() {
                handover.findings.push(resources_stay(back.len()));
            }
            // One that does not come back is told of as any that leaves.
            if back.len() == leaving.len() {
                handover.applications.insert(application);
            }
        }
    }
    Ok(handover)
}

/// The names of the workspaces in files of resources, below a folder of the tree.
fn names(tree: &Tree<'_>, below: &str, files: &[String]) -> anyhow::Result<BTreeSet<String>> {
    let mut names = BTreeSet::new();
    for file in files {
        let path = if below.is_empty() { file.clone() } else { format!("{below}/{file}") };
        if tree.disk.look(&tree.root.join(&path))?.is_none() {
            continue;
        }
        let value = Source::parse(&*path, drift::text(tree, &path)?).value;
        names.extend(value.pointer("/spec/workspaceName").and_then(Value::as_str).map(Into::into));
    }
    Ok(names)
}

/// Whether an Application of the last commit has a finalizer. Without Git, the tree on the disk is
/// what there is; what no commit has is not in the cluster, and holds nothing.
fn is_held(tree: &Tree<'_>, application: &str) -> anyhow::Result<bool> {
    let committed =
        if Git::is_around(tree.root) { GitDisk::open(tree.root, "HEAD").ok() } else { None };
    let disk: &dyn Disk = committed.as_ref().map_or(tree.disk, |it| it);
    let path = applications::file(application);
    if disk.look(&tree.root.join(&path))?.is_none() {
        return Ok(false);
    }
    let text = drift::text(&Tree::open(disk, tree.root)?, &path)?;
    let value = Source::parse(&*path, text).value;
    let finalizers = value.pointer("/metadata/finalizers").and_then(Value::as_array);
    Ok(finalizers.is_some_and(|it| !it.is_empty()))
}

/// Workspaces whose objects would go before anybody else has them.
fn not_let_go(workspaces: &[&str], to: &str, from: &str, is_allowed: bool) -> Option<Diagnostic> {
    let first = workspaces.first()?;
    let application = if from == "operator" { WORKSPACES } else { *first };
    let names = workspaces.iter().take(NAMED).map(|it| it.strip_prefix(PREFIX).unwrap_or(it));
    let mut named = names.collect::<Vec<_>>().join(", ");
    if let more @ 1.. = workspaces.len().saturating_sub(NAMED) {
        named = format!("{named} and {more} more");
    }
    let message = format!("workspaces move to {to}, and nobody has let go of them: {named}");
    let severity = if is_allowed { Severity::Warning } else { Severity::Error };
    let why = if from == "operator" {
        "the Application `workspaces` leaves the tree, and its finalizer deletes the resources: to \
         the operator that is the end of each workspace"
    } else {
        "their Applications leave the tree, and the finalizer of each deletes what it has on the \
         cluster"
    };
    let place = Place::File(applications::file(application).into());
    let finding = OBJECT_MOVED.at(severity, place, message).note(why);
    Some(if is_allowed {
        finding
    } else {
        finding.help(format!(
            "go back to `expandedBy: {from}` and write `handover: true` beside it, render, commit \
             and push; once Argo CD has synced, change `expandedBy` and take `handover` out"
        ))
    })
}

/// What is left of the operator's time.
fn resources_stay(count: usize) -> Diagnostic {
    let (them, verb) = if count == 1 { ("resource", "stays") } else { ("resources", "stay") };
    let message =
        format!("{count} {them} of workspaces {verb} in the cluster, where nobody reads them");
    let place = Place::File(applications::file(WORKSPACES).into());
    DATA_LEFT_BEHIND.at(place, message).help(format!(
        "once Argo CD has synced and the operator is gone, `kubectl -n {WORKSPACE_OPERATOR} get \
         aichatworkspaces -o name` lists them; each goes when its finalizer was taken out, and \
         takes nothing along"
    ))
}
