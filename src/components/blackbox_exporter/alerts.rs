//! Alerts for what the blackbox exporter sees, beside that for an address that does not answer,
//! which reads no more than any prober has.

use crate::{
    builder::{
        contribution::{Alert, AlertSeverity},
        example::{Examples, Series},
        scope::Scope,
    },
    facts::alerts::{CERTIFICATE_ENDS, LOOKED_AT_AFTER, PROBE_AFTER},
};

pub(super) fn alerts(scope: &mut Scope<'_>) {
    scope.contribute(served_certificate_ends());
    scope.contribute(nobody_asks());
}

const EXPIRY: &str = "probe_ssl_earliest_cert_expiry";

/// The certificate that a host shows, which need not be the one that cert-manager has issued: the
/// ingress controller has its own for a host that it knows none for, and someone before the cluster
/// may have another.
fn served_certificate_ends() -> Alert {
    let ends = CERTIFICATE_ENDS.value.get().cast_signed();
    let at = |time| {
        vec![Series::of(format!("{EXPIRY}{{instance=\"https://chat.example.com/\"}}"), time)]
    };
    Alert {
        name: "ServedCertificateEnds",
        expression: format!("min by (instance) ({EXPIRY}) - time() < {ends}"),
        after: LOOKED_AT_AFTER.value,
        severity: AlertSeverity::Critical,
        figures: vec![CERTIFICATE_ENDS.written(ends), LOOKED_AT_AFTER.figure()],
        summary: format!(
            "The certificate that {{{{ $labels.instance }}}} shows ends within {CERTIFICATE_ENDS}: \
             browsers then refuse it."
        ),
        runbook: "`kubectl get certificates -A` shows whether another one is there: if so, \
                  `kubectl -n kube-system rollout restart deploy/traefik` has the ingress \
                  controller read it, and a proxy before the cluster shows its own. If not, see \
                  CertificateEnds."
            .to_owned(),
        examples: Examples {
            fires_on: at(ends - 60),
            labels: vec![("instance", "https://chat.example.com/".to_owned())],
            quiet_on: at(2 * ends),
            ..Examples::default()
        },
    }
}

/// An alert on `probe_success` is silent where nobody asks.
fn nobody_asks() -> Alert {
    let success =
        |instance: &str| vec![Series::of(format!("probe_success{{instance=\"{instance}\"}}"), 1)];
    Alert {
        name: "ProbesMissing",
        expression: "absent(probe_success)".to_owned(),
        after: PROBE_AFTER.value,
        severity: AlertSeverity::Warning,
        figures: vec![PROBE_AFTER.figure()],
        summary: "No address is asked whether it answers: ProbeFails cannot fire.".to_owned(),
        runbook: "`kubectl -n monitoring get pods -l \
                  app.kubernetes.io/name=prometheus-blackbox-exporter` shows whether the exporter \
                  runs, `kubectl -n monitoring logs deploy/blackbox-exporter` what it says of its \
                  configuration, `kubectl -n monitoring get probes` what Prometheus is told."
            .to_owned(),
        examples: Examples {
            // Anything else of the same exporter.
            fires_on: vec![Series::of("blackbox_module_unknown_total", 0)],
            labels: Vec::new(),
            quiet_on: success("https://chat.example.com/"),
            ..Examples::default()
        },
    }
}
