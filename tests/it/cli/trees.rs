//! `render`, `check` and `diff` in real folders: what is written, what is left alone, what is
//! reported.

use std::fs;

use super::workspace_dir::WorkspaceDir;

#[test]
fn an_empty_git_folder_is_all_it_takes() {
    let dir = WorkspaceDir::empty();
    dir.git(&["init", "--quiet", "--initial-branch", "main"]);
    let plain = WorkspaceDir::starter().read("spec/platform.yaml");
    let repository = "https://git.garden.example/tree.git";
    let values = [
        "--name",
        "garden",
        "--repository",
        repository,
        "--chat",
        "chat.garden.example",
        "--email",
        "ops@garden.example",
    ];
    let said = dir.ok(&[&["init"], &values[..]].concat());
    assert!(said.err.contains("wrote spec/platform.yaml") && said.out.is_empty(), "{said:?}");
    let spec = dir.read("spec/platform.yaml");
    for value in [
        "name: garden ",
        &format!("url: {repository} "),
        "chat: chat.garden.example ",
        "email: ops@garden.example ",
    ] {
        assert!(spec.contains(value), "{value} is in\n{spec}");
    }
    let comments = |text: &str| {
        text.lines()
            .filter_map(|it| it.split_once('#'))
            .map(|it| it.1.to_owned())
            .collect::<Vec<_>>()
    };
    assert_eq!(comments(&spec), comments(&plain), "the comments stay");
    assert!(dir.read(".gitattributes").contains("out/** text eol=lf linguist-generated\n"));
    assert!(dir.read(".gitignore").lines().any(|it| it == "/.espalier/"));

    let said = dir.ok(&["render"]);
    assert!(
        said.err.contains("\nrendered ") && said.err.contains(" new") && said.out.is_empty(),
        "{said:?}"
    );
    let said = dir.ok(&["check"]);
    assert!(said.out.is_empty(), "{said:?}");
    assert!(said.err.contains("no drift"), "{said:?}");
    dir.git(&["add", "."]);
    assert!(!dir.git(&["ls-files"]).contains(".espalier/"), "the lock is not committed");
}

#[test]
fn a_second_render_writes_nothing() {
    let dir = WorkspaceDir::rendered();
    dir.tenant("team-a");
    dir.ok(&["render"]);
    let then = dir.age();
    let said = dir.ok(&["render"]);
    assert!(
        said.err.contains("unchanged")
            && !said.err.contains(" new")
            && !said.err.contains("changed, "),
        "{said:?}"
    );
    assert_eq!(dir.younger_than(then), Vec::<String>::new());
    assert!(!dir.path(".espalier/stage").exists());
}

#[test]
fn only_what_differs_is_written() {
    let dir = WorkspaceDir::rendered();
    for name in ["team-a", "team-b", "team-c"] {
        dir.tenant(name);
    }
    dir.ok(&["render"]);
    let then = dir.age();
    let touched = dir.manifest();
    dir.append(&touched, "# edited\n");
    dir.ok(&["render"]);
    assert_eq!(dir.younger_than(then), [touched]);
}

#[test]
fn an_edited_file_is_named_and_restored() {
    let dir = WorkspaceDir::rendered();
    let fresh = dir.tree();
    for name in fresh.keys() {
        dir.append(name, "\nedited\n");
        let said = dir.run(&["check"]);
        assert_eq!(said.code, 1, "{name}: {said:?}");
        assert!(
            said.out.contains(&format!("changed  {name}\n")) && said.out.contains("-edited"),
            "{name}: {said:?}"
        );
        assert!(said.err.contains("espalier render"), "{said:?}");
        dir.write(name, &fresh[name]);
    }
    let edited = fresh.keys().next().expect("a file");
    dir.append(edited, "\nedited\n");
    let said = dir.ok(&["render"]);
    assert!(said.err.contains("1 changed"), "{said:?}");
    assert_eq!(dir.tree(), fresh);
}

#[test]
fn a_deleted_file_or_folder_is_named_and_restored() {
    let dir = WorkspaceDir::rendered();
    let fresh = dir.tree();
    let gone = dir.manifest();
    dir.remove(&gone);
    let said = dir.run(&["check"]);
    assert_eq!(said.code, 1, "{said:?}");
    assert!(said.out.contains(&format!("missing  {gone}\n")), "{said:?}");
    dir.ok(&["render"]);
    assert_eq!(dir.tree(), fresh);

    fs::remove_dir_all(dir.path("apps")).expect("removable");
    assert_eq!(dir.run(&["check"]).code, 1);
    dir.ok(&["render"]);
    assert_eq!(dir.tree(), fresh);
}

#[test]
fn an_emptied_file_is_restored() {
    let dir = WorkspaceDir::rendered();
    let fresh = dir.tree();
    dir.write(&dir.manifest(), "");
    assert_eq!(dir.run(&["check"]).code, 1);
    dir.ok(&["render"]);
    assert_eq!(dir.tree(), fresh);
}

#[test]
fn a_stray_of_ours_goes_and_a_foreign_one_stays() {
    let dir = WorkspaceDir::rendered();
    let fresh = dir.tree();
    let some = dir.manifest();
    dir.write("out/manifests/gone/ai/service-gone.yaml", dir.read(&some));
    dir.write("apps/mine.yaml", "kind: Application\n");
    dir.write("out/notes/me.txt", "remember\n");
    let said = dir.run(&["check"]);
    assert_eq!(said.code, 1, "{said:?}");
    assert!(said.out.contains("stray    out/manifests/gone/ai/service-gone.yaml\n"), "{said:?}");
    // `render` reports the same as `check`, ends with the same code, and writes nothing.
    let before = dir.tree();
    for words in [
        ["check"].as_slice(),
        &["render"],
        &["check", "--format", "github"],
        &["render", "--format", "json"],
    ] {
        let said = dir.run(words);
        assert_eq!(said.code, 1, "{words:?}: {said:?}");
        for name in ["apps/mine.yaml", "out/notes/me.txt"] {
            let told = format!("{}{}", said.out, said.err)
                .matches(&format!("`{name}` was not generated by espalier"))
                .count();
            assert_eq!(told, 1, "{words:?}: {said:?}");
        }
    }
    assert_eq!(dir.tree(), before);
    dir.remove("apps/mine.yaml");
    dir.remove("out/notes/me.txt");
    let said = dir.ok(&["render"]);
    assert!(said.err.contains("1 removed"), "{said:?}");
    assert!(!dir.path("out/manifests/gone").exists(), "empty folders go");
    assert_eq!(dir.tree(), fresh);
    dir.ok(&["check"]);
}

#[cfg(target_os = "linux")]
#[test]
fn names_that_a_terminal_would_obey_are_shown_harmless() {
    use std::os::unix::ffi::OsStrExt as _;
    let dir = WorkspaceDir::rendered();
    for name in [&b"a\x1b[2J.yaml"[..], b"b\n.yaml", b"c\xff.yaml"] {
        fs::write(dir.path("out").join(std::ffi::OsStr::from_bytes(name)), "x").expect("writable");
    }
    let said = dir.run(&["check"]);
    assert_eq!(said.code, 1, "{said:?}");
    for name in ["`out/a␛[2J.yaml`", "`out/b␊.yaml`", "`out/c\u{fffd}.yaml`"] {
        assert!(said.err.contains(name), "{said:?}");
    }
    assert!(!said.err.contains('\u{1b}'), "{said:?}");
    assert_eq!(dir.run(&["render"]).code, 1);
}

#[test]
fn a_removed_tenant_leaves_nothing() {
    let dir = WorkspaceDir::rendered();
    let fresh = dir.tree();
    dir.tenant("team-a");
    dir.ok(&["render"]);
    assert!(dir.path("apps/ws-team-a.yaml").exists());
    dir.remove("spec/workspaces/team-a.yaml");
    let said = dir.run(&["check"]);
    assert!(said.code == 1 && said.out.contains("stray    apps/ws-team-a.yaml\n"), "{said:?}");
    dir.ok(&["render"]);
    assert_eq!(dir.tree(), fresh);
    assert!(!dir.path("out/manifests/ws-team-a").exists());
}

#[test]
fn a_place_that_is_taken_is_an_error_and_nothing_is_written() {
    for word in ["did not generate", "a folder", "symbolic link"] {
        let dir = WorkspaceDir::rendered();
        let path = dir.manifest();
        dir.remove(&path);
        dir.write("elsewhere", "not ours\n");
        match word {
            "a folder" => fs::create_dir_all(dir.path(&path).join("x")).expect("writable"),
            "symbolic link" => link(&dir.path("elsewhere"), &dir.path(&path)),
            _ => dir.write(&path, "my own words\n"),
        }
        dir.tenant("team-a");
        let before = dir.tree();
        for verb in ["check", "render"] {
            let said = dir.run(&[verb]);
            assert_eq!(said.code, 1, "{verb}, {word}: {said:?}");
            assert!(
                said.err.contains("error[path-occupied]")
                    && said.err.contains(&path)
                    && said.err.contains(word),
                "{word}: {said:?}"
            );
        }
        assert_eq!(dir.tree(), before, "{word}");
        assert_eq!(dir.read("elsewhere"), "not ours\n");
    }
}

#[cfg(unix)]
fn link(to: &std::path::Path, at: &std::path::Path) {
    std::os::unix::fs::symlink(to, at).expect("links work");
}

#[cfg(unix)]
#[test]
fn links_are_not_followed_out_of_the_tree() {
    let (dir, other) = (WorkspaceDir::starter(), WorkspaceDir::empty());
    other.write("keep.yaml", "keep\n");
    for name in ["out", "apps", ".espalier"] {
        let _ = fs::remove_dir_all(dir.path(".espalier"));
        link(&other.root(), &dir.path(name));
        let said = dir.run(&["render"]);
        assert_ne!(said.code, 0, "{name}: {said:?}");
        assert!(said.err.contains(name), "{name}: {said:?}");
        assert_eq!(other.files().len(), 1, "{name}: nothing is written there, nothing removed");
        dir.remove(name);
    }
    dir.ok(&["render"]);
}

#[test]
fn an_error_writes_nothing() {
    let dir = WorkspaceDir::rendered();
    let before = dir.tree();
    dir.tenant("team-a");
    dir.write("spec/workspaces/team-b.yaml", "nonsense: true\n");
    let said = dir.run(&["render"]);
    assert_eq!(said.code, 1, "{said:?}");
    assert!(
        said.err.contains("spec/workspaces/team-b.yaml:1:1")
            && said.err.contains("nothing was written"),
        "{said:?}"
    );
    assert_eq!(dir.tree(), before);
    assert!(!dir.path(".espalier/stage").exists());
}

#[test]
fn the_files_of_a_tenant_in_error_are_no_strays() {
    let dir = WorkspaceDir::rendered();
    dir.tenant("team-a");
    dir.ok(&["render"]);
    dir.append("spec/workspaces/team-a.yaml", "nonsense: true\n");
    for verb in ["check", "diff"] {
        let said = dir.run(&[verb]);
        assert!(
            said.code == 1 && said.out.is_empty() && said.err.contains("error[unknown-field]"),
            "{verb}: {said:?}"
        );
    }
}

#[test]
fn two_tenants_of_one_name_are_reported_once() {
    let dir = WorkspaceDir::rendered();
    let before = dir.tree();
    dir.tenant("team-a");
    dir.write("spec/workspaces/team-b.yaml", dir.read("spec/workspaces/team-a.yaml"));
    for threads in ["1", "2"] {
        let said = dir.run(&["render", "--threads", threads]);
        assert!(
            said.code == 1 && said.err.contains("team-b.yaml") && !said.err.contains("path-twice"),
            "{said:?}"
        );
    }
    assert_eq!(dir.tree(), before);
}

#[test]
fn denied_warnings_write_nothing() {
    let dir = WorkspaceDir::rendered();
    dir.write("spec/workspaces/notes.txt", "remember\n");
    dir.tenant("team-a");
    let before = dir.tree();
    let said = dir.run(&["render", "--deny", "warnings"]);
    assert_eq!(said.code, 1, "{said:?}");
    assert!(said.err.contains("error[file-not-read]"), "{said:?}");
    assert_eq!(dir.tree(), before);
    dir.ok(&["render"]);
}

#[test]
fn a_render_at_the_same_time_is_refused() {
    let dir = WorkspaceDir::rendered();
    let lock =
        fs::File::options().write(true).open(dir.path(".espalier/lock")).expect("the lock stays");
    lock.lock().expect("lockable");
    let said = dir.run(&["render"]);
    assert_eq!(said.code, 2, "{said:?}");
    assert!(said.err.contains("another `espalier`"), "{said:?}");
    dir.ok(&["check"]);
    // Unlocked explicitly and not by closing the file: a process that another test is just starting
    // may hold a copy of the handle.
    lock.unlock().expect("unlockable");
    dir.ok(&["render"]);
}

#[test]
fn bytes_depend_on_nothing_but_the_spec() {
    let reference = WorkspaceDir::rendered();
    let tenants: Vec<String> = (0..70).map(|it| format!("team-{it:02}")).collect();
    for name in &tenants {
        reference.tenant(name);
    }
    reference.ok(&["render", "--threads", "1"]);
    let environments = [
        ("1", "C", "UTC", "/"),
        ("2", "de_DE.UTF-8", "Asia/Kathmandu", "here"),
        ("7", "tr_TR.UTF-8", "America/St_Johns", "/nonexistent"),
    ];
    for (threads, locale, zone, home) in environments {
        let dir = WorkspaceDir::starter();
        for name in tenants.iter().rev() {
            dir.tenant(name);
        }
        let mut command = dir.command(&["render", "--threads", threads]);
        let done = command
            .env("LC_ALL", locale)
            .env("LANG", locale)
            .env("TZ", zone)
            .env("HOME", home)
            .output()
            .expect("it runs");
        assert!(done.status.success());
        assert!(dir.tree() == reference.tree(), "{threads} threads, {locale}, {zone}");
    }
}

#[test]
fn a_change_is_shown_by_object() {
    let dir = WorkspaceDir::rendered();
    dir.tenant("team-a");
    let said = dir.ok(&["diff"]);
    assert!(said.out.contains("added    ws-team-a: Application"), "{said:?}");
    let said = dir.ok(&["diff", "--format", "markdown"]);
    assert!(
        said.out.starts_with("**espalier**: ") && said.out.contains("added ws-team-a&#58; "),
        "{said:?}"
    );
    assert!(!dir.path("apps/ws-team-a.yaml").exists(), "a diff writes nothing");
    dir.ok(&["render"]);
    assert!(dir.ok(&["diff"]).out.starts_with("no difference"));

    dir.remove("spec/workspaces/team-a.yaml");
    let said = dir.ok(&["diff"]);
    assert!(said.out.contains("removed  ws-team-a: Application"), "{said:?}");
}

#[test]
fn a_change_is_shown_against_a_revision() {
    let dir = WorkspaceDir::empty();
    dir.git(&["init", "--quiet", "--initial-branch", "main"]);
    fs::create_dir_all(dir.path("deep/er")).expect("writable");
    dir.ok(&["init", "deep/er"]);
    dir.says_path("deep/er");
    dir.ok(&["render", "--root", "deep/er"]);
    dir.git(&["add", "."]);
    dir.git(&["commit", "--quiet", "--message", "one"]);
    dir.tenant("team-a");
    let tenant = dir.read("spec/workspaces/team-a.yaml");
    dir.write("deep/er/spec/workspaces/team-a.yaml", tenant);
    dir.ok(&["render", "--root", "deep/er"]);
    assert!(
        dir.ok(&["diff", "--root", "deep/er"]).out.starts_with("no difference"),
        "the tree on disk is fresh"
    );
    let said = dir.ok(&["diff", "--root", "deep/er", "--base", "HEAD"]);
    assert!(said.out.contains("added    ws-team-a: Application"), "{said:?}");
    let said = dir.run(&["diff", "--root", "deep/er", "--base=--nonsense"]);
    assert!(
        said.code == 2 && said.err.contains("has no revision `--nonsense` (it has `"),
        "{said:?}"
    );
}
