//! The table of rules, and how they are run.

use std::{collections::BTreeMap, sync::Arc};

use super::{
    administrators, alerting, argocd, backup, capacity, certificate, components, credentials,
    effect, examples,
    figures::{self, FIGURES_IMPLAUSIBLE},
    hosts, ingress, limits, logs, model_names, models, monitoring, node_groups,
    object::{ApplicationView, BuiltObject, ObjectView},
    ollama, open_webui, outside, ownership, pairs, permits, postgresql, prompts,
    ranges::{self, OUT_OF_RANGE},
    references, repository,
    rule::{Check, Rule},
    sealed_files, trust, versions,
    view::{SpecView, TenantView, WholeView},
    workspace_api, workspace_database, workspace_hosts, workspace_lists, workspace_models,
    workspace_operator, workspace_sizes, workspaces,
};
use crate::{
    builder::object::Object,
    diag::{
        code::{Code, UNKNOWN_FIELD},
        diagnostic::{Diagnostic, Diagnostics, Place, Severity},
        path::{FieldPath, Step},
    },
    plan::{Plan, applications, copies, projects::BOOTSTRAP, tenant::Tenant},
    platform::files::{SEALING, SECRETS, VERSIONS},
};

/// The rules of each file, in the order in which they are asked.
const TABLE: &[&[Rule]] = &[
    administrators::RULES,
    alerting::RULES,
    argocd::RULES,
    backup::RULES,
    capacity::RULES,
    certificate::RULES,
    components::RULES,
    credentials::RULES,
    effect::RULES,
    examples::RULES,
    figures::RULES,
    hosts::RULES,
    ingress::RULES,
    limits::RULES,
    logs::RULES,
    model_names::RULES,
    models::RULES,
    monitoring::RULES,
    node_groups::RULES,
    ollama::RULES,
    open_webui::RULES,
    outside::RULES,
    ownership::RULES,
    pairs::RULES,
    permits::RULES,
    postgresql::RULES,
    prompts::RULES,
    ranges::RULES,
    references::RULES,
    repository::RULES,
    sealed_files::RULES,
    trust::RULES,
    versions::RULES,
    workspace_api::RULES,
    workspace_database::RULES,
    workspace_hosts::RULES,
    workspace_lists::RULES,
    workspace_models::RULES,
    workspace_operator::RULES,
    workspace_sizes::RULES,
    workspaces::RULES,
];

/// All rules.
pub fn all() -> impl Iterator<Item = &'static Rule> {
    TABLE.iter().copied().flatten()
}

/// The codes of all rules.
pub fn codes() -> impl Iterator<Item = &'static Code> {
    all().flat_map(|it| it.codes)
}

/// The functions of all rules.
fn checks() -> impl Iterator<Item = Check> {
    all().flat_map(|it| it.checks).copied()
}

/// Runs the rules on the spec.
///
/// `found` is what was found by reading it. What could not be read has its default, so whatever the
/// rules say of the component around it may only follow from that, and is left out.
pub fn spec(view: &SpecView<'_>, found: &mut Diagnostics) {
    let Some(unread) = found
        .iter()
        .filter(|it| it.severity == Severity::Error)
        .map(unread)
        .collect::<Option<Vec<_>>>()
    else {
        return;
    };
    let mut more = Diagnostics::new();
    for check in checks() {
        if let Check::Spec(find) = check {
            find(view, &mut more);
        }
    }
    let is_sound = |place: &Place| match place {
        Place::Value { file, path } | Place::Key { file, path } => unread
            .iter()
            .all(|it| it.0 != *file || !(path.starts_with(&it.1) || it.1.starts_with(path))),
        _ => true,
    };
    let is_known = |diagnostic: &Diagnostic| {
        is_sound(&diagnostic.place) && diagnostic.related.iter().all(|it| is_sound(&it.0))
    };
    found.extend(without_consequences(more).into_iter().filter(is_known));
}

/// Drops findings that only follow from a number that is out of its range: further ones about that
/// number, and those about another place because of it.
fn without_consequences(found: Diagnostics) -> Diagnostics {
    let of = |place: &Place| match place {
        Place::Value { file, path } => Some((file.clone(), path.clone())),
        _ => None,
    };
    let is_out = |diagnostic: &Diagnostic| {
        diagnostic.severity == Severity::Error
            && [OUT_OF_RANGE.name(), FIGURES_IMPLAUSIBLE.name()].contains(&diagnostic.code)
    };
    let mut out = BTreeMap::new();
    for (index, diagnostic) in found.iter().enumerate().filter(|it| is_out(it.1)) {
        if let Some(place) = of(&diagnostic.place) {
            out.entry(place).or_insert(index);
        }
    }
    // A map of numbers (`connectionPool`) is one matter with them, a whole component is not. What
    // lies in a place comes right behind it.
    let has_out = |place: (Arc<str>, FieldPath)| {
        let is_whole = |field_path: &FieldPath| {
            *field_path == place.1
                || (place.1.steps().len() > 3 && field_path.starts_with(&place.1))
        };
        out.range(&place..).next().is_some_and(|it| it.0.0 == place.0 && is_whole(&it.0.1))
    };
    let is_kept = |(index, diagnostic): &(usize, Diagnostic)| {
        if is_out(diagnostic) {
            let first = of(&diagnostic.place).and_then(|place| out.get(&place));
            return first.is_none_or(|first| first == index);
        }
        let related = diagnostic.related.iter().map(|it| &it.0);
        !related.chain([&diagnostic.place]).filter_map(of).any(has_out)
    };
    found.into_iter().enumerate().filter(is_kept).map(|it| it.1).collect()
}

/// The file and the part of it that an error makes doubtful: the component or section around it.
/// None where that cannot be told.
fn unread(diagnostic: &Diagnostic) -> Option<(Arc<str>, FieldPath)> {
    let (Place::Key { file, path } | Place::Value { file, path }) = &diagnostic.place else {
        return None;
    };
    // A field of another name may have been meant.
    let path = if diagnostic.code == UNKNOWN_FIELD.name() {
        path.parent().unwrap_or_default()
    } else {
        path.clone()
    };
    let steps = path.steps();
    let is_component = matches!(steps.get(1), Some(Step::Key(key)) if key == "components");
    let part = steps.iter().take(if is_component { 3 } else { 2 }).cloned().collect();
    Some((file.clone(), if is_platform(file) { part } else { FieldPath::root() }))
}

/// Other files are small: an error makes the whole of them doubtful.
fn is_platform(file: &str) -> bool {
    file != VERSIONS && file != SEALING && !file.starts_with(SECRETS)
}

/// Runs the rules on one tenant.
pub fn tenant(view: &TenantView<'_>, found: &mut Diagnostics) {
    for check in checks() {
        if let Check::Tenant(find) = check {
            find(view, found);
        }
    }
}

/// Runs the rules on one object of an Application.
pub fn object(object: &dyn ObjectView, of: &ApplicationView<'_>, found: &mut Diagnostics) {
    for check in checks() {
        if let Check::Object(find) = check {
            find(object, of, found);
        }
    }
}

fn objects(of: &ApplicationView<'_>, objects: &[Object], found: &mut Diagnostics) {
    for object in objects {
        self::object(&BuiltObject { object, of }, of, found);
    }
}

/// Runs the rules on a tenant's objects.
pub fn built(plan: &Plan, tenant: &Tenant, file: &Arc<str>, found: &mut Diagnostics) {
    let (project, permits) =
        (applications::tenant_name(&tenant.name), plan.permits_of_tenant(&tenant.name));
    let of = ApplicationView {
        plan,
        component: &tenant.component,
        secrets: &copies::needed(std::slice::from_ref(&tenant.component)),
        project: Some((&project, &permits)),
        workspace: Some(file),
    };
    objects(&of, &of.component.objects, found);
}

/// Runs the rules on the platform's objects, and on those with which Argo CD reads them.
fn platform(view: &WholeView<'_>, found: &mut Diagnostics) {
    for of in view.applications() {
        objects(&of, &of.component.objects, found);
        let manual = ApplicationView { project: None, ..of };
        objects(&manual, &manual.component.manual_objects, found);
    }
    let is_bootstrap =
        |of: &ApplicationView<'_>| of.project.is_some_and(|(name, _)| name == BOOTSTRAP);
    let Some(bootstrap) = view.applications().find(is_bootstrap) else { return };
    let own: Vec<Object> =
        view.plan.project_objects().into_iter().chain([view.plan.root()]).collect();
    objects(&bootstrap, &own, found);
    let applications = view.application_objects();
    let applications: Vec<Object> = applications.into_iter().map(|it| it.0).collect();
    objects(&bootstrap, &applications, found);
}

/// Runs the rules on the whole.
pub fn whole(view: &WholeView<'_>, found: &mut Diagnostics) {
    for check in checks() {
        if let Check::Whole(find) = check {
            find(view, found);
        }
    }
    platform(view, found);
}
