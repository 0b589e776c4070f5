//! The dashboard of Traefik: what comes in, and whether it is answered.

use crate::builder::dashboard::{
    Dashboard, Row,
    panel::Panel,
    unit::{Milli, Unit},
};

const PUBLIC: &str = "entrypoint=~\"web|websecure\"";

/// What comes in, and whether it is answered.
pub fn dashboard() -> Dashboard {
    Dashboard {
        name: "ingress",
        title: "Ingress",
        description: "Is what comes in answered, and how fast?",
        variables: Vec::new(),
        home: vec![failed("Answers that fail"), slow("95 of 100 answers within")],
        rows: vec![
            Row::of(
                "Answers",
                [
                    failed("Answers of the server's fault"),
                    slow("Time for 95 of 100 answers"),
                    answers(),
                ],
            ),
            Row::of("What passes through", [traffic(), connections()]),
            Row::over("Seen from outside", PROBER, [answering(), took(), valid()]),
        ],
    }
}

/// The pods that ask public hosts as a browser would.
const PROBER: &str = "prometheus-blackbox-exporter";

fn requests(more: &str) -> String {
    format!("rate(traefik_entrypoint_requests_total{{{PUBLIC}{more}}}[$__rate_interval])")
}

fn failed(title: &'static str) -> Panel {
    Panel::stat(
        title,
        "Answers with a code of 500 or more, as a part of all. Traefik gives them itself where \
         nobody is behind it: see whether the pods are ready.",
        Unit::Share,
    )
    .reads(format!("sum({}) / sum({})", requests(",code=~\"5..\""), requests("")), "failed")
    .worse_above(Milli::percent(1), Milli::percent(5))
}

fn slow(title: &'static str) -> Panel {
    Panel::stat(
        title,
        "How long requests took by which 95 of 100 were answered. An answer that streams counts \
         until its end.",
        Unit::Seconds,
    )
    .reads(
        format!(
            "histogram_quantile(0.95, sum by (le) \
             (rate(traefik_entrypoint_request_duration_seconds_bucket{{{PUBLIC}}}\
             [$__rate_interval])))"
        ),
        "95 %",
    )
}

fn answers() -> Panel {
    Panel::series(
        "Answers by code",
        "2 is well, 3 leads elsewhere, 4 is the client's fault (429: it asks too often), 5 the \
         server's.",
        Unit::Requests,
    )
    .reads(format!("sum by (code) ({})", requests("")), "{{code}}")
}

fn traffic() -> Panel {
    let of = |what: &str| {
        format!("sum(rate(traefik_entrypoint_{what}_bytes_total{{{PUBLIC}}}[$__rate_interval]))")
    };
    Panel::series("Traffic", "What comes in and goes out.", Unit::BytesPerSecond)
        .reads(of("requests"), "in")
        .reads(of("responses"), "out")
}

fn connections() -> Panel {
    Panel::series(
        "Open connections",
        "A tab of the chat keeps one open. Thousands from few people are somebody who holds them.",
        Unit::Count,
    )
    .reads("sum by (entrypoint) (traefik_open_connections)", "{{entrypoint}}")
}

fn answering() -> Panel {
    Panel::table(
        "Addresses that answer",
        "Whether each address answered when it was last asked.",
        Unit::YesNo,
    )
    .reads("min by (instance) (probe_success)", "Answers")
    .worse_below(Milli::whole(1), Milli::whole(1))
}

fn took() -> Panel {
    Panel::series(
        "Time to an answer",
        "How long each address took when it was asked.",
        Unit::Seconds,
    )
    .reads("max by (instance) (probe_duration_seconds)", "{{instance}}")
}

fn valid() -> Panel {
    Panel::table(
        "Certificates as they are served",
        "How long the certificate that a browser gets is still valid.",
        Unit::Seconds,
    )
    .reads("min by (instance) (probe_ssl_earliest_cert_expiry) - time()", "Valid for")
    .worse_below(Milli::whole(7 * DAY), Milli::whole(21 * DAY))
    .wide()
}

const DAY: i64 = 86_400;
