//! Argo CD reads exactly what Espalier made: by Git's own list, in every format, from any folder.

use std::{fs, os::unix::fs::symlink};

use super::workspace_dir::{Done, WorkspaceDir};

/// A rendered platform, committed.
fn committed() -> WorkspaceDir {
    let dir = WorkspaceDir::rendered();
    dir.git(&["init", "--quiet", "--initial-branch", "main"]);
    dir.git(&["add", "."]);
    dir.git(&["commit", "--quiet", "--message", "one"]);
    dir.ok(&["check"]);
    dir
}

/// `check` and `render` report it, in every format, and end with the same exit code.
#[track_caller]
fn told(dir: &WorkspaceDir, words: &[&str], text: &str) {
    for verb in ["check", "render"] {
        for format in ["human", "short", "json", "github"] {
            let done = dir.run(&[words, &[verb, "--format", format]].concat());
            let said = format!("{}{}", done.out, done.err);
            assert!(
                done.code == 1 && said.matches(text).count() == 1,
                "{verb} {format}, `{text}`: {done:?}"
            );
        }
    }
}

#[test]
fn what_git_has_and_the_disk_does_not_show_is_reported() {
    let id = "e69de29bb2d1d6434b8b29ae775ad8c2e48c5391";
    // A submodule that is not initialised is an empty folder, or missing in a sparse work tree.
    let dir = committed();
    dir.git(&["update-index", "--add", "--cacheinfo", &format!("160000,{id},out/module")]);
    fs::create_dir(dir.path("out/module")).expect("writable");
    told(&dir, &[], "`out/module` is another repository in Git");
    // A link on a file system without links: the file's content is right, and its mode in Git is
    // not.
    let dir = committed();
    let name = dir.manifest();
    let blob = dir.git(&["hash-object", "-w", &name]);
    dir.git(&["update-index", "--add", "--cacheinfo", &format!("120000,{},{name}", blob.trim())]);
    dir.git(&["config", "core.symlinks", "false"]);
    told(&dir, &[], "is a symbolic link in Git");
    // A file that this clone does not check out.
    let dir = committed();
    dir.write("apps/hidden.yaml", "kind: Application\n");
    dir.git(&["add", "apps/hidden.yaml"]);
    dir.git(&["update-index", "--skip-worktree", "apps/hidden.yaml"]);
    dir.remove("apps/hidden.yaml");
    told(&dir, &[], "`apps/hidden.yaml` is in Git but not in this folder");
    // A file that was removed and not committed yet is no finding.
    let dir = committed();
    dir.write("apps/mine.yaml", "kind: Application\n");
    dir.git(&["add", "apps/mine.yaml"]);
    dir.remove("apps/mine.yaml");
    dir.ok(&["check"]);
    dir.tenant("team-a");
    dir.ok(&["render"]);
    dir.git(&["add", "."]);
    dir.remove("spec/workspaces/team-a.yaml");
    dir.ok(&["render"]);
    dir.ok(&["check"]);
}

#[test]
fn generated_files_that_git_does_not_have_are_reported() {
    let dir = committed();
    let name = "out/manifests/ollama/ai/service-ollama.yaml";
    dir.git(&["rm", "--quiet", "--cached", name]);
    for _ in 0..2 {
        let done = dir.run(&["check", "--deny", "warnings", "--color", "never"]);
        assert!(
            done.code == 1
                && done
                    .err
                    .contains(&format!("not in Git, although other generated files are: {name}\n")),
            "{done:?}"
        );
        dir.git(&["commit", "--quiet", "--allow-empty", "--message", "gone"]);
    }
    dir.git(&["add", "."]);
    dir.tenant("team-a");
    dir.ok(&["render"]);
    let said = dir.ok(&["check", "--color", "never"]).err;
    assert!(
        said.contains("warning[file-missing]: not in Git") && said.contains(" more\n"),
        "{said}"
    );
    dir.git(&["add", "."]);
    assert!(!dir.ok(&["check"]).err.contains("not in Git"));
}

/// The committed bytes differ from those on the disk, although Git calls the work tree clean.
#[test]
fn a_file_that_git_was_told_not_to_look_at_is_reported_where_it_has_another() {
    for format in ["sha1", "sha256"] {
        for mark in ["assume-unchanged", "skip-worktree"] {
            let dir = WorkspaceDir::rendered();
            dir.git(&["init", "--quiet", "--initial-branch", "main", "--object-format", format]);
            dir.git(&["add", "."]);
            dir.git(&["commit", "--quiet", "--message", "one"]);
            let name = dir.manifest();
            dir.git(&["update-index", &format!("--{mark}"), &name]);
            dir.ok(&["check"]);
            let text = dir.read(&name);
            dir.git(&["update-index", &format!("--no-{mark}"), &name]);
            dir.write(&name, text.replace("name:", "name: #"));
            dir.git(&["commit", "--quiet", "--all", "--message", "another"]);
            dir.write(&name, text);
            // An edit that Git sees only waits for its commit.
            dir.ok(&["check"]);
            dir.git(&["update-index", &format!("--{mark}"), &name]);
            told(
                &dir,
                &[],
                &format!(
                    "Git has a different version of `{name}`, and was told to ignore changes to \
                     the file ({mark})"
                ),
            );
            let said = dir.run(&["check", "--color", "never"]).err;
            let line = said
                .split('`')
                .find(|it| it.starts_with("git update-index"))
                .expect("a line to paste");
            dir.git(&line.split(' ').skip(1).collect::<Vec<_>>());
            dir.ok(&["check"]);
        }
    }
}

#[test]
fn attributes_that_change_bytes_are_reported_with_their_place_and_a_way_out() {
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
        let dir = committed();
        let before = if dir.path(file).exists() { dir.read(file) } else { String::new() };
        dir.write(file, format!("{before}{line}\n"));
        let done = dir.run(&["check", "--color", "never"]);
        let told = done
            .err
            .lines()
            .find(|it| it.starts_with("warning[file-converted]"))
            .unwrap_or_default()
            .to_owned();
        assert!(
            told.contains(&format!("the Git attribute {said} changes the bytes of `")),
            "{file} {line}: {done:?}"
        );
        assert!(done.err.contains(&format!(" from {place}")), "{done:?}");
        // A line of ours does not override a file with higher precedence.
        assert_eq!(done.err.contains(", or add `/"), file == ".gitattributes", "{file}: {done:?}");
        if file == ".gitattributes" {
            for line in done.err.split('`').filter(|it| it.starts_with('/') && it.contains("/** "))
            {
                dir.append(file, &format!("{line}\n"));
            }
            assert!(!dir.run(&["check"]).err.contains("file-converted"), "{line}");
        }
    }
    // Attributes that do not change any generated file.
    let dir = committed();
    dir.append(
        ".gitattributes",
        "*.gguf filter=lfs\nspec/** ident\n*.yaml text=auto\nout/** -filter -text eol=crlf\n",
    );
    let said = dir.run(&["check"]).err;
    assert!(!said.contains("file-converted"), "{said}");
    dir.append(".gitattributes", out);
    dir.ok(&["check"]);
}

#[test]
fn links_repositories_and_files_of_others_are_reported_and_what_git_ignores_is_not() {
    let dir = committed();
    dir.append(".gitignore", "*~\n.DS_Store\n");
    dir.write("out/.DS_Store", "x");
    dir.write("apps/ollama.yaml~", "kind: Application\n");
    dir.ok(&["check"]);
    dir.ok(&["render"]);
    // Ignored and in Git all the same: then Argo CD reads it.
    dir.git(&["add", "--force", "out/.DS_Store"]);
    told(&dir, &[], "`out/.DS_Store` was not generated by espalier");

    let dir = committed();
    symlink("../spec", dir.path("out/spec")).expect("a link");
    told(&dir, &[], "`out/spec` was not generated by espalier");
    let dir = committed();
    fs::create_dir(dir.path("out/nested")).expect("writable");
    dir.git(&["init", "--quiet", "out/nested"]);
    told(&dir, &[], "`out/nested/.git` was not generated by espalier");
}

#[test]
fn one_thing_in_the_way_is_reported_once() {
    let dir = WorkspaceDir::rendered();
    fs::remove_dir_all(dir.path("out")).expect("removable");
    dir.write("out", "mine\n");
    told(&dir, &[], "`out` is needed as a folder for");
    for verb in ["check", "render"] {
        let done = dir.run(&[verb, "--color", "never"]);
        assert_eq!(done.err.matches("error[").count(), 1, "{done:?}");
    }
}

#[test]
fn a_repository_that_cannot_be_asked_is_reported_and_one_that_leaves_the_folder_out_is_not_asked() {
    let dir = WorkspaceDir::rendered();
    dir.write(".git", "gitdir: /nowhere\n");
    for words in [&["check"][..], &["render"]] {
        let done = dir.run(words);
        assert!(
            done.code == 1
                && done.err.contains("error[repository-not-asked]")
                && done.err.contains("/nowhere"),
            "{done:?}"
        );
    }
    // A `.git` that is a link is not asked; and if Git is not installed, nothing can be asked.
    dir.remove(".git");
    symlink("elsewhere", dir.path(".git")).expect("a link");
    let done = dir.run(&["check"]);
    assert!(
        done.code == 1
            && done.err.contains("error[repository-not-asked]")
            && done.err.contains("is a symbolic link"),
        "{done:?}"
    );
    dir.remove(".git");
    dir.git(&["init", "--quiet", "--initial-branch", "main"]);
    let done: Done = dir.command(&["check"]).env("PATH", "").output().expect("it runs").into();
    assert!(done.code == 0 && done.err.contains("warning[repository-not-asked]"), "{done:?}");
    // A folder for experiments in another repository.
    let dir = WorkspaceDir::empty();
    dir.git(&["init", "--quiet", "--initial-branch", "trunk"]);
    dir.write(".gitignore", "/scratch/\n");
    fs::create_dir(dir.path("scratch")).expect("writable");
    dir.ok(&["init", "scratch"]);
    dir.ok(&["render", "--root", "scratch"]);
}

#[test]
fn where_the_tree_is_is_compared_with_what_the_spec_says() {
    let dir = WorkspaceDir::empty();
    dir.git(&["init", "--quiet", "--initial-branch", "main"]);
    fs::create_dir_all(dir.path("clusters/garden")).expect("writable");
    dir.ok(&["init", "clusters/garden"]);
    dir.says_path("clusters/garden");
    let root = ["--root", "clusters/garden"];
    dir.ok(&[&root[..], &["render"]].concat());
    let spec = dir.read("clusters/garden/spec/platform.yaml");
    for wrong in ["clusters", "garden", "."] {
        dir.write(
            "clusters/garden/spec/platform.yaml",
            spec.replace("path: clusters/garden", &format!("path: {wrong}")),
        );
        told(
            &dir,
            &root,
            &format!(
                "the platform is in `clusters/garden` of its repository, but Argo CD would look \
                 for it in `{wrong}`"
            ),
        );
    }
    dir.write(
        "clusters/garden/spec/platform.yaml",
        spec.replace("path: clusters/garden", "path: clusters/garden\n    branch: trunk")
            .replace("    branch: main\n", ""),
    );
    told(&dir, &root, "this repository has no branch `trunk`");
    // A branch that exists, here or on a remote, is right whichever branch is checked out.
    dir.git(&["add", "."]);
    dir.git(&["commit", "--quiet", "--message", "one"]);
    dir.git(&["update-ref", "refs/remotes/origin/trunk", "HEAD"]);
    dir.ok(&[&root[..], &["render"]].concat());
    dir.git(&["update-ref", "-d", "refs/remotes/origin/trunk"]);
    dir.git(&["config", "remote.our/mirror.url", "elsewhere"]);
    dir.git(&["update-ref", "refs/remotes/our/mirror/trunk", "HEAD"]);
    dir.ok(&[&root[..], &["render"]].concat());
    dir.git(&["config", "--remove-section", "remote.our/mirror"]);
    told(&dir, &root, "this repository has no branch `trunk`");
    dir.git(&["update-ref", "-d", "refs/remotes/our/mirror/trunk"]);
    dir.git(&["checkout", "--quiet", "--detach"]);
    dir.ok(&[&root[..], &["render"]].concat());
    // A single-branch clone does not know the others.
    dir.git(&["checkout", "--quiet", "main"]);
    dir.git(&["config", "remote.origin.fetch", "+refs/heads/main:refs/remotes/origin/main"]);
    dir.ok(&[&root[..], &["render"]].concat());
}

#[test]
fn files_are_called_from_where_one_is_and_for_programs_from_the_top() {
    let dir = WorkspaceDir::empty();
    dir.git(&["init", "--quiet", "--initial-branch", "main"]);
    fs::create_dir_all(dir.path("clusters/garden")).expect("writable");
    dir.ok(&["init", "clusters/garden"]);
    dir.says_path("clusters/garden");
    dir.ok(&["render", "--root", "clusters/garden"]);
    dir.append("clusters/garden/apps/ollama.yaml", "# edited\n");
    dir.append("clusters/garden/spec/platform.yaml", "  surprise: 1\n");
    let at = |folder: &str, words: &[&str]| -> Done {
        let mut command = dir.command(words);
        command.current_dir(dir.path(folder)).output().expect("it runs").into()
    };
    for (folder, spec) in [
        (".", "clusters/garden/spec/platform.yaml:"),
        ("clusters", "garden/spec/platform.yaml:"),
        ("clusters/garden", "spec/platform.yaml:"),
        ("clusters/garden/spec", "platform.yaml:"),
        ("clusters/garden/out", "../spec/platform.yaml:"),
    ] {
        let root = dir.path("clusters/garden").display().to_string();
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
    // Both messages use the same name, and a spec that was named by `--spec` keeps that name.
    let spec = dir.read("clusters/garden/spec/platform.yaml").replace("  surprise: 1\n", "");
    dir.write("clusters/garden/spec/platform.yaml", &spec);
    let said = at("clusters/garden/out", &["check", "--color", "never"]);
    assert!(
        said.out.contains("changed  ../apps/ollama.yaml\n--- a/apps/ollama.yaml\n"),
        "{said:?}"
    );
    dir.write("other.yaml", spec.replace("cpu:", "cpus:"));
    let said = at(
        "clusters",
        &["check", "--format", "short", "--root", "garden", "--spec", "../other.yaml"],
    );
    assert!(said.err.starts_with("../other.yaml:"), "{said:?}");
}

/// Whichever pattern hides whichever file of ours, wherever it stands: the finding names it, and
/// the way out is one.
#[test]
fn what_git_ignores_of_ours_is_reported_with_the_pattern_and_the_way_out() {
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
        let dir = WorkspaceDir::rendered();
        dir.write(
            "spec/sealing.pem",
            fs::read("tests/golden/sealed/spec/sealing.pem").expect("it is there"),
        );
        dir.git(&["init", "--quiet", "--initial-branch", "main"]);
        dir.ok(&["render"]);
        assert!(
            !dir.run(&["check"]).err.contains("file-ignored"),
            "nothing of ours is ignored by what `init` writes"
        );
        dir.append(".gitignore", &format!("{pattern}\n"));
        let hidden = dir.git(&["ls-files", "--others", "--ignored", "--exclude-standard"]);
        let of_ours = hidden.lines().filter(|line| {
            !line.starts_with(".espalier/")
                && !line.ends_with("schema.json")
                && !line.starts_with(".git")
        });
        let is_hidden = of_ours.count() > 0;
        for verb in ["check", "render"] {
            let said = dir.run(&[verb, "--deny", "warnings"]).err;
            let is_told = said.contains(&format!("the pattern `{pattern}` in .gitignore:3"));
            assert_eq!(is_told, is_hidden, "{pattern}, {verb}: {said}");
        }
        // The lines that the help names work when they are pasted.
        let said = dir.run(&["check"]).err;
        let help = said.lines().find(|it| it.contains("below all else in .gitignore"));
        let lines: Vec<&str> =
            help.unwrap_or_default().split('`').filter(|it| it.starts_with('!')).collect();
        if !lines.is_empty() {
            dir.append(".gitignore", &format!("{}\n", lines.join("\n")));
        } else if is_hidden {
            dir.git(&["add", "--force", "apps", "bootstrap", "out", "spec"]);
        }
        let said = dir.run(&["check"]).err;
        assert!(!said.contains("file-ignored"), "{pattern}: {said}");
    }
}

#[test]
fn a_tenant_s_file_and_a_list_of_one_s_own_count_and_no_repository_is_not_asked() {
    let dir = committed();
    dir.tenant("team-a");
    dir.tenant("team-b");
    dir.write(".git/info/exclude", "*team-b*\n");
    for verb in ["render", "check"] {
        let said = dir.ok(&[verb]).err;
        assert!(said.contains("the pattern `*team-b*` in .git/info/exclude:1"), "{verb}: {said}");
    }
    // A file that is in Git already is not ignored, nor is one that a later line includes again.
    dir.git(&["add", "--force", "."]);
    assert!(!dir.ok(&["check"]).err.contains("file-ignored"));
    let dir = WorkspaceDir::rendered();
    dir.append(".gitignore", "out/\n");
    assert!(!dir.ok(&["check"]).err.contains("file-ignored"), "there is no repository");
}
