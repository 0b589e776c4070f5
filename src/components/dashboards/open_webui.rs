//! The dashboard of Open WebUI: whether people can chat, and how many do.

use super::workload::{Of, volumes};
use crate::{
    builder::dashboard::{
        Dashboard, Row,
        panel::Panel,
        unit::{Milli, Unit},
    },
    components::workload_alerts::DEPLOYMENT,
};

/// The pods through which Open WebUI tells of its requests.
const COLLECTOR: &str = "otel-collector";

/// Whether people can chat.
pub fn dashboard(namespace: &str) -> Dashboard {
    let of = Of { kind: &DEPLOYMENT, namespace, name: "openwebui", container: "openwebui" };
    let own = format!("namespace=\"{namespace}\",persistentvolumeclaim=~\"openwebui.*\"");
    Dashboard {
        name: "chat",
        title: "Chat",
        description: "Can people chat, how many do, and what does it take?",
        variables: Vec::new(),
        home: vec![of.ready("Front ends"), of.memory_of_limit("Memory of front ends")],
        rows: vec![
            Row::of(
                "Well-being",
                [of.ready("Ready front ends"), of.memory_of_limit("Memory of the limit")],
            ),
            of.row(),
            Row::of("Uploaded files", [volumes("Room for uploads", &own)]),
            Row::over("People", COLLECTOR, people()),
            Row::over("Requests", COLLECTOR, [requests(), failed(), slow()]),
        ],
    }
}

fn people() -> [Panel; 3] {
    [
        ("Accounts", "Everybody who has signed up.", "max(webui_users_total)"),
        ("Active today", "Who has used the chat today.", "max(webui_users_active_today)"),
        ("Active now", "Who has the chat open.", "max(webui_users_active)"),
    ]
    .map(|(title, description, query)| {
        Panel::stat(title, description, Unit::Count).reads(query, title)
    })
}

fn all(more: &str) -> String {
    format!("rate(http_server_requests_total{{{more}}}[$__rate_interval])")
}

fn requests() -> Panel {
    Panel::series(
        "Requests by answer",
        "What browsers and programs ask, by the code of the answer.",
        Unit::Requests,
    )
    .reads(format!("sum by (http_status_code) ({})", all("")), "{{http_status_code}}")
}

fn failed() -> Panel {
    Panel::series(
        "Requests that fail",
        "Answers with a code of 500 or more, as a part of all. The pod's log has the reason.",
        Unit::Share,
    )
    .reads(format!("sum({}) / sum({})", all("http_status_code=~\"5..\""), all("")), "failed")
    .worse_above(Milli::percent(1), Milli::percent(5))
}

fn slow() -> Panel {
    Panel::series(
        "Time for 95 of 100 requests, by route",
        "The routes of which 95 of 100 requests take the longest. That of answers takes as long as \
         the model writes.",
        Unit::Milliseconds,
    )
    .reads(
        "topk(5, histogram_quantile(0.95, sum by (le, http_route) \
         (rate(http_server_duration_milliseconds_bucket[$__rate_interval]))))",
        "{{http_route}}",
    )
    .wide()
}
