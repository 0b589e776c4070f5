//! What runs is pinned by digest: images, those that charts run, and what the script downloads.

use std::collections::BTreeSet;

use crate::support::{Compiled, Texts, golden_cases, items, texts_of, tree, with_components};

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
    for name in ["darien", "backup", "replicas", "tenants", "documents-tika"] {
        let tree = tree(&case(name));
        let without: BTreeSet<String> =
            images(&tree).into_iter().filter(|it| !it.contains("@sha256:")).collect();
        let exporter = (name == "darien").then_some(JSON_EXPORTER);
        let expected: BTreeSet<String> =
            WITHOUT.into_iter().chain(exporter).map(str::to_owned).collect();
        assert_eq!(without, expected, "{name}");
        assert_eq!(
            ["argocd", "cert-manager", "sealed-secrets"].map(|it| digests_of_chart(&tree, it)),
            [2, 4, 1],
            "{name}"
        );
    }
}

/// For that one, a single owner was found.
const JSON_EXPORTER: &str = "quay.io/prometheuscommunity/json-exporter:v0.7.0";

#[test]
fn exporters_run_by_digest() {
    let tree = tree(&case("monitoring"));
    let without: BTreeSet<String> =
        images(&tree).into_iter().filter(|it| !it.contains("@sha256:")).collect();
    let expected = [WITHOUT[0], JSON_EXPORTER].map(str::to_owned).into();
    assert_eq!(without, expected);
    assert_eq!(digests_of_chart(&tree, "blackbox-exporter"), 1);
}

/// The charts of monitoring write a digest without its algorithm, all but one.
#[test]
fn monitoring_runs_by_digest() {
    let path = "apps/kube-prometheus-stack.yaml";
    let shas = |texts: &Texts| {
        let values = String::from_utf8_lossy(&tree(texts).files[path]).into_owned();
        let shas = values.lines().filter_map(|it| it.trim().strip_prefix("sha: "));
        let is_digest = |sha: &str| sha.len() == 64 && sha.bytes().all(|b| b.is_ascii_hexdigit());
        let digits = |sha: &str| sha.trim_matches('"').trim_start_matches("sha256:").to_owned();
        shas.map(digits).filter(|it| is_digest(it)).collect::<BTreeSet<String>>().len()
    };
    let mut texts = case("monitoring");
    assert_eq!(shas(&texts), 5, "Prometheus, Alertmanager, the operator, reloader, state metrics");
    let grafana = String::from_utf8_lossy(&tree(&texts).files["apps/grafana.yaml"]).into_owned();
    let sha = grafana.lines().find_map(|it| it.trim().strip_prefix("sha: "));
    let digits = sha.expect("a digest").trim_matches('"');
    assert!(digits.len() == 64 && digits.bytes().all(|b| b.is_ascii_hexdigit()), "{digits}");
    let others = ["alloy", "loki", "node-exporter"];
    let by_digest = |texts: &Texts| others.map(|it| digests_of_chart(&tree(texts), it));
    assert_eq!(by_digest(&texts), [1, 1, 1]);
    let pins = "kube-prometheus-stack: 89.2.2\nprometheus-operator-crds: 31.0.1\nalloy: 1.12.1\n\
                loki: 18.13.7\nprometheus-node-exporter: 4.57.0\n";
    texts.insert("spec/versions.yaml".to_owned(), pins.to_owned());
    assert_eq!(shas(&texts), 0, "another chart brings other images");
    assert_eq!(by_digest(&texts), [0, 0, 0]);
}

/// Tika's image, up to its digest.
const READER: &str = "docker.io/apache/tika:3.3.1.0@sha256:";

#[test]
fn who_reads_documents_decides_the_images() {
    let of = |documents: &str| {
        let lines = format!(
            "openWebui: {{documents: {documents}}}\npostgresql: {{enabled: false}}\nbackup: {{}}\n\
             ollama: {{models: [\"gemma3:270m\"]}}"
        );
        let chat = "ghcr.io/open-webui/open-webui:";
        let all = images(&tree(&with_components(&lines))).into_iter();
        all.filter_map(|image| {
            let tag = image.strip_prefix(chat).map(str::to_owned);
            tag.or_else(|| image.starts_with(READER).then(|| "Tika".to_owned()))
        })
        .collect::<Vec<String>>()
    };
    // The dump of the SQLite file too is made by the image that writes it.
    assert_eq!(of("text"), ["0.12.4-slim"]);
    assert_eq!(of("builtin"), ["0.12.4"]);
    assert_eq!(of("tika"), ["Tika", "0.12.4-slim"]);
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
    assert_eq!(checksums(&tree), format!("['k3s-amd64']='{}'", "0123456789abcdef".repeat(4)));
}

#[test]
fn what_the_script_fetches_has_a_checksum() {
    let tree = tree(&case("starter"));
    let line = checksums(&tree);
    for name in ["helm-amd64", "helm-arm64", "k3s-amd64", "k3s-arm64"] {
        assert!(line.contains(&format!("['{name}']='")), "{line}");
    }
}

/// The checksums that the script is told.
fn checksums(tree: &Compiled) -> String {
    let told = String::from_utf8_lossy(&tree.files["bootstrap/platform.sh"]).into_owned();
    let (_, told) = told.split_once("checksums=(").expect("the checksums");
    told.split_once("\n)").expect("their end").0.trim().to_owned()
}
