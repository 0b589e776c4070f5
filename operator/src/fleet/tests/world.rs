//! A cluster as small as it can be: objects with versions and owners of fields, resources, and
//! events that are delivered late.

mod end;
mod people;

use std::{collections::BTreeMap, sync::Arc};

use espalier::{Plan, WorkspaceStatus};
use k8s_openapi::apimachinery::pkg::apis::meta::v1::ObjectMeta;
use serde_json::{Value, json};

use crate::{
    cluster::marks::{FINALIZER, MANAGED_BY, MANAGER, OWNER, RETAINED_AT, WORKSPACE},
    cluster::records::Revision,
    fleet::{Fleet, expand, kept},
    ledger::Key,
    reconcile::{
        Action, View,
        claim::{Claim, Namespace},
        decide,
        made::{self, KINDS, Made},
    },
    resource::{Resource, Uid},
    rollout::Rollouts,
    room::Verdict,
};

/// One thing that happens; numbers choose among what there is.
#[derive(Clone, Copy, Debug)]
pub enum Deed {
    /// The operator looks at a workspace.
    Look(u8),
    /// It does, and ends after some actions.
    Crash(u8, u8),
    /// Somebody changes an object.
    Edit(u8),
    /// Somebody deletes an object.
    Remove(u8),
    /// Somebody makes an object with our label.
    Stray(u8),
    /// Somebody makes an object without it.
    Foreign(u8),
    /// Somebody changes a resource.
    Respec(u8),
    /// Somebody lets a workspace rest, or wakes it.
    Suspend(u8),
    /// Somebody deletes a resource.
    Delete(u8),
    /// Somebody makes a resource.
    Create(u8),
    /// The operator starts anew.
    Forget,
    /// Some events are delivered.
    Deliver(u8),
    /// Somebody makes a namespace of a workspace's name.
    TakeNamespace(u8),
    /// The server refuses the next write.
    Refuse,
}

/// Kind, namespace, name.
type Id = (usize, String, String);

#[derive(Clone, Debug, PartialEq)]
struct Thing {
    meta: Value,
    /// What is in it: the hash of what we applied, or something else.
    body: u64,
}

enum Event {
    There(Id, Value),
    Gone(Id, Value),
}

pub struct World {
    plan: Arc<Plan>,
    things: BTreeMap<Id, Thing>,
    /// Objects that somebody made without our label, and that must stay.
    strangers: Vec<Id>,
    resources: BTreeMap<Uid, Value>,
    revisions: BTreeMap<Uid, Vec<Revision>>,
    events: Vec<Event>,
    fleet: Fleet,
    version: u64,
    refuses: bool,
    pub writes: u64,
}

const SPEC: &str = "
apiVersion: espalier.dev/v1alpha1
kind: Platform
metadata: {name: world}
spec:
  repository: {url: https://git.garden.test/team/platform.git}
  node: {cpu: 16, memory: 32Gi}
  domains: {chat: chat.garden-chat.dev}
  certificates: {email: operations@garden-chat.dev}
  workspaces: {crd: true}
  components:
    ollama: {models: ['llama3.2:1b-instruct-q4_K_M']}
";

const NAMES: [&str; 2] = ["oak", "elm"];

impl World {
    pub fn new() -> Self {
        let (plan, found) = Plan::load([("spec/platform.yaml", SPEC)]);
        let plan = Arc::new(plan.unwrap_or_else(|| panic!("{}", found.json())));
        let mut fleet = Fleet::new(plan.clone(), Rollouts::new(1));
        fleet.begin(Vec::new());
        Self {
            plan,
            things: BTreeMap::new(),
            strangers: Vec::new(),
            resources: BTreeMap::new(),
            revisions: BTreeMap::new(),
            events: Vec::new(),
            fleet,
            version: 10,
            refuses: false,
            writes: 0,
        }
    }

    pub fn plan(&self) -> &Plan {
        &self.plan
    }

    pub fn does(&mut self, deed: Deed) {
        match deed {
            Deed::Look(which) => self.look(which, None),
            Deed::Crash(which, after) => {
                self.look(which, Some(usize::from(after) % 12));
                self.restart();
            }
            Deed::Edit(which) => self.edit(which),
            Deed::Remove(which) => {
                if let Some(id) = self.pick(which).filter(|it| KINDS[it.0].kind != "Namespace") {
                    self.remove(&id);
                }
            }
            Deed::Stray(which) => self.stray(which, true),
            Deed::Foreign(which) => self.stray(which, false),
            Deed::Respec(which) => self.respec(which, |spec| {
                let is_small = spec["models"][0] == "qwen2.5:0.5b";
                spec["models"] = json!([if is_small { "llama3.2:1b" } else { "qwen2.5:0.5b" }]);
            }),
            Deed::Suspend(which) => self.respec(which, |spec| {
                let was = spec["suspend"] == true;
                spec["suspend"] = (!was).into();
            }),
            Deed::Delete(which) => self.delete(which),
            Deed::Create(which) => self.create(which),
            Deed::Forget => self.restart(),
            Deed::Deliver(count) => self.deliver(usize::from(count % 16)),
            Deed::TakeNamespace(which) => {
                let name = NAMES[usize::from(which) % NAMES.len()].to_owned();
                let id = (kind("Namespace"), name.clone(), name);
                if !self.things.contains_key(&id) {
                    self.put(&id, json!({"labels": {"by": "hand"}}), 1, "kubectl");
                    self.strangers.push(id);
                }
            }
            Deed::Refuse => self.refuses = true,
        }
    }

    /// Everything is delivered and looked at, until nothing happens any more.
    pub fn settles(&mut self) {
        self.refuses = false;
        for _ in 0..40 {
            self.deliver(usize::MAX);
            let before = self.writes;
            for which in 0..u8::try_from(self.resources.len()).expect("few") {
                self.look(which, None);
            }
            if before == self.writes && self.events.is_empty() {
                return;
            }
        }
        panic!("it never comes to an end");
    }

    fn deliver(&mut self, count: usize) {
        let count = count.min(self.events.len());
        for event in self.events.drain(..count) {
            match event {
                Event::There((kind, namespace, name), meta) => {
                    let meta: ObjectMeta = serde_json::from_value(meta).expect("metadata");
                    self.fleet.ledger(&namespace).there(Key::of(kind, &name), &meta);
                    if KINDS[kind].kind == "Namespace" {
                        self.fleet.namespaces.insert(namespace.into(), Namespace::of(&meta));
                    }
                }
                Event::Gone((kind, namespace, name), meta) => {
                    let meta: ObjectMeta = serde_json::from_value(meta).expect("metadata");
                    self.fleet.ledger(&namespace).gone(Key::of(kind, &name), &meta);
                    if KINDS[kind].kind == "Namespace" {
                        self.fleet.namespaces.remove(&*namespace);
                    }
                }
            }
        }
    }

    /// All that was kept in memory is lost; what there is is told anew.
    fn restart(&mut self) {
        self.fleet = Fleet::new(self.plan.clone(), Rollouts::new(1));
        self.events.clear();
        for (id, thing) in &self.things {
            if is_labelled(&thing.meta) {
                self.events.push(Event::There(id.clone(), thing.meta.clone()));
            }
        }
        self.deliver(usize::MAX);
        let all: Vec<Uid> = self.resources.keys().cloned().collect();
        for uid in &all {
            self.learn(uid);
        }
        self.fleet.begin(self.revisions.values().flatten().cloned().collect());
    }

    fn learn(&mut self, uid: &Uid) {
        let object = serde_json::from_value(self.resources[uid].clone()).expect("a resource");
        let (resource, inventory) = Resource::of(object).expect("it is complete");
        self.fleet.learn(resource, &inventory);
    }

    fn pick(&self, which: u8) -> Option<Id> {
        let ours: Vec<&Id> =
            self.things.iter().filter(|it| is_labelled(&it.1.meta)).map(|it| it.0).collect();
        ours.get(usize::from(which) % ours.len().max(1)).map(|it| (*it).clone())
    }

    fn put(&mut self, id: &Id, mut meta: Value, body: u64, manager: &str) -> ObjectMeta {
        self.version += 1;
        let uid = self
            .things
            .get(id)
            .map_or_else(|| json!(format!("u{}", self.version)), |it| it.meta["uid"].clone());
        meta["uid"] = uid;
        meta["name"] = id.2.as_str().into();
        meta["resourceVersion"] = self.version.to_string().into();
        if meta["managedFields"].is_null() {
            meta["managedFields"] = json!([{"manager": manager, "operation": "Apply",
                "fieldsV1": {format!("f:{body}"): {}}}]);
        }
        if is_labelled(&meta) {
            self.events.push(Event::There(id.clone(), meta.clone()));
        }
        self.things.insert(id.clone(), Thing { meta: meta.clone(), body });
        serde_json::from_value(meta).expect("metadata")
    }

    fn remove(&mut self, id: &Id) {
        let Some(thing) = self.things.remove(id) else { return };
        self.version += 1;
        let mut meta = thing.meta;
        meta["resourceVersion"] = self.version.to_string().into();
        if is_labelled(&meta) {
            self.events.push(Event::Gone(id.clone(), meta));
        }
    }

    fn resource(&self, which: u8) -> Option<Uid> {
        let all: Vec<&Uid> = self.resources.keys().collect();
        all.get(usize::from(which) % all.len().max(1)).map(|it| (*it).clone())
    }

    /// One look, and as many of its actions as there is time for.
    fn look(&mut self, which: u8, most: Option<usize>) {
        let Some(uid) = self.resource(which) else { return };
        let name = self.fleet.workspaces[&uid].name.clone();
        if !self.fleet.namespaces.contains_key(&name) {
            let found = self.things.get(&(kind("Namespace"), name.to_string(), name.to_string()));
            let found = found.map(|it| serde_json::from_value(it.meta.clone()).expect("metadata"));
            let workspace = self.fleet.workspaces.get_mut(&uid).expect("it is there");
            workspace.foreign = found.map(|meta: ObjectMeta| Namespace::of(&meta));
        }
        let Some(seen) = Seen::of(&mut self.fleet, &uid) else { return };
        let ledger = self.fleet.ledger(&name).clone();
        let actions = decide(&View {
            resource: &seen.resource,
            namespace: seen.namespace.as_ref(),
            ledger: &ledger,
            made: seen.made.as_deref(),
            is_new_spec: seen.is_new_spec,
            may_restart: true,
            lets_data_go: seen.lets_data_go,
        });
        let made = seen.made.clone().unwrap_or_default();
        let mut time = most.unwrap_or(usize::MAX);
        for action in actions {
            if !self.act(&uid, &name, &action, &made, &seen, &mut time) {
                return;
            }
        }
        self.tell(&uid, &name, &made, seen.resource.generation);
    }

    /// Whether there is more time.
    fn act(
        &mut self,
        uid: &Uid,
        name: &Arc<str>,
        action: &Action,
        made: &[Made],
        seen: &Seen,
        time: &mut usize,
    ) -> bool {
        let mut takes = |world: &mut Self| {
            let has_time = *time > 0 && !world.refuses;
            *time = time.saturating_sub(1);
            world.refuses = false;
            world.writes += u64::from(has_time);
            has_time
        };
        match action {
            Action::Apply(places) => {
                for place in places {
                    if !takes(self) {
                        return false;
                    }
                    self.apply(uid, name, &made[*place]);
                }
            }
            _ if !takes(self) => return false,
            Action::Hold => self.finalize(uid, json!([FINALIZER])),
            Action::Release => {
                self.finalize(uid, json!([]));
                let is_deleting = !self.resources[uid]["metadata"]["deletionTimestamp"].is_null();
                assert!(is_deleting, "only what is deleted is let go");
                self.resources.remove(uid);
                self.fleet.forget(uid);
                return false;
            }
            Action::Admit => {
                let workspace = self.fleet.workspaces.get_mut(uid).expect("it is there");
                let record = workspace.next_revision();
                self.revisions.entry(uid.clone()).or_default().push(record.clone());
                let admitted = kept(record, &workspace.resource.written.clone());
                workspace.admitted.push(admitted);
            }
            Action::Prune(kinds) => {
                let keys: Vec<Key> = made.iter().map(|it| it.key).collect();
                for kind in kinds {
                    self.sweep(name, usize::from(*kind), |name| {
                        !keys.contains(&Key::of(usize::from(*kind), name))
                    });
                }
            }
            Action::Quiet => {
                let quota = (kind("ResourceQuota"), name.to_string(), format!("{name}-retained"));
                self.put(&quota, json!({"labels": {MANAGED_BY: MANAGER}}), 4, MANAGER);
            }
            Action::Clear => {
                for kind in (0..KINDS.len()).filter(|it| KINDS[*it].is_namespaced) {
                    self.sweep(name, kind, |it| !made::is_retained(kind, it, name));
                }
            }
            Action::Retain => {
                let id = (kind("Namespace"), name.to_string(), name.to_string());
                let Some(there) = self.things.get(&id) else { return false };
                let mut meta = there.meta.clone();
                meta["annotations"][RETAINED_AT] = "now".into();
                self.put(&id, meta, 3, "");
            }
            Action::DeleteNamespace => {
                let namespace = seen.namespace.as_ref().expect("it was seen");
                let id = (kind("Namespace"), name.to_string(), name.to_string());
                // As the server does: one that is gone is deleted, and another one stays.
                let Some(there) = self.things.get(&id) else { return true };
                if there.meta["uid"] != namespace.uid {
                    return false;
                }
                let all: Vec<Id> =
                    self.things.keys().filter(|it| it.1 == **name).cloned().collect();
                self.strangers.retain(|it| it.1 != **name);
                for uid in &all {
                    self.remove(uid);
                }
            }
        }
        true
    }

    fn finalize(&mut self, uid: &Uid, finalizers: Value) {
        self.resources.get_mut(uid).expect("it is there")["metadata"]["finalizers"] = finalizers;
        self.learn(uid);
    }

    fn apply(&mut self, uid: &Uid, name: &Arc<str>, made: &Made) {
        let namespace = (kind("Namespace"), name.to_string(), name.to_string());
        let id = (usize::from(made.key.kind), name.to_string(), made.name.clone());
        if id == namespace {
            if let Some(there) = self.things.get(&id) {
                let owner = &there.meta["annotations"][OWNER];
                let restores = &self.resources[uid]["spec"]["restore"];
                assert!(*owner == **uid || owner == restores, "somebody else's namespace");
            }
        } else if !self.things.contains_key(&namespace) {
            // As the server does: the operator hears of it as of any refusal.
            self.fleet.ledger(name).failed(made.key);
            return;
        }
        let mut meta = json!({"labels": {MANAGED_BY: MANAGER}});
        if id == namespace {
            meta["labels"][WORKSPACE] = (&**name).into();
            meta["annotations"] = json!({OWNER: **uid});
        }
        let meta = self.put(&id, meta, made.hash, MANAGER);
        self.fleet.ledger(name).applied(made.key, made.hash, &meta);
        if id == namespace {
            self.fleet.namespaces.insert(name.clone(), Namespace::of(&meta));
        }
    }

    fn sweep(&mut self, namespace: &str, kind: usize, goes: impl Fn(&str) -> bool) {
        let ours = self.things.iter().filter(|(id, thing)| {
            id.0 == kind && id.1 == namespace && is_labelled(&thing.meta) && goes(&id.2)
        });
        let ours: Vec<Id> = ours.map(|it| it.0.clone()).collect();
        for id in ours {
            assert!(!self.strangers.contains(&id), "{id:?} does not bear our label");
            self.remove(&id);
            self.fleet.ledger(namespace).deleted(Key::of(kind, &id.2));
        }
    }

    fn tell(&mut self, uid: &Uid, name: &Arc<str>, made: &[Made], generation: i64) {
        let ledger = self.fleet.ledger(name);
        let inventory = made.iter().filter_map(|it| ledger.told(it.key, it.entry())).collect();
        let status = WorkspaceStatus {
            observed_generation: Some(generation),
            inventory,
            ..WorkspaceStatus::default()
        };
        let told = serde_json::to_value(status).expect("a status is JSON");
        if let Some(resource) = self.resources.get_mut(uid) {
            resource["status"] = told;
            self.learn(uid);
        }
    }
}

/// What a look sees.
struct Seen {
    resource: Resource,
    namespace: Option<Namespace>,
    made: Option<Vec<Made>>,
    is_new_spec: bool,
    lets_data_go: bool,
}

impl Seen {
    fn of(fleet: &mut Fleet, uid: &Uid) -> Option<Self> {
        fleet.recall(uid);
        let claim = fleet.claim(uid);
        let verdict = fleet.verdict(uid);
        let workspace = fleet.workspaces.get(uid)?;
        let namespace = fleet.namespace_of(workspace).cloned();
        let runs =
            claim == Claim::Ours && verdict == Verdict::Fits && !workspace.resource.is_deleting;
        let expanded = expand(&fleet.plan, &workspace.resource.written);
        let tenant = expanded.ok()?.0.filter(|_| runs);
        Some(Self {
            made: tenant.map(|it| made::all(&it, uid)),
            is_new_spec: runs && !workspace.is_admitted(),
            lets_data_go: workspace.lets_data_go(),
            resource: workspace.resource.clone(),
            namespace,
        })
    }
}

fn kind(name: &str) -> usize {
    KINDS.iter().position(|it| it.kind == name).expect("a kind")
}

fn is_labelled(meta: &Value) -> bool {
    meta["labels"][MANAGED_BY] == MANAGER
}
