//! What sealed-secrets' chart makes, and what asks it.

use crate::{
    builder::{
        chart::pods::ChartPod,
        contribution::{Alert, AlertSeverity, Logs, Scrape},
        example::{Examples, Series},
        handle::Pods,
        scope::Scope,
    },
    facts::{alerts::UNSEALED_AFTER, charts::sealed_secrets::METRICS, requests::Allotment},
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
        after: UNSEALED_AFTER,
        severity: AlertSeverity::Warning,
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
