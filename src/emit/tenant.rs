//! The files of one tenant.

use std::sync::Arc;

use super::{files::Files, layout, pin};
use crate::{
    builder::object::Object,
    crds::argocd::Application,
    plan::{Plan, applications, summary::Content, tenant::Tenant},
    platform::repository::Pin,
    yaml::source::Source,
};

/// Writes a tenant's objects and its Application; what its content comes to, under `pin: tag`.
pub fn write(plan: &Plan, tenant: &Tenant, files: &mut Files) -> Option<Box<Content>> {
    let folder = applications::folder(&applications::tenant_name(&tenant.name));
    for object in &tenant.component.objects {
        layout::object(files, &folder, object);
    }
    let project = Object::from_plan_custom(plan.project_of_tenant(&tenant.name, tenant.wave));
    files.add_yaml(&applications::project_file(&tenant.name), |out| project.emit(out));
    if plan.repository().pin == Pin::Tag {
        // Its Application comes with the whole: it names a tag, which nobody knows before all is
        // there.
        return Some(pin::content(files).into());
    }
    let revision = plan.repository().revision();
    application(files, plan.application_of_tenant(&tenant.name, tenant.wave, &revision));
    None
}

/// Writes a tenant's resource, of which an operator makes its objects; what its content comes to,
/// under `pin: tag`, and its name.
pub fn resource(
    plan: &Plan,
    source: &Source,
    files: &mut Files,
) -> (Option<Box<Content>>, Arc<str>) {
    let object = Object::from_plan_custom(plan.resource(source));
    layout::object(files, &applications::folder(applications::WORKSPACES), &object);
    let content = match plan.repository().pin {
        Pin::Tag => Some(pin::content(files).into()),
        Pin::Branch => None,
    };
    (content, object.name().into())
}

/// Writes the Application of all resources, and its project.
pub fn resources(plan: &Plan, revision: &str, files: &mut Files) {
    let project = Object::from_plan_custom(plan.project_of_workspaces());
    files.add_yaml(applications::PROJECT_OF_WORKSPACES, |out| project.emit(out));
    application(files, plan.application_of_workspaces(revision));
}

/// Writes an Application.
pub fn application(files: &mut Files, application: Application) {
    let name = application.metadata.name.clone().expect("an Application is made with its name");
    files.add_yaml(&applications::file(&name), |out| {
        Object::from_plan_custom(application).emit(out);
    });
}
