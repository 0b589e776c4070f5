//! An object that was read from a YAML file, as rules see it.

use std::panic::Location;

use k8s_openapi::{
    Metadata, Resource,
    api::{
        apps::v1::{DaemonSet, Deployment, StatefulSet},
        batch::v1::{CronJob, Job},
    },
    apimachinery::pkg::apis::meta::v1::ObjectMeta,
};
use serde::{Serialize, de::DeserializeOwned};
use serde_json::Value;

use super::object::{ObjectKey, ObjectView};
use crate::{
    builder::{object::Object, workload::Workload},
    diag::{diagnostic::Place, path::FieldPath},
    yaml::{scalars, source::Source},
};

/// An object in a file of its own.
pub struct ReadObject {
    source: Source,
    /// The object itself, if it makes pods.
    typed: Option<Object>,
}

impl ReadObject {
    /// Takes a file as an object.
    pub fn of(source: Source) -> Self {
        let value = &source.value;
        let typed = match value["kind"].as_str() {
            Some("CronJob") => read::<CronJob>(value),
            Some("DaemonSet") => read::<DaemonSet>(value),
            Some("Deployment") => read::<Deployment>(value),
            Some("Job") => read::<Job>(value),
            Some("StatefulSet") => read::<StatefulSet>(value),
            _ => None,
        };
        Self { source, typed }
    }
}

fn read<K>(value: &Value) -> Option<Object>
where
    K: Resource + Metadata<Ty = ObjectMeta> + Serialize + DeserializeOwned + Send + Sync + 'static,
{
    K::deserialize(value).ok().map(|it| Object::from_plan(it))
}

impl ObjectView for ReadObject {
    fn key(&self) -> ObjectKey<'_> {
        let value = &self.source.value;
        let version = value["apiVersion"].as_str().unwrap_or_default();
        ObjectKey {
            group: version.split_once('/').map_or("", |it| it.0),
            kind: value["kind"].as_str().unwrap_or_default(),
            namespace: value["metadata"]["namespace"].as_str(),
            name: value["metadata"]["name"].as_str().unwrap_or_default(),
        }
    }

    fn all(&self, path: &[&str]) -> Vec<Value> {
        scalars::at(&self.source.value, path)
    }

    fn workload(&self) -> Option<Workload<'_>> {
        self.typed.as_ref()?.workload()
    }

    fn place(&self) -> Place {
        let path = FieldPath::root().key("metadata").key("name");
        Place::Value { file: self.source.file.clone(), path }
    }

    fn made_at(&self) -> Option<&'static Location<'static>> {
        None
    }
}
