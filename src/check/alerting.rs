//! `alerts-not-delivered`, `alerting-not-watched`: alerts that reach nobody, and alerting whose end
//! nobody would notice.

use super::{rule::rules, view::SpecView};
use crate::{components::alertmanager::receivers::Alerts, diag::diagnostic::Diagnostics};

rules! {
    /// Alerts reach nobody.
    either ALERTS_NOT_DELIVERED = "alerts-not-delivered",
    /// Nobody notices that alerting itself is down.
    warning ALERTING_NOT_WATCHED = "alerting-not-watched":
    Spec(told);
}

/// Whether somebody is told of each alert, and somebody of it when nobody is told any more.
pub fn told(view: &SpecView<'_>, found: &mut Diagnostics) {
    let components = &view.platform.spec.components;
    let alertmanager = &components.alertmanager;
    if !alertmanager.enabled {
        if components.kube_prometheus_stack.enabled {
            found.push(
                ALERTS_NOT_DELIVERED
                    .warning_at(
                        view.component(&["kubePrometheusStack", "enabled"]),
                        "Prometheus alerts, and nobody is told: `alertmanager` is disabled",
                    )
                    .help(
                        "write `alertmanager: {enabled: true, deadMansSwitch: true, receivers: \
                         {slack: {}}}` under `components`, or with another receiver: `email`, \
                         `ntfy`, `webhook`",
                    ),
            );
        }
        return;
    }
    let audience = alertmanager.receivers.audience();
    if audience.is_empty() {
        found.push(
            ALERTS_NOT_DELIVERED
                .error_at(
                    view.component(&["alertmanager", "enabled"]),
                    "Alertmanager has no receiver: nobody is told of any alert",
                )
                .help(
                    "write `receivers: {slack: {}}`, or another receiver: `email`, `ntfy`, \
                     `webhook`",
                ),
        );
        return;
    }
    if !audience.contains(&Alerts::All) {
        found.push(
            ALERTS_NOT_DELIVERED
                .error_at(
                    view.component(&["alertmanager", "receivers"]),
                    "every receiver gets critical alerts only: nobody is told of warnings",
                )
                .help("write `alerts: all` at one of them"),
        );
    }
    if alertmanager.receivers.email.as_ref().is_some_and(|it| it.to.is_empty()) {
        found.push(
            ALERTS_NOT_DELIVERED
                .error_at(
                    view.component(&["alertmanager", "receivers", "email", "to"]),
                    "nobody gets the mail: `to` is empty",
                )
                .help("name at least one address, or remove `email`"),
        );
    }
    if !alertmanager.dead_mans_switch {
        found.push(
            ALERTING_NOT_WATCHED
                .at(
                    view.component(&["alertmanager", "enabled"]),
                    "nobody notices when alerting itself is down: a node that is off tells nobody",
                )
                .help(
                    "write `deadMansSwitch: true`, and seal the URL that a service outside of the \
                     cluster gives for its calls",
                ),
        );
    }
}
