//! `waves-wait-for-nothing`, `unsupported-pair`: what Argo CD needs for the tree to work as
//! planned.

use std::ops::RangeInclusive;

use super::{rule::rules, view::SpecView};
use crate::{
    diag::{
        diagnostic::{Diagnostics, Place},
        path::FieldPath,
    },
    facts::{pairs, versions},
    platform::files::VERSIONS,
};

rules! {
    /// Argo CD on a Kubernetes that it is not tested on.
    warning UNSUPPORTED_PAIR = "unsupported-pair":
    Spec(pair);

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

/// Argo CD's line, Kubernetes' minor, and the minors that this Argo CD is tested on, where that one
/// is not among them.
fn untested(view: &SpecView<'_>) -> Option<((u32, u32), u32, RangeInclusive<u32>)> {
    let pins = &view.platform.versions;
    // A chart of another line is untested, and says so: which Argo CD it brings is not known here.
    let argo_cd = pairs::argo_cd(pins.of(versions::ARGO_CD))
        .filter(|_| view.platform.spec.components.argocd.enabled)?;
    let kubernetes = pins.kubernetes_minor()?;
    let tested = pairs::kubernetes(argo_cd).filter(|it| !it.contains(&kubernetes))?;
    Some((argo_cd, kubernetes, tested))
}

/// Whether [`pair`] has a finding, which says more than that a version is untested.
pub fn is_unsupported(view: &SpecView<'_>) -> bool {
    untested(view).is_some()
}

/// Argo CD on a Kubernetes that it is not tested on.
pub fn pair(view: &SpecView<'_>, found: &mut Diagnostics) {
    let Some(((major, minor), kubernetes, tested)) = untested(view) else { return };
    let pins = &view.platform.versions;
    let pin = if pins.written(versions::K3S).is_some() { versions::K3S } else { versions::ARGO_CD };
    let place = Place::Value { file: VERSIONS.into(), path: FieldPath::root().key(pin.name) };
    let chart = pins.of(versions::ARGO_CD);
    let message = format!(
        "Argo CD {major}.{minor} (chart {chart}) is not tested on Kubernetes 1.{kubernetes}"
    );
    found.push(
        UNSUPPORTED_PAIR
            .at(place, message)
            .help(format!("write `{}: {}`", versions::K3S.name, versions::K3S.tested))
            .note(format!("it is tested on 1.{} to 1.{}", tested.start(), tested.end())),
    );
}
