//! What the components offer to monitoring, as rows: what is scraped and probed, when somebody is
//! alerted, whose logs are read, which dashboards there are, and who offers each.

use std::{collections::BTreeMap, sync::Arc};

use serde::Serialize;

use super::Plan;
use crate::{
    builder::contribution::{Contributed, Contribution, Module},
    components::section::Section,
};

/// All of it.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Monitoring {
    /// Whether the platform has monitoring that reads it.
    pub enabled: bool,
    /// What is offered and nobody reads, with the component that would.
    pub unread: Vec<Unread>,
    /// Endpoints of metrics.
    pub scrapes: Vec<ScrapeRow>,
    /// Addresses that should answer.
    pub probes: Vec<ProbeRow>,
    /// States that an operator is alerted to.
    pub alerts: Vec<AlertRow>,
    /// Pods whose logs are read.
    pub logs: Vec<LogsRow>,
    /// Dashboards of Grafana.
    pub dashboards: Vec<DashboardRow>,
}

/// A kind of what is offered that nobody reads.
#[derive(Debug, Serialize, PartialEq, Eq, PartialOrd, Ord)]
#[serde(rename_all = "camelCase")]
pub struct Unread {
    /// The list that it is in.
    pub what: &'static str,
    /// The section of the spec that would read it.
    pub by: &'static str,
}

/// A port of some pods that serves metrics.
#[derive(Debug, Serialize, PartialEq, Eq, PartialOrd, Ord)]
#[serde(rename_all = "camelCase")]
pub struct ScrapeRow {
    /// Their namespace.
    pub namespace: Arc<str>,
    /// Their name.
    pub pods: Arc<str>,
    /// The labels that select them.
    pub labels: BTreeMap<String, String>,
    /// The port of the pods.
    pub port: u16,
    /// `http` or `https`.
    pub scheme: &'static str,
    /// The HTTP path.
    pub path: &'static str,
    /// How often it is asked, where that is another interval than everything else has.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub interval_seconds: Option<u64>,
    /// The component that offers it.
    pub by: Arc<str>,
}

/// An address that is asked whether it answers, or of whose answer metrics are made.
#[derive(Debug, Serialize, PartialEq, Eq, PartialOrd, Ord)]
#[serde(rename_all = "camelCase")]
pub struct ProbeRow {
    /// The address that is asked.
    pub target: String,
    /// How, by the module of the exporter that asks.
    pub module: &'static str,
    /// The component that offers it.
    pub by: Arc<str>,
}

/// An alert.
#[derive(Debug, Serialize, PartialEq, Eq, PartialOrd, Ord)]
#[serde(rename_all = "camelCase")]
pub struct AlertRow {
    /// Its name.
    pub name: &'static str,
    /// `critical` or `warning`.
    pub severity: &'static str,
    /// How long the state lasts before somebody is told.
    pub after_seconds: u64,
    /// What is wrong, with Prometheus' placeholders for labels.
    pub summary: String,
    /// The query that has a value while something is wrong.
    pub expression: String,
    /// The component that offers it.
    pub by: Arc<str>,
}

/// Pods that log.
#[derive(Debug, Serialize, PartialEq, Eq, PartialOrd, Ord)]
#[serde(rename_all = "camelCase")]
pub struct LogsRow {
    /// Their namespace.
    pub namespace: Arc<str>,
    /// Their name.
    pub pods: Arc<str>,
    /// Whether each line is an object of JSON.
    pub json: bool,
    /// Fields of the lines that become labels.
    pub labels: &'static [&'static str],
    /// The component that offers it.
    pub by: Arc<str>,
}

/// A dashboard.
#[derive(Debug, Serialize, PartialEq, Eq, PartialOrd, Ord)]
#[serde(rename_all = "camelCase")]
pub struct DashboardRow {
    /// Its name.
    pub name: &'static str,
    /// The component that offers it.
    pub by: Arc<str>,
}

impl Monitoring {
    /// What a plan's components offer, each kind in the order of its names.
    pub fn of(plan: &Plan) -> Self {
        let components = &plan.assembly.platform.spec.components;
        let readers: [(&str, &dyn Section); 5] = [
            ("scrapes", &components.kube_prometheus_stack),
            ("probes", &components.blackbox_exporter),
            ("alerts", &components.alertmanager),
            ("logs", &components.alloy),
            ("dashboards", &components.grafana),
        ];
        let off = readers.into_iter().filter(|(_, reader)| !reader.is_enabled());
        let mut all = Self {
            enabled: components.kube_prometheus_stack.enabled,
            unread: off.map(|(what, reader)| Unread { what, by: reader.key() }).collect(),
            scrapes: Vec::new(),
            probes: Vec::new(),
            alerts: Vec::new(),
            logs: Vec::new(),
            dashboards: Vec::new(),
        };
        for contributed in plan.contributions().all() {
            all.add(contributed);
        }
        all.scrapes.sort();
        all.scrapes.dedup();
        all.probes.sort();
        all.alerts.sort();
        all.logs.sort();
        all.dashboards.sort();
        all
    }

    fn add(&mut self, Contributed { by, what }: &Contributed) {
        let by = by.clone();
        match what {
            Contribution::Scrape(scrape) => {
                let pods =
                    scrape.port.pods().expect("what offers metrics offers those of its own pods");
                self.scrapes.push(ScrapeRow {
                    namespace: pods.namespace().clone(),
                    pods: pods.name().clone(),
                    labels: pods.selector().labels(),
                    port: scrape.port.pod_port(),
                    scheme: scrape.tls.scheme(),
                    path: scrape.path,
                    interval_seconds: scrape.interval.map(crate::units::Seconds::get),
                    by,
                });
            }
            Contribution::Probe { target, module, path } => self.probes.push(ProbeRow {
                target: format!("{}{path}", target.endpoint().url(module.scheme())),
                module: module.name(),
                by,
            }),
            Contribution::Query(query) => self.probes.push(ProbeRow {
                target: format!("{}{}", query.target.endpoint().url("http"), query.path),
                module: query.module,
                by,
            }),
            Contribution::PublicHost(host) => self.probes.push(ProbeRow {
                target: format!("{}://{host}", Module::Https.scheme()),
                module: Module::Https.name(),
                by,
            }),
            Contribution::Alert(alert) => self.alerts.push(AlertRow {
                name: alert.name,
                severity: alert.severity.as_str(),
                after_seconds: alert.after.get(),
                summary: alert.summary.clone(),
                expression: alert.expression.clone(),
                by,
            }),
            Contribution::Logs(logs) => self.logs.push(LogsRow {
                namespace: logs.pods.namespace().clone(),
                pods: logs.pods.name().clone(),
                json: logs.json,
                labels: logs.labels,
                by,
            }),
            Contribution::Dashboard(dashboard) => {
                self.dashboards.push(DashboardRow { name: dashboard.name, by });
            }
        }
    }
}
