//! One tenant, planned by itself: nothing of it is waited for or seen by another.

use std::sync::Arc;

use k8s_openapi::api::{
    apps::v1::{Deployment, StatefulSet},
    core::v1::PersistentVolumeClaim,
};

use super::{Plan, applications, policies, projects, quota::Need, summary::Summary};
use crate::{
    budget::{
        demand::{self, Demand, Total},
        volumes,
    },
    builder::{
        component::BuiltComponent,
        meta::{Naming, ignore_health},
        object::Object,
    },
    components::workspace::{
        self,
        resource::{Environment, OnDelete, Workspace},
    },
    crds::argocd::{AppProject, Application},
    names::{Host, ModelName, workspace::Uid},
    platform::resources::Resources,
    units::Bytes,
};

/// A tenant, planned.
#[expect(clippy::struct_excessive_bools, reason = "each is a word of its spec")]
pub struct Tenant {
    /// Its namespace, which is its name.
    pub name: Arc<str>,
    /// What it makes, its policies included, in the order in which it is applied.
    pub component: BuiltComponent,
    /// Its public hosts.
    pub hosts: Box<[Host]>,
    /// Whether the spec names them.
    pub has_own_hosts: bool,
    /// Whether it is under development.
    pub is_dev: bool,
    /// What its own Ollama serves.
    pub models: Box<[ModelName]>,
    /// What its own Ollama is promised, as far as the spec says it.
    pub resources: Resources,
    /// Whether it answers in plain HTTP.
    pub is_plain: bool,
    /// Whether it is at rest.
    pub is_suspended: bool,
    /// Whether its data goes with it.
    pub lets_data_go: bool,
    /// The UID of the deleted workspace whose data it takes over.
    pub restore: Option<Uid>,
    /// Pods of its own Ollama.
    pub replicas: u32,
    /// What PostgreSQL keeps of the password of its role; none where its database is its own.
    pub database: Option<Arc<str>>,
    /// Its sync wave.
    pub wave: u32,
    /// What it can use at once.
    pub need: Need,
    /// Its volumes on the nodes' own disks: they stay while it is at rest.
    volumes: Bytes,
}

impl Plan {
    /// Builds and plans a tenant. Nothing when the platform has no issuer, or does not offer
    /// what it would share: whoever builds tenants says so (`component-needed`, `ollama-not-shared`,
    /// `workspace-database`).
    pub fn tenant(&self, workspace: &Workspace) -> Option<Tenant> {
        let spec = &workspace.spec;
        let mut component = workspace.build(&self.assembly)?;
        let naming = Naming::Tenant(component.name.clone());
        let flows = component.flows.iter();
        let policies =
            policies::of_namespace(&component.namespace, &component.name, &naming, flows);
        component.objects.extend(policies.into_iter().map(|it| Object::from_plan(it)));
        let (need, volumes) = (Need::of(&component), volumes::on_disk(&component));
        // Right behind the namespace: what comes later is held to them.
        let bounds = need.objects(&component.name, &spec.quota);
        component.objects.splice(1..1, bounds);
        if spec.suspend {
            component.objects = component.objects.into_iter().map(at_rest).collect();
            component.solvers = 0;
        }
        let has_ollama = workspace.has_ollama();
        component.objects.sort_by_key(Object::step);
        Some(Tenant {
            name: spec.workspace_name.shared(),
            database: workspace.verifier(),
            wave: self.waves.wave_after(component.after.iter().copied()),
            hosts: self.hosts_of(workspace).unwrap_or_default().into(),
            has_own_hosts: !spec.hosts.is_empty(),
            is_dev: spec.environment == Environment::Dev,
            is_plain: workspace.is_plain(),
            is_suspended: spec.suspend,
            lets_data_go: spec.on_delete == OnDelete::Delete,
            restore: spec.restore.clone(),
            models: if has_ollama { spec.models.clone().into() } else { Box::default() },
            resources: spec.resources.ollama.clone(),
            replicas: if has_ollama && !spec.suspend { spec.replicas.ollama } else { 0 },
            component,
            need,
            volumes,
        })
    }

    /// The public hosts of a tenant; none where one that follows from its name would be longer than
    /// a host may be.
    pub fn hosts_of(&self, workspace: &Workspace) -> Option<Vec<Host>> {
        workspace.hosts(&self.assembly).ok()
    }

    /// Whether workspaces may use the platform's own Ollama.
    pub fn shares_ollama(&self) -> bool {
        self.assembly.models.is_some()
    }

    /// What the Application of a tenant may touch.
    pub fn permits_of_tenant(&self, name: &str) -> projects::Permits {
        projects::Permits::of_tenant(&workspace::may_make::MAY_MAKE, name, &self.repository().url)
    }

    /// The project of a tenant's Application.
    pub fn project_of_tenant(&self, name: &Arc<str>, wave: u32) -> AppProject {
        let permits = self.permits_of_tenant(name);
        projects::of_tenant(self.repository(), &permits, name, (self.name(), wave))
    }

    /// The Application of a tenant, at a revision.
    pub fn application_of_tenant(&self, name: &Arc<str>, wave: u32, revision: &str) -> Application {
        let mut application = applications::of_tenant(name, wave, &self.follows(revision));
        self.let_go(&mut application);
        application
    }
}

/// Without pods, if it makes any. A claim whose volume is made for its first pod waits for that one:
/// Argo CD would call a workspace unfinished that was never awake.
fn at_rest(object: Object) -> Object {
    if let Some(deployment) = object.get::<Deployment>() {
        let mut deployment = deployment.clone();
        if let Some(spec) = &mut deployment.spec {
            spec.replicas = Some(0);
        }
        return Object::from_plan(deployment);
    }
    if let Some(stateful_set) = object.get::<StatefulSet>() {
        let mut stateful_set = stateful_set.clone();
        if let Some(spec) = &mut stateful_set.spec {
            spec.replicas = Some(0);
        }
        return Object::from_plan(stateful_set);
    }
    if let Some(claim) = object.get::<PersistentVolumeClaim>() {
        let mut claim = claim.clone();
        ignore_health(&mut claim.metadata);
        return Object::from_plan(claim);
    }
    object
}

impl Tenant {
    /// What its pods request, and where nodes have to be found for them, its pods one by one.
    pub fn needs(&self, several_nodes: bool) -> (Total, Vec<(u32, Demand)>) {
        let pods = if several_nodes { demand::pods_of_tenant(&self.component) } else { Vec::new() };
        (Total { volumes: self.volumes, ..demand::of_tenant(&self.component) }, pods)
    }

    /// What is kept of it once its files have been handed on.
    pub fn summary(self, plan: &Plan, file: Arc<str>) -> Summary {
        let (sum, pods) = self.needs(plan.has_several_nodes());
        Summary {
            name: Some(self.name),
            hosts: self.hosts,
            has_own_hosts: self.has_own_hosts,
            is_dev: self.is_dev,
            is_plain: self.is_plain,
            models: self.models.into(),
            resources: self.resources.into(),
            replicas: self.replicas,
            sum: sum.into(),
            pods: pods.into(),
            database: self.database,
            wave: self.wave,
            flows: self.component.flows.into_iter().collect(),
            ..Summary::unread(file)
        }
    }
}
