//! Alerts for an operator for workspaces that does not work, and for what it cannot bring about.

use crate::{
    builder::{
        contribution::{Alert, AlertSeverity},
        example::{Examples, Series},
        scope::Scope,
    },
    facts::alerts::{
        Figure, OPERATOR_AFTER, OPERATOR_FAILURES, OPERATOR_FAILURES_WITHIN, WORKSPACE_AFTER,
    },
};

pub(super) fn alerts(scope: &mut Scope<'_>) {
    for alert in [without_leader(), failing(), degraded(), halted()] {
        scope.contribute(alert);
    }
}

const LEADER: &str = "espalier_operator_leader";
const RECONCILES: &str = "espalier_operator_reconciles_total";
const WORKSPACES: &str = "espalier_operator_workspaces";
const HALTED: &str = "espalier_operator_rollout_halted";

const LOGS: &str =
    "kubectl -n aichat-workspace-operator-system logs deploy/aichat-workspace-operator";

/// Workspaces go on without it: nothing of theirs changes until it is back.
fn without_leader() -> Alert {
    Alert {
        name: "WorkspaceOperatorDown",
        expression: format!("(max({LEADER}) or vector(0)) < 1"),
        after: OPERATOR_AFTER.value,
        severity: AlertSeverity::Warning,
        figures: vec![
            Figure::of("1", "One pod of the operator leads at a time; no other writes."),
            OPERATOR_AFTER.figure(),
        ],
        summary:
            "No pod of the operator for workspaces leads: workspaces run on, and no change of \
                  theirs is made."
                .to_owned(),
        runbook: format!(
            "`kubectl -n aichat-workspace-operator-system get pods` shows whether it runs; a pod \
             that runs and is not ready has found errors in the platform's spec, or reaches no API \
             server: `{LOGS}` says which. `kubectl -n aichat-workspace-operator-system get lease \
             aichat-workspace-operator -o yaml` names who led last."
        ),
        examples: Examples {
            fires_on: vec![Series::of(LEADER, 0)],
            quiet_on: vec![
                Series::of(format!("{LEADER}{{pod=\"a\"}}"), 0),
                Series::of(format!("{LEADER}{{pod=\"b\"}}"), 1),
            ],
            ..Examples::default()
        },
    }
}

/// The API server refuses what it applies, or it ends in the middle of it.
fn failing() -> Alert {
    let (few, within) = (&OPERATOR_FAILURES, &OPERATOR_FAILURES_WITHIN);
    let of = |outcome: &str| format!("{RECONCILES}{{outcome=\"{outcome}\"}}");
    Alert {
        name: "WorkspaceOperatorFailing",
        expression: format!(
            "sum(increase({RECONCILES}{{outcome=~\"failed|panicked\"}}[{}])) > {few}",
            within.value
        ),
        after: OPERATOR_AFTER.value,
        severity: AlertSeverity::Warning,
        figures: vec![few.figure(), within.figure(), OPERATOR_AFTER.figure()],
        summary: "The operator for workspaces fails again and again to make what a workspace says."
            .to_owned(),
        runbook: format!(
            "`{LOGS}` names the workspace and the object, and what the API server said of it; \
             `kubectl -n aichat-workspace-operator-system get aichatworkspaces` shows which \
             workspaces are not ready, `kubectl describe` on one why."
        ),
        examples: Examples {
            fires_on: vec![Series::changing(of("failed"), 0, 1)],
            quiet_on: vec![Series::of(of("failed"), 3), Series::changing(of("changed"), 0, 9)],
            ..Examples::default()
        },
    }
}

/// What it cannot bring about by itself.
fn degraded() -> Alert {
    let of = |condition: &str, value: i64| {
        Series::of(format!("{WORKSPACES}{{condition=\"{condition}\",status=\"True\"}}"), value)
    };
    Alert {
        name: "WorkspacesDegraded",
        expression: format!("max({WORKSPACES}{{condition=\"Degraded\",status=\"True\"}}) > 0"),
        after: WORKSPACE_AFTER.value,
        severity: AlertSeverity::Warning,
        figures: vec![
            Figure::of("0", "A workspace that is well is not degraded."),
            WORKSPACE_AFTER.figure(),
        ],
        summary: "A workspace is not what its resource says, and the operator cannot mend it by \
                  itself."
            .to_owned(),
        runbook: "`kubectl -n aichat-workspace-operator-system get aichatworkspaces` shows which, \
                  and `kubectl describe` on one the condition `Degraded` with what to do: a field \
                  that cannot be changed, an object that the API server refuses, a namespace that \
                  does not end."
            .to_owned(),
        examples: Examples {
            fires_on: vec![of("Degraded", 1)],
            quiet_on: vec![of("Degraded", 0), of("Progressing", 2)],
            ..Examples::default()
        },
    }
}

/// A new version or spec broke the first workspace that got it.
fn halted() -> Alert {
    Alert {
        name: "WorkspaceRolloutHalted",
        expression: format!("max({HALTED}) == 1"),
        after: OPERATOR_AFTER.value,
        severity: AlertSeverity::Warning,
        figures: vec![
            Figure::of("1", "It halts by itself, and goes on once the workspace is ready."),
            OPERATOR_AFTER.figure(),
        ],
        summary: "A workspace did not come back after a change of all workspaces, and the others \
                  wait."
            .to_owned(),
        runbook: format!(
            "`{LOGS}` names the workspace; `kubectl -n aichat-workspace-operator-system get \
             aichatworkspaces` shows what it waits for. Revert the commit that changed the \
             platform's spec or versions, or mend what the workspace waits for: the others follow \
             by themselves."
        ),
        examples: Examples {
            fires_on: vec![Series::of(HALTED, 1)],
            quiet_on: vec![Series::of(HALTED, 0)],
            ..Examples::default()
        },
    }
}
