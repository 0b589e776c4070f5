//! `unsupported-pair`, `version-pair`: versions that nobody has tested together, and two charts that
//! are one.

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
    warning UNSUPPORTED_PAIR = "unsupported-pair",
    /// One of two charts that are a pair has another version than goes with it, or is pinned alone.
    error VERSION_PAIR = "version-pair":
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

/// What is wrong with a pair of charts.
struct Unpaired {
    /// The line that is at fault.
    pin: Pin,
    /// What is said of it.
    said: String,
    /// The line to write: which, and its version.
    line: Option<(Pin, &'static str)>,
}

/// What is wrong with the pair of the operator's chart and the chart of its resource definitions.
fn unpaired(view: &SpecView<'_>) -> Option<Unpaired> {
    if !view.platform.spec.components.kube_prometheus_stack.enabled {
        return None;
    }
    let pins = &view.platform.versions;
    let (stack, definitions) =
        (versions::KUBE_PROMETHEUS_STACK, versions::PROMETHEUS_OPERATOR_CRDS);
    let alone = |pin: Pin, mate: Pin, version: Option<&'static str>| {
        let said =
            format!("`{}` is pinned, and `{}`, which goes with it, is not", pin.name, mate.name);
        Some(Unpaired { pin, said, line: version.map(|it| (mate, it)) })
    };
    match (pins.written(stack), pins.written(definitions)) {
        (None, None) => None,
        (Some(chart), None) => alone(stack, definitions, pairs::definitions(chart)),
        (None, Some(chart)) => {
            let goes = pairs::go_together(stack.tested, chart) == Some(true);
            alone(definitions, stack, goes.then_some(stack.tested))
        }
        (Some(operator), Some(chart)) => {
            if pairs::go_together(operator, chart)? {
                return None;
            }
            let said = format!(
                "the operator of `{}` {operator} does not go with the resource definitions of \
                 `{}` {chart}",
                stack.name, definitions.name
            );
            let line = pairs::definitions(operator).map(|it| (definitions, it));
            Some(Unpaired { pin: definitions, said, line })
        }
    }
}

/// Prometheus' operator with the resource definitions of another one, or of one that the next tested
/// set brings.
pub fn operator(view: &SpecView<'_>, found: &mut Diagnostics) {
    let Some(Unpaired { pin, said, line }) = unpaired(view) else { return };
    found.push(
        VERSION_PAIR
            .at(place(pin), said)
            .help(line.map_or_else(
                || format!("remove `{}`: the tested set has both charts", pin.name),
                |(mate, version)| format!("write `{}: {version}`", mate.name),
            ))
            .note(
                "the API server refuses a field that the definitions do not have, and the operator \
                 does not start without a kind that it expects",
            ),
    );
}
