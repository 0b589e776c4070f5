//! What any tenant's Application may ever make: the kinds of a workspace's objects.

use k8s_openapi::api::{
    core::v1::{LimitRange, Namespace, ResourceQuota},
    rbac::v1::RoleBinding,
};

use crate::{
    builder::{
        kinds,
        may_make::MayMake,
        traefik::{IngressRoute, Middleware},
    },
    crds::sealed_secrets::SealedSecret,
};

/// What the names of the tenants' Applications begin with; none of the platform's does.
pub const PREFIX: &str = "ws-";

/// What any tenant's Application may ever make, in the tenant's own namespace.
pub const MAY_MAKE: MayMake = MayMake::in_namespace(
    PREFIX,
    &[],
    &[
        kinds::of_cluster::<Namespace>(""),
        kinds::namespaced::<ResourceQuota>(),
        kinds::namespaced::<LimitRange>(),
        kinds::namespaced::<RoleBinding>(),
        kinds::CONFIG_MAP,
        kinds::PERSISTENT_VOLUME_CLAIM,
        kinds::SERVICE,
        kinds::SERVICE_ACCOUNT,
        kinds::DEPLOYMENT,
        kinds::STATEFUL_SET,
        kinds::INGRESS,
        kinds::namespaced_custom::<IngressRoute>(),
        kinds::namespaced_custom::<Middleware>(),
        kinds::namespaced_custom::<SealedSecret>(),
        kinds::NETWORK_POLICY,
        kinds::POD_DISRUPTION_BUDGET,
    ],
);
