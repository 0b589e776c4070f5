//! What to do for a workspace: a pure function of its resource, of what it becomes, and of what is
//! there.
//!
//! Its answer is the same from any start, so a process that ends between two actions loses nothing:
//! the next one asks again.

pub mod claim;
pub mod made;

use self::{claim::Namespace, made::Made};
use crate::{
    ledger::{Key, Ledger},
    resource::Resource,
};

/// One thing to do. Those of one answer are done in their order; when one fails, those that need it
/// are left out.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Action {
    /// Let the resource wait for us when it is deleted.
    Hold,
    /// Store the spec that is admitted.
    Admit,
    /// Apply objects, all at once: their places among those that are made.
    Apply(Vec<usize>),
    /// Delete the objects of some kinds that bear our label and are not made.
    Prune(Vec<u8>),
    /// Let no pod start any more.
    Quiet,
    /// Delete all objects that bear our label and hold no data.
    Clear,
    /// Say of the namespace that its workspace is gone.
    Retain,
    /// Delete the namespace, with all that is in it.
    DeleteNamespace,
    /// Let the resource go.
    Release,
}

/// What there is to know.
pub struct View<'a> {
    /// The resource.
    pub resource: &'a Resource,
    /// The namespace, as far as it is known.
    pub namespace: Option<&'a Namespace>,
    /// What is there.
    pub ledger: &'a Ledger,
    /// What the spec that may run becomes: none where no spec may run.
    pub made: Option<&'a [Made]>,
    /// Whether this spec has not been stored yet.
    pub is_new_spec: bool,
    /// Whether pods may be restarted now though nobody asked for it.
    pub may_restart: bool,
    /// Whether its data goes with it.
    pub lets_data_go: bool,
}

/// What to do, in this order; nothing where all is as it should be.
pub fn decide(view: &View<'_>) -> Vec<Action> {
    if view.resource.is_deleting {
        return ending(view);
    }
    let Some(made) = view.made else { return Vec::new() };
    let mut actions = Vec::new();
    if !view.resource.is_held() || view.resource.is_held_by_former() {
        actions.push(Action::Hold);
    }
    if view.is_new_spec {
        actions.push(Action::Admit);
    }
    if view.namespace.is_some_and(|it| it.is_terminating) {
        return actions;
    }
    let waits = waits_for_its_turn(view);
    for step in made.chunk_by(|a, b| a.step == b.step) {
        let needed = |made: &&Made| {
            !(waits && made.is_workload && view.ledger.is_other(made.key, made.hash))
                && view.ledger.needs(made.key, made.hash).is_some()
        };
        let all = made.iter().position(|it| it.key == step[0].key).unwrap_or_default();
        let places = step.iter().enumerate().filter(|(_, made)| needed(made));
        let places: Vec<usize> = places.map(|(at, _)| all + at).collect();
        if !places.is_empty() {
            actions.push(Action::Apply(places));
        }
    }
    // Pods that wait for their turn still read what will be pruned.
    let strays = if waits { Vec::new() } else { strays(view.ledger, made) };
    if !strays.is_empty() {
        actions.push(Action::Prune(strays));
    }
    actions
}

/// Kinds with objects that bear our label and are not made; of those that hold data, none.
fn strays(ledger: &Ledger, made: &[Made]) -> Vec<u8> {
    let keys: Vec<Key> = made.iter().map(|it| it.key).collect();
    let mut kinds = ledger.strays(&keys);
    kinds.retain(|kind| made::may_prune(usize::from(*kind)));
    kinds
}

/// Whether pods would restart for a reason that is not its people's, before their turn.
pub fn waits_for_its_turn(view: &View<'_>) -> bool {
    !view.may_restart && restarts(view)
}

/// Whether a workload is to be written in another form though the spec is the one that was looked
/// at before: a new version, or another platform.
pub fn restarts(view: &View<'_>) -> bool {
    let is_seen = view.resource.status.observed_generation == Some(view.resource.generation);
    let mut workloads = view.made.into_iter().flatten().filter(|it| it.is_workload);
    is_seen && !view.is_new_spec && workloads.any(|it| view.ledger.is_other(it.key, it.hash))
}

/// What to do for a resource that is being deleted.
fn ending(view: &View<'_>) -> Vec<Action> {
    if !view.resource.is_held() && !view.resource.is_held_by_former() {
        return Vec::new();
    }
    let ours = view.namespace.filter(|it| it.owner.as_deref() == Some(&*view.resource.uid));
    let Some(namespace) = ours else { return vec![Action::Release] };
    if view.lets_data_go {
        // While it goes, there is nothing to do but to wait.
        let wanted = [Action::DeleteNamespace];
        return if namespace.is_terminating { Vec::new() } else { wanted.into() };
    }
    if namespace.is_terminating || namespace.is_retained {
        return vec![Action::Release];
    }
    vec![Action::Quiet, Action::Clear, Action::Retain, Action::Release]
}
