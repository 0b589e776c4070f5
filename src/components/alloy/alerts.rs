//! Alerts for lines that are lost before Loki has them.

use crate::{
    builder::{
        contribution::{Alert, AlertSeverity},
        example::{Examples, Series},
        scope::Scope,
    },
    facts::alerts::{LINES_LIMITED, LOGS_AFTER, LOGS_WITHIN},
    units::Seconds,
};

/// Alerts for all of it.
pub(super) fn alerts(scope: &mut Scope<'_>) {
    for alert in [not_sent(), dropped(), limited()] {
        scope.contribute(alert);
    }
}

const POD: (&str, &str) = ("pod", "alloy-a");

fn labels(more: &[(&'static str, &str)]) -> Vec<(&'static str, String)> {
    [&[POD][..], more].concat().into_iter().map(|(key, value)| (key, value.to_owned())).collect()
}

/// k3s and the API server say something every minute: silence is a fault of whoever reads.
fn not_sent() -> Alert {
    let sent = |per_minute| {
        vec![Series::changing("loki_write_sent_entries_total{pod=\"alloy-a\"}", 0, per_minute)]
    };
    Alert {
        name: "LogsNotSent",
        expression: format!(
            "sum by (pod) (increase(loki_write_sent_entries_total[{LOGS_WITHIN}])) == 0"
        ),
        after: LOGS_AFTER.value,
        severity: AlertSeverity::Warning,
        figures: vec![LOGS_WITHIN.figure(), LOGS_AFTER.figure()],
        summary: "{{ $labels.pod }} has sent no line of its node to Loki for a long time."
            .to_owned(),
        runbook: "`kubectl -n node-agents get pods -o wide` shows on which node, `kubectl -n \
                  node-agents logs POD` what it says: it cannot read the node's files, or does not \
                  reach Loki (see LogsDown). Until it does, lines are in the files of the node \
                  alone: `kubectl logs` shows them, as long as they are not turned over."
            .to_owned(),
        examples: Examples {
            fires_on: sent(0),
            labels: labels(&[]),
            quiet_on: sent(1),
            ..Examples::default()
        },
    }
}

/// What was tried for minutes, or what Loki will not have.
fn dropped() -> Alert {
    let lost = |per_minute| {
        let name = "loki_write_dropped_entries_total{pod=\"alloy-a\",reason=\"ingester_error\"}";
        vec![Series::changing(name, 0, per_minute)]
    };
    Alert {
        name: "LogsLost",
        expression: format!(
            "sum by (pod, reason) (increase(loki_write_dropped_entries_total[{LOGS_WITHIN}])) > 0"
        ),
        after: LOGS_AFTER.value,
        severity: AlertSeverity::Warning,
        figures: vec![LOGS_WITHIN.figure(), LOGS_AFTER.figure()],
        summary: "{{ $labels.pod }} gives up sending lines to Loki ({{ $labels.reason }})."
            .to_owned(),
        runbook: "`ingester_error`: Loki refuses them for what they are, see LogsRefused. \
                  `rate_limited`: more comes than its volume allows for the days that are kept. \
                  Any other reason: `kubectl -n node-agents logs POD`, and LogsDown."
            .to_owned(),
        examples: Examples {
            fires_on: lost(1),
            labels: labels(&[("reason", "ingester_error")]),
            quiet_on: lost(0),
            ..Examples::default()
        },
    }
}

/// A pod that writes more than its share of what Loki takes in: the rest of its lines is nowhere
/// but in the node's file.
fn limited() -> Alert {
    let lines = |per_minute| {
        let name =
            "loki_process_dropped_lines_total{pod=\"alloy-a\",reason=\"ratelimit_drop_stage\"}";
        vec![Series::changing(name, 0, per_minute)]
    };
    let a_minute = i64::from(LINES_LIMITED.value) * 60 / Series::amount(LOGS_WITHIN.value.get());
    Alert {
        name: "LogsLimited",
        expression: format!(
            "sum by (pod) (increase(loki_process_dropped_lines_total{{\
             reason=\"ratelimit_drop_stage\"}}[{LOGS_WITHIN}])) > {LINES_LIMITED}"
        ),
        after: Seconds::new(0),
        severity: AlertSeverity::Warning,
        figures: vec![LOGS_WITHIN.figure(), LINES_LIMITED.figure()],
        summary: format!(
            "A pod writes so much that {{{{ $labels.pod }}}} has left out more than \
             {LINES_LIMITED} of its lines within {LOGS_WITHIN}."
        ),
        runbook: "The metric `loki_process_dropped_lines_by_label_total` in Prometheus names it. \
                  `kubectl -n NAMESPACE logs POD` shows all that it writes: as a rule the same \
                  error again and again. What Loki takes in follows from `storage` and \
                  `retentionDays` under `components.loki` in the spec, and a pod may have half."
            .to_owned(),
        examples: Examples {
            fires_on: lines(a_minute + 10),
            labels: labels(&[]),
            quiet_on: lines(a_minute - 10),
            ..Examples::default()
        },
    }
}
