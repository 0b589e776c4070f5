//! A certificate that somebody else has put in the place of ours.

use std::fs;

use super::Session;

/// Another certificate of the same form, and its private key, made by the program itself.
fn another() -> (String, Vec<u8>) {
    let session = Session::new();
    session.ok(&["seal", "init", "--bits", "2048"]);
    (session.dir.read("spec/sealing.pem"), fs::read(session.key_file()).expect("the private key"))
}

#[test]
fn nothing_is_sealed_for_a_key_that_is_not_ours() {
    let session = Session::with_keys();
    let (certificate, key) = another();
    let ours = session.dir.read("spec/sealing.pem");
    session.ok(&["seal", "postgresql", "--generate", "32"]);
    session.dir.write("spec/sealing.pem", &certificate);
    for words in [
        ["seal", "--generate-missing"].as_slice(),
        &["seal", "--rotate", "postgresql", "--generate", "32"],
        &["seal", "--reseal", "--from-dir", "tmp"],
    ] {
        let before = session.written();
        let done = session.run(words);
        assert!(done.code == 2 && !done.err.contains("sealed `"), "{words:?}: {done:?}");
        assert_eq!(session.written(), before, "{words:?}");
    }
    session.refused(&["seal", "--generate-missing"], "does not belong to the private key in");
    // Listing seals nothing.
    session.ok(&["seal"]);
    // It is accepted if its key is named, is beside the other key, or `--accept-certificate` is
    // given.
    session.home.write("mine.pem", &key);
    let mine = session.home.path("mine.pem").display().to_string();
    session.ok(&["seal", "--rotate", "postgresql", "--generate", "32", "--private-key", &mine]);
    let said = session
        .ok(&["seal", "--rotate", "postgresql", "--generate", "32", "--accept-certificate"])
        .err;
    assert!(
        said.contains("warning: spec/sealing.pem") && said.contains("used all the same"),
        "{said}"
    );
    session.home.write("espalier/starter/second.pem", &key);
    session.ok(&["seal", "--rotate", "postgresql", "--generate", "32"]);
    session.refused(
        &[
            "seal",
            "--rotate",
            "postgresql",
            "--generate",
            "32",
            "--private-key",
            "spec/platform.yaml",
        ],
        "contains no RSA private key",
    );
    // Back to our certificate: its key is still there, but there is a newer one, so it has to be
    // named.
    session.dir.write("spec/sealing.pem", ours);
    session.refused(
        &["seal", "--rotate", "postgresql", "--generate", "32"],
        "second.pem beside it is a newer private key",
    );
    let own = session.key_file().display().to_string();
    session.ok(&["seal", "--rotate", "postgresql", "--generate", "32", "--private-key", &own]);
    // That a key has opened values before does not mean that sealing for it is right now.
    session.refused(&["seal", "--reseal", "--key", &own], "is a newer private key");
}

/// The name of the platform comes from a commit, and must not hide the keys of this machine.
#[test]
fn another_name_hides_no_key() {
    let session = Session::with_keys();
    let (certificate, key) = another();
    session.dir.write(
        "spec/platform.yaml",
        session.dir.read("spec/platform.yaml").replace("name: starter", "name: renamed"),
    );
    session.refused(&["seal", "--generate-missing"], "which is not in this platform's folder");
    session.dir.write("spec/sealing.pem", certificate);
    session.refused(&["seal", "--generate-missing"], "does not belong to the private key in");
    session.home.write("espalier/renamed/sealing-key.pem", key);
    session.ok(&["seal", "--generate-missing"]);
    // The key that opens the sealed values does not make another certificate acceptable.
    let old = session.home.path("old.pem");
    fs::rename(session.home.path("espalier/renamed/sealing-key.pem"), &old).expect("the key");
    fs::remove_dir_all(session.home.path("espalier")).expect("the folder");
    let old = old.display().to_string();
    session.refused(&["seal", "--reseal", "--key", &old], "does not belong to the private key in");
}

/// Links are followed, and a key that is there but cannot be used is a refusal.
#[cfg(unix)]
#[test]
fn a_key_that_says_nothing_is_no_consent() {
    use std::os::unix::fs::symlink;
    let session = Session::with_keys();
    let (certificate, _) = another();
    let ours = session.dir.read("spec/sealing.pem");
    let (key, away) = (session.key_file(), session.home.path("away.pem"));
    fs::rename(&key, &away).expect("the key");
    symlink(&away, &key).expect("a link");
    session.ok(&["seal", "--generate-missing"]);
    let seal = ["seal", "--rotate", "postgresql", "--generate", "32"];
    session.dir.write("spec/sealing.pem", &certificate);
    session.refused(&seal, "does not belong to the private key in");
    // A folder that is a link.
    fs::rename(session.home.path("espalier"), session.home.path("elsewhere")).expect("the folder");
    symlink(session.home.path("elsewhere"), session.home.path("espalier")).expect("a link");
    session.refused(&seal, "does not belong to the private key in");
    session.dir.write("spec/sealing.pem", ours);
    session.ok(&seal);
    session.dir.write("spec/sealing.pem", &certificate);
    fs::remove_file(&away).expect("the key");
    session.refused(&seal, "is a broken link");
    fs::remove_file(&key).expect("the link");
    let label = "ENCRYPTED PRIVATE KEY";
    fs::write(&key, format!("-----BEGIN {label}-----\nAAAA\n-----END {label}-----\n"))
        .expect("a key with a passphrase");
    session.refused(&seal, "has a passphrase");
    fs::write(&key, b"-----BEGIN PRIVATE KEY-----\nAAAA\n-----END PRIVATE KEY-----\n")
        .expect("a damaged key");
    session.refused(&seal, "it is damaged, or not an RSA key");
}

#[test]
fn without_a_private_key_the_committed_certificate_is_what_counts() {
    let session = Session::with_keys();
    fs::remove_file(session.key_file()).expect("the key");
    session.dir.git(&["init", "--quiet", "--initial-branch", "main"]);
    session.dir.git(&["add", "."]);
    session.dir.git(&["commit", "--quiet", "--message", "one"]);
    let said = session.ok(&["seal", "postgresql", "--generate", "32"]).err;
    assert!(said.contains("compare its fingerprint") && !said.contains("replaced"), "{said}");
    let (certificate, rotate) =
        (another().0, ["seal", "--rotate", "postgresql", "--generate", "32"]);
    session.dir.write("spec/sealing.pem", certificate);
    session.refused(&rotate, "the last commit has sha256:");
    session.dir.git(&["commit", "--quiet", "--all", "--message", "swapped"]);
    session.refused(&rotate, "spec/secrets/postgresql.yaml is sealed with sha256:");
    session.dir.remove("spec/secrets/postgresql.yaml");
    let said = session.ok(&["seal", "postgresql", "--generate", "32"]).err;
    assert!(said.contains("replaced sha256:") && said.matches("sha256:").count() == 2, "{said}");
    // The fetched branch knows another certificate.
    session.dir.git(&["update-ref", "refs/remotes/origin/main", "HEAD~1"]);
    session.dir.git(&["config", "remote.origin.url", "https://git.garden.dev/team/platform.git"]);
    session.dir.git(&["config", "remote.origin.fetch", "+refs/heads/*:refs/remotes/origin/*"]);
    session.dir.git(&["config", "branch.main.remote", "origin"]);
    session.dir.git(&["config", "branch.main.merge", "refs/heads/main"]);
    session.refused(&rotate, "the branch that was fetched has sha256:");
    let said = session.ok(&[&rotate[..], &["--accept-certificate"]].concat()).err;
    assert!(said.contains("it is used all the same"), "{said}");
}

#[test]
fn a_difference_names_another_certificate_first() {
    let session = Session::with_keys();
    session.dir.git(&["init", "--quiet", "--initial-branch", "main"]);
    session.ok(&["render"]);
    session.dir.git(&["add", "."]);
    session.dir.git(&["commit", "--quiet", "--message", "one"]);
    for words in
        [["diff"].as_slice(), &["diff", "--base", "main"], &["diff", "--format", "markdown"]]
    {
        assert!(!session.ok(words).out.contains("certificate"), "{words:?}");
    }
    session.dir.write("spec/sealing.pem", another().0);
    for words in [["diff"].as_slice(), &["diff", "--base", "main"]] {
        let said = session.ok(words).out;
        let than = if words.len() > 1 { "main" } else { "the last commit" };
        let first = format!(
            "changed  spec/sealing.pem: the sealing certificate differs from that of {than}, sha256:"
        );
        assert!(said.starts_with(&first), "{words:?}: {said}");
    }
    let said = session.ok(&["diff", "--base", "main", "--format", "markdown"]).out;
    assert!(
        said.starts_with(
            "**The sealing certificate differs** from that of main: `spec/sealing.pem` was \
             sha256:"
        ),
        "{said}"
    );
    session.dir.git(&["commit", "--quiet", "--all", "--message", "swapped"]);
    assert!(!session.ok(&["diff"]).out.contains("certificate"));
    assert!(
        session.ok(&["diff", "--base", "HEAD~1"]).out.contains("the sealing certificate differs")
    );
    session.dir.remove("spec/sealing.pem");
    assert!(session.ok(&["diff"]).out.contains("→ none"));
}
