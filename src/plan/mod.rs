//! The plan: all that follows from what the components made and used. Nobody writes it by hand, and
//! it is the only thing that rules and emission see of a platform.

pub mod applications;
pub mod budget;
pub mod copies;
pub mod glance;
pub mod memory;
pub mod monitoring;
pub mod objects;
pub mod overview;
pub mod policies;
pub mod projects;
pub mod quota;
pub mod room;
pub mod rows;
pub mod summary;
pub mod tables;
pub mod tenant;
pub mod waves;
pub mod workspaces;

use std::{collections::BTreeMap, sync::Arc};

use crate::{
    builder::{
        component::BuiltComponent,
        contribution::Contributions,
        ingress::{Clients, Redirect},
        internet::ProxyRef,
        meta::Naming,
        object::Object,
    },
    components::{
        floor_plan::{Assembly, Platform},
        namespaces,
        postgresql::databases,
        secrets,
        spec::{Spec, may_make},
    },
    names::Host,
    platform::{node_group::Nodes, repository::Repository},
};
use applications::Follows;
use copies::RequiredSecret;
use projects::{Permits, Projects};
use summary::Summary;
use waves::{Waves, emitted};

/// The platform, planned.
pub struct Plan {
    assembly: Assembly,
    waves: Waves,
    secrets: Vec<RequiredSecret>,
    projects: Projects,
    file: Arc<str>,
}

/// One Application of the platform, and where it stands.
pub struct Planned<'a> {
    /// What it makes.
    pub component: &'a BuiltComponent,
    /// Its sync wave.
    pub wave: u32,
    /// Its AppProject.
    pub project: &'static str,
    /// The folder of its objects.
    pub folder: String,
}

impl Plan {
    /// Derives everything: sealed copies, policies, waves, projects. `file` is the one that the
    /// spec was read from.
    pub fn of(mut assembly: Assembly, file: Arc<str>) -> Self {
        let secrets = copies::needed(&assembly.components);
        let derived = sealed(&assembly, &secrets).into_iter().chain([(
            namespaces::POLICIES_APPLICATION.application.into(),
            network_policies(&assembly),
        )]);
        for (name, objects) in derived.collect::<Vec<_>>() {
            if let Some(component) = assembly.components.iter_mut().find(|it| it.name == name) {
                component.objects.extend(objects);
            }
        }
        let waves = Waves::of(&assembly.components);
        let projects = projects(&assembly.platform.spec);
        Self { assembly, waves, secrets, projects, file }
    }

    /// The same plan with the databases of its tenants, the one thing of it that follows from them.
    /// None where no tenant has one: it is as it is then.
    pub fn serving(&self, summaries: &[Summary]) -> Option<Self> {
        let mut wanted = BTreeMap::new();
        for summary in summaries {
            if let (Some(name), Some(verifier)) = (&summary.name, &summary.database) {
                wanted.insert(&**name, &**verifier);
            }
        }
        if wanted.is_empty() {
            return None;
        }
        let mut plan = Self::of(self.platform().clone().build(), self.file.clone());
        let mut components = plan.assembly.components.iter_mut();
        let component = components.find(|it| *it.name == *databases::APPLICATION.application)?;
        let objects = std::mem::take(&mut component.objects);
        component.objects = databases::filled(objects, &wanted);
        Some(plan)
    }

    /// The platform's Applications that have something to do, in build order.
    pub fn applications(&self) -> impl Iterator<Item = Planned<'_>> {
        let all = self.assembly.components.iter().enumerate();
        all.filter(|(index, component)| emitted(*index, component)).map(|(index, component)| {
            Planned {
                component,
                wave: self.waves.wave(index).unwrap_or_default(),
                project: self.projects.of_application(&component.name),
                folder: if index == 0 {
                    applications::BOOTSTRAP_FOLDER.to_owned()
                } else {
                    applications::folder(&component.name)
                },
            }
        })
    }

    /// The components, in build order, whether or not they make an Application.
    pub fn components(&self) -> &[BuiltComponent] {
        &self.assembly.components
    }

    /// What it was built from.
    pub fn platform(&self) -> &Arc<Platform> {
        &self.assembly.platform
    }

    /// Whether each pod has to find a place on one of several nodes.
    pub fn has_several_nodes(&self) -> bool {
        self.assembly.cluster.several_nodes
    }

    /// Whether the platform has databases for its tenants.
    pub fn has_databases(&self) -> bool {
        self.assembly.databases.is_some()
    }

    /// The platform's name.
    pub fn name(&self) -> &str {
        &self.assembly.platform.name
    }

    /// The file that the spec was read from.
    pub fn file(&self) -> &Arc<str> {
        &self.file
    }

    /// What the ingress controller does with a request in plain HTTP.
    pub fn redirect(&self) -> Redirect {
        self.assembly.ingress.redirect()
    }

    /// What the ingress controller sees of its clients.
    pub fn clients(&self) -> Clients {
        self.assembly.ingress.clients()
    }

    /// The class of every Ingress.
    pub fn ingress_class(&self) -> &Arc<str> {
        self.assembly.ingress.class()
    }

    /// The proxy before the internet, if there is one.
    pub fn proxy(&self) -> Option<&ProxyRef> {
        self.assembly.cluster.internet.proxy()
    }

    /// The repository that Argo CD reads.
    pub fn repository(&self) -> &Repository {
        &self.assembly.platform.spec.repository
    }

    /// The nodes that it runs on.
    pub fn nodes(&self) -> Nodes {
        self.assembly.platform.spec.all_nodes()
    }

    /// The sealed copies that are needed, by credential and namespace.
    pub fn secrets(&self) -> &[RequiredSecret] {
        &self.secrets
    }

    /// Whether the Application of the sealed copies holds any.
    pub fn has_sealed_copies(&self) -> bool {
        self.assembly.components.iter().any(|component| {
            &*component.name == secrets::COPIES_APPLICATION.application
                && !component.objects.is_empty()
        })
    }

    /// The order in which Argo CD makes the Applications.
    pub fn waves(&self) -> &Waves {
        &self.waves
    }

    /// Which project each Application belongs to, and what the projects permit.
    pub fn projects(&self) -> &Projects {
        &self.projects
    }

    /// The platform's own public hosts, each with the Application that answers there: the only list
    /// of them.
    pub fn hosts(&self) -> impl Iterator<Item = (&Host, &Arc<str>)> {
        self.assembly
            .components
            .iter()
            .flat_map(|component| component.certificates.iter().map(|it| (it, &component.name)))
    }

    /// Whether one certificate for all workspaces is for this host.
    pub fn covers(&self, host: &Host) -> bool {
        self.assembly.wildcard.as_ref().is_some_and(|it| it.covers(host))
    }

    /// What components would like monitoring to know.
    pub fn contributions(&self) -> &Contributions {
        &self.assembly.contributions
    }

    /// The namespaces of the platform whose pods may only do what flows say.
    pub fn guarded(&self) -> impl Iterator<Item = &'static str> {
        guarded(&self.assembly)
    }

    /// What the Applications follow at a revision.
    pub fn follows<'a>(&'a self, revision: &'a str) -> Follows<'a> {
        Follows { repository: self.repository(), revision, platform: self.name() }
    }
}

/// The sealed copies, by the Application that makes them.
fn sealed(assembly: &Assembly, secrets: &[RequiredSecret]) -> BTreeMap<Arc<str>, Vec<Object>> {
    let naming = Naming::Platform(assembly.platform.name.shared());
    let mut by_application: BTreeMap<Arc<str>, Vec<Object>> = BTreeMap::new();
    for secret in secrets {
        let application = secret.application(&secrets::COPIES_APPLICATION);
        let objects = copies::sealed(secret, &assembly.platform.sealed, &naming, &application)
            .into_iter()
            .map(|it| Object::from_plan_custom(it));
        by_application.entry(application).or_default().extend(objects);
    }
    by_application
}

/// The policies of the platform's namespaces.
fn network_policies(assembly: &Assembly) -> Vec<Object> {
    let naming = Naming::Platform(assembly.platform.name.shared());
    let policies = guarded(assembly).flat_map(|namespace| {
        let flows = assembly.components.iter().flat_map(|it| &it.flows);
        policies::of_namespace(
            namespace,
            namespaces::POLICIES_APPLICATION.application,
            &naming,
            flows,
        )
    });
    policies.map(|it| Object::from_plan(it)).collect()
}

/// A namespace gets its default deny once the components in it have declared their pods and flows.
fn guarded(assembly: &Assembly) -> impl Iterator<Item = &'static str> {
    namespaces::NAMES.into_iter().filter(|namespace| {
        let pods = assembly.components.iter().flat_map(|it| &it.pods);
        pods.into_iter().any(|pods| **pods.namespace() == **namespace)
    })
}

/// The projects, and what they permit: all that this platform and its tenants may ever make,
/// whatever is switched on today.
fn projects(spec: &Spec) -> Projects {
    let repository = &spec.repository;
    let applications =
        may_make().into_iter().map(|it| (it.application, Permits::of(it, &repository.url)));
    Projects::of(applications, namespaces::AI, repository)
}
