//! What is told of a workspace after a look: its status where that changes, and an event where a
//! condition does.

use espalier::{ConditionStatus, WorkspaceStatus};
use tracing::warn;

use super::{
    look::{Look, UNREADY},
    shared::Shared,
};
use crate::{
    cluster::{Refusal, records},
    reconcile::{Action, decide, waits_for_its_turn},
    resource::{Resource, told},
    status::{Failure, Outcome, status},
};

/// Tells what holds now.
pub async fn tell(
    shared: &Shared,
    look: &mut Look,
    failures: &[Failure],
    is_broken: bool,
) -> Result<(), Refusal> {
    let uid = look.resource.uid.clone();
    ask_why(shared, look).await?;
    let (now, before) = (records::now(), look.resource.clone());
    let status = {
        let mut fleet = shared.fleet();
        look.namespace = fleet.namespaces.get(&look.name).cloned();
        let Some(workspace) = fleet.workspaces.get(&uid) else { return Ok(()) };
        let revision = workspace.last_admitted().map(|it| it.record.name.clone());
        let is_stalled = fleet.rollouts.stalled(shared.now()) == Some(&uid);
        let ledger = fleet.ledger(&look.name);
        let view = look.view(ledger);
        let waits = waits_for_its_turn(&view);
        let is_left = |action: &Action| matches!(action, Action::Apply(_));
        let is_applied = !is_broken && failures.is_empty() && !decide(&view).iter().any(is_left);
        let has = |kind: &str| look.made.iter().any(|it| it.kind().kind == kind);
        let outcome = Outcome {
            resource: &before,
            problems: look.problems.as_deref(),
            claim: &look.claim,
            verdict: &look.verdict,
            tenant: look.tenant.as_ref(),
            revision: revision.as_deref(),
            is_applied: is_applied && !waits,
            failures,
            is_rolled_out: ledger.is_rolled_out(has("Deployment"), has("StatefulSet")),
            serves_models: ledger.serves_models(),
            waits,
            stalled: is_stalled,
            trouble: look.trouble.as_ref(),
            held: &look.held,
            is_terminating: look.namespace.as_ref().is_some_and(|it| it.is_terminating),
            panic: look.panic.as_deref(),
            now: &now,
        };
        let mut status = status(&outcome);
        let inventory = look.made.iter().filter_map(|it| ledger.told(it.key, it.entry()));
        status.inventory = inventory.collect();
        let is_ready = holds(&status, "Ready");
        let is_waiting = look.tenant.as_ref().is_some_and(|it| !it.is_suspended()) && !is_ready;
        let now = shared.now();
        if let Some(workspace) = fleet.workspaces.get_mut(&uid) {
            let since = workspace.unready_since.unwrap_or(now);
            workspace.unready_since = is_waiting.then_some(since);
        }
        status
    };
    let hash = told(&status);
    if hash == look.resource.told {
        return Ok(());
    }
    let meta = shared.cluster.tell(look.resource.about(), &status).await?;
    events(shared, &before, &status).await;
    let mut fleet = shared.fleet();
    let known = fleet.workspaces.get_mut(&uid).filter(|_| meta.is_some());
    if let (Some(known), Some(meta)) = (known, meta) {
        let mut status = status;
        status.inventory = Vec::new();
        known.resource.version = meta.resource_version.unwrap_or_default();
        (known.resource.status, known.resource.told) = (status, hash);
    }
    Ok(())
}

/// Asks why a workspace is not ready after a while, and what keeps its namespace.
async fn ask_why(shared: &Shared, look: &mut Look) -> Result<(), Refusal> {
    let now = shared.now();
    let since = {
        let fleet = shared.fleet();
        fleet.workspaces.get(&look.resource.uid).and_then(|it| it.unready_since)
    };
    if look.tenant.is_some() && since.is_some_and(|it| now.saturating_sub(it) >= UNREADY) {
        look.trouble = shared.cluster.trouble(&look.name).await?;
    }
    if look.namespace.as_ref().is_some_and(|it| it.is_terminating) {
        look.held = shared.cluster.holds(&look.name).await?;
    }
    Ok(())
}

fn holds(status: &WorkspaceStatus, type_: &str) -> bool {
    let condition = status.conditions.iter().find(|it| it.type_ == type_);
    condition.is_some_and(|it| it.status == ConditionStatus::True)
}

/// Says what became another. An event that cannot be made is no loss.
async fn events(shared: &Shared, before: &Resource, status: &WorkspaceStatus) {
    for condition in &status.conditions {
        let was = before.status.conditions.iter().find(|it| it.type_ == condition.type_);
        if was.is_some_and(|it| it.status == condition.status && it.reason == condition.reason) {
            continue;
        }
        let is_true = condition.status == ConditionStatus::True;
        let is_news = match &*condition.type_ {
            "Accepted" | "Admitted" => !is_true || was.is_some(),
            "Ready" => is_true || was.is_some_and(|it| it.status == ConditionStatus::True),
            "Degraded" => is_true || was.is_some_and(|it| it.status == ConditionStatus::True),
            _ => false,
        };
        if !is_news {
            continue;
        }
        let is_warning = is_true == (condition.type_ == "Degraded");
        let (reason, note) = (&condition.reason, &condition.message);
        let made = shared.cluster.event(before.about(), is_warning, reason, note).await;
        if let Err(refusal) = made {
            warn!(error = refusal.message(), "an event was not made");
        }
    }
}
