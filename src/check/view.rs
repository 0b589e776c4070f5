//! What rules look at: the spec, a tenant, the whole.

use std::sync::Arc;

use serde_json::Value;

use super::object::ApplicationView;
use crate::{
    budget::report::Report,
    builder::{chart::Chart, object::Object},
    components::{floor_plan::Platform, workspace::resource::Workspace},
    diag::{diagnostic::Place, path::FieldPath},
    plan::{Plan, summary::Summary},
    platform::node::Node,
    units::Bytes,
};

/// What rules on the spec see, before anything is built.
pub struct SpecView<'a> {
    /// The platform.
    pub platform: &'a Platform,
    /// The file that it was read from.
    pub file: &'a Arc<str>,
}

impl SpecView<'_> {
    /// A value of the spec, by its path below `spec`.
    pub fn value(&self, path: &[&str]) -> Place {
        Place::Value { file: self.file.clone(), path: field(path) }
    }

    /// The key of a component's section, or of a field of it.
    pub fn component_key(&self, path: &[&str]) -> Place {
        Place::Key {
            file: self.file.clone(),
            path: path.iter().fold(field(&["components"]), |at, key| at.key(*key)),
        }
    }

    /// A component's section, or a field of it.
    pub fn component(&self, path: &[&str]) -> Place {
        Place::Value {
            file: self.file.clone(),
            path: path.iter().fold(field(&["components"]), |at, key| at.key(*key)),
        }
    }
}

impl SpecView<'_> {
    /// Every machine that the spec describes, and where.
    pub fn machines(&self) -> impl Iterator<Item = (FieldPath, Node)> {
        let spec = &self.platform.spec;
        let one = spec.node.iter().map(|it| (field(&["node"]), it.clone()));
        one.chain(
            spec.nodes
                .iter()
                .enumerate()
                .map(|(index, node)| (field(&["nodes"]).index(index), node.node())),
        )
    }

    /// A value by its path.
    pub fn at(&self, path: FieldPath) -> Place {
        Place::Value { file: self.file.clone(), path }
    }

    /// A field of the node; all nodes where there are groups of them.
    pub fn node(&self, path: &[&str]) -> Place {
        match self.platform.spec.node {
            Some(_) => self.value(&[&["node"], path].concat()),
            None => self.value(&["nodes"]),
        }
    }
}

/// The path of a field below `spec`.
pub fn field(path: &[&str]) -> FieldPath {
    path.iter().fold(FieldPath::root().key("spec"), |at, key| at.key(*key))
}

/// One tenant's resource, before it is built.
pub struct TenantView<'a> {
    /// The resource.
    pub workspace: &'a Workspace,
    /// The platform that it is built against.
    pub plan: &'a Plan,
    /// The file that it was read from.
    pub file: &'a Arc<str>,
}

/// The whole: the platform, planned, and its tenants.
pub struct WholeView<'a> {
    /// The spec.
    pub spec: SpecView<'a>,
    /// The platform, planned.
    pub plan: &'a Plan,
    /// Its tenants, in the order of their files' names.
    pub tenants: &'a [Summary],
    /// The sums.
    pub budget: &'a Report,
    /// What the Applications follow: the branch, or the tag of this very content.
    pub revision: &'a str,
    /// The platform's own files, paths and bytes.
    pub files: &'a [(&'a str, &'a [u8])],
}

/// What the rules on capacity see.
pub struct CapacityView<'a> {
    /// The spec.
    pub spec: &'a SpecView<'a>,
    /// The sums.
    pub budget: &'a Report,
    /// How many tenants there are.
    pub tenants: usize,
    /// Memory that they request.
    pub requests: Bytes,
    /// The file of the tenant of a name.
    pub file_of: &'a dyn Fn(&str) -> Option<Arc<str>>,
}

impl<'a> WholeView<'a> {
    /// The view of a plan, its tenants, and what was written of it.
    pub fn of(
        plan: &'a Plan,
        tenants: &'a [Summary],
        budget: &'a Report,
        revision: &'a str,
        files: &'a [(&'a str, &'a [u8])],
    ) -> Self {
        let spec = SpecView { platform: plan.platform(), file: plan.file() };
        Self { spec, plan, tenants, budget, revision, files }
    }

    /// The platform's Applications, and what their rules see.
    pub fn applications(&self) -> impl Iterator<Item = ApplicationView<'a>> {
        let plan = self.plan;
        plan.applications().map(|planned| ApplicationView {
            plan,
            component: planned.component,
            secrets: plan.secrets(),
            project: Some((planned.project, plan.projects().permits(planned.project))),
            workspace: None,
        })
    }

    /// The platform's Applications as Argo CD reads them, each with what it is of.
    pub fn application_objects(&self) -> Vec<(Object, ApplicationView<'a>)> {
        let objects = self.plan.application_objects(self.revision).map(|it| it.1);
        objects.map(|it| Object::from_plan_custom(it)).zip(self.applications()).collect()
    }
}

/// The values that a chart is given, each with its path: keys and positions, with dots between.
///
/// # Panics
/// Never: values are structs of maps, lists and scalars.
pub fn values(chart: &Chart) -> Vec<(String, Value)> {
    let mut all = Vec::new();
    let values = serde_json::to_value(&*chart.values).expect("values are maps, lists and scalars");
    collect(String::new(), values, &mut all);
    all
}

fn collect(path: String, value: Value, all: &mut Vec<(String, Value)>) {
    let below = |key: &str| if path.is_empty() { key.to_owned() } else { format!("{path}.{key}") };
    match value {
        Value::Object(map) => map.into_iter().for_each(|it| collect(below(&it.0), it.1, all)),
        Value::Array(items) => {
            let items = items.into_iter().enumerate();
            items.for_each(|(index, item)| collect(below(&index.to_string()), item, all));
        }
        scalar => all.push((path, scalar)),
    }
}
