//! `show monitoring`: what is scraped, probed and alerted, whose logs are read, which dashboards
//! there are, and which component offers each.

use crate::{
    cli::{fold::folded, table::Table},
    plan::monitoring::{Monitoring, Unread},
    units::Seconds,
};

/// What a platform without monitoring is told.
const OFF: &str = "monitoring is off, so nobody reads what is below: `kubePrometheusStack: \
                   {enabled: true}` in `components` of the spec switches it on\n";
/// Who reads it.
const ON: &str = "monitoring is on; the chart's own monitors ask Prometheus, its operator, \
                  kube-state-metrics and the kubelets besides what is below\n";

/// The whole output, in the given width.
pub(super) fn text(all: &Monitoring, width: Option<usize>) -> String {
    let parts = [
        scrapes(all, width),
        probes(all, width),
        alerts(all, width),
        logs(all, width),
        boards(all),
    ];
    let mut out = folded(if all.enabled { ON } else { OFF }, width).into_owned();
    // Without Prometheus nobody reads any of it, which is said above.
    for Unread { what, by } in all.unread.iter().filter(|_| all.enabled) {
        let line =
            format!("nobody reads the {what} below: `{by}` in `components` of the spec is off\n");
        out.push_str(&folded(&line, width));
    }
    for part in parts.into_iter().flatten() {
        out.push('\n');
        out.push_str(&part);
    }
    out
}

fn scrapes(all: &Monitoring, width: Option<usize>) -> Option<String> {
    let mut table = Table::new(&["metrics of", ">port", "path", "offered by"]);
    for row in &all.scrapes {
        let mut path = row.path.to_owned();
        if row.scheme != "http" {
            path.push_str(" by TLS");
        }
        let every = row.interval_seconds.map(|it| format!(", every {}", Seconds::new(it)));
        path.push_str(every.as_deref().unwrap_or_default());
        table.row([
            format!("{}/{}", row.namespace, row.pods),
            row.port.to_string(),
            path,
            row.by.to_string(),
        ]);
    }
    (!all.scrapes.is_empty()).then(|| table.folded(width))
}

fn probes(all: &Monitoring, width: Option<usize>) -> Option<String> {
    let mut table = Table::new(&["probed", "by", "offered by"]);
    for row in &all.probes {
        table.row([row.target.clone(), row.module.to_owned(), row.by.to_string()]);
    }
    (!all.probes.is_empty()).then(|| table.folded(width))
}

fn alerts(all: &Monitoring, width: Option<usize>) -> Option<String> {
    let mut table = Table::new(&["alert", "severity", "after", "offered by"]);
    for row in &all.alerts {
        let after = Seconds::new(row.after_seconds).to_string();
        table.row([row.name.to_owned(), row.severity.to_owned(), after, row.by.to_string()]);
    }
    (!all.alerts.is_empty()).then(|| table.folded(width))
}

fn logs(all: &Monitoring, width: Option<usize>) -> Option<String> {
    let mut table = Table::new(&["logs of", "lines", "labels", "offered by"]);
    for row in &all.logs {
        table.row([
            format!("{}/{}", row.namespace, row.pods),
            if row.json { "JSON" } else { "text" }.to_owned(),
            row.labels.join(", "),
            row.by.to_string(),
        ]);
    }
    (!all.logs.is_empty()).then(|| table.folded(width))
}

fn boards(all: &Monitoring) -> Option<String> {
    let mut table = Table::new(&["dashboard", "offered by"]);
    for row in &all.dashboards {
        table.row([row.name.to_owned(), row.by.to_string()]);
    }
    (!all.dashboards.is_empty()).then(|| table.text())
}
