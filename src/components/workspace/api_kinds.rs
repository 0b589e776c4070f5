//! The kinds of a workspace's objects, as the API server's URLs have them: what an operator
//! watches, and may write.

use std::any::TypeId;

use k8s_openapi::{
    ClusterResourceScope, Resource,
    api::{
        apps::v1::{Deployment, StatefulSet},
        core::v1::{
            ConfigMap, LimitRange, Namespace, PersistentVolumeClaim, ResourceQuota, Service,
            ServiceAccount,
        },
        networking::v1::{Ingress, NetworkPolicy},
        policy::v1::PodDisruptionBudget,
        rbac::v1::RoleBinding,
    },
};

use crate::{
    builder::{
        object::CustomResource,
        traefik::{IngressRoute, Middleware},
    },
    crds::sealed_secrets::SealedSecret,
};

/// A kind, as the API server's URLs have it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ApiKind {
    /// `v1` or `group/version`.
    pub api_version: &'static str,
    /// The kind.
    pub kind: &'static str,
    /// The kind in URLs: `deployments`.
    pub plural: &'static str,
    /// Whether its objects belong to a namespace.
    pub is_namespaced: bool,
    /// Whether Kubernetes itself has it; otherwise a definition must be installed first.
    pub is_builtin: bool,
}

fn builtin<K: Resource>() -> ApiKind
where
    K::Scope: 'static,
{
    ApiKind {
        api_version: K::API_VERSION,
        kind: K::KIND,
        plural: K::URL_PATH_SEGMENT,
        is_namespaced: TypeId::of::<K::Scope>() != TypeId::of::<ClusterResourceScope>(),
        is_builtin: true,
    }
}

fn custom<K: CustomResource>() -> ApiKind {
    ApiKind {
        api_version: K::API_VERSION,
        kind: K::KIND,
        plural: K::PLURAL,
        is_namespaced: K::IS_NAMESPACED,
        is_builtin: false,
    }
}

/// Every kind that a workspace's objects may have: those that Argo CD may make (`may_make`).
pub fn all() -> [ApiKind; 16] {
    [
        builtin::<Namespace>(),
        builtin::<ResourceQuota>(),
        builtin::<LimitRange>(),
        builtin::<RoleBinding>(),
        builtin::<ConfigMap>(),
        builtin::<PersistentVolumeClaim>(),
        builtin::<Service>(),
        builtin::<ServiceAccount>(),
        builtin::<Deployment>(),
        builtin::<StatefulSet>(),
        builtin::<Ingress>(),
        custom::<IngressRoute>(),
        custom::<Middleware>(),
        custom::<SealedSecret>(),
        builtin::<NetworkPolicy>(),
        builtin::<PodDisruptionBudget>(),
    ]
}

#[cfg(test)]
mod tests {
    use super::all;
    use crate::{components::workspace::may_make::MAY_MAKE, facts::charts::ObjectKind};

    #[test]
    fn it_is_what_argo_cd_is_told() {
        let told = MAY_MAKE.kinds.iter().map(|kind| match *kind {
            ObjectKind::Namespaced(group, kind) => (group, kind, true),
            ObjectKind::Cluster(group, kind, _) => (group, kind, false),
        });
        let group = |version: &'static str| version.split_once('/').map_or("", |it| it.0);
        let ours = all().map(|it| (group(it.api_version), it.kind, it.is_namespaced));
        assert_eq!(told.collect::<Vec<_>>(), ours);
    }
}
