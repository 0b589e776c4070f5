//! Faults of the tree as ArgoCD sees it: the facts' table, by its row numbers.

use serde_yaml::Value;

use super::{GOLDEN, containers, found, never, nowhere};
use crate::support::{Read, at, compile, is, items, labels, only};

fn options(it: &Read) -> Vec<&str> {
    items(it.at("spec/syncPolicy/syncOptions")).filter_map(Value::as_str).collect()
}

fn wave(case: &str, application: &str) -> i64 {
    let (_, tree) = GOLDEN.iter().find(|it| it.0 == case).expect("the case");
    let it = tree.find("Application", Some("argocd"), application).unwrap_or_else(|| panic!("{application}"));
    it.at("metadata/annotations").get("argocd.argoproj.io/sync-wave").and_then(Value::as_str).expect("a wave").parse().expect("a number")
}

#[test]
fn row_01_every_application_in_project_default() {
    never("Application", |it| it.text("spec/project") == "default" || it.text("spec/project").is_empty());
    // And `default` itself permits nothing.
    never("AppProject", |it| {
        let none = it.at("spec/sourceRepos").is_null() && it.at("spec/destinations").is_null();
        it.name() == "default" && !(none && items(it.at("spec/namespaceResourceBlacklist")).any(|it| at(it, "kind") == "*"))
    });
}

#[test]
fn row_03_a_short_reference_to_the_branch() {
    never("Application", |it| it.at("spec/source/chart").is_null() && !it.text("spec/source/targetRevision").starts_with("refs/"));
}

#[test]
fn row_04_a_wave_on_the_root() {
    never("Application", |it| it.name() == "root" && it.at("metadata/annotations").get("argocd.argoproj.io/sync-wave").is_some());
}

#[test]
fn row_05_namespaces_created_by_a_sync_option() {
    nowhere("CreateNamespace");
}

#[test]
fn row_06_no_retry() {
    never("Application", |it| {
        !is(it.at("spec/syncPolicy/retry/refresh"), true) || it.at("spec/syncPolicy/retry/limit").as_u64().unwrap_or(0) < 5
    });
}

#[test]
fn row_07_children_without_finalizer() {
    // Neither the root nor Argo CD itself may take along what it made.
    never("Application", |it| ["root", "argocd"].contains(&it.name()) != it.at("metadata/finalizers").is_null());
}

#[test]
fn row_08_namespaces_that_can_be_pruned_without_pod_security() {
    never("Namespace", |it| {
        let options = it.at("metadata/annotations").get("argocd.argoproj.io/sync-options");
        let labels = labels(it.at("metadata/labels"));
        options.is_none_or(|it| it != "Prune=false,Delete=false")
            || !labels.contains_key("pod-security.kubernetes.io/enforce")
            || !labels.contains_key("pod-security.kubernetes.io/enforce-version")
            || it.application() != "namespaces" && it.application() != format!("ws-{}", it.name())
    });
    // They come right after the projects, before all that goes into them.
    assert_eq!(wave("darien", "namespaces"), 10);
}

#[test]
fn row_09_applications_without_a_wave() {
    never("Application", |it| it.name() != "root" && it.at("metadata/annotations").get("argocd.argoproj.io/sync-wave").is_none());
}

#[test]
fn row_10_sealed_secrets_before_their_controller() {
    assert!(wave("sealed", "app-secrets") > wave("sealed", "sealed-secrets"));
    assert!(wave("sealed", "postgresql") > wave("sealed", "app-secrets"));
    assert!(wave("sealed", "openwebui") > wave("sealed", "postgresql"));
}

#[test]
fn row_11_an_issuer_before_cert_manager() {
    assert!(wave("darien", "cluster-issuer") > wave("darien", "cert-manager"));
    assert!(wave("darien", "openwebui") > wave("darien", "cluster-issuer"));
}

#[test]
fn row_12_dry_runs_skipped() {
    nowhere("SkipDryRunOnMissingResource");
}

#[test]
fn row_13_replace_beside_server_side_apply() {
    never("Application", |it| !options(it).contains(&"ServerSideApply=true"));
    nowhere("Replace=true");
    nowhere("Force=true");
}

#[test]
fn row_16_a_chart_repository_that_is_gone() {
    nowhere("bitnami-labs");
    never("Application", |it| {
        it.name() == "sealed-secrets" && it.text("spec/source/repoURL") != "https://bitnami.github.io/sealed-secrets"
    });
}

#[test]
fn row_17_an_image_that_is_gone() {
    nowhere("bitnami/postgresql");
    nowhere("bitnamilegacy");
}

#[test]
fn row_18_an_image_without_a_version() {
    for kind in ["Deployment", "StatefulSet"] {
        never(kind, |it| {
            containers(it).into_iter().any(|it| at(it, "image").as_str().is_none_or(|it| !it.contains(':') || it.ends_with(":latest")))
        });
    }
    for tag in ["latest", "main", "stable", "\"17\""] {
        let mut texts = only(espalier::spec::schema::STARTER);
        texts.insert("spec/versions.yaml".to_owned(), format!("open-webui: {tag}\n"));
        assert!(compile(&texts).findings.has_errors(), "`open-webui: {tag}` is taken");
    }
}

#[test]
fn row_19_chart_values_as_text() {
    never("Application", |it| !it.at("spec/source/helm/values").is_null());
    never("Application", |it| !it.at("spec/source/chart").is_null() && !it.at("spec/source/helm/valuesObject").is_mapping());
}

#[test]
fn row_20_cert_manager_s_old_switch_for_its_kinds() {
    nowhere("installCRDs");
    never("Application", |it| {
        let crds = it.at("spec/source/helm/valuesObject/crds");
        it.name() == "cert-manager" && !(is(at(crds, "enabled"), true) && is(at(crds, "keep"), true))
    });
}

#[test]
fn row_26_a_root_that_applies_any_file_and_kind() {
    never("Application", |it| it.name() == "root" && it.text("spec/source/directory/include") != "*.yaml");
    never("Application", |it| it.name() == "root" && it.text("spec/project") != "bootstrap");
    never("AppProject", |it| {
        let kinds: Vec<&str> = items(it.at("spec/namespaceResourceWhitelist")).filter_map(|it| at(it, "kind").as_str()).collect();
        it.name() == "bootstrap" && (kinds != ["AppProject", "Application"] || !it.at("spec/clusterResourceWhitelist").is_null())
    });
}

#[test]
fn row_27_data_that_a_prune_removes() {
    for kind in ["Namespace", "PersistentVolumeClaim"] {
        never(kind, |it| {
            let annotation = |key: &str| it.at("metadata/annotations").get(format!("argocd.argoproj.io/{key}")).and_then(Value::as_str);
            annotation("sync-options") != Some("Prune=false,Delete=false") || annotation("compare-options") != Some("IgnoreExtraneous")
        });
    }
}

#[test]
fn row_28_charts_of_any_version_from_anywhere() {
    let exact = |it: &str| it.trim_start_matches('v').split('.').filter(|it| it.parse::<u32>().is_ok()).count() == 3;
    never("Application", |it| !it.at("spec/source/chart").is_null() && !exact(it.text("spec/source/targetRevision")));
    never("AppProject", |it| items(it.at("spec/sourceRepos")).any(|it| it == "*"));
}

#[test]
fn an_issuer_by_the_legacy_class_straight_at_the_production_server() {
    never("ClusterIssuer", |it| {
        items(it.at("spec/acme/solvers"))
            .any(|it| at(it, "http01/ingress/ingressClassName") != "traefik" || !at(it, "http01/ingress/class").is_null())
    });
    let (_, starter) = GOLDEN.iter().find(|it| it.0 == "no-database").expect("the case");
    // Nothing said about the issuer: staging.
    assert!(starter.find("ClusterIssuer", None, "letsencrypt-staging").is_some());
}

#[test]
fn a_switched_off_component_that_another_needs() {
    found("certManager: {enabled: false}", "component-needed");
    found("sealedSecrets: {enabled: false}", "component-needed");
    found("ollama: {enabled: false}", "component-needed");
}
