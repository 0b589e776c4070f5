//! A workspace that was made in the cluster moves into Git: nothing of the cluster's comes along,
//! and what should not move is refused.

use std::{fs, os::unix::fs::PermissionsExt as _};

use super::{
    super::workspace_dir::{Done, WorkspaceDir},
    FILE, one_line,
};

const PLATFORM: &str = "spec/platform.yaml";
const IMAGE: &str = "workspace-operator: 0.1.0@sha256:\
                     5f70bf18a086007016e948b04aed3b82103a36bea41755b6cddfaf10ace3c6ef\n";

/// As the API server has it, after the API wrote it and the operator told of it.
const STORED: &str = "\
apiVersion: apps.aichatworkspaces.io/v1alpha1
kind: AIChatWorkspace
metadata:
  annotations:
    espalier.dev/requested-by: ada
    note: 'the first: of many'
  creationTimestamp: \"2026-12-01T10:00:00Z\"
  finalizers:
  - espalier.dev/workspace
  generation: 3
  labels:
    app.kubernetes.io/managed-by: x
    team: a
  name: first
  namespace: aichat-workspace-operator-system
  resourceVersion: \"812\"
  uid: 2a0f2c11-7c1d-4c55-9d2f-0a5e7d0b7a11
spec:
  models:
  - gemma3:270m
  storage:
    ollama: 40Gi
  workspaceENV: dev
  workspaceName: team-a
status:
  isCreated: true
";

/// The file that it becomes.
const ADOPTED: &str = "\
# yaml-language-server: $schema=../workspace.schema.json
apiVersion: apps.aichatworkspaces.io/v1alpha1
kind: AIChatWorkspace
metadata:
  name: first
  labels:
    team: a
  annotations:
    note: \"the first: of many\"
spec:
  workspaceName: team-a
  workspaceENV: dev
  models:
    - gemma3:270m
  storage:
    ollama: 40Gi
";

/// A platform in which an operator makes workspaces.
fn with_operator() -> WorkspaceDir {
    let dir = WorkspaceDir::rendered();
    dir.write("spec/versions.yaml", IMAGE);
    let platform = dir.read(PLATFORM);
    dir.write(PLATFORM, format!("{platform}\n  workspaces: {{crd: true, expandedBy: operator}}\n"));
    dir
}

#[test]
fn what_the_cluster_has_becomes_the_file_that_makes_it() {
    let dir = with_operator();
    let done =
        dir.run_with_stdin(&["workspace", "adopt", "first", "--from", "-"], STORED.as_bytes());
    assert_eq!(done.code, 0, "{done:?}");
    assert_eq!(dir.read(FILE), ADOPTED);
    for words in ["wrote spec/workspaces/team-a.yaml", "espalier render", "no pod restarts"] {
        assert!(one_line(&done.err).contains(words), "{words}: {}", done.err);
    }
    dir.ok(&["render"]);
    let resource = dir.read(
        "out/manifests/workspaces/aichat-workspace-operator-system/aichatworkspace-first.yaml",
    );
    for words in ["team: a", "espalier.dev/source: spec/workspaces/team-a.yaml", "ollama: 40Gi"] {
        assert!(resource.contains(words), "{words}: {resource}");
    }
    // Once more, it is there.
    let again =
        dir.run_with_stdin(&["workspace", "adopt", "first", "--from", "-"], STORED.as_bytes());
    assert!(again.code == 2 && again.err.contains("is there already"), "{again:?}");
}

#[test]
fn kubectl_is_asked_for_the_one_resource() {
    let (dir, home) = (with_operator(), WorkspaceDir::empty());
    home.write("stored.yaml", STORED);
    home.write(
        "bin/kubectl",
        format!(
            "#!/bin/sh\necho \"$@\" >{0}/asked\n[ \"$3\" = first ] || {{ echo no such >&2; exit 1; \
             }}\ncat {0}/stored.yaml\n",
            home.root().display()
        ),
    );
    let mode = fs::Permissions::from_mode(0o755);
    fs::set_permissions(home.path("bin/kubectl"), mode).expect("writable");
    let path = format!("{}:/usr/bin:/bin", home.path("bin").display());
    let run = |name: &str| {
        let mut command = dir.command(&["workspace", "adopt", name]);
        Done::from(command.env("PATH", &path).output().expect("it runs"))
    };
    let done = run("other");
    assert!(done.code == 2 && done.err.contains("kubectl cannot get `other`: no such"), "{done:?}");
    assert_eq!(run("first").code, 0);
    assert_eq!(
        home.read("asked"),
        "get aichatworkspaces.apps.aichatworkspaces.io first --namespace \
         aichat-workspace-operator-system --output yaml\n"
    );
    assert_eq!(dir.read(FILE), ADOPTED);
}

#[test]
fn what_should_not_move_is_refused_and_nothing_is_written() {
    let dir = with_operator();
    let before = dir.files();
    let tracked = "  annotations:\n    argocd.argoproj.io/tracking-id: x\n    \
                   espalier.dev/source: spec/workspaces/x.yaml\n";
    for (from, to, said) in [
        ("  annotations:\n", tracked, "Argo CD applies `first` already: it is spec/workspaces/x"),
        ("  generation: 3", "  deletionTimestamp: \"2026-12-01T11:00:00Z\"", "is being deleted"),
        ("-operator-system", "-elsewhere", "in the namespace `aichat-workspace-elsewhere`"),
        ("kind: AIChatWorkspace", "kind: Secret", "is no AIChatWorkspace"),
        ("  name: first", "  name: second", "is the resource `second`, and not `first`"),
        ("workspaceName: team-a", "workspaceName: Team A", "`Team A` is no name of a workspace"),
        ("  workspaceName: team-a\n", "", "has no `spec.workspaceName`"),
        ("spec:\n", "spec: [\n", "cannot be read"),
        ("  - gemma3:270m", "  - no-such-model:1b", "error[model-unknown]"),
        ("    ollama: 40Gi", "    olama: 40Gi", "error[unknown-field]"),
    ] {
        let text = STORED.replacen(from, to, 1);
        assert_ne!(text, STORED, "{from}");
        let done =
            dir.run_with_stdin(&["workspace", "adopt", "first", "--from", "-"], text.as_bytes());
        assert!(done.code != 0 && one_line(&done.err).contains(said), "{said}: {done:?}");
        assert_eq!(dir.files(), before, "{said}");
    }
    // What the API answers has no such metadata.
    for (status, said) in [
        ("{deleting: true}", "is being deleted"),
        ("{inGit: true, file: spec/workspaces/x.yaml}", "it is spec/workspaces/x.yaml"),
    ] {
        let text = STORED.replacen("status:\n  isCreated: true", &format!("status: {status}"), 1);
        let done =
            dir.run_with_stdin(&["workspace", "adopt", "first", "--from", "-"], text.as_bytes());
        assert!(done.code == 2 && one_line(&done.err).contains(said), "{said}: {done:?}");
        assert_eq!(dir.files(), before, "{said}");
    }
    // Argo CD would make the objects a second time.
    let dir = WorkspaceDir::rendered();
    let done =
        dir.run_with_stdin(&["workspace", "adopt", "first", "--from", "-"], STORED.as_bytes());
    assert!(done.code == 2 && one_line(&done.err).contains("a second time"), "{done:?}");
}
