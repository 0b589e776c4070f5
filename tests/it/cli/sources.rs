//! Where sources come from, and sources that are not what they should be.

use std::fs;

use super::workspace_dir::{WorkspaceDir, workspace};

#[test]
fn the_root_is_the_nearest_parent_with_a_spec() {
    let place = WorkspaceDir::rendered();
    fs::create_dir_all(place.path("a/b/c")).expect("writable");
    let said =
        place.command(&["check"]).current_dir(place.path("a/b/c")).output().expect("it runs");
    assert!(said.status.success(), "{said:?}");
    let elsewhere = WorkspaceDir::empty();
    let said = elsewhere.run(&["check"]);
    assert_eq!(said.code, 2, "{said:?}");
    assert!(said.err.contains("espalier init") && said.err.contains("--root"), "{said:?}");
    elsewhere.ok(&["check", "--root", place.root().to_str().expect("UTF-8")]);
    let said = elsewhere.run(&["--root", "nowhere", "check"]);
    assert!(said.code == 2 && said.err.contains("nowhere"), "{said:?}");
}

#[test]
fn a_spec_comes_from_stdin_or_from_any_file() {
    let place = WorkspaceDir::rendered();
    let spec = place.read("spec/platform.yaml");
    let said = place.run_with_stdin(&["check", "--spec", "-"], spec.as_bytes());
    assert_eq!(said.code, 0, "{said:?}");
    place.write("other/place.yaml", &spec);
    assert_eq!(place.run(&["check", "--spec", "other/place.yaml"]).code, 0);
    let said = place.run_with_stdin(&["check", "--spec", "-"], b"nonsense: 1\n");
    assert_eq!(said.code, 1, "{said:?}");
    assert!(said.err.contains("<stdin>:1:1"), "{said:?}");
    assert_eq!(place.run(&["check", "--spec", "nothing.yaml"]).code, 2);

    // Without a spec on disk, the current folder is the root.
    let place = WorkspaceDir::empty();
    let said = place.run_with_stdin(&["render", "--spec", "-"], spec.as_bytes());
    assert_eq!(said.code, 0, "{said:?}");
    assert!(place.path("apps").is_dir());
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
        let place = WorkspaceDir::rendered();
        let before = place.tree();
        place.write("spec/platform.yaml", bytes);
        let said = place.run(&["render"]);
        assert_eq!(said.code, 1, "{what}: {said:?}");
        assert!(
            said.err.contains(&format!("error[{code}]")) && said.err.contains("spec/platform.yaml"),
            "{what}: {said:?}"
        );
        assert_eq!(place.tree(), before, "{what}");
    }
}

#[test]
fn a_file_of_100_mb_is_not_read() {
    let place = WorkspaceDir::rendered();
    for name in ["spec/workspaces/big.yaml", "spec/platform.yaml"] {
        place.write(name, "");
        fs::File::options()
            .write(true)
            .open(place.path(name))
            .expect("writable")
            .set_len(100 << 20)
            .expect("sparse");
        let said = place.run(&["check"]);
        assert_eq!(said.code, 1, "{said:?}");
        assert!(said.err.contains("error[file-too-large]") && said.err.contains(name), "{said:?}");
        place.remove(name);
    }
    let said = place.run_with_stdin(&["check", "--spec", "-"], &vec![b'#'; 3 << 20]);
    assert!(said.code == 1 && said.err.contains("error[file-too-large]"), "{}", said.err);
}

#[test]
fn files_that_nothing_reads_are_named() {
    let place = WorkspaceDir::rendered();
    place.write("spec/workspaces/team.yml", workspace("team"));
    place.write("spec/workspaces/.hidden.yaml", "whatever");
    let said = place.ok(&["check"]);
    assert!(
        said.err.contains("warning[file-not-read]") && said.err.contains("team.yml"),
        "{said:?}"
    );
    assert!(!said.err.contains(".hidden"), "{said:?}");
    assert_eq!(place.run(&["check", "--deny", "warnings"]).code, 1);
}

#[cfg(unix)]
#[test]
fn links_are_followed_inside_of_the_root_only() {
    use std::os::unix::fs::symlink;
    let (place, other) = (WorkspaceDir::rendered(), WorkspaceDir::empty());
    other.write("team-a.yaml", workspace("team-a"));
    place.write("drafts/team-b.yaml", workspace("team-b"));
    fs::create_dir_all(place.path("spec/workspaces")).expect("writable");
    symlink("../../drafts/team-b.yaml", place.path("spec/workspaces/team-b.yaml"))
        .expect("links work");
    place.ok(&["render"]);
    assert!(place.path("apps/ws-team-b.yaml").exists());
    symlink(other.root().join("team-a.yaml"), place.path("spec/workspaces/team-a.yaml"))
        .expect("links work");
    symlink("nowhere", place.path("spec/workspaces/team-c.yaml")).expect("links work");
    symlink("/dev/zero", place.path("spec/workspaces/team-d.yaml")).expect("links work");
    let said = place.run(&["check"]);
    assert_eq!(said.code, 1, "{said:?}");
    for name in ["team-a", "team-c", "team-d"] {
        assert!(said.err.contains(&format!("spec/workspaces/{name}.yaml")), "{name}: {said:?}");
    }
    assert!(said.err.contains("error[source-outside]"), "{said:?}");
}
