//! Where sources come from, and sources that are not what they should be.

use std::fs;

use super::workspace_dir::{WorkspaceDir, workspace};

#[test]
fn the_root_is_the_nearest_parent_with_a_spec() {
    let dir = WorkspaceDir::rendered();
    fs::create_dir_all(dir.path("a/b/c")).expect("writable");
    let said = dir.command(&["check"]).current_dir(dir.path("a/b/c")).output().expect("it runs");
    assert!(said.status.success(), "{said:?}");
    let elsewhere = WorkspaceDir::empty();
    let said = elsewhere.run(&["check"]);
    assert_eq!(said.code, 2, "{said:?}");
    assert!(said.err.contains("espalier init") && said.err.contains("--root"), "{said:?}");
    elsewhere.ok(&["check", "--root", dir.root().to_str().expect("UTF-8")]);
    let said = elsewhere.run(&["--root", "nowhere", "check"]);
    assert!(said.code == 2 && said.err.contains("nowhere"), "{said:?}");
}

#[test]
fn a_spec_with_another_name_is_named() {
    for name in ["spec/platform.yml", "platform.yaml", "platform.yml"] {
        let dir = WorkspaceDir::empty();
        dir.write(name, "kind: Platform\n");
        let said = dir.run(&["check"]);
        assert_eq!(said.code, 2, "{said:?}");
        let way = format!(", but a {name}: rename it to spec/platform.yaml");
        assert!(said.err.contains(&way), "{said:?}");
    }
    let said = WorkspaceDir::empty().run(&["check"]);
    assert!(said.err.contains("`espalier init` creates one"), "{said:?}");
}

#[test]
fn a_spec_comes_from_stdin_or_from_any_file() {
    let dir = WorkspaceDir::rendered();
    let spec = dir.read("spec/platform.yaml");
    let said = dir.run_with_stdin(&["check", "--spec", "-"], spec.as_bytes());
    assert_eq!(said.code, 0, "{said:?}");
    dir.write("other/place.yaml", &spec);
    assert_eq!(dir.run(&["check", "--spec", "other/place.yaml"]).code, 0);
    let said = dir.run_with_stdin(&["check", "--spec", "-"], b"nonsense: 1\n");
    assert_eq!(said.code, 1, "{said:?}");
    assert!(said.err.contains("<stdin>:1:1"), "{said:?}");
    assert_eq!(dir.run(&["check", "--spec", "nothing.yaml"]).code, 2);

    // Without a spec on disk, the current folder is the root.
    let dir = WorkspaceDir::empty();
    let said = dir.run_with_stdin(&["render", "--spec", "-"], spec.as_bytes());
    assert_eq!(said.code, 0, "{said:?}");
    assert!(dir.path("apps").is_dir());
}

#[test]
fn a_spec_that_is_none_is_a_finding_with_a_place() {
    let cases: [(&str, &[u8], &str); 4] = [
        ("empty", b"", "empty-file"),
        ("not UTF-8", b"kind: \xff\xfe\n", "not-utf8"),
        ("not YAML", b"kind: [\n", "yaml-syntax"),
        ("two documents", b"a: 1\n---\nb: 2\n", "several-documents"),
    ];
    for (what, bytes, code) in cases {
        let dir = WorkspaceDir::rendered();
        let before = dir.tree();
        dir.write("spec/platform.yaml", bytes);
        let said = dir.run(&["render"]);
        assert_eq!(said.code, 1, "{what}: {said:?}");
        assert!(
            said.err.contains(&format!("error[{code}]")) && said.err.contains("spec/platform.yaml"),
            "{what}: {said:?}"
        );
        assert_eq!(dir.tree(), before, "{what}");
    }
}

#[test]
fn a_file_of_100_mb_is_not_read() {
    let dir = WorkspaceDir::rendered();
    for name in ["spec/workspaces/big.yaml", "spec/platform.yaml"] {
        dir.write(name, "");
        fs::File::options()
            .write(true)
            .open(dir.path(name))
            .expect("writable")
            .set_len(100 << 20)
            .expect("sparse");
        let said = dir.run(&["check"]);
        assert_eq!(said.code, 1, "{said:?}");
        assert!(said.err.contains("error[file-too-large]") && said.err.contains(name), "{said:?}");
        dir.remove(name);
    }
    let said = dir.run_with_stdin(&["check", "--spec", "-"], &vec![b'#'; 3 << 20]);
    assert!(said.code == 1 && said.err.contains("error[file-too-large]"), "{}", said.err);
}

#[test]
fn files_that_nothing_reads_are_named() {
    let dir = WorkspaceDir::rendered();
    dir.write("spec/workspaces/team.yml", workspace("team"));
    dir.write("spec/workspaces/.hidden.yaml", "whatever");
    let said = dir.ok(&["check"]);
    assert!(
        said.err.contains("warning[file-not-read]") && said.err.contains("team.yml"),
        "{said:?}"
    );
    assert!(!said.err.contains(".hidden"), "{said:?}");
    assert_eq!(dir.run(&["check", "--deny", "warnings"]).code, 1);
}

#[cfg(unix)]
#[test]
fn links_are_followed_inside_of_the_root_only() {
    use std::os::unix::fs::symlink;
    let (dir, other) = (WorkspaceDir::rendered(), WorkspaceDir::empty());
    other.write("team-a.yaml", workspace("team-a"));
    dir.write("drafts/team-b.yaml", workspace("team-b"));
    fs::create_dir_all(dir.path("spec/workspaces")).expect("writable");
    symlink("../../drafts/team-b.yaml", dir.path("spec/workspaces/team-b.yaml"))
        .expect("links work");
    dir.ok(&["render"]);
    assert!(dir.path("apps/ws-team-b.yaml").exists());
    symlink(other.root().join("team-a.yaml"), dir.path("spec/workspaces/team-a.yaml"))
        .expect("links work");
    symlink("nowhere", dir.path("spec/workspaces/team-c.yaml")).expect("links work");
    symlink("/dev/zero", dir.path("spec/workspaces/team-d.yaml")).expect("links work");
    let said = dir.run(&["check"]);
    assert_eq!(said.code, 1, "{said:?}");
    for name in ["team-a", "team-c", "team-d"] {
        assert!(said.err.contains(&format!("spec/workspaces/{name}.yaml")), "{name}: {said:?}");
    }
    assert!(said.err.contains("error[source-outside]"), "{said:?}");
}
