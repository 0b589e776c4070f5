//! One look at one workspace: what there is to know, what follows from it, and what is told of it.

use std::sync::Arc;

use tracing::{info, warn};

use super::{
    act::act,
    look::{Look, UNREADY},
    shared::Shared,
    tell::tell,
};
use crate::{
    cluster::Refusal,
    ledger::{Ledger, Reason},
    queue::Lane,
    reconcile::{
        Action,
        claim::{Claim, Namespace},
        decide,
        made::{KINDS, Made},
        waits_for_its_turn,
    },
    resource::Uid,
    room::Verdict,
    status::Failure,
};

/// Looks at a workspace, does what is to do, and tells.
pub async fn turn(shared: Arc<Shared>, uid: Uid) {
    let start = shared.now();
    let outcome = look_and_act(&shared, &uid).await;
    #[expect(clippy::cast_precision_loss, reason = "it is short")]
    let seconds = (shared.now() - start) as f64 / 1000.0;
    shared.metrics.reconciled(outcome, seconds);
    shared.done(&uid, !matches!(outcome, "failed" | "panicked"));
}

async fn look_and_act(shared: &Arc<Shared>, uid: &Uid) -> &'static str {
    if let Err(refusal) = find_foreign(shared, uid).await {
        warn!(uid = &**uid, error = refusal.message(), "cannot ask for a namespace");
        return "failed";
    }
    let Some((mut look, heirs)) = Look::at(&mut shared.fleet(), uid, shared.now()) else {
        return "unchanged";
    };
    heirs.iter().filter(|it| *it != uid).for_each(|it| shared.push(it, Lane::People));
    let ledger = shared.fleet().ledger(&look.name).clone();
    if waits_for_its_turn(&look.view(&ledger)) {
        look.may_restart = !restarts_pods(shared, &look, &ledger).await;
    }
    let actions = decide(&look.view(&ledger));
    let done = act(shared, &mut look, &actions).await;
    let is_released = actions.contains(&Action::Release) && done.is_ok();
    let (failures, is_broken) = match done {
        Ok(failures) => (failures, false),
        Err(failure) => (vec![failure], true),
    };
    if is_released {
        info!(workspace = &*look.name, "let go");
        return "changed";
    }
    for failure in &failures {
        let (object, error) = (&failure.object, failure.refusal.message());
        warn!(workspace = &*look.name, object, error, "not done");
    }
    let told = tell(shared, &mut look, &failures, is_broken).await;
    if let Err(refusal) = &told {
        warn!(workspace = &*look.name, error = refusal.message(), "cannot tell the status");
    }
    again(shared, &look, &failures);
    outcome(&look, &actions, &failures, told.is_err())
}

/// Whether workloads that are to be written in another form would get other pods, by the server's
/// own word: its generation stands still where only labels differ.
async fn restarts_pods(shared: &Shared, look: &Look, ledger: &Ledger) -> bool {
    let dry = shared.cluster.dry();
    for made in look.made.iter().filter(|it| it.is_workload) {
        if !ledger.is_other(made.key, made.hash) {
            continue;
        }
        match dry.apply(&made.path, made.body.clone()).await {
            Ok(meta) if meta.generation == Some(ledger.generation(made.key)) => {}
            _ => return true,
        }
    }
    false
}

fn outcome(look: &Look, actions: &[Action], failures: &[Failure], is_untold: bool) -> &'static str {
    // Nothing helps but a change of the spec or of this program, and both come by themselves.
    let is_final = |failure: &Failure| matches!(failure.refusal, Refusal::Immutable(_));
    match () {
        () if look.panic.is_some() => "panicked",
        () if is_untold || !failures.iter().all(is_final) => "failed",
        () if look.problems.is_some() || look.claim != Claim::Ours => "refused",
        () if look.verdict != Verdict::Fits => "refused",
        () if actions.is_empty() => "unchanged",
        () => "changed",
    }
}

/// Asks for a namespace of a workspace's name that bears no label of ours: no watch tells of it.
async fn find_foreign(shared: &Shared, uid: &Uid) -> Result<(), Refusal> {
    let name = {
        let fleet = shared.fleet();
        let Some(workspace) = fleet.workspaces.get(uid) else { return Ok(()) };
        let is_known = fleet.namespaces.contains_key(&workspace.name);
        if is_known || workspace.resource.is_deleting || workspace.reading.size.is_none() {
            return Ok(());
        }
        workspace.name.clone()
    };
    let kind = KINDS.iter().find(|it| it.kind == "Namespace").expect("a workspace has one");
    let found = shared.cluster.named(kind, "", &name).await?;
    if let Some(workspace) = shared.fleet().workspaces.get_mut(uid) {
        workspace.foreign = found.map(|it| Namespace::of(&it));
    }
    Ok(())
}

/// Looks again at once where something came meanwhile, and later where something is waited for.
fn again(shared: &Shared, look: &Look, failures: &[Failure]) {
    let uid = &look.resource.uid;
    let mut fleet = shared.fleet();
    let ledger = fleet.ledger(&look.name);
    let keys: Vec<_> = look.made.iter().map(|it| it.key).collect();
    ledger.keep(&keys);
    let view = look.view(ledger);
    let is_drifted = |made: &Made| ledger.needs(made.key, made.hash) == Some(Reason::Drifted);
    let is_left = |action: &Action| matches!(action, Action::Apply(_) | Action::Prune(_));
    // What could not be applied waits; what somebody has changed meanwhile does not.
    let is_unsettled = if failures.is_empty() {
        look.tenant.is_some() && !waits_for_its_turn(&view) && decide(&view).iter().any(is_left)
    } else {
        look.made.iter().any(is_drifted)
    };
    let age = look.resource.age();
    let workspace = fleet.workspaces.get(uid);
    let waits = workspace.and_then(|it| it.unready_since).map(|since| {
        let unready = shared.now().saturating_sub(since);
        UNREADY.checked_sub(unready).filter(|it| *it > 0).unwrap_or(2 * UNREADY)
    });
    let next = if workspace.is_some() && waits.is_none() && look.tenant.is_some() {
        fleet.rollouts.settled(&age)
    } else {
        Vec::new()
    };
    drop(fleet);
    if is_unsettled {
        shared.push(uid, Lane::People);
    }
    if let Some(pause) = waits {
        shared.push_after(uid, pause);
    }
    if look.namespace.as_ref().is_some_and(|it| it.is_terminating) {
        shared.push_after(uid, UNREADY);
    }
    // A foreign namespace goes without a word to us.
    if matches!(look.claim, Claim::Refused("NamespaceForeign" | "ForeignObjects", _)) {
        shared.push_after(uid, 2 * UNREADY);
    }
    for uid in &next {
        shared.push(uid, Lane::People);
    }
}
