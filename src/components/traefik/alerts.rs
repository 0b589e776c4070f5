//! The alert for answers that say that a server failed.

use crate::{
    builder::{
        contribution::{Alert, AlertSeverity},
        example::{Examples, Series},
        scope::Scope,
    },
    facts::{
        alerts::{FAILED_AT_LEAST, FAILED_PERCENT, FAILED_WITHIN},
        traefik::WEBSECURE,
    },
    units::Seconds,
};

pub(super) fn alerts(scope: &mut Scope<'_>) {
    scope.contribute(answers_fail());
}

/// Of few requests a few that fail are no state: as many as a person does not make at once have to.
fn answers_fail() -> Alert {
    let metric = "traefik_entrypoint_requests_total";
    let entrypoint = format!("entrypoint=\"{WEBSECURE}\"");
    let of = |function: &str, code: &str| {
        format!("sum by (entrypoint) ({function}({metric}{{{code}{entrypoint}}}[{FAILED_WITHIN}]))")
    };
    let failed = "code=~\"5..\",";
    let answered = |code: u32, per_minute| {
        Series::changing(format!("{metric}{{code=\"{code}\",{entrypoint}}}"), 0, per_minute)
    };
    Alert {
        name: "AnswersFail",
        expression: format!(
            "100 * {} / {} > {FAILED_PERCENT} and {} > {FAILED_AT_LEAST}",
            of("rate", failed),
            of("rate", ""),
            of("increase", failed)
        ),
        after: Seconds::new(0),
        severity: AlertSeverity::Warning,
        figures: vec![FAILED_PERCENT.figure(), FAILED_AT_LEAST.figure(), FAILED_WITHIN.figure()],
        summary: format!(
            "More than {FAILED_PERCENT} % of all answers of the last {FAILED_WITHIN} say that a \
             server failed."
        ),
        runbook:
            "`kubectl -n kube-system logs -l app.kubernetes.io/name=traefik --tail=200` has a \
                  line a request: `DownstreamStatus` from 500 on, and whose host it is \
                  (`RequestHost`). 502 and 504: the pods behind it (`kubectl get pods -A`); 500: \
                  their own logs."
                .to_owned(),
        examples: Examples {
            fires_on: vec![answered(200, 20), answered(502, 4)],
            labels: vec![("entrypoint", WEBSECURE.to_owned())],
            // Half of the answers fail, of six in a quarter of an hour.
            quiet_on: vec![answered(200, 0), answered(502, 1)],
            ..Examples::default()
        },
    }
}
