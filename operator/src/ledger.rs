//! What was applied in a namespace and what is there: it tells our own writes, and the noise of
//! controllers, from what somebody else has changed.
//!
//! Events may come before the answer of the write that caused them, and after it. So an event only
//! says what is there; whether that is what was applied is asked when nobody writes.

use std::hash::Hasher;

use espalier::InventoryEntry;
use k8s_openapi::apimachinery::pkg::apis::meta::v1::ObjectMeta;

use crate::{
    cluster::{
        fields,
        watch::{Progress, Workload},
    },
    hash::{self, Fnv},
};

/// An object of a namespace: its kind's place among all kinds, and a hash of its name.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Key {
    /// The kind.
    pub kind: u8,
    name: u64,
}

impl Key {
    /// The key of an object.
    pub fn of(kind: usize, name: &str) -> Self {
        let mut hash = Fnv::default();
        hash.write(name.as_bytes());
        Self { kind: u8::try_from(kind).expect("there are few kinds"), name: hash.finish() }
    }
}

#[derive(Clone, Debug)]
struct Entry {
    key: Key,
    /// Whether it was in the list that is being told.
    is_listed: bool,
    /// What was applied, as a hash; 0 where nothing was.
    applied: u64,
    /// Who owned which of its fields then.
    fields: u64,
    /// Who owns which of its fields now; 0 where it is not there.
    seen: u64,
    /// The version of what is there.
    version: u64,
    /// The generation after it was applied.
    generation: i64,
}

/// What was applied of one object in another life of this program, as it was told.
#[derive(Clone, Copy, Debug)]
pub struct Told {
    key: Key,
    applied: u64,
    fields: u64,
    generation: i64,
}

impl Told {
    /// Reads an inventory, which is a hundred times as long: thousands are held at the start.
    pub fn all(inventory: &[InventoryEntry], kind: Place) -> Box<[Self]> {
        let stored = |text: &Option<String>| text.as_deref().and_then(hash::parse);
        let one = |known: &InventoryEntry| {
            Some(Self {
                key: Key::of(kind(&known.api_version, &known.kind)?, &known.name),
                applied: stored(&known.applied).unwrap_or_default(),
                fields: stored(&known.fields).unwrap_or_default(),
                generation: known.generation.unwrap_or_default(),
            })
        };
        inventory.iter().filter_map(one).collect()
    }
}

/// The place of a kind among all kinds, by its version and its name.
pub type Place = fn(&str, &str) -> Option<usize>;

/// The objects of one namespace.
#[derive(Clone, Debug, Default)]
pub struct Ledger {
    entries: Vec<Entry>,
    /// Whether what was applied in another life of this program has been read.
    is_read: bool,
    deployment: Option<Rollout>,
    stateful_set: Option<Rollout>,
}

/// How far a workload has come.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Rollout {
    generation: i64,
    wanted: i64,
    progress: Progress,
}

impl Rollout {
    /// Whether all pods are of the newest form, ready, and the only ones.
    pub fn is_done(&self) -> bool {
        let Progress { observed_generation, replicas, updated_replicas, ready_replicas } =
            self.progress;
        observed_generation >= self.generation
            && [replicas, updated_replicas, ready_replicas].iter().all(|it| *it == self.wanted)
    }
}

/// Why an object has to be applied.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Reason {
    /// It is new, or something else is to be written.
    Changed,
    /// Somebody has changed or deleted it.
    Drifted,
}

fn version(meta: &ObjectMeta) -> u64 {
    meta.resource_version.as_deref().and_then(|it| it.parse().ok()).unwrap_or_default()
}

impl Ledger {
    fn at(&mut self, key: Key) -> &mut Entry {
        let at = match self.entries.binary_search_by_key(&key, |it| it.key) {
            Ok(at) => at,
            Err(at) => {
                let entry = Entry {
                    key,
                    is_listed: false,
                    applied: 0,
                    fields: 0,
                    seen: 0,
                    version: 0,
                    generation: 0,
                };
                self.entries.reserve_exact(1);
                self.entries.insert(at, entry);
                at
            }
        };
        &mut self.entries[at]
    }

    fn get(&self, key: Key) -> Option<&Entry> {
        let at = self.entries.binary_search_by_key(&key, |it| it.key).ok()?;
        Some(&self.entries[at])
    }

    /// A list of all objects of a kind begins.
    pub fn begin(&mut self, kind: usize) {
        for entry in self.entries.iter_mut().filter(|it| usize::from(it.key.kind) == kind) {
            entry.is_listed = false;
        }
    }

    /// A list of all objects of a kind is complete: what was not in it is gone. Whether anything
    /// is.
    pub fn complete(&mut self, kind: usize) -> bool {
        let mut is_less = false;
        for entry in self.entries.iter_mut().filter(|it| usize::from(it.key.kind) == kind) {
            if !entry.is_listed && entry.seen != 0 {
                entry.seen = 0;
                is_less = true;
            }
        }
        self.forget();
        is_less
    }

    /// An object is there, in some form. Whether that is news, and not what was applied.
    pub fn there(&mut self, key: Key, meta: &ObjectMeta) -> bool {
        let (version, seen) = (version(meta), fields::fingerprint(meta));
        let entry = self.at(key);
        entry.is_listed = true;
        if version < entry.version {
            return false;
        }
        entry.version = version;
        let is_news = entry.seen != seen && entry.fields != seen;
        entry.seen = seen;
        is_news
    }

    /// An object is gone.
    pub fn gone(&mut self, key: Key, meta: &ObjectMeta) {
        let version = version(meta);
        let entry = self.at(key);
        if version >= entry.version {
            entry.seen = 0;
            entry.version = version;
        }
        self.forget();
    }

    /// Entries of what neither is there nor was applied say nothing.
    fn forget(&mut self) {
        self.entries.retain(|it| it.seen != 0 || it.applied != 0);
    }

    /// An object was applied, and this is what it became.
    pub fn applied(&mut self, key: Key, body: u64, meta: &ObjectMeta) {
        let (version, fields) = (version(meta), fields::fingerprint(meta));
        let entry = self.at(key);
        (entry.applied, entry.fields) = (body, fields);
        entry.generation = meta.generation.unwrap_or_default();
        if version >= entry.version {
            (entry.seen, entry.version) = (fields, version);
        }
    }

    /// An object could not be applied: next time it is tried again.
    pub fn failed(&mut self, key: Key) {
        self.at(key).fields = 0;
        self.forget();
    }

    /// An object was deleted.
    pub fn deleted(&mut self, key: Key) {
        let entry = self.at(key);
        (entry.applied, entry.fields, entry.seen) = (0, 0, 0);
        self.forget();
    }

    /// Why an object has to be applied, if it has to.
    pub fn needs(&self, key: Key, body: u64) -> Option<Reason> {
        match self.get(key) {
            Some(entry)
                if entry.applied == body && entry.seen == entry.fields && entry.seen != 0 =>
            {
                None
            }
            Some(entry) if entry.applied == body && entry.fields != 0 => Some(Reason::Drifted),
            _ => Some(Reason::Changed),
        }
    }

    /// Whether an object is there.
    pub fn has(&self, key: Key) -> bool {
        self.get(key).is_some_and(|it| it.seen != 0)
    }

    /// Whether an object was applied in another form than a hash says.
    pub fn is_other(&self, key: Key, body: u64) -> bool {
        self.get(key).is_some_and(|it| it.applied != 0 && it.applied != body)
    }

    /// The generation of an object after it was applied.
    pub fn generation(&self, key: Key) -> i64 {
        self.get(key).map_or(0, |it| it.generation)
    }

    /// The kinds of which objects are there that are not among those that are made.
    pub fn strays(&self, made: &[Key]) -> Vec<u8> {
        let strays = self.entries.iter().filter(|it| it.seen != 0 && !made.contains(&it.key));
        let mut kinds: Vec<u8> = strays.map(|it| it.key.kind).collect();
        kinds.dedup();
        kinds
    }

    /// Forgets that objects were applied which are neither made any more nor there.
    pub fn keep(&mut self, made: &[Key]) {
        self.entries.retain(|it| it.seen != 0 || made.contains(&it.key));
    }

    /// Takes in what another life of this program has applied.
    pub fn read(&mut self, told: &[Told]) {
        if std::mem::replace(&mut self.is_read, true) {
            return;
        }
        self.entries.reserve_exact(told.len());
        for known in told {
            let entry = self.at(known.key);
            (entry.applied, entry.fields) = (known.applied, known.fields);
            entry.generation = known.generation;
        }
    }

    /// Whether what another life of this program has applied is known.
    pub fn is_read(&self) -> bool {
        self.is_read
    }

    /// Forgets what was applied: somebody else may have applied since.
    pub fn unread(&mut self) {
        self.is_read = false;
        for entry in &mut self.entries {
            (entry.applied, entry.fields) = (0, 0);
        }
        self.forget();
    }

    /// What is told of an object that was applied.
    pub fn told(&self, key: Key, entry: InventoryEntry) -> Option<InventoryEntry> {
        let known = self.get(key).filter(|it| it.applied != 0 && it.fields != 0)?;
        Some(InventoryEntry {
            generation: (known.generation != 0).then_some(known.generation),
            applied: Some(hash::text(known.applied)),
            fields: Some(hash::text(known.fields)),
            ..entry
        })
    }

    /// A workload has come so far. Whether that is news.
    pub fn progress(&mut self, is_deployment: bool, workload: Option<Workload>) -> bool {
        let news = workload.map(|workload| Rollout {
            generation: workload.metadata.generation.unwrap_or_default(),
            wanted: workload.spec.replicas,
            progress: workload.status,
        });
        let known = if is_deployment { &mut self.deployment } else { &mut self.stateful_set };
        let is_late =
            |new: &Rollout| known.as_ref().is_some_and(|old| old.generation > new.generation);
        if *known == news || news.as_ref().is_some_and(is_late) {
            return false;
        }
        *known = news;
        true
    }

    /// A workload has been applied: until its controller has looked at that generation, nothing has
    /// come to its end.
    pub fn expects(&mut self, is_deployment: bool, generation: i64) {
        let known = if is_deployment { &mut self.deployment } else { &mut self.stateful_set };
        if let Some(known) = known {
            known.generation = known.generation.max(generation);
        }
    }

    /// Whether all workloads that there should be have come to their end.
    pub fn is_rolled_out(&self, has_deployment: bool, has_stateful_set: bool) -> bool {
        let done = |known: &Option<Rollout>| known.as_ref().is_some_and(Rollout::is_done);
        (!has_deployment || done(&self.deployment))
            && (!has_stateful_set || done(&self.stateful_set))
    }

    /// Whether the Ollama of the workspace's own serves.
    pub fn serves_models(&self) -> bool {
        self.stateful_set.as_ref().is_some_and(|it| it.progress.ready_replicas > 0)
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::cluster::marks::MANAGER;

    const KEY: fn() -> Key = || Key::of(3, "a");

    fn meta(version: u64, fields: &str) -> ObjectMeta {
        let written = json!({"resourceVersion": version.to_string(), "managedFields": [
            {"manager": MANAGER, "operation": "Apply", "fieldsV1": {fields: {}}}]});
        serde_json::from_value(written).expect("metadata")
    }

    #[test]
    fn an_event_before_its_answer_and_after_it_is_no_drift() {
        let mut ledger = Ledger::default();
        assert_eq!(ledger.needs(KEY(), 5), Some(Reason::Changed));
        ledger.there(KEY(), &meta(8, "f:a"));
        ledger.applied(KEY(), 5, &meta(8, "f:a"));
        assert_eq!(ledger.needs(KEY(), 5), None);
        ledger.applied(KEY(), 6, &meta(9, "f:b"));
        // The event of the first write comes late.
        ledger.there(KEY(), &meta(8, "f:a"));
        assert_eq!(ledger.needs(KEY(), 6), None);
        ledger.there(KEY(), &meta(9, "f:b"));
        assert_eq!(ledger.needs(KEY(), 6), None);
    }

    #[test]
    fn what_somebody_else_changed_or_deleted_is_drift() {
        let mut ledger = Ledger::default();
        ledger.applied(KEY(), 5, &meta(8, "f:a"));
        ledger.there(KEY(), &meta(9, "f:b"));
        assert_eq!(ledger.needs(KEY(), 5), Some(Reason::Drifted));
        ledger.applied(KEY(), 5, &meta(10, "f:a"));
        ledger.gone(KEY(), &meta(11, "f:a"));
        assert_eq!(ledger.needs(KEY(), 5), Some(Reason::Drifted));
    }

    #[test]
    fn a_restart_finds_what_was_changed_meanwhile_and_nothing_else() {
        let mut before = Ledger::default();
        before.applied(KEY(), 5, &meta(8, "f:a"));
        let plain = InventoryEntry {
            api_version: "v1".to_owned(),
            kind: "K".to_owned(),
            name: "a".to_owned(),
            generation: None,
            applied: None,
            fields: None,
        };
        let inventory = [before.told(KEY(), plain).expect("it was applied")];
        for (fields, needs) in [("f:a", None), ("f:b", Some(Reason::Drifted))] {
            let mut after = Ledger::default();
            after.there(KEY(), &meta(9, fields));
            after.read(&Told::all(&inventory, |_, _| Some(3)));
            assert_eq!(after.needs(KEY(), 5), needs);
            assert_eq!(after.needs(KEY(), 6), Some(Reason::Changed));
        }
    }

    #[test]
    fn what_a_list_leaves_out_is_gone() {
        let mut ledger = Ledger::default();
        ledger.applied(KEY(), 5, &meta(8, "f:a"));
        ledger.begin(3);
        ledger.there(Key::of(3, "b"), &meta(9, "f:a"));
        assert!(ledger.complete(3));
        assert_eq!(ledger.needs(KEY(), 5), Some(Reason::Drifted));
        assert_eq!(ledger.strays(&[KEY()]), [3]);
    }

    #[test]
    fn it_is_small() {
        assert!(size_of::<Entry>() * 16 <= 1024, "{}", size_of::<Entry>());
        assert!(size_of::<Told>() * 24 <= 1024, "{}", size_of::<Told>());
    }
}
