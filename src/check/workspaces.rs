//! `workspace-name`: a workspace's name is a namespace, a file's name and part of other names.

use std::{collections::BTreeMap, sync::Arc};

use super::{code, rules::WholeView};
use crate::{
    components::{House, namespaces, workspace::Workspace},
    diag::{
        diagnostic::{Diagnostic, Diagnostics, Place},
        path::FieldPath,
    },
    facts::kubernetes::SYSTEM_NAMESPACES,
};

/// The longest name that still leaves room for what is made of it: a StatefulSet's pods carry a label of the name and a hash.
const LONGEST: usize = 45;

/// One workspace by itself.
pub fn name(it: &Workspace, file: &Arc<str>, found: &mut Diagnostics) {
    let at = FieldPath::root().key("spec").key("workspaceName");
    let place = || Place::Value { file: file.clone(), path: at.clone() };
    let name = &it.spec.workspace_name;
    if SYSTEM_NAMESPACES.contains(&name.as_str()) || namespaces::NAMES.contains(&name.as_str()) || name.starts_with("kube-") {
        found.push(
            Diagnostic::error(code::WORKSPACE_NAME, place(), format!("`{name}` is a namespace of the cluster or of the platform"))
                .help("name the workspace otherwise: its name becomes its namespace"),
        );
    }
    if name.len() > LONGEST {
        found.push(
            Diagnostic::error(
                code::WORKSPACE_NAME,
                place(),
                format!("the name has {} characters, and must have {LONGEST} at most", name.len()),
            )
            .help("shorten it: other names are made of it"),
        );
    }
    if name.starts_with(|first: char| first.is_ascii_digit()) {
        found.push(
            Diagnostic::error(code::WORKSPACE_NAME, place(), format!("`{name}` begins with a digit"))
                .help("begin it with a letter: its Services are called by it, and a Service's name must"),
        );
    }
    let stem = file.rsplit('/').next().unwrap_or_default().trim_end_matches(".yaml");
    for (value, field) in [(it.metadata.name.as_str(), ["metadata", "name"]), (name.as_str(), ["spec", "workspaceName"])] {
        if value != stem {
            let path = field.iter().fold(FieldPath::root(), |at, key| at.key(*key));
            found.push(
                Diagnostic::error(
                    code::FILE_NAME_DIFFERS,
                    Place::Value { file: file.clone(), path },
                    format!("the file is called `{stem}.yaml`, this is `{value}`"),
                )
                .help(format!("write `{stem}`, or rename the file")),
            );
        }
    }
}

/// What a workspace needs of its platform.
pub fn served(it: &Workspace, house: &House, file: &Arc<str>, found: &mut Diagnostics) {
    let at = FieldPath::root().key("spec").key("workspaceName");
    if let Err(why) = it.host(house) {
        found.push(
            Diagnostic::error(code::WORKSPACE_NAME, Place::Value { file: file.clone(), path: at }, format!("its public host cannot be: {why}"))
                .help("shorten the workspace's name or `domains.workspaces`"),
        );
    }
    if house.issuer.is_none() {
        found.push(
            Diagnostic::error(code::COMPONENT_NEEDED, Place::File(file.clone()), "a workspace needs `certManager`, which is off: it certifies the public host")
                .help("switch `certManager` on, or delete the workspace"),
        );
    }
}

/// Two workspaces of one name.
pub fn unique(view: &WholeView<'_>, found: &mut Diagnostics) {
    let mut seen: BTreeMap<&str, &Arc<str>> = BTreeMap::new();
    for it in view.tenants {
        let Some(name) = it.name else { continue };
        if let Some(first) = seen.insert(name, it.file) {
            let at = FieldPath::root().key("spec").key("workspaceName");
            let place = |file: &Arc<str>| Place::Value { file: file.clone(), path: at.clone() };
            found.push(
                Diagnostic::error(code::WORKSPACE_NAME, place(it.file), format!("`{name}` is the name of another workspace"))
                    .related(place(first), "first here")
                    .help("give each a name of its own"),
            );
        }
    }
}
