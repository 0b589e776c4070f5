//! What k3s itself brings to be watched: its DNS server, which is asked, and its API server, whose
//! metrics are those of the kubelet's port.

use crate::{
    builder::{
        contribution::{Alert, AlertSeverity, Scrape},
        example::{Examples, Series},
        scope::Scope,
    },
    facts::alerts::{
        API_AT_LEAST, API_FAILED_PERCENT, API_WITHIN, NAMES_AFTER, NAMES_AT_LEAST,
        NAMES_FAILED_PERCENT, NAMES_WITHIN,
    },
    units::Seconds,
};

/// What is asked of it, and when somebody is told.
pub(super) fn offers(scope: &mut Scope<'_>) {
    let names = scope.cluster().dns_metrics.clone();
    scope.contribute(Scrape::of(names));
    for alert in [api_server_fails(), names_fail(), nobody_answers()] {
        scope.contribute(alert);
    }
}

const REQUESTS: &str = "apiserver_request_total";
const ANSWERS: &str = "coredns_dns_responses_total";

/// The parts of a hundred that answers of a kind are, of more than so many.
fn share_of(metric: &str, failed: &str, within: impl std::fmt::Display) -> [String; 2] {
    [
        format!("100 * sum(rate({metric}{{{failed}}}[{within}])) / sum(rate({metric}[{within}]))"),
        format!("sum(increase({metric}{{{failed}}}[{within}]))"),
    ]
}

/// Every program of the cluster works by it: Argo CD, the operators and k3s' own parts ask again,
/// and what they do is late.
fn api_server_fails() -> Alert {
    let [share, count] = share_of(REQUESTS, "code=~\"5..\"", API_WITHIN);
    let answered = |code: u32, per_minute| {
        let labels = format!("code=\"{code}\",resource=\"pods\",verb=\"LIST\"");
        Series::changing(format!("{REQUESTS}{{{labels}}}"), 0, per_minute)
    };
    Alert {
        name: "ApiServerFails",
        expression: format!("{share} > {API_FAILED_PERCENT} and {count} > {API_AT_LEAST}"),
        after: Seconds::new(0),
        severity: AlertSeverity::Warning,
        figures: vec![API_FAILED_PERCENT.figure(), API_AT_LEAST.figure(), API_WITHIN.figure()],
        summary: format!(
            "More than {API_FAILED_PERCENT} % of the API server's answers of the last {API_WITHIN} \
             say that it failed."
        ),
        runbook: "`journalctl -u k3s` on a server says why: as a rule its store is slow, because \
                  the node's disk is full or busy (see NodeDiskNearlyFull), or a webhook does not \
                  answer (`kubectl get validatingwebhookconfigurations` has whose they are). The \
                  dashboard \"Nodes and budget\" shows which requests are slow."
            .to_owned(),
        examples: Examples {
            fires_on: vec![answered(200, 60), answered(504, 6)],
            labels: Vec::new(),
            // As large a share, of few.
            quiet_on: vec![answered(200, 30), answered(504, 3)],
            ..Examples::default()
        },
    }
}

/// A name that is not there is an answer; that nobody could say is none.
fn names_fail() -> Alert {
    let [share, count] = share_of(ANSWERS, "rcode=\"SERVFAIL\"", NAMES_WITHIN);
    let answered = |code: &str, per_minute| {
        let labels = format!("rcode=\"{code}\",server=\"dns://:53\",zone=\".\"");
        Series::changing(format!("{ANSWERS}{{{labels}}}"), 0, per_minute)
    };
    Alert {
        name: "NamesNotFound",
        expression: format!("{share} > {NAMES_FAILED_PERCENT} and {count} > {NAMES_AT_LEAST}"),
        after: Seconds::new(0),
        severity: AlertSeverity::Warning,
        figures: vec![
            NAMES_FAILED_PERCENT.figure(),
            NAMES_AT_LEAST.figure(),
            NAMES_WITHIN.figure(),
        ],
        summary: format!(
            "More than {NAMES_FAILED_PERCENT} % of the questions for names of the last \
             {NAMES_WITHIN} end with a failure of the DNS server."
        ),
        runbook: "`kubectl -n kube-system logs -l k8s-app=kube-dns` names the server beyond the \
                  cluster that does not answer: it is one of those in `/etc/resolv.conf` of the \
                  node. Names of the cluster's own Services fail where CoreDNS does not reach the \
                  API server, which the same log says."
            .to_owned(),
        examples: Examples {
            fires_on: vec![answered("NOERROR", 40), answered("SERVFAIL", 5)],
            labels: Vec::new(),
            quiet_on: vec![answered("NXDOMAIN", 40), answered("SERVFAIL", 1)],
            ..Examples::default()
        },
    }
}

/// Without a name no pod finds another.
fn nobody_answers() -> Alert {
    let version = "version=\"1.14.0\"";
    Alert {
        name: "NamesDown",
        expression: "absent(coredns_build_info)".to_owned(),
        after: NAMES_AFTER.value,
        severity: AlertSeverity::Critical,
        figures: vec![NAMES_AFTER.figure()],
        summary: "CoreDNS does not answer to Prometheus: pods may find no name.".to_owned(),
        runbook: "`kubectl -n kube-system get pods -l k8s-app=kube-dns` shows whether it runs, \
                  `kubectl -n kube-system describe pod -l k8s-app=kube-dns` what it waits for, and \
                  `kubectl -n kube-system logs -l k8s-app=kube-dns` why it ends: as a rule a \
                  Corefile that somebody changed. k3s brings it back when `systemctl restart k3s` \
                  runs on a server."
            .to_owned(),
        examples: Examples {
            // Anything else of another program.
            fires_on: vec![Series::of("prometheus_build_info", 1)],
            labels: Vec::new(),
            quiet_on: vec![Series::of(format!("coredns_build_info{{{version}}}"), 1)],
            ..Examples::default()
        },
    }
}
