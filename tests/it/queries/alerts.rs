//! What components offer to monitoring: alerts that can fire and say what to do, endpoints that are
//! there, logs of every pod.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::LazyLock,
};

use espalier::{
    builder::contribution::{Alert, Contribution, Scrape},
    facts::{
        charts,
        kubernetes::{DNS_METRICS, SYSTEM_NAMESPACES},
        metrics::Catalogue,
        traefik,
    },
    plan::Plan,
};

use super::{
    law::{self, Labels, Names},
    promtool,
};
use crate::support::{Compiled, golden_cases, items, only, texts_of, tree};

/// Every component, and every way to build one that another case does not have.
const EVERYTHING: &str = "apiVersion: espalier.dev/v1alpha1
kind: Platform
metadata: {name: everything}
spec:
  repository: {url: 'https://git.example.com/team/platform.git'}
  node: {cpu: 16, memory: 64Gi}
  domains: {chat: chat.example.com, argocd: argocd.example.com, api: api.example.com}
  certificates: {email: operations@example.com}
  components:
    kubePrometheusStack: {enabled: true}
    blackboxExporter: {enabled: true}
    postgresExporter: {enabled: true}
    otelCollector: {enabled: true}
    jsonExporter: {enabled: true}
    nodeExporter: {enabled: true}
    loki: {enabled: true}
    alloy: {enabled: true}
    redis: {enabled: true}
    alertmanager: {enabled: true, deadMansSwitch: true, receivers: {slack: {}}}
    openWebui: {replicas: 2, documents: tika}
    backup: {}
  workspaces: {crd: true, expandedBy: operator, api: {enabled: true}}
";

/// The image of the operator for workspaces, which has to be named by its content.
const VERSIONS: &str = "workspace-operator: 0.1.0@sha256:\
                        5f70bf18a086007016e948b04aed3b82103a36bea41755b6cddfaf10ace3c6ef\n";

fn everything() -> Compiled {
    let mut texts = only(EVERYTHING);
    texts.insert("spec/versions.yaml".to_owned(), VERSIONS.to_owned());
    tree(&texts)
}

/// The golden platforms, and that one.
pub static PLATFORMS: LazyLock<Vec<(String, Compiled)>> = LazyLock::new(|| {
    let golden = golden_cases().into_iter().map(|(name, folder)| (name, tree(&texts_of(&folder))));
    golden.chain([("everything".to_owned(), everything())]).collect()
});

pub fn plan(compiled: &Compiled) -> &Plan {
    compiled.plan.as_ref().expect("it compiles")
}

pub fn alerts(plan: &Plan) -> impl Iterator<Item = &Alert> {
    plan.contributions().iter().filter_map(|contribution| match contribution {
        Contribution::Alert(alert) => Some(alert),
        _ => None,
    })
}

/// The names that matchers may ask for.
pub fn names(compiled: &Compiled) -> Names {
    let mut names = Names::new();
    let kinds = [
        ("CronJob", "cronjob"),
        ("Deployment", "deployment"),
        ("Namespace", "namespace"),
        ("StatefulSet", "statefulset"),
    ];
    let made = compiled.objects();
    let made = made.iter().map(|it| (it.kind(), it.name().to_owned()));
    let of_charts = plan(compiled).components().iter().filter_map(|it| it.chart.as_ref());
    let of_charts = of_charts.flat_map(|it| &it.pods).map(|it| (it.kind(), it.name().to_string()));
    let system = SYSTEM_NAMESPACES.map(|it| ("Namespace", it.to_owned()));
    for (kind, name) in made.chain(of_charts).chain(system) {
        if let Some((_, label)) = kinds.iter().find(|it| it.0 == kind) {
            names.entry(label).or_default().insert(name);
        }
    }
    names.insert("exported_namespace", names["namespace"].clone());
    names
}

/// The labels that a text shows.
fn shown(text: &str) -> Labels {
    let parts = text.split("{{ $labels.").skip(1);
    parts.map(|it| it.split(" }}").next().unwrap_or_default().to_owned()).collect()
}

#[test]
fn every_alert_reads_what_some_exporter_serves() {
    let catalogue = Catalogue::read();
    for (name, compiled) in &*PLATFORMS {
        let names = names(compiled);
        for alert in alerts(plan(compiled)) {
            let place = format!("{name}: {}: {}", alert.name, alert.expression);
            let labels = law::read(&catalogue, &names, &alert.expression);
            let labels = labels.unwrap_or_else(|it| panic!("{place}\n{}", it.join("\n")));
            // A summary never shows an empty label, and the examples have those of the result.
            let missing: Vec<_> = shown(&alert.summary).difference(&labels).cloned().collect();
            assert!(missing.is_empty(), "{place}: the result has no {missing:?}");
            let expected: Labels = alert.examples.labels.iter().map(|it| it.0.to_owned()).collect();
            assert_eq!(expected, labels, "{place}");
        }
    }
}

#[test]
fn every_alert_has_examples_that_exporters_can_serve() {
    let catalogue = Catalogue::read();
    for (name, compiled) in &*PLATFORMS {
        for alert in alerts(plan(compiled)) {
            let place = format!("{name}: {}", alert.name);
            let examples = &alert.examples;
            assert!(!examples.fires_on.is_empty() && !examples.quiet_on.is_empty(), "{place}");
            assert_ne!(examples.fires_on, examples.quiet_on, "{place}");
            for series in examples.fires_on.iter().chain(&examples.quiet_on) {
                // An example of any namespace: its names are made up.
                let read = law::read(&catalogue, &Names::new(), &series.name);
                assert!(read.is_ok(), "{place}: {}\n{read:?}", series.name);
            }
            let [rules, tests] = promtool::case(alert);
            assert!(rules["groups"][0]["rules"][0]["expr"].is_string());
            let expected = &tests["tests"][0]["alert_rule_test"][0]["exp_alerts"][0];
            let summary = expected["exp_annotations"]["summary"].as_str().expect("a text");
            assert!(!summary.contains("{{"), "{place}: {summary}");
        }
    }
}

#[test]
fn alerts_have_names_of_their_own_and_say_what_is_wrong_and_what_to_do() {
    for (name, compiled) in &*PLATFORMS {
        let all: Vec<&Alert> = alerts(plan(compiled)).collect();
        let unique: BTreeSet<&str> = all.iter().map(|it| it.name).collect();
        assert_eq!(unique.len(), all.len(), "{name}");
        for alert in all {
            let place = format!("{name}: {}", alert.name);
            let is_name = alert.name.chars().all(|it| it.is_ascii_alphanumeric())
                && alert.name.starts_with(|c: char| c.is_ascii_uppercase());
            assert!(is_name, "{place}");
            assert!(["critical", "warning"].contains(&alert.severity.as_str()), "{place}");
            let (summary, runbook) = (&alert.summary, &alert.runbook);
            // One sentence.
            assert!(summary.ends_with('.') && !summary.contains(". "), "{place}: {summary}");
            assert!(runbook.ends_with('.') && runbook.len() > 60, "{place}: {runbook}");
            for text in [summary, runbook] {
                assert!(!text.contains("  ") && !text.contains('\n'), "{place}: {text}");
            }
        }
    }
}

/// What runbooks name between backquotes: commands that somebody on the node has, or names.
#[test]
fn runbooks_call_programs_that_are_there() {
    let programs = ["bash", "df", "espalier", "journalctl", "k3s", "kubectl", "systemctl"];
    let verbs = ["restore", "status", "up", "verify"];
    let verbs_of_espalier = ["check", "seal", "show"];
    for (name, compiled) in &*PLATFORMS {
        for alert in alerts(plan(compiled)) {
            let texts = alert.runbook.split('`').skip(1).step_by(2);
            for words in texts.map(|it| it.split(' ').collect::<Vec<_>>()) {
                let place = format!("{name}: {}: {words:?}", alert.name);
                match words[..] {
                    ["bash", "bootstrap/bootstrap.sh", verb, ..] => {
                        assert!(verbs.contains(&verb), "{place}");
                    }
                    ["espalier", verb, ..] => {
                        assert!(verbs_of_espalier.contains(&verb), "{place}");
                    }
                    [] | [_] => {}
                    [program, ..] => assert!(programs.contains(&program), "{place}"),
                }
            }
        }
    }
}

/// The alerts by which each component is missed, whoever else tells of it.
#[test]
fn every_component_is_alerted_to() {
    let compiled = everything();
    let found: BTreeSet<&str> = alerts(plan(&compiled)).map(|it| it.name).collect();
    for wanted in [
        "AnswersFail",
        "ApiServerFails",
        "ApplicationDegraded",
        "ApplicationGaveUp",
        "ApplicationNotCompared",
        "BackupTooOld",
        "CertificateEnds",
        "CertificateNotReady",
        "CertificateNotRenewed",
        "ChatDown",
        "ContainerMemoryNearLimit",
        "ContainerOutOfMemory",
        "ContainerRestarts",
        "DatabaseConnectionsNearLimit",
        "DatabaseDown",
        "DatabaseNotObserved",
        "DeploymentNotReady",
        "IssuerNotReady",
        "LogsDown",
        "LogsLimited",
        "LogsLost",
        "LogsNotDeleted",
        "LogsNotSent",
        "LogsNotWritten",
        "LogsRefused",
        "ModelContextRaised",
        "ModelsDown",
        "ModelsLargerThanPromised",
        "NamesDown",
        "NamesNotFound",
        "NodeDiskFillsUp",
        "NodeDiskNearlyFull",
        "NodeReservesNothing",
        "NodeShortOfMemory",
        "NodeUnderPressure",
        "NodesBelowBudget",
        "NodesMissing",
        "ProbeFails",
        "ProbesMissing",
        "RequestsFail",
        "SamplesDeletedEarly",
        "SecretNotUnsealed",
        "ServedCertificateEnds",
        "SessionsDown",
        "SignInsFail",
        "StatefulSetNotReady",
        "TelemetryLost",
        "VolumeFillsUp",
        "VolumeNearlyFull",
        "WorkspaceApiDown",
        "WorkspaceApiFailing",
        "WorkspaceOperatorDown",
        "WorkspaceOperatorFailing",
        "WorkspaceRolloutHalted",
        "WorkspacesDegraded",
    ] {
        assert!(found.contains(wanted), "{wanted}");
    }
    assert_eq!(found.len(), 55, "{found:?}");
}

/// The end of the certificate that values are sealed with is known where there is one.
#[test]
fn the_end_of_the_sealing_certificate_is_alerted_to() {
    for (name, compiled) in &*PLATFORMS {
        let plan = plan(compiled);
        let platform = plan.platform();
        let is_known =
            platform.spec.components.sealed_secrets.enabled && platform.sealing.is_some();
        let is_there = alerts(plan).any(|it| it.name == "SealingCertificateEnds");
        assert_eq!(is_there, is_known, "{name}");
    }
}

/// The ports of charts' pods by which metrics are asked for: a judge holds them against the charts.
fn of_charts() -> BTreeMap<&'static str, BTreeSet<u16>> {
    use charts::{
        alloy, argo_cd::port as argo, cert_manager::port as certs, loki, node_exporter,
        sealed_secrets,
    };
    [
        ("argocd-application-controller", argo::CONTROLLER_METRICS),
        ("argocd-repo-server", argo::REPO_SERVER_METRICS),
        ("argocd-server", argo::SERVER_METRICS),
        ("cert-manager", certs::METRICS),
        ("webhook", certs::METRICS),
        ("cainjector", certs::METRICS),
        ("prometheus-blackbox-exporter", charts::blackbox_exporter::PORT),
        ("grafana", charts::grafana::GRAFANA_PORT),
        ("sealed-secrets", sealed_secrets::METRICS),
        ("alloy", alloy::METRICS),
        ("loki", loki::port::HTTP),
        ("node-exporter", node_exporter::METRICS),
        ("traefik", traefik::METRICS),
        ("coredns", DNS_METRICS),
    ]
    .into_iter()
    .map(|(pods, port)| (pods, [port].into()))
    .collect()
}

/// The ports that our own pods declare, by the name of their workload.
fn of_ours(compiled: &Compiled) -> BTreeMap<String, BTreeSet<u16>> {
    let mut ports: BTreeMap<String, BTreeSet<u16>> = BTreeMap::new();
    for object in compiled.objects() {
        let Some(template) = object.pod_template() else { continue };
        let containers = template["spec"]["containers"].clone();
        let declared = items(&containers).flat_map(|it| items(&it["ports"]));
        let numbers = declared.filter_map(|it| u16::try_from(it["containerPort"].as_u64()?).ok());
        ports.entry(object.name().to_owned()).or_default().extend(numbers);
    }
    ports
}

#[test]
fn what_is_scraped_or_probed_is_a_port_that_its_pods_declare() {
    let of_charts = of_charts();
    for (name, compiled) in &*PLATFORMS {
        let plan = plan(compiled);
        let of_ours = of_ours(compiled);
        let declared: BTreeSet<_> = plan.components().iter().flat_map(|it| &it.pods).collect();
        let mut asked = BTreeSet::new();
        for contribution in plan.contributions().iter() {
            let port = match contribution {
                Contribution::Scrape(Scrape { port, .. }) => port,
                Contribution::Probe { target, .. } => target,
                _ => continue,
            };
            let pods = port.pods().expect("pods of the cluster");
            let place = format!("{name}: {} port {}", pods.title(), port.pod_port());
            // The pods of Traefik and of CoreDNS are those of k3s.
            let is_there = declared.contains(pods) || &**pods.namespace() == "kube-system";
            assert!(is_there, "{place}: nobody declared these pods");
            let ports = of_charts.get(&**pods.name()).or_else(|| of_ours.get(&**pods.name()));
            assert!(ports.is_some_and(|it| it.contains(&port.pod_port())), "{place}: {ports:?}");
            assert!(asked.insert(contribution), "{place}: twice");
        }
        assert!(!asked.is_empty() || name == "bare", "{name}");
    }
}

/// Pods whose logs nobody needs to be told of: a hook of the chart, and a workload without pods.
const WITHOUT_LOGS: [&str; 2] = ["argocd-applicationset-controller", "argocd-redis-secret-init"];

#[test]
fn the_logs_of_all_pods_are_read() {
    for (name, compiled) in &*PLATFORMS {
        let plan = plan(compiled);
        let mut read = BTreeSet::new();
        for contribution in plan.contributions().iter() {
            if let Contribution::Logs(logs) = contribution {
                assert!(read.insert(&logs.pods), "{name}: {} twice", logs.pods.title());
            }
        }
        for pods in plan.components().iter().flat_map(|it| &it.pods) {
            let is_wanted = !WITHOUT_LOGS.contains(&&**pods.name());
            assert_eq!(read.contains(pods), is_wanted, "{name}: {}", pods.title());
        }
    }
}
