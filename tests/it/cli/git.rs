//! Which repository `diff --base` asks, and that no file or variable of somebody else decides it.

use std::{fs, os::unix::fs::PermissionsExt as _, path::Path, process::Command};

use super::workspace_dir::{Done, WorkspaceDir};

/// A repository with a platform in the folder `deep`, rendered and committed.
fn prepared() -> WorkspaceDir {
    let dir = WorkspaceDir::empty();
    dir.git(&["init", "--quiet", "--initial-branch", "main"]);
    fs::create_dir(dir.path("deep")).expect("writable");
    dir.ok(&["init", "deep"]);
    dir.says_path("deep");
    dir.ok(&["render", "--root", "deep"]);
    dir.git(&["add", "."]);
    dir.git(&["commit", "--quiet", "--message", "one"]);
    dir
}

/// A program that leaves a file behind when it is run.
fn trap(dir: &WorkspaceDir) -> String {
    dir.write("trap.sh", format!("#!/bin/sh\ntouch '{}'\n", dir.path("sprung").display()));
    fs::set_permissions(dir.path("trap.sh"), fs::Permissions::from_mode(0o755)).expect("ours");
    dir.path("trap.sh").display().to_string()
}

fn diff(dir: &WorkspaceDir) -> Done {
    dir.run(&["diff", "--root", "deep", "--base", "main"])
}

/// The files of a bare repository, as a commit can hold them, in the platform's own folder. Its
/// `main` is the tree as it is now, so that asking it shows no difference; its configuration names
/// a program.
fn plant(dir: &WorkspaceDir, config: &str) {
    let there = WorkspaceDir::empty();
    there.git(&["init", "--quiet", "--initial-branch", "main"]);
    for name in ["spec", "apps", "out", "bootstrap"] {
        copy(&dir.path("deep").join(name), &there.path(name));
    }
    there.git(&["add", "."]);
    there.git(&["commit", "--quiet", "--message", "the same"]);
    for name in ["objects", "refs"] {
        copy(&there.path(".git").join(name), &dir.path("deep").join(name));
    }
    dir.write("deep/HEAD", "ref: refs/heads/main\n");
    dir.write(
        "deep/config",
        format!("[core]\n\trepositoryformatversion = 0\n\tbare = true\n{config}"),
    );
}

fn copy(from: &Path, to: &Path) {
    let done = Command::new("cp").arg("-r").arg(from).arg(to).status().expect("cp");
    assert!(done.success());
}

#[test]
fn a_repository_that_was_committed_into_the_folder_is_not_asked() {
    let dir = prepared();
    let spec = dir.read("deep/spec/platform.yaml");
    dir.write("deep/spec/platform.yaml", spec.replace("replicas: 1", "replicas: 2"));
    dir.ok(&["render", "--root", "deep"]);
    plant(&dir, &format!("\tfsmonitor = {0}\n\tworktree = .\n\thooksPath = {0}\n", trap(&dir)));
    let done = diff(&dir);
    assert_eq!(done.code, 0, "{done:?}");
    assert!(done.out.contains("ollama: StatefulSet") && done.out.contains("changed"), "{done:?}");
    assert!(!dir.path("sprung").exists(), "a program of the stranger's was run");
}

#[test]
fn a_question_runs_no_program_that_the_repository_names() {
    let dir = prepared();
    let trap = trap(&dir);
    for name in ["core.fsmonitor", "core.sshCommand", "core.pager", "diff.external", "core.editor"]
    {
        dir.git(&["config", name, &trap]);
    }
    dir.git(&["config", "core.hooksPath", "hooks"]);
    for hook in ["post-index-change", "fsmonitor-watchman", "reference-transaction"] {
        copy(&dir.path("trap.sh"), &dir.path("hooks").join(hook).tap_parent());
    }
    assert!(diff(&dir).out.starts_with("no difference"));
    assert!(!dir.path("sprung").exists(), "a program of the stranger's was run");
}

/// Makes the folder above.
trait TapParent {
    fn tap_parent(self) -> Self;
}

impl TapParent for std::path::PathBuf {
    fn tap_parent(self) -> Self {
        fs::create_dir_all(self.parent().expect("it has one")).expect("writable");
        self
    }
}

#[test]
fn variables_that_name_another_repository_are_not_heard() {
    let dir = prepared();
    let there = WorkspaceDir::empty();
    there.git(&["init", "--quiet", "--initial-branch", "main"]);
    there.git(&["commit", "--quiet", "--allow-empty", "--message", "nothing"]);
    let git = there.path(".git");
    let mut command = dir.command(&["diff", "--root", "deep", "--base", "main"]);
    command.env("GIT_DIR", &git).env("GIT_WORK_TREE", there.path("."));
    command.env("GIT_OBJECT_DIRECTORY", git.join("objects")).env("GIT_CONFIG_COUNT", "1");
    command.env("GIT_CONFIG_KEY_0", "core.worktree").env("GIT_CONFIG_VALUE_0", there.path("."));
    let done: Done = command.output().expect("it runs").into();
    assert!(done.code == 0 && done.out.starts_with("no difference"), "{done:?}");
}

#[test]
fn a_replacement_is_not_taken_for_what_it_replaces() {
    let dir = prepared();
    let spec = dir.read("deep/spec/platform.yaml");
    dir.write("deep/spec/platform.yaml", spec.replace("replicas: 1", "replicas: 2"));
    dir.ok(&["render", "--root", "deep"]);
    dir.git(&["add", "."]);
    let new = dir.git(&["write-tree"]);
    dir.git(&["replace", dir.git(&["rev-parse", "main^{tree}"]).trim(), new.trim()]);
    let done = diff(&dir);
    assert!(done.code == 0 && done.out.contains("ollama: StatefulSet"), "{done:?}");
}

#[test]
fn without_a_repository_it_says_so() {
    let dir = WorkspaceDir::rendered();
    let done = dir.run(&["diff", "--base", "main"]);
    assert!(done.code == 2 && done.err.contains("is not in a Git repository"), "{done:?}");
    // A bare repository around it is not used either: it has no work tree.
    dir.git(&["init", "--quiet", "--bare", "."]);
    let done = dir.run(&["diff", "--base", "main"]);
    assert!(done.code == 2 && done.err.contains("is not in a Git repository"), "{done:?}");
}

#[test]
fn what_git_refuses_is_said_in_its_own_words() {
    let dir = prepared();
    dir.write(".git/config", "[core]\n\trepositoryformatversion = 99\n");
    let done = diff(&dir);
    assert!(done.code == 2 && done.err.contains("99"), "{done:?}");
}

#[test]
fn a_dry_run_prints_what_can_be_pasted() {
    let dir = prepared();
    let spec = dir.read("deep/spec/platform.yaml");
    dir.write(
        "deep/spec/platform.yaml",
        spec.replace("  repository:\n", "  repository:\n    pin: tag\n"),
    );
    dir.ok(&["render", "--root", "deep"]);
    dir.git(&["init", "--quiet", "--bare", "--initial-branch", "main", "remote.git"]);
    dir.git(&["remote", "add", "origin", &dir.path("remote.git").display().to_string()]);
    let said = dir.ok(&["release", "--root", "deep", "--dry-run", "--message", "It's $HOME"]).err;
    let lines: Vec<&str> = said.lines().filter(|it| it.starts_with("git ")).collect();
    assert_eq!(lines.len(), 4, "{said}");
    let script = format!("set -e\n{}\n", lines.join("\n"));
    let identity = ["user.name", "user.email"];
    for name in identity {
        dir.git(&["config", name, "test@example.com"]);
    }
    dir.git(&["config", "commit.gpgsign", "false"]);
    let done = Command::new("bash").arg("-c").arg(&script).output().expect("bash");
    assert!(done.status.success(), "{script}{}", String::from_utf8_lossy(&done.stderr));
    assert!(dir.git(&["log", "-1", "--format=%s"]).starts_with("It's $HOME"));
    assert!(dir.ok(&["release", "--root", "deep"]).err.contains("released"));
}

#[test]
fn a_link_in_place_of_a_repository_is_no_repository() {
    let dir = prepared();
    let there = WorkspaceDir::empty();
    there.git(&["init", "--quiet"]);
    std::os::unix::fs::symlink(there.path(".git"), dir.path("deep/.git")).expect("a link");
    let done = diff(&dir);
    assert!(done.code == 2 && done.err.contains(".git is a symbolic link"), "{done:?}");
}

#[test]
fn a_clone_without_contents_says_how_to_get_them() {
    let dir = prepared();
    dir.git(&["config", "uploadpack.allowFilter", "true"]);
    let there = WorkspaceDir::empty();
    let from = format!("file://{}", dir.root().display());
    there.git(&["clone", "--quiet", "--filter=blob:none", "--no-checkout", &from, "clone"]);
    copy(&dir.path("deep"), &there.path("clone/deep"));
    let done = there.run(&["diff", "--root", "clone/deep", "--base", "main"]);
    assert!(done.code == 2 && done.err.contains("git fetch --refetch --no-filter"), "{done:?}");
}

#[test]
fn a_long_file_of_a_revision_is_read_to_where_it_is_wanted() {
    let dir = prepared();
    let file = "deep/out/manifests/ollama/ai/service-ollama.yaml";
    dir.append(file, &"# more\n".repeat(100_000));
    dir.git(&["add", "."]);
    dir.git(&["commit", "--quiet", "--message", "long"]);
    let done = diff(&dir);
    assert!(done.code == 0 && done.out.contains("ollama: Service ai/ollama"), "{}", done.out.len());
    assert!(done.out.ends_with("limits 5103Mi\n"), "what comes after it is read right");
}
