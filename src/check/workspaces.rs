//! `workspace-name`, `file-name-differs`, `workspaces-many`: a workspace's name is a namespace and
//! part of other names, and how many there are.

use std::{collections::BTreeMap, sync::Arc};

use super::{
    rule::rules,
    view::{TenantView, WholeView, field},
};
use crate::{
    components::workspace::resource::{LONGEST_NAME, RESERVED},
    diag::{
        diagnostic::{Diagnostic, Diagnostics, Place},
        path::FieldPath,
    },
    plan::{Plan, summary::Summary},
};

rules! {
    /// A workspace's name is taken, reserved or too long.
    error WORKSPACE_NAME = "workspace-name",
    /// A file's name and the name in it differ.
    either FILE_NAME_DIFFERS = "file-name-differs":
    Tenant(name), Whole(names);

    /// More workspaces than Applications of their own are good for.
    warning WORKSPACES_MANY = "workspaces-many":
    Whole(many);
}

/// The most Applications of workspaces that Argo CD compares without a word here.
const MOST: usize = 200;
/// The most resources of one Application: of each, Argo CD keeps some 415 bytes in the Application,
/// of which the API server takes 1.5 MiB.
const MOST_RESOURCES: usize = 3000;

/// Whose namespace it would be; nobody's.
fn reserved(plan: &Plan, name: &str) -> Option<String> {
    if plan.platform().spec.reserved().any(|it| it == name) {
        return Some("is a namespace of the cluster or of the platform".to_owned());
    }
    let (beginning, ending) =
        RESERVED.into_iter().find(|it| name.starts_with(it.0) && name.ends_with(it.1))?;
    Some(format!("is reserved: `{beginning}*{ending}` are namespaces of the cluster"))
}

/// One workspace by itself.
pub fn name(view: &TenantView<'_>, found: &mut Diagnostics) {
    let TenantView { workspace, plan, file } = *view;
    let place = || name_in(file);
    let name = &workspace.spec.workspace_name;
    if let Some(why) = reserved(plan, name) {
        found.push(
            WORKSPACE_NAME
                .at(place(), format!("`{name}` {why}"))
                .help("rename the workspace: its name becomes its namespace"),
        );
    }
    if name.len() > LONGEST_NAME {
        let message =
            format!("the name has {} characters, but may have at most {LONGEST_NAME}", name.len());
        found.push(
            WORKSPACE_NAME.at(place(), message).help("shorten it: other names are derived from it"),
        );
    }
    if name.starts_with(|first: char| first.is_ascii_digit()) {
        found.push(WORKSPACE_NAME.at(place(), format!("`{name}` begins with a digit")).help(
            "begin it with a letter: its Services have this name, and a Service's name must \
                 begin with one",
        ));
    }
}

/// The name of the workspace in a file.
fn name_in(file: &Arc<str>) -> Place {
    Place::Value { file: file.clone(), path: field(&["workspaceName"]) }
}

/// A second workspace of one name.
pub fn twice(file: &Arc<str>) -> Diagnostic {
    WORKSPACE_NAME
        .at(name_in(file), "another workspace has this name")
        .help("give one of the two another `workspaceName`: it is the name of its namespace")
}

/// No two workspaces have one name, whatever their files are called; and no file is called like
/// another's workspace: who looks for that one would find this.
pub fn names(view: &WholeView<'_>, found: &mut Diagnostics) {
    let mut by_name: BTreeMap<&str, &Summary> = BTreeMap::new();
    for tenant in view.tenants {
        let Some(name) = &tenant.name else { continue };
        match by_name.get(&**name) {
            Some(first) => {
                found.push(twice(&tenant.file).related(name_in(&first.file), "this one"));
            }
            None => drop(by_name.insert(name, tenant)),
        }
    }
    resources(view, found);
    for tenant in view.tenants {
        let Some(name) = &tenant.name else { continue };
        let called = tenant.file.rsplit('/').next().unwrap_or_default();
        let stem = called.strip_suffix(".yaml").unwrap_or(called);
        if stem == &**name {
            continue;
        }
        let Some(other) = by_name.get(stem) else { continue };
        let message = format!(
            "the file is called like the workspace `{stem}`, and holds the workspace `{name}`"
        );
        found.push(
            FILE_NAME_DIFFERS
                .warning_at(name_in(&tenant.file), message)
                .related(name_in(&other.file), "that workspace")
                .help(format!(
                    "rename the file to `{name}.yaml`, or to what is no other workspace's name"
                )),
        );
    }
}

/// No two resources of one namespace have one name, where files become resources.
fn resources(view: &WholeView<'_>, found: &mut Diagnostics) {
    let place = |tenant: &Summary| Place::Value {
        file: tenant.file.clone(),
        path: FieldPath::root().key("metadata").key("name"),
    };
    let mut by_name: BTreeMap<&str, &Summary> = BTreeMap::new();
    for tenant in view.tenants {
        let Some(name) = &tenant.resource else { continue };
        match by_name.get(&**name) {
            Some(first) => found.push(
                WORKSPACE_NAME
                    .at(place(tenant), format!("another workspace's resource is called `{name}`"))
                    .related(place(first), "this one")
                    .help(
                        "give one of the two another `metadata.name`: the operator reads them in \
                           one namespace",
                    ),
            ),
            None => drop(by_name.insert(name, tenant)),
        }
    }
}

/// What Argo CD does for each Application adds up; an operator has one for all.
pub fn many(view: &WholeView<'_>, found: &mut Diagnostics) {
    let mut all = view.tenants.iter().filter(|it| it.name.is_some());
    let count = all.clone().count();
    if view.plan.has_operator() {
        found.extend(all.nth(MOST_RESOURCES).map(|above| of_one_application(above, count)));
        return;
    }
    let Some(above) = all.nth(MOST) else { return };
    let message = format!(
        "{count} workspaces are {count} Applications, and Argo CD compares each of them again and \
         again"
    );
    found.push(
        WORKSPACES_MANY
            .at(Place::File(above.file.clone()), message)
            .label(format!("the first beyond {MOST}"))
            .help(
                "an operator in the cluster makes them of the same files, with one Application for \
                 all: `workspaces: {crd: true, expandedBy: operator}`; else promise Argo CD's \
                 controller more memory: `components.argocd.resources.controller`",
            ),
    );
}

/// More than one Application holds.
fn of_one_application(above: &Summary, count: usize) -> Diagnostic {
    let message = format!(
        "{count} workspaces are {count} resources of one Application, and Argo CD keeps the state \
         of each in it"
    );
    WORKSPACES_MANY
        .at(Place::File(above.file.clone()), message)
        .label(format!("the first beyond {MOST_RESOURCES}"))
        .help("create the others in the cluster itself: the operator takes a resource from anybody")
}
