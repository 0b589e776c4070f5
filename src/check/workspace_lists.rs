//! `workspace-list-too-long`: the lists of a workspace have bounds.

use super::{
    rule::rules,
    view::{TenantView, field},
};
use crate::{
    components::workspace::resource::{LISTS, WorkspaceSpec},
    diag::diagnostic::{Diagnostics, Place},
};

rules! {
    /// A list of a workspace has more items than it may have.
    error WORKSPACE_LIST = "workspace-list-too-long":
    Tenant(lists);
}

/// How many items each list has.
fn lengths(spec: &WorkspaceSpec) -> [(&'static str, usize); LISTS.len()] {
    [
        ("hosts", spec.hosts.len()),
        ("members", spec.members.len()),
        ("models", spec.models.len()),
        ("patterns", spec.patterns.len()),
        ("prompts", spec.prompts.len()),
    ]
}

/// Every list against its bound, which the API server has as well.
pub fn lists(view: &TenantView<'_>, found: &mut Diagnostics) {
    let lengths = lengths(&view.workspace.spec);
    for (path, most) in LISTS {
        let Some((name, length)) = lengths.iter().find(|it| path == [it.0]) else { continue };
        if *length > most {
            let message = format!("`{name}` has {length} items, but may have at most {most}");
            let place = Place::Value { file: view.file.clone(), path: field(path) };
            found.push(WORKSPACE_LIST.at(place, message).help(format!(
                "take {} of them out, or give them to a second workspace",
                length - most
            )));
        }
    }
}
