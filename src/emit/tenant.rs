//! The files of one tenant.

use super::{files::Files, layout, pin};
use crate::{
    builder::object::Object,
    crds::argocd::Application,
    plan::{Plan, applications, summary::Content, tenant::Tenant},
    platform::repository::Pin,
};

/// Writes a tenant's objects and its Application; what its content comes to, under `pin: tag`.
pub fn write(plan: &Plan, tenant: &Tenant, files: &mut Files) -> Content {
    let folder = applications::folder(&applications::tenant_name(&tenant.name));
    for object in &tenant.component.objects {
        layout::object(files, &folder, object);
    }
    if plan.repository().pin == Pin::Tag {
        // Its Application comes with the whole: it names a tag, which nobody knows before all is
        // there.
        return pin::content(files);
    }
    let revision = plan.repository().revision();
    application(files, plan.application_of_tenant(&tenant.name, tenant.wave, &revision));
    Content::default()
}

/// Writes an Application.
pub fn application(files: &mut Files, application: Application) {
    let name = application.metadata.name.clone().expect("an Application is made with its name");
    files.add_yaml(&applications::file(&name), |out| {
        Object::from_plan_custom(application).emit(out);
    });
}
