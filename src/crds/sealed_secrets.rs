//! The sealed-secrets controller's `SealedSecret` (`bitnami.com/v1alpha1`).

use std::collections::BTreeMap;

use k8s_openapi::apimachinery::pkg::apis::meta::v1::ObjectMeta;
use serde::Serialize;

use crate::builder::object::CustomResource;

/// A Secret that only the controller can open.
#[derive(Serialize)]
pub struct SealedSecret {
    /// Name and namespace, which are sealed in.
    pub metadata: ObjectMeta,
    /// The rest.
    pub spec: SealedSecretSpec,
}

/// The body of a [`SealedSecret`].
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub struct SealedSecretSpec {
    /// Ciphertext by key.
    pub encrypted_data: BTreeMap<String, String>,
    /// What the Secret will look like.
    pub template: SecretTemplate,
}

/// What the Secret will look like.
#[derive(Serialize)]
pub struct SecretTemplate {
    /// Labels.
    pub metadata: ObjectMeta,
    /// Go templates over the opened values, by key.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub data: BTreeMap<&'static str, String>,
}

impl CustomResource for SealedSecret {
    const API_VERSION: &'static str = "bitnami.com/v1alpha1";
    const KIND: &'static str = "SealedSecret";
    const PLURAL: &'static str = "sealedsecrets";
    const IS_NAMESPACED: bool = true;
    fn metadata(&self) -> &ObjectMeta {
        &self.metadata
    }
}
