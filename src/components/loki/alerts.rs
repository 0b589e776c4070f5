//! Alerts for logs that Loki does not take in, does not write, or does not delete.

use crate::{
    builder::{
        contribution::{Alert, AlertSeverity},
        example::{Examples, Series},
        scope::Scope,
    },
    components::workload_alerts::{self, STATEFUL_SET},
    facts::{
        alerts::{LOGS_AFTER, LOGS_WITHIN, RETENTION_LATE},
        charts::loki::WORKLOAD,
    },
    units::Seconds,
};

/// Alerts for all of it.
pub(super) fn alerts(scope: &mut Scope<'_>) {
    scope.alert(|namespace| {
        let runbook = format!(
            "`kubectl -n {namespace} logs loki-0` says what it does, `kubectl -n {namespace} \
             describe pod loki-0` what it waits for. Alloy tries for some minutes again to send \
             what it has read, and then goes on: what is older is in the files of the node alone \
             (`kubectl logs`)."
        );
        let summary = "Loki is not ready: logs are neither kept nor found.";
        workload_alerts::down("LogsDown", &STATEFUL_SET, (namespace, WORKLOAD), summary, runbook)
    });
    for alert in [refused(), not_written(), not_deleted()] {
        scope.contribute(alert);
    }
}

/// Some are refused when it reads what nodes have kept for longer than the days, once; and what
/// comes faster than its volume allows, Alloy sends again.
fn refused() -> Alert {
    let discarded = |per_minute| {
        let name = "loki_discarded_samples_total{reason=\"rate_limited\",tenant=\"fake\"}";
        vec![Series::changing(name, 0, per_minute)]
    };
    Alert {
        name: "LogsRefused",
        expression: format!(
            "sum by (reason) (increase(loki_discarded_samples_total[{LOGS_WITHIN}])) > 0"
        ),
        after: LOGS_AFTER.value,
        severity: AlertSeverity::Warning,
        figures: vec![LOGS_WITHIN.figure(), LOGS_AFTER.figure()],
        summary: "Loki refuses lines, again and again ({{ $labels.reason }}).".to_owned(),
        runbook:
            "`rate_limited`: more is written than the volume holds for the days that are kept. \
                  Fewer days (`retentionDays`) or a larger volume (`storage`) in the spec, under \
                  `components.loki`, or less that is written: LogsLimited names a pod that writes \
                  much. `greater_than_max_sample_age`, `too_far_behind`: somebody sends lines that \
                  are older than what is there; after a node was away that ends by itself. Any \
                  other reason: `kubectl -n monitoring logs loki-0`."
                .to_owned(),
        examples: Examples {
            fires_on: discarded(1),
            labels: vec![("reason", "rate_limited".to_owned())],
            quiet_on: discarded(0),
            ..Examples::default()
        },
    }
}

/// What is in memory and not on the volume is lost with the pod.
fn not_written() -> Alert {
    let failures = |per_minute| {
        vec![Series::changing("loki_ingester_chunks_flush_failures_total", 0, per_minute)]
    };
    Alert {
        name: "LogsNotWritten",
        expression: format!(
            "sum(increase(loki_ingester_chunks_flush_failures_total[{LOGS_WITHIN}])) > 0"
        ),
        after: Seconds::new(0),
        severity: AlertSeverity::Warning,
        figures: vec![LOGS_WITHIN.figure()],
        summary: "Loki cannot write what it holds in memory: its volume is full, or fails."
            .to_owned(),
        runbook: "`kubectl -n monitoring logs loki-0` says why. No room: see VolumeNearlyFull and \
                  NodeDiskNearlyFull, for a volume of the class `local-path` is a folder of the \
                  node's disk, which others fill as well."
            .to_owned(),
        examples: Examples { fires_on: failures(1), quiet_on: failures(0), ..Examples::default() },
    }
}

/// Days that nobody enforces end with a full volume. The figure is of the last run that went well:
/// 0 before the first, which comes within minutes of a start.
fn not_deleted() -> Alert {
    let last = "loki_compactor_apply_retention_last_successful_run_timestamp_seconds";
    // The clock of examples begins at 0.
    let run = |ago: u64| vec![Series::of(last, -Series::amount(ago))];
    let late = RETENTION_LATE.value.get();
    Alert {
        name: "LogsNotDeleted",
        expression: format!("time() - max({last}) > {late}"),
        after: LOGS_AFTER.value,
        severity: AlertSeverity::Warning,
        figures: vec![RETENTION_LATE.written(late), LOGS_AFTER.figure()],
        summary: format!(
            "Loki has deleted nothing for more than {RETENTION_LATE}: lines are kept for longer \
             than they should, and its volume fills up."
        ),
        runbook: "`kubectl -n monitoring logs loki-0` says what the compactor does, and why it \
                  fails. `kubectl -n monitoring rollout restart statefulset/loki` lets it begin \
                  anew; what is in memory is written before."
            .to_owned(),
        examples: Examples {
            fires_on: run(late + 60),
            quiet_on: vec![Series::changing(last, 0, 60)],
            ..Examples::default()
        },
    }
}
