//! Alerts for certificates that are not issued or not renewed, and for issuers that cannot issue.

use crate::{
    builder::{
        contribution::{Alert, AlertSeverity},
        example::{Examples, Series},
        scope::Scope,
    },
    facts::alerts::{CERTIFICATE_ENDS, ISSUING_AFTER, LOOKED_AT_AFTER, RENEWAL_LATE},
    units::Seconds,
};

pub(super) fn alerts(scope: &mut Scope<'_>) {
    for alert in [ends(), not_renewed(), not_ready(), issuer_not_ready()] {
        scope.contribute(alert);
    }
}

/// The labels of one certificate: `namespace` is cert-manager's own.
const CERTIFICATE: &str = "exported_namespace, name";

const LOOK: &str = "`kubectl -n NAMESPACE describe certificate NAME` and `kubectl -n NAMESPACE get \
                    certificaterequests,orders,challenges` show where it stopped: a record of DNS \
                    that does not lead here, port 80 that does not answer from outside, a limit of \
                    the authority. `kubectl -n cert-manager logs deploy/cert-manager` says more.";

fn of_certificate(metric: &str, more: &str) -> String {
    format!("{metric}{{exported_namespace=\"ai\",name=\"openwebui-tls\"{more}}}")
}

fn the_certificate() -> Vec<(&'static str, String)> {
    vec![("exported_namespace", "ai".to_owned()), ("name", "openwebui-tls".to_owned())]
}

fn seconds(time: Seconds) -> i64 {
    time.get().cast_signed()
}

/// One that was never issued has no time, which the metric calls 0: another alert tells of it.
fn known(metric: &str) -> String {
    format!("(max by ({CERTIFICATE}) ({metric}) > 0)")
}

fn ends() -> Alert {
    let metric = "certmanager_certificate_expiration_timestamp_seconds";
    let soon = seconds(CERTIFICATE_ENDS.value);
    let at = |time| vec![Series::of(of_certificate(metric, ""), time)];
    Alert {
        name: "CertificateEnds",
        expression: format!("{} - time() < {}", known(metric), soon),
        after: LOOKED_AT_AFTER.value,
        severity: AlertSeverity::Critical,
        figures: vec![CERTIFICATE_ENDS.written(soon), LOOKED_AT_AFTER.figure()],
        summary: format!(
            "Certificate {{{{ $labels.exported_namespace }}}}/{{{{ $labels.name }}}} ends within \
             {CERTIFICATE_ENDS}: browsers then refuse its host."
        ),
        runbook: LOOK.to_owned(),
        examples: Examples {
            fires_on: at(soon - 60),
            labels: the_certificate(),
            quiet_on: at(2 * soon),
            ..Examples::default()
        },
    }
}

/// However long certificates live: cert-manager says when it means to renew each.
fn not_renewed() -> Alert {
    let metric = "certmanager_certificate_renewal_timestamp_seconds";
    let late = seconds(RENEWAL_LATE.value);
    let at = |time| vec![Series::of(of_certificate(metric, ""), time)];
    Alert {
        name: "CertificateNotRenewed",
        expression: format!("time() - {} > {late}", known(metric)),
        after: Seconds::new(0),
        severity: AlertSeverity::Warning,
        figures: vec![RENEWAL_LATE.written(late)],
        summary: format!(
            "Certificate {{{{ $labels.exported_namespace }}}}/{{{{ $labels.name }}}} should have \
             been renewed more than {RENEWAL_LATE} ago."
        ),
        runbook: LOOK.to_owned(),
        examples: Examples {
            fires_on: at(1),
            labels: the_certificate(),
            quiet_on: at(late),
            old: RENEWAL_LATE.value,
        },
    }
}

fn not_ready() -> Alert {
    let metric = "certmanager_certificate_ready_status";
    let status = |of: &str, value| {
        Series::of(of_certificate(metric, &format!(",condition=\"{of}\"")), value)
    };
    Alert {
        name: "CertificateNotReady",
        expression: format!("max by ({CERTIFICATE}) ({metric}{{condition=\"True\"}}) == 0"),
        after: ISSUING_AFTER.value,
        severity: AlertSeverity::Warning,
        figures: vec![ISSUING_AFTER.figure()],
        summary: "Certificate {{ $labels.exported_namespace }}/{{ $labels.name }} is not issued, \
                  or no longer what its Ingress asks for."
            .to_owned(),
        runbook: LOOK.to_owned(),
        examples: Examples {
            fires_on: vec![status("True", 0), status("False", 1)],
            labels: the_certificate(),
            quiet_on: vec![status("True", 1), status("False", 0)],
            ..Examples::default()
        },
    }
}

fn issuer_not_ready() -> Alert {
    let metric = "certmanager_clusterissuer_ready_status";
    let status = |of: &str, value| {
        Series::of(format!("{metric}{{name=\"letsencrypt\",condition=\"{of}\"}}"), value)
    };
    Alert {
        name: "IssuerNotReady",
        expression: format!("max by (name) ({metric}{{condition=\"True\"}}) == 0"),
        after: ISSUING_AFTER.value,
        severity: AlertSeverity::Warning,
        figures: vec![ISSUING_AFTER.figure()],
        summary: "Issuer {{ $labels.name }} cannot issue: no certificate is renewed.".to_owned(),
        runbook: "`kubectl describe clusterissuer NAME` says why: an authority that does not \
                  answer (a proxy, a policy of the network), an account that it refuses, or a \
                  credential that is not sealed."
            .to_owned(),
        examples: Examples {
            fires_on: vec![status("True", 0), status("False", 1)],
            labels: vec![("name", "letsencrypt".to_owned())],
            quiet_on: vec![status("True", 1), status("False", 0)],
            ..Examples::default()
        },
    }
}
