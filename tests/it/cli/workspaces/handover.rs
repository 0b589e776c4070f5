//! From Applications of their own to the operator, and back: two commits each, and nothing is
//! deleted on the way.

use super::{super::workspace_dir::WorkspaceDir, FILE, made};

const PLATFORM: &str = "spec/platform.yaml";
const APPLICATION: &str = "apps/ws-team-a.yaml";
const RESOURCE: &str =
    "out/manifests/workspaces/aichat-workspace-operator-system/aichatworkspace-team-a.yaml";
const DEPLOYMENT: &str = "out/manifests/workspace-operator/aichat-workspace-operator-system/\
                          deployment-aichat-workspace-operator.yaml";
/// The operator's image, named by its content.
const IMAGE: &str = "workspace-operator: 0.1.0@sha256:\
                     5f70bf18a086007016e948b04aed3b82103a36bea41755b6cddfaf10ace3c6ef\n";

/// A repository with one workspace, and the platform's spec without a word of who makes it.
fn repository() -> (WorkspaceDir, String) {
    let (dir, _) = made();
    dir.git(&["init", "--quiet", "--initial-branch", "main"]);
    dir.write("spec/versions.yaml", IMAGE);
    let platform = dir.read(PLATFORM);
    (dir, platform)
}

/// Says who makes workspaces.
fn say(dir: &WorkspaceDir, platform: &str, workspaces: &str) {
    dir.write(PLATFORM, format!("{platform}\n  workspaces: {{crd: true, {workspaces}}}\n"));
}

fn commit(dir: &WorkspaceDir) {
    dir.git(&["add", "--all"]);
    dir.git(&["commit", "--quiet", "--message", "one"]);
}

fn render_and_commit(dir: &WorkspaceDir) -> String {
    let said = dir.ok(&["render"]).err;
    commit(dir);
    said
}

#[test]
fn workspaces_go_to_the_operator_in_two_commits() {
    let (dir, platform) = repository();
    say(&dir, &platform, "expandedBy: compiler");
    render_and_commit(&dir);
    let before = dir.tree();
    assert!(dir.read(APPLICATION).contains("\n  finalizers:\n"));

    say(&dir, &platform, "expandedBy: operator");
    let refused = dir.run(&["render"]);
    assert!(refused.code == 1 && refused.err.contains("error[object-moved]"), "{refused:?}");
    assert!(refused.err.contains("write `handover: true` beside it"), "{refused:?}");
    assert_eq!(dir.tree(), before);

    // The first commit: nothing but the finalizers goes.
    say(&dir, &platform, "expandedBy: compiler, handover: true");
    dir.ok(&["render"]);
    let after = dir.tree();
    let changed: Vec<&String> =
        after.iter().filter(|it| before.get(it.0) != Some(it.1)).map(|it| it.0).collect();
    assert_eq!(changed, [APPLICATION]);
    assert!(!dir.read(APPLICATION).contains("finalizers"));

    // What no commit has, the cluster cannot know.
    say(&dir, &platform, "expandedBy: operator");
    let early = dir.run(&["render"]);
    assert!(early.code == 1 && early.err.contains("error[object-moved]"), "{early:?}");
    commit(&dir);

    let said = render_and_commit(&dir);
    for code in ["object-moved", "data-deleted", "data-left-behind"] {
        assert!(!said.contains(code), "{code}: {said}");
    }
    assert!(!dir.path(APPLICATION).exists() && !dir.path("out/manifests/ws-team-a").exists());
    let resource = dir.read(RESOURCE);
    assert!(resource.contains("espalier.dev/source: spec/workspaces/team-a.yaml"), "{resource}");
    assert!(dir.read("apps/workspaces.yaml").contains("\n  project: workspaces\n"));
    let listed = dir.ok(&["workspace", "show", "team-a"]).out;
    assert!(listed.contains("workspaces"), "{listed}");
}

#[test]
fn workspaces_come_back_from_the_operator_in_two_commits() {
    let (dir, platform) = repository();
    say(&dir, &platform, "expandedBy: operator");
    render_and_commit(&dir);
    assert!(dir.read(DEPLOYMENT).contains("\n  replicas: 1\n"));

    say(&dir, &platform, "expandedBy: compiler");
    let refused = dir.run(&["render"]);
    assert!(refused.code == 1 && refused.err.contains("error[object-moved]"), "{refused:?}");
    assert!(refused.err.contains("the end of each workspace"), "{refused:?}");

    // The first commit: nobody writes any more, and the resources are nobody's.
    say(&dir, &platform, "expandedBy: operator, handover: true");
    render_and_commit(&dir);
    assert!(dir.read(DEPLOYMENT).contains("\n  replicas: 0\n"));
    assert!(!dir.read("apps/workspaces.yaml").contains("finalizers"));
    assert!(dir.path(RESOURCE).exists());

    say(&dir, &platform, "expandedBy: compiler");
    let said = dir.ok(&["render"]).err;
    assert!(!said.contains("object-moved") && !said.contains("data-deleted"), "{said}");
    assert!(said.contains("1 resource of workspaces stays in the cluster"), "{said}");
    assert!(dir.path(APPLICATION).exists() && !dir.path("apps/workspaces.yaml").exists());
}

/// To the operator, a resource that goes is a workspace that goes: what becomes of its data is asked
/// as it is where Argo CD has the workspace.
#[test]
fn a_workspace_of_the_operator_is_deleted_as_any_other() {
    let (dir, platform) = repository();
    say(&dir, &platform, "expandedBy: operator");
    render_and_commit(&dir);
    let text = dir.read(FILE);

    dir.ok(&["workspace", "delete", "team-a", "--yes"]);
    let said = dir.ok(&["render"]).err;
    assert!(said.contains("warning[data-left-behind]"), "{said}");
    assert!(said.contains("`kubectl delete namespace team-a` deletes it"), "{said}");
    assert!(!dir.path("apps/workspaces.yaml").exists(), "it would have an empty folder");
    dir.write(FILE, text);
    dir.ok(&["render"]);

    let first = dir.ok(&["workspace", "delete", "team-a", "--data", "delete"]).err;
    assert!(first.contains("this is the first of two steps"), "{first}");
    assert!(first.contains("get application workspaces"), "{first}");
    let early = dir.run(&["workspace", "delete", "team-a", "--yes"]);
    assert!(early.code == 2 && early.err.contains("commit and push first"), "{early:?}");
    render_and_commit(&dir);
    assert!(dir.read(RESOURCE).contains("\n  onDelete: Delete\n"));
    dir.ok(&["workspace", "delete", "team-a", "--yes"]);
    let refused = dir.run(&["render"]);
    assert!(refused.code == 1 && refused.err.contains("error[data-deleted]"), "{refused:?}");
    dir.ok(&["render", "--allow-deletions"]);
    assert!(!dir.path(RESOURCE).exists());
}

/// With a definition goes every object of its kind.
#[test]
fn the_definition_of_workspaces_does_not_go_by_accident() {
    let (dir, platform) = repository();
    say(&dir, &platform, "expandedBy: compiler");
    render_and_commit(&dir);
    dir.write(PLATFORM, platform);
    let refused = dir.run(&["render"]);
    assert!(refused.code == 1 && refused.err.contains("error[data-deleted]"), "{refused:?}");
    assert!(refused.err.contains("CustomResourceDefinition"), "{refused:?}");
}
