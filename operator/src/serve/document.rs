//! A workspace as the API reads and writes it: the file, the resource and the body are one thing.

use std::collections::BTreeMap;

use espalier::{
    ConditionStatus, WorkspaceBudget, WorkspaceCondition, WorkspaceModel, WorkspaceStatus,
    is_reserved_key,
};
use schemars::JsonSchema;
use serde::Serialize;
use serde_json::{Map, Value, json};

use crate::cluster::marks::{REQUESTED_BY, SOURCE, TRACKED};

/// A workspace, as the API shows it.
#[derive(Debug, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
pub struct Workspace {
    /// Always `apps.aichatworkspaces.io/v1alpha1`.
    pub api_version: String,
    /// Always `AIChatWorkspace`.
    pub kind: String,
    /// Identifies it.
    pub metadata: Metadata,
    /// Desired state of the workspace.
    pub spec: Value,
    /// What is known of it. A body has none, and the YAML has none: it is the file.
    pub status: Told,
}

/// What identifies a workspace, and what its people say about it.
#[derive(Debug, Serialize, JsonSchema)]
#[schemars(rename = "WorkspaceMetadata")]
pub struct Metadata {
    /// Name of the resource.
    pub name: String,
    /// Labels with a prefix of the caller's own, or none.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub labels: BTreeMap<String, String>,
    /// Annotations with a prefix of the caller's own, or none.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub annotations: BTreeMap<String, String>,
}

/// What is known of a workspace.
#[derive(Debug, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
#[schemars(rename = "WorkspaceTold")]
pub struct Told {
    /// The version of the resource: its `ETag`, without quotes.
    pub resource_version: String,
    /// Tells it from another one of the same name.
    pub uid: String,
    /// Which form of its `spec` it is.
    pub generation: i64,
    /// The form that has been looked at.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub observed_generation: Option<i64>,
    /// When it was made, in RFC 3339.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub created_at: Option<String>,
    /// Who asked for its last change by the API.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub requested_by: Option<String>,
    /// Whether it is kept in Git, and the API only reads it.
    pub in_git: bool,
    /// The file that it is kept in.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub file: Option<String>,
    /// Whether it is being deleted.
    pub deleting: bool,
    /// Whether it serves.
    pub ready: bool,
    /// What holds of it.
    pub conditions: Vec<WorkspaceCondition>,
    /// Addresses at which it answers.
    pub urls: Vec<String>,
    /// What it takes of the nodes.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub budget: Option<WorkspaceBudget>,
    /// Its models.
    pub models: Vec<WorkspaceModel>,
}

fn text(value: &Value, pointer: &str) -> Option<String> {
    value.pointer(pointer).and_then(Value::as_str).map(str::to_owned)
}

/// Whether a resource is being deleted.
pub fn is_going(resource: &Value) -> bool {
    resource["metadata"]["deletionTimestamp"].is_string()
}

/// The version of a resource.
pub fn version(resource: &Value) -> &str {
    resource["metadata"]["resourceVersion"].as_str().unwrap_or_default()
}

/// The labels or annotations that are the caller's own, or all others.
fn entries(resource: &Value, field: &str, reserved: bool) -> BTreeMap<String, String> {
    let all = resource["metadata"][field].as_object().into_iter().flatten();
    let kept = all.filter(|(key, _)| is_reserved_key(key) == reserved);
    kept.filter_map(|(key, value)| Some((key.clone(), value.as_str()?.to_owned()))).collect()
}

fn metadata(resource: &Value) -> Metadata {
    Metadata {
        name: text(resource, "/metadata/name").unwrap_or_default(),
        labels: entries(resource, "labels", false),
        annotations: entries(resource, "annotations", false),
    }
}

/// The file that makes this resource.
pub fn file(resource: &Value) -> Value {
    json!({
        "apiVersion": "apps.aichatworkspaces.io/v1alpha1",
        "kind": "AIChatWorkspace",
        "metadata": metadata(resource),
        "spec": resource["spec"],
    })
}

/// The workspace, with what is known of it.
pub fn workspace(resource: &Value) -> Workspace {
    let status = resource.get("status").cloned().unwrap_or_default();
    let status: WorkspaceStatus = serde_json::from_value(status).unwrap_or_default();
    let is_true = |said: &WorkspaceCondition| said.status == ConditionStatus::True;
    let ready = status.conditions.iter().any(|it| it.type_ == "Ready" && is_true(it));
    let annotation = |key: &str| resource["metadata"]["annotations"][key].as_str();
    let told = Told {
        resource_version: version(resource).to_owned(),
        uid: text(resource, "/metadata/uid").unwrap_or_default(),
        generation: resource["metadata"]["generation"].as_i64().unwrap_or_default(),
        observed_generation: status.observed_generation,
        created_at: text(resource, "/metadata/creationTimestamp"),
        requested_by: annotation(REQUESTED_BY).map(str::to_owned),
        in_git: annotation(TRACKED).is_some(),
        file: annotation(SOURCE).map(str::to_owned),
        deleting: is_going(resource),
        ready,
        conditions: status.conditions,
        urls: status.urls,
        budget: status.budget,
        models: status.models,
    };
    Workspace {
        api_version: "apps.aichatworkspaces.io/v1alpha1".to_owned(),
        kind: "AIChatWorkspace".to_owned(),
        metadata: metadata(resource),
        spec: resource["spec"].clone(),
        status: told,
    }
}

/// The labels and annotations of a body that are not the caller's to write, as JSON Pointers.
pub fn reserved(body: &Value) -> Vec<String> {
    let mut all = Vec::new();
    for field in ["labels", "annotations"] {
        let keys = body["metadata"][field].as_object().into_iter().flatten().map(|it| it.0);
        for key in keys.filter(|it| is_reserved_key(it)) {
            all.push(format!("/metadata/{field}/{}", escaped(key)));
        }
    }
    all
}

/// A new resource.
pub fn created(body: &Value, user: &str) -> Value {
    let mut resource = file(body);
    resource["metadata"]["annotations"][REQUESTED_BY] = user.into();
    resource
}

/// A resource with the content of a body: what others have said about it stays.
pub fn replaced(current: &Value, body: &Value, user: &str) -> Value {
    let mut resource = current.clone();
    resource["spec"] = body["spec"].clone();
    for field in ["labels", "annotations"] {
        let mut all = entries(current, field, true);
        all.extend(entries(body, field, false));
        resource["metadata"][field] = json!(all);
    }
    resource["metadata"]["annotations"][REQUESTED_BY] = user.into();
    if let Some(map) = resource.as_object_mut() {
        map.remove("status");
    }
    resource
}

/// The file that keeps a resource, where Argo CD applies one.
pub fn kept_in_git(resource: &Value) -> Option<String> {
    let annotations = &resource["metadata"]["annotations"];
    annotations.get(TRACKED)?;
    let file = annotations[SOURCE].as_str();
    Some(file.map_or_else(|| "a file that Argo CD applies".to_owned(), |it| format!("`{it}`")))
}

fn escaped(key: &str) -> String {
    key.replace('~', "~0").replace('/', "~1")
}

/// JSON Pointers to what differs between two values: the highest place of each difference, and of
/// many the first ones.
pub fn differences(a: &Value, b: &Value) -> Vec<String> {
    let mut all = Vec::new();
    differ(a, b, "", &mut all);
    all.truncate(32);
    all
}

fn differ(a: &Value, b: &Value, at: &str, all: &mut Vec<String>) {
    if let (Value::Object(a), Value::Object(b)) = (a, b) {
        let keys: std::collections::BTreeSet<&String> = a.keys().chain(b.keys()).collect();
        for key in keys {
            let none = Value::Null;
            let (a, b) = (a.get(key).unwrap_or(&none), b.get(key).unwrap_or(&none));
            differ(a, b, &format!("{at}/{}", escaped(key)), all);
        }
    } else if a != b {
        all.push(at.to_owned());
    }
}

/// Merges a patch into a value, as RFC 7396 says.
pub fn merge(target: &mut Value, patch: &Value) {
    let Value::Object(patch) = patch else {
        *target = patch.clone();
        return;
    };
    if !target.is_object() {
        *target = Value::Object(Map::new());
    }
    let Some(target) = target.as_object_mut() else { return };
    for (key, value) in patch {
        if value.is_null() {
            target.remove(key);
        } else {
            merge(target.entry(key.clone()).or_insert(Value::Null), value);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn stored() -> Value {
        json!({
            "apiVersion": "apps.aichatworkspaces.io/v1alpha1",
            "kind": "AIChatWorkspace",
            "metadata": {
                "name": "a", "uid": "u", "resourceVersion": "7", "finalizers": ["f"],
                "labels": {"team": "a", "app.kubernetes.io/name": "b"},
                "annotations": {TRACKED: "x", SOURCE: "spec/workspaces/a.yaml", "note": "n"},
            },
            "spec": {"workspaceName": "a"},
            "status": {"conditions": []},
        })
    }

    #[test]
    fn whose_a_label_is() {
        for (key, expected) in [
            ("team", false),
            ("example.org/team", false),
            ("notkubernetes.io/team", false),
            ("kubernetes.io/team", true),
            ("app.kubernetes.io/name", true),
            ("espalier.dev/source", true),
            ("argocd.argoproj.io/tracking-id", true),
        ] {
            assert_eq!(is_reserved_key(key), expected, "{key}");
        }
    }

    #[test]
    fn a_file_has_nothing_of_the_server_s() {
        assert_eq!(
            file(&stored()),
            json!({
                "apiVersion": "apps.aichatworkspaces.io/v1alpha1",
                "kind": "AIChatWorkspace",
                "metadata": {"name": "a", "labels": {"team": "a"}, "annotations": {"note": "n"}},
                "spec": {"workspaceName": "a"},
            })
        );
    }

    #[test]
    fn what_others_say_about_it_stays() {
        let body = json!({"metadata": {"name": "a", "labels": {"room": "1"}}, "spec": {"x": 1}});
        let after = replaced(&stored(), &body, "ada");
        assert_eq!(
            after["metadata"]["labels"],
            json!({"room": "1", "app.kubernetes.io/name": "b"})
        );
        assert_eq!(
            after["metadata"]["annotations"],
            json!({TRACKED: "x", SOURCE: "spec/workspaces/a.yaml", REQUESTED_BY: "ada"})
        );
        assert_eq!(after["metadata"]["finalizers"], json!(["f"]));
        assert_eq!((&after["spec"], after.get("status")), (&json!({"x": 1}), None));
    }

    #[test]
    fn what_a_body_may_not_write() {
        let body = json!({"metadata": {"annotations": {SOURCE: "x", "a": "b"}}});
        assert_eq!(reserved(&body), ["/metadata/annotations/espalier.dev~1source"]);
    }

    /// The examples of RFC 7396.
    #[test]
    fn patches_are_merged_as_the_standard_says() {
        for (target, patch, expected) in [
            (json!({"a": "b"}), json!({"a": "c"}), json!({"a": "c"})),
            (json!({"a": "b"}), json!({"b": "c"}), json!({"a": "b", "b": "c"})),
            (json!({"a": "b"}), json!({"a": null}), json!({})),
            (json!({"a": "b", "b": "c"}), json!({"a": null}), json!({"b": "c"})),
            (json!({"a": ["b"]}), json!({"a": "c"}), json!({"a": "c"})),
            (json!({"a": "c"}), json!({"a": ["b"]}), json!({"a": ["b"]})),
            (
                json!({"a": {"b": "c"}}),
                json!({"a": {"b": "d", "c": null}}),
                json!({"a": {"b": "d"}}),
            ),
            (json!({"a": [{"b": "c"}]}), json!({"a": [1]}), json!({"a": [1]})),
            (json!(["a", "b"]), json!(["c", "d"]), json!(["c", "d"])),
            (json!({"a": "b"}), json!(["c"]), json!(["c"])),
            (json!({"a": "foo"}), json!(null), json!(null)),
            (json!({"a": "foo"}), json!("bar"), json!("bar")),
            (json!({"e": null}), json!({"a": 1}), json!({"e": null, "a": 1})),
            (json!([1, 2]), json!({"a": "b", "c": null}), json!({"a": "b"})),
            (json!({}), json!({"a": {"bb": {"ccc": null}}}), json!({"a": {"bb": {}}})),
        ] {
            let mut found = target.clone();
            merge(&mut found, &patch);
            assert_eq!(found, expected, "{target} and {patch}");
        }
    }

    #[test]
    fn differences_are_named_once() {
        let (a, b) = (json!({"x": {"y": 1, "z/": [1]}}), json!({"x": {"y": 1, "z/": [2]}, "w": 0}));
        assert_eq!(differences(&a, &b), ["/w", "/x/z~1"]);
        assert_eq!(differences(&a, &a), Vec::<String>::new());
    }
}
