//! Room for tenants: whether one more fits, with the findings of `render`.

use std::{collections::BTreeMap, sync::Arc};

use super::{Findings, Plan, Tenant};
use crate::{
    check::{
        capacity,
        view::{CapacityView, SpecView},
    },
    components::floor_plan::Platform,
    diag::diagnostic::Diagnostics,
    plan::room::{self, Seat},
};

/// What the nodes of a platform give, what it takes itself, and what its tenants take.
///
/// The platform is summed once; a tenant is added or taken out in O(log n). With several nodes a
/// place is looked for all pods anew where findings are asked for.
pub struct Room {
    room: room::Room,
    platform: Arc<Platform>,
    file: Arc<str>,
}

/// What a tenant takes: small, so that it can be kept of each.
#[derive(Clone, Debug)]
pub struct Size(Seat);

/// The sums of a room.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Sums {
    /// Bytes of memory that pods may request.
    pub memory: u64,
    /// Bytes of it that they do.
    pub memory_requested: u64,
    /// Thousandths of a CPU that pods may request.
    pub cpu: u64,
    /// Those that they do.
    pub cpu_requested: u64,
    /// Pods that the nodes run.
    pub pods: u32,
    /// Those that there are.
    pub pods_counted: u32,
}

impl Tenant {
    /// What it takes.
    pub fn size(&self) -> Size {
        let (sum, pods) = self.planned.needs(self.several_nodes);
        let (name, file) = (self.planned.name.clone(), self.source.file.clone());
        Size(Seat { name, file, sum, pods: pods.into() })
    }
}

impl Size {
    /// The tenant's namespace.
    pub fn namespace(&self) -> &str {
        &self.0.name
    }

    /// Bytes of memory that its pods request.
    pub fn memory(&self) -> u64 {
        self.0.sum.demand.request.get()
    }

    /// Thousandths of a CPU that they request.
    pub fn cpu(&self) -> u64 {
        self.0.sum.demand.cpu.get()
    }

    /// How many pods it has.
    pub fn pods(&self) -> u32 {
        self.0.sum.pods
    }

    /// Bytes of its volumes on the nodes' own disks.
    pub fn volumes(&self) -> u64 {
        self.0.sum.volumes.get()
    }
}

impl Plan {
    /// The room of the platform, without a tenant.
    pub fn room(&self) -> Room {
        let platform = self.0.platform().clone();
        Room { room: room::Room::of(&self.0), platform, file: self.0.file().clone() }
    }
}

impl Room {
    /// Adds a tenant, in place of the one of its namespace: true if there was one.
    pub fn add(&mut self, size: Size) -> bool {
        self.room.add(size.0).is_some()
    }

    /// Takes the tenant of a namespace out: true if there was one.
    pub fn remove(&mut self, namespace: &str) -> bool {
        self.room.remove(namespace).is_some()
    }

    /// How many tenants there are.
    pub fn tenants(&self) -> usize {
        self.room.count()
    }

    /// What `render` would find of the nodes with these tenants: memory, CPU, GPUs, pods, disks,
    /// limits, places. Such a finding names a file, but no line.
    pub fn findings(&self) -> Findings {
        let spec = SpecView { platform: &self.platform, file: &self.file };
        let file_of = |name: &str| self.room.get(name).map(|it| it.file.clone());
        let view = CapacityView {
            spec: &spec,
            budget: &self.room.report(),
            tenants: self.room.count(),
            requests: self.room.requests(),
            file_of: &file_of,
        };
        let mut all = Diagnostics::new();
        capacity::find(&view, &mut all);
        Findings { all: all.capped(), sources: BTreeMap::new() }
    }

    /// What it would find with one more, or with another size of one that is there. The room stays
    /// as it is.
    pub fn findings_with(&mut self, size: Size) -> Findings {
        let name = size.0.name.clone();
        let before = self.room.add(size.0);
        let found = self.findings();
        match before {
            Some(before) => self.room.add(before),
            None => self.room.remove(&name),
        };
        found
    }

    /// How many more of a size fit beside those that are there. A size that takes nothing fits any
    /// number of times, of which this is a large one.
    pub fn more(&self, size: &Size) -> u32 {
        self.room.more(&size.0).0
    }

    /// The sums.
    pub fn sums(&self) -> Sums {
        let budget = self.room.report();
        Sums {
            memory: budget.allocatable.get(),
            memory_requested: budget.requests.get(),
            cpu: budget.allocatable_cpu.get(),
            cpu_requested: budget.cpu.get(),
            pods: budget.nodes.max_pods(),
            pods_counted: budget.all_pods(),
        }
    }
}
