//! `workspace-name`, `workspace-host-too-long`, `file-name-differs`: a workspace's name is a
//! namespace, a file's name and part of other names.

use std::sync::Arc;

use super::{
    rule::rules,
    view::{TenantView, WholeView},
};
use crate::{
    components::workspace::Workspace,
    diag::{
        diagnostic::{Diagnostic, Diagnostics, Place},
        path::FieldPath,
    },
    names::DnsLabel,
    platform::files::WORKSPACES,
};

rules! {
    /// A workspace's name is taken, reserved or too long.
    error WORKSPACE_NAME = "workspace-name",
    /// A file's name and the name in it differ.
    error FILE_NAME_DIFFERS = "file-name-differs":
    Tenant(name);

    /// A workspace's public host is longer than a host name may be.
    error WORKSPACE_HOST = "workspace-host-too-long":
    Tenant(served);

    /// A workspace without an administrator.
    warning WORKSPACE_ADMINISTRATOR = "workspace-without-administrator":
    Whole(administrators);
}

/// The longest name that still leaves room for what is made of it: a StatefulSet's pods carry a
/// label of the name and a hash.
const LONGEST: usize = 45;

/// One workspace by itself.
pub fn name(view: &TenantView<'_>, found: &mut Diagnostics) {
    let TenantView { workspace, plan, file } = *view;
    let at = FieldPath::root().key("spec").key("workspaceName");
    let place = || Place::Value { file: file.clone(), path: at.clone() };
    let name = &workspace.spec.workspace_name;
    if plan.platform().spec.reserved().any(|it| it == name.as_str()) || name.starts_with("kube-") {
        found.push(
            WORKSPACE_NAME
                .at(place(), format!("`{name}` is a namespace of the cluster or of the platform"))
                .help("rename the workspace: its name becomes its namespace"),
        );
    }
    if name.len() > LONGEST {
        found.push(
            WORKSPACE_NAME
                .at(
                    place(),
                    format!(
                        "the name has {} characters, but may have at most {LONGEST}",
                        name.len()
                    ),
                )
                .help("shorten it: other names are derived from it"),
        );
    }
    if name.starts_with(|first: char| first.is_ascii_digit()) {
        found.push(WORKSPACE_NAME.at(place(), format!("`{name}` begins with a digit")).help(
            "begin it with a letter: its Services have this name, and a Service's name must \
                 begin with one",
        ));
    }
    // A resource that comes from elsewhere has no file.
    if file.starts_with(WORKSPACES) {
        file_name(workspace, file, found);
    }
}

/// A second workspace of one name, where no file's name keeps them apart.
pub fn twice(file: &Arc<str>) -> Diagnostic {
    let path = FieldPath::root().key("spec").key("workspaceName");
    let place = Place::Value { file: file.clone(), path };
    WORKSPACE_NAME
        .at(place, "another workspace has this name")
        .help("give one of the two another `workspaceName`: it is the name of its namespace")
}

/// A file has the name of its workspace, so no two workspaces can have the same name.
fn file_name(workspace: &Workspace, file: &Arc<str>, found: &mut Diagnostics) {
    let name = file.rsplit('/').next().unwrap_or_default();
    let stem = name.strip_suffix(".yaml").unwrap_or(name);
    let place = |keys: [&str; 2]| {
        let path = keys.into_iter().fold(FieldPath::root(), |at, key| at.key(key));
        Place::Value { file: file.clone(), path }
    };
    let (metadata, namespace) = (&workspace.metadata.name, &workspace.spec.workspace_name);
    let finding = |written: &DnsLabel, keys| {
        let message = format!("the file is called `{name}`, the workspace `{written}`");
        let finding = FILE_NAME_DIFFERS.at(place(keys), message);
        match stem.parse::<DnsLabel>() {
            Ok(_) => {
                finding.help(format!("write `{stem}`, or rename the file to `{written}.yaml`"))
            }
            Err(_) => finding.help(format!("rename the file to `{written}.yaml`")),
        }
    };
    match (metadata == stem, namespace == stem) {
        (true, true) => (),
        (true, false) => found.push(finding(namespace, ["spec", "workspaceName"])),
        (false, true) => found.push(finding(metadata, ["metadata", "name"])),
        (false, false) if metadata == namespace => {
            found.push(
                finding(metadata, ["metadata", "name"])
                    .related(place(["spec", "workspaceName"]), "and here"),
            );
        }
        (false, false) => {
            found.push(finding(metadata, ["metadata", "name"]));
            found.push(finding(namespace, ["spec", "workspaceName"]));
        }
    }
}

/// What a workspace needs of its platform.
pub fn served(view: &TenantView<'_>, found: &mut Diagnostics) {
    let TenantView { workspace, plan, file } = *view;
    let domains = &plan.platform().spec.domains;
    let (field, domain) =
        domains.workspaces.as_ref().map_or(("chat", &domains.chat), |it| ("workspaces", it));
    if plan.host_of(workspace).is_none() {
        let path = FieldPath::root().key("spec").key("workspaceName");
        let name = &workspace.spec.workspace_name;
        let message = format!(
            "the workspace would answer at `{name}.{domain}`, and a host name has at most 253 \
             characters"
        );
        found.push(WORKSPACE_HOST.at(Place::Value { file: file.clone(), path }, message).help(
            format!("give workspaces a shorter domain than `domains.{field}`: `workspaces: …`"),
        ));
    }
}

/// Workspaces have no sealed administrator yet, so the first user who signs up becomes it: one
/// finding for all of them.
pub fn administrators(view: &WholeView<'_>, found: &mut Diagnostics) {
    let mut built = view.tenants.iter().filter(|it| it.name.is_some());
    let Some(first) = built.next() else { return };
    let which = match built.count() {
        0 => "this workspace has".to_owned(),
        more => format!("this workspace and {more} more have"),
    };
    let path = FieldPath::root().key("spec").key("workspaceName");
    found.push(
        WORKSPACE_ADMINISTRATOR.at(
            Place::Value { file: first.file.clone(), path },
            format!("{which} no administrator: the first user who signs up becomes it"),
        )
        .help(
            "sign up as soon as it answers; nobody else can until the pod restarts, and whoever \
             signs up later waits for your approval",
        )
        .note("its host name becomes public when its certificate is issued"),
    );
}
