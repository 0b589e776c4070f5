//! What there is to know of one workspace at one moment.

use std::sync::Arc;

use espalier::{ConditionStatus, Tenant};

use crate::{
    cluster::pods::Trouble,
    fleet::{Fleet, expand},
    ledger::Ledger,
    reconcile::{
        View,
        claim::{Claim, Namespace},
        made::{self, Made},
        restarts,
    },
    resource::{Resource, Uid},
    room::Verdict,
};

/// How long a workspace may not be ready before its pods are asked why, in milliseconds.
pub const UNREADY: u64 = 30_000;

/// What there is to know of a workspace at one moment.
pub struct Look {
    /// The resource.
    pub resource: Resource,
    /// The workspace's name.
    pub name: Arc<str>,
    /// Whether what it names is its own.
    pub claim: Claim,
    /// Whether it has its place.
    pub verdict: Verdict,
    /// What is wrong with its spec.
    pub problems: Option<String>,
    /// The program failed on it.
    pub panic: Option<String>,
    /// What may run.
    pub tenant: Option<Tenant>,
    /// What that becomes.
    pub made: Vec<Made>,
    /// The namespace.
    pub namespace: Option<Namespace>,
    /// Whether what may run has not been stored yet.
    pub is_new_spec: bool,
    /// Whether pods may be restarted now.
    pub may_restart: bool,
    /// Whether its data goes with it.
    pub lets_data_go: bool,
    /// Why a pod does not start.
    pub trouble: Option<Trouble>,
    /// What keeps its namespace from going.
    pub held: Vec<String>,
}

impl Look {
    /// The same, for what is pure.
    pub fn view<'a>(&'a self, ledger: &'a Ledger) -> View<'a> {
        View {
            resource: &self.resource,
            namespace: self.namespace.as_ref(),
            ledger,
            made: self.tenant.is_some().then_some(&*self.made),
            is_new_spec: self.is_new_spec,
            may_restart: self.may_restart,
            lets_data_go: self.lets_data_go,
        }
    }

    /// What there is to know of a workspace, and who has a place by it.
    pub fn at(fleet: &mut Fleet, uid: &Uid, now: u64) -> Option<(Self, Vec<Uid>)> {
        fleet.recall(uid);
        let claim = fleet.claim(uid);
        let workspace = fleet.workspaces.get(uid)?;
        let (resource, name) = (workspace.resource.clone(), workspace.name.clone());
        let namespace = fleet.namespace_of(workspace).cloned();
        let is_ours = namespace.as_ref().is_some_and(|it| it.owner.as_ref() == Some(uid));
        let is_sound = workspace.reading.size.is_some() && claim == Claim::Ours;
        let admitted = workspace.last_admitted().map(|it| it.written.clone());
        let may_run = !resource.is_deleting && (claim == Claim::Ours || is_ours);
        let (is_admitted, lets_data_go) = (workspace.is_admitted(), workspace.lets_data_go());
        let (problems, mut panic) =
            (workspace.reading.problems.clone(), workspace.reading.panic.clone());
        let (verdict, heirs) = if resource.is_deleting || !is_sound {
            let keeps = may_run && admitted.is_some() || resource.is_deleting && is_ours;
            (Verdict::Fits, if keeps { Vec::new() } else { fleet.leave(uid) })
        } else {
            let verdict = fleet.verdict(uid);
            (verdict, if is_admitted { Vec::new() } else { fleet.wake() })
        };
        let runs = if is_sound && verdict == Verdict::Fits {
            Some(resource.written.clone())
        } else {
            admitted
        };
        let mut tenant = None;
        if let Some(written) = runs.as_ref().filter(|_| may_run) {
            match expand(&fleet.plan, written) {
                Ok((expanded, _)) => tenant = expanded,
                Err(said) => panic = Some(said),
            }
        }
        let is_new_spec =
            runs.as_ref().is_some_and(|it| it.hash == resource.written.hash) && !is_admitted;
        let made = tenant.as_ref().map(|it| made::all(it, uid)).unwrap_or_default();
        let mut look = Self {
            name,
            claim,
            verdict,
            problems,
            panic,
            tenant,
            made,
            namespace,
            is_new_spec,
            may_restart: true,
            lets_data_go,
            trouble: None,
            held: Vec::new(),
            resource,
        };
        let ledger = fleet.ledger(&look.name).clone();
        if restarts(&look.view(&ledger)) {
            let ready = look.resource.status.conditions.iter().find(|it| it.type_ == "Ready");
            let was_ready = ready.is_some_and(|it| it.status == ConditionStatus::True);
            look.may_restart = fleet.rollouts.ask(&look.resource.age(), was_ready, now);
        }
        Some((look, heirs))
    }
}
