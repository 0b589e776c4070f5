//! What the operator for workspaces may do: the kinds that a workspace makes, and its own.
//!
//! The rules follow from what a workspace may make. Each verb is one that the operator uses; it
//! reads no object back, for the answer to a write and the watch say what it needs.

use std::collections::{BTreeMap, BTreeSet};

use k8s_openapi::api::rbac::v1::PolicyRule;

use crate::{
    builder::object::CustomResource as _,
    components::{
        operator_program::{ROLES, rule},
        workspace::api_kinds,
    },
    crds::workspaces::WorkspaceResource,
};

/// The name of everything that is the operator's: its Deployment, account, roles, Lease, and of the
/// manager of the fields that it writes.
pub const NAME: &str = "aichat-workspace-operator";

/// The role that members of a workspace get.
pub const MEMBERS_ROLE: &str = "view";

/// What it does with what a workspace makes.
const OF_CHILDREN: [&str; 5] = ["create", "delete", "list", "patch", "watch"];

/// The kind of which it deletes none: what is in a claim is gone with it.
const CLAIMS: &str = "persistentvolumeclaims";
const OF_CLAIMS: [&str; 4] = ["create", "list", "patch", "watch"];

/// Where kinds belong.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Scopes {
    /// Those of namespaces.
    Namespaced,
    /// Those of the cluster.
    Cluster,
}

/// The kinds that a workspace makes, as the API server's URLs call them, by their groups: the one
/// table of which roles and policies are made.
pub fn children(of: Scopes) -> BTreeMap<&'static str, BTreeSet<&'static str>> {
    let mut all: BTreeMap<&'static str, BTreeSet<&'static str>> = BTreeMap::new();
    for kind in api_kinds::all() {
        let scope = if kind.is_namespaced { Scopes::Namespaced } else { Scopes::Cluster };
        if scope == of {
            let group = kind.api_version.split_once('/').map_or("", |(group, _)| group);
            all.entry(group).or_default().insert(kind.plural);
        }
    }
    all
}

/// A right to objects of these names.
fn named(group: &str, resource: &str, name: &str, verbs: &[&str]) -> PolicyRule {
    PolicyRule { resource_names: Some(vec![name.to_owned()]), ..rule(group, [resource], verbs) }
}

/// In every namespace, for nobody can say yet which will be workspaces: the policies beside these
/// rules do.
pub fn of_cluster() -> Vec<PolicyRule> {
    let of = |scopes| children(scopes).into_iter();
    let mut rules: Vec<PolicyRule> = of(Scopes::Cluster)
        .chain(of(Scopes::Namespaced))
        .map(|(group, mut resources)| {
            resources.remove(CLAIMS);
            rule(group, resources, &OF_CHILDREN)
        })
        .collect();
    rules.push(rule("", [CLAIMS], &OF_CLAIMS));
    // Why a pod does not start.
    rules.push(rule("", ["pods"], &["list"]));
    // Nobody can give away what they do not have, unless told so.
    rules.push(named(ROLES, "clusterroles", MEMBERS_ROLE, &["bind"]));
    rules
}

/// In its own namespace.
pub fn of_its_namespace() -> Vec<PolicyRule> {
    let (workspaces, leases) = (WorkspaceResource::group(), "coordination.k8s.io");
    let status = format!("{}/status", WorkspaceResource::PLURAL);
    vec![
        rule(workspaces, [WorkspaceResource::PLURAL], &["list", "patch", "watch"]),
        rule(workspaces, [status], &["patch"]),
        rule("apps", ["controllerrevisions"], &["create", "delete", "list"]),
        rule(leases, ["leases"], &["create"]),
        named(leases, "leases", NAME, &["get", "update"]),
        rule("events.k8s.io", ["events"], &["create"]),
    ]
}
