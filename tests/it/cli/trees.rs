//! `render`, `check` and `diff` on real folders: what is written, what is left alone, what is told.

use std::fs;

use super::workspace_dir::WorkspaceDir;

#[test]
fn an_empty_git_folder_is_all_it_takes() {
    let place = WorkspaceDir::empty();
    place.git(&["init", "--quiet", "--initial-branch", "main"]);
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
    let said = place.ok(&[&["init"], &values[..]].concat());
    assert!(said.err.contains("wrote spec/platform.yaml") && said.out.is_empty(), "{said:?}");
    let spec = place.read("spec/platform.yaml");
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
    assert!(place.read(".gitattributes").contains("out/** text eol=lf linguist-generated\n"));
    assert!(place.read(".gitignore").lines().any(|it| it == "/.espalier/"));

    let said = place.ok(&["render"]);
    assert!(
        said.err.contains("\nrendered ") && said.err.contains(" new") && said.out.is_empty(),
        "{said:?}"
    );
    let said = place.ok(&["check"]);
    assert!(said.out.is_empty(), "{said:?}");
    assert!(said.err.contains("no drift"), "{said:?}");
    place.git(&["add", "."]);
    assert!(!place.git(&["ls-files"]).contains(".espalier/"), "the lock is not committed");
}

#[test]
fn a_second_render_writes_nothing() {
    let place = WorkspaceDir::rendered();
    place.tenant("team-a");
    place.ok(&["render"]);
    let then = place.age();
    let said = place.ok(&["render"]);
    assert!(
        said.err.contains("unchanged")
            && !said.err.contains(" new")
            && !said.err.contains("changed, "),
        "{said:?}"
    );
    assert_eq!(place.younger_than(then), Vec::<String>::new());
    assert!(!place.path(".espalier/stage").exists());
}

#[test]
fn only_what_differs_is_written() {
    let place = WorkspaceDir::rendered();
    for name in ["team-a", "team-b", "team-c"] {
        place.tenant(name);
    }
    place.ok(&["render"]);
    let then = place.age();
    let touched = place.manifest();
    place.append(&touched, "# edited\n");
    place.ok(&["render"]);
    assert_eq!(place.younger_than(then), [touched]);
}

#[test]
fn an_edited_file_is_named_and_healed() {
    let place = WorkspaceDir::rendered();
    let fresh = place.tree();
    for name in fresh.keys() {
        place.append(name, "\nedited\n");
        let said = place.run(&["check"]);
        assert_eq!(said.code, 1, "{name}: {said:?}");
        assert!(
            said.out.contains(&format!("changed  {name}\n")) && said.out.contains("-edited"),
            "{name}: {said:?}"
        );
        assert!(said.err.contains("espalier render"), "{said:?}");
        place.write(name, &fresh[name]);
    }
    let edited = fresh.keys().next().expect("a file");
    place.append(edited, "\nedited\n");
    let said = place.ok(&["render"]);
    assert!(said.err.contains("1 changed"), "{said:?}");
    assert_eq!(place.tree(), fresh);
}

#[test]
fn a_deleted_file_or_folder_is_named_and_healed() {
    let place = WorkspaceDir::rendered();
    let fresh = place.tree();
    let gone = place.manifest();
    place.remove(&gone);
    let said = place.run(&["check"]);
    assert_eq!(said.code, 1, "{said:?}");
    assert!(said.out.contains(&format!("missing  {gone}\n")), "{said:?}");
    place.ok(&["render"]);
    assert_eq!(place.tree(), fresh);

    fs::remove_dir_all(place.path("apps")).expect("removable");
    assert_eq!(place.run(&["check"]).code, 1);
    place.ok(&["render"]);
    assert_eq!(place.tree(), fresh);
}

#[test]
fn an_emptied_file_is_healed() {
    let place = WorkspaceDir::rendered();
    let fresh = place.tree();
    place.write(&place.manifest(), "");
    assert_eq!(place.run(&["check"]).code, 1);
    place.ok(&["render"]);
    assert_eq!(place.tree(), fresh);
}

#[test]
fn a_stray_of_ours_goes_and_a_foreign_one_stays() {
    let place = WorkspaceDir::rendered();
    let fresh = place.tree();
    let some = place.manifest();
    place.write("out/manifests/gone/ai/service-gone.yaml", place.read(&some));
    place.write("apps/mine.yaml", "kind: Application\n");
    place.write("out/notes/me.txt", "remember\n");
    let said = place.run(&["check"]);
    assert_eq!(said.code, 1, "{said:?}");
    assert!(said.out.contains("stray    out/manifests/gone/ai/service-gone.yaml\n"), "{said:?}");
    // `render` says the same of them as `check` does, ends alike, and writes nothing.
    let before = place.tree();
    for words in [
        ["check"].as_slice(),
        &["render"],
        &["check", "--format", "github"],
        &["render", "--format", "json"],
    ] {
        let said = place.run(words);
        assert_eq!(said.code, 1, "{words:?}: {said:?}");
        for name in ["apps/mine.yaml", "out/notes/me.txt"] {
            let told = format!("{}{}", said.out, said.err)
                .matches(&format!("`{name}` was not generated by espalier"))
                .count();
            assert_eq!(told, 1, "{words:?}: {said:?}");
        }
    }
    assert_eq!(place.tree(), before);
    place.remove("apps/mine.yaml");
    place.remove("out/notes/me.txt");
    let said = place.ok(&["render"]);
    assert!(said.err.contains("1 removed"), "{said:?}");
    assert!(!place.path("out/manifests/gone").exists(), "empty folders go");
    assert_eq!(place.tree(), fresh);
    place.ok(&["check"]);
}

#[cfg(target_os = "linux")]
#[test]
fn names_that_a_terminal_would_obey_are_shown_harmless() {
    use std::os::unix::ffi::OsStrExt as _;
    let place = WorkspaceDir::rendered();
    for name in [&b"a\x1b[2J.yaml"[..], b"b\n.yaml", b"c\xff.yaml"] {
        fs::write(place.path("out").join(std::ffi::OsStr::from_bytes(name)), "x")
            .expect("writable");
    }
    let said = place.run(&["check"]);
    assert_eq!(said.code, 1, "{said:?}");
    for name in ["`out/a␛[2J.yaml`", "`out/b␊.yaml`", "`out/c\u{fffd}.yaml`"] {
        assert!(said.err.contains(name), "{said:?}");
    }
    assert!(!said.err.contains('\u{1b}'), "{said:?}");
    assert_eq!(place.run(&["render"]).code, 1);
}

#[test]
fn a_removed_tenant_leaves_nothing() {
    let place = WorkspaceDir::rendered();
    let fresh = place.tree();
    place.tenant("team-a");
    place.ok(&["render"]);
    assert!(place.path("apps/ws-team-a.yaml").exists());
    place.remove("spec/workspaces/team-a.yaml");
    let said = place.run(&["check"]);
    assert!(said.code == 1 && said.out.contains("stray    apps/ws-team-a.yaml\n"), "{said:?}");
    place.ok(&["render"]);
    assert_eq!(place.tree(), fresh);
    assert!(!place.path("out/manifests/ws-team-a").exists());
}

#[test]
fn a_place_that_is_taken_is_an_error_and_nothing_is_written() {
    for word in ["did not generate", "a folder", "symbolic link"] {
        let place = WorkspaceDir::rendered();
        let path = place.manifest();
        place.remove(&path);
        place.write("elsewhere", "not ours\n");
        match word {
            "a folder" => fs::create_dir_all(place.path(&path).join("x")).expect("writable"),
            "symbolic link" => link(&place.path("elsewhere"), &place.path(&path)),
            _ => place.write(&path, "my own words\n"),
        }
        place.tenant("team-a");
        let before = place.tree();
        for verb in ["check", "render"] {
            let said = place.run(&[verb]);
            assert_eq!(said.code, 1, "{verb}, {word}: {said:?}");
            assert!(
                said.err.contains("error[path-occupied]")
                    && said.err.contains(&path)
                    && said.err.contains(word),
                "{word}: {said:?}"
            );
        }
        assert_eq!(place.tree(), before, "{word}");
        assert_eq!(place.read("elsewhere"), "not ours\n");
    }
}

#[cfg(unix)]
fn link(to: &std::path::Path, at: &std::path::Path) {
    std::os::unix::fs::symlink(to, at).expect("links work");
}

#[cfg(unix)]
#[test]
fn links_are_not_followed_out_of_the_tree() {
    let (place, other) = (WorkspaceDir::starter(), WorkspaceDir::empty());
    other.write("keep.yaml", "keep\n");
    for name in ["out", "apps", ".espalier"] {
        let _ = fs::remove_dir_all(place.path(".espalier"));
        link(&other.root(), &place.path(name));
        let said = place.run(&["render"]);
        assert_ne!(said.code, 0, "{name}: {said:?}");
        assert!(said.err.contains(name), "{name}: {said:?}");
        assert_eq!(other.files().len(), 1, "{name}: nothing is written there, nothing removed");
        place.remove(name);
    }
    place.ok(&["render"]);
}

#[test]
fn an_error_writes_nothing() {
    let place = WorkspaceDir::rendered();
    let before = place.tree();
    place.tenant("team-a");
    place.write("spec/workspaces/team-b.yaml", "nonsense: true\n");
    let said = place.run(&["render"]);
    assert_eq!(said.code, 1, "{said:?}");
    assert!(
        said.err.contains("spec/workspaces/team-b.yaml:1:1")
            && said.err.contains("nothing was written"),
        "{said:?}"
    );
    assert_eq!(place.tree(), before);
    assert!(!place.path(".espalier/stage").exists());
}

#[test]
fn the_files_of_a_tenant_in_error_are_no_strays() {
    let place = WorkspaceDir::rendered();
    place.tenant("team-a");
    place.ok(&["render"]);
    place.append("spec/workspaces/team-a.yaml", "nonsense: true\n");
    for verb in ["check", "diff"] {
        let said = place.run(&[verb]);
        assert!(
            said.code == 1 && said.out.is_empty() && said.err.contains("error[unknown-field]"),
            "{verb}: {said:?}"
        );
    }
}

#[test]
fn two_tenants_of_one_name_are_told_once() {
    let place = WorkspaceDir::rendered();
    let before = place.tree();
    place.tenant("team-a");
    place.write("spec/workspaces/team-b.yaml", place.read("spec/workspaces/team-a.yaml"));
    for threads in ["1", "2"] {
        let said = place.run(&["render", "--threads", threads]);
        assert!(
            said.code == 1 && said.err.contains("team-b.yaml") && !said.err.contains("path-twice"),
            "{said:?}"
        );
    }
    assert_eq!(place.tree(), before);
}

#[test]
fn denied_warnings_write_nothing() {
    let place = WorkspaceDir::rendered();
    place.write("spec/workspaces/notes.txt", "remember\n");
    place.tenant("team-a");
    let before = place.tree();
    let said = place.run(&["render", "--deny", "warnings"]);
    assert_eq!(said.code, 1, "{said:?}");
    assert!(said.err.contains("error[file-not-read]"), "{said:?}");
    assert_eq!(place.tree(), before);
    place.ok(&["render"]);
}

#[test]
fn a_render_at_the_same_time_is_refused() {
    let place = WorkspaceDir::rendered();
    let lock =
        fs::File::options().write(true).open(place.path(".espalier/lock")).expect("the lock stays");
    lock.lock().expect("lockable");
    let said = place.run(&["render"]);
    assert_eq!(said.code, 2, "{said:?}");
    assert!(said.err.contains("another `espalier`"), "{said:?}");
    place.ok(&["check"]);
    // Said, not left to the file's end: a process that another test is just starting may hold a
    // copy of the handle.
    lock.unlock().expect("unlockable");
    place.ok(&["render"]);
}

#[test]
fn bytes_depend_on_nothing_but_the_spec() {
    let reference = WorkspaceDir::rendered();
    let tenants: Vec<String> = (0..70).map(|it| format!("team-{it:02}")).collect();
    for name in &tenants {
        reference.tenant(name);
    }
    reference.ok(&["render", "--threads", "1"]);
    let cluster_rows = [
        ("1", "C", "UTC", "/"),
        ("2", "de_DE.UTF-8", "Asia/Kathmandu", "here"),
        ("7", "tr_TR.UTF-8", "America/St_Johns", "/nonexistent"),
    ];
    for (threads, locale, zone, home) in cluster_rows {
        let place = WorkspaceDir::starter();
        for name in tenants.iter().rev() {
            place.tenant(name);
        }
        let mut command = place.command(&["render", "--threads", threads]);
        let done = command
            .env("LC_ALL", locale)
            .env("LANG", locale)
            .env("TZ", zone)
            .env("HOME", home)
            .output()
            .expect("it runs");
        assert!(done.status.success());
        assert!(place.tree() == reference.tree(), "{threads} threads, {locale}, {zone}");
    }
}

#[test]
fn a_change_is_shown_by_object() {
    let place = WorkspaceDir::rendered();
    place.tenant("team-a");
    let said = place.ok(&["diff"]);
    assert!(said.out.contains("added    ws-team-a: Application"), "{said:?}");
    let said = place.ok(&["diff", "--format", "markdown"]);
    assert!(
        said.out.starts_with("**espalier**: ") && said.out.contains("added ws-team-a&#58; "),
        "{said:?}"
    );
    assert!(!place.path("apps/ws-team-a.yaml").exists(), "a diff writes nothing");
    place.ok(&["render"]);
    assert!(place.ok(&["diff"]).out.starts_with("no difference"));

    place.remove("spec/workspaces/team-a.yaml");
    let said = place.ok(&["diff"]);
    assert!(said.out.contains("removed  ws-team-a: Application"), "{said:?}");
}

#[test]
fn a_change_is_shown_against_a_revision() {
    let place = WorkspaceDir::empty();
    place.git(&["init", "--quiet", "--initial-branch", "main"]);
    fs::create_dir_all(place.path("deep/er")).expect("writable");
    place.ok(&["init", "deep/er"]);
    place.says_path("deep/er");
    place.ok(&["render", "--root", "deep/er"]);
    place.git(&["add", "."]);
    place.git(&["commit", "--quiet", "--message", "one"]);
    place.tenant("x");
    let tenant = place.read("spec/workspaces/x.yaml");
    place.write("deep/er/spec/workspaces/team-a.yaml", tenant.replace('x', "team-a"));
    place.ok(&["render", "--root", "deep/er"]);
    assert!(
        place.ok(&["diff", "--root", "deep/er"]).out.starts_with("no difference"),
        "the tree on disk is fresh"
    );
    let said = place.ok(&["diff", "--root", "deep/er", "--base", "HEAD"]);
    assert!(said.out.contains("added    ws-team-a: Application"), "{said:?}");
    let said = place.run(&["diff", "--root", "deep/er", "--base=--nonsense"]);
    assert!(
        said.code == 2 && said.err.contains("has no revision `--nonsense` (it has `"),
        "{said:?}"
    );
}
