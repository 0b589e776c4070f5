//! Alerts for Applications that Argo CD cannot bring to what Git says, and for those that are not
//! healthy: each of the platform's, and of its tenants'.

use crate::{
    builder::{
        contribution::{Alert, AlertSeverity},
        example::{Examples, Series},
        scope::Scope,
    },
    facts::alerts::APPLICATION_AFTER,
};

pub(super) fn alerts(scope: &mut Scope<'_>) {
    for alert in [DEGRADED, GAVE_UP, NOT_COMPARED] {
        scope.contribute(alert.alert());
    }
}

/// A state of an Application, as Argo CD's metric has it.
struct State {
    name: &'static str,
    /// The labels that it has then.
    labels: &'static str,
    /// An Application of that state, and one that is near it.
    examples: [&'static str; 2],
    summary: &'static str,
    runbook: &'static str,
}

const DEGRADED: State = State {
    name: "ApplicationDegraded",
    labels: "health_status=~\"Degraded|Missing|Unknown\"",
    examples: [
        "health_status=\"Degraded\",sync_status=\"Synced\"",
        "health_status=\"Progressing\",sync_status=\"Synced\"",
    ],
    summary: "Application {{ $labels.name }} is not healthy.",
    runbook: "`kubectl -n argocd describe applications.argoproj.io NAME` names its resources that \
              are not; `bash bootstrap/bootstrap.sh status` shows the first of all Applications, \
              on which those after it wait.",
};

/// After its tries Argo CD never tries the same commit again: nothing goes on, and it is still
/// different.
const GAVE_UP: State = State {
    name: "ApplicationGaveUp",
    labels: "autosync_enabled=\"true\",operation=\"\",sync_status=\"OutOfSync\"",
    examples: [
        "autosync_enabled=\"true\",health_status=\"Healthy\",sync_status=\"OutOfSync\"",
        "autosync_enabled=\"true\",health_status=\"Healthy\",operation=\"sync\",\
         sync_status=\"OutOfSync\"",
    ],
    summary: "Application {{ $labels.name }} differs from Git, and Argo CD no longer tries to sync \
              it.",
    runbook: "`bash bootstrap/bootstrap.sh status` shows why its last sync failed. Mend it in Git, \
              or, where the reason is gone, `bash bootstrap/bootstrap.sh up` sets it going again.",
};

const NOT_COMPARED: State = State {
    name: "ApplicationNotCompared",
    labels: "sync_status=\"Unknown\"",
    examples: [
        "health_status=\"Healthy\",sync_status=\"Unknown\"",
        "health_status=\"Healthy\",sync_status=\"OutOfSync\"",
    ],
    summary: "Argo CD cannot compare Application {{ $labels.name }} with Git: no commit reaches \
              it.",
    runbook: "`kubectl -n argocd get applications.argoproj.io NAME -o yaml` says why, below \
              `conditions`: Git or a repository of charts does not answer or refuses its \
              credential, or what it holds cannot be rendered. `kubectl -n argocd logs -l \
              app.kubernetes.io/name=argocd-repo-server` says more.",
};

impl State {
    fn alert(&self) -> Alert {
        let application =
            |labels| Series::of(format!("argocd_app_info{{name=\"ollama\",{labels}}}"), 1);
        let [fires_on, quiet_on] = self.examples.map(|it| vec![application(it)]);
        Alert {
            name: self.name,
            expression: format!("max by (name) (argocd_app_info{{{}}}) == 1", self.labels),
            after: APPLICATION_AFTER.value,
            severity: AlertSeverity::Warning,
            figures: vec![APPLICATION_AFTER.figure()],
            summary: self.summary.to_owned(),
            runbook: self.runbook.to_owned(),
            examples: Examples {
                fires_on,
                labels: vec![("name", "ollama".to_owned())],
                quiet_on,
                ..Examples::default()
            },
        }
    }
}
