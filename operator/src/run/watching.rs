//! What the watches tell is taken in, and who has to be looked at for it.

use std::{collections::BTreeSet, sync::Arc};

use k8s_openapi::apimachinery::pkg::apis::meta::v1::ObjectMeta;
use kube::core::DynamicObject;
use tokio::task::JoinSet;

use super::shared::Shared;
use crate::{
    cluster::watch::{Change, Workload},
    ledger::Key,
    queue::Lane,
    reconcile::{claim::Namespace, made::KINDS},
    resource::{Resource, Uid},
};

/// Begins all watches.
pub fn begin(shared: &Arc<Shared>, tasks: &mut JoinSet<()>) {
    let resources = shared.clone();
    tasks.spawn(async move {
        let mut listed = Listed::default();
        let tell = |change| take_resource(&resources, &mut listed, change);
        resources.cluster.watch_resources(tell).await;
    });
    for (kind, api) in KINDS.iter().enumerate() {
        let shared = shared.clone();
        tasks.spawn(async move {
            let mut is_complete = false;
            let cluster = shared.cluster.clone();
            if matches!(api.kind, "Deployment" | "StatefulSet") {
                let tell = |change| take_workload(&shared, kind, &mut is_complete, change);
                cluster.watch_workloads(api, tell).await;
            } else {
                let tell = |change| take_child(&shared, kind, &mut is_complete, change);
                cluster.watch_metadata(api, tell).await;
            }
        });
    }
}

/// What a list of resources has told so far.
#[derive(Default)]
struct Listed {
    uids: BTreeSet<Uid>,
    is_listing: bool,
    is_complete: bool,
}

fn take_resource(shared: &Shared, listed: &mut Listed, change: Change<DynamicObject>) {
    match change {
        Change::Begin => (listed.uids, listed.is_listing) = (BTreeSet::new(), true),
        Change::There(object) => {
            let Some((resource, inventory)) = Resource::of(object) else { return };
            let uid = resource.uid.clone();
            if listed.is_listing {
                listed.uids.insert(uid.clone());
            }
            if shared.fleet().learn(resource, &inventory) {
                shared.push(&uid, Lane::People);
            }
        }
        Change::Gone(object) => {
            if let Some(uid) = object.metadata.uid {
                forget(shared, &uid.into());
            }
        }
        Change::Complete => {
            let known: Vec<Uid> = shared.fleet().workspaces.keys().cloned().collect();
            known.iter().filter(|it| !listed.uids.contains(*it)).for_each(|it| forget(shared, it));
            (listed.uids, listed.is_listing) = (BTreeSet::new(), false);
            if !std::mem::replace(&mut listed.is_complete, true) {
                shared.complete();
            }
        }
    }
}

fn forget(shared: &Shared, uid: &Uid) {
    let heirs = shared.fleet().forget(uid);
    shared.forget(uid);
    for uid in &heirs {
        shared.push(uid, Lane::People);
    }
}

/// Those who have to look at a namespace: its owner, and who would have it.
fn look(shared: &Shared, namespace: &str) {
    let named: Vec<Uid> = shared.fleet().named(namespace).cloned().collect();
    for uid in named.iter().filter(|it| !shared.is_busy(it)) {
        shared.push(uid, Lane::People);
    }
}

/// The namespace that an object belongs to, or is.
fn home(kind: usize, meta: &ObjectMeta) -> Option<(&str, &str)> {
    let name = meta.name.as_deref()?;
    Some((if KINDS[kind].is_namespaced { meta.namespace.as_deref()? } else { name }, name))
}

fn take_child(shared: &Shared, kind: usize, is_complete: &mut bool, change: Change<ObjectMeta>) {
    let mut fleet = shared.fleet();
    match change {
        Change::Begin => {
            fleet.ledgers.values_mut().for_each(|it| it.begin(kind));
        }
        Change::There(meta) => {
            let Some((home, name)) = home(kind, &meta) else { return };
            let is_news = fleet.ledger(home).there(Key::of(kind, name), &meta);
            let is_other = KINDS[kind].kind == "Namespace" && {
                let now = Namespace::of(&meta);
                let before = fleet.namespaces.insert(home.into(), now.clone());
                before.as_ref() != Some(&now)
            };
            drop(fleet);
            if is_news || is_other {
                look(shared, home);
            }
        }
        Change::Gone(meta) => {
            let Some((home, name)) = home(kind, &meta) else { return };
            fleet.ledger(home).gone(Key::of(kind, name), &meta);
            if KINDS[kind].kind == "Namespace" {
                fleet.namespaces.remove(home);
            }
            drop(fleet);
            look(shared, home);
        }
        Change::Complete => complete(shared, fleet, kind, is_complete),
    }
}

fn complete(
    shared: &Shared,
    mut fleet: std::sync::MutexGuard<'_, crate::fleet::Fleet>,
    kind: usize,
    is_complete: &mut bool,
) {
    let ledgers = fleet.ledgers.iter_mut();
    let less: Vec<Arc<str>> =
        ledgers.filter_map(|(name, ledger)| ledger.complete(kind).then(|| name.clone())).collect();
    if KINDS[kind].kind == "Namespace" {
        let key = |name: &str| Key::of(kind, name);
        let gone: Vec<Arc<str>> = fleet.namespaces.keys().cloned().collect();
        for name in gone {
            if !fleet.ledgers.get(&name).is_some_and(|it| it.has(key(&name))) {
                fleet.namespaces.remove(&name);
            }
        }
    }
    drop(fleet);
    for uid in &less {
        look(shared, uid);
    }
    if !std::mem::replace(is_complete, true) {
        shared.complete();
    }
}

fn take_workload(shared: &Shared, kind: usize, is_complete: &mut bool, change: Change<Workload>) {
    let is_deployment = KINDS[kind].kind == "Deployment";
    let (change, progress) = match change {
        Change::There(workload) => (Change::There(workload.metadata.clone()), Some(Some(workload))),
        Change::Gone(workload) => (Change::Gone(workload.metadata), Some(None)),
        Change::Begin => (Change::Begin, None),
        Change::Complete => (Change::Complete, None),
    };
    if let (Some(news), Change::There(meta) | Change::Gone(meta)) = (progress, &change)
        && let Some(namespace) = &meta.namespace
    {
        let is_news = shared.fleet().ledger(namespace).progress(is_deployment, news);
        if is_news {
            let named: Vec<Uid> = shared.fleet().named(namespace).cloned().collect();
            for uid in &named {
                shared.push(uid, Lane::People);
            }
        }
    }
    take_child(shared, kind, is_complete, change);
}
