//! What the operator for workspaces may do: the kinds that a workspace makes, and its own.
//!
//! The rules follow from what a workspace may make. Each verb is one that the operator uses; it
//! reads no object back, for the answer to a write and the watch say what it needs.

use std::collections::{BTreeMap, BTreeSet};

use k8s_openapi::api::rbac::v1::{
    ClusterRole, ClusterRoleBinding, PolicyRule, Role, RoleBinding, RoleRef, Subject,
};

use crate::{
    builder::{meta::Part, scope::Scope},
    components::{namespaces::WORKSPACE_OPERATOR, workspace::api_kinds},
};

/// The name of everything that is the operator's: its Deployment, account, roles, Lease, and of the
/// manager of the fields that it writes.
pub const NAME: &str = "aichat-workspace-operator";

/// The group of the API of roles.
pub const ROLES: &str = "rbac.authorization.k8s.io";

/// The group of workspaces' resources, and what the API server's URLs call them.
pub const WORKSPACES: (&str, &str) = ("apps.aichatworkspaces.io", "aichatworkspaces");

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

fn words<I: AsRef<str>>(words: impl IntoIterator<Item = I>) -> Vec<String> {
    words.into_iter().map(|it| it.as_ref().to_owned()).collect()
}

/// A right to all objects of some resources.
pub fn rule<I: AsRef<str>>(
    group: &str,
    resources: impl IntoIterator<Item = I>,
    verbs: &[&str],
) -> PolicyRule {
    PolicyRule {
        api_groups: Some(vec![group.to_owned()]),
        resources: Some(words(resources)),
        verbs: words(verbs),
        ..PolicyRule::default()
    }
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
    let ((workspaces, resource), leases) = (WORKSPACES, "coordination.k8s.io");
    vec![
        rule(workspaces, [resource], &["list", "patch", "watch"]),
        rule(workspaces, ["aichatworkspaces/status"], &["patch"]),
        rule("apps", ["controllerrevisions"], &["create", "delete", "list"]),
        rule(leases, ["leases"], &["create"]),
        named(leases, "leases", NAME, &["get", "update"]),
        rule("events.k8s.io", ["events"], &["create"]),
    ]
}

/// Gives them to the account of the part.
pub(super) fn grant(scope: &mut Scope<'_>, part: &Part) {
    let subject = || {
        Some(vec![Subject {
            api_group: None,
            kind: "ServiceAccount".to_owned(),
            name: part.name.to_string(),
            namespace: Some(WORKSPACE_OPERATOR.to_owned()),
        }])
    };
    let role = |kind: &str| RoleRef {
        api_group: ROLES.to_owned(),
        kind: kind.to_owned(),
        name: NAME.to_owned(),
    };
    let (of_cluster, metadata) = (scope.meta_cluster(part, NAME), scope.meta(part));
    scope.add(ClusterRole {
        aggregation_rule: None,
        metadata: of_cluster.clone(),
        rules: Some(self::of_cluster()),
    });
    scope.add(ClusterRoleBinding {
        metadata: of_cluster,
        role_ref: role("ClusterRole"),
        subjects: subject(),
    });
    scope.add(Role { metadata: metadata.clone(), rules: Some(of_its_namespace()) });
    scope.add(RoleBinding { metadata, role_ref: role("Role"), subjects: subject() });
}
