//! Faults of the charts' values, and of a chart of our own.

use std::collections::BTreeSet;

use serde_yaml::Value;

use super::{GOLDEN, containers, found, never};
use crate::support::{at, compile, items, only, with_components};

/// Leaves of the charts' values that are known to change what the chart renders (the facts: each
/// was rendered with and without).
const CERT_MANAGER: [&str; 28] = [
    "acmesolver/image/digest",
    "acmesolver/image/tag",
    "cainjector/image/digest",
    "cainjector/image/tag",
    "cainjector/resources",
    "cainjector/strategy",
    "crds/enabled",
    "crds/keep",
    "dns01RecursiveNameserversOnly",
    "global/leaderElection/namespace",
    "https_proxy",
    "image/digest",
    "image/tag",
    "no_proxy",
    "podDnsConfig/options",
    "prometheus/enabled",
    "prometheus/servicemonitor/enabled",
    "resources/limits",
    "resources/requests",
    "startupapicheck/enabled",
    "strategy/rollingUpdate",
    "strategy/type",
    "webhook/image/digest",
    "webhook/image/tag",
    "webhook/resources/limits",
    "webhook/resources/requests",
    "webhook/strategy/rollingUpdate",
    "webhook/strategy/type",
];
/// Values of Argo CD's chart: those that its templates read, pass on whole (`env`, `resources`, the
/// two maps of settings) or hand to a helper.
const ARGO_CD: [&str; 34] = [
    "applicationSet/replicas",
    "applicationSet/resources",
    "configs/cm",
    "configs/gpg/keys",
    "configs/params",
    "configs/secret/annotations",
    "configs/ssh/extraHosts",
    "configs/tls/certificates",
    "controller/dnsConfig/options",
    "controller/env",
    "controller/metrics/enabled",
    "controller/resources",
    "crds/install",
    "crds/keep",
    "dex/enabled",
    "global/deploymentStrategy",
    "global/domain",
    "global/image/tag",
    "global/networkPolicy/create",
    "notifications/enabled",
    "redis/automountServiceAccountToken",
    "redis/image/tag",
    "redis/resources",
    "redisSecretInit/resources",
    "repoServer/automountServiceAccountToken",
    "repoServer/copyutil/resources",
    "repoServer/dnsConfig/options",
    "repoServer/env",
    "repoServer/metrics/enabled",
    "repoServer/resources",
    "server/dnsConfig/options",
    "server/env",
    "server/metrics/enabled",
    "server/resources",
];
/// Values of Grafana's chart; what it does not know in `grafana.ini` it writes down all the same.
const GRAFANA: [&str; 15] = [
    "admin/existingSecret",
    "admin/passwordKey",
    "automountServiceAccountToken",
    "dashboardProviders",
    "datasources",
    "deploymentStrategy",
    "dnsConfig/options",
    "enableServiceLinks",
    "env/GF_SECURITY_ADMIN_USER",
    "extraConfigmapMounts",
    "grafana.ini",
    "image/sha",
    "rbac/create",
    "resources",
    "service/portName",
];
/// Values of kube-prometheus-stack, and of its part kube-state-metrics.
const KUBE_PROMETHEUS_STACK: [&str; 58] = [
    "alertmanager/alertmanagerSpec/automountServiceAccountToken",
    "alertmanager/alertmanagerSpec/configMaps",
    "alertmanager/alertmanagerSpec/containers",
    "alertmanager/alertmanagerSpec/dnsConfig/options",
    "alertmanager/alertmanagerSpec/image/sha",
    "alertmanager/alertmanagerSpec/initContainers",
    "alertmanager/alertmanagerSpec/resources",
    "alertmanager/alertmanagerSpec/secrets",
    "alertmanager/alertmanagerSpec/storage",
    "alertmanager/config",
    "alertmanager/enabled",
    "alertmanager/serviceAccount/automountServiceAccountToken",
    "coreDns/enabled",
    "crds/enabled",
    "defaultRules/disabled",
    "defaultRules/rules/alertmanager",
    "defaultRules/rules/k8sContainerMemorySwap",
    "defaultRules/rules/kubePrometheusNodeRecording",
    "defaultRules/rules/network",
    "defaultRules/rules/node",
    "defaultRules/rules/nodeExporterAlerting",
    "defaultRules/rules/nodeExporterRecording",
    "grafana/enabled",
    "kube-state-metrics/collectorsExclude",
    "kube-state-metrics/dnsConfig/options",
    "kube-state-metrics/image/sha",
    "kube-state-metrics/resources",
    "kube-state-metrics/selfMonitor/enabled",
    "kube-state-metrics/updateStrategy",
    "kubeApiServer/enabled",
    "kubeApiServer/jobNameOverride",
    "kubeControllerManager/enabled",
    "kubeEtcd/enabled",
    "kubeProxy/enabled",
    "kubeScheduler/enabled",
    "kubelet/serviceMonitor/cAdvisorInterval",
    "kubelet/serviceMonitor/metricRelabelings",
    "nodeExporter/enabled",
    "prometheus/prometheusSpec/containers",
    "prometheus/prometheusSpec/dnsConfig/options",
    "prometheus/prometheusSpec/image/sha",
    "prometheus/prometheusSpec/initContainers",
    "prometheus/prometheusSpec/podMonitorSelectorNilUsesHelmValues",
    "prometheus/prometheusSpec/probeSelectorNilUsesHelmValues",
    "prometheus/prometheusSpec/resources",
    "prometheus/prometheusSpec/retention",
    "prometheus/prometheusSpec/retentionSize",
    "prometheus/prometheusSpec/ruleSelectorNilUsesHelmValues",
    "prometheus/prometheusSpec/scrapeConfigSelectorNilUsesHelmValues",
    "prometheus/prometheusSpec/serviceMonitorSelectorNilUsesHelmValues",
    "prometheus/prometheusSpec/storageSpec",
    "prometheusOperator/admissionWebhooks/enabled",
    "prometheusOperator/dnsConfig/options",
    "prometheusOperator/image/sha",
    "prometheusOperator/prometheusConfigReloader/image/sha",
    "prometheusOperator/resources",
    "prometheusOperator/strategy",
    "prometheusOperator/tls/enabled",
];
const BLACKBOX_EXPORTER: [&str; 7] = [
    "config/modules",
    "dnsConfig/options",
    "fullnameOverride",
    "image/digest",
    "podSecurityContext/seccompProfile/type",
    "resources",
    "strategy",
];
/// Values of Alloy's chart.
const ALLOY: [&str; 14] = [
    "alloy/configMap/content",
    "alloy/enableReporting",
    "alloy/mounts/extra",
    "alloy/mounts/varlog",
    "alloy/resources",
    "alloy/securityContext",
    "alloy/storagePath",
    "configReloader/enabled",
    "controller/tolerations",
    "controller/volumes/extra",
    "crds/create",
    "image/digest",
    "rbac/clusterRules",
    "rbac/rules",
];
/// Values of Loki's chart; what is Loki's own configuration it passes on whole (`tests/it/logs.rs`).
const LOKI: [&str; 29] = [
    "backend/replicas",
    "chunksCache/enabled",
    "defaults/automountServiceAccountToken",
    "defaults/dnsConfig/options",
    "deploymentMode",
    "gateway/enabled",
    "loki/analytics",
    "loki/auth_enabled",
    "loki/commonConfig",
    "loki/compactor",
    "loki/image/digest",
    "loki/ingester",
    "loki/limits_config",
    "loki/querier",
    "loki/schemaConfig",
    "loki/server",
    "loki/storage/type",
    "lokiCanary/enabled",
    "memcached/enabled",
    "rbac/namespaced",
    "read/replicas",
    "resultsCache/enabled",
    "sidecar/rules/enabled",
    "singleBinary/persistence/size",
    "singleBinary/persistence/storageClass",
    "singleBinary/replicas",
    "singleBinary/resources",
    "test/enabled",
    "write/replicas",
];
/// Values of node-exporter's chart.
const NODE_EXPORTER: [&str; 13] = [
    "containerSecurityContext/allowPrivilegeEscalation",
    "containerSecurityContext/capabilities/drop",
    "extraArgs",
    "fullnameOverride",
    "hostNetwork",
    "hostPID",
    "image/digest",
    "image/distroless",
    "nameOverride",
    "resources/limits",
    "resources/requests",
    "securityContext/seccompProfile/type",
    "tolerations",
];
const PROMETHEUS_OPERATOR_CRDS: [&str; 2] =
    ["crds/prometheusagents/enabled", "crds/thanosrulers/enabled"];
const SEALED_SECRETS: [&str; 7] = [
    "containerSecurityContext/allowPrivilegeEscalation",
    "fullnameOverride",
    "image/tag",
    "keyrenewperiod",
    "podSecurityContext/seccompProfile/type",
    "resources/limits",
    "resources/requests",
];

fn leaves(value: &Value, path: &str, into: &mut BTreeSet<String>) {
    match value.as_mapping() {
        Some(map) => {
            for (key, value) in map {
                let key = key.as_str().unwrap_or_default();
                leaves(
                    value,
                    &if path.is_empty() { key.to_owned() } else { format!("{path}/{key}") },
                    into,
                );
            }
        }
        None => drop(into.insert(path.to_owned())),
    }
}

/// Leaves of a chart's values that it is not known to read; none of a chart that is not known.
pub(super) fn unread(chart: &str, values: &Value) -> Option<Vec<String>> {
    let known: &[&str] = match chart {
        "cert-manager" => &CERT_MANAGER,
        "sealed-secrets" => &SEALED_SECRETS,
        "argo-cd" => &ARGO_CD,
        "alloy" => &ALLOY,
        "grafana" => &GRAFANA,
        "kube-prometheus-stack" => &KUBE_PROMETHEUS_STACK,
        "prometheus-blackbox-exporter" => &BLACKBOX_EXPORTER,
        "loki" => &LOKI,
        "prometheus-node-exporter" => &NODE_EXPORTER,
        "prometheus-operator-crds" => &PROMETHEUS_OPERATOR_CRDS,
        _ => return None,
    };
    let mut all = BTreeSet::new();
    leaves(values, "", &mut all);
    let is_read =
        |leaf: &String| known.iter().any(|it| leaf == it || leaf.starts_with(&format!("{it}/")));
    Some(all.into_iter().filter(|leaf| !is_read(leaf)).collect())
}

#[test]
fn keys_that_the_chart_does_not_read() {
    never("Application", |application| match application.text("spec/source/chart") {
        "" => false,
        chart => {
            let values = application.at("spec/source/helm/valuesObject");
            unread(chart, values).is_none_or(|it| !it.is_empty())
        }
    });
}

#[test]
fn keys_of_one_s_own_that_nothing_reads() {
    for components in [
        "openWebui: {service: {type: ClusterIP}}",
        "openWebui: {nodeSelector: {}}",
        "ollama: {resource: {memory: {limit: 1Gi}}}",
        "postgresql: {persistence: {enabled: true}}",
        "grafana: {ingress: {sidecar: {dashboards: {enabled: true}}}}",
    ] {
        assert!(
            compile(&with_components(components)).findings.has_errors(),
            "{components} is taken"
        );
    }
}

#[test]
fn service_monitors_before_their_kind_is_there() {
    for (name, tree) in GOLDEN.iter() {
        assert_eq!(tree.of_kind("ServiceMonitor").count(), 0, "{name}");
    }
    never("Application", |application| {
        let values = application.at("spec/source/helm/valuesObject");
        at(values, "prometheus/servicemonitor/enabled").as_bool() == Some(true)
            || !at(values, "metrics/serviceMonitor").is_null()
    });
}

#[test]
fn a_mounted_secret_that_nothing_makes() {
    for kind in ["Deployment", "StatefulSet"] {
        never(kind, |object| {
            let mut volumes =
                items(at(object.pod_template().unwrap_or(&Value::Null), "spec/volumes"));
            volumes.any(|it| !at(it, "secret").is_null())
        });
    }
    // A configuration that is mounted stands in the same tree.
    for (name, tree) in GOLDEN.iter() {
        for object in tree.objects.iter().filter(|it| it.pod_template().is_some()) {
            let pod = object.pod_template().unwrap_or(&Value::Null);
            for mounted in items(at(pod, "spec/volumes")).map(|it| at(it, "configMap/name")) {
                let is_made = mounted
                    .as_str()
                    .is_none_or(|it| tree.find("ConfigMap", object.namespace(), it).is_some());
                assert!(is_made, "{name}: {}: {mounted:?}", object.path);
            }
        }
    }
    // Secrets are passed as variables, and every one of them is sealed or named in a finding:
    // `credential-not-sealed`.
    let compiled = compile(&only(espalier::load::schema::STARTER));
    let not_sealed = compiled.findings.iter().filter(|it| it.code == "credential-not-sealed");
    assert_eq!(not_sealed.count(), 3, "{}", compiled.said());
}

#[test]
fn a_secret_sealed_anew_without_one_of_its_keys() {
    let (_, folder) =
        crate::support::golden_cases().into_iter().find(|it| it.0 == "sealed").expect("the case");
    let mut texts = crate::support::texts_of(&folder);
    let file = texts.get_mut("spec/secrets/openwebui-admin.yaml").expect("it is there");
    let kept: Vec<&str> =
        file.lines().filter(|it| !it.trim_start().starts_with("email:")).collect();
    *file = kept.join("\n");
    let compiled = compile(&texts);
    assert!(compiled.codes().contains(&"credential-not-sealed"), "{}", compiled.said());
    assert!(
        !compiled.tree().keys().any(|it| it.contains("sealedsecret-openwebui-admin")),
        "half of it is emitted"
    );
}

#[test]
fn containers_without_a_memory_limit() {
    for kind in ["Deployment", "StatefulSet"] {
        never(kind, |object| {
            containers(object).into_iter().any(|it| at(it, "resources/limits/memory").is_null())
        });
    }
    let mut pods = 0;
    for (name, tree) in GOLDEN.iter() {
        for object in tree.of_kind("Application").filter(|it| !it.at("spec/source/chart").is_null())
        {
            let values = object.at("spec/source/helm/valuesObject");
            let parts: &[&str] = match object.name() {
                "cert-manager" => &["resources", "webhook/resources", "cainjector/resources"],
                "argocd" => &[
                    "applicationSet/resources",
                    "controller/resources",
                    "repoServer/resources",
                    "repoServer/copyutil/resources",
                    "server/resources",
                    "redis/resources",
                    "redisSecretInit/resources",
                ],
                "kube-prometheus-stack" => &[
                    "alertmanager/alertmanagerSpec/containers/0/resources",
                    "alertmanager/alertmanagerSpec/initContainers/0/resources",
                    "alertmanager/alertmanagerSpec/resources",
                    "kube-state-metrics/resources",
                    "prometheus/prometheusSpec/containers/0/resources",
                    "prometheus/prometheusSpec/initContainers/0/resources",
                    "prometheus/prometheusSpec/resources",
                    "prometheusOperator/resources",
                ],
                "alloy" => &["alloy/resources"],
                "loki" => &["singleBinary/resources"],
                // It makes no pods.
                "prometheus-operator-crds" => &[],
                _ => &["resources"],
            };
            for part in parts {
                // Of a list the first.
                let (values, part) =
                    part.split_once("/0/").map_or((values, *part), |(list, rest)| {
                        (items(at(values, list)).next().unwrap_or(&Value::Null), rest)
                    });
                let memory = at(values, &format!("{part}/limits/memory"));
                assert!(memory.is_string(), "{name}: {} {part}", object.path);
                pods += 1;
            }
        }
    }
    assert!(pods > 4);
    // For Kubernetes, a limit of 0 means no limit.
    assert!(
        compile(&with_components("openWebui: {resources: {memory: {limit: 0}}}"))
            .errors()
            .contains(&"out-of-range")
    );
}

#[test]
fn a_token_for_a_pod_that_asks_the_api_server_nothing() {
    never("Application", |application| {
        let values = application.at("spec/source/helm/valuesObject");
        let no_token = |part: &str| {
            at(values, &format!("{part}/automountServiceAccountToken")).as_bool() == Some(false)
        };
        application.text("spec/source/chart") == "argo-cd"
            && !(no_token("redis") && no_token("repoServer"))
    });
}

#[test]
fn data_that_must_last_on_an_empty_dir() {
    let lasting = ["/app/backend/data", "/data", "/var/lib/postgresql/data"];
    for kind in ["Deployment", "StatefulSet"] {
        never(kind, |object| {
            let spec = object.pod_template().unwrap_or(&Value::Null);
            let empty: Vec<&Value> = items(at(spec, "spec/volumes"))
                .filter(|it| !at(it, "emptyDir").is_null())
                .map(|it| at(it, "name"))
                .collect();
            let mounts =
                containers(object).into_iter().flat_map(|it| items(at(it, "volumeMounts")));
            mounts.into_iter().any(|mount| {
                lasting.contains(&at(mount, "mountPath").as_str().unwrap_or_default())
                    && empty.contains(&at(mount, "name"))
            })
        });
    }
}

#[test]
fn a_rollout_whose_new_pod_finds_no_room() {
    // cert-manager's three Deployments stop the old pod first; ours use Recreate, or replace one
    // pod after the other.
    never("Application", |application| {
        let values = application.at("spec/source/helm/valuesObject");
        let parts = ["strategy", "webhook/strategy", "cainjector/strategy"];
        application.name() == "cert-manager"
            && parts.iter().any(|part| {
                at(values, &format!("{part}/rollingUpdate/maxSurge")).as_u64() != Some(0)
            })
    });
    never("Application", |application| {
        let strategy =
            at(application.at("spec/source/helm/valuesObject"), "global/deploymentStrategy");
        application.name() == "argocd" && at(strategy, "rollingUpdate/maxSurge").as_u64() != Some(0)
    });
    // New pods of the operator and of the API come first, and work only if their spec is right: the
    // budget keeps their room.
    let first = ["aichat-workspace-api", "aichat-workspace-operator"];
    never("Deployment", |deployment| {
        !first.contains(&deployment.name()) && deployment.text("spec/strategy/type") != "Recreate"
    });
}

#[test]
fn a_version_that_was_not_tested() {
    let mut texts = only(espalier::load::schema::STARTER);
    texts.insert("spec/versions.yaml".to_owned(), "cert-manager: v1.15.3\n".to_owned());
    assert!(compile(&texts).codes().contains(&"untested-version"));
    texts.insert("spec/versions.yaml".to_owned(), "cert-manger: v1.21.2\n".to_owned());
    assert!(compile(&texts).codes().contains(&"unknown-version"));
}

#[test]
fn a_request_above_its_limit() {
    found("openWebui: {resources: {memory: {request: 2Gi, limit: 1Gi}}}", "limit-below-request");
}
