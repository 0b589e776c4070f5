//! How the API server in memory answers.

use std::collections::BTreeMap;

use bytes::Bytes;
use http::{Method, Response, StatusCode, request::Parts};
use http_body_util::Full;
use serde_json::{Value, json};

/// The namespace of the resources.
pub const NAMESPACE: &str = "workspaces";

/// What the API server has and does.
#[derive(Default)]
pub struct State {
    /// The resources, by their names.
    pub objects: BTreeMap<String, Value>,
    /// The last version that was given.
    pub version: u64,
    /// The requests so far: method and path.
    pub requests: Vec<String>,
    /// What the next write is refused with.
    pub refusal: Option<Value>,
    /// How many replacements somebody else is quicker than.
    pub races: usize,
    /// Whether it answers at all.
    pub is_down: bool,
    /// Whether it knows workspaces.
    pub is_undefined: bool,
}

/// A refusal, as Kubernetes has them.
pub fn status(code: u16, reason: &str, message: &str) -> Value {
    json!({
        "apiVersion": "v1", "kind": "Status", "status": "Failure",
        "code": code, "reason": reason, "message": message,
    })
}

/// The verbs of a role.
fn verbs(user: &str) -> &'static [&'static str] {
    match user {
        "viewer" => &["get", "list", "watch"],
        "editor" | "oidc:ada" => &["get", "list", "watch", "create", "update", "patch", "delete"],
        "admin" => &["get", "list", "watch", "create", "update", "patch", "delete", "deletedata"],
        _ => &[],
    }
}

impl State {
    /// Stores a resource under its next version.
    pub fn store(&mut self, name: &str, resource: &mut Value) {
        self.version += 1;
        let meta = &mut resource["metadata"];
        meta["resourceVersion"] = self.version.to_string().into();
        meta["namespace"] = NAMESPACE.into();
        if meta.get("uid").is_none() {
            meta["uid"] = format!("uid-{name}").into();
            meta["creationTimestamp"] = "2026-12-01T00:00:00Z".into();
            meta["generation"] = 1.into();
        }
        self.objects.insert(name.to_owned(), resource.clone());
    }

    fn listed(&self, query: &[(String, String)]) -> Value {
        let text = |key: &str| query.iter().find(|it| it.0 == key).map(|it| it.1.as_str());
        let after = text("continue").unwrap_or_default();
        if after == "old" {
            return status(410, "Expired", "the continue token is too old");
        }
        let limit: usize = text("limit").and_then(|it| it.parse().ok()).expect("a limit");
        let selected = self.objects.iter().filter(|(name, object)| {
            let fits = text("labelSelector").is_none_or(|said| {
                let (key, value) = said.split_once('=').expect("an equation");
                object["metadata"]["labels"][key] == value
            });
            fits && name.as_str() > after
        });
        let all: Vec<(&String, &Value)> = selected.collect();
        let page: Vec<&Value> = all.iter().take(limit).map(|it| it.1).collect();
        let mut metadata = json!({"resourceVersion": self.version.to_string()});
        if all.len() > limit {
            metadata["continue"] = all[limit - 1].0.as_str().into();
            metadata["remainingItemCount"] = (all.len() - limit).into();
        }
        json!({"kind": "AIChatWorkspaceList", "metadata": metadata, "items": page})
    }

    fn written(&mut self, parts: &Parts, name: Option<&str>, body: &[u8], is_dry: bool) -> Value {
        if let Some(refusal) = self.refusal.take() {
            return refusal;
        }
        let mut sent: Value = serde_json::from_slice(body).expect("JSON");
        let conflict = || status(409, "Conflict", "the object has been modified");
        match (&parts.method, name) {
            (&Method::POST, None) => {
                let name = sent["metadata"]["name"].as_str().expect("a name").to_owned();
                if self.objects.contains_key(&name) {
                    return status(409, "AlreadyExists", "it already exists");
                }
                if !is_dry {
                    self.store(&name, &mut sent);
                }
                sent
            }
            (&Method::PUT, Some(name)) => {
                let Some(there) = self.objects.get(name) else {
                    return status(404, "NotFound", "not found");
                };
                if self.races > 0 {
                    self.races -= 1;
                    let mut other = there.clone();
                    other["metadata"]["labels"]["raced"] = self.races.to_string().into();
                    self.store(name, &mut other);
                    return conflict();
                }
                let status = there.get("status").cloned();
                if there["metadata"]["resourceVersion"] != sent["metadata"]["resourceVersion"] {
                    return conflict();
                }
                if let Some(status) = status {
                    sent["status"] = status;
                }
                if !is_dry {
                    self.store(name, &mut sent);
                }
                sent
            }
            (&Method::DELETE, Some(name)) => {
                let Some(there) = self.objects.get(name) else {
                    return status(404, "NotFound", "not found");
                };
                let only = &sent["preconditions"];
                for field in ["uid", "resourceVersion"] {
                    if only[field] != there["metadata"][field] {
                        return conflict();
                    }
                }
                // The query is not read where there is a body.
                if sent["dryRun"] != json!(["All"]) {
                    self.objects.remove(name);
                }
                json!({"kind": "Status", "status": "Success"})
            }
            _ => status(405, "MethodNotAllowed", "no such method"),
        }
    }
}

fn review_token(sent: &Value) -> Value {
    let token = sent["spec"]["token"].as_str().expect("a token");
    let (name, audience) = match token {
        "expired" => ("", ""),
        "ordinary" => ("system:serviceaccount:a:b", "server"),
        "oidc" => ("oidc:ada", "server"),
        "elsewhere" => ("ada", "vault"),
        name => (name, "ours"),
    };
    let asked = sent["spec"]["audiences"].as_array().expect("audiences");
    let is_known = !name.is_empty() && asked.iter().any(|it| it == audience);
    let mut status = json!({"authenticated": is_known});
    if is_known {
        status["user"] = json!({"username": name, "groups": ["people"]});
        status["audiences"] = json!([audience]);
    }
    json!({"metadata": {}, "spec": sent["spec"], "status": status})
}

fn review_access(sent: &Value) -> Value {
    let user = sent["spec"]["user"].as_str().expect("a user");
    let attributes = &sent["spec"]["resourceAttributes"];
    assert_eq!(attributes["resource"], "aichatworkspaces");
    assert_eq!(attributes["namespace"], NAMESPACE);
    let verb = attributes["verb"].as_str().expect("a verb");
    let allowed = verbs(user).contains(&verb);
    json!({"metadata": {}, "spec": sent["spec"], "status": {"allowed": allowed}})
}

fn query(parts: &Parts) -> Vec<(String, String)> {
    let pairs = parts.uri.query().unwrap_or_default().split('&');
    let pairs = pairs.filter_map(|it| it.split_once('='));
    pairs.map(|(key, value)| (key.to_owned(), value.replace("%3D", "="))).collect()
}

/// The answer to a request.
pub fn answer(state: &mut State, parts: &Parts, body: &Bytes) -> Response<Full<Bytes>> {
    let path = parts.uri.path();
    state.requests.push(format!("{} {}", parts.method, parts.uri));
    let query = query(parts);
    let is_dry = query.iter().any(|it| it.0 == "dryRun");
    let all =
        format!("/apis/apps.aichatworkspaces.io/v1alpha1/namespaces/{NAMESPACE}/aichatworkspaces");
    let sent = || serde_json::from_slice::<Value>(body).expect("JSON");
    let answer = if state.is_down {
        status(500, "InternalError", "etcd is away")
    } else if path.ends_with("/tokenreviews") {
        review_token(&sent())
    } else if path.ends_with("/subjectaccessreviews") {
        review_access(&sent())
    } else if state.is_undefined {
        status(404, "NotFound", "the server could not find the requested resource")
    } else if path == "/version" {
        json!({"major": "1"})
    } else {
        let name = path.strip_prefix(&all).expect("a path of workspaces").strip_prefix('/');
        match (&parts.method, name) {
            (&Method::GET, None) => state.listed(&query),
            (&Method::GET, Some(name)) => {
                let found = state.objects.get(name).cloned();
                found.unwrap_or_else(|| status(404, "NotFound", "not found"))
            }
            _ => state.written(parts, name, body, is_dry),
        }
    };
    let code = if answer["status"] == "Failure" { answer["code"].as_u64() } else { None };
    let code = code.map_or(200, |it| u16::try_from(it).expect("a status"));
    let mut response = Response::new(Full::new(Bytes::from(answer.to_string())));
    *response.status_mut() = StatusCode::from_u16(code).expect("a status");
    response
}
