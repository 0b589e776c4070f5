//! All workspaces, as far as they are known: who names what, what is there, and who has a place.

#[cfg(test)]
mod tests;

use std::{
    collections::{BTreeMap, BTreeSet},
    panic::{AssertUnwindSafe, catch_unwind},
    sync::Arc,
};

use espalier::{InventoryEntry, Plan, Size, Tenant};

use crate::{
    cluster::records::Revision,
    hash,
    ledger::{Ledger, Told},
    reconcile::{
        claim::{self, Claim, Contest, Namespace, Rival},
        made,
    },
    resource::{Resource, Uid, Written},
    rollout::Rollouts,
    room::{Places, Verdict},
};

/// What a spec comes to, without its objects.
#[derive(Clone, Debug)]
pub struct Reading {
    /// Of which text.
    hash: u64,
    /// Its hosts.
    pub hosts: Vec<String>,
    /// What it takes.
    pub size: Option<Size>,
    /// The UID of the workspace whose data it takes over.
    pub restores: Option<String>,
    /// What is wrong with it.
    pub problems: Option<String>,
    /// The program failed on it.
    pub panic: Option<String>,
}

/// A record of a spec that was admitted.
#[derive(Clone, Debug)]
pub struct Admitted {
    /// The record, without the spec.
    pub record: Revision,
    /// The spec.
    pub written: Written,
}

/// One workspace.
pub struct Workspace {
    /// Its resource.
    pub resource: Resource,
    /// The name of the workspace: of its namespace.
    pub name: Arc<str>,
    /// What its spec comes to.
    pub reading: Reading,
    /// What was told of its objects in another life of this program.
    told: Box<[Told]>,
    /// The specs that were admitted, the last one last.
    pub admitted: Vec<Admitted>,
    /// A namespace of its name that bears no label of ours, as it was found last.
    pub foreign: Option<Namespace>,
    /// When it was first seen not to be ready.
    pub unready_since: Option<u64>,
}

/// All workspaces.
pub struct Fleet {
    /// What they are planned against.
    pub plan: Arc<Plan>,
    /// Each of them.
    pub workspaces: BTreeMap<Uid, Workspace>,
    /// By their names.
    names: BTreeMap<Arc<str>, BTreeSet<Uid>>,
    /// By their hosts; the platform's own have nobody.
    hosts: BTreeMap<String, BTreeSet<Uid>>,
    /// Hosts of the platform.
    reserved: BTreeSet<String>,
    /// Namespaces that bear our label.
    pub namespaces: BTreeMap<Arc<str>, Namespace>,
    /// What is in each of them.
    pub ledgers: BTreeMap<Arc<str>, Ledger>,
    /// Who has a place; none before everything is known.
    pub places: Option<Places>,
    /// Who restarts.
    pub rollouts: Rollouts,
    /// Whether this process is the one that writes.
    pub is_writing: bool,
}

/// Plans a spec; a panic is one of this spec alone.
///
/// # Errors
/// What the program said when it failed.
pub fn expand(
    plan: &Plan,
    written: &Written,
) -> Result<(Option<Tenant>, espalier::Findings), String> {
    let value = written.value();
    let name = value["metadata"]["name"].as_str().unwrap_or_default();
    catch_unwind(AssertUnwindSafe(|| plan.tenant_of(name, &value))).map_err(|panic| {
        let text = panic.downcast_ref::<String>().cloned();
        let text = text.or_else(|| panic.downcast_ref::<&str>().map(|it| (*it).to_owned()));
        text.unwrap_or_else(|| "no message".to_owned())
    })
}

/// Findings, as a condition says them: code, pointer, message, help.
fn told(findings: &espalier::Findings) -> String {
    let errors = findings.list().into_iter().filter(|it| it.severity == "error");
    let lines = errors.map(|finding| {
        let at = finding
            .at
            .pointer
            .as_deref()
            .map(|finding| format!(" at {finding}"))
            .unwrap_or_default();
        let help = finding.help.iter().fold(String::new(), |all, help| all + "; help: " + help);
        format!("{}{at}: {}{help}", finding.code, finding.message)
    });
    lines.collect::<Vec<_>>().join("\n")
}

impl Reading {
    fn of(plan: &Plan, written: &Written) -> Self {
        let mut reading = Self {
            hash: written.hash,
            hosts: Vec::new(),
            size: None,
            restores: None,
            problems: None,
            panic: None,
        };
        match expand(plan, written) {
            Ok((Some(tenant), _)) => {
                reading.hosts = tenant.hosts().map(str::to_owned).collect();
                reading.size = Some(tenant.size());
                reading.restores = tenant.restores().map(str::to_owned);
            }
            Ok((None, findings)) => reading.problems = Some(told(&findings)),
            Err(panic) => reading.panic = Some(panic),
        }
        reading
    }
}

impl Workspace {
    /// The spec that runs, or may: that which was admitted last.
    pub fn last_admitted(&self) -> Option<&Admitted> {
        self.admitted.last()
    }

    /// Whether the spec that people wrote is the one that was admitted.
    pub fn is_admitted(&self) -> bool {
        self.last_admitted().is_some_and(|it| it.written.hash == self.resource.written.hash)
    }

    /// Whether its data goes with it; read from the text alone, so that a spec with errors can be
    /// deleted as it says.
    pub fn lets_data_go(&self) -> bool {
        self.resource.written.value()["spec"]["onDelete"] == "Delete"
    }

    /// The record of the spec that people wrote, as the next one.
    pub fn next_revision(&self) -> Revision {
        let written = &self.resource.written;
        let number = self.last_admitted().map_or(1, |it| it.record.number + 1);
        let suffix = hash::of(format!("{}.{number}", written.hash).as_bytes());
        let name: String = self.resource.name.chars().take(200).collect();
        Revision {
            name: format!("{name}-{}", hash::text(suffix)),
            uid: String::new(),
            owner: self.resource.uid.to_string(),
            number,
            data: written.value(),
        }
    }
}

impl Fleet {
    /// No workspace yet.
    pub fn new(plan: Arc<Plan>, rollouts: Rollouts) -> Self {
        let reserved = plan.hosts().map(str::to_owned).collect();
        Self {
            plan,
            workspaces: BTreeMap::new(),
            names: BTreeMap::new(),
            hosts: BTreeMap::new(),
            reserved,
            namespaces: BTreeMap::new(),
            ledgers: BTreeMap::new(),
            places: None,
            rollouts,
            is_writing: false,
        }
    }

    /// Takes in a resource as it is now. Whether people changed it: our own status is no change.
    pub fn learn(&mut self, resource: Resource, inventory: &[InventoryEntry]) -> bool {
        let uid = resource.uid.clone();
        if let Some(known) = self.workspaces.get_mut(&uid) {
            let is_change = known.resource.generation != resource.generation
                || known.resource.written != resource.written
                || known.resource.is_deleting != resource.is_deleting
                || known.resource.finalizers != resource.finalizers
                || known.resource.has_source != resource.has_source;
            let is_news = known.resource.written != resource.written;
            let is_told_by_another = !self.is_writing && known.resource.told != resource.told;
            known.resource = resource;
            let name = known.name.clone();
            let ledger = self.ledgers.entry(name).or_default();
            if is_told_by_another {
                ledger.unread();
            }
            if !ledger.is_read() {
                known.told = Told::all(inventory, made::place);
            }
            if is_news {
                self.read(&uid);
            }
            return is_change;
        }
        let reading = Reading::of(&self.plan, &resource.written);
        let name: Arc<str> =
            resource.written.value()["spec"]["workspaceName"].as_str().unwrap_or_default().into();
        self.names.entry(name.clone()).or_default().insert(uid.clone());
        for host in &reading.hosts {
            self.hosts.entry(host.clone()).or_default().insert(uid.clone());
        }
        let workspace = Workspace {
            resource,
            name,
            reading,
            told: Told::all(inventory, made::place),
            admitted: Vec::new(),
            foreign: None,
            unready_since: None,
        };
        self.workspaces.insert(uid, workspace);
        true
    }

    /// Reads a workspace's spec anew.
    fn read(&mut self, uid: &Uid) {
        let Some(workspace) = self.workspaces.get_mut(uid) else { return };
        if workspace.reading.hash == workspace.resource.written.hash {
            return;
        }
        let reading = Reading::of(&self.plan, &workspace.resource.written);
        let before = std::mem::replace(&mut workspace.reading, reading);
        for host in before.hosts {
            if let Some(uids) = self.hosts.get_mut(&host) {
                uids.remove(uid);
            }
        }
        for host in &workspace.reading.hosts {
            self.hosts.entry(host.clone()).or_default().insert(uid.clone());
        }
    }

    /// A resource is gone. Who may have waited for what it had.
    pub fn forget(&mut self, uid: &Uid) -> BTreeSet<Uid> {
        let Some(gone) = self.workspaces.remove(uid) else { return BTreeSet::new() };
        let mut heirs = BTreeSet::new();
        if let Some(uids) = self.names.get_mut(&gone.name) {
            uids.remove(uid);
            heirs.extend(uids.iter().cloned());
        }
        self.names.retain(|_, uids| !uids.is_empty());
        for host in &gone.reading.hosts {
            if let Some(uids) = self.hosts.get_mut(host) {
                uids.remove(uid);
                heirs.extend(uids.iter().cloned());
            }
        }
        self.hosts.retain(|_, uids| !uids.is_empty());
        self.rollouts.leave(uid);
        if let Some(places) = &mut self.places {
            places.leave(uid);
            heirs.extend(places.wake());
        }
        heirs
    }

    /// Those who name a namespace.
    pub fn named(&self, namespace: &str) -> impl Iterator<Item = &Uid> {
        self.names.get(namespace).into_iter().flatten()
    }

    /// What is in a namespace.
    pub fn ledger(&mut self, namespace: &str) -> &mut Ledger {
        if !self.ledgers.contains_key(namespace) {
            self.ledgers.insert(namespace.into(), Ledger::default());
        }
        self.ledgers.get_mut(namespace).expect("it was inserted")
    }

    /// The namespace of a workspace, labelled or not.
    pub fn namespace_of<'a>(&'a self, workspace: &'a Workspace) -> Option<&'a Namespace> {
        self.namespaces.get(&workspace.name).or(workspace.foreign.as_ref())
    }

    fn rival(&self, workspace: &Workspace) -> Rival {
        let owner = self.namespaces.get(&workspace.name).and_then(|it| it.owner.clone());
        Rival {
            name: workspace.resource.name.to_string(),
            age: workspace.resource.age(),
            has_namespace: owner.as_ref() == Some(&workspace.resource.uid),
        }
    }

    /// Whether what a workspace names is its own.
    pub fn claim(&self, uid: &Uid) -> Claim {
        let Some(workspace) = self.workspaces.get(uid) else { return Claim::Ours };
        let others = |uids: Option<&BTreeSet<Uid>>| -> Vec<Rival> {
            let others = uids.into_iter().flatten().filter(|it| *it != uid);
            let others = others.filter_map(|it| self.workspaces.get(it));
            let own = |rival: &&Workspace| self.rival(rival).has_namespace;
            let live = others
                .filter(|it| it.reading.size.is_some() && !it.resource.is_deleting || own(it));
            live.map(|it| self.rival(it)).collect()
        };
        let mut hosts = Vec::new();
        for host in &workspace.reading.hosts {
            if self.reserved.contains(host) {
                hosts.push((host.clone(), None));
            }
            let rivals = others(self.hosts.get(host)).into_iter();
            hosts.extend(rivals.map(|it| (host.clone(), Some(it))));
        }
        let namespace = self.namespace_of(workspace);
        let owner = namespace.and_then(|it| self.workspaces.get(it.owner.as_ref()?));
        claim::claim(&Contest {
            own: self.rival(workspace),
            name: &workspace.name,
            namespace,
            owner: owner
                .filter(|it| it.name == workspace.name)
                .map(|it| it.resource.name.to_string()),
            has_source: workspace.resource.has_source,
            restores: workspace.reading.restores.as_deref(),
            same_name: others(self.names.get(&workspace.name)),
            hosts,
        })
    }

    /// Begins to give places: to those who were admitted before, then to the others, the oldest
    /// first, when they ask.
    pub fn begin(&mut self, revisions: Vec<Revision>) {
        let mut by_owner: BTreeMap<String, Vec<Revision>> = BTreeMap::new();
        for revision in revisions {
            by_owner.entry(revision.owner.clone()).or_default().push(revision);
        }
        let mut places = Places::of(self.plan.room());
        for (uid, workspace) in &mut self.workspaces {
            let mut records = by_owner.remove(&**uid).unwrap_or_default();
            records.sort_by_key(|it| it.number);
            workspace.admitted =
                records.into_iter().map(|it| kept(it, &workspace.resource.written)).collect();
            let Some(last) = workspace.admitted.last() else { continue };
            let size = if last.written.hash == workspace.resource.written.hash {
                workspace.reading.size.clone()
            } else {
                Reading::of(&self.plan, &last.written).size
            };
            if let Some(size) = size {
                places.keep(uid, &workspace.resource.age(), size);
            }
        }
        self.places = Some(places);
        self.is_writing = true;
    }

    /// Asks for a place for what a workspace's people wrote.
    pub fn verdict(&mut self, uid: &Uid) -> Verdict {
        let Some(workspace) = self.workspaces.get(uid) else { return Verdict::Fits };
        let (Some(size), Some(places)) = (&workspace.reading.size, &mut self.places) else {
            return Verdict::Fits;
        };
        places.want(uid, &workspace.resource.age(), size.clone())
    }

    /// A workspace takes no part in the contest for places. Who has one by that.
    pub fn leave(&mut self, uid: &Uid) -> Vec<Uid> {
        let Some(places) = &mut self.places else { return Vec::new() };
        places.leave(uid);
        places.wake()
    }

    /// Who has a place since somebody took less.
    pub fn wake(&mut self) -> Vec<Uid> {
        self.places.as_mut().map(Places::wake).unwrap_or_default()
    }

    /// All workspaces, the oldest first.
    pub fn by_age(&self) -> Vec<Uid> {
        let mut all: Vec<_> = self.workspaces.values().map(|it| it.resource.age()).collect();
        all.sort();
        all.into_iter().map(|it| it.1).collect()
    }

    /// Reads, once, what another life of this program has applied for a workspace.
    pub fn recall(&mut self, uid: &Uid) {
        let Some(workspace) = self.workspaces.get_mut(uid) else { return };
        let (name, told) = (workspace.name.clone(), std::mem::take(&mut workspace.told));
        self.ledger(&name).read(&told);
    }
}

/// A record, whose spec is stored once where it is the one that people wrote.
pub fn kept(mut record: Revision, current: &Written) -> Admitted {
    let written = Written::of(&record.data.take());
    let written = if written == *current { current.clone() } else { written };
    Admitted { record, written }
}
