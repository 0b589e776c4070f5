//! `waves-wait-for-nothing`: what Argo CD needs for the tree to work as planned.

use super::{rule::rules, view::SpecView};
use crate::diag::diagnostic::Diagnostics;

rules! {
    /// Sync waves may have no effect.
    warning WAVES_WAIT_FOR_NOTHING = "waves-wait-for-nothing":
    Spec(waves);
}

/// An Argo CD that is installed by other means, whose settings are not known here.
pub fn waves(view: &SpecView<'_>, found: &mut Diagnostics) {
    if view.platform.spec.components.argocd.enabled {
        return;
    }
    found.push(
        WAVES_WAIT_FOR_NOTHING.at(
            view.component(&["argocd", "enabled"]),
            "sync waves have no effect unless this cluster's Argo CD checks the health of \
             Applications",
        )
        .help(
            "set `resource.customizations.health.argoproj.io_Application` in its `argocd-cm`; an \
             `apps/argocd.yaml` that is rendered with `argocd` enabled shows the value",
        )
        .note(
            "by default, Argo CD does not check the health of Applications, and treats them as \
             healthy",
        ),
    );
}
