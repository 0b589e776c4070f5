//! `quota-too-small`, and the bounds of a workspace's numbers.

use super::{
    ranges::{OUT_OF_RANGE, workspace_bounds_at},
    rule::rules,
    view::{TenantView, field},
};
use crate::{
    components::workspace::resource::WorkspaceSpec,
    diag::{
        diagnostic::{Diagnostics, Place},
        path::{FieldPath, Step},
    },
    plan::quota::Need,
};

rules! {
    /// A bound of a workspace's own is below what the workspace needs.
    error QUOTA_TOO_SMALL = "quota-too-small":
    Tenant(numbers), Tenant(quota);
}

/// Every number that is written, by its path below `spec`.
fn written(spec: &WorkspaceSpec) -> Vec<(FieldPath, f64)> {
    let mut all = vec![(field(&["replicas", "ollama"]), f64::from(spec.replicas.ollama))];
    all.extend(spec.quota.pods.map(|it| (field(&["quota", "pods"]), f64::from(it))));
    for (index, prompt) in spec.prompts.iter().enumerate() {
        let its = &prompt.parameters;
        let whole = |number: u64| u32::try_from(number).map_or(f64::INFINITY, f64::from);
        let numbers = [
            ("numPredict", its.num_predict.map(whole)),
            ("repeatPenalty", its.repeat_penalty),
            ("seed", its.seed.map(f64::from)),
            ("temperature", its.temperature),
            ("topK", its.top_k.map(f64::from)),
            ("topP", its.top_p),
        ];
        let at = field(&["prompts"]).index(index).key("parameters");
        all.extend(numbers.into_iter().filter_map(|(key, number)| Some((at.key(key), number?))));
    }
    all
}

/// Every number of a workspace against its bounds.
pub fn numbers(view: &TenantView<'_>, found: &mut Diagnostics) {
    for (path, number) in written(&view.workspace.spec) {
        let Some((least, most)) = workspace_bounds_at(&path) else { continue };
        let Some(Step::Key(name)) = path.steps().last().cloned() else { continue };
        // Both are far below what such a number holds.
        let is_below = number < f64::from(u32::try_from(least).unwrap_or(u32::MAX));
        let is_above = number > f64::from(u32::try_from(most).unwrap_or(u32::MAX));
        let help = match (is_below || number.is_nan(), is_above) {
            (true, _) => format!("write `{name}: {least}` or more"),
            (_, true) => format!("write `{name}: {most}` or less"),
            _ => continue,
        };
        let message = format!("`{name}` is {number}, but must be from {least} to {most}");
        let place = Place::Value { file: view.file.clone(), path };
        found.push(OUT_OF_RANGE.at(place, message).help(help));
    }
}

/// Bounds of a workspace's own against what it makes: what they leave out is never started.
pub fn quota(view: &TenantView<'_>, found: &mut Diagnostics) {
    let quota = &view.workspace.spec.quota;
    let is_written = [
        quota.cpu.is_some(),
        quota.memory.is_some(),
        quota.pods.is_some(),
        quota.storage.is_some(),
    ];
    // Without one, there is nothing to build it for.
    if !is_written.contains(&true) || found.has_errors() {
        return;
    }
    let Some(tenant) = view.plan.tenant(view.workspace) else { return };
    let Need { pods, demand, storage, .. } = tenant.need;
    // The limits are never less than the requests.
    let all = [
        (
            "cpu",
            quota.cpu.filter(|it| *it < demand.cpu).map(|it| it.to_string()),
            demand.cpu.to_string(),
        ),
        (
            "memory",
            quota.memory.filter(|it| *it < demand.limit).map(|it| it.to_string()),
            demand.limit.to_string(),
        ),
        ("pods", quota.pods.filter(|it| *it < pods).map(|it| it.to_string()), pods.to_string()),
        (
            "storage",
            quota.storage.filter(|it| *it < storage).map(|it| it.to_string()),
            storage.to_string(),
        ),
    ];
    for (key, has, needs) in all {
        let Some(has) = has else { continue };
        let path = field(&["quota", key]);
        let message =
            format!("`{key}` is {has}, but what the workspace makes needs {needs} at once");
        found.push(
            QUOTA_TOO_SMALL
                .at(Place::Value { file: view.file.clone(), path }, message)
                .help(format!("write `{key}: {needs}` or more, or leave it out: it is computed"))
                .note("the pods that answer for certificates are among them, one a host"),
        );
    }
}
