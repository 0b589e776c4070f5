//! What the watch tells of all workspaces: what each takes of the nodes, and whether any of them
//! has changed. Their resources are not kept.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
};

use espalier::{ConditionStatus, Findings, Plan, Size, Sums};

use crate::{
    fleet,
    resource::{Age, Resource, Uid},
    room::Places,
};

/// All workspaces.
pub struct Census {
    plan: Arc<Plan>,
    places: Places,
    /// The spec that each place was computed of, as a hash.
    read: BTreeMap<Uid, (u64, Option<Size>)>,
    /// Whose each name of a workspace is: the oldest resource's, as the operator has it.
    holders: BTreeMap<String, (Age, Uid)>,
    /// How often something has changed.
    changes: u64,
    is_complete: bool,
    is_listing: bool,
}

impl Census {
    /// No workspace yet.
    pub fn new(plan: Arc<Plan>) -> Self {
        let places = Places::of(plan.room());
        Self {
            plan,
            places,
            read: BTreeMap::new(),
            holders: BTreeMap::new(),
            changes: 0,
            is_complete: false,
            is_listing: false,
        }
    }

    /// All that there is will be told anew: what has changed meanwhile is not known.
    pub fn begin(&mut self) {
        self.is_listing = true;
    }

    /// All that there is has been told.
    pub fn complete(&mut self, there: &BTreeSet<Uid>) {
        let gone: Vec<Uid> = self.read.keys().filter(|it| !there.contains(*it)).cloned().collect();
        for uid in &gone {
            self.forget(uid);
        }
        self.is_complete = true;
        self.is_listing = false;
        self.changed();
    }

    /// Whether it has.
    pub fn is_complete(&self) -> bool {
        self.is_complete
    }

    /// Something has changed.
    pub fn changed(&mut self) {
        self.changes += 1;
    }

    /// How often something has changed; none while that is not known.
    pub fn changes(&self) -> Option<u64> {
        (self.is_complete && !self.is_listing).then_some(self.changes)
    }

    /// A resource is there, or has changed.
    pub fn learn(&mut self, resource: &Resource) {
        self.changed();
        let hash = resource.written.hash;
        let known = self.read.get(&resource.uid).filter(|it| it.0 == hash);
        let size = match known {
            Some((_, size)) => size.clone(),
            None => match fleet::expand(&self.plan, &resource.written) {
                Ok((tenant, _)) => tenant.map(|it| it.size()),
                Err(_) => None,
            },
        };
        let said = |name: &str| {
            let found = resource.status.conditions.iter().find(|it| it.type_ == name);
            found.map(|it| it.status)
        };
        let is_refused = [said("Accepted"), said("Admitted")]
            .contains(&Some(ConditionStatus::False))
            && resource.status.observed_generation == Some(resource.generation);
        let has_run = resource.status.admitted_revision.is_some();
        match &size {
            // What was admitted before runs on.
            _ if is_refused && has_run && self.read.contains_key(&resource.uid) => {}
            Some(size) if !is_refused || has_run => self.keep(resource, size),
            _ => self.leave(&resource.uid),
        }
        self.read.insert(resource.uid.clone(), (hash, size));
    }

    /// Gives a place to a resource, unless an older one has the name.
    fn keep(&mut self, resource: &Resource, size: &Size) {
        let (age, uid) = (resource.age(), &resource.uid);
        match self.holders.get(size.namespace()) {
            Some((held, other)) if other != uid && *held < age => return,
            Some((_, other)) if other != uid => drop(self.places.leave(&other.clone())),
            Some(_) | None => {}
        }
        self.places.keep(uid, &age, size.clone());
        self.holders.insert(size.namespace().to_owned(), (age, uid.clone()));
    }

    /// Takes its place away, and the name that it holds.
    fn leave(&mut self, uid: &Uid) {
        if let Some(size) = self.places.leave(uid) {
            self.holders.remove(size.namespace());
        }
    }

    /// Whether a resource makes the workspace of this name.
    pub fn is_taken(&self, workspace: &str) -> bool {
        self.holders.contains_key(workspace)
    }

    /// A resource is gone.
    pub fn forget(&mut self, uid: &Uid) {
        self.changed();
        self.read.remove(uid);
        self.leave(uid);
    }

    /// What is missing for a size; nothing where it has room.
    pub fn lacks(&mut self, size: &Size) -> Option<Findings> {
        self.places.lacks(size)
    }

    /// How many more of a size fit.
    pub fn more(&self, size: &Size) -> u32 {
        self.places.more(size)
    }

    /// The sums, and how many workspaces have a place.
    pub fn sums(&self) -> (Sums, usize) {
        (self.places.sums(), self.places.taken())
    }
}
