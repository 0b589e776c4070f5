//! Workspaces that an operator makes: their resources, and the one Application that holds them.

use std::{collections::BTreeMap, sync::Arc};

use k8s_openapi::apimachinery::pkg::apis::meta::v1::ObjectMeta;
use serde_json::Value;

use super::{
    Plan, applications,
    projects::{self, Permits},
    waves::GAP,
};
use crate::{
    builder::{kinds, may_make::MayMake, meta::Naming},
    components::{namespaces::WORKSPACE_OPERATOR, workspace_api, workspace_operator},
    crds::{
        argocd::{AppProject, Application, TAKES_OVER},
        workspaces::{SOURCE, WorkspaceResource},
    },
    yaml::source::Source,
};

/// What the Application of the resources may ever make.
const MAY_MAKE: MayMake = MayMake::in_namespace(
    applications::WORKSPACES,
    &[WORKSPACE_OPERATOR],
    &[kinds::namespaced_custom::<WorkspaceResource>()],
);

/// Fields whose numbers are amounts: a file may have parts of a core there, the API server takes
/// such a number as a text only.
const AMOUNTS: [&str; 3] = ["quota", "resources", "storage"];

impl Plan {
    /// Whether an operator makes the objects of workspaces.
    pub fn has_operator(&self) -> bool {
        self.platform().spec.workspaces.has_operator()
    }

    /// Whether who makes them lets go of them.
    fn lets_workspaces_go(&self) -> bool {
        self.platform().spec.workspaces.handover
    }

    /// The Application of a tenant: one of its own, or that of all resources.
    pub fn application_with(&self, tenant: &str) -> Arc<str> {
        if self.has_operator() {
            applications::WORKSPACES.into()
        } else {
            applications::tenant_name(tenant)
        }
    }

    /// How many Applications so many tenants are.
    pub fn applications_of(&self, tenants: usize) -> usize {
        if self.has_operator() { tenants.min(1) } else { tenants }
    }

    /// The wave of the Application of the resources: after the operator that reads them.
    pub fn wave_of_workspaces(&self) -> u32 {
        let operator = workspace_operator::APPLICATION.application;
        let wave = self.applications().find(|it| *it.component.name == *operator);
        wave.map_or(0, |it| it.wave) + GAP
    }

    /// The resource of a workspace's file, in the namespace that the operator reads.
    pub fn resource(&self, source: &Source) -> WorkspaceResource {
        let text = |path: &str| source.value.pointer(path).and_then(Value::as_str);
        let said = |path: &str| {
            let map = source.value.pointer(path).and_then(Value::as_object).into_iter().flatten();
            map.filter_map(|(key, text)| Some((key.clone(), text.as_str()?.to_owned())))
        };
        let name = text("/metadata/name").unwrap_or_default();
        let naming = Naming::Platform(self.name().into());
        let mut labels = naming.labels(name, applications::WORKSPACES, "workspace", None);
        labels.extend(said("/metadata/labels"));
        let mut annotations: BTreeMap<_, _> = said("/metadata/annotations").collect();
        annotations.insert(SOURCE.to_owned(), source.file.to_string());
        let metadata = ObjectMeta {
            name: Some(name.to_owned()),
            namespace: Some(WORKSPACE_OPERATOR.to_owned()),
            annotations: Some(annotations),
            labels: Some(labels),
            ..ObjectMeta::default()
        };
        let mut spec = source.value.get("spec").cloned().unwrap_or_default();
        for amounts in AMOUNTS {
            spec.get_mut(amounts).into_iter().for_each(as_text);
        }
        WorkspaceResource { metadata, spec }
    }

    /// The Application of the resources, at a revision.
    pub fn application_of_workspaces(&self, revision: &str) -> Application {
        let mut application = applications::of_workspaces(
            &WORKSPACE_OPERATOR.into(),
            self.wave_of_workspaces(),
            &self.follows(revision),
        );
        self.let_go(&mut application);
        if self.platform().spec.workspaces.has_api() {
            let annotations = application.metadata.annotations.get_or_insert_default();
            annotations.insert(TAKES_OVER.to_owned(), workspace_api::rights::NAME.to_owned());
        }
        application
    }

    /// Its project.
    pub fn project_of_workspaces(&self) -> AppProject {
        let permits = Permits::of(&MAY_MAKE, &self.repository().url);
        let description =
            "The resources of workspaces: nothing else, where the operator reads them";
        let wave = self.wave_of_workspaces();
        let name = applications::WORKSPACES;
        projects::beside(self.repository(), (name, description), &permits, (self.name(), wave))
    }

    /// Without its finalizer, an Application that leaves takes nothing along.
    pub(super) fn let_go(&self, application: &mut Application) {
        if self.lets_workspaces_go() {
            application.metadata.finalizers = None;
        }
    }
}

/// Parts of a whole as texts.
fn as_text(value: &mut Value) {
    match value {
        Value::Number(number) if number.as_u64().is_none() => *value = number.to_string().into(),
        Value::Object(fields) => fields.values_mut().for_each(as_text),
        _ => {}
    }
}
