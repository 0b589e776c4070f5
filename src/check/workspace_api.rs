//! `workspace-operator-missing`, `workspace-api-host-missing`: what the API of workspaces cannot do
//! without.

use super::{hosts::beside, rule::rules, view::SpecView};
use crate::diag::diagnostic::Diagnostics;

rules! {
    /// The API writes resources of which nobody makes workspaces.
    error WORKSPACE_OPERATOR_MISSING = "workspace-operator-missing":
    Spec(operator);

    /// The API has no public host.
    error WORKSPACE_API_HOST_MISSING = "workspace-api-host-missing":
    Spec(host);
}

const SWITCH: &[&str] = &["workspaces", "api", "enabled"];

/// Who makes workspaces of what the API writes.
pub fn operator(view: &SpecView<'_>, found: &mut Diagnostics) {
    let workspaces = &view.platform.spec.workspaces;
    if !workspaces.api.enabled || workspaces.has_operator() {
        return;
    }
    let message =
        "the API of workspaces writes resources, and no operator makes workspaces of them";
    let help = if workspaces.crd {
        "write `expandedBy: operator`, or remove `api`"
    } else {
        "write `crd: true, expandedBy: operator`, or remove `api`"
    };
    found.push(WORKSPACE_OPERATOR_MISSING.at(view.value(SWITCH), message).help(help));
}

/// Where it answers.
pub fn host(view: &SpecView<'_>, found: &mut Diagnostics) {
    let spec = &view.platform.spec;
    if !spec.workspaces.api.enabled || spec.domains.api.is_some() {
        return;
    }
    let message = "the API of workspaces has no public host at which it could answer";
    found.push(
        WORKSPACE_API_HOST_MISSING
            .at(view.value(SWITCH), message)
            .related(view.value(&["domains"]), "hosts are here")
            .help(format!("write `api: {}` under `domains`", beside(&spec.domains.chat, "api"))),
    );
}
