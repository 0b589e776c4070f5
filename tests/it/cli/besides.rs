//! What Argo CD reads is what espalier made: by Git's own list, in every format, from wherever one
//! asks.

use std::{fs, os::unix::fs::symlink};

use super::workspace_dir::{Done, WorkspaceDir};

/// A rendered platform, committed.
fn committed() -> WorkspaceDir {
    let it = WorkspaceDir::rendered();
    it.git(&["init", "--quiet", "--initial-branch", "main"]);
    it.git(&["add", "."]);
    it.git(&["commit", "--quiet", "--message", "one"]);
    it.ok(&["check"]);
    it
}

/// Both verbs say it, in every format, and end alike.
#[track_caller]
fn told(it: &WorkspaceDir, words: &[&str], text: &str) {
    for verb in ["check", "render"] {
        for format in ["human", "short", "json", "github"] {
            let done = it.run(&[words, &[verb, "--format", format]].concat());
            let said = format!("{}{}", done.out, done.err);
            assert!(
                done.code == 1 && said.matches(text).count() == 1,
                "{verb} {format}, `{text}`: {done:?}"
            );
        }
    }
}

#[test]
fn what_git_has_and_the_disk_does_not_show_is_told() {
    let id = "e69de29bb2d1d6434b8b29ae775ad8c2e48c5391";
    // A submodule that is not initialised is an empty folder, or none at all in a sparse work tree.
    let it = committed();
    it.git(&["update-index", "--add", "--cacheinfo", &format!("160000,{id},out/module")]);
    fs::create_dir(it.path("out/module")).expect("writable");
    told(&it, &[], "`out/module` is another repository in Git");
    // A link where links are files: the file is right, and Git's mode is not.
    let it = committed();
    let name = it.manifest();
    let blob = it.git(&["hash-object", "-w", &name]);
    it.git(&["update-index", "--add", "--cacheinfo", &format!("120000,{},{name}", blob.trim())]);
    it.git(&["config", "core.symlinks", "false"]);
    told(&it, &[], "is a symbolic link in Git");
    // A file that this clone does not show.
    let it = committed();
    it.write("apps/hidden.yaml", "kind: Application\n");
    it.git(&["add", "apps/hidden.yaml"]);
    it.git(&["update-index", "--skip-worktree", "apps/hidden.yaml"]);
    it.remove("apps/hidden.yaml");
    told(&it, &[], "`apps/hidden.yaml` is in Git and not in this folder");
    // What was removed and waits for its commit is no finding.
    let it = committed();
    it.write("apps/mine.yaml", "kind: Application\n");
    it.git(&["add", "apps/mine.yaml"]);
    it.remove("apps/mine.yaml");
    it.ok(&["check"]);
    it.tenant("team-a");
    it.ok(&["render"]);
    it.git(&["add", "."]);
    it.remove("spec/workspaces/team-a.yaml");
    it.ok(&["render"]);
    it.ok(&["check"]);
}

#[test]
fn generated_files_that_git_does_not_have_are_told() {
    let it = committed();
    let name = "out/manifests/ollama/ai/service-ollama.yaml";
    it.git(&["rm", "--quiet", "--cached", name]);
    for _ in 0..2 {
        let done = it.run(&["check", "--deny", "warnings", "--color", "never"]);
        assert!(
            done.code == 1
                && done
                    .err
                    .contains(&format!("not in Git, which has other generated files: {name}\n")),
            "{done:?}"
        );
        it.git(&["commit", "--quiet", "--allow-empty", "--message", "gone"]);
    }
    it.git(&["add", "."]);
    it.tenant("team-a");
    it.ok(&["render"]);
    let said = it.ok(&["check", "--color", "never"]).err;
    assert!(
        said.contains("warning[file-missing]: not in Git") && said.contains(" more\n"),
        "{said}"
    );
    it.git(&["add", "."]);
    assert!(!it.ok(&["check"]).err.contains("not in Git"));
}

/// What is committed is not what lies here, though Git calls the work tree clean.
#[test]
fn a_file_that_git_was_told_not_to_look_at_is_told_where_it_has_another() {
    for format in ["sha1", "sha256"] {
        for mark in ["assume-unchanged", "skip-worktree"] {
            let it = WorkspaceDir::rendered();
            it.git(&["init", "--quiet", "--initial-branch", "main", "--object-format", format]);
            it.git(&["add", "."]);
            it.git(&["commit", "--quiet", "--message", "one"]);
            let name = it.manifest();
            it.git(&["update-index", &format!("--{mark}"), &name]);
            it.ok(&["check"]);
            let text = it.read(&name);
            it.git(&["update-index", &format!("--no-{mark}"), &name]);
            it.write(&name, text.replace("name:", "name: #"));
            it.git(&["commit", "--quiet", "--all", "--message", "another"]);
            it.write(&name, text);
            // An edit that Git sees waits for its commit.
            it.ok(&["check"]);
            it.git(&["update-index", &format!("--{mark}"), &name]);
            told(
                &it,
                &[],
                &format!(
                    "Git has other bytes of `{name}`, and was told not to look at the file ({mark})"
                ),
            );
            let said = it.run(&["check", "--color", "never"]).err;
            let line = said
                .split('`')
                .find(|it| it.starts_with("git update-index"))
                .expect("a line to paste");
            it.git(&line.split(' ').skip(1).collect::<Vec<_>>());
            it.ok(&["check"]);
        }
    }
}

#[test]
fn attributes_that_change_bytes_are_told_with_their_place_and_a_way_out() {
    let out = "out/** !filter !ident !working-tree-encoding\n";
    for (file, line, said, place) in [
        (".gitattributes", "*.yaml filter=lfs diff=lfs -text", "`filter=lfs`", ".gitattributes:"),
        (".gitattributes", "out/manifests/*/*/service-*.yaml ident", "`ident`", ".gitattributes:"),
        (
            ".gitattributes",
            "out/** working-tree-encoding=UTF-16",
            "`working-tree-encoding=UTF-16`",
            ".gitattributes:",
        ),
        (
            "out/manifests/.gitattributes",
            "ollama/** filter=mine",
            "`filter=mine`",
            "out/manifests/.gitattributes:1",
        ),
        (".git/info/attributes", "apps/* filter=mine", "`filter=mine`", ".git/info/attributes:1"),
        (".gitattributes", "apps/** text eol=crlf", "`eol=crlf`", ".gitattributes:"),
    ] {
        let it = committed();
        let before = if it.path(file).exists() { it.read(file) } else { String::new() };
        it.write(file, format!("{before}{line}\n"));
        let done = it.run(&["check", "--color", "never"]);
        let told = done
            .err
            .lines()
            .find(|it| it.starts_with("warning[file-converted]"))
            .unwrap_or_default()
            .to_owned();
        assert!(told.ends_with(&format!("by the attribute {said}")), "{file} {line}: {done:?}");
        assert!(done.err.contains(&format!(" out of {place}")), "{done:?}");
        // A line of ours says nothing against a file that has the last word.
        assert_eq!(
            done.err.contains(", or write `/"),
            file == ".gitattributes",
            "{file}: {done:?}"
        );
        if file == ".gitattributes" {
            for line in done.err.split('`').filter(|it| it.starts_with('/') && it.contains("/** "))
            {
                it.append(file, &format!("{line}\n"));
            }
            assert!(!it.run(&["check"]).err.contains("file-converted"), "{line}");
        }
    }
    // Attributes that change nothing that is generated.
    let it = committed();
    it.append(
        ".gitattributes",
        "*.gguf filter=lfs\nspec/** ident\n*.yaml text=auto\nout/** -filter -text eol=crlf\n",
    );
    let said = it.run(&["check"]).err;
    assert!(!said.contains("file-converted"), "{said}");
    it.append(".gitattributes", out);
    it.ok(&["check"]);
}

#[test]
fn links_repositories_and_files_of_others_are_told_and_what_git_ignores_is_not() {
    let it = committed();
    it.append(".gitignore", "*~\n.DS_Store\n");
    it.write("out/.DS_Store", "x");
    it.write("apps/ollama.yaml~", "kind: Application\n");
    it.ok(&["check"]);
    it.ok(&["render"]);
    // Ignored and in Git all the same: then Argo CD reads it.
    it.git(&["add", "--force", "out/.DS_Store"]);
    told(&it, &[], "`out/.DS_Store` was not generated by espalier");

    let it = committed();
    symlink("../spec", it.path("out/spec")).expect("a link");
    told(&it, &[], "`out/spec` was not generated by espalier");
    let it = committed();
    fs::create_dir(it.path("out/nested")).expect("writable");
    it.git(&["init", "--quiet", "out/nested"]);
    told(&it, &[], "`out/nested/.git` was not generated by espalier");
}

#[test]
fn one_thing_in_the_way_is_told_once() {
    let it = WorkspaceDir::rendered();
    fs::remove_dir_all(it.path("out")).expect("removable");
    it.write("out", "mine\n");
    told(&it, &[], "`out` is needed as a folder for");
    for verb in ["check", "render"] {
        let done = it.run(&[verb, "--color", "never"]);
        assert_eq!(done.err.matches("error[").count(), 1, "{done:?}");
    }
}

#[test]
fn a_repository_that_cannot_be_asked_is_told_and_one_that_leaves_the_folder_out_is_not_asked() {
    let it = WorkspaceDir::rendered();
    it.write(".git", "gitdir: /nowhere\n");
    for words in [&["check"][..], &["render"]] {
        let done = it.run(words);
        assert!(
            done.code == 1
                && done.err.contains("error[repository-not-asked]")
                && done.err.contains("/nowhere"),
            "{done:?}"
        );
    }
    // A link is one that nobody asks; and without Git there is nobody to ask.
    it.remove(".git");
    symlink("elsewhere", it.path(".git")).expect("a link");
    let done = it.run(&["check"]);
    assert!(
        done.code == 1
            && done.err.contains("error[repository-not-asked]")
            && done.err.contains("is a link"),
        "{done:?}"
    );
    it.remove(".git");
    it.git(&["init", "--quiet", "--initial-branch", "main"]);
    let done: Done = it.command(&["check"]).env("PATH", "").output().expect("it runs").into();
    assert!(done.code == 0 && done.err.contains("warning[repository-not-asked]"), "{done:?}");
    // A folder for trying things out, in somebody's repository.
    let it = WorkspaceDir::empty();
    it.git(&["init", "--quiet", "--initial-branch", "trunk"]);
    it.write(".gitignore", "/scratch/\n");
    fs::create_dir(it.path("scratch")).expect("writable");
    it.ok(&["init", "scratch"]);
    it.ok(&["render", "--root", "scratch"]);
}

#[test]
fn where_the_tree_is_is_compared_with_what_the_spec_says() {
    let it = WorkspaceDir::empty();
    it.git(&["init", "--quiet", "--initial-branch", "main"]);
    fs::create_dir_all(it.path("clusters/garden")).expect("writable");
    it.ok(&["init", "clusters/garden"]);
    it.says_path("clusters/garden");
    let root = ["--root", "clusters/garden"];
    it.ok(&[&root[..], &["render"]].concat());
    let spec = it.read("clusters/garden/spec/platform.yaml");
    for wrong in ["clusters", "garden", "."] {
        it.write(
            "clusters/garden/spec/platform.yaml",
            spec.replace("path: clusters/garden", &format!("path: {wrong}")),
        );
        told(
            &it,
            &root,
            &format!(
                "the platform is in `clusters/garden` of its repository, and Argo CD would look for it in `{wrong}`"
            ),
        );
    }
    it.write(
        "clusters/garden/spec/platform.yaml",
        spec.replace("path: clusters/garden", "path: clusters/garden\n    branch: trunk")
            .replace("    branch: main\n", ""),
    );
    told(&it, &root, "this repository has no branch `trunk`");
    // A branch that is known, here or on a remote, is right wherever one stands.
    it.git(&["add", "."]);
    it.git(&["commit", "--quiet", "--message", "one"]);
    it.git(&["update-ref", "refs/remotes/origin/trunk", "HEAD"]);
    it.ok(&[&root[..], &["render"]].concat());
    it.git(&["update-ref", "-d", "refs/remotes/origin/trunk"]);
    it.git(&["config", "remote.our/mirror.url", "elsewhere"]);
    it.git(&["update-ref", "refs/remotes/our/mirror/trunk", "HEAD"]);
    it.ok(&[&root[..], &["render"]].concat());
    it.git(&["config", "--remove-section", "remote.our/mirror"]);
    told(&it, &root, "this repository has no branch `trunk`");
    it.git(&["update-ref", "-d", "refs/remotes/our/mirror/trunk"]);
    it.git(&["checkout", "--quiet", "--detach"]);
    it.ok(&[&root[..], &["render"]].concat());
    // A clone of one branch knows no other.
    it.git(&["checkout", "--quiet", "main"]);
    it.git(&["config", "remote.origin.fetch", "+refs/heads/main:refs/remotes/origin/main"]);
    it.ok(&[&root[..], &["render"]].concat());
}

#[test]
fn files_are_called_from_where_one_is_and_for_programs_from_the_top() {
    let it = WorkspaceDir::empty();
    it.git(&["init", "--quiet", "--initial-branch", "main"]);
    fs::create_dir_all(it.path("clusters/garden")).expect("writable");
    it.ok(&["init", "clusters/garden"]);
    it.says_path("clusters/garden");
    it.ok(&["render", "--root", "clusters/garden"]);
    it.append("clusters/garden/apps/ollama.yaml", "# edited\n");
    it.append("clusters/garden/spec/platform.yaml", "  surprise: 1\n");
    let at = |folder: &str, words: &[&str]| -> Done {
        let mut command = it.command(words);
        command.current_dir(it.path(folder)).output().expect("it runs").into()
    };
    for (folder, spec) in [
        (".", "clusters/garden/spec/platform.yaml:"),
        ("clusters", "garden/spec/platform.yaml:"),
        ("clusters/garden", "spec/platform.yaml:"),
        ("clusters/garden/spec", "platform.yaml:"),
        ("clusters/garden/out", "../spec/platform.yaml:"),
    ] {
        let root = it.path("clusters/garden").display().to_string();
        let short = at(folder, &["check", "--format", "short", "--root", &root]);
        assert!(short.err.starts_with(spec), "{folder}: {short:?}");
        let human = at(folder, &["check", "--color", "never", "--root", &root]);
        assert!(human.err.contains(&format!("--> {spec}")), "{folder}: {human:?}");
        for (format, text) in [
            ("github", "file=clusters/garden/spec/platform.yaml,"),
            ("json", "\"file\": \"clusters/garden/spec/platform.yaml\""),
        ] {
            let said = at(folder, &["check", "--format", format, "--root", &root]);
            assert!(said.out.contains(text), "{folder} {format}: {said:?}");
        }
    }
    // What differs is called alike, and a spec that was named is called as it was.
    let spec = it.read("clusters/garden/spec/platform.yaml").replace("  surprise: 1\n", "");
    it.write("clusters/garden/spec/platform.yaml", &spec);
    let said = at("clusters/garden/out", &["check", "--color", "never"]);
    assert!(
        said.out.contains("changed  ../apps/ollama.yaml\n--- a/apps/ollama.yaml\n"),
        "{said:?}"
    );
    it.write("other.yaml", spec.replace("cpu:", "cpus:"));
    let said = at(
        "clusters",
        &["check", "--format", "short", "--root", "garden", "--spec", "../other.yaml"],
    );
    assert!(said.err.starts_with("../other.yaml:"), "{said:?}");
}

/// Whichever pattern hides whichever file of ours, wherever it stands: it is named, and the way out
/// is one.
#[test]
fn what_git_ignores_of_ours_is_told_with_the_pattern_and_the_way_out() {
    let patterns = [
        "out/",
        "/apps",
        "bootstrap/",
        "*.yaml",
        "*.pem",
        "*.sh",
        "services*",
        ".*",
        "*.json",
        "manifests/",
        "README*",
    ];
    for pattern in patterns {
        let it = WorkspaceDir::rendered();
        it.write(
            "spec/sealing.pem",
            fs::read("tests/golden/sealed/spec/sealing.pem").expect("it is there"),
        );
        it.git(&["init", "--quiet", "--initial-branch", "main"]);
        it.ok(&["render"]);
        assert!(
            !it.run(&["check"]).err.contains("file-ignored"),
            "nothing of ours is ignored by what `init` writes"
        );
        it.append(".gitignore", &format!("{pattern}\n"));
        let hidden = it.git(&["ls-files", "--others", "--ignored", "--exclude-standard"]);
        let of_ours = hidden.lines().filter(|it| {
            !it.starts_with(".espalier/") && !it.ends_with("schema.json") && !it.starts_with(".git")
        });
        let is_hidden = of_ours.count() > 0;
        for verb in ["check", "render"] {
            let said = it.run(&[verb, "--deny", "warnings"]).err;
            let is_told = said.contains(&format!("the pattern `{pattern}` in .gitignore:3"));
            assert_eq!(is_told, is_hidden, "{pattern}, {verb}: {said}");
        }
        // The lines that the help names are taken when they are pasted.
        let said = it.run(&["check"]).err;
        let help = said.lines().find(|it| it.contains("below all else in .gitignore"));
        let lines: Vec<&str> =
            help.unwrap_or_default().split('`').filter(|it| it.starts_with('!')).collect();
        if !lines.is_empty() {
            it.append(".gitignore", &format!("{}\n", lines.join("\n")));
        } else if is_hidden {
            it.git(&["add", "--force", "apps", "bootstrap", "out", "spec"]);
        }
        let said = it.run(&["check"]).err;
        assert!(!said.contains("file-ignored"), "{pattern}: {said}");
    }
}

#[test]
fn a_tenant_s_file_and_a_list_of_one_s_own_count_and_no_repository_is_not_asked() {
    let it = committed();
    it.tenant("team-a");
    it.tenant("team-b");
    it.write(".git/info/exclude", "*team-b*\n");
    for verb in ["render", "check"] {
        let said = it.ok(&[verb]).err;
        assert!(said.contains("the pattern `*team-b*` in .git/info/exclude:1"), "{verb}: {said}");
    }
    // What Git has already, it does not ignore; neither what a later line takes in again.
    it.git(&["add", "--force", "."]);
    assert!(!it.ok(&["check"]).err.contains("file-ignored"));
    let it = WorkspaceDir::rendered();
    it.append(".gitignore", "out/\n");
    assert!(!it.ok(&["check"]).err.contains("file-ignored"), "there is no repository");
}
