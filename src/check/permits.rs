//! `not-permitted-by-project`: an Application's project permits its repository, its destination,
//! and whatever it makes. Projects follow from what components declare; this rule looks at what
//! they do.

use super::{
    object::{ApplicationView, BUG, BuiltObject, ObjectView, bug},
    rule::rules,
    view::WholeView,
};
use crate::{builder::chart::Chart, diag::diagnostic::Diagnostics, facts::charts::ObjectKind};

rules! {
    /// A project does not permit what its Application needs.
    error NOT_PERMITTED_BY_PROJECT = "not-permitted-by-project":
    Object(makes), Whole(sources);
}

/// What an Application makes.
pub fn makes(object: &dyn ObjectView, of: &ApplicationView<'_>, found: &mut Diagnostics) {
    // A person who applies an object has rights of their own.
    let Some((project, permits)) = of.project else { return };
    let key = object.key();
    if !permits.object(key.group, key.kind, key.namespace, key.name) {
        let message = format!("the project `{project}` does not permit {key}");
        found.push(bug(NOT_PERMITTED_BY_PROJECT.at(object.place(), message), object));
    }
}

/// What an Application is made from, and where; and what its chart makes there.
pub fn sources(view: &WholeView<'_>, found: &mut Diagnostics) {
    for (object, of) in &view.application_objects() {
        let application = BuiltObject { object, of };
        let text = |path: &[&str]| application.text(path).unwrap_or_default();
        let (project, repository, namespace) = (
            text(&["spec", "project"]),
            text(&["spec", "source", "repoURL"]),
            text(&["spec", "destination", "namespace"]),
        );
        let permits = view.plan.projects().permits(&project);
        let mut refused = Vec::new();
        if !permits.repository(&repository) {
            refused.push(format!("the repository `{repository}`"));
        }
        if !permits.namespace(&namespace) {
            refused.push(format!("the namespace `{namespace}`"));
        }
        let chart = of.component.chart.as_ref();
        for kind in chart.into_iter().flat_map(Chart::kinds) {
            let (group, kind, name) = match *kind {
                ObjectKind::Cluster(group, kind, name) => (group, kind, Some(name)),
                ObjectKind::Namespaced(group, kind) => (group, kind, None),
            };
            let its = name.is_none().then_some(&*namespace);
            if !permits.object(group, kind, its, name.unwrap_or_default()) {
                refused.push(format!("the chart's {kind}"));
            }
        }
        let name = application.key().name;
        for what in refused {
            let message = format!(
                "the project `{project}` of the Application `{name}` does not permit {what}"
            );
            found.push(NOT_PERMITTED_BY_PROJECT.at(application.place(), message).help(BUG));
        }
    }
}
