//! `espalier workspace`: what it writes, prints and refuses.

#[cfg(unix)]
mod adoption;
mod deletion;
mod edits;
mod handover;

use serde_json::Value;

use super::workspace_dir::{Done, WorkspaceDir};

const FILE: &str = "spec/workspaces/team-a.yaml";

/// A resource as the AIChat Workspace Operator's users write it: a document's beginning, comments,
/// labels of its scaffold, and a file's name that is nobody's.
const OPERATORS: &str = "\
---
# The first team.
apiVersion: apps.aichatworkspaces.io/v1alpha1
kind: AIChatWorkspace
metadata:
  labels:
    app.kubernetes.io/name: aichat-workspace
    app.kubernetes.io/managed-by: kustomize
  name: aichatworkspace-sample
spec:
  workspaceName: team-a # never change it
  workspaceENV: dev
  models:
  - gemma2:2b # small
  - llama3.2:1b
";

fn made() -> (WorkspaceDir, Done) {
    let dir = WorkspaceDir::rendered();
    let done = dir.ok(&["workspace", "create", "team-a", "--env", "dev", "--model", "gemma3:270m"]);
    (dir, done)
}

fn one_line(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

#[test]
fn a_new_workspace_is_a_file_that_renders() {
    let (dir, done) = made();
    assert_eq!(
        dir.read(FILE),
        "# yaml-language-server: $schema=../workspace.schema.json\n\
         apiVersion: apps.aichatworkspaces.io/v1alpha1\nkind: AIChatWorkspace\n\
         metadata:\n  name: team-a\nspec:\n  workspaceName: team-a\n  workspaceENV: dev\n  \
         models:\n    - gemma3:270m\n"
    );
    for words in ["URL http://team-a.", "models gemma3:270m", "room left memory ", "pods 2: memory"]
    {
        assert!(one_line(&done.out).contains(words), "{words}: {}", done.out);
    }
    assert!(done.out.lines().all(|it| it.chars().count() <= 80), "{}", done.out);
    for words in ["wrote spec/workspaces/team-a.yaml\n", "\nnext:\n  espalier render\n"] {
        assert!(done.err.contains(words), "{words}: {}", done.err);
    }
    // The schema that its first line names is there.
    assert!(dir.path("spec/workspace.schema.json").exists());
    dir.ok(&["render"]);
    assert!(dir.path("apps/ws-team-a.yaml").exists());

    let before = dir.files();
    let again = dir.run(&["workspace", "create", "team-a", "--env", "dev"]);
    assert!(again.code == 2 && again.err.contains("is there already"), "{again:?}");
    assert_eq!(dir.files(), before);
}

/// A workspace at rest gives its memory back, keeps its volumes, and comes back as it was.
#[test]
fn a_workspace_rests_and_comes_back() {
    let (dir, _) = made();
    dir.ok(&["render"]);
    let before = dir.files();
    let done = dir.ok(&["workspace", "suspend", "team-a"]);
    assert!(done.err.contains("  +  suspend: true\n"), "{done:?}");
    let said = one_line(&done.out);
    for words in ["team-a (dev, suspended)", "pods 0: memory requests 0Mi", "volumes 22528Mi"] {
        assert!(said.contains(words), "{words}: {said}");
    }
    dir.ok(&["render"]);
    for file in ["deployment-team-a-openwebui", "statefulset-team-a-ollama"] {
        let object = dir.read(&format!("out/manifests/ws-team-a/team-a/{file}.yaml"));
        assert!(object.contains("\n  replicas: 0\n"), "{object}");
    }
    let done = dir.ok(&["workspace", "resume", "team-a"]);
    assert!(done.err.contains("  -  suspend: true\n"), "{done:?}");
    dir.ok(&["render"]);
    assert_eq!(dir.files(), before, "to the byte");
}

#[test]
fn nothing_is_written_that_does_not_compile() {
    let dir = WorkspaceDir::starter();
    let before = dir.files();
    for (words, said) in [
        (&["--model", "no-such-model:1b"][..], "error[model-unknown]"),
        (&["--set", "storrage.ollama=40Gi"], "error[unknown-field]"),
        (&["--set", "storage.ollama=big"], "error["),
    ] {
        let words = [&["workspace", "create", "team-a", "--env", "dev"], words].concat();
        let done = dir.run(&words);
        assert!(done.code == 1 && done.err.contains(said), "{words:?}: {done:?}");
        assert!(done.err.contains("nothing was written"), "{done:?}");
        assert_eq!(dir.files(), before, "{words:?}");
    }
    for (words, said) in [
        (&["create", "Team A"][..], "`Team A` is no name of a workspace"),
        (&["create", "kube-system", "--env", "dev"], "kube-system"),
        (&["create", "a", "--set", "storage"], "write `FIELD=VALUE`"),
        (&["create", "a", "--env", "dev", "--set", "workspaceName=b"], "can never change"),
        (&["create", "a", "--administrator", "ada"], "ada"),
        (&["update", "nobody", "--add-model", "x"], "there is no workspace `nobody`"),
        (&["show", "nobody"], "there is no workspace `nobody`"),
        (&["list", "--format", "short"], "invalid value 'short'"),
    ] {
        let done = dir.run(&[&["workspace"], words].concat());
        assert!(done.code != 0 && done.err.contains(said), "{words:?}: {done:?}");
        assert_eq!(dir.files(), before, "{words:?}");
    }
}

/// What takes room is refused without it; what gives room is possible on a platform that is full.
#[test]
fn a_full_platform_can_be_relieved() {
    let (dir, _) = made();
    let spec = dir.read("spec/platform.yaml");
    dir.write("spec/platform.yaml", spec.replacen("memory: 64Ti", "memory: 3Gi", 1));
    let more = dir.run(&["workspace", "create", "team-b", "--env", "dev", "--model", "gemma3:4b"]);
    assert!(more.code == 1 && more.err.contains("error[node-memory-exceeded]"), "{more:?}");
    assert!(!dir.path("spec/workspaces/team-b.yaml").exists());

    let less = dir.run(&["workspace", "update", "team-a", "--remove-model", "gemma3:270m"]);
    assert!(less.err.contains("changed spec/workspaces/team-a.yaml"), "{less:?}");
    assert!(dir.read(FILE).ends_with("  models: []\n"), "{}", dir.read(FILE));
}

#[test]
fn workspaces_are_listed_and_shown() {
    let (dir, _) = made();
    dir.ok(&["workspace", "create", "team-b", "--env", "dev", "--model", "llama3.2:1b"]);
    let list = dir.ok(&["workspace", "list"]).out;
    for words in ["workspace", "team-a", "team-b", "running", "2 workspaces; room left: memory"] {
        assert!(one_line(&list).contains(words), "{words}: {list}");
    }
    assert!(list.lines().all(|it| it.chars().count() <= 80), "{list}");
    let json = |words: &[&str]| -> Value {
        serde_json::from_str(&dir.ok(&[words, &["--format", "json"]].concat()).out).expect("JSON")
    };
    let rows = json(&["workspace", "list"]);
    let names: Vec<&str> =
        rows.as_array().expect("rows").iter().filter_map(|it| it["name"].as_str()).collect();
    assert_eq!(names, ["team-a", "team-b"]);
    let row = json(&["workspace", "show", "team-b"]);
    assert_eq!(row, rows[1], "one form for both");
    assert_eq!((&row["state"], &row["application"]), (&"running".into(), &"ws-team-b".into()));
    assert!(row["memoryRequest"].as_u64().expect("a number") > 1 << 30, "{row}");
    let near = dir.run(&["workspace", "show", "team-c"]).err;
    assert!(near.contains("did you mean `team-"), "{near}");
}

/// A file that somebody has written keeps all that the change is not about.
#[test]
fn the_operators_own_files_are_changed_in_place() {
    let dir = WorkspaceDir::starter();
    let file = "spec/workspaces/apps_v1alpha1_aichatworkspace.yaml";
    dir.write(file, OPERATORS);
    let done = dir.run(&[
        "workspace",
        "update",
        "team-a",
        "--add-model",
        "gemma3:270m",
        "--remove-model",
        "llama3.2:1b",
    ]);
    assert!(done.err.contains(&format!("changed {file}\n")), "{done:?}");
    assert_eq!(dir.read(file), OPERATORS.replace("  - llama3.2:1b\n", "  - gemma3:270m\n"));
    // What is there already is not written a second time, with or without its tag.
    let text = dir.read(file);
    let same = dir.ok(&["workspace", "update", "team-a", "--add-model", "gemma2:2b"]).err;
    assert!(same.contains("says so already"), "{same}");
    let gone = dir.run(&["workspace", "update", "team-a", "--remove-model", "phi4"]);
    assert!(gone.code == 2 && gone.err.contains("has no `phi4`; it has gemma2:2b"), "{gone:?}");
    assert_eq!(dir.read(file), text);
}

#[test]
fn the_schema_of_a_workspace_is_printed() {
    let dir = WorkspaceDir::starter();
    for (word, file) in [
        ("workspace", "spec/workspace.schema.json"),
        ("platform", "spec/platform.schema.json"),
        ("secret", "spec/secret.schema.json"),
        ("versions", "spec/versions.schema.json"),
    ] {
        assert_eq!(dir.ok(&["schema", word]).out, dir.read(file), "{word}");
    }
    assert_eq!(dir.ok(&["schema"]).out, dir.ok(&["schema", "platform"]).out);
}
