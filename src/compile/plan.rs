//! The platform, built and planned: what is derived has been poured in, and tenants can be built
//! against it.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
};

use crate::{
    budget::{
        demand::{self, Row},
        placement, report,
    },
    builder::{meta::Naming, object::Object, scope::BuiltComponent},
    components::{
        floor_plan::{self, APP_SECRETS, NETWORK_POLICIES, Platform},
        namespaces,
        workspace::Workspace,
    },
    crds::sealed_secrets::SealedSecret,
    facts::kubernetes::SYSTEM_NAMESPACES,
    plan::{
        applications::Follows,
        copies::{self, RequiredSecret},
        policies,
        projects::{Permits, Projects},
        waves::Waves,
    },
    platform::{certificates::Issuer, repository::Repository},
};

/// The platform, built and planned.
pub struct Plan {
    pub(in crate::compile) assembly: floor_plan::Assembly,
    pub(in crate::compile) waves: Waves,
    pub(in crate::compile) copies: Vec<RequiredSecret>,
    /// The file that the spec was read from.
    pub(in crate::compile) file: Arc<str>,
}

impl Plan {
    /// Pours in what follows from what was spent, then numbers the waves.
    pub(in crate::compile) fn new(mut assembly: floor_plan::Assembly, file: Arc<str>) -> Self {
        let naming = Naming::Platform(assembly.platform.name.shared());
        let copies = copies::needed(&assembly.components);
        let mut sealed: BTreeMap<Arc<str>, Vec<Object>> = BTreeMap::new();
        for copy in &copies {
            let application = copy.application(APP_SECRETS);
            let objects = copies::sealed(copy, &assembly.platform.sealed, &naming, &application)
                .into_iter()
                .map(Object::derived_custom);
            sealed.entry(application).or_default().extend(objects);
        }
        let policies: Vec<Object> = namespaces::NAMES
            .iter()
            .filter(|namespace| is_guarded(&assembly, namespace))
            .flat_map(|namespace| {
                let flows = assembly.components.iter().flat_map(|it| &it.flows);
                policies::of_namespace(namespace, NETWORK_POLICIES, &naming, flows)
            })
            .map(Object::derived)
            .collect();
        for (name, objects) in sealed.into_iter().chain([(NETWORK_POLICIES.into(), policies)]) {
            if let Some(component) = assembly.components.iter_mut().find(|it| it.name == name) {
                component.objects.extend(objects);
            }
        }
        let waves = Waves::of(&assembly.components);
        Self { assembly, waves, copies, file }
    }

    /// The namespaces of the platform whose pods may only do what flows say.
    pub(in crate::compile) fn guarded(&self) -> impl Iterator<Item = &'static str> {
        namespaces::NAMES.into_iter().filter(|namespace| is_guarded(&self.assembly, namespace))
    }

    /// Pours a tenant's own policies in.
    pub(in crate::compile) fn close_tenant(tenant: &mut BuiltComponent) {
        let naming = Naming::Tenant(tenant.name.clone());
        let policies =
            policies::of_namespace(&tenant.namespace, &tenant.name, &naming, tenant.flows.iter());
        tenant.objects.extend(policies.into_iter().map(Object::derived));
    }

    /// The pods of the platform and of the cluster around it.
    pub(in crate::compile) fn rows(&self) -> Vec<Row> {
        let components = &self.assembly.platform.spec.components;
        let shared: BTreeSet<(&str, &str)> =
            self.assembly.components.iter().flat_map(demand::shared_claims).collect();
        let nodes = self.assembly.platform.spec.all_nodes();
        let own = self.assembly.components.iter().flat_map(demand::rows).map(|mut row| {
            row.claims.retain(|it| !shared.contains(&(&*row.namespace, &**it)));
            // A DaemonSet has a pod on each node that it may be on.
            if row.kind == "DaemonSet" {
                Row { replicas: placement::nodes_for(&nodes, &row.wants), ..row }
            } else {
                row
            }
        });
        own.chain(report::cluster_rows(components.traefik.allotment())).collect()
    }

    /// The projects, and what they permit: all that this platform and its tenants may make with any
    /// component on and either issuer.
    pub(in crate::compile) fn projects(&self) -> Projects {
        let repository = &self.repository().url;
        let mut applications: BTreeMap<Arc<str>, Permits> = BTreeMap::new();
        let mut tenants = Permits::default();
        for issuer in Issuer::ALL {
            let full = Self::new(
                Arc::new(self.assembly.platform.with_everything(issuer)).build(),
                self.file.clone(),
            );
            // All but the first, which makes the projects and belongs to another.
            for component in full.assembly.components.iter().skip(1) {
                let permits = applications.entry(component.name.clone()).or_default();
                permits.add(component, repository);
                let mut namespaces = full
                    .copies
                    .iter()
                    .filter(|copy| copy.application(APP_SECRETS) == component.name)
                    .map(|it| it.namespace.clone())
                    .peekable();
                if namespaces.peek().is_some() {
                    permits.kind::<SealedSecret>(namespaces);
                }
            }
            if let Some(mut one) = Workspace::any().build(&full.assembly) {
                Self::close_tenant(&mut one);
                tenants = Permits::of_tenants(
                    &one,
                    SYSTEM_NAMESPACES.into_iter().chain(namespaces::NAMES),
                    repository,
                );
            }
        }
        Projects::of(applications, namespaces::AI, self.repository(), tenants)
    }

    /// What it was built from.
    pub fn platform(&self) -> &Platform {
        &self.assembly.platform
    }

    /// The sealed copies that are needed, by credential and namespace.
    pub fn needed(&self) -> &[RequiredSecret] {
        &self.copies
    }

    /// The platform's name.
    pub fn name(&self) -> &str {
        &self.assembly.platform.name
    }

    /// What the Applications follow.
    pub(in crate::compile) fn follows<'a>(&'a self, revision: &'a str) -> Follows<'a> {
        Follows { repository: self.repository(), revision, platform: self.name() }
    }

    /// The repository that Argo CD reads.
    pub fn repository(&self) -> &Repository {
        &self.assembly.platform.spec.repository
    }
}

/// A namespace gets its default deny once the components in it have declared their pods and flows.
fn is_guarded(assembly: &floor_plan::Assembly, namespace: &str) -> bool {
    assembly.components.iter().flat_map(|it| &it.pods).any(|pods| **pods.namespace() == *namespace)
}
