//! `pin: tag` and `release`: the tag names the content, and branch and tag reach the remote
//! together or not at all.

use std::fs;

use super::workspace_dir::WorkspaceDir;

/// A platform in a work tree of Git with a bare remote, pinned by tag, rendered and not committed.
fn prepared() -> WorkspaceDir {
    let dir = WorkspaceDir::starter();
    dir.git(&["init", "--quiet", "--initial-branch", "main"]);
    dir.git(&["config", "user.name", "test"]);
    dir.git(&["config", "user.email", "test@example.com"]);
    dir.git(&["config", "commit.gpgsign", "false"]);
    fs::create_dir(dir.path("remote.git")).expect("writable");
    dir.git(&["init", "--quiet", "--bare", "--initial-branch", "main", "remote.git"]);
    dir.append(".gitignore", "/remote.git\n");
    dir.git(&["remote", "add", "origin", "remote.git"]);
    dir.git(&["add", ".gitignore", ".gitattributes"]);
    dir.git(&["commit", "--quiet", "--message", "start"]);
    let spec = dir.read("spec/platform.yaml");
    dir.write(
        "spec/platform.yaml",
        spec.replace("  repository:\n", "  repository:\n    pin: tag\n"),
    );
    assert!(
        dir.read("spec/platform.yaml").contains("pin: tag"),
        "the starter has a block of its own for the repository"
    );
    dir.ok(&["render"]);
    dir
}

/// The tag that the Applications of the tree on disk follow.
fn tag(dir: &WorkspaceDir) -> String {
    let text = dir.read("apps/openwebui.yaml");
    let line =
        text.lines().find(|it| it.trim().starts_with("targetRevision:")).expect("a revision");
    line.trim().strip_prefix("targetRevision: refs/tags/").expect("a tag").to_owned()
}

fn remote(dir: &WorkspaceDir, revision: &str) -> Option<String> {
    let all = dir.git(&[
        "--git-dir",
        "remote.git",
        "for-each-ref",
        "--format",
        "%(refname) %(objectname)",
    ]);
    all.lines().find_map(|line| line.strip_prefix(&format!("{revision} ")).map(str::to_owned))
}

#[test]
fn a_release_reaches_branch_and_tag_together() {
    let dir = prepared();
    let first = tag(&dir);
    let said = dir.ok(&["release"]).err;
    assert!(said.contains(&format!("released {first} on origin, branch `main`")), "{said}");
    let head = dir.git(&["rev-parse", "HEAD"]).trim().to_owned();
    assert_eq!(remote(&dir, "refs/heads/main"), Some(head.clone()));
    assert_eq!(remote(&dir, &format!("refs/tags/{first}")), Some(head.clone()));
    assert_eq!(dir.git(&["status", "--porcelain"]), "");

    // A second time: nothing to commit, nothing to tag.
    dir.ok(&["release"]);
    assert_eq!(dir.git(&["rev-parse", "HEAD"]).trim(), head);

    // Other content has another tag; the first content again has the first tag, which is not
    // created twice.
    let spec = dir.read("spec/platform.yaml");
    dir.write(
        "spec/platform.yaml",
        spec.replace("keepAlive: 5m", "keepAlive: 6m").replace("replicas: 1", "replicas: 2"),
    );
    dir.ok(&["render"]);
    let second = tag(&dir);
    assert_ne!(first, second);
    dir.ok(&["release", "--message", "Two of them"]);
    assert!(dir.git(&["log", "-1", "--format=%s"]).starts_with("Two of them"));
    assert!(remote(&dir, &format!("refs/tags/{second}")).is_some());
    dir.write("spec/platform.yaml", spec);
    dir.ok(&["render"]);
    assert_eq!(tag(&dir), first);
    dir.git(&["tag", "--delete", &first]);
    dir.ok(&["release"]);
    assert_eq!(
        remote(&dir, &format!("refs/tags/{first}")),
        Some(head),
        "the tag stays where it was"
    );
    assert_eq!(
        remote(&dir, "refs/heads/main").as_deref(),
        Some(dir.git(&["rev-parse", "HEAD"]).trim())
    );
}

#[test]
fn what_is_not_right_is_not_released() {
    let dir = prepared();
    let before = dir.git(&["rev-parse", "HEAD"]);
    let refused = |words: &[&str], code: i32, said: &str| {
        let done = dir.run(words);
        assert!(done.code == code && done.err.contains(said), "{words:?}: {done:?}");
        assert_eq!(dir.git(&["rev-parse", "HEAD"]), before);
        assert_eq!(remote(&dir, "refs/heads/main"), None);
    };
    dir.append("out/manifests/openwebui/ai/service-openwebui.yaml", "# by hand\n");
    refused(&["release"], 1, "nothing was released");
    dir.ok(&["render"]);
    dir.git(&["checkout", "--quiet", "-b", "other"]);
    refused(&["release"], 2, "the current branch is `other`, but Argo CD follows `main`");
    dir.git(&["checkout", "--quiet", "main"]);
    refused(&["release", "--remote", "nowhere"], 2, "there is no remote `nowhere`");
    let dry = dir.ok(&["release", "--dry-run"]).err;
    assert!(dry.contains("git push --atomic origin HEAD:refs/heads/main refs/tags/tree-"), "{dry}");
    assert_eq!(dir.git(&["rev-parse", "HEAD"]), before);
    assert_eq!(dir.git(&["tag"]), "");
    // A remote that refuses the branch gets no tag either.
    dir.write("remote.git/hooks/update", "#!/bin/sh\ncase $1 in refs/heads/*) exit 1;; esac\n");
    executable(&dir.path("remote.git/hooks/update"));
    let done = dir.run(&["release"]);
    assert!(done.code == 2 && done.err.contains("run `espalier release` again"), "{done:?}");
    assert_eq!(remote(&dir, &format!("refs/tags/{}", tag(&dir))), None);
    dir.remove("remote.git/hooks/update");
    dir.ok(&["release"]);
    assert!(remote(&dir, &format!("refs/tags/{}", tag(&dir))).is_some(), "the next try goes on");
}

#[test]
fn a_tag_that_somebody_moved_is_noticed() {
    let dir = prepared();
    dir.git(&["tag", &tag(&dir), "HEAD"]);
    let done = dir.run(&["release"]);
    assert!(done.code == 2 && done.err.contains("somebody moved it"), "{done:?}");
    assert_eq!(remote(&dir, "refs/heads/main"), None);
}

#[test]
fn a_tag_that_somebody_moved_on_the_remote_is_noticed() {
    let dir = prepared();
    dir.ok(&["release"]);
    let (first, released) = (tag(&dir), dir.git(&["rev-parse", "HEAD"]).trim().to_owned());
    let name = format!("refs/tags/{first}");
    // Another user's commit, which is not in this clone: another tree under the same name.
    let blob = dir.git(&[
        "--git-dir",
        "remote.git",
        "commit-tree",
        "-m",
        "moved",
        "4b825dc642cb6eb9a060e54bf8d69288fbee4904",
    ]);
    dir.git(&["--git-dir", "remote.git", "update-ref", &name, blob.trim()]);
    // Whether the tag is in this clone or not: Argo CD reads the remote's.
    for _ in 0..2 {
        let done = dir.run(&["release"]);
        assert!(
            done.code == 2
                && done.err.contains(
                    "on `origin`, but contains another out/manifests than its \
                                      name says"
                ),
            "{done:?}"
        );
        assert_eq!(remote(&dir, "refs/heads/main"), Some(released.clone()));
        dir.git(&["tag", "--delete", &first]);
        dir.git(&["tag", &first, &released]);
    }
    dir.git(&["tag", "--delete", &first]);
    let done = dir.run(&["release"]);
    assert!(done.code == 2 && done.err.contains("somebody moved it"), "{done:?}");
    assert_eq!(dir.git(&["tag"]), "", "what was fetched to be looked at is no tag here");
    // An annotated tag of the right content, made by hand, is accepted.
    dir.git(&["tag", "--annotate", "--message", "by hand", &first, &released]);
    dir.git(&["push", "--quiet", "--force", "origin", &name]);
    dir.git(&["tag", "--delete", &first]);
    dir.ok(&["release"]);
}

#[test]
fn a_commit_that_is_not_the_tree_gets_no_tag() {
    let name = "out/manifests/ollama/ai/service-ollama.yaml";
    // A filter commits other bytes than those on disk, as Git LFS does.
    let dir = prepared();
    dir.git(&["config", "filter.other.clean", "tr a-z A-Z"]);
    dir.append(".gitattributes", &format!("{name} filter=other\n"));
    let done = dir.run(&["release"]);
    assert!(
        done.code == 2 && done.err.contains("nothing was tagged: ") && done.err.contains(name),
        "{done:?}"
    );
    assert_eq!(dir.git(&["tag"]), "");
    assert_eq!(remote(&dir, "refs/heads/main"), None);
    // Other bytes are committed, and Git was told not to look at the file.
    let dir = prepared();
    dir.append(name, "# other\n");
    dir.git(&["add", "."]);
    dir.git(&["commit", "--quiet", "--message", "other"]);
    dir.git(&["update-index", "--assume-unchanged", name]);
    dir.ok(&["render"]);
    let done = dir.run(&["release"]);
    assert!(
        done.code == 1
            && done.err.contains("error[file-hidden]")
            && done.err.contains("nothing was released"),
        "{done:?}"
    );
    assert_eq!((dir.git(&["tag"]), remote(&dir, "refs/heads/main")), (String::new(), None));
    dir.git(&["update-index", "--no-assume-unchanged", name]);
    dir.ok(&["release"]);
}

#[test]
fn a_branch_is_not_released() {
    let dir = WorkspaceDir::rendered();
    dir.git(&["init", "--quiet", "--initial-branch", "main"]);
    let done = dir.run(&["release"]);
    assert!(done.code == 2 && done.err.contains("write `pin: tag` under `repository`"), "{done:?}");
}

#[cfg(unix)]
fn executable(path: &std::path::Path) {
    use std::os::unix::fs::PermissionsExt as _;
    fs::set_permissions(path, fs::Permissions::from_mode(0o755)).expect("writable");
}

#[cfg(not(unix))]
fn executable(_: &std::path::Path) {}
