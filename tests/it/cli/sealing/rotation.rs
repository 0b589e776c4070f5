//! What is sealed is sealed again: other values, another certificate, a key more; names that are new, and what stays for a rollback.

use std::fs;

use super::{ADMIN, DATABASE, Session};
use crate::support::at;

#[test]
fn a_rotation_has_a_new_name_and_keeps_what_was_before() {
    let it = Session::with_keys();
    it.ok(&["seal", "--generate-missing"]);
    let (first, value) = (it.suffix(DATABASE), it.opened("postgresql", "password").expect("it opens"));
    it.ok(&["render"]);
    it.refused(&["seal", "postgresql"], "`espalier seal --rotate postgresql` replaces its values");
    let said = it.ok(&["seal", "--rotate", "postgresql"]).err;
    assert!(said.contains("restarts: openwebui, postgresql"), "{said}");
    assert!(said.contains("PostgreSQL sets it at its next start"), "{said}");
    let second = it.suffix(DATABASE);
    assert_ne!(first, second);
    assert_ne!(it.opened("postgresql", "password").expect("it opens"), value);
    it.ok(&["render"]);
    let tree = it.place.tree();
    for suffix in [&first, &second] {
        assert!(tree.keys().any(|it| it.ends_with(&format!("sealedsecret-postgresql-{suffix}.yaml"))), "{suffix}: {tree:?}");
    }
    let pod = String::from_utf8_lossy(&tree["out/manifests/openwebui/ai/deployment-openwebui.yaml"]).into_owned();
    assert!(pod.contains(&format!("name: postgresql-{second}")) && !pod.contains(&format!("postgresql-{first}")), "{pod}");
    // The one before the last goes.
    it.ok(&["seal", "--rotate", "postgresql", "--generate", "64"]);
    it.ok(&["render"]);
    let names: Vec<String> = it.place.tree().into_keys().filter(|it| it.contains("sealedsecret-postgresql")).collect();
    assert_eq!(names.len(), 2, "{names:?}");
    assert!(names.iter().all(|it| !it.contains(&first)), "{names:?}");
    assert_eq!(it.opened("postgresql", "password").expect("it opens").len(), 64);
}

#[test]
fn a_key_that_is_new_is_added_under_the_name_that_is_there() {
    let it = Session::with_keys();
    it.place.write("password", "one line\r\n");
    it.place.write("email", "a@example.com");
    it.ok(&["seal", "openwebui-admin", "--from-file", "email=email", "--from-file", "password=password"]);
    let (suffix, email) = (it.suffix(ADMIN), at(&it.file(ADMIN), "spec/sealed/ai/email").clone());
    let text = it.place.read(ADMIN);
    let without: String = text.lines().filter(|it| !it.trim().starts_with("password:")).flat_map(|it| [it, "\n"]).collect();
    it.place.write(ADMIN, without);
    assert!(it.ok(&["seal"]).out.contains("stale: without password"));
    it.refused(&["seal", "openwebui-admin", "--from-file", "email=email"], "`email` of `openwebui-admin` is sealed already");
    it.ok(&["seal", "openwebui-admin", "--from-file", "password=password"]);
    assert_eq!(it.suffix(ADMIN), suffix);
    assert_eq!(*at(&it.file(ADMIN), "spec/sealed/ai/email"), email, "what was sealed stays as it is");
    assert_eq!(it.opened("openwebui-admin", "password").expect("it opens"), b"one line");
}

#[test]
fn another_certificate_means_sealing_anew() {
    let it = Session::with_keys();
    it.place.write("values/openwebui-admin/email", "a@example.com\n");
    it.place.write("values/openwebui-admin/password", "known to a person\n");
    it.ok(&[
        "seal",
        "openwebui-admin",
        "--from-file",
        "email=values/openwebui-admin/email",
        "--from-file",
        "password=values/openwebui-admin/password",
    ]);
    it.ok(&["seal", "--generate-missing"]);
    it.ok(&["seal", "init", "--replace", "--bits", "2048", "--key", it.home.path("second.pem").to_str().expect("UTF-8")]);
    let said = it.run(&["check"]).err;
    assert_eq!(said.matches("[sealed-with-another-certificate]").count(), 3, "{said}");
    assert!(it.ok(&["seal"]).out.contains("sealed with another certificate"));
    // Not all values are there: nothing is written, not even those that can be made.
    let key = it.home.path("second.pem");
    let key = key.to_str().expect("UTF-8");
    it.refused(&["seal", "--reseal", "--key", key], "needs `email`");
    let said = it.ok(&["seal", "--reseal", "--from-dir", "values", "--key", key]).err;
    assert!(said.contains("sealed 3 credentials anew"), "{said}");
    assert!(said.contains("`postgresql` gets a new value"), "{said}");
    fs::copy(it.home.path("second.pem"), it.key_file()).expect("the second key");
    assert_eq!(it.opened("openwebui-admin", "password").expect("the second key opens it"), b"known to a person");
    // The first key is gone, so what it sealed is not kept.
    assert!(at(&it.file(DATABASE), "spec/previous").is_null());
    assert!(it.ok(&["seal", "--reseal"]).err.contains("sealed 0 credentials anew"));
}

/// Before the tree has a new Secret, what was before it is what runs: a slip and a second try do not take it away.
#[test]
fn a_second_try_keeps_what_runs() {
    let it = Session::with_keys();
    it.ok(&["seal", "--generate-missing"]);
    it.ok(&["render"]);
    let runs = it.suffix(DATABASE);
    it.ok(&["seal", "--rotate", "postgresql"]);
    it.ok(&["seal", "--rotate", "postgresql"]);
    assert_eq!(at(&it.file(DATABASE), "spec/previous/suffix").as_str(), Some(runs.as_str()));
    it.ok(&["render"]);
    assert!(it.place.tree().keys().any(|it| it.ends_with(&format!("sealedsecret-postgresql-{runs}.yaml"))));
}
