//! The resource of a workspace as the cluster holds it: what a file of `spec/workspaces/` becomes
//! where an operator makes its objects.

use k8s_openapi::apimachinery::pkg::apis::meta::v1::ObjectMeta;
use serde::Serialize;
use serde_json::Value;

use crate::builder::object::CustomResource;

/// On a resource, the file that it comes from: who finds it in the cluster changes it there.
pub const SOURCE: &str = "espalier.dev/source";

/// Domains whose labels and annotations are nobody's own.
const RESERVED: [&str; 6] = [
    "aichatworkspace.io",
    "aichatworkspaces.io",
    "argoproj.io",
    "espalier.dev",
    "k8s.io",
    "kubernetes.io",
];

/// Whether a label or an annotation of a workspace belongs to Kubernetes, Argo CD or Espalier, and
/// not to its people.
pub fn is_reserved(key: &str) -> bool {
    let Some((domain, _)) = key.split_once('/') else { return false };
    RESERVED.iter().any(|reserved| {
        domain.strip_suffix(reserved).is_some_and(|it| it.is_empty() || it.ends_with('.'))
    })
}

/// A workspace.
#[derive(Serialize)]
pub struct WorkspaceResource {
    /// Name, namespace, labels and annotations.
    pub metadata: ObjectMeta,
    /// What the file says, and no default beside it: what nobody wrote can be improved later.
    pub spec: Value,
}

impl WorkspaceResource {
    /// The group of its API.
    pub fn group() -> &'static str {
        Self::API_VERSION.split('/').next().unwrap_or_default()
    }
}

impl CustomResource for WorkspaceResource {
    const API_VERSION: &'static str = "apps.aichatworkspaces.io/v1alpha1";
    const KIND: &'static str = "AIChatWorkspace";
    const PLURAL: &'static str = "aichatworkspaces";
    const IS_NAMESPACED: bool = true;
    fn metadata(&self) -> &ObjectMeta {
        &self.metadata
    }
}
