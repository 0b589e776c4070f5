//! What runs is pinned by digest: images, those that charts run, and what the script downloads.

use std::collections::BTreeSet;

use crate::support::{Compiled, Texts, golden_cases, items, texts_of, tree};

/// For these, no two owners were found that quote a digest.
const WITHOUT: [&str; 1] = ["ghcr.io/open-webui/open-webui:0.12.4-slim"];

fn case(name: &str) -> Texts {
    let (_, folder) = golden_cases().into_iter().find(|it| it.0 == name).expect("the case");
    texts_of(&folder)
}

fn images(tree: &Compiled) -> BTreeSet<String> {
    let pods = tree.objects();
    let templates = pods.iter().filter_map(|it| it.pod_template());
    let containers = templates.flat_map(|template| {
        items(&template["spec"]["containers"]).chain(items(&template["spec"]["initContainers"]))
    });
    containers.filter_map(|it| it["image"].as_str().map(str::to_owned)).collect()
}

/// Every text of the tree below a chart's values that names a digest.
fn digests_of_chart(tree: &Compiled, application: &str) -> usize {
    let path = format!("apps/{application}.yaml");
    String::from_utf8_lossy(&tree.files[&path]).matches("sha256:").count()
}

#[test]
fn the_tested_set_runs_by_digest() {
    for name in ["darien", "backup", "replicas", "tenants"] {
        let tree = tree(&case(name));
        let without: Vec<String> =
            images(&tree).into_iter().filter(|it| !it.contains("@sha256:")).collect();
        assert_eq!(without, WITHOUT, "{name}");
        assert_eq!(
            ["argocd", "cert-manager", "sealed-secrets"].map(|it| digests_of_chart(&tree, it)),
            [2, 4, 1],
            "{name}"
        );
    }
}

#[test]
fn a_version_of_ones_own_has_the_digest_that_is_given_and_no_other() {
    let digest = format!("sha256:{}", "0123456789abcdef".repeat(4));
    let mut texts = case("darien");
    let versions = "ollama: 0.33.0\npostgresql: 17.10-bookworm@DIGEST\nopen-webui: \
                    0.12.4-slim@DIGEST\nredis: 8.2.3-alpine\nargo-cd: 10.1.2\ncert-manager: \
                    v1.22.0\nsealed-secrets: 2.20.0\nk3s: v1.35.9+k3s1\nhelm: v4.2.2\nk3s-amd64: \
                    v1.35.9+k3s1@DIGEST\n";
    texts.insert("spec/versions.yaml".to_owned(), versions.replace("DIGEST", &digest));
    let tree = tree(&texts);
    let images = images(&tree);
    for image in [
        "docker.io/ollama/ollama:0.33.0".to_owned(),
        format!("docker.io/library/postgres:17.10-bookworm@{digest}"),
        format!("ghcr.io/open-webui/open-webui:0.12.4-slim@{digest}"),
    ] {
        assert!(images.contains(&image), "{image}: {images:?}");
    }
    assert_eq!(
        ["argocd", "cert-manager", "sealed-secrets"].map(|it| digests_of_chart(&tree, it)),
        [0, 0, 0]
    );
    let script = String::from_utf8_lossy(&tree.files["bootstrap/bootstrap.sh"]).into_owned();
    let line = script.lines().find(|it| it.contains("checksums=(")).expect("the checksums");
    assert_eq!(
        line,
        format!("declare -rA checksums=(['k3s-amd64']='{}')", "0123456789abcdef".repeat(4))
    );
}

#[test]
fn what_the_script_fetches_has_a_checksum() {
    let tree = tree(&case("starter"));
    let script = String::from_utf8_lossy(&tree.files["bootstrap/bootstrap.sh"]).into_owned();
    let line = script.lines().find(|it| it.contains("checksums=(")).expect("the checksums");
    for name in ["helm-amd64", "helm-arm64", "k3s-amd64", "k3s-arm64"] {
        assert!(line.contains(&format!("['{name}']='")), "{line}");
    }
}
