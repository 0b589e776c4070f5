//! A workspace's resource, as far as the operator reads it: what people wrote, and what it said
//! itself before.

use std::sync::Arc;

use espalier::{InventoryEntry, WorkspaceStatus};
use kube::core::DynamicObject;
use serde_json::{Value, json};

use crate::{
    cluster::{
        marks::{FINALIZER, FORMER_FINALIZER, SOURCE},
        records::{self, About},
    },
    hash,
};

/// The UID of a resource.
pub type Uid = Arc<str>;

/// A workspace's resource.
#[derive(Clone, Debug)]
pub struct Resource {
    /// Its UID.
    pub uid: Uid,
    /// Its name.
    pub name: Arc<str>,
    /// Its version.
    pub version: String,
    /// Which form of its spec it is.
    pub generation: i64,
    /// When it was made: the order in which workspaces are admitted.
    pub created: String,
    /// Whether it is being deleted.
    pub is_deleting: bool,
    /// Its finalizers.
    pub finalizers: Vec<String>,
    /// Whether it stands for a file of the tree.
    pub has_source: bool,
    /// What people wrote.
    pub written: Written,
    /// What was told of it last, without the inventory.
    pub status: WorkspaceStatus,
    /// What was told of it last, as a hash.
    pub told: u64,
}

/// What people wrote: `apiVersion`, `kind`, `metadata.name` and `spec`, as one text.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Written {
    text: Arc<str>,
    /// The hash of it.
    pub hash: u64,
}

impl Written {
    /// What stands in a resource.
    pub fn of(resource: &Value) -> Self {
        let kept = json!({
            "apiVersion": resource["apiVersion"],
            "kind": resource["kind"],
            "metadata": {"name": resource["metadata"]["name"]},
            "spec": resource["spec"],
        });
        let text = kept.to_string();
        Self { hash: hash::of(text.as_bytes()), text: text.into() }
    }

    /// The same, to be read.
    pub fn value(&self) -> Value {
        serde_json::from_str(&self.text).expect("it was written by this program")
    }
}

impl Resource {
    /// Reads what the API server has, and the inventory that was told of it.
    pub fn of(object: DynamicObject) -> Option<(Self, Vec<InventoryEntry>)> {
        let DynamicObject { types, metadata, mut data } = object;
        let types = types?;
        let name = metadata.name?;
        let written = Written::of(&json!({
            "apiVersion": types.api_version,
            "kind": types.kind,
            "metadata": {"name": name},
            "spec": data["spec"].take(),
        }));
        let mut status: WorkspaceStatus =
            serde_json::from_value(data["status"].take()).unwrap_or_default();
        let told = told(&status);
        let inventory = std::mem::take(&mut status.inventory);
        let annotations = metadata.annotations.unwrap_or_default();
        let resource = Self {
            uid: metadata.uid?.into(),
            name: name.into(),
            version: metadata.resource_version.unwrap_or_default(),
            generation: metadata.generation.unwrap_or_default(),
            created: metadata.creation_timestamp.map(|it| records::text(it.0)).unwrap_or_default(),
            is_deleting: metadata.deletion_timestamp.is_some(),
            finalizers: metadata.finalizers.unwrap_or_default(),
            has_source: annotations.contains_key(SOURCE),
            written,
            status,
            told,
        };
        Some((resource, inventory))
    }

    /// Whether it waits for this operator when it is deleted.
    pub fn is_held(&self) -> bool {
        self.finalizers.iter().any(|it| it == FINALIZER)
    }

    /// Whether it waits for the operator that was there before.
    pub fn is_held_by_former(&self) -> bool {
        self.finalizers.iter().any(|it| it == FORMER_FINALIZER)
    }

    /// What is said about it.
    pub fn about(&self) -> About<'_> {
        About { name: &self.name, uid: &self.uid }
    }

    /// Its place among those that were made before and after it.
    pub fn age(&self) -> Age {
        (self.created.clone(), self.uid.clone())
    }
}

/// When a resource was made; of those made in one second, the UID decides.
pub type Age = (String, Uid);

/// What was told, as a hash.
pub fn told(status: &WorkspaceStatus) -> u64 {
    hash::of(&serde_json::to_vec(status).expect("a status is JSON"))
}
