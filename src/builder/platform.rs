//! The builder of a platform while its floor plan runs, and of a tenant, which is built alone.

use std::sync::Arc;

use super::{
    cluster::ClusterFacts,
    component::BuiltComponent,
    handle::{AppId, Contribution, Contributions, CrdRef, HostRef, NamespaceRef},
    may_make::MayMake,
    meta::Naming,
    object::CustomResource,
    scope::Scope,
};
use crate::names::Host;

/// The platform while its floor plan runs.
pub struct PlatformBuilder {
    naming: Naming,
    cluster: ClusterFacts,
    built: Vec<BuiltComponent>,
    contributed: Vec<Contribution>,
}

impl PlatformBuilder {
    /// A builder without components, for the platform of that name.
    pub fn new(platform: &str, cluster: ClusterFacts) -> Self {
        Self {
            naming: Naming::Platform(platform.into()),
            cluster,
            built: Vec::new(),
            contributed: Vec::new(),
        }
    }

    /// Builds one Application, which has declared what it may ever make. What it needs are handles,
    /// so it can only use what was built before.
    pub fn build<O>(
        &mut self,
        application: &MayMake,
        namespace: &NamespaceRef,
        build: impl FnOnce(&mut Scope<'_>) -> O,
    ) -> O {
        // A floor plan is written by hand: it cannot grow by 65,536 calls.
        let id = AppId(u16::try_from(self.built.len()).unwrap_or(u16::MAX));
        let mut scope = Scope::new(
            Some(id),
            (self.naming.clone(), self.cluster.clone()),
            application.application,
            namespace,
            &mut self.contributed,
        );
        let offers = build(&mut scope);
        let mut built = scope.done();
        // Whatever waits for nothing else waits for the first Application, which makes the
        // projects.
        if built.after.is_empty() && id.0 > 0 {
            built.after.insert(AppId(0));
        }
        self.built.push(built);
        offers
    }

    /// A public host, handed out once.
    pub fn host(&mut self, host: &Host) -> HostRef {
        HostRef { host: host.clone() }
    }

    /// The right to write a kind that the cluster itself brings (k3s installs the CRD).
    pub fn crd_of_cluster<K: CustomResource>(&self) -> CrdRef<K> {
        CrdRef::new(None)
    }

    /// No component that contributes can be built after this: [`ClosedBuilder`] has no way to build
    /// one.
    pub fn close(self) -> (ClosedBuilder, Contributions) {
        (ClosedBuilder { built: self.built }, Contributions(self.contributed))
    }
}

/// The builder after the last contribution.
pub struct ClosedBuilder {
    built: Vec<BuiltComponent>,
}

impl ClosedBuilder {
    /// All components, in build order, which is a topological order.
    pub fn finish(self) -> Vec<BuiltComponent> {
        self.built
    }
}

/// Builds one tenant by itself, in a namespace of its own. Its contributions are dropped: the
/// platform makes them once, for all.
pub fn tenant<O>(
    workspace: &str,
    cluster: ClusterFacts,
    build: impl FnOnce(&mut Scope<'_>) -> O,
) -> (O, BuiltComponent) {
    let mut none = Vec::new();
    let namespace = NamespaceRef { owner: None, name: workspace.into() };
    let naming = Naming::Tenant(Arc::from(workspace));
    let mut scope = Scope::new(None, (naming, cluster), workspace, &namespace, &mut none);
    let offers = build(&mut scope);
    (offers, scope.done())
}
