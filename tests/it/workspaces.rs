//! Workspaces as the AIChat Workspace Operator makes them: its own end-to-end cases, and what it
//! lacks, on the objects that are generated.

mod acceptance;
mod bounds;
mod certificates;
mod databases;
mod models;
mod operator;

use crate::support::{Compiled, Texts, administrator, compile, with_components};

/// Its own first sample has this shape: the resource, its file and the workspace have three names,
/// and a model has no tag.
const FIRST: &str = "\
apiVersion: apps.aichatworkspaces.io/v1alpha1
kind: AIChatWorkspace
metadata:
  labels:
    app.kubernetes.io/name: some-operator
    app.kubernetes.io/managed-by: kustomize
  name: aichatworkspace-first
spec:
  workspaceName: chat-first
  workspaceENV: dev
  models:
  - gemma2:2b
  - llama3.2:1b
  - qwen2.5-coder:1.5b
  - smollm2
  - codegemma:2b
";

/// At rest, so that it needs no room beside whatever else there is.
pub const RESTING: &str = "\
apiVersion: apps.aichatworkspaces.io/v1alpha1
kind: AIChatWorkspace
metadata: {name: team-a}
spec: {workspaceName: team-a, workspaceENV: dev, models: [\"gemma3:270m\"], suspend: true}
";

/// A platform with room, and these lines under `spec`.
fn platform(more: &str) -> Texts {
    let mut texts = with_components("ollama: {models: [\"gemma3:270m\"]}");
    let spec = texts.get_mut("spec/platform.yaml").expect("it is there");
    *spec = spec.replace("{cpu: 4, memory: 8Gi}", "{cpu: 32, memory: 128Gi}");
    *spec = spec.replace("  components:\n", &format!("{more}  components:\n"));
    texts
}

/// A workspace with these further fields.
fn workspace(name: &str, more: &str) -> String {
    format!(
        "apiVersion: apps.aichatworkspaces.io/v1alpha1\nkind: AIChatWorkspace\nmetadata: {{name: \
         \"{name}\"}}\nspec: {{workspaceName: \"{name}\", models: [\"gemma3:270m\"]{more}, {}}}\n",
        administrator()
    )
}

/// The platform with workspaces, by name and further fields.
fn with(more: &str, workspaces: &[(&str, &str)]) -> Compiled {
    let mut texts = platform(more);
    for (name, fields) in workspaces {
        texts.insert(format!("spec/workspaces/{name}.yaml"), workspace(name, fields));
    }
    compile(&texts)
}
