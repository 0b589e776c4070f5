//! What a workspace becomes: its objects, each with the bytes that are applied.

use std::sync::LazyLock;

use espalier::{ApiKind, InventoryEntry, Object, Tenant, tenant_kinds};
use serde_json::{Value, json};

use crate::{
    cluster::{
        collection,
        marks::{MANAGED_BY, MANAGER, OWNER, RETAINED_AT},
    },
    hash,
    ledger::Key,
    resource::Uid,
};

/// All kinds of workspaces' objects, by their places.
pub static KINDS: LazyLock<[ApiKind; 16]> = LazyLock::new(tenant_kinds);

/// The place of a kind.
pub fn place(api_version: &str, kind: &str) -> Option<usize> {
    KINDS.iter().position(|it| it.api_version == api_version && it.kind == kind)
}

fn kind_of(name: &str) -> usize {
    KINDS.iter().position(|it| it.kind == name).expect("a workspace has such an object")
}

/// Whether objects of a kind are pruned: what holds data never is. Sealed values are, because a new
/// one has a new name.
pub fn may_prune(kind: usize) -> bool {
    !matches!(KINDS[kind].kind, "Namespace" | "PersistentVolumeClaim")
}

/// Whether a workspace that goes leaves objects of a kind behind, and what keeps pods from talking
/// and from starting until somebody takes the data over.
pub fn is_retained(kind: usize, name: &str, namespace: &str) -> bool {
    match KINDS[kind].kind {
        "Namespace" | "PersistentVolumeClaim" | "SealedSecret" => true,
        "NetworkPolicy" => name == "default-deny",
        "ResourceQuota" => name == quiet_name(namespace),
        _ => false,
    }
}

/// Whether a kind is one of pods' controllers.
fn is_workload(kind: &str) -> bool {
    matches!(kind, "Deployment" | "StatefulSet")
}

/// An object that is made.
#[derive(Clone, Debug)]
pub struct Made {
    /// Which one it is.
    pub key: Key,
    /// In which step it is applied.
    pub step: usize,
    /// Its path at the API server.
    pub path: String,
    /// The bytes that are applied.
    pub body: Vec<u8>,
    /// The hash of them.
    pub hash: u64,
    /// Whether pods follow from it.
    pub is_workload: bool,
    /// Its name.
    pub name: String,
}

impl Made {
    /// Its kind.
    pub fn kind(&self) -> &'static ApiKind {
        &KINDS[usize::from(self.key.kind)]
    }

    fn of(step: usize, object: Object<'_>, body: Vec<u8>) -> Self {
        let kind = place(object.api_version(), object.kind()).expect("a test holds the kinds");
        Self {
            key: Key::of(kind, object.name()),
            step,
            path: object.url(),
            hash: hash::of(&body),
            body,
            is_workload: is_workload(object.kind()),
            name: object.name().to_owned(),
        }
    }

    /// As it is told.
    pub fn entry(&self) -> InventoryEntry {
        InventoryEntry {
            api_version: self.kind().api_version.to_owned(),
            kind: self.kind().kind.to_owned(),
            name: self.name.clone(),
            generation: None,
            applied: None,
            fields: None,
        }
    }
}

/// All objects of a workspace, in the order in which they are applied: the bytes of the tree, and
/// on the namespace whose it is.
pub fn all(tenant: &Tenant, owner: &Uid) -> Vec<Made> {
    let mut made = Vec::new();
    for (step, objects) in tenant.steps().enumerate() {
        for object in objects {
            let body = if object.kind() == "Namespace" {
                let mut body: Value =
                    serde_json::from_slice(&object.json()).expect("an object is JSON");
                body["metadata"]["annotations"][OWNER] = (&**owner).into();
                body.to_string().into_bytes()
            } else {
                object.yaml()
            };
            made.push(Made::of(step, object, body));
        }
    }
    made
}

fn quiet_name(namespace: &str) -> String {
    format!("{namespace}-retained")
}

/// Keeps pods from starting: its path, and what is applied.
pub fn quiet(namespace: &str) -> (String, Vec<u8>) {
    let name = quiet_name(namespace);
    let body = json!({
        "apiVersion": "v1",
        "kind": "ResourceQuota",
        "metadata": {"name": name, "namespace": namespace, "labels": {MANAGED_BY: MANAGER}},
        "spec": {"hard": {"pods": "0"}},
    });
    let path = format!("{}/{name}", collection(&KINDS[kind_of("ResourceQuota")], namespace));
    (path, body.to_string().into_bytes())
}

/// The patch that says of a namespace that its workspace is gone.
pub fn retain(uid: &str, owner: &str, now: &str) -> Value {
    let escaped = |key: &str| format!("/metadata/annotations/{}", key.replace('/', "~1"));
    json!([
        {"op": "test", "path": "/metadata/uid", "value": uid},
        {"op": "test", "path": escaped(OWNER), "value": owner},
        {"op": "add", "path": escaped(RETAINED_AT), "value": now},
    ])
}
