//! What is told of a workspace: conditions as Kubernetes has them, whose times move when they
//! change and not before.

use espalier::{ConditionStatus, Tenant, WorkspaceCondition, WorkspaceModel, WorkspaceStatus};

use crate::{
    cluster::{Refusal, pods::Trouble},
    reconcile::claim::Claim,
    resource::Resource,
    room::Verdict,
};

/// What happened to one object that could not be applied.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Failure {
    /// Kind and name.
    pub object: String,
    /// Why.
    pub refusal: Refusal,
}

/// What is known once a turn is over.
#[expect(clippy::struct_excessive_bools, reason = "each is one thing that is so or not")]
pub struct Outcome<'a> {
    /// The resource.
    pub resource: &'a Resource,
    /// What is wrong with its spec.
    pub problems: Option<&'a str>,
    /// Whether what it names is its own.
    pub claim: &'a Claim,
    /// Whether it has its place.
    pub verdict: &'a Verdict,
    /// What runs; none where nothing may.
    pub tenant: Option<&'a Tenant>,
    /// The name of the record of what runs.
    pub revision: Option<&'a str>,
    /// Whether all of it has been applied.
    pub is_applied: bool,
    /// What could not be applied.
    pub failures: &'a [Failure],
    /// Whether its workloads have come to their end.
    pub is_rolled_out: bool,
    /// Whether its own Ollama serves.
    pub serves_models: bool,
    /// Whether its pods wait for their turn to be restarted.
    pub waits: bool,
    /// Whether it has stopped the rollout of the fleet.
    pub stalled: bool,
    /// Why a pod does not start.
    pub trouble: Option<&'a Trouble>,
    /// What keeps its namespace from going.
    pub held: &'a [String],
    /// Whether its namespace goes though nobody asked us.
    pub is_terminating: bool,
    /// Something went wrong in this program.
    pub panic: Option<&'a str>,
    /// This moment.
    pub now: &'a str,
}

/// One condition, before it is compared with what was told.
type Said = (&'static str, ConditionStatus, &'static str, String);

use ConditionStatus::{False, True, Unknown};

/// The status, without the inventory.
pub fn status(outcome: &Outcome<'_>) -> WorkspaceStatus {
    let before = &outcome.resource.status;
    let generation = outcome.resource.generation;
    let condition = |(type_, status, reason, message): Said| {
        let was = before.conditions.iter().find(|it| it.type_ == type_);
        let since = was.filter(|it| it.status == status).map(|it| it.last_transition_time.clone());
        WorkspaceCondition {
            type_: type_.to_owned(),
            status,
            reason: reason.to_owned(),
            message: shortened(message),
            last_transition_time: since.unwrap_or_else(|| outcome.now.to_owned()),
            observed_generation: Some(generation),
        }
    };
    let said = [
        accepted(outcome),
        admitted(outcome),
        progressing(outcome),
        ready(outcome),
        degraded(outcome),
    ];
    let tenant = outcome.tenant;
    WorkspaceStatus {
        observed_generation: Some(generation),
        is_created: before.is_created || tenant.is_some() && outcome.is_applied,
        conditions: said.map(condition).into(),
        urls: tenant.map(Tenant::urls).unwrap_or_default(),
        budget: tenant.map(Tenant::budget),
        models: models(outcome),
        inventory: Vec::new(),
        admitted_revision: outcome.revision.map(str::to_owned),
    }
}

fn models(outcome: &Outcome<'_>) -> Vec<WorkspaceModel> {
    let mut models: Vec<WorkspaceModel> = Vec::new();
    for name in outcome.tenant.into_iter().flat_map(Tenant::models) {
        if !models.iter().any(|it| it.name == name) {
            models.push(WorkspaceModel { name: name.to_owned(), is_ready: outcome.serves_models });
        }
    }
    models
}

/// As long as a message may be.
fn shortened(message: String) -> String {
    const MOST: usize = 4096;
    if message.len() <= MOST {
        return message;
    }
    message.chars().take(MOST / 4).chain("…".chars()).collect()
}

fn accepted(outcome: &Outcome<'_>) -> Said {
    if outcome.panic.is_some() {
        return (
            "Accepted",
            Unknown,
            "InternalError",
            "the spec could not be looked at".to_owned(),
        );
    }
    if let Some(problems) = outcome.problems {
        return ("Accepted", False, "InvalidSpec", problems.to_owned());
    }
    match outcome.claim {
        Claim::Refused(reason, message) => ("Accepted", False, reason, message.clone()),
        Claim::Ours => ("Accepted", True, "Valid", "the spec can be had".to_owned()),
    }
}

fn is_accepted(outcome: &Outcome<'_>) -> bool {
    accepted(outcome).1 == True
}

fn is_suspended(outcome: &Outcome<'_>) -> bool {
    outcome.tenant.is_some_and(Tenant::is_suspended)
}

fn admitted(outcome: &Outcome<'_>) -> Said {
    if !is_accepted(outcome) {
        let message = "the spec is not accepted; what was admitted before runs on";
        return ("Admitted", False, "NotAccepted", message.to_owned());
    }
    match outcome.verdict {
        Verdict::NoRoom(message) => ("Admitted", False, "NoRoom", message.clone()),
        Verdict::Fits if is_suspended(outcome) => {
            ("Admitted", True, "Suspended", "at rest it needs no room".to_owned())
        }
        Verdict::Fits => ("Admitted", True, "Fits", "the nodes have room for it".to_owned()),
    }
}

fn progressing(outcome: &Outcome<'_>) -> Said {
    let say = |status, reason, message: &str| ("Progressing", status, reason, message.to_owned());
    if outcome.resource.is_deleting {
        return say(True, "Deleting", "its objects are being removed");
    }
    if outcome.tenant.is_none() {
        return say(False, "Stopped", "nothing of it runs");
    }
    if outcome.waits {
        return say(
            True,
            "WaitingForTurn",
            "the platform has changed; its pods restart when it is this workspace's turn",
        );
    }
    if !outcome.is_applied {
        return say(True, "Applying", "not all of its objects are applied yet");
    }
    if outcome.is_rolled_out {
        return say(False, "RolledOut", "its pods are those that the spec asks for");
    }
    say(True, "RollingOut", "its pods are being replaced or started")
}

fn ready(outcome: &Outcome<'_>) -> Said {
    let say = |status, reason, message: String| ("Ready", status, reason, message);
    if outcome.resource.is_deleting {
        return say(False, "Deleting", "it is being deleted".to_owned());
    }
    if outcome.tenant.is_none() {
        let (_, _, reason, message) = accepted(outcome);
        if reason != "Valid" {
            return say(False, "NotAccepted", message);
        }
        let (_, _, reason, message) = admitted(outcome);
        return say(False, reason, message);
    }
    if is_suspended(outcome) {
        return say(False, "Suspended", "it is at rest: `suspend: true`".to_owned());
    }
    if outcome.is_rolled_out && (outcome.is_applied || outcome.waits) {
        return say(True, "Ready", "Open WebUI and its models answer".to_owned());
    }
    if let Some(trouble) = outcome.trouble {
        return say(False, trouble.reason, trouble.message.clone());
    }
    let (_, _, reason, message) = progressing(outcome);
    say(False, if reason == "RolledOut" { "Applying" } else { reason }, message)
}

fn degraded(outcome: &Outcome<'_>) -> Said {
    let say = |reason, message: String| ("Degraded", True, reason, message);
    if let Some(panic) = outcome.panic {
        return say(
            "InternalError",
            format!("this operator failed on it, and on no other workspace: {panic}"),
        );
    }
    if outcome.resource.is_deleting && !outcome.held.is_empty() {
        return say("DeletionBlocked", outcome.held.join("; "));
    }
    if outcome.is_terminating && !outcome.resource.is_deleting {
        let more = outcome.held.iter().fold(String::new(), |all, held| all + "; " + held);
        return say(
            "NamespaceTerminating",
            format!("somebody deletes its namespace; it is made anew when that is gone{more}"),
        );
    }
    let immutable = |failure: &&Failure| matches!(failure.refusal, Refusal::Immutable(_));
    if let Some(failure) = outcome.failures.iter().find(immutable) {
        return say(
            "ImmutableField",
            format!(
                "{}: {}; a field that cannot change: save what it holds, delete the object \
                 yourself, and it is made anew",
                failure.object,
                failure.refusal.message()
            ),
        );
    }
    if !outcome.failures.is_empty() {
        let each =
            outcome.failures.iter().map(|it| format!("{}: {}", it.object, it.refusal.message()));
        return say("ApplyFailed", each.collect::<Vec<_>>().join("; "));
    }
    if outcome.stalled {
        let message = "it was ready before its pods restarted, and is not again since 15 minutes: \
                       no other workspace is restarted";
        return say("RolloutStalled", message.to_owned());
    }
    ("Degraded", False, "AsExpected", "nothing is wrong with its objects".to_owned())
}
