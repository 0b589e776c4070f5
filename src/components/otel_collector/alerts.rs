//! Alerts that read what Open WebUI sends.

use crate::{
    builder::{
        contribution::{Alert, AlertSeverity},
        example::{Examples, Series},
        scope::Scope,
    },
    facts::alerts::{
        EXPORTER_AFTER, FAILED_AT_LEAST, FAILED_PERCENT, FAILED_WITHIN, SIGN_INS_FAILED,
        SIGN_INS_WITHIN,
    },
    units::Seconds,
};

pub(super) fn alerts(scope: &mut Scope<'_>) {
    for alert in [telemetry_lost(), requests_fail(), sign_ins_fail()] {
        scope.contribute(alert);
    }
}

/// The name by which Open WebUI sends.
const SENDER: &str = "exported_job=\"open-webui\"";

/// The route of a sign-in with a password.
const SIGN_IN: &str = "/api/v1/auths/signin";

/// Requests with a route and a status, so many a minute.
fn requests(route: &str, status: &str, per_minute: i64) -> Series {
    let labels = format!(
        "{SENDER},http_method=\"POST\",http_route=\"{route}\",http_status_code=\"{status}\""
    );
    Series::changing(format!("http_server_requests_total{{{labels}}}"), 0, per_minute)
}

fn telemetry_lost() -> Alert {
    let users =
        |job: &str| vec![Series::of(format!("webui_users_total{{exported_job=\"{job}\"}}"), 3)];
    Alert {
        name: "TelemetryLost",
        expression: format!("absent(webui_users_total{{{SENDER}}})"),
        after: EXPORTER_AFTER.value,
        severity: AlertSeverity::Warning,
        figures: vec![EXPORTER_AFTER.figure()],
        summary: "Open WebUI sends no metrics: alerts on failed requests and sign-ins cannot fire."
            .to_owned(),
        runbook: "`kubectl -n ai logs deploy/openwebui` says whether it fails to export \
                  (`StatusCode.UNAVAILABLE`: nobody answers), `kubectl -n monitoring logs \
                  deploy/otel-collector` whether the collector refuses for lack of memory. If \
                  neither pod is there, their own alerts say why."
            .to_owned(),
        examples: Examples {
            fires_on: users("another"),
            labels: vec![("exported_job", "open-webui".to_owned())],
            quiet_on: users("open-webui"),
            ..Examples::default()
        },
    }
}

/// As of the ingress controller's answers: a share, of enough of them.
fn requests_fail() -> Alert {
    let percent = i64::from(FAILED_PERCENT.value);
    let share = format!("0.{:02}", FAILED_PERCENT.value);
    let sum = |more: &str| {
        format!("sum(increase(http_server_requests_total{{{SENDER}{more}}}[{FAILED_WITHIN}]))")
    };
    let failed = sum(",http_status_code=~\"5..\"");
    let with = |failing| {
        let route = "/api/chat/completions";
        vec![requests(route, "200", 100 - failing), requests(route, "500", failing)]
    };
    Alert {
        name: "RequestsFail",
        expression: format!("{failed} / {} > {share} and {failed} > {FAILED_AT_LEAST}", sum("")),
        after: Seconds::new(0),
        severity: AlertSeverity::Warning,
        figures: vec![
            FAILED_PERCENT.written(share),
            FAILED_AT_LEAST.figure(),
            FAILED_WITHIN.figure(),
        ],
        summary: format!(
            "More than {FAILED_PERCENT} % of the requests to Open WebUI fail within it (status 500 \
             or above)."
        ),
        runbook: "`kubectl -n ai logs deploy/openwebui` shows what fails: as a rule Ollama or the \
                  database does not answer, which alerts of their own say. If it began with a new \
                  version, going back in Git brings the former one back."
            .to_owned(),
        examples: Examples {
            fires_on: with(percent + 1),
            labels: Vec::new(),
            quiet_on: with(percent - 1),
            ..Examples::default()
        },
    }
}

/// Whoever tries passwords: a person mistypes a few times, a program many. The answer to a wrong
/// password is 400, and 429 when Open WebUI has had enough of an address.
fn sign_ins_fail() -> Alert {
    let minutes = i64::try_from(SIGN_INS_WITHIN.value.get() / 60).unwrap_or(i64::MAX);
    let per_minute = i64::from(SIGN_INS_FAILED.value) / minutes;
    Alert {
        name: "SignInsFail",
        expression: format!(
            "sum(increase(http_server_requests_total{{{SENDER},http_route=\"{SIGN_IN}\",\
             http_status_code=~\"4..\"}}[{SIGN_INS_WITHIN}])) > {SIGN_INS_FAILED}"
        ),
        after: Seconds::new(0),
        severity: AlertSeverity::Warning,
        figures: vec![SIGN_INS_FAILED.figure(), SIGN_INS_WITHIN.figure()],
        summary: format!(
            "More than {SIGN_INS_FAILED} sign-ins failed within {SIGN_INS_WITHIN}: somebody may be \
             trying passwords."
        ),
        runbook: "`kubectl -n ai logs deploy/openwebui` names who signed in with which address and \
                  from where. Where it is one address, keep it out at the firewall; where it is one \
                  account, ask its owner, and give it another password in the admin panel."
            .to_owned(),
        examples: Examples {
            fires_on: vec![requests(SIGN_IN, "400", per_minute + 1)],
            labels: Vec::new(),
            quiet_on: vec![
                requests(SIGN_IN, "200", per_minute + 1),
                requests(SIGN_IN, "400", per_minute - 1),
            ],
            ..Examples::default()
        },
    }
}
