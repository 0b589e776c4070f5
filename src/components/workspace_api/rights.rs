//! What the API may do, and what people may do by it: verbs on the resources of workspaces.
//!
//! What the API answers with a right of its caller it does with its own, so it has each verb with
//! which it writes; it changes a resource by replacing it, whatever verb its caller needs.

use k8s_openapi::api::rbac::v1::{PolicyRule, Role};

use crate::{
    builder::{meta::Part, object::CustomResource as _, scope::Scope},
    components::operator_program::rule,
    crds::workspaces::WorkspaceResource,
};

/// The name of everything that is the API's: its Deployment, account and roles.
pub const NAME: &str = "aichat-workspace-api";

/// Who looks.
const VIEWER: &[&str] = &["get", "list", "watch"];
/// Who also makes and changes.
const EDITOR: &[&str] = &["create", "get", "list", "patch", "update", "watch"];
/// Who also deletes, with data where they say so: that verb is the API's own.
const ADMINISTRATOR: &[&str] =
    &["create", "delete", "deletedata", "get", "list", "patch", "update", "watch"];

/// The roles of people, by their names. Nobody is bound to them here.
pub const OF_PEOPLE: [(&str, &[&str]); 3] = [
    ("workspace-viewer", VIEWER),
    ("workspace-editor", EDITOR),
    ("workspace-admin", ADMINISTRATOR),
];

/// In the cluster: it asks who somebody is, and what they may do.
pub fn of_cluster() -> Vec<PolicyRule> {
    vec![
        rule("authentication.k8s.io", ["tokenreviews"], &["create"]),
        rule("authorization.k8s.io", ["subjectaccessreviews"], &["create"]),
    ]
}

/// In the namespace of the resources.
pub fn of_its_namespace() -> Vec<PolicyRule> {
    of_workspaces(&["create", "delete", "get", "list", "update", "watch"])
}

fn of_workspaces(verbs: &[&str]) -> Vec<PolicyRule> {
    vec![rule(WorkspaceResource::group(), [WorkspaceResource::PLURAL], verbs)]
}

/// Makes the roles of people.
pub(super) fn roles(scope: &mut Scope<'_>, part: &Part) {
    for (name, verbs) in OF_PEOPLE {
        let metadata = scope.meta_named(part, name);
        scope.add(Role { metadata, rules: Some(of_workspaces(verbs)) });
    }
}
