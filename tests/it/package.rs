//! The package around the code: its licence, its versions of Rust, where it says it lives, and what
//! its workflows may run.

use std::fs;

use sha2::{Digest as _, Sha256};

use crate::support::{files_below, has_ending, repository};

fn text(path: &str) -> String {
    let text = fs::read_to_string(repository().join(path));
    text.unwrap_or_else(|why| panic!("{path}: {why}"))
}

/// The value of a line `key = "value"`.
fn value(text: &str, key: &str) -> String {
    let start = format!("{key} = \"");
    let line = text.lines().find_map(|it| it.trim_start().strip_prefix(&start));
    line.expect(key).trim_end_matches('"').to_owned()
}

#[test]
fn the_licence_is_whole() {
    let sum = Sha256::digest(text("LICENSE"));
    assert_eq!(
        format!("{sum:x}"),
        "cfc7749b96f63bd31c3c42b5c471bf756814053e847c10f3eb003417bc523d30",
        "not the text that the Apache Software Foundation publishes"
    );
    assert_eq!(value(&text("Cargo.toml"), "license"), "Apache-2.0");
}

/// One version of Rust: what builds the program is what it promises to build with.
#[test]
fn rust_has_one_version() {
    let version = value(&text("Cargo.toml"), "rust-version");
    assert_eq!(version.split('.').count(), 3, "in full, or rustup looks for another toolchain");
    assert_eq!(value(&text("rust-toolchain.toml"), "channel"), version);
    let live = text(".github/workflows/live.yml");
    assert!(live.contains(&format!("rust:{version}-")), "live.yml runs in the image of {version}");
}

#[test]
fn the_repository_has_one_url() {
    let spec = text("spec/platform.yaml");
    let url = spec.split("repository: {url: ").nth(1).and_then(|it| it.split([',', '}']).next());
    let url = url.expect("the spec names the repository").trim_end_matches(".git");
    let cargo = text("Cargo.toml");
    assert_eq!(value(&cargo, "repository"), url);
    assert_eq!(value(&cargo, "homepage"), url);
    for page in ["SECURITY.md", ".github/ISSUE_TEMPLATE/config.yml"] {
        assert!(text(page).contains(&format!("{url}/security/advisories/new")), "{page}");
    }
    assert!(
        text("README.md").contains(&format!("cargo install --locked --profile dist --git {url}"))
    );
}

/// What a workflow does against the rules, by line: an action by a name that can be moved, a
/// checkout that leaves its token behind, permissions that nobody chose.
fn faults(name: &str, text: &str) -> Vec<String> {
    let mut said = Vec::new();
    let lines: Vec<&str> = text.lines().collect();
    for (at, line) in lines.iter().enumerate() {
        let Some((_, used)) = line.split_once("uses: ") else { continue };
        let commit = used.split_once('@').map(|it| it.1);
        let is_commit = commit.is_some_and(|commit| {
            let (hash, version) = commit.split_once(" # v").unwrap_or_default();
            hash.len() == 40
                && hash.bytes().all(|it| it.is_ascii_hexdigit())
                && version.starts_with(|c: char| c.is_ascii_digit())
        });
        if !is_commit && !used.starts_with("./") {
            said.push(format!("{name}:{}: not a commit with its version: {used}", at + 1));
        }
        let next = lines.get(at + 1).copied().unwrap_or_default();
        if used.starts_with("actions/checkout@") && !next.contains("persist-credentials: false") {
            said.push(format!("{name}:{}: the checkout keeps its token", at + 1));
        }
    }
    if name.contains("workflows/") && !lines.contains(&"permissions: {}") {
        said.push(format!("{name}: a job has permissions that it does not name"));
    }
    said
}

#[test]
fn workflows_run_what_they_name_with_the_least_permissions() {
    let files = files_below(repository(), &[".github"]);
    let all = files.iter().filter(|(path, _)| has_ending(path, "yml"));
    let said: Vec<String> =
        all.flat_map(|(path, bytes)| faults(path, &String::from_utf8_lossy(bytes))).collect();
    assert!(said.is_empty(), "{}", said.join("\n"));
}

#[test]
fn faults_of_a_workflow_are_seen() {
    let good = text(".github/workflows/espalier.yml");
    let name = "workflows/a.yml";
    assert!(faults(name, &good).is_empty());
    for (from, to) in [
        ("persist-credentials: false", "fetch-depth: 0"),
        ("permissions: {}", "permissions: write-all"),
        (" # v", " # "),
        ("actions/checkout@", "actions/checkout@v7 #"),
        ("checkout@3", "checkout@x"),
    ] {
        assert!(!faults(name, &good.replace(from, to)).is_empty(), "{to}");
    }
}

/// The workflow pushes the image that the tree names.
#[test]
fn the_release_pushes_the_operator_s_image_as_the_tree_names_it() {
    let image = espalier::facts::versions::WORKSPACE_OPERATOR.image.expect("an image");
    let workflow = text(".github/workflows/release.yml");
    assert!(workflow.contains(&format!("\n      IMAGE: {image}\n")));
    assert!(workflow.contains("\"docker://$IMAGE:${GITHUB_REF_NAME#v}\""));
    let built = text("operator/Containerfile");
    assert!(built.contains("FROM scratch\n") && built.contains("USER 65532:65532\n"));
}
