//! What is said of each operation and each parameter.

use serde_json::{Value, json};

use super::examples;
use crate::serve::operations::Operation;

/// What the API is.
pub const ABOUT: &str = "Workspaces of an AI chat platform: made, read, changed and deleted \
    without kubectl. A body, a resource of the cluster and a file of `spec/workspaces/` are one \
    thing; it is JSON or YAML. Whatever a caller may do, the cluster's roles say. Problems are as \
    RFC 9457 has them. Within `/v1`, no field is ever taken away.";

/// How people show who they are.
pub const TOKEN: &str = "A token of a ServiceAccount that was made for this API (`kubectl create \
    token NAME --audience=aichat-workspace-api`), or one of the platform's OIDC issuer.";

/// What is said of an operation.
pub struct Words {
    /// Its name, for programs.
    pub id: &'static str,
    /// What it does, in a few words.
    pub summary: &'static str,
    /// What it does.
    pub description: &'static str,
}

/// What is said of an operation.
pub fn of(operation: Operation) -> Words {
    let (id, summary, description) = match operation {
        Operation::List => (
            "listWorkspaces",
            "All workspaces",
            "A page of workspaces. With `ready`, those of the page that are, or are not: a page \
             may have fewer than `limit`, and others follow while there is `continue`.",
        ),
        Operation::Create => (
            "createWorkspace",
            "Makes a workspace",
            "Nothing is written where it has errors or no room. An administrator's password is \
             sealed in memory: only its ciphertext is stored.",
        ),
        Operation::Read => (
            "readWorkspace",
            "One workspace",
            "As JSON, with what is known of it; as YAML, the file that makes it.",
        ),
        Operation::Replace => (
            "replaceWorkspace",
            "Makes or replaces a workspace",
            "One that is equal writes nothing. A replacement wants `If-Match`; with \
             `If-None-Match: *` it only makes what is not there. Where there is none, the verb \
             `create` is wanted as well.",
        ),
        Operation::Patch => (
            "patchWorkspace",
            "Changes fields of a workspace",
            "A merge patch (RFC 7396): `null` takes a field away, a list replaces a list.",
        ),
        Operation::Delete => (
            "deleteWorkspace",
            "Deletes a workspace",
            "Its data stays, until `restore` of another workspace takes it over. With \
             `data=delete` it goes as well: that wants the name once more, and the verb \
             `deletedata`.",
        ),
        Operation::Suspend => (
            "suspendWorkspace",
            "Lays a workspace to rest",
            "It has no pods and takes no room; its data stays.",
        ),
        Operation::Resume => (
            "resumeWorkspace",
            "Has a workspace run again",
            "Nothing is written where there is no room for it.",
        ),
        Operation::Manifests => (
            "readManifests",
            "What a workspace becomes",
            "Its objects, as they are applied. What is secret is sealed in them.",
        ),
        Operation::Validate => (
            "validateWorkspace",
            "What would be wrong with a workspace",
            "By the compiler, by the room that is left and by the API server. Nothing is written.",
        ),
        Operation::Room => (
            "readRoom",
            "What the nodes have room for",
            "What they give, what is taken, and how many more workspaces of a size fit.",
        ),
        Operation::Models => (
            "listModels",
            "The models that a workspace can have",
            "Each with the memory that a workspace's own Ollama gets for it alone. What several \
             take together, `readRoom` says.",
        ),
    };
    Words { id, summary, description }
}

/// A parameter of the query.
pub fn parameter(name: &str) -> Value {
    let text = json!({"type": "string"});
    let switch = json!({"type": "boolean"});
    let (description, schema, example) = match name {
        "admission" => (
            "`wait`: where there is no room, it is made and waits until there is.",
            json!({"enum": ["now", "wait"], "default": "now"}),
            json!("wait"),
        ),
        "confirm" => ("The name once more, for `data=delete`.", text, json!(examples::NAME)),
        "continue" => ("What the last page said.", text, Value::Null),
        "data" => (
            "What becomes of its data.",
            json!({"enum": ["delete", "retain"], "default": "retain"}),
            json!("retain"),
        ),
        "dryRun" => ("Whether nothing is written.", switch, json!(true)),
        "labelSelector" => {
            ("Labels that they bear, as kubectl takes them.", text, json!("department=research"))
        }
        "limit" => (
            "At most so many.",
            json!({"type": "integer", "minimum": 1, "maximum": 500, "default": 100}),
            json!(50),
        ),
        "models" => (
            "Models of one more workspace, with a comma between them.",
            text,
            json!("llama3.2:1b-instruct-q4_K_M"),
        ),
        _ => ("Whether they are ready.", switch, json!(true)),
    };
    let mut made =
        json!({"name": name, "in": "query", "description": description, "schema": schema});
    if !example.is_null() {
        made["example"] = example;
    }
    made
}

/// The headers that an operation reads.
pub fn headers(operation: Operation) -> &'static [&'static str] {
    match operation {
        Operation::List | Operation::Read | Operation::Models => &["If-None-Match"],
        Operation::Replace => &["If-Match", "If-None-Match"],
        Operation::Patch | Operation::Delete | Operation::Suspend | Operation::Resume => {
            &["If-Match"]
        }
        Operation::Create | Operation::Manifests | Operation::Validate | Operation::Room => &[],
    }
}

/// A header.
pub fn header(name: &str) -> Value {
    let description = match name {
        "If-Match" => "The `ETag` of the version that is meant, or `*` for any.",
        _ => "The `ETag` of a version that the caller has, or `*` for any.",
    };
    json!({
        "name": name, "in": "header", "description": description, "schema": {"type": "string"},
    })
}
