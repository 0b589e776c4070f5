//! The dashboards that belong to no component alone, and the ConfigMap with those of all.

pub mod argocd;
pub mod backup;
pub mod cert_manager;
pub mod logs;
pub mod nodes;
pub mod ollama;
pub mod open_webui;
pub mod postgresql;
pub mod prometheus;
pub mod traefik;
pub mod workload;
pub mod workspace_api;
pub mod workspace_operator;
pub mod workspaces;

use std::collections::{BTreeMap, BTreeSet};

use k8s_openapi::api::core::v1::ConfigMap;

use crate::{
    builder::{
        contribution::{Contribution, Contributions},
        dashboard::{
            Dashboard, Row,
            json::{self, HOME},
            panel::Panel,
            unit::{Milli, Unit},
        },
        scope::{Closed, Scope},
    },
    facts::charts::grafana::DASHBOARDS,
};

/// Offers the dashboards of what no component is: the nodes, workspaces, logs.
pub fn offer(scope: &mut Scope<'_>) {
    for dashboard in [nodes::dashboard(), workspaces::dashboard(), logs::dashboard()] {
        scope.contribute(dashboard);
    }
}

/// What the home page says of itself.
const READ_ME: &str = "One heading a component, with what says first that it is unwell: green is \
                       well, orange wants to be looked at, red is wrong. A figure leads to the \
                       dashboard of its component, and the mark beside each title says what to do. \
                       Nothing can be changed here: dashboards follow from the platform's spec.";

/// With what Grafana opens: which alerts fire, and what every other dashboard says of itself.
pub fn home() -> Dashboard {
    let firing = Panel::stat(
        "Alerts that fire",
        "Each has a name, and in its annotations what is wrong and what to do: the table beside \
         this shows them, Prometheus' page their texts.",
        Unit::Count,
    );
    let firing = firing
        .reads("count(ALERTS{alertstate=\"firing\"}) or vector(0)", "firing")
        .worse_above(Milli::whole(1), Milli::whole(3));
    let which = Panel::table(
        "Which alerts fire",
        "By name and severity. A critical one wants somebody now, a warning somebody during \
         working hours. An empty table is the good one.",
        Unit::Count,
    );
    let which =
        which.reads("sum by (alertname, severity) (ALERTS{alertstate=\"firing\"})", "Firing");
    Dashboard {
        name: HOME,
        title: "Home",
        description: "Is the platform well, and where is it not?",
        variables: Vec::new(),
        home: Vec::new(),
        rows: vec![
            Row::of("How to read this page", [Panel::text("This page", READ_ME)]),
            Row::of("Alerts", [firing, Panel { width: 18, ..which }]),
        ],
    }
}

/// Dashboards over what is asked, in the order in which the home page shows them.
pub fn served(contributions: &Contributions) -> Vec<Dashboard> {
    let pods = contributions.scrapes().filter_map(|it| it.port.pods());
    let asked: BTreeSet<&str> = pods.map(|it| &**it.name()).collect();
    let offered = contributions.iter().filter_map(|contribution| match contribution {
        Contribution::Dashboard(dashboard) => Some(dashboard),
        _ => None,
    });
    offered.filter_map(|it| it.served_by(|pods| asked.contains(pods))).collect()
}

/// The ConfigMap that Grafana mounts as a folder: a file a dashboard.
pub fn build(scope: &mut Scope<'_, Closed>, contributions: &Contributions) {
    let dashboards = served(contributions);
    let file = |name: &str| format!("{name}.json");
    let mut files: BTreeMap<String, String> =
        dashboards.iter().map(|it| (file(it.name), json::file(it))).collect();
    files.insert(file(HOME), json::home(&home(), &dashboards));
    let part = scope.part(DASHBOARDS, "dashboards", None);
    let metadata = scope.meta(&part);
    scope.add(ConfigMap { metadata, data: Some(files), ..ConfigMap::default() });
}
