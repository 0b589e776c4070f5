//! `pin: tag` and `release`: the tag names the content, and branch and tag reach the remote
//! together or not at all.

use std::fs;

use super::workspace_dir::WorkspaceDir;

/// A platform in a work tree of Git with a bare remote, pinned by tag, rendered and not committed.
fn place() -> WorkspaceDir {
    let it = WorkspaceDir::starter();
    it.git(&["init", "--quiet", "--initial-branch", "main"]);
    it.git(&["config", "user.name", "test"]);
    it.git(&["config", "user.email", "test@example.com"]);
    it.git(&["config", "commit.gpgsign", "false"]);
    fs::create_dir(it.path("remote.git")).expect("writable");
    it.git(&["init", "--quiet", "--bare", "--initial-branch", "main", "remote.git"]);
    it.append(".gitignore", "/remote.git\n");
    it.git(&["remote", "add", "origin", "remote.git"]);
    it.git(&["add", ".gitignore", ".gitattributes"]);
    it.git(&["commit", "--quiet", "--message", "start"]);
    let spec = it.read("spec/platform.yaml");
    it.write(
        "spec/platform.yaml",
        spec.replace("  repository:\n", "  repository:\n    pin: tag\n"),
    );
    assert!(
        it.read("spec/platform.yaml").contains("pin: tag"),
        "the starter has a block of its own for the repository"
    );
    it.ok(&["render"]);
    it
}

/// The tag that the Applications of the tree on the disk follow.
fn tag(it: &WorkspaceDir) -> String {
    let text = it.read("apps/openwebui.yaml");
    let line =
        text.lines().find(|it| it.trim().starts_with("targetRevision:")).expect("a revision");
    line.trim().strip_prefix("targetRevision: refs/tags/").expect("a tag").to_owned()
}

fn remote(it: &WorkspaceDir, revision: &str) -> Option<String> {
    let all = it.git(&[
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
    let it = place();
    let first = tag(&it);
    let said = it.ok(&["release"]).err;
    assert!(said.contains(&format!("released {first} on origin, branch `main`")), "{said}");
    let head = it.git(&["rev-parse", "HEAD"]).trim().to_owned();
    assert_eq!(remote(&it, "refs/heads/main"), Some(head.clone()));
    assert_eq!(remote(&it, &format!("refs/tags/{first}")), Some(head.clone()));
    assert_eq!(it.git(&["status", "--porcelain"]), "");

    // Once more: nothing to commit, nothing to tag.
    it.ok(&["release"]);
    assert_eq!(it.git(&["rev-parse", "HEAD"]).trim(), head);

    // Other content has another tag; the same content again has the first one, which is not made
    // twice.
    let spec = it.read("spec/platform.yaml");
    it.write(
        "spec/platform.yaml",
        spec.replace("keepAlive: 5m", "keepAlive: 6m").replace("replicas: 1", "replicas: 2"),
    );
    it.ok(&["render"]);
    let second = tag(&it);
    assert_ne!(first, second);
    it.ok(&["release", "--message", "Two of them"]);
    assert!(it.git(&["log", "-1", "--format=%s"]).starts_with("Two of them"));
    assert!(remote(&it, &format!("refs/tags/{second}")).is_some());
    it.write("spec/platform.yaml", spec);
    it.ok(&["render"]);
    assert_eq!(tag(&it), first);
    it.git(&["tag", "--delete", &first]);
    it.ok(&["release"]);
    assert_eq!(
        remote(&it, &format!("refs/tags/{first}")),
        Some(head),
        "the tag stays where it was"
    );
    assert_eq!(
        remote(&it, "refs/heads/main").as_deref(),
        Some(it.git(&["rev-parse", "HEAD"]).trim())
    );
}

#[test]
fn what_is_not_right_is_not_released() {
    let it = place();
    let before = it.git(&["rev-parse", "HEAD"]);
    let refused = |words: &[&str], code: i32, said: &str| {
        let done = it.run(words);
        assert!(done.code == code && done.err.contains(said), "{words:?}: {done:?}");
        assert_eq!(it.git(&["rev-parse", "HEAD"]), before);
        assert_eq!(remote(&it, "refs/heads/main"), None);
    };
    it.append("out/manifests/openwebui/ai/service-openwebui.yaml", "# by hand\n");
    refused(&["release"], 1, "nothing was released");
    it.ok(&["render"]);
    it.git(&["checkout", "--quiet", "-b", "other"]);
    refused(&["release"], 2, "this is the branch `other`, and ArgoCD follows `main`");
    it.git(&["checkout", "--quiet", "main"]);
    refused(&["release", "--remote", "nowhere"], 2, "there is no remote `nowhere`");
    let dry = it.ok(&["release", "--dry-run"]).err;
    assert!(dry.contains("git push --atomic origin HEAD:refs/heads/main refs/tags/tree-"), "{dry}");
    assert_eq!(it.git(&["rev-parse", "HEAD"]), before);
    assert_eq!(it.git(&["tag"]), "");
    // A remote that refuses the branch gets no tag either.
    it.write("remote.git/hooks/update", "#!/bin/sh\ncase $1 in refs/heads/*) exit 1;; esac\n");
    executable(&it.path("remote.git/hooks/update"));
    let done = it.run(&["release"]);
    assert!(done.code == 2 && done.err.contains("run `espalier release` again"), "{done:?}");
    assert_eq!(remote(&it, &format!("refs/tags/{}", tag(&it))), None);
    it.remove("remote.git/hooks/update");
    it.ok(&["release"]);
    assert!(remote(&it, &format!("refs/tags/{}", tag(&it))).is_some(), "the next try goes on");
}

#[test]
fn a_tag_that_somebody_moved_is_noticed() {
    let it = place();
    it.git(&["tag", &tag(&it), "HEAD"]);
    let done = it.run(&["release"]);
    assert!(done.code == 2 && done.err.contains("somebody moved it"), "{done:?}");
    assert_eq!(remote(&it, "refs/heads/main"), None);
}

#[test]
fn a_tag_that_somebody_moved_on_the_remote_is_noticed() {
    let it = place();
    it.ok(&["release"]);
    let (first, released) = (tag(&it), it.git(&["rev-parse", "HEAD"]).trim().to_owned());
    let name = format!("refs/tags/{first}");
    // Somebody else's commit, which is not here: another tree under the same name.
    let blob = it.git(&[
        "--git-dir",
        "remote.git",
        "commit-tree",
        "-m",
        "moved",
        "4b825dc642cb6eb9a060e54bf8d69288fbee4904",
    ]);
    it.git(&["--git-dir", "remote.git", "update-ref", &name, blob.trim()]);
    // Whether the tag is here or not: it is the remote's that ArgoCD reads.
    for _ in 0..2 {
        let done = it.run(&["release"]);
        assert!(
            done.code == 2
                && done.err.contains("on `origin` and holds another out/manifests than it names"),
            "{done:?}"
        );
        assert_eq!(remote(&it, "refs/heads/main"), Some(released.clone()));
        it.git(&["tag", "--delete", &first]);
        it.git(&["tag", &first, &released]);
    }
    it.git(&["tag", "--delete", &first]);
    let done = it.run(&["release"]);
    assert!(done.code == 2 && done.err.contains("somebody moved it"), "{done:?}");
    assert_eq!(it.git(&["tag"]), "", "what was fetched to be looked at is no tag here");
    // An annotated tag of the right content, made by hand, is as good.
    it.git(&["tag", "--annotate", "--message", "by hand", &first, &released]);
    it.git(&["push", "--quiet", "--force", "origin", &name]);
    it.git(&["tag", "--delete", &first]);
    it.ok(&["release"]);
}

#[test]
fn a_commit_that_is_not_the_tree_gets_no_tag() {
    let name = "out/manifests/ollama/ai/service-ollama.yaml";
    // A filter writes other bytes than are here, as that of large files does.
    let it = place();
    it.git(&["config", "filter.other.clean", "tr a-z A-Z"]);
    it.append(".gitattributes", &format!("{name} filter=other\n"));
    let done = it.run(&["release"]);
    assert!(
        done.code == 2 && done.err.contains("nothing was tagged: ") && done.err.contains(name),
        "{done:?}"
    );
    assert_eq!(it.git(&["tag"]), "");
    assert_eq!(remote(&it, "refs/heads/main"), None);
    // Other bytes are committed, and Git was told not to look at the disk.
    let it = place();
    it.append(name, "# other\n");
    it.git(&["add", "."]);
    it.git(&["commit", "--quiet", "--message", "other"]);
    it.git(&["update-index", "--assume-unchanged", name]);
    it.ok(&["render"]);
    let done = it.run(&["release"]);
    assert!(
        done.code == 1
            && done.err.contains("error[file-hidden]")
            && done.err.contains("nothing was released"),
        "{done:?}"
    );
    assert_eq!((it.git(&["tag"]), remote(&it, "refs/heads/main")), (String::new(), None));
    it.git(&["update-index", "--no-assume-unchanged", name]);
    it.ok(&["release"]);
}

#[test]
fn a_branch_is_not_released() {
    let it = WorkspaceDir::rendered();
    it.git(&["init", "--quiet", "--initial-branch", "main"]);
    let done = it.run(&["release"]);
    assert!(done.code == 2 && done.err.contains("write `pin: tag` under `repository`"), "{done:?}");
}

#[cfg(unix)]
fn executable(path: &std::path::Path) {
    use std::os::unix::fs::PermissionsExt as _;
    fs::set_permissions(path, fs::Permissions::from_mode(0o755)).expect("writable");
}

#[cfg(not(unix))]
fn executable(_: &std::path::Path) {}
