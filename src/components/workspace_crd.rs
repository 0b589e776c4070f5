//! The CustomResourceDefinition of workspaces: with it, the cluster takes the resource that is
//! otherwise a file of `spec/workspaces/`, and refuses what it can tell to be wrong.

mod columns;
mod structural;
pub mod validation;

use serde_json::{Value, json};

use self::validation::Rules;
use super::workspace::{
    resource::{Workspace, WorkspaceSpec},
    status::WorkspaceStatus,
};
use crate::{
    builder::{
        handle::CrdRef, kinds, may_make::MayMake, object::CustomResource as _, scope::Scope,
    },
    crds::{
        definition::{
            CustomResourceDefinition, DefinitionSpec, Empty, Names, StructuralSchema, Subresources,
            Validation, Version,
        },
        workspaces::WorkspaceResource,
    },
    facts::kubernetes::SYSTEM_NAMESPACE,
};

/// The name of the definition.
pub const NAME: &str = "aichatworkspaces.apps.aichatworkspaces.io";

/// What its Application may ever make.
pub const APPLICATION: MayMake = MayMake::in_namespace(
    "workspace-crd",
    &[SYSTEM_NAMESPACE],
    &[kinds::of_cluster_custom::<CustomResourceDefinition>(NAME)],
);

/// Builds the definition.
pub fn build(scope: &mut Scope<'_>, rules: &Rules<'_>) -> CrdRef<WorkspaceResource> {
    let part = scope.part("workspaces", "definition", None);
    let metadata = scope.meta_cluster(&part, NAME);
    let version = Version {
        name: "v1alpha1",
        additional_printer_columns: columns::all(),
        schema: Validation { schema: schema(rules) },
        served: true,
        storage: true,
        subresources: Subresources { status: Empty {} },
    };
    let spec = DefinitionSpec {
        group: WorkspaceResource::group(),
        names: Names {
            kind: WorkspaceResource::KIND,
            list_kind: "AIChatWorkspaceList",
            plural: WorkspaceResource::PLURAL,
            singular: "aichatworkspace",
        },
        scope: "Namespaced",
        versions: vec![version],
    };
    let kind = scope.cluster().kind();
    scope.add_custom(kind, CustomResourceDefinition { metadata, spec });
    scope.crd()
}

/// The schema of the whole resource.
fn schema(rules: &Rules<'_>) -> StructuralSchema {
    let mut of_spec = structural::of::<WorkspaceSpec>();
    validation::add(&mut of_spec, rules);
    let mut of_status = structural::of::<WorkspaceStatus>();
    for (list, keys) in [
        ("conditions", &["type"][..]),
        ("inventory", &["apiVersion", "kind", "name"]),
        ("models", &["name"]),
    ] {
        let list = &mut of_status["properties"][list];
        list["x-kubernetes-list-type"] = "map".into();
        list["x-kubernetes-list-map-keys"] = json!(keys);
    }
    let of_resource = structural::of::<Workspace>();
    let described = |field: &str| of_resource["properties"][field]["description"].clone();
    let whole: Value = json!({
        "description": of_resource["description"],
        "type": "object",
        // Without it, a resource without `spec` would be accepted, and `spec` could be taken away
        // and come again with another name.
        "required": ["spec"],
        "properties": {
            "apiVersion": {"type": "string", "description": described("apiVersion")},
            "kind": {"type": "string", "description": described("kind")},
            "metadata": {"type": "object"},
            "spec": of_spec,
            "status": of_status,
        },
    });
    serde_json::from_value(whole).expect("a structural schema is one of the API server's")
}
