//! Examples of requests: a test sends each of them.

use serde_json::{Value, json};

use crate::serve::operations::Operation;

/// The name in all of them.
pub const NAME: &str = "my-team";

fn workspace(more: &[(&str, Value)]) -> Value {
    let mut workspace = json!({
        "apiVersion": "apps.aichatworkspaces.io/v1alpha1",
        "kind": "AIChatWorkspace",
        "metadata": {"name": NAME, "labels": {"department": "research"}},
        "spec": {
            "workspaceName": NAME,
            "workspaceENV": "dev",
            "models": ["llama3.2:1b-instruct-q4_K_M"],
        },
    });
    for (key, value) in more {
        workspace["spec"][key] = value.clone();
    }
    workspace
}

/// The bodies of an operation, by their names.
pub fn bodies(operation: Operation) -> Value {
    let small = ("small", "For a developer's own computer", workspace(&[]));
    let password = json!({"email": "ada@example.org", "password": "correct horse battery staple"});
    let sealed = [("workspaceENV", "prod".into()), ("administrator", password)];
    let administered = ("administered", "With a first administrator", workspace(&sealed));
    let members = json!([{"kind": "Group", "name": "team-a"}]);
    let larger = [("members", members), ("onDelete", "Retain".into())];
    let shared = ("shared", "With people who may look at it", workspace(&larger));
    let all = match operation {
        Operation::Create => vec![small, administered],
        Operation::Replace => vec![small, shared],
        Operation::Validate => vec![small, shared, administered],
        Operation::Patch => {
            let models = json!({"spec": {"models": ["llama3.2:1b-instruct-q4_K_M"]}});
            let label = json!({"metadata": {"labels": {"department": "sales"}}});
            let gone = json!({"metadata": {"labels": {"department": null}}});
            vec![
                ("models", "Other models", models),
                ("label", "A label", label),
                ("gone", "Without a label", gone),
            ]
        }
        Operation::List
        | Operation::Read
        | Operation::Delete
        | Operation::Suspend
        | Operation::Resume
        | Operation::Manifests
        | Operation::Room
        | Operation::Models => Vec::new(),
    };
    let named = all.into_iter().map(|(name, summary, value)| {
        (name.to_owned(), json!({"summary": summary, "value": value}))
    });
    Value::Object(named.collect())
}
