//! `unsupported-pair`: versions that nobody has tested together.

use std::ops::RangeInclusive;

use super::{rule::rules, view::SpecView};
use crate::{
    diag::{
        diagnostic::{Diagnostics, Place},
        path::FieldPath,
    },
    facts::{
        pairs,
        versions::{self, Pin},
    },
    platform::files::VERSIONS,
};

rules! {
    /// Two versions that are not tested together.
    warning UNSUPPORTED_PAIR = "unsupported-pair":
    Spec(argo_cd), Spec(operator);
}

fn place(pin: Pin) -> Place {
    Place::Value { file: VERSIONS.into(), path: FieldPath::root().key(pin.name) }
}

/// Whether a pair that the version is of has a finding, which says more than that it is untested.
pub fn is_unsupported(view: &SpecView<'_>, pin: Pin) -> bool {
    match pin {
        versions::K3S => untested(view).is_some(),
        versions::KUBE_PROMETHEUS_STACK | versions::PROMETHEUS_OPERATOR_CRDS => {
            unpaired(view).is_some()
        }
        _ => false,
    }
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

/// Argo CD on a Kubernetes that it is not tested on.
pub fn argo_cd(view: &SpecView<'_>, found: &mut Diagnostics) {
    let Some(((major, minor), kubernetes, tested)) = untested(view) else { return };
    let pins = &view.platform.versions;
    let pin = if pins.written(versions::K3S).is_some() { versions::K3S } else { versions::ARGO_CD };
    let chart = pins.of(versions::ARGO_CD);
    let message = format!(
        "Argo CD {major}.{minor} (chart {chart}) is not tested on Kubernetes 1.{kubernetes}"
    );
    found.push(
        UNSUPPORTED_PAIR
            .at(place(pin), message)
            .help(format!("write `{}: {}`", versions::K3S.name, versions::K3S.tested))
            .note(format!("it is tested on 1.{} to 1.{}", tested.start(), tested.end())),
    );
}

/// The chart of resource definitions that goes with the operator's, where the spec has another.
fn unpaired(view: &SpecView<'_>) -> Option<&'static str> {
    let pins = &view.platform.versions;
    let wanted = pairs::definitions(pins.of(versions::KUBE_PROMETHEUS_STACK))
        .filter(|_| view.platform.spec.components.kube_prometheus_stack.enabled)?;
    let definitions = pins.of(versions::PROMETHEUS_OPERATOR_CRDS);
    (pairs::line(definitions)?.0 != pairs::line(wanted)?.0).then_some(wanted)
}

/// Prometheus' operator with the resource definitions of another one.
pub fn operator(view: &SpecView<'_>, found: &mut Diagnostics) {
    let Some(wanted) = unpaired(view) else { return };
    let pins = &view.platform.versions;
    let (stack, definitions) =
        (versions::KUBE_PROMETHEUS_STACK, versions::PROMETHEUS_OPERATOR_CRDS);
    let pin = if pins.written(definitions).is_some() { definitions } else { stack };
    let message = format!(
        "the operator of chart `{}` {} is not tested with the resource definitions of chart `{}` \
         {}",
        stack.name,
        pins.of(stack),
        definitions.name,
        pins.of(definitions)
    );
    found.push(
        UNSUPPORTED_PAIR
            .at(place(pin), message)
            .help(format!("write `{}: {wanted}`", definitions.name))
            .note(
                "the API server refuses a field that the definitions do not have, and the operator \
                 does not start without a kind that it expects",
            ),
    );
}
