//! The resource of a workspace as the cluster holds it: what a file of `spec/workspaces/` becomes
//! where an operator makes its objects.

use k8s_openapi::apimachinery::pkg::apis::meta::v1::ObjectMeta;
use serde::Serialize;
use serde_json::Value;

use crate::builder::object::CustomResource;

/// A workspace.
#[derive(Serialize)]
pub struct WorkspaceResource {
    /// Name, namespace, labels and annotations.
    pub metadata: ObjectMeta,
    /// What the file says, and no default beside it: what nobody wrote can be improved later.
    pub spec: Value,
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
