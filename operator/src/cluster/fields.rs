//! Who owns which field of an object: what tells a change of somebody else from our own, and how
//! such a change is taken back.

use std::hash::Hasher;

use k8s_openapi::apimachinery::pkg::apis::meta::v1::{FieldsV1, ManagedFieldsEntry, ObjectMeta};
use serde_json::{Map, Value, json};

use super::marks::MANAGER;
use crate::hash::Fnv;

/// Those of the cluster itself who write into objects of others: finalizers, the number of a
/// rollout, the volume of a claim.
const CONTROLLERS: [&str; 8] = [
    "cloud-controller-manager",
    "k3s",
    "kube-apiserver",
    "kube-controller-manager",
    "kube-scheduler",
    "kubelet",
    "local-path-provisioner",
    "rke2",
];

fn is_main(entry: &ManagedFieldsEntry) -> bool {
    entry.subresource.as_deref().unwrap_or_default().is_empty()
}

fn is_ours(entry: &ManagedFieldsEntry) -> bool {
    entry.manager.as_deref() == Some(MANAGER)
        && entry.operation.as_deref() == Some("Apply")
        && is_main(entry)
}

/// Whether an entry is of somebody who has no business in our objects.
fn is_stranger(entry: &ManagedFieldsEntry) -> bool {
    let manager = entry.manager.as_deref().unwrap_or_default();
    is_main(entry) && !is_ours(entry) && !CONTROLLERS.contains(&manager)
}

/// Whether somebody else owns a field.
pub fn has_strangers(meta: &ObjectMeta) -> bool {
    meta.managed_fields.iter().flatten().any(is_stranger)
}

/// Whether one of those who own a field is called so.
pub fn is_managed_by(meta: &ObjectMeta, manager: &str) -> bool {
    meta.managed_fields.iter().flatten().any(|it| it.manager.as_deref() == Some(manager))
}

/// Who owns which field, and the generation, as a number that is never 0: another one means that
/// somebody has changed the object. What the cluster's controllers and subresources write counts
/// not, with one exception: a field that they take from us is missing among ours.
pub fn fingerprint(meta: &ObjectMeta) -> u64 {
    let mut hash = Fnv::default();
    hash.write_i64(meta.generation.unwrap_or_default());
    for entry in meta.managed_fields.iter().flatten().filter(|it| is_ours(it) || is_stranger(it)) {
        hash.write(entry.manager.as_deref().unwrap_or_default().as_bytes());
        hash.write(entry.operation.as_deref().unwrap_or_default().as_bytes());
        if let Some(time) = &entry.time {
            hash.write_i64(time.0.as_second());
        }
        if let Some(fields) = &entry.fields_v1 {
            fold(&fields.0, &mut hash);
        }
        hash.write_u8(0xff);
    }
    hash.finish().max(1)
}

/// Takes a set of fields into the hash: keys are sorted, and no text is made of them.
fn fold(fields: &Value, hash: &mut Fnv) {
    let Value::Object(fields) = fields else { return };
    for (key, below) in fields {
        hash.write(key.as_bytes());
        hash.write_u8(b'{');
        fold(below, hash);
        hash.write_u8(b'}');
    }
}

/// The patch that makes the fields of all strangers ours, so that the next apply takes away what we
/// do not write. None where there are no strangers.
///
/// To drop their entries alone would leave their fields for ever: nobody would own them.
pub fn take(meta: &ObjectMeta) -> Option<Value> {
    let all = meta.managed_fields.as_ref()?;
    if !all.iter().any(is_stranger) {
        return None;
    }
    let version = meta.resource_version.clone()?;
    let (taken, kept): (Vec<_>, Vec<_>) =
        all.iter().cloned().partition(|it| is_ours(it) || is_stranger(it));
    let api_version = taken.iter().find(|it| is_ours(it)).or(taken.first())?.api_version.clone();
    let mut fields = Map::new();
    for entry in &taken {
        if let Some(FieldsV1(Value::Object(set))) = &entry.fields_v1 {
            merge(&mut fields, set);
        }
    }
    let ours = ManagedFieldsEntry {
        api_version,
        fields_type: Some("FieldsV1".to_owned()),
        fields_v1: Some(FieldsV1(Value::Object(fields))),
        manager: Some(MANAGER.to_owned()),
        operation: Some("Apply".to_owned()),
        subresource: None,
        time: taken.iter().filter_map(|it| it.time.clone()).max(),
    };
    let entries: Vec<ManagedFieldsEntry> = kept.into_iter().chain([ours]).collect();
    Some(json!([
        {"op": "test", "path": "/metadata/resourceVersion", "value": version},
        {"op": "replace", "path": "/metadata/managedFields", "value": entries},
    ]))
}

fn merge(into: &mut Map<String, Value>, from: &Map<String, Value>) {
    for (key, below) in from {
        match (into.get_mut(key), below) {
            (Some(Value::Object(there)), Value::Object(below)) => merge(there, below),
            (Some(_), _) => {}
            (None, below) => drop(into.insert(key.clone(), below.clone())),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn meta(entries: &Value) -> ObjectMeta {
        let written = json!({"resourceVersion": "7", "generation": 3, "managedFields": entries});
        serde_json::from_value(written).expect("metadata")
    }

    fn entry(manager: &str, operation: &str, fields: &Value) -> Value {
        json!({"manager": manager, "operation": operation, "apiVersion": "apps/v1",
            "fieldsType": "FieldsV1", "fieldsV1": fields, "time": "2026-12-01T00:00:00Z"})
    }

    #[test]
    fn what_a_stranger_added_becomes_ours() {
        let ours = entry(MANAGER, "Apply", &json!({"f:spec": {"f:replicas": {}}}));
        let theirs = entry("kubectl-edit", "Update", &json!({"f:spec": {"f:paused": {}}}));
        let status = json!({"manager": "kube-controller-manager", "operation": "Update",
            "subresource": "status", "fieldsV1": {"f:status": {}}});
        let meta = meta(&json!([ours, theirs, status]));
        let patch = take(&meta).expect("there is a stranger");
        assert_eq!(patch[0]["value"], "7");
        let entries = patch[1]["value"].as_array().expect("a list");
        assert_eq!(entries.len(), 2);
        assert_eq!(entries[0]["subresource"], "status");
        let both = json!({"f:spec": {"f:replicas": {}, "f:paused": {}}});
        assert_eq!(entries[1]["fieldsV1"], both);
        assert_eq!(
            (&entries[1]["manager"], &entries[1]["operation"]),
            (&json!(MANAGER), &json!("Apply"))
        );
    }

    #[test]
    fn nothing_is_taken_from_the_cluster_itself() {
        let ours = entry(MANAGER, "Apply", &json!({"f:spec": {}}));
        let theirs = entry("kube-controller-manager", "Update", &json!({"f:metadata": {}}));
        let with = meta(&json!([ours, theirs]));
        assert_eq!((take(&with), has_strangers(&with)), (None, false));
        assert_eq!(fingerprint(&with), fingerprint(&meta(&json!([ours]))));
    }

    #[test]
    fn a_change_of_anybody_else_shows() {
        let ours = entry(MANAGER, "Apply", &json!({"f:spec": {"f:a": {}, "f:b": {}}}));
        let less = entry(MANAGER, "Apply", &json!({"f:spec": {"f:a": {}}}));
        let theirs = entry("kubectl-edit", "Update", &json!({"f:spec": {"f:b": {}}}));
        let before = fingerprint(&meta(&json!([ours])));
        for after in [json!([less]), json!([less, theirs]), json!([ours, theirs]), json!([])] {
            assert_ne!(fingerprint(&meta(&after)), before, "{after}");
        }
    }
}
