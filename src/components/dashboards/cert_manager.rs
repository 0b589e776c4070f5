//! The dashboard of cert-manager: which certificates there are, and how long they last.

use crate::{
    builder::dashboard::{
        Dashboard, Row,
        panel::Panel,
        unit::{Milli, Unit},
    },
    facts::alerts::CERTIFICATE_ENDS,
    units::Seconds,
};

fn whole(seconds: Seconds, times: i64) -> Milli {
    Milli::whole(times * i64::try_from(seconds.get()).expect("days"))
}

/// Which certificates there are, and how long they last.
pub fn dashboard() -> Dashboard {
    Dashboard {
        name: "certificates",
        title: "Certificates",
        description: "Is every host certified, and is it going to be?",
        variables: Vec::new(),
        home: vec![not_ready("Certificates that are not ready"), soonest("The next one ends in")],
        rows: vec![Row::of(
            "Certificates",
            [
                not_ready("Without a valid certificate"),
                soonest("The first one ends in"),
                each(),
                asked(),
            ],
        )],
    }
}

fn not_ready(title: &'static str) -> Panel {
    Panel::stat(
        title,
        "`kubectl get certificates --all-namespaces` shows which, `kubectl describe` on its Order \
         and Challenge what is waited for: most often the host's DNS record.",
        Unit::Count,
    )
    .reads(
        "count(certmanager_certificate_ready_status{condition=\"True\"} == 0) or vector(0)",
        "not ready",
    )
    .worse_above(Milli::whole(1), Milli::whole(2))
}

fn soonest(title: &'static str) -> Panel {
    Panel::stat(
        title,
        "A certificate of 90 days is renewed when 30 are left; one that has less was not.",
        Unit::Seconds,
    )
    .reads("min(certmanager_certificate_expiration_timestamp_seconds) - time()", "ends in")
    .worse_below(whole(CERTIFICATE_ENDS.value, 1), whole(CERTIFICATE_ENDS.value, 5))
}

fn each() -> Panel {
    let of = |what: &str| {
        format!(
            "min by (exported_namespace, name) (certmanager_certificate_{what}_timestamp_seconds) \
             - time()"
        )
    };
    Panel::table(
        "Each certificate",
        "How long it is valid, and in which time cert-manager renews it.",
        Unit::Seconds,
    )
    .reads(of("expiration"), "Valid for")
    .reads(of("renewal"), "Renewed in")
    .worse_below(whole(CERTIFICATE_ENDS.value, -1), whole(CERTIFICATE_ENDS.value, 0))
}

fn asked() -> Panel {
    Panel::series(
        "Requests to the ACME server",
        "By the code of the answer. 429: it was asked too often, and says so for hours.",
        Unit::Requests,
    )
    .reads(
        "sum by (status) (rate(certmanager_http_acme_client_request_count[$__rate_interval]))",
        "{{status}}",
    )
}
