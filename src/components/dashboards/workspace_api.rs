//! The dashboard of the API of workspaces: whether it answers, and how fast.

use super::workload::Of;
use crate::{
    builder::dashboard::{Dashboard, Row, panel::Panel, unit::Unit},
    components::{workload_alerts::DEPLOYMENT, workspace_api::rights::NAME},
};

/// Whether it answers, and how fast.
pub fn dashboard(namespace: &str) -> Dashboard {
    let of = Of { kind: &DEPLOYMENT, namespace, name: NAME, container: "api" };
    Dashboard {
        name: "workspace-api",
        title: "API of workspaces",
        description: "Does the API of workspaces answer, and how fast?",
        variables: Vec::new(),
        home: vec![of.ready("API of workspaces"), of.memory_of_limit("Memory of the API")],
        rows: vec![
            Row::over("Requests", NAME, [requests(), duration(), at_once(), reviews()]),
            of.row(),
        ],
    }
}

fn rate(metric: &str) -> String {
    format!("rate(espalier_api_{metric}[$__rate_interval])")
}

fn requests() -> Panel {
    Panel::series(
        "Answers",
        "By status. 401: a token that was made for somebody else, or has expired. 403: a right \
         that is missing. 429: who asks too often. 5xx: the API server is slow or not there, or \
         more ask at once than it answers.",
        Unit::PerSecond,
    )
    .reads(format!("sum by (status) ({})", rate("requests_total")), "{{status}}")
}

fn duration() -> Panel {
    Panel::series(
        "How long an answer takes",
        "Nineteen of twenty took less, by route. Most of it is the API server's own time.",
        Unit::Seconds,
    )
    .reads(
        format!(
            "histogram_quantile(0.95, sum by (le, route) ({}))",
            rate("request_seconds_bucket")
        ),
        "{{route}}",
    )
}

fn at_once() -> Panel {
    Panel::series(
        "At once",
        "Connections that are open, and requests that are being answered, of all pods. A pod \
         answers 64 requests at once, and refuses more.",
        Unit::Count,
    )
    .reads("sum(espalier_api_connections)", "connections")
    .reads("sum(espalier_api_in_flight)", "requests")
}

fn reviews() -> Panel {
    Panel::series(
        "Questions to the API server",
        "Who somebody is (`token`), and what they may do (`access`). A yes is kept for ten \
         seconds, so that many are many people, or somebody who tries tokens.",
        Unit::PerSecond,
    )
    .reads(format!("sum by (kind) ({})", rate("reviews_total")), "{{kind}}")
}
