//! One Kubernetes object, typed from the component to the bytes: no tree of values in between.

use std::{
    any::{Any, TypeId},
    fmt::Write,
    panic::Location,
};

use k8s_openapi::{
    ClusterResourceScope, Metadata, Resource, apimachinery::pkg::apis::meta::v1::ObjectMeta,
};
use serde::Serialize;

use crate::yaml::emit;

/// A kind whose CRD some component must install first. Deliberately not `k8s_openapi::Resource`, so
/// that an object enters a scope only together with a [`crate::builder::handle::CrdRef`].
pub trait CustomResource: Serialize + Send + Sync + 'static {
    /// `group/version`.
    const API_VERSION: &'static str;
    /// The kind, in Kubernetes' spelling.
    const KIND: &'static str;
    /// The kind in the API server's URLs.
    const PLURAL: &'static str;
    /// Whether its objects belong to a namespace.
    const IS_NAMESPACED: bool;
    /// Name, namespace, labels.
    fn metadata(&self) -> &ObjectMeta;
}

/// A kind whose CRD the cluster itself installs, before any Application:
/// [`crate::builder::cluster::Cluster`] gives the right to write it.
pub trait ClusterKind: CustomResource {}

/// What a rule or the emitter needs of any object; dyn-safe, so the emitter stays monomorphic.
trait Manifest: Send + Sync {
    fn metadata(&self) -> &ObjectMeta;
    fn emit(&self, out: &mut Vec<u8>);
    fn json(&self, out: &mut Vec<u8>);
    fn any(&self) -> &dyn Any;
    fn values(&self) -> &dyn erased_serde::Serialize;
}

struct Builtin<K>(K);

impl<K> Manifest for Builtin<K>
where
    K: Resource + Metadata<Ty = ObjectMeta> + Serialize + Send + Sync + 'static,
{
    fn metadata(&self) -> &ObjectMeta {
        self.0.metadata()
    }
    fn emit(&self, out: &mut Vec<u8>) {
        emit::document(out, &self.0);
    }
    fn json(&self, out: &mut Vec<u8>) {
        json(out, &self.0);
    }
    fn any(&self) -> &dyn Any {
        &self.0
    }
    fn values(&self) -> &dyn erased_serde::Serialize {
        &self.0
    }
}

struct Custom<K>(K);

impl<K: CustomResource> Manifest for Custom<K> {
    fn metadata(&self) -> &ObjectMeta {
        self.0.metadata()
    }
    fn emit(&self, out: &mut Vec<u8>) {
        emit::type_meta(out, K::API_VERSION, K::KIND);
        emit::document(out, &self.0);
    }
    fn json(&self, out: &mut Vec<u8>) {
        let (api_version, kind, body) = (K::API_VERSION, K::KIND, &self.0);
        json(out, &WithType { api_version, kind, body });
    }
    fn any(&self) -> &dyn Any {
        &self.0
    }
    fn values(&self) -> &dyn erased_serde::Serialize {
        &self.0
    }
}

/// A custom resource with the two fields that say what it is.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct WithType<'a, K> {
    api_version: &'static str,
    kind: &'static str,
    #[serde(flatten)]
    body: &'a K,
}

fn json(out: &mut Vec<u8>, body: &impl Serialize) {
    serde_json::to_writer(out, body).expect("the API's types are JSON, and memory takes all");
}

/// One Kubernetes object, and the line of Rust that made it.
pub struct Object {
    /// `v1` or `group/version`.
    pub api_version: &'static str,
    /// The kind.
    pub kind: &'static str,
    /// The kind in the API server's URLs.
    pub plural: &'static str,
    /// Whether objects of this kind belong to a namespace.
    pub is_namespaced: bool,
    /// Where it was added to its scope.
    pub made_at: &'static Location<'static>,
    body: Box<dyn Manifest>,
}

impl Object {
    pub(in crate::builder) fn builtin<K>(typed: K, made_at: &'static Location<'static>) -> Self
    where
        K: Resource + Metadata<Ty = ObjectMeta> + Serialize + Send + Sync + 'static,
    {
        Self {
            api_version: K::API_VERSION,
            kind: K::KIND,
            plural: K::URL_PATH_SEGMENT,
            is_namespaced: TypeId::of::<K::Scope>() != TypeId::of::<ClusterResourceScope>(),
            made_at,
            body: Box::new(Builtin(typed)),
        }
    }

    pub(in crate::builder) fn custom<K: CustomResource>(
        typed: K,
        made_at: &'static Location<'static>,
    ) -> Self {
        Self {
            api_version: K::API_VERSION,
            kind: K::KIND,
            plural: K::PLURAL,
            is_namespaced: K::IS_NAMESPACED,
            made_at,
            body: Box::new(Custom(typed)),
        }
    }

    /// An object that the plan derives: its handles are used already, so it needs no scope.
    #[track_caller]
    pub(crate) fn from_plan<K>(typed: K) -> Self
    where
        K: Resource + Metadata<Ty = ObjectMeta> + Serialize + Send + Sync + 'static,
    {
        Self::builtin(typed, Location::caller())
    }

    /// A derived custom resource: its CRD is there because its handle was used before.
    #[track_caller]
    pub(crate) fn from_plan_custom<K: CustomResource>(typed: K) -> Self {
        Self::custom(typed, Location::caller())
    }

    /// The object's labels, name and namespace.
    pub fn metadata(&self) -> &ObjectMeta {
        self.body.metadata()
    }

    /// `metadata.name`.
    pub fn name(&self) -> &str {
        self.metadata().name.as_deref().unwrap_or_default()
    }

    /// `metadata.namespace`; none for what belongs to the cluster.
    pub fn namespace(&self) -> Option<&str> {
        self.metadata().namespace.as_deref()
    }

    /// The API group; empty for the core group.
    pub fn group(&self) -> &'static str {
        self.api_version.split_once('/').map_or("", |(group, _)| group)
    }

    /// The typed view, for rules and tests. Costs a comparison of type ids, never a copy.
    pub fn get<K: 'static>(&self) -> Option<&K> {
        self.body.any().downcast_ref()
    }

    /// What it says, to be looked into by path; a custom resource leaves its API version and kind
    /// out.
    pub fn values(&self) -> &dyn erased_serde::Serialize {
        self.body.values()
    }

    /// Writes the YAML document, without header.
    pub fn emit(&self, out: &mut Vec<u8>) {
        self.body.emit(out);
    }

    /// Writes it as JSON, as the API server takes it.
    pub fn json(&self, out: &mut Vec<u8>) {
        self.body.json(out);
    }

    /// Its path at the API server: `/apis/apps/v1/namespaces/a-team/deployments/chat`.
    pub fn url(&self) -> String {
        let root = if self.group().is_empty() { "api" } else { "apis" };
        let namespace = self.namespace().map(|it| format!("/namespaces/{it}")).unwrap_or_default();
        format!("/{root}/{}{namespace}/{}/{}", self.api_version, self.plural, self.name())
    }

    /// Appends the path below its Application's folder: `<namespace|_cluster>/<kind>-<name>.yaml`.
    pub fn path(&self, into: &mut String) {
        path(into, self.group(), self.kind, self.namespace(), self.name());
    }
}

/// API groups whose kinds are known to have no namesake in another of them, so that the kind alone
/// names the file.
const PLAIN_GROUPS: [&str; 16] = [
    "",
    "admissionregistration.k8s.io",
    "apiextensions.k8s.io",
    "apps",
    "apps.aichatworkspaces.io",
    "batch",
    "policy",
    "networking.k8s.io",
    "rbac.authorization.k8s.io",
    "scheduling.k8s.io",
    "argoproj.io",
    "bitnami.com",
    "cert-manager.io",
    "helm.cattle.io",
    "monitoring.coreos.com",
    "traefik.io",
];

/// The path of an object, an injective function of its key, also where a file system folds case.
///
/// The namespace is part of it: one Application may hold the same kind and name in several
/// namespaces (sealed copies). A name may hold characters that file systems dislike
/// (`system:node`): they are written `_` and two hexadecimal digits, the underscore itself too.
pub fn path(into: &mut String, group: &str, kind: &str, namespace: Option<&str>, name: &str) {
    into.push_str(namespace.unwrap_or("_cluster"));
    into.push('/');
    let kind_at = into.len();
    into.push_str(kind);
    into[kind_at..].make_ascii_lowercase();
    if PLAIN_GROUPS.contains(&group) {
        into.push('-');
    } else {
        let _ = write!(into, "+{group}+");
    }
    let stands = |byte: u8| {
        byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-' || byte == b'.'
    };
    if name.bytes().all(stands) {
        into.push_str(name);
    } else {
        for byte in name.bytes() {
            if stands(byte) {
                into.push(char::from(byte));
            } else {
                let _ = write!(into, "_{byte:02x}");
            }
        }
    }
    into.push_str(".yaml");
}
