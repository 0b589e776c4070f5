//! The platform, built and planned: what is derived has been poured in, and tenants can be built against it.

use std::sync::{Arc, OnceLock};

use crate::{
    budget::{
        ask::{self, Row},
        report,
    },
    builder::{meta::Naming, object::Object, scope::Built},
    components::{
        floor_plan::{self, APP_SECRETS, NETWORK_POLICIES},
        namespaces,
    },
    plan::{
        copies::{self, Needed},
        policies,
        projects::Kinds,
        waves::Waves,
    },
    platform::repository::Repository,
};

/// The platform, built and planned.
pub struct House {
    pub(in crate::compile) built: floor_plan::House,
    pub(in crate::compile) waves: Waves,
    pub(in crate::compile) copies: Vec<Needed>,
    /// The file that the spec was read from.
    pub(in crate::compile) file: Arc<str>,
    kinds: OnceLock<Arc<Kinds>>,
}

impl House {
    /// Pours in what follows from what was spent, then numbers the waves.
    pub(in crate::compile) fn new(mut built: floor_plan::House, file: Arc<str>) -> Self {
        let naming = Naming::Platform(built.platform.name.shared());
        let copies = copies::needed(&built.built);
        let sealed: Vec<Object> = copies
            .iter()
            .filter_map(|it| copies::sealed(it, &built.platform.sealed, &naming, APP_SECRETS))
            .map(Object::derived_custom)
            .collect();
        // A namespace gets its default deny once the components in it have declared their pods and flows.
        let is_fenced = |namespace: &str| built.built.iter().flat_map(|it| &it.pods).any(|pods| **pods.namespace() == *namespace);
        let policies: Vec<Object> = namespaces::NAMES
            .iter()
            .filter(|namespace| is_fenced(namespace))
            .flat_map(|namespace| policies::of_namespace(namespace, NETWORK_POLICIES, &naming, built.built.iter().flat_map(|it| &it.flows)))
            .map(Object::derived)
            .collect();
        for (name, objects) in [(APP_SECRETS, sealed), (NETWORK_POLICIES, policies)] {
            if let Some(it) = built.built.iter_mut().find(|it| &*it.name == name) {
                it.objects.extend(objects);
            }
        }
        let waves = Waves::of(&built.built);
        Self { built, waves, copies, file, kinds: OnceLock::new() }
    }

    /// Pours a tenant's own policies in.
    pub(in crate::compile) fn close_tenant(tenant: &mut Built) {
        let naming = Naming::Tenant(tenant.name.clone());
        let policies = policies::of_namespace(&tenant.namespace, &tenant.name, &naming, tenant.flows.iter());
        tenant.objects.extend(policies.into_iter().map(Object::derived));
    }

    /// One value for all tenants that have the same kinds: ten thousand sets would be the largest thing in memory.
    pub(in crate::compile) fn shared(&self, kinds: Kinds) -> Arc<Kinds> {
        match self.kinds.get() {
            Some(shared) if **shared == kinds => Arc::clone(shared),
            Some(_) => Arc::new(kinds),
            None => {
                let kinds = Arc::new(kinds);
                // Another thread may have been faster; then this one keeps its own, which says the same.
                let _ = self.kinds.set(Arc::clone(&kinds));
                kinds
            }
        }
    }

    /// The pods of the platform and of the cluster around it.
    pub(in crate::compile) fn rows(&self) -> Vec<Row> {
        let components = &self.built.platform.spec.components;
        let hosts: usize = self.built.built.iter().map(|it| it.certificates.len()).sum();
        let traefik = components.traefik.enabled.then(|| components.traefik.allotment());
        let own = self.built.built.iter().flat_map(ask::rows);
        own.chain(report::surroundings(traefik, u32::try_from(hosts).unwrap_or(u32::MAX))).collect()
    }

    /// The platform's name.
    pub fn name(&self) -> &str {
        &self.built.platform.name
    }

    /// The repository that ArgoCD reads.
    pub fn repository(&self) -> &Repository {
        &self.built.platform.spec.repository
    }
}
