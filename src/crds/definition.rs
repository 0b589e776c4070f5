//! Kubernetes' own `CustomResourceDefinition` (`apiextensions.k8s.io/v1`), as far as we write one.
//!
//! The API's type holds bounds as floating-point numbers, which the API server writes as whole ones
//! where they are; these are whole from the beginning.

use std::collections::BTreeMap;

use k8s_openapi::apimachinery::pkg::apis::meta::v1::ObjectMeta;
use serde::{Deserialize, Serialize};

use crate::builder::object::{ClusterKind, CustomResource};

/// A new kind.
#[derive(Serialize)]
pub struct CustomResourceDefinition {
    /// Name: plural and group.
    pub metadata: ObjectMeta,
    /// The rest.
    pub spec: DefinitionSpec,
}

/// The body of a [`CustomResourceDefinition`].
#[derive(Serialize)]
pub struct DefinitionSpec {
    /// The API group.
    pub group: &'static str,
    /// What the kind is called.
    pub names: Names,
    /// `Namespaced` or `Cluster`.
    pub scope: &'static str,
    /// Its versions.
    pub versions: Vec<Version>,
}

/// What a kind is called.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Names {
    /// The kind.
    pub kind: &'static str,
    /// The kind of a list of them.
    pub list_kind: &'static str,
    /// In URLs.
    pub plural: &'static str,
    /// On command lines.
    pub singular: &'static str,
}

/// One version.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Version {
    /// Its name.
    pub name: &'static str,
    /// What `kubectl get` shows.
    pub additional_printer_columns: Vec<Column>,
    /// What it holds.
    pub schema: Validation,
    /// Whether the API server answers for it.
    pub served: bool,
    /// Whether it is the one that is stored.
    pub storage: bool,
    /// What of it has a URL of its own.
    pub subresources: Subresources,
}

/// A column of `kubectl get`.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Column {
    /// Its heading.
    pub name: &'static str,
    /// `string` or `date`.
    #[serde(rename = "type")]
    pub type_: &'static str,
    /// Where it is in the resource.
    pub json_path: &'static str,
}

/// What a version holds.
#[derive(Serialize)]
pub struct Validation {
    /// The schema of the whole resource.
    #[serde(rename = "openAPIV3Schema")]
    pub schema: StructuralSchema,
}

/// What of a resource has a URL of its own.
#[derive(Serialize)]
pub struct Subresources {
    /// The status, which only its operator writes.
    pub status: Empty,
}

/// An empty map, which means something by being there.
#[derive(Serialize)]
pub struct Empty {}

/// A structural schema. Whatever it has no field for has no place in one.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize, Serialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
pub struct StructuralSchema {
    /// The type; none for an amount, which is a text or a number.
    #[serde(rename = "type", skip_serializing_if = "Option::is_none")]
    pub type_: Option<String>,
    /// What `kubectl explain` shows.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub description: Option<String>,
    /// The words that there are.
    #[serde(rename = "enum", skip_serializing_if = "Vec::is_empty")]
    pub words: Vec<String>,
    /// What kind of number or text it is.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub format: Option<String>,
    /// Of a list: each item.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub items: Option<Box<Self>>,
    /// The most items.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub max_items: Option<u64>,
    /// The most characters.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub max_length: Option<u64>,
    /// The largest number.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub maximum: Option<u64>,
    /// The fewest items.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub min_items: Option<u64>,
    /// The fewest characters.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub min_length: Option<u64>,
    /// The smallest number.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub minimum: Option<u64>,
    /// What a text looks like.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub pattern: Option<String>,
    /// Of an object: its fields.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub properties: BTreeMap<String, Self>,
    /// The fields that must be there.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub required: Vec<String>,
    /// Whether it is a text or a number.
    #[serde(rename = "x-kubernetes-int-or-string", skip_serializing_if = "is_false")]
    pub int_or_string: bool,
    /// What tells the items of a list apart.
    #[serde(rename = "x-kubernetes-list-map-keys", skip_serializing_if = "Vec::is_empty")]
    pub list_map_keys: Vec<String>,
    /// How two owners share a list.
    #[serde(rename = "x-kubernetes-list-type", skip_serializing_if = "Option::is_none")]
    pub list_type: Option<String>,
    /// What else has to be true.
    #[serde(rename = "x-kubernetes-validations", skip_serializing_if = "Vec::is_empty")]
    pub validations: Vec<ValidationRule>,
}

/// An expression of CEL that has to be true.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize, Serialize)]
pub struct ValidationRule {
    /// What is said if it is not.
    pub message: String,
    /// The expression.
    pub rule: String,
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde asks for it")]
fn is_false(value: &bool) -> bool {
    !value
}

impl CustomResource for CustomResourceDefinition {
    const API_VERSION: &'static str = "apiextensions.k8s.io/v1";
    const KIND: &'static str = "CustomResourceDefinition";
    const PLURAL: &'static str = "customresourcedefinitions";
    const IS_NAMESPACED: bool = false;
    fn metadata(&self) -> &ObjectMeta {
        &self.metadata
    }
}

// Every API server has it.
impl ClusterKind for CustomResourceDefinition {}
