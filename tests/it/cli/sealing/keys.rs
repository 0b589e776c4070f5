//! Private keys and certificates: where they come from, and where they are never written.

use std::fs;

use super::Session;
use crate::cli::workspace_dir::Done;

#[cfg(unix)]
#[test]
fn the_private_key_is_its_owner_s_and_outside_of_the_repository() {
    use std::os::unix::fs::PermissionsExt as _;
    let session = Session::new();
    session.ok(&["seal", "init", "--bits", "2048"]);
    let mode = fs::metadata(session.key_file()).expect("it is there").permissions().mode();
    assert_eq!(mode & 0o777, 0o600);
    assert!(
        session.dir.files().values().all(|it| !String::from_utf8_lossy(it).contains("PRIVATE KEY"))
    );
    // An existing key is not overwritten.
    session.refused(&["seal", "init", "--bits", "2048"], "already exists");
    let first = fs::read(session.key_file()).expect("the key");
    session.ok(&["seal", "init", "--replace", "--bits", "2048"]);
    assert_eq!(fs::read(session.key_file()).expect("the key"), first, "the new one lies beside it");
    let key = session.key_file().display().to_string();
    session.refused(
        &["seal", "init", "--replace", "--bits", "2048", "--key", &key],
        "a private key is never overwritten",
    );
    for inside in ["key.pem", "new/deep/key.pem", "spec/../key.pem"] {
        session.refused(
            &["seal", "init", "--replace", "--bits", "2048", "--key", inside],
            "inside the repository",
        );
    }
    // A platform in a subfolder: the repository is the folder above.
    let whole = Session::new();
    fs::create_dir(whole.dir.path(".git")).expect("writable");
    whole.ok(&["init", "clusters/prod"]);
    whole.refused(
        &["seal", "init", "--bits", "2048", "--root", "clusters/prod", "--key", "key.pem"],
        "inside the repository",
    );
}

#[test]
fn a_cluster_s_certificate_can_be_taken() {
    let session = Session::with_keys();
    let pem = session.dir.read("spec/sealing.pem");
    fs::create_dir(session.home.path("bin")).expect("writable");
    session.home.write("cluster.pem", &pem);
    session.home.write(
        "bin/kubectl",
        format!(
            "#!/bin/sh\necho \"$@\" >{0}/asked\ncat {0}/cluster.pem\n",
            session.home.root().display()
        ),
    );
    make_executable(&session.home.path("bin/kubectl"));
    session.dir.remove("spec/sealing.pem");
    let path = format!("{}:/usr/bin:/bin", session.home.path("bin").display());
    let done: Done = session
        .command(&["seal", "init", "--from-cluster"])
        .env("PATH", path)
        .output()
        .expect("it runs")
        .into();
    assert_eq!(done.code, 0, "{done:?}");
    assert_eq!(session.dir.read("spec/sealing.pem"), pem);
    assert!(
        session.home.read("asked").contains("/proxy/v1/cert.pem"),
        "it never asks for a Secret"
    );
    session.dir.write("key.pem", fs::read(session.key_file()).expect("the key"));
    session.refused(&["seal", "init", "--replace", "--certificate", "key.pem"], "private key");
}

#[cfg(unix)]
fn make_executable(path: &std::path::Path) {
    use std::os::unix::fs::PermissionsExt as _;
    fs::set_permissions(path, fs::Permissions::from_mode(0o755)).expect("writable");
}

#[cfg(not(unix))]
fn make_executable(_: &std::path::Path) {}

#[test]
fn a_key_never_comes_to_lie_in_a_repository() {
    let session = Session::with_keys();
    let init =
        |key: &str| session.run(&["seal", "init", "--replace", "--bits", "2048", "--key", key]);
    let here = session.dir.root();
    let name = here.file_name().and_then(|it| it.to_str()).expect("a name");
    // A folder that does not exist yet, and a path that leads back from it.
    let around = format!(
        "{}/not-there/../{name}/key.pem",
        session.dir.root().parent().expect("above").display()
    );
    assert!(init(&around).err.contains("without `..`"), "{around}");
    assert!(!session.dir.path("key.pem").exists());
    // Another repository is refused too.
    fs::create_dir_all(session.home.path("dotfiles/.git")).expect("writable");
    let other = session.home.path("dotfiles/key.pem");
    assert!(init(other.to_str().expect("UTF-8")).err.contains("inside the repository"));
    // A neighbour whose name has the same beginning is outside.
    let beside = format!("{}-key.pem", here.display());
    let done = init(&beside);
    assert_eq!(done.code, 0, "{done:?}");
    fs::remove_file(&beside).expect("it was made");
}

#[cfg(unix)]
#[test]
fn a_failed_start_leaves_nothing_in_the_way() {
    let session = Session::new();
    // A folder in the place of the certificate: the key must not stay behind alone.
    fs::create_dir_all(session.dir.path("spec/sealing.pem/x")).expect("writable");
    let done = session.run(&["seal", "init", "--bits", "2048", "--replace"]);
    assert!(done.code == 2 && !session.key_file().exists(), "{done:?}");
    fs::remove_dir_all(session.dir.path("spec/sealing.pem")).expect("there");
    session.ok(&["seal", "init", "--bits", "2048"]);
}
