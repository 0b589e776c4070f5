//! What people do in the small world.

use serde_json::{Value, json};

use super::{NAMES, World, kind};
use crate::{
    cluster::marks::{MANAGED_BY, MANAGER, OWNER},
    resource::Uid,
};

impl World {
    pub(super) fn edit(&mut self, which: u8) {
        let Some(id) = self.pick(which) else { return };
        let mut thing = self.things[&id].clone();
        let entries = thing.meta["managedFields"].as_array_mut().expect("a list");
        entries.push(json!({"manager": "kubectl-edit", "operation": "Update",
            "fieldsV1": {"f:x": {}}}));
        self.put(&id, thing.meta, 666, "");
    }

    pub(super) fn stray(&mut self, which: u8, is_ours: bool) {
        let name = NAMES[usize::from(which) % NAMES.len()].to_owned();
        if !self.things.contains_key(&(kind("Namespace"), name.clone(), name.clone())) {
            return;
        }
        let labels = if is_ours { json!({MANAGED_BY: MANAGER}) } else { json!({"a": "b"}) };
        let id = (kind("ConfigMap"), name, format!("stray-{is_ours}-{}", which % 3));
        self.put(&id, json!({ "labels": labels }), 5, "kubectl");
        if !is_ours && !self.strangers.contains(&id) {
            self.strangers.push(id);
        }
    }

    pub(super) fn respec(&mut self, which: u8, change: impl FnOnce(&mut Value)) {
        let Some(uid) = self.resource(which) else { return };
        let resource = self.resources.get_mut(&uid).expect("it is there");
        change(&mut resource["spec"]);
        let generation = resource["metadata"]["generation"].as_i64().expect("a number");
        resource["metadata"]["generation"] = (generation + 1).into();
        self.learn(&uid);
    }

    pub(super) fn create(&mut self, which: u8) {
        let name = NAMES[usize::from(which) % NAMES.len()];
        if self.resources.values().any(|it| it["metadata"]["name"] == name) {
            return;
        }
        self.version += 1;
        let uid: Uid = format!("r{}", self.version).into();
        let on_delete = if which % 4 < 2 { "Retain" } else { "Delete" };
        let kept = self.things.get(&(kind("Namespace"), name.to_owned(), name.to_owned()));
        let restore = kept.map(|it| it.meta["annotations"][OWNER].clone());
        let mut spec = json!({"workspaceName": name, "workspaceENV": "dev", "onDelete": on_delete,
            "models": ["qwen2.5:0.5b"]});
        if let Some(restore) = restore.filter(Value::is_string) {
            spec["restore"] = restore;
        }
        self.resources.insert(
            uid.clone(),
            json!({"apiVersion": "apps.aichatworkspaces.io/v1alpha1", "kind": "AIChatWorkspace",
                "metadata": {"name": name, "uid": *uid, "generation": 1, "resourceVersion": "1",
                    "creationTimestamp": "2026-12-01T00:00:00Z"},
                "spec": spec}),
        );
        self.learn(&uid);
    }

    pub(super) fn delete(&mut self, which: u8) {
        let Some(uid) = self.resource(which) else { return };
        let resource = self.resources.get_mut(&uid).expect("it is there");
        let finalizers = resource["metadata"]["finalizers"].as_array().map_or(0, Vec::len);
        if finalizers == 0 {
            self.resources.remove(&uid);
            self.fleet.forget(&uid);
            return;
        }
        resource["metadata"]["deletionTimestamp"] = "2026-12-01T00:00:00Z".into();
        self.learn(&uid);
    }
}
