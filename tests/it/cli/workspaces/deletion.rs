//! Deleting a workspace: with the data kept, and in two steps with the data deleted.

use super::{super::workspace_dir::WorkspaceDir, FILE, made};

const NAMESPACE: &str = "out/manifests/ws-team-a/_cluster/namespace-team-a.yaml";
const VOLUME: &str = "out/manifests/ws-team-a/team-a/persistentvolumeclaim-team-a-openwebui.yaml";

fn committed() -> WorkspaceDir {
    let (dir, _) = made();
    dir.git(&["init", "--quiet", "--initial-branch", "main"]);
    commit(&dir);
    dir
}

fn commit(dir: &WorkspaceDir) {
    dir.ok(&["render"]);
    dir.git(&["add", "--all"]);
    dir.git(&["commit", "--quiet", "--message", "one"]);
}

#[test]
fn data_is_kept_where_nothing_else_is_said() {
    let dir = committed();
    let asked = dir.run(&["workspace", "delete", "team-a"]);
    assert!(asked.code == 2 && asked.err.contains("`--yes` deletes"), "{asked:?}");
    assert!(dir.path(FILE).exists());

    let done = dir.ok(&["workspace", "delete", "team-a", "--yes"]).err;
    assert!(!dir.path(FILE).exists());
    for words in [
        "deleted spec/workspaces/team-a.yaml",
        "  espalier render\n  git add spec/workspaces/team-a.yaml apps bootstrap out\n",
        "  kubectl --namespace team-a get pvc",
        "  kubectl delete namespace team-a",
    ] {
        assert!(done.contains(words), "{words}: {done}");
    }
    let rendered = dir.ok(&["render"]).err;
    assert!(rendered.contains("warning[data-left-behind]"), "{rendered}");
    assert!(!dir.path(NAMESPACE).exists() && !dir.path("apps/ws-team-a.yaml").exists());
    dir.git(&["add", "spec/workspaces/team-a.yaml", "apps", "bootstrap", "out"]);
}

/// Argo CD protects the namespace and the volumes until a commit says otherwise.
#[test]
fn data_is_deleted_in_two_steps() {
    let dir = committed();
    assert!(dir.read(NAMESPACE).contains("Prune=false,Delete=false"));
    let first = dir.ok(&["workspace", "delete", "team-a", "--data", "delete"]).err;
    assert!(first.contains("this is the first of two steps"), "{first}");
    assert!(dir.read(FILE).ends_with("  onDelete: Delete\n"), "{}", dir.read(FILE));

    // Nothing goes before the cluster can know that it may.
    let early = dir.run(&["workspace", "delete", "team-a", "--yes"]);
    assert!(early.code == 2 && early.err.contains("commit and push first"), "{early:?}");
    assert!(dir.path(FILE).exists());

    commit(&dir);
    for file in [NAMESPACE, VOLUME] {
        assert!(!dir.read(file).contains("Prune=false"), "{}", dir.read(file));
    }
    let second = dir.ok(&["workspace", "delete", "team-a", "--yes"]).err;
    assert!(second.contains("  espalier render --allow-deletions\n"), "{second}");
    assert!(second.contains("  kubectl wait --for=delete namespace/team-a"), "{second}");
    assert!(!dir.path(FILE).exists());

    let before = dir.tree();
    let refused = dir.run(&["render"]);
    assert!(refused.code == 1 && refused.err.contains("error[data-deleted]"), "{refused:?}");
    assert_eq!(dir.tree(), before);
    let told = dir.run(&["diff"]).out;
    assert!(told.contains("data-deleted") && told.contains("Namespace team-a"), "{told}");
    dir.ok(&["render", "--allow-deletions"]);
    assert!(!dir.path(NAMESPACE).exists());
}

/// Who has changed their mind gets the protection back before anything is removed.
#[test]
fn released_data_can_be_kept_after_all() {
    let dir = committed();
    dir.ok(&["workspace", "delete", "team-a", "--data", "delete"]);
    commit(&dir);
    dir.ok(&["workspace", "delete", "team-a", "--data", "retain"]);
    assert!(dir.read(FILE).contains("onDelete: Retain"), "{}", dir.read(FILE));
    commit(&dir);
    assert!(dir.read(NAMESPACE).contains("Prune=false,Delete=false"));
    dir.ok(&["workspace", "delete", "team-a", "--yes"]);
    dir.ok(&["render"]);
}

/// What no commit has is nowhere in the cluster.
#[test]
fn a_workspace_that_was_never_committed_is_one_step() {
    let (dir, _) = made();
    let done = dir.ok(&["workspace", "delete", "team-a", "--data", "delete", "--yes"]).err;
    assert!(!dir.path(FILE).exists() && !done.contains("kubectl"), "{done}");
}

#[cfg(target_os = "linux")]
#[test]
fn the_name_is_asked_for() {
    use super::super::pty::talk;

    let dir = committed();
    let delete = || dir.command(&["workspace", "delete", "team-a"]);
    let other = talk(delete(), 80, &mut |_| "team-b\n".to_owned());
    assert!(other.code == 2 && dir.path(FILE).exists(), "{other:?}");
    let same = talk(delete(), 80, &mut |_| "team-a\n".to_owned());
    assert!(same.code == 0 && !dir.path(FILE).exists(), "{same:?}");
}
