//! One tenant, planned by itself: nothing of it is waited for or seen by another.

use std::sync::Arc;

use super::{Plan, applications, policies, projects, summary::Summary};
use crate::{
    budget::demand,
    builder::{component::BuiltComponent, meta::Naming, object::Object},
    components::workspace::Workspace,
    crds::argocd::Application,
    names::{Host, ModelName},
};

/// A tenant, planned.
pub struct Tenant {
    /// Its namespace, which is its name.
    pub name: Arc<str>,
    /// What it makes, its policies included.
    pub component: BuiltComponent,
    /// Its public host.
    pub host: Option<Host>,
    /// What its own Ollama serves.
    pub models: Box<[ModelName]>,
    /// Its sync wave.
    pub wave: u32,
}

impl Plan {
    /// Builds and plans a tenant. Nothing when the platform has no issuer: whoever builds tenants
    /// says so (`component-needed`).
    pub fn tenant(&self, workspace: &Workspace) -> Option<Tenant> {
        let mut component = workspace.build(&self.assembly)?;
        let naming = Naming::Tenant(component.name.clone());
        let flows = component.flows.iter();
        let policies =
            policies::of_namespace(&component.namespace, &component.name, &naming, flows);
        component.objects.extend(policies.into_iter().map(|it| Object::from_plan(it)));
        Some(Tenant {
            name: workspace.spec.workspace_name.shared(),
            wave: self.waves.wave_after(component.after.iter().copied()),
            host: self.host_of(workspace),
            models: workspace.spec.models.clone().into(),
            component,
        })
    }

    /// The public host of a tenant; none where its name would be longer than a host may be.
    pub fn host_of(&self, workspace: &Workspace) -> Option<Host> {
        workspace.host(&self.assembly).ok()
    }

    /// The Application of a tenant, at a revision.
    pub fn application_of_tenant(&self, name: &Arc<str>, wave: u32, revision: &str) -> Application {
        applications::of_tenant(name, wave, projects::TENANTS, &self.follows(revision))
    }
}

impl Tenant {
    /// What is kept of it once its files have been handed on.
    pub fn summary(self, plan: &Plan, file: Arc<str>) -> Summary {
        let several_nodes = plan.assembly.cluster.several_nodes;
        Summary {
            name: Some(self.name),
            host: self.host,
            is_plain: self.component.certificates.is_empty(),
            models: self.models,
            sum: demand::of_tenant(&self.component),
            pods: if several_nodes { demand::pods_of_tenant(&self.component) } else { Vec::new() },
            wave: self.wave,
            flows: self.component.flows.into_iter().collect(),
            ..Summary::unread(file)
        }
    }
}
