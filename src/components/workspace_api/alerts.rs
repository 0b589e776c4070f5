//! Alerts for an API of workspaces that does not answer, or answers that it cannot.

use super::rights::NAME;
use crate::{
    builder::{
        contribution::{Alert, AlertSeverity},
        example::{Examples, Series},
        scope::Scope,
    },
    components::workload_alerts::{self, DEPLOYMENT},
    facts::alerts::{API_ERRORS, API_ERRORS_AFTER, API_ERRORS_WITHIN},
};

pub(super) fn alerts(scope: &mut Scope<'_>) {
    scope.alert(down);
    scope.contribute(failing());
}

const REQUESTS: &str = "espalier_api_requests_total";

const LOGS: &str = "kubectl -n aichat-workspace-operator-system logs deploy/aichat-workspace-api";

/// Workspaces run on, and so does the operator.
fn down(namespace: &str) -> Alert {
    let runbook = format!(
        "`kubectl -n {namespace} get pods` shows whether it runs; a pod that runs and is not ready \
         has found errors in the platform's spec, or reaches no API server: `{LOGS}` says which. \
         Workspaces run on; `kubectl -n {namespace} get aichatworkspaces` does meanwhile what the \
         API would."
    );
    let summary = "No pod of the API of workspaces is ready: nobody makes or changes one by it.";
    workload_alerts::down("WorkspaceApiDown", &DEPLOYMENT, (namespace, NAME), summary, runbook)
}

/// It answers, and not with what it was asked for.
fn failing() -> Alert {
    let (few, within) = (&API_ERRORS, &API_ERRORS_WITHIN);
    let of = |status: &str| {
        format!("{REQUESTS}{{route=\"/v1/workspaces\",method=\"GET\",status=\"{status}\"}}")
    };
    Alert {
        name: "WorkspaceApiFailing",
        expression: format!(
            "sum(increase({REQUESTS}{{status=~\"5..\"}}[{}])) > {few}",
            within.value
        ),
        after: API_ERRORS_AFTER.value,
        severity: AlertSeverity::Warning,
        figures: vec![few.figure(), within.figure(), API_ERRORS_AFTER.figure()],
        summary: "The API of workspaces answers again and again that it cannot.".to_owned(),
        runbook: format!(
            "`{LOGS}` has a line a request that changes something, with `outcome` and the \
             request's id, and an error for each that broke off. `cluster-unavailable` and `timed-out`: \
             the API server is slow or not there (see ApiServerFails). `overloaded`: more asks at \
             once than it answers; `replicas` of `workspaces.api` gives it more pods."
        ),
        examples: Examples {
            fires_on: vec![Series::changing(of("503"), 0, 2)],
            quiet_on: vec![Series::of(of("503"), 9), Series::changing(of("200"), 0, 90)],
            ..Examples::default()
        },
    }
}
