//! What Prometheus asks, when it alerts and what Grafana shows, written from what all components
//! contribute: built last, and nothing of it is listed by hand.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
};

use k8s_openapi::apimachinery::pkg::apis::meta::v1::LabelSelector;

use super::{blackbox_exporter, dashboards, namespaces};
use crate::{
    builder::{
        contribution::{Alert, Contribution, Contributions, Module, Query, Scrape, Tls},
        handle::{CrdRef, Pods, PortRef},
        ingress::IngressRef,
        kinds,
        may_make::MayMake,
        meta,
        scope::{Closed, Scope},
    },
    crds::prometheus::{
        AlertingRule, NamespaceSelector, PodMetricsEndpoint, PodMonitor, PodMonitorSpec, Probe,
        ProbeSpec, ProbeTargets, Prober, PrometheusRule, PrometheusRuleSpec, RuleGroup,
        StaticTargets, TlsConfig,
    },
    names::Host,
    platform::{files, repository::Repository},
};

/// What its Application may ever make.
pub const APPLICATION: MayMake = MayMake::in_namespace(
    "monitoring-config",
    &[namespaces::MONITORING],
    &[
        kinds::CONFIG_MAP,
        kinds::namespaced_custom::<PodMonitor>(),
        kinds::namespaced_custom::<Probe>(),
        kinds::namespaced_custom::<PrometheusRule>(),
    ],
);

/// The path that Prometheus asks where it is told none.
const USUAL_PATH: &str = "/metrics";

/// What it needs.
pub struct Needs<'a> {
    /// Who asks for metrics.
    pub prometheus: &'a Pods,
    /// The right to say what is asked.
    pub monitors: CrdRef<PodMonitor>,
    /// The right to say what is asked by an exporter.
    pub probes: CrdRef<Probe>,
    /// The right to say when to alert.
    pub rules: CrdRef<PrometheusRule>,
    /// Who asks addresses for it, if somebody does.
    pub prober: Option<&'a blackbox_exporter::Offers>,
    /// Answers at public hosts.
    pub ingress: &'a IngressRef,
    /// Where the pages about alerts are.
    pub repository: &'a Repository,
    /// Whether somebody shows dashboards.
    pub has_dashboards: bool,
}

/// Where the page about an alert is: its address, or its path where nobody shows it.
fn page(repository: &Repository, alert: &str) -> String {
    let path = files::runbook(alert);
    repository.page(&path).unwrap_or_else(|| repository.path(&path))
}

/// One monitor for each set of pods that has metrics, one probe for each way of asking, one
/// object of rules for each component that has alerts, and one of all dashboards.
pub fn build(scope: &mut Scope<'_, Closed>, contributions: &Contributions, needs: &Needs<'_>) {
    for (pods, scrapes) in by_pods(contributions) {
        monitor(scope, needs, pods, &scrapes);
    }
    if let Some(prober) = needs.prober {
        for (module, targets) in by_module(contributions) {
            probe(scope, needs, prober, module, &targets);
        }
    }
    for ((exporter, module), targets) in by_exporter(contributions) {
        scope.flow(needs.prometheus, exporter);
        let targets =
            targets.iter().map(|it| format!("{}{}", it.target.endpoint().url("http"), it.path));
        write_probe(scope, needs, exporter, module, targets.collect());
    }
    for (component, alerts) in by_component(contributions) {
        rules(scope, needs, component, alerts);
    }
    if needs.has_dashboards {
        dashboards::build(scope, contributions);
    }
}

/// The endpoints of each set of pods. Pods and not Services are selected, since each offer has
/// pods, and a Service's labels are its chart's.
fn by_pods(contributions: &Contributions) -> BTreeMap<&Pods, BTreeSet<&Scrape>> {
    let mut all: BTreeMap<&Pods, BTreeSet<&Scrape>> = BTreeMap::new();
    for scrape in contributions.scrapes() {
        let pods = scrape.port.pods().expect("what offers metrics offers those of its own pods");
        all.entry(pods).or_default().insert(scrape);
    }
    all
}

/// An address that is offered for asking.
#[derive(PartialEq, Eq, PartialOrd, Ord)]
enum Target<'a> {
    /// A Service of the cluster, and the path there.
    Service(&'a PortRef, &'static str),
    /// A public host.
    Host(&'a Host),
}

impl Target<'_> {
    /// As the prober takes it, and as the label `instance` shows it.
    fn address(&self, module: Module) -> String {
        match self {
            Self::Host(host) => format!("{}://{host}/", module.scheme()),
            Self::Service(port, _) if module == Module::Tcp => port.endpoint().to_string(),
            Self::Service(port, path) => {
                format!("{}{path}", port.endpoint().url(module.scheme()))
            }
        }
    }
}

/// The addresses that are asked in each way.
fn by_module(contributions: &Contributions) -> BTreeMap<Module, BTreeSet<Target<'_>>> {
    let mut all: BTreeMap<Module, BTreeSet<Target<'_>>> = BTreeMap::new();
    for contribution in contributions.iter() {
        let (module, target) = match contribution {
            Contribution::Probe { target, module, path } => {
                (*module, Target::Service(target, path))
            }
            Contribution::PublicHost(host) => (Module::Https, Target::Host(host)),
            _ => continue,
        };
        all.entry(module).or_default().insert(target);
    }
    all
}

/// A probe, the way of Prometheus to who asks, and the way from there to each address.
fn probe(
    scope: &mut Scope<'_, Closed>,
    needs: &Needs<'_>,
    prober: &blackbox_exporter::Offers,
    module: Module,
    targets: &BTreeSet<Target<'_>>,
) {
    scope.flow(needs.prometheus, &prober.port);
    for target in targets {
        match target {
            Target::Service(port, _) => scope.flow(&prober.pods, port),
            Target::Host(_) => scope.calls_public_hosts(&prober.pods, needs.ingress),
        }
    }
    let addresses = targets.iter().map(|it| it.address(module)).collect();
    write_probe(scope, needs, &prober.port, module.name(), addresses);
}

/// What each exporter is asked for, in each of its ways.
fn by_exporter(
    contributions: &Contributions,
) -> BTreeMap<(&PortRef, &'static str), BTreeSet<&Query>> {
    let mut all: BTreeMap<_, BTreeSet<&Query>> = BTreeMap::new();
    for contribution in contributions.iter() {
        if let Contribution::Query(query) = contribution {
            all.entry((&query.exporter, query.module)).or_default().insert(&**query);
        }
    }
    all
}

fn write_probe(
    scope: &mut Scope<'_, Closed>,
    needs: &Needs<'_>,
    prober: &PortRef,
    module: &'static str,
    addresses: Vec<String>,
) {
    let part = scope.part(&module.replace('_', "-"), "probe", None);
    let spec = ProbeSpec {
        job_name: module,
        module,
        prober: Prober { url: prober.endpoint().to_string() },
        targets: ProbeTargets { static_config: StaticTargets { addresses } },
    };
    let metadata = scope.meta(&part);
    scope.add_custom(needs.probes, Probe { metadata, spec });
}

fn by_component(contributions: &Contributions) -> BTreeMap<&Arc<str>, Vec<&Alert>> {
    let mut all: BTreeMap<&Arc<str>, Vec<&Alert>> = BTreeMap::new();
    for contributed in contributions.all() {
        if let Contribution::Alert(alert) = &contributed.what {
            all.entry(&contributed.by).or_default().push(alert);
        }
    }
    all
}

/// A monitor, and the way of Prometheus to each port that it names.
fn monitor(
    scope: &mut Scope<'_, Closed>,
    needs: &Needs<'_>,
    pods: &Pods,
    scrapes: &BTreeSet<&Scrape>,
) {
    for scrape in scrapes {
        scope.flow(needs.prometheus, &scrape.port);
    }
    let part = scope.part(&format!("{}-{}", pods.namespace(), pods.name()), "monitor", None);
    let spec = PodMonitorSpec {
        job_label: meta::NAME,
        namespace_selector: NamespaceSelector { match_names: vec![pods.namespace().to_string()] },
        pod_metrics_endpoints: scrapes.iter().map(|it| endpoint(it)).collect(),
        selector: LabelSelector {
            match_labels: Some(pods.selector().labels()),
            ..LabelSelector::default()
        },
    };
    let metadata = scope.meta(&part);
    scope.add_custom(needs.monitors, PodMonitor { metadata, spec });
}

fn endpoint(scrape: &Scrape) -> PodMetricsEndpoint {
    let skips = TlsConfig { insecure_skip_verify: true };
    PodMetricsEndpoint {
        interval: scrape.interval.map(|it| it.to_string()),
        path: (scrape.path != USUAL_PATH).then_some(scrape.path),
        port_number: scrape.port.pod_port(),
        scheme: (scrape.tls != Tls::Off).then(|| scrape.tls.scheme()),
        tls_config: (scrape.tls == Tls::SelfSigned).then_some(skips),
    }
}

fn rules(
    scope: &mut Scope<'_, Closed>,
    needs: &Needs<'_>,
    component: &Arc<str>,
    alerts: Vec<&Alert>,
) {
    let part = scope.part(component, "rules", None);
    let rules = alerts.into_iter().map(|alert| AlertingRule {
        alert: alert.name,
        annotations: [
            ("runbook", alert.runbook.clone()),
            ("runbook_url", page(needs.repository, alert.name)),
            ("summary", alert.summary.clone()),
        ]
        .into(),
        expr: alert.expression.clone(),
        after: alert.after.to_string(),
        labels: [("severity", alert.severity.as_str())].into(),
    });
    let group = RuleGroup { name: component.to_string(), rules: rules.collect() };
    let metadata = scope.meta(&part);
    let spec = PrometheusRuleSpec { groups: vec![group] };
    scope.add_custom(needs.rules, PrometheusRule { metadata, spec });
}
