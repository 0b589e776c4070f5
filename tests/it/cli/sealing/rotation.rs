//! Sealing again: other values, another certificate, an additional key; new names, and what is kept
//! for a rollback.

use std::fs;

use espalier::seal::value::SealingScope;

use super::{ADMIN, DATABASE, Session};
use crate::{seal::open::open, support::at};

#[test]
fn a_rotation_has_a_new_name_and_keeps_what_was_before() {
    let session = Session::with_keys();
    session.ok(&["seal", "--generate-missing"]);
    let (first, value) =
        (session.suffix(DATABASE), session.opened("postgresql", "password").expect("it opens"));
    session.ok(&["render"]);
    session.refused(
        &["seal", "postgresql"],
        "`espalier seal --rotate postgresql` replaces its values",
    );
    let said = session.ok(&["seal", "--rotate", "postgresql"]).err;
    assert!(said.contains("restarts: openwebui, postgresql"), "{said}");
    assert!(said.contains("PostgreSQL sets it at its next start"), "{said}");
    let second = session.suffix(DATABASE);
    assert_ne!(first, second);
    assert_ne!(session.opened("postgresql", "password").expect("it opens"), value);
    session.ok(&["render"]);
    let tree = session.dir.tree();
    for suffix in [&first, &second] {
        assert!(
            tree.keys().any(|it| it.ends_with(&format!("sealedsecret-postgresql-{suffix}.yaml"))),
            "{suffix}: {tree:?}"
        );
    }
    let pod =
        String::from_utf8_lossy(&tree["out/manifests/openwebui/ai/deployment-openwebui.yaml"])
            .into_owned();
    assert!(
        pod.contains(&format!("name: postgresql-{second}"))
            && !pod.contains(&format!("postgresql-{first}")),
        "{pod}"
    );
    // The value before the previous one is removed.
    session.ok(&["seal", "--rotate", "postgresql", "--generate", "64"]);
    session.ok(&["render"]);
    let names: Vec<String> = session
        .dir
        .tree()
        .into_keys()
        .filter(|it| it.contains("sealedsecret-postgresql"))
        .collect();
    assert_eq!(names.len(), 2, "{names:?}");
    assert!(names.iter().all(|it| !it.contains(&first)), "{names:?}");
    assert_eq!(session.opened("postgresql", "password").expect("it opens").len(), 64);
}

#[test]
fn a_key_that_is_new_is_added_under_the_name_that_is_there() {
    let session = Session::with_keys();
    session.dir.write("password", "one line\r\n");
    session.dir.write("email", "a@example.com");
    session.ok(&[
        "seal",
        "openwebui-admin",
        "--from-file",
        "email=email",
        "--from-file",
        "password=password",
    ]);
    let (suffix, email) =
        (session.suffix(ADMIN), at(&session.file(ADMIN), "spec/sealed/ai/email").clone());
    let text = session.dir.read(ADMIN);
    let without: String = text
        .lines()
        .filter(|it| !it.trim().starts_with("password:"))
        .flat_map(|it| [it, "\n"])
        .collect();
    session.dir.write(ADMIN, without);
    assert!(session.ok(&["seal"]).out.contains("stale: without password"));
    session.refused(
        &["seal", "openwebui-admin", "--from-file", "email=email"],
        "`email` of `openwebui-admin` is already sealed",
    );
    session.ok(&["seal", "openwebui-admin", "--from-file", "password=password"]);
    assert_eq!(session.suffix(ADMIN), suffix);
    assert_eq!(
        *at(&session.file(ADMIN), "spec/sealed/ai/email"),
        email,
        "what was sealed stays as it is"
    );
    assert_eq!(session.opened("openwebui-admin", "password").expect("it opens"), b"one line");
}

#[test]
fn another_certificate_means_sealing_anew() {
    let session = Session::with_keys();
    session.dir.write("values/openwebui-admin/email", "a@example.com\n");
    session.dir.write("values/openwebui-admin/password", "known to a person\n");
    session.ok(&[
        "seal",
        "openwebui-admin",
        "--from-file",
        "email=values/openwebui-admin/email",
        "--from-file",
        "password=values/openwebui-admin/password",
    ]);
    session.ok(&["seal", "--generate-missing"]);
    session.ok(&[
        "seal",
        "init",
        "--replace",
        "--bits",
        "2048",
        "--key",
        session.home.path("second.pem").to_str().expect("UTF-8"),
    ]);
    let said = session.run(&["check"]).err;
    assert_eq!(said.matches("[sealed-with-another-certificate]").count(), 3, "{said}");
    assert!(session.ok(&["seal"]).out.contains("sealed with another certificate"));
    // Some values are missing: nothing is written, not even values that could be generated.
    let key = session.home.path("second.pem");
    let key = key.to_str().expect("UTF-8");
    let away = session.home.path("away.pem");
    fs::rename(session.key_file(), &away).expect("the key that would open them");
    session.refused(&["seal", "--reseal", "--private-key", key], "needs `email`");
    fs::rename(&away, session.key_file()).expect("back");
    let said = session.ok(&["seal", "--reseal", "--from-dir", "values", "--private-key", key]).err;
    assert!(said.contains("resealed 3 credentials"), "{said}");
    assert!(said.contains("`postgresql` gets a new value"), "{said}");
    fs::copy(session.home.path("second.pem"), session.key_file()).expect("the second key");
    assert_eq!(
        session.opened("openwebui-admin", "password").expect("the second key opens it"),
        b"known to a person"
    );
    // The first key is gone, so what it sealed is not kept.
    assert!(at(&session.file(DATABASE), "spec/previous").is_null());
    assert!(session.ok(&["seal", "--reseal"]).err.contains("resealed 0 credentials"));
}

/// Until the tree has the new Secret, the previous one is in use: a mistake and a second attempt do
/// not remove it.
#[test]
fn a_second_try_keeps_what_runs() {
    let session = Session::with_keys();
    session.ok(&["seal", "--generate-missing"]);
    session.ok(&["render"]);
    let runs = session.suffix(DATABASE);
    session.ok(&["seal", "--rotate", "postgresql"]);
    session.ok(&["seal", "--rotate", "postgresql"]);
    assert_eq!(at(&session.file(DATABASE), "spec/previous/suffix").as_str(), Some(runs.as_str()));
    session.ok(&["render"]);
    assert!(
        session
            .dir
            .tree()
            .keys()
            .any(|it| it.ends_with(&format!("sealedsecret-postgresql-{runs}.yaml")))
    );
}

/// With the private key that opens them, values are sealed with another certificate unchanged and
/// are never shown.
#[test]
fn the_old_private_key_keeps_the_values() {
    let session = Session::with_keys();
    session.dir.write(
        "spec/platform.yaml",
        session
            .dir
            .read("spec/platform.yaml")
            .replace("  components:\n", "  components:\n    argocd: {admin: sealed}\n"),
    );
    session.ok(&["seal", "--generate-missing"]);
    let done = session.with_stdin(
        &["seal", "argocd-secret", "--from-stdin"],
        b"the password of the administrator",
    );
    assert_eq!(done.code, 0, "{done:?}");
    let old = session.home.path("old.pem");
    fs::rename(session.key_file(), &old).expect("ours");
    let (name, old) = (session.suffix(DATABASE), old.display().to_string());
    let before = {
        let key = fs::read_to_string(&old).expect("the key");
        let text = at(&session.file(DATABASE), "spec/sealed/ai/password")
            .as_str()
            .expect("sealed")
            .to_owned();
        let secret = format!("postgresql-{name}");
        open(&key, SealingScope::Strict { namespace: "ai", name: &secret }, &text)
            .expect("it opens")
    };
    let hash = |key: &str| {
        let text = at(&session.file("spec/secrets/argocd-secret.yaml"), "spec/sealed/argocd")
            .get("admin.password")
            .cloned();
        let text = text.and_then(|it| it.as_str().map(str::to_owned)).expect("sealed");
        let key = fs::read_to_string(key).expect("the key");
        open(&key, SealingScope::Strict { namespace: "argocd", name: "argocd-secret" }, &text)
            .expect("it opens")
    };
    let first = hash(&old);
    assert!(first.starts_with(b"$2b$"), "a hash");
    session.ok(&["seal", "init", "--replace", "--bits", "2048"]);
    // The wrong key opens nothing, and nothing is written.
    let wrong = session.key_file().display().to_string();
    session.refused(&["seal", "--reseal", "--key", &wrong], "this private key does not unseal it");
    session.dir.write("no-key", "-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n");
    session.refused(&["seal", "--reseal", "--key", "no-key"], "it is not an RSA private key");
    assert_eq!(
        session.run(&["seal", "postgresql", "--key", &old]).code,
        2,
        "a flag is never left unheard"
    );

    let said = session.ok(&["seal", "--reseal", "--key", &old]).err;
    assert!(
        said.contains("resealed 3 credentials") && !said.contains("gets a new value"),
        "{said}"
    );
    assert_ne!(session.suffix(DATABASE), name, "another Secret");
    assert_eq!(session.opened("postgresql", "password").expect("it opens"), before);
    assert_eq!(hash(&wrong), first, "a hash is not hashed again");
    assert!(!said.contains(&*String::from_utf8_lossy(&before)), "{said}");
    session.ok(&["render"]);
    assert!(!session.ok(&["check"]).err.contains("sealed-with-another-certificate"));
}

/// The certificate is lost, the private key is not: another certificate of the same key is made,
/// and nothing has to be sealed again.
#[test]
fn a_lost_certificate_is_made_again_from_the_private_key() {
    let session = Session::with_keys();
    session.ok(&["seal", "--generate-missing"]);
    session.ok(&["render"]);
    session.refused(&["seal", "init", "--from-key"], "already exists");
    let (value, tree) =
        (session.opened("postgresql", "password").expect("it opens"), session.dir.tree());
    session.dir.remove("spec/sealing.pem");
    let said = session.run(&["check"]);
    assert!(
        said.err.contains("warning[sealing-certificate-missing]: 2 credentials are sealed"),
        "{said:?}"
    );
    session.refused(
        &["seal", "--rotate", "postgresql"],
        "`espalier seal init --from-key` creates a new certificate for its private key",
    );
    let said = session.ok(&["seal", "init", "--from-key"]).err;
    assert!(
        said.contains("a new certificate for the private key")
            && said.contains("spec/secrets/postgresql.yaml"),
        "{said}"
    );
    assert!(session.dir.tree() == tree, "no Secret has changed");
    assert_eq!(session.opened("postgresql", "password").expect("it opens"), value);
    let said = session.ok(&["check"]).err;
    assert!(
        !said.contains("sealed-with-another-certificate")
            && !said.contains("sealing-certificate-missing"),
        "{said}"
    );
    session.ok(&["seal", "--rotate", "postgresql"]);
    session.opened("postgresql", "password").expect("the same key opens it");
    // A key that opens none of the sealed values belongs to another pair: nothing is written, with
    // or without a certificate.
    let other = session.home.path("other.pem");
    let other = other.to_str().expect("UTF-8");
    let made = Session::new();
    made.ok(&["seal", "init", "--bits", "2048", "--key", other]);
    session.refused(
        &["seal", "init", "--from-key", "--replace", "--key", other],
        "unseals nothing that is sealed (spec/secrets/",
    );
    session.dir.remove("spec/sealing.pem");
    session
        .refused(&["seal", "init", "--from-key", "--key", other], "unseals nothing that is sealed");
    // If nothing is sealed, any key is accepted.
    made.dir.remove("spec/sealing.pem");
    made.ok(&["seal", "init", "--from-key", "--key", other]);
    session.refused(
        &["seal", "init", "--from-key", "--key", "nowhere.pem"],
        "there is no private key at",
    );
}
