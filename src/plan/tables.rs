//! Tables of the plan, for `show` and `out/README.md`.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
};

use super::{
    Plan, applications,
    rows::{FlowRow, SecretRow, WaveRow},
    summary::Summary,
    waves::GAP,
};
use crate::{
    builder::component::Flow,
    components::{namespaces::WORKSPACE_OPERATOR, workspace_operator},
};

/// All Applications, by wave and name.
pub fn waves(plan: &Plan, summaries: &[Summary]) -> Vec<WaveRow> {
    first_waves(plan, summaries, usize::MAX)
}

/// The first so many of them: of ten thousand, rows are made for those that are shown.
pub fn first_waves(plan: &Plan, summaries: &[Summary], most: usize) -> Vec<WaveRow> {
    let built = &plan.assembly.components;
    let mut rows: Vec<WaveRow> = built
        .iter()
        .enumerate()
        .filter_map(|(index, component)| {
            Some(WaveRow {
                application: component.name.clone(),
                wave: plan.waves.wave(index)?,
                after: plan.waves.after(index).map(|it| built[it].name.clone()).collect(),
                namespace: component.namespace.clone(),
            })
        })
        .collect();
    if plan.has_operator() {
        let has_tenants = summaries.iter().any(|it| it.name.is_some());
        rows.extend(has_tenants.then(|| of_resources(plan)));
        return sorted(rows, most);
    }
    let mut tenants: Vec<(u32, &Arc<str>)> =
        summaries.iter().filter_map(|it| Some((it.wave, it.name.as_ref()?))).collect();
    if tenants.len() > most {
        tenants.select_nth_unstable(most);
        tenants.truncate(most);
    }
    // A tenant waits for the platform alone.
    let platform = rows.len();
    for (wave, name) in tenants {
        let after = rows[..platform]
            .iter()
            .filter(|row| row.wave + GAP == wave)
            .map(|row| row.application.clone())
            .collect();
        rows.push(WaveRow {
            application: applications::tenant_name(name),
            wave,
            after,
            namespace: name.clone(),
        });
    }
    sorted(rows, most)
}

fn sorted(mut rows: Vec<WaveRow>, most: usize) -> Vec<WaveRow> {
    rows.sort_by(|a, b| (a.wave, &a.application).cmp(&(b.wave, &b.application)));
    rows.truncate(most);
    rows
}

/// The Application of all resources of workspaces.
fn of_resources(plan: &Plan) -> WaveRow {
    WaveRow {
        application: applications::WORKSPACES.into(),
        wave: plan.wave_of_workspaces(),
        after: vec![workspace_operator::APPLICATION.application.into()],
        namespace: WORKSPACE_OPERATOR.into(),
    }
}

/// All flows of the platform itself, without its tenants'.
pub fn flows(plan: &Plan) -> Vec<FlowRow> {
    merged(of_platform(plan))
}

/// The whole graph: the flows of the platform and of its tenants, and what is open without one.
/// Tenants come with their namespaces.
pub fn graph<'a>(
    plan: &Plan,
    tenants: impl Iterator<Item = (&'a Arc<str>, &'a [Flow])> + Clone,
) -> Vec<FlowRow> {
    let guarded: BTreeSet<Arc<str>> =
        plan.guarded().map(Arc::from).chain(tenants.clone().map(|it| it.0.clone())).collect();
    let of_tenants = tenants.flat_map(|(name, flows)| {
        let application = plan.application_with(name);
        flows.iter().map(move |flow| (flow, application.clone()))
    });
    let mut rows = merged(of_platform(plan).chain(of_tenants));
    rows.extend(FlowRow::of_cluster(&guarded));
    rows
}

fn of_platform(plan: &Plan) -> impl Iterator<Item = (&Flow, Arc<str>)> {
    plan.assembly
        .components
        .iter()
        .flat_map(|it| it.flows.iter().map(|flow| (flow, it.name.clone())))
}

/// One row a flow, whoever declared it.
fn merged<'a>(flows: impl Iterator<Item = (&'a Flow, Arc<str>)>) -> Vec<FlowRow> {
    let mut by: BTreeMap<&Flow, BTreeSet<Arc<str>>> = BTreeMap::new();
    for (flow, application) in flows {
        by.entry(flow).or_default().insert(application);
    }
    let mut rows: Vec<FlowRow> = by
        .into_iter()
        .map(|(flow, by)| FlowRow::of(flow, by.into_iter().collect::<Vec<_>>().join(", ")))
        .collect();
    rows.sort();
    rows
}

/// All credentials that are needed.
pub fn secrets(plan: &Plan) -> Vec<SecretRow> {
    let mut rows: BTreeMap<&'static str, SecretRow> = BTreeMap::new();
    for secret in &plan.secrets {
        let (name, keys) = (secret.credential.name(), secret.credential.keys());
        let sealed = plan
            .assembly
            .platform
            .sealed
            .keys(name, &secret.namespace)
            .is_some_and(|sealed| keys.iter().all(|it| sealed.contains_key(*it)));
        let row = rows.entry(name).or_insert_with(|| SecretRow {
            credential: name,
            keys,
            namespaces: Vec::new(),
            sealed: true,
            used_by: Vec::new(),
        });
        row.sealed &= sealed;
        row.namespaces.push(secret.namespace.clone());
        row.used_by.extend(secret.used_by.iter().cloned());
    }
    rows.into_values().collect()
}
