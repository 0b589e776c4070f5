//! Kinds whose CRDs come with a component or with k3s: narrow structs, only the fields that we
//! write.

pub mod argocd;
pub mod cert_manager;
pub mod definition;
pub mod helm;
pub mod prometheus;
pub mod sealed_secrets;
pub mod workspaces;
