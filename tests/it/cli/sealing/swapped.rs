//! A certificate that somebody has put in the place of ours.

use std::fs;

use super::Session;

/// Another certificate of the same form, and its private key, made by the program itself.
fn another() -> (String, Vec<u8>) {
    let it = Session::new();
    it.ok(&["seal", "init", "--bits", "2048"]);
    (it.place.read("spec/sealing.pem"), fs::read(it.key_file()).expect("the private key"))
}

#[test]
fn nothing_is_sealed_for_a_key_that_is_not_ours() {
    let it = Session::with_keys();
    let (certificate, key) = another();
    let ours = it.place.read("spec/sealing.pem");
    it.ok(&["seal", "postgresql", "--generate", "32"]);
    it.place.write("spec/sealing.pem", &certificate);
    for words in [
        ["seal", "--generate-missing"].as_slice(),
        &["seal", "--rotate", "postgresql", "--generate", "32"],
        &["seal", "--reseal", "--from-dir", "tmp"],
    ] {
        let before = it.written();
        let done = it.run(words);
        assert!(done.code == 2 && !done.err.contains("sealed `"), "{words:?}: {done:?}");
        assert_eq!(it.written(), before, "{words:?}");
    }
    it.refused(&["seal", "--generate-missing"], "does not belong to the private key in");
    // Looking is no sealing.
    it.ok(&["seal"]);
    // It is right when its key is named, lies beside the other, or somebody says so.
    it.home.write("mine.pem", &key);
    let mine = it.home.path("mine.pem").display().to_string();
    it.ok(&["seal", "--rotate", "postgresql", "--generate", "32", "--private-key", &mine]);
    let said = it.ok(&["seal", "--rotate", "postgresql", "--generate", "32", "--accept-certificate"]).err;
    assert!(said.contains("warning: spec/sealing.pem") && said.contains("taken all the same"), "{said}");
    it.home.write("espalier/starter/second.pem", &key);
    it.ok(&["seal", "--rotate", "postgresql", "--generate", "32"]);
    it.refused(&["seal", "--rotate", "postgresql", "--generate", "32", "--private-key", "spec/platform.yaml"], "holds no private key");
    // Back to ours: its key is there still.
    it.place.write("spec/sealing.pem", ours);
    it.ok(&["seal", "--rotate", "postgresql", "--generate", "32"]);
}

#[test]
fn without_a_private_key_the_committed_certificate_is_what_counts() {
    let it = Session::with_keys();
    fs::remove_file(it.key_file()).expect("the key");
    it.place.git(&["init", "--quiet", "--initial-branch", "main"]);
    it.place.git(&["add", "."]);
    it.place.git(&["commit", "--quiet", "--message", "one"]);
    let said = it.ok(&["seal", "postgresql", "--generate", "32"]).err;
    assert!(!said.contains("warning"), "{said}");
    it.place.write("spec/sealing.pem", another().0);
    let said = it.ok(&["seal", "--rotate", "postgresql", "--generate", "32"]).err;
    assert!(said.contains("another certificate than the one that was committed") && said.matches("sha256:").count() == 2, "{said}");
}

#[test]
fn a_difference_names_another_certificate_first() {
    let it = Session::with_keys();
    it.place.git(&["init", "--quiet", "--initial-branch", "main"]);
    it.ok(&["render"]);
    it.place.git(&["add", "."]);
    it.place.git(&["commit", "--quiet", "--message", "one"]);
    for words in [["diff"].as_slice(), &["diff", "--base", "main"], &["diff", "--format", "markdown"]] {
        assert!(!it.ok(words).out.contains("certificate"), "{words:?}");
    }
    it.place.write("spec/sealing.pem", another().0);
    for words in [["diff"].as_slice(), &["diff", "--base", "main"]] {
        let said = it.ok(words).out;
        assert!(said.starts_with("changed  spec/sealing.pem: another sealing certificate, sha256:"), "{words:?}: {said}");
    }
    let said = it.ok(&["diff", "--base", "main", "--format", "markdown"]).out;
    assert!(said.starts_with("**Another sealing certificate**: `spec/sealing.pem` was sha256:"), "{said}");
    it.place.git(&["commit", "--quiet", "--all", "--message", "swapped"]);
    assert!(!it.ok(&["diff"]).out.contains("certificate"));
    assert!(it.ok(&["diff", "--base", "HEAD~1"]).out.contains("another sealing certificate"));
    it.place.remove("spec/sealing.pem");
    assert!(it.ok(&["diff"]).out.contains("→ none"));
}
