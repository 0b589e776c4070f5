//! Actions, as requests to the API server.

use futures::{StreamExt, stream};
use k8s_openapi::apimachinery::pkg::apis::meta::v1::ObjectMeta;
use tracing::info;

use super::{look::Look, shared::Shared};
use crate::{
    cluster::{
        Precondition, Refusal, collection,
        fields::{has_strangers, take},
        records,
    },
    fleet::kept,
    ledger::{Key, Reason},
    reconcile::{
        Action,
        made::{self, KINDS, Made},
    },
    status::Failure,
};

/// Requests of one step that run at once.
const AT_ONCE: usize = 8;
/// How many admitted specs are kept.
const KEPT: usize = 3;

/// Does what was decided, in its order. What could not be applied; an error is what nothing more
/// can be done after.
pub async fn act(
    shared: &Shared,
    look: &mut Look,
    actions: &[Action],
) -> Result<Vec<Failure>, Failure> {
    let mut failures = Vec::new();
    for action in actions {
        match action {
            Action::Apply(places) => failures.extend(apply(shared, look, places).await?),
            other => one(shared, look, other).await?,
        }
    }
    Ok(failures)
}

async fn one(shared: &Shared, look: &mut Look, action: &Action) -> Result<(), Failure> {
    let refused = |object: String| move |refusal| Failure { object, refusal };
    let (cluster, name) = (&shared.cluster, look.name.clone());
    let resource = || format!("AIChatWorkspace `{}`", look.resource.name);
    match action {
        Action::Hold | Action::Release => {
            let is_held = *action == Action::Hold;
            let (about, before) = (look.resource.about(), &look.resource.finalizers);
            let told = cluster.finalize(about, &look.resource.version, before, is_held).await;
            let told = told.map_err(refused(resource()))?;
            if let Some(meta) = told {
                look.resource.version = meta.resource_version.unwrap_or_default();
                look.resource.finalizers = meta.finalizers.unwrap_or_default();
                if let Some(known) = shared.fleet().workspaces.get_mut(&look.resource.uid) {
                    known.resource.version.clone_from(&look.resource.version);
                    known.resource.finalizers.clone_from(&look.resource.finalizers);
                }
            }
        }
        Action::Admit => admit(shared, look).await.map_err(refused(resource()))?,
        Action::Prune(kinds) => {
            for kind in kinds {
                prune(shared, look, usize::from(*kind)).await?;
            }
        }
        Action::Quiet => {
            let (path, body) = made::quiet(&name);
            cluster
                .apply(&path, body)
                .await
                .map_err(refused(format!("ResourceQuota in `{name}`")))?;
        }
        Action::Clear => clear(shared, &name).await?,
        Action::Retain => {
            let path = format!("/api/v1/namespaces/{name}");
            let uid = look.namespace.as_ref().map(|it| it.uid.clone()).unwrap_or_default();
            let patch = made::retain(&uid, &look.resource.uid, &records::now());
            cluster.patch(&path, &patch).await.map_err(refused(format!("Namespace `{name}`")))?;
        }
        Action::DeleteNamespace => {
            let path = format!("/api/v1/namespaces/{name}");
            let uid = look.namespace.as_ref().map(|it| it.uid.clone()).unwrap_or_default();
            let only = Precondition { uid, version: None };
            cluster.delete(&path, &only).await.map_err(refused(format!("Namespace `{name}`")))?;
        }
        Action::Apply(_) => {}
    }
    Ok(())
}

async fn admit(shared: &Shared, look: &Look) -> Result<(), Refusal> {
    let (uid, about) = (&look.resource.uid, look.resource.about());
    let mut record = {
        let fleet = shared.fleet();
        let Some(workspace) = fleet.workspaces.get(uid) else { return Ok(()) };
        workspace.next_revision()
    };
    record.uid = shared.cluster.admit(about, &record).await?;
    let old = {
        let mut fleet = shared.fleet();
        let Some(workspace) = fleet.workspaces.get_mut(uid) else { return Ok(()) };
        let admitted = kept(record, &look.resource.written);
        workspace.admitted.push(admitted);
        let more = workspace.admitted.len().saturating_sub(KEPT);
        workspace.admitted.drain(..more).collect::<Vec<_>>()
    };
    for admitted in old {
        shared.cluster.forget(&admitted.record).await?;
    }
    Ok(())
}

/// Applies objects of one step, some at a time. One that cannot be applied does not keep the others
/// from it, with one exception: without the namespace there is nothing.
async fn apply(shared: &Shared, look: &Look, places: &[usize]) -> Result<Vec<Failure>, Failure> {
    let mut requests = Vec::with_capacity(places.len());
    for place in places {
        let made = &look.made[*place];
        requests.push(async move { (made, settle(shared, made).await) });
    }
    let mut answers = stream::iter(requests).buffer_unordered(AT_ONCE);
    let mut failures = Vec::new();
    while let Some((made, answer)) = answers.next().await {
        let kind = made.kind().kind;
        let mut fleet = shared.fleet();
        let ledger = fleet.ledger(&look.name);
        match answer {
            Ok(meta) => {
                if ledger.needs(made.key, made.hash) == Some(Reason::Drifted) {
                    shared.metrics.corrected(kind);
                    info!(kind, name = made.name, workspace = &*look.name, "corrected");
                }
                ledger.applied(made.key, made.hash, &meta);
                if made.is_workload {
                    let generation = meta.generation.unwrap_or_default();
                    ledger.expects(kind == "Deployment", generation);
                }
                if kind == "Namespace" {
                    let now = crate::reconcile::claim::Namespace::of(&meta);
                    fleet.namespaces.insert(look.name.clone(), now);
                }
                shared.metrics.applied(kind, "applied");
            }
            Err(refusal) => {
                ledger.failed(made.key);
                let is_ours = !matches!(refusal, Refusal::Unreachable(_) | Refusal::NotLeader);
                shared.metrics.applied(kind, if is_ours { "refused" } else { "failed" });
                let stops = kind == "Namespace"
                    || matches!(refusal, Refusal::NotLeader | Refusal::Terminating(_));
                let failure = Failure { object: format!("{kind} `{}`", made.name), refusal };
                if stops {
                    return Err(failure);
                }
                failures.push(failure);
            }
        }
    }
    Ok(failures)
}

/// Applies an object until nobody else owns a field of it.
async fn settle(shared: &Shared, made: &Made) -> Result<ObjectMeta, Refusal> {
    let cluster = &shared.cluster;
    for _ in 0..3 {
        let there = match cluster.apply(&made.path, made.body.clone()).await {
            Ok(meta) if has_strangers(&meta) => meta,
            // What a stranger has added may be what the server does not take of us: an item of a
            // list that is there twice, a host's network that a policy forbids.
            Err(
                refusal @ (Refusal::Invalid(_)
                | Refusal::Immutable(_)
                | Refusal::Conflict(_)
                | Refusal::Forbidden(_)),
            ) => {
                let namespace = made.path.split('/').skip_while(|it| *it != "namespaces").nth(1);
                let namespace = namespace.unwrap_or_default();
                let there = cluster.named(made.kind(), namespace, &made.name).await?;
                there.filter(has_strangers).ok_or(refusal)?
            }
            other => return other,
        };
        let Some(patch) = take(&there) else { return Ok(there) };
        match cluster.patch(&made.path, &patch).await {
            Ok(_) => shared.metrics.took(made.kind().kind),
            // Somebody was quicker, or it is gone: once more from the beginning.
            Err(Refusal::Invalid(_) | Refusal::Conflict(_) | Refusal::NotFound) => {}
            Err(refusal) => return Err(refusal),
        }
    }
    cluster.apply(&made.path, made.body.clone()).await
}

/// Deletes what bears our label and is not made.
async fn prune(shared: &Shared, look: &Look, kind: usize) -> Result<(), Failure> {
    let keys: Vec<Key> = look.made.iter().map(|it| it.key).collect();
    let is_stray = |name: &str| !keys.contains(&Key::of(kind, name));
    delete(shared, &look.name, kind, is_stray).await
}

/// Deletes all that holds no data.
async fn clear(shared: &Shared, namespace: &str) -> Result<(), Failure> {
    for kind in (0..KINDS.len()).filter(|it| KINDS[*it].is_namespaced) {
        let goes = |name: &str| !made::is_retained(kind, name, namespace);
        delete(shared, namespace, kind, goes).await?;
    }
    Ok(())
}

async fn delete(
    shared: &Shared,
    namespace: &str,
    kind: usize,
    goes: impl Fn(&str) -> bool,
) -> Result<(), Failure> {
    let api = &KINDS[kind];
    let refused = |object: String| move |refusal| Failure { object, refusal };
    let there = shared.cluster.ours(api, namespace).await;
    for meta in there.map_err(refused(format!("{} in `{namespace}`", api.kind)))? {
        let name = meta.name.unwrap_or_default();
        if !goes(&name) || meta.deletion_timestamp.is_some() {
            continue;
        }
        let path = format!("{}/{name}", collection(api, namespace));
        let uid = meta.uid.unwrap_or_default();
        let only = Precondition { uid, version: meta.resource_version };
        let done = shared.cluster.delete(&path, &only).await;
        done.map_err(refused(format!("{} `{name}`", api.kind)))?;
        shared.fleet().ledger(namespace).deleted(Key::of(kind, &name));
        info!(kind = api.kind, name, workspace = namespace, "deleted");
    }
    Ok(())
}
