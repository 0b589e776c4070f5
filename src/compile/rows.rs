//! Reads the plan of a house off, row by row.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
};

use super::{house::House, summary::Summary};
use crate::{
    builder::{handle::Peer, scope::Flow},
    plan::{
        rows::{FlowRow, SecretRow, WaveRow},
        waves::GAP,
    },
};

/// All Applications, by wave and name.
pub fn waves(house: &House, summaries: &[Summary]) -> Vec<WaveRow> {
    first_waves(house, summaries, usize::MAX)
}

/// The first so many of them: of ten thousand, rows are made for those that are shown.
pub fn first_waves(house: &House, summaries: &[Summary], most: usize) -> Vec<WaveRow> {
    let built = &house.built.built;
    let mut rows: Vec<WaveRow> = built
        .iter()
        .enumerate()
        .filter_map(|(index, it)| {
            Some(WaveRow {
                application: it.name.clone(),
                wave: house.waves.wave(index)?,
                after: house.waves.after(index).map(|it| built[it].name.clone()).collect(),
                namespace: it.namespace.clone(),
            })
        })
        .collect();
    let mut tenants: Vec<(u32, &Arc<str>)> = summaries.iter().filter_map(|it| Some((it.wave, it.name.as_ref()?))).collect();
    if tenants.len() > most {
        tenants.select_nth_unstable(most);
        tenants.truncate(most);
    }
    // A tenant waits for the platform alone.
    let platform = rows.len();
    for (wave, name) in tenants {
        let after = rows[..platform].iter().filter(|row| row.wave + GAP == wave).map(|row| row.application.clone()).collect();
        rows.push(WaveRow { application: format!("ws-{name}").into(), wave, after, namespace: name.clone() });
    }
    rows.sort_by(|a, b| (a.wave, &a.application).cmp(&(b.wave, &b.application)));
    rows.truncate(most);
    rows
}

/// All flows of the platform. Tenants' are like each other: their policies lie in their folders.
pub fn flows(house: &House) -> Vec<FlowRow> {
    let mut rows: BTreeMap<&Flow, BTreeSet<&str>> = BTreeMap::new();
    for it in &house.built.built {
        for flow in &it.flows {
            rows.entry(flow).or_default().insert(&it.name);
        }
    }
    let mut rows: Vec<FlowRow> = rows
        .into_iter()
        .map(|(flow, by)| FlowRow {
            from: format!("{}/{}", flow.from.namespace(), flow.from.name()),
            to: match &flow.to {
                Peer::Pods(pods) => format!("{}/{}", pods.namespace(), pods.name()),
                Peer::ApiServer => "API server".to_owned(),
                Peer::Outside => "outside".to_owned(),
                Peer::Range(range) => range.to_string(),
            },
            port: flow.port,
            protocol: flow.protocol,
            why: by.into_iter().collect::<Vec<_>>().join(", "),
        })
        .collect();
    rows.sort();
    rows
}

/// All credentials that are needed.
pub fn secrets(house: &House) -> Vec<SecretRow> {
    let mut rows: BTreeMap<&'static str, SecretRow> = BTreeMap::new();
    for it in &house.copies {
        let (name, keys) = (it.credential.name(), it.credential.keys());
        let sealed = house.built.platform.sealed.copy(name, keys, &it.namespace).is_some();
        let row = rows.entry(name).or_insert_with(|| SecretRow {
            credential: name,
            keys: keys.to_vec(),
            namespaces: Vec::new(),
            sealed: true,
            used_by: Vec::new(),
        });
        row.sealed &= sealed;
        row.namespaces.push(it.namespace.clone());
        row.used_by.extend(it.used_by.iter().cloned());
    }
    rows.into_values().collect()
}
