//! What sealed-secrets' chart makes, and what asks it.

use crate::{
    builder::{
        chart::pods::ChartPod,
        contribution::{Alert, AlertSeverity, Logs, Scrape},
        example::{Examples, Series},
        handle::Pods,
        scope::Scope,
    },
    facts::{
        alerts::{SEALING_ENDS, UNSEALED_AFTER},
        charts::sealed_secrets::METRICS,
        requests::Allotment,
    },
    platform::sealed::SealingCertificate,
    units::Seconds,
};

/// The controller. The chart has no value for its strategy.
pub(super) fn declared(name: &str, allotment: Allotment) -> [ChartPod; 1] {
    [ChartPod::deployment(name, allotment).named("sealed-secrets")]
}

/// `kube-system` is not ours: no policy is derived there, so what the controller speaks to needs no
/// words.
pub(super) fn flows(scope: &mut Scope<'_>, pods: &Pods) {
    let port = scope.chart_port(pods, "sealed-secrets-controller-metrics", METRICS, METRICS);
    scope.contribute(Scrape::of(port));
    scope.contribute(Logs::text(pods));
    scope.contribute(not_unsealed());
}

/// Not the counter of errors, which is not there before the first. The condition is 1 where a value
/// is open, 0 where nobody has tried, and -1 where it cannot be opened.
fn not_unsealed() -> Alert {
    let synced = |value| {
        let labels = "exported_namespace=\"ai\",name=\"postgresql\",condition=\"Synced\"";
        vec![Series::of(format!("sealed_secrets_controller_condition_info{{{labels}}}"), value)]
    };
    Alert {
        name: "SecretNotUnsealed",
        expression: "min by (exported_namespace, name) \
                     (sealed_secrets_controller_condition_info{condition=\"Synced\"}) < 1"
            .to_owned(),
        after: UNSEALED_AFTER.value,
        severity: AlertSeverity::Warning,
        figures: vec![UNSEALED_AFTER.figure()],
        summary: "The sealed value {{ $labels.exported_namespace }}/{{ $labels.name }} is not \
                  opened: pods that read it do not start, or keep the former value."
            .to_owned(),
        runbook: "`kubectl -n NAMESPACE describe sealedsecret NAME` says why: as a rule it was \
                  sealed for a certificate whose private key this cluster does not have. `espalier \
                  seal` shows for which. Bring that key along with `bash bootstrap/bootstrap.sh up \
                  --sealing-key FILE`, or seal the value anew for `spec/sealing.pem`."
            .to_owned(),
        examples: Examples {
            fires_on: synced(-1),
            labels: vec![
                ("exported_namespace", "ai".to_owned()),
                ("name", "postgresql".to_owned()),
            ],
            quiet_on: synced(1),
            ..Examples::default()
        },
    }
}

/// The certificate that new values are sealed with, from the spec: the controller tells nobody when
/// its own ends. The clock is that of Prometheus' own rules, which is a series and can be tested.
pub(super) fn sealing_ends(certificate: &SealingCertificate) -> Alert {
    const CLOCK: &str = "prometheus_rule_group_last_evaluation_timestamp_seconds";
    let soon = certificate.not_after - SEALING_ENDS.value.get().cast_signed();
    let clock = |second| vec![Series::of(format!("{CLOCK}{{rule_group=\"a\"}}"), second)];
    Alert {
        name: "SealingCertificateEnds",
        expression: format!("max({CLOCK}) > {soon}"),
        after: Seconds::new(0),
        severity: AlertSeverity::Warning,
        figures: vec![SEALING_ENDS.written(soon)],
        summary: format!(
            "The certificate that values are sealed with ends within {SEALING_ENDS}, or has ended: \
             then no value can be sealed any more."
        ),
        runbook:
            "What is sealed stays open. `espalier seal init --replace` makes another key pair \
                  and prints the next steps: the controller gets its key beside the old one, and \
                  `espalier seal --reseal` seals the old values again."
                .to_owned(),
        examples: Examples {
            fires_on: clock(soon + 1),
            labels: Vec::new(),
            quiet_on: clock(soon),
            ..Examples::default()
        },
    }
}
