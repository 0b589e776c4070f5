//! Metrics, logs and alerts that looked as if they worked: what nobody scraped, what nobody kept,
//! and keys that the charts ignored.

use serde_yaml::{Mapping, Value};

use super::{GOLDEN, charts::unread};
use crate::support::{at, compile, items, with_components};

/// The values of a chart in every golden tree that has it; some tree has.
#[track_caller]
fn values(chart: &str) -> Vec<(&'static str, &'static Value)> {
    let of_tree = |tree: &'static crate::invariants::Tree| {
        tree.of_kind("Application").filter(|it| it.text("spec/source/chart") == chart)
    };
    let all: Vec<_> = GOLDEN
        .iter()
        .flat_map(|(name, tree)| of_tree(tree).map(move |it| (name.as_str(), it)))
        .map(|(name, object)| (name, object.at("spec/source/helm/valuesObject")))
        .collect();
    assert!(!all.is_empty(), "no golden tree has the chart {chart}");
    all
}

fn is_off(values: &Value, path: &str) -> bool {
    at(values, path).as_bool() == Some(false)
}

/// The operator of one version with the resource definitions of another: two pins, of which one was
/// raised.
#[test]
fn row_14_an_operator_and_definitions_of_two_versions() {
    let said = |versions: &str| {
        let mut texts = with_components("kubePrometheusStack: {enabled: true}");
        texts.insert("spec/versions.yaml".to_owned(), versions.to_owned());
        let compiled = compile(&texts);
        let codes = compiled.codes().into_iter().filter(|it| it.contains("version"));
        codes.map(str::to_owned).collect::<Vec<_>>()
    };
    let pair = |operator: &str, definitions: &str| {
        format!("kube-prometheus-stack: {operator}\nprometheus-operator-crds: {definitions}\n")
    };
    assert_eq!(said(&pair("88.5.3", "31.0.1")), Vec::<String>::new());
    assert_eq!(said(&pair("88.5.3", "32.0.1")), ["version-pair"]);
    assert_eq!(said(&pair("91.0.0", "31.0.1")), ["version-pair"]);
    // The pair of the tree itself: nobody here knows these charts.
    assert_eq!(said(&pair("66.2.2", "22.0.2")), ["untested-version", "untested-version"]);
    for alone in ["kube-prometheus-stack: 88.5.3\n", "prometheus-operator-crds: 31.0.1\n"] {
        assert_eq!(said(alone), ["version-pair"], "{alone}");
    }
}

/// The operator waits for a Secret that only a Job makes, and the Job is off.
#[test]
fn row_15_an_operator_that_mounts_what_nobody_makes() {
    for (name, values) in values("kube-prometheus-stack") {
        assert!(is_off(values, "prometheusOperator/admissionWebhooks/enabled"), "{name}");
        assert!(is_off(values, "prometheusOperator/tls/enabled"), "{name}");
    }
}

/// Prometheus selected a label that no monitor had, and the operator looked at one namespace only.
#[test]
fn monitors_that_nobody_selects() {
    for (name, values) in values("kube-prometheus-stack") {
        for kind in ["podMonitor", "probe", "rule", "scrapeConfig", "serviceMonitor"] {
            let path = format!("prometheus/prometheusSpec/{kind}SelectorNilUsesHelmValues");
            assert!(is_off(values, &path), "{name}: {path}");
        }
        assert!(at(values, "prometheusOperator/namespaces").is_null(), "{name}");
    }
}

/// k3s has no such pods: an alert on their absence fires for ever.
#[test]
fn alerts_about_programs_that_k3s_does_not_have() {
    for (name, values) in values("kube-prometheus-stack") {
        for program in ["kubeControllerManager", "kubeEtcd", "kubeProxy", "kubeScheduler"] {
            assert!(is_off(values, &format!("{program}/enabled")), "{name}: {program}");
        }
    }
}

/// Six hours of samples in a folder of the pod, lines in another, and nothing that deletes.
#[test]
fn samples_and_lines_that_a_restart_loses() {
    let claimed = |values: &Value, path: &str| {
        let path = format!("{path}/volumeClaimTemplate/spec/resources/requests/storage");
        at(values, &path).is_string()
    };
    for (name, values) in values("kube-prometheus-stack") {
        let prometheus = at(values, "prometheus/prometheusSpec");
        assert!(claimed(prometheus, "storageSpec"), "{name}");
        assert!(at(prometheus, "retentionSize").is_string(), "{name}");
        let kept = at(prometheus, "retention").as_str().unwrap_or_default();
        let days = kept.strip_suffix('d').and_then(|it| it.parse::<u32>().ok());
        assert!(days.is_some_and(|it| it >= 1), "{name}: {kept}");
        let is_told = !is_off(values, "alertmanager/enabled");
        assert_eq!(is_told, claimed(values, "alertmanager/alertmanagerSpec/storage"), "{name}");
    }
    for (name, values) in values("loki") {
        assert!(at(values, "singleBinary/persistence/size").is_string(), "{name}");
        assert!(at(values, "loki/limits_config/retention_period").is_string(), "{name}");
        let compactor = at(values, "loki/compactor");
        assert_eq!(at(compactor, "retention_enabled").as_bool(), Some(true), "{name}");
        assert_eq!(at(compactor, "delete_request_store"), "filesystem", "{name}");
    }
}

/// The chart's own password, which everybody knows, at a public host; and a page on which nobody can
/// sign in.
#[test]
fn a_grafana_that_everybody_or_nobody_administers() {
    for (name, values) in values("grafana") {
        let secret = at(values, "admin/existingSecret").as_str().unwrap_or_default();
        assert!(secret.starts_with("grafana-admin"), "{name}: {secret}");
        assert!(at(values, "adminPassword").is_null(), "{name}");
        let settings = at(values, "grafana.ini");
        let section =
            |part: &str, key: &str| settings.get(part).map_or(&Value::Null, |it| at(it, key));
        assert!(section("auth", "disable_login_form").is_null(), "{name}");
        assert_eq!(section("auth.anonymous", "org_role"), "Viewer", "{name}");
        assert_eq!(section("auth.basic", "enabled").as_bool(), Some(false), "{name}");
        assert_eq!(section("users", "allow_sign_up").as_bool(), Some(false), "{name}");
    }
}

/// Without an address the receiver listens on its own loopback, and the Service leads to nobody.
#[test]
fn a_collector_that_only_itself_can_reach() {
    let mut seen = 0;
    for (name, tree) in GOLDEN.iter() {
        for map in tree.of_kind("ConfigMap") {
            if !map.name().starts_with("otel-collector") {
                continue;
            }
            seen += 1;
            let config: Value = serde_yaml::from_str(
                map.at("data").get("config.yaml").and_then(Value::as_str).expect("a text"),
            )
            .expect("YAML");
            let protocols = at(&config, "receivers/otlp/protocols");
            let listened: Vec<&str> = protocols
                .as_mapping()
                .expect("protocols")
                .values()
                .map(|it| at(it, "endpoint").as_str().unwrap_or_default())
                .collect();
            assert_eq!(listened, ["${env:POD_IP}:4317"], "{name}");
            let service = tree.find("Service", map.namespace(), "otel-collector").expect("there");
            let ports: Vec<_> =
                items(service.at("spec/ports")).filter_map(|it| at(it, "port").as_u64()).collect();
            assert!(ports.contains(&4317), "{name}: {ports:?}");
        }
    }
    assert!(seen > 0, "no golden tree has a collector");
}

/// Promtail's end was reached in 2026; Alloy reads the logs.
#[test]
fn logs_by_a_program_that_nobody_makes_any_more() {
    for (name, tree) in GOLDEN.iter() {
        let charts = tree.of_kind("Application").map(|it| it.text("spec/source/chart"));
        assert_eq!(charts.filter(|it| *it == "promtail").count(), 0, "{name}");
    }
    for (name, values) in values("alloy") {
        let content = at(values, "alloy/configMap/content").as_str().unwrap_or_default();
        assert!(content.contains("loki.write"), "{name}");
    }
}

/// What the values say at a path with slashes.
fn nested(path: &str) -> Value {
    path.rsplit('/').fold(Value::Bool(true), |inner, key| {
        Value::Mapping(Mapping::from_iter([(key.into(), inner)]))
    })
}

/// The keys of that tree that its charts ignored. Planted here, each is seen; no golden tree has
/// one.
#[test]
fn the_dead_keys_of_the_tree() {
    let stack = "kube-prometheus-stack";
    let dead = [
        (stack, "grafana/ingress/sidecar/dashboards/enabled"),
        (stack, "grafana/ingress/sidecar/dashboards/label"),
        (stack, "grafana/ingress/sidecar/dashboards/searchNamespace"),
        (stack, "prometheusOperator/rbac/create"),
        (stack, "prometheusOperator/namespaces/prometheus"),
        (stack, "prometheusOperator/namespaces/alertmanager"),
        (stack, "prometheusOperator/namespaces/kubeStateMetrics"),
        (stack, "prometheusOperator/namespaces/thanosRuler"),
        ("prometheus-blackbox-exporter", "serviceMonitor/namespace"),
        ("loki", "singleBinary/securityContext/readOnlyRootFilesystem"),
        // Known, and without effect beside what else was written.
        (stack, "prometheusOperator/admissionWebhooks/patch/enabled"),
        ("loki", "memcachedExporter/enabled"),
    ];
    for (chart, path) in dead {
        assert_eq!(
            unread(chart, &nested(path)).as_deref(),
            Some(&[path.to_owned()][..]),
            "{chart}"
        );
    }
    // Two more did nothing in that version of Loki's chart, and do in this one: the canary runs
    // unless it is off itself, and the caches have switches of their own.
    for (name, values) in values("loki") {
        for switch in ["test", "lokiCanary", "memcached", "chunksCache", "resultsCache"] {
            assert!(is_off(values, &format!("{switch}/enabled")), "{name}: {switch}");
        }
    }
}
