//! What Prometheus asks, when it alerts and what Grafana shows, written from what all components contribute: built
//! last, and nothing of it is listed by hand.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
};

use k8s_openapi::apimachinery::pkg::apis::meta::v1::LabelSelector;

use super::{dashboards, namespaces};
use crate::{
    builder::{
        contribution::{Alert, Contribution, Contributions, Scrape, Tls},
        handle::{CrdRef, Pods},
        kinds,
        may_make::MayMake,
        meta,
        scope::{Closed, Scope},
    },
    crds::prometheus::{
        AlertingRule, NamespaceSelector, PodMetricsEndpoint, PodMonitor, PodMonitorSpec,
        PrometheusRule, PrometheusRuleSpec, RuleGroup, TlsConfig,
    },
};

/// What its Application may ever make.
pub const APPLICATION: MayMake = MayMake::in_namespace(
    "monitoring-config",
    &[namespaces::MONITORING],
    &[
        kinds::CONFIG_MAP,
        kinds::namespaced_custom::<PodMonitor>(),
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
    /// The right to say when to alert.
    pub rules: CrdRef<PrometheusRule>,
    /// Whether somebody shows dashboards.
    pub has_dashboards: bool,
}

/// One monitor for each set of pods that has metrics, one object of rules for each component that has
/// alerts, and one of all dashboards.
pub fn build(scope: &mut Scope<'_, Closed>, contributions: &Contributions, needs: &Needs<'_>) {
    for (pods, scrapes) in by_pods(contributions) {
        monitor(scope, needs, pods, &scrapes);
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
        annotations: [("runbook", alert.runbook.clone()), ("summary", alert.summary.clone())]
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
