//! `diff` shows fields instead of lines, shows once what many objects have in common, and leaves
//! out generated prose.

use std::{fs, os::unix::fs::PermissionsExt as _};

use super::workspace_dir::WorkspaceDir;

fn edit(dir: &WorkspaceDir, from: &str, to: &str) {
    let spec = dir.read("spec/platform.yaml");
    assert!(spec.contains(from), "{from}");
    dir.write("spec/platform.yaml", spec.replacen(from, to, 1));
}

fn commit(dir: &WorkspaceDir) {
    dir.git(&["add", "--all"]);
    dir.git(&["commit", "--quiet", "--message", "one"]);
}

#[test]
fn a_change_is_shown_by_field() {
    let dir = WorkspaceDir::rendered();
    edit(&dir, "context: 4096", "context: 2048");
    let said = dir.ok(&["diff"]).out;
    assert!(said.contains("changed  ollama: StatefulSet ai/ollama\n"), "{said}");
    assert!(
        said.contains("  containers[ollama].env[OLLAMA_CONTEXT_LENGTH].value: 4096 → 2048\n"),
        "{said}"
    );
    assert!(
        said.contains("  containers[ollama].resources.limits.memory: 1183Mi → 1114Mi\n"),
        "{said}"
    );
    assert!(!said.contains("@@") && !said.contains("out/.espalier.json"), "{said}");
    let (_, totals) = said.rsplit_once("\n2 changed of ").expect("the totals");
    assert!(
        totals.contains(" files against the tree on disk (left out: out/README.md)\n"),
        "{totals}"
    );
    // The spec that the tree was made from is not known, so no figure is invented.
    assert!(totals.contains("\nbudget: requests ") && !totals.contains('→'), "{totals}");
}

#[test]
fn the_budget_is_compared_with_the_spec_of_the_revision() {
    let dir = WorkspaceDir::rendered();
    dir.git(&["init", "--quiet", "--initial-branch", "main"]);
    commit(&dir);
    edit(&dir, "context: 4096", "context: 2048");
    let last = |words: &[&str]| {
        let said = dir.ok(words).out;
        let lines: Vec<&str> = said.lines().collect();
        lines[lines.len() - 2..].join("\n")
    };
    let said = last(&["diff"]);
    // Each with what it is compared with: the tree on disk does not say which budget it was made
    // for.
    assert!(said.contains(" files against the tree on disk ("), "{said}");
    assert!(
        said.contains("\nbudget against the last commit: requests 2707Mi → 2638Mi (-69Mi) of "),
        "{said}"
    );
    let markdown = dir.ok(&["diff", "--format", "markdown"]).out;
    assert!(
        markdown.contains(" against the tree on disk (")
            && markdown.contains("\nbudget against the last commit: requests "),
        "{markdown}"
    );
    dir.ok(&["render"]);
    let said = last(&["diff", "--base", "main"]);
    assert!(
        said.contains(" files against `main` (") && !said.contains("last commit"),
        "one and the same for both: {said}"
    );
    assert!(
        said.contains("\nbudget against `main`: requests 2707Mi → 2638Mi (-69Mi) of ")
            && said.contains("limits 5103Mi → 5034Mi (-69Mi)"),
        "{said}"
    );
    let said = last(&["diff"]);
    assert!(said.starts_with("no difference") && !said.contains('→'), "{said}");
    let said = dir.ok(&["diff", "--base", "main", "--format", "markdown"]).out;
    assert!(said.contains("(-69Mi)") && said.contains("```diff\ncontainers[ollama].env"), "{said}");
}

#[test]
fn what_many_objects_have_in_common_is_one_line() {
    let dir = WorkspaceDir::rendered();
    dir.write("spec/versions.yaml", "ollama: \"0.32.16\"\n");
    let said = dir.ok(&["diff"]).out;
    assert_eq!(said.matches("app.kubernetes.io/version").count(), 1, "{said}");
    assert!(
        said.contains(
            "changed  metadata.labels[app.kubernetes.io/version]: 0.32.15 → 0.32.16, of 5 objects: "
        ),
        "{said}"
    );
    assert!(said.contains(".image: ") && !said.contains("ollama: Service ai/ollama\n"), "{said}");

    // `check` names each file, and the difference once.
    let said = dir.run(&["check"]).out;
    assert!(
        said.contains(
            "in common: metadata.labels[app.kubernetes.io/version]: 0.32.15 → 0.32.16, of 4 \
             objects: "
        ),
        "{said}"
    );
    assert_eq!(said.matches("-    app.kubernetes.io/version").count(), 1, "{said}");
    assert!(
        said.contains("manifests/ollama/")
            && said.contains("+++ b/")
            && said.matches("image: ").count() > 1,
        "{said}"
    );

    edit(&dir, "  repository:\n", "  repository:\n    pin: tag\n");
    dir.ok(&["render"]);
    edit(&dir, "context: 4096", "context: 2048");
    let said = dir.ok(&["diff"]).out;
    assert_eq!(said.matches("targetRevision").count(), 1, "{said}");
    assert!(
        said.contains(" objects: app-secrets: Application argocd/app-secrets")
            || said.contains(" objects: "),
        "{said}"
    );
    let said = dir.ok(&["diff", "--format", "markdown"]).out;
    assert_eq!(said.matches("targetRevision").count(), 1, "{said}");
}

#[test]
fn what_is_no_yaml_any_more_is_shown_by_line() {
    let dir = WorkspaceDir::rendered();
    let file = dir.manifest();
    let text = dir.read(&file);
    dir.write(&file, format!("{text}<<<<<<< HEAD\n"));
    let said = dir.ok(&["diff"]).out;
    assert!(said.contains("  -<<<<<<< HEAD\n"), "{said}");
    dir.write(&file, format!("{text}# only a comment\n"));
    let said = dir.ok(&["diff"]).out;
    assert!(said.contains("  -# only a comment\n"), "{said}");
}

#[test]
fn outside_of_a_repository_it_says_what_to_run() {
    let dir = WorkspaceDir::rendered();
    let said = dir.run(&["diff", "--base", "main"]);
    assert!(
        said.code == 2
            && said.err.contains(
                "is not in a Git repository, and `--base` compares with a \
                                  commit"
            ),
        "{said:?}"
    );
    assert!(
        said.err.contains("`espalier diff` alone") && !said.err.contains("fetch-depth"),
        "{said:?}"
    );
}

/// A clone that belongs to another user: Git refuses to read it, and the message says why and what
/// to run.
#[test]
fn a_clone_of_somebody_else_s_is_refused_in_git_s_own_words() {
    let dir = WorkspaceDir::rendered();
    dir.git(&["init", "--quiet", "--initial-branch", "main"]);
    commit(&dir);
    // Git's own switch for this; the program clears it, so it is set inside of a wrapper.
    dir.write(
        "bin/git",
        "#!/bin/sh\nPATH=${PATH#*:} GIT_TEST_ASSUME_DIFFERENT_OWNER=1 exec git \"$@\"\n",
    );
    fs::set_permissions(dir.path("bin/git"), fs::Permissions::from_mode(0o755)).expect("ours");
    let path = format!("{}:{}", dir.path("bin").display(), std::env::var("PATH").expect("a path"));
    let done: super::workspace_dir::Done = dir
        .command(&["diff", "--base", "main"])
        .env("PATH", path)
        .output()
        .expect("it runs")
        .into();
    assert!(
        done.code == 2 && done.err.contains("detected dubious ownership in repository"),
        "{done:?}"
    );
    assert!(
        done.err.contains("git config --global --add safe.directory")
            && !done.err.contains("fetch-depth"),
        "{done:?}"
    );
}
