//! The verb `plan`: what this version and this spec would change, by the API server's own word.

use std::{collections::BTreeMap, io::Write, path::Path, sync::Arc};

use serde_json::Value;

use crate::{
    cluster::{Cluster, Refusal, pace::Gate, records::Revision},
    fleet::expand,
    hash,
    platform::{self, Failure},
    reconcile::made::{self, KINDS, Made},
    resource::{Resource, Uid, Written},
};

/// What would become of one object.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Change {
    Made,
    Changed,
    Restarted,
    Deleted,
}

impl Change {
    fn word(self) -> &'static str {
        match self {
            Self::Made => "is made",
            Self::Changed => "changes",
            Self::Restarted => "changes, and its pods restart",
            Self::Deleted => "is deleted",
        }
    }
}

#[derive(Default)]
struct Sums {
    workspaces: usize,
    changed: usize,
    objects: usize,
    restarted: usize,
}

/// Prints it.
///
/// # Errors
/// When the spec has errors, or the cluster cannot be asked.
pub async fn plan(folder: &Path, namespace: &str, out: &mut impl Write) -> Result<(), Failure> {
    let platform = platform::load(folder)?;
    let cluster = Cluster::connect(namespace, Gate::open()).await.map_err(Failure::setting)?.dry();
    let asked = |refusal: Refusal| Failure::setting(refusal.message());
    let mut last: BTreeMap<String, Revision> = BTreeMap::new();
    for revision in cluster.admitted().await.map_err(asked)? {
        let known = last.get(&revision.owner).map_or(i64::MIN, |it| it.number);
        if revision.number > known {
            last.insert(revision.owner.clone(), revision);
        }
    }
    let all = cluster.all_resources().await.map_err(asked)?.into_iter().filter_map(Resource::of);
    let mut all: Vec<_> = all.collect();
    all.sort_by_key(|it| it.0.age());
    let mut sums = Sums::default();
    for (resource, inventory) in &all {
        sums.workspaces += 1;
        let admitted = last.get(&*resource.uid).map(|it| Written::of(&it.data));
        let runs = admitted.unwrap_or_else(|| resource.written.clone());
        let expanded = expand(&platform.plan, &runs).map_err(Failure::spec)?;
        let (Some(tenant), _) = expanded else {
            say(out, &format!("{}: this platform refuses its spec; it runs on", resource.name))?;
            expanded.1.list().iter().try_for_each(|it| say(out, &format!("  {}", it.message)))?;
            continue;
        };
        let uid: Uid = Arc::clone(&resource.uid);
        let made = made::all(&tenant, &uid);
        let mut changes = Vec::new();
        for object in &made {
            let known =
                inventory.iter().find(|it| it.name == object.name && it.kind == object.kind().kind);
            if known.and_then(|it| it.applied.as_deref()) == Some(&hash::text(object.hash)) {
                continue;
            }
            if let Some(change) =
                change(&cluster, tenant.namespace(), object).await.map_err(asked)?
            {
                changes.push((object.kind().kind, object.name.clone(), change));
            }
        }
        for known in inventory {
            let is_made = |made: &Made| made.name == known.name && made.kind().kind == known.kind;
            let kind = made::place(&known.api_version, &known.kind);
            let kind = kind.filter(|it| made::may_prune(*it) && !made.iter().any(is_made));
            if let Some(kind) = kind {
                changes.push((KINDS[kind].kind, known.name.clone(), Change::Deleted));
            }
        }
        told(out, &resource.name, &changes, &mut sums)?;
        stopped(out, resource)?;
    }
    let Sums { workspaces, changed, objects, restarted } = sums;
    say(
        out,
        &format!(
            "{changed} of {workspaces} workspaces change: {objects} objects, and the pods of \
             {restarted} workspaces restart, {} at a time",
            platform.plan.parallel_rollouts()
        ),
    )
}

fn say(out: &mut impl Write, line: &str) -> Result<(), Failure> {
    writeln!(out, "{line}").map_err(|error| Failure::setting(error.to_string()))
}

fn told(
    out: &mut impl Write,
    name: &str,
    changes: &[(&str, String, Change)],
    sums: &mut Sums,
) -> Result<(), Failure> {
    if changes.is_empty() {
        return Ok(());
    }
    sums.changed += 1;
    sums.objects += changes.len();
    sums.restarted += usize::from(changes.iter().any(|it| it.2 == Change::Restarted));
    say(out, &format!("{name}:"))?;
    changes.iter().try_for_each(|(kind, name, change)| {
        say(out, &format!("  {kind} `{name}` {}", change.word()))
    })
}

/// Says that a rollout has stopped at this workspace.
fn stopped(out: &mut impl Write, resource: &Resource) -> Result<(), Failure> {
    let mut conditions = resource.status.conditions.iter();
    if let Some(stalled) = conditions.find(|stalled| stalled.reason == "RolloutStalled") {
        say(out, &format!("{}: the rollout has stopped here: {}", resource.name, stalled.message))?;
    }
    Ok(())
}

/// What the API server would make of one object.
async fn change(
    cluster: &Cluster,
    namespace: &str,
    made: &Made,
) -> Result<Option<Change>, Refusal> {
    let Some(before) = cluster.whole(made.kind(), namespace, &made.name).await? else {
        return Ok(Some(Change::Made));
    };
    let after = cluster.apply_whole(&made.path, made.body.clone()).await?;
    Ok(compared(&before, &after))
}

/// What differs, but for what the server counts itself.
fn compared(before: &Value, after: &Value) -> Option<Change> {
    let plain = |whole: &Value| {
        let mut whole = whole.clone();
        if let Some(whole) = whole.as_object_mut() {
            // A list of one kind leaves both out of its items.
            whole.retain(|key, _| !["apiVersion", "kind", "status"].contains(&key.as_str()));
        }
        if let Some(meta) = whole["metadata"].as_object_mut() {
            let counted = ["managedFields", "resourceVersion", "generation"];
            meta.retain(|key, _| !counted.contains(&key.as_str()));
        }
        whole
    };
    if before["spec"]["template"] != after["spec"]["template"] {
        return Some(Change::Restarted);
    }
    (plain(before) != plain(after)).then_some(Change::Changed)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn what_the_server_counts_is_no_change() {
        let before = json!({"metadata": {"name": "a", "resourceVersion": "1", "generation": 1},
            "spec": {"template": {"a": 1}, "replicas": 1}, "status": {"replicas": 1}});
        let mut after = before.clone();
        after["metadata"]["resourceVersion"] = "2".into();
        after["kind"] = "Deployment".into();
        assert_eq!(compared(&before, &after), None);
        after["spec"]["replicas"] = 2.into();
        assert_eq!(compared(&before, &after), Some(Change::Changed));
        after["spec"]["template"]["a"] = 2.into();
        assert_eq!(compared(&before, &after), Some(Change::Restarted));
    }
}
