//! What room is left: the platform's rows summed once, tenants added and taken out.

use std::{
    cmp::Reverse,
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
};

use super::{
    Plan,
    budget::{Own, tenant_row},
    summary::Summary,
};
use crate::{
    budget::{
        demand::{BudgetRow, Demand, Total},
        placement::PendingPods,
        report::{Missing, Report},
    },
    units::{Bytes, Millicores},
};

/// As many of the largest tenants as findings name.
const NAMED: usize = 5;
/// The most that [`Room::more`] looks for: no cluster has room for more.
const MOST: u32 = 1 << 20;

/// A tenant, as far as it takes room.
#[derive(Clone, Debug)]
pub struct Seat {
    /// Its namespace.
    pub name: Arc<str>,
    /// What findings call its file.
    pub file: Arc<str>,
    /// What its pods request.
    pub sum: Total,
    /// Its pods one by one, where there are several nodes.
    pub pods: Box<[(u32, Demand)]>,
}

impl Seat {
    /// What a tenant that was built takes; none where it was not.
    pub fn of(summary: &Summary) -> Option<Self> {
        Some(Self {
            name: summary.name.clone()?,
            file: summary.file.clone(),
            sum: *summary.sum,
            pods: summary.pods.clone(),
        })
    }
}

/// The platform and its tenants, summed. A tenant is added and taken out in O(log n); the sums and
/// the largest tenants are there at any time, and with several nodes all pods are placed anew where
/// a report asks for it, because each pod's place depends on all that are larger.
pub struct Room {
    own: Own,
    /// In the order in which their files have it.
    tenants: BTreeMap<Key, Seat>,
    /// What their amounts sum to.
    sums: [u128; AMOUNTS],
    /// Of each amount of which only the largest counts: how many tenants have it.
    most: [BTreeMap<u64, u32>; MAXIMA],
    /// By what findings name the largest by: memory requests, CPU requests, memory limits.
    largest: [BTreeSet<(Reverse<u64>, Key)>; 3],
}

/// The name of a file: `a-b.yaml` comes before `a.yaml`, which names alone do not say.
type Key = Arc<str>;

fn key(name: &str) -> Key {
    format!("{name}.yaml").into()
}

const AMOUNTS: usize = 8;
const MAXIMA: usize = 7;

/// What of a sum is added up.
fn amounts(total: &Total) -> [u64; AMOUNTS] {
    let Demand { request, limit, cpu, gpus, disk_request, disk_limit } = total.demand;
    let (disk_request, disk_limit) = (disk_request.get(), disk_limit.get());
    let (pods, volumes) = (total.pods.into(), total.volumes.get());
    [pods, request.get(), limit.get(), cpu.get(), gpus, disk_request, disk_limit, volumes]
}

/// That of which the largest counts.
fn maxima(total: &Total) -> [u64; MAXIMA] {
    let Demand { request, limit, cpu, gpus, disk_request, disk_limit } = total.surge;
    let (disk_request, disk_limit) = (disk_request.get(), disk_limit.get());
    let folders = total.folders.get();
    [request.get(), limit.get(), cpu.get(), gpus, disk_request, disk_limit, folders]
}

fn demand([request, limit, cpu, gpus, disk_request, disk_limit]: [u64; 6]) -> Demand {
    Demand {
        request: Bytes::new(request),
        limit: Bytes::new(limit),
        cpu: Millicores::new(cpu),
        gpus,
        disk_request: Bytes::new(disk_request),
        disk_limit: Bytes::new(disk_limit),
    }
}

/// The reverse of both.
fn total(sums: [u128; AMOUNTS], most: [u64; MAXIMA]) -> Total {
    // Amounts never go beyond what fits into their type, and so do their sums.
    let sums = sums.map(|it| u64::try_from(it).unwrap_or(u64::MAX));
    let [pods, request, limit, cpu, gpus, disk_request, disk_limit, volumes] = sums;
    let [surge @ .., folders] = most;
    Total {
        pods: u32::try_from(pods).unwrap_or(u32::MAX),
        demand: demand([request, limit, cpu, gpus, disk_request, disk_limit]),
        surge: demand(surge),
        volumes: Bytes::new(volumes),
        images: Bytes::default(),
        folders: Bytes::new(folders),
    }
}

impl Room {
    /// A platform without tenants.
    pub fn of(plan: &Plan) -> Self {
        Self {
            own: plan.own(),
            tenants: BTreeMap::new(),
            sums: [0; AMOUNTS],
            most: Default::default(),
            largest: Default::default(),
        }
    }

    /// Adds a tenant, in place of the one of the same name, which is returned.
    pub fn add(&mut self, seat: Seat) -> Option<Seat> {
        let before = self.remove(&seat.name);
        for (sum, amount) in self.sums.iter_mut().zip(amounts(&seat.sum)) {
            *sum += u128::from(amount);
        }
        for (most, amount) in self.most.iter_mut().zip(maxima(&seat.sum)) {
            *most.entry(amount).or_default() += 1;
        }
        let key = key(&seat.name);
        for (largest, size) in self.largest.iter_mut().zip(sizes(&seat.sum)) {
            largest.insert((Reverse(size), key.clone()));
        }
        self.tenants.insert(key, seat);
        before
    }

    /// Takes a tenant out.
    pub fn remove(&mut self, name: &str) -> Option<Seat> {
        let (key, seat) = self.tenants.remove_entry(&*key(name))?;
        for (sum, amount) in self.sums.iter_mut().zip(amounts(&seat.sum)) {
            *sum -= u128::from(amount);
        }
        for (most, amount) in self.most.iter_mut().zip(maxima(&seat.sum)) {
            if let Some(count) = most.get_mut(&amount) {
                *count -= 1;
                if *count == 0 {
                    most.remove(&amount);
                }
            }
        }
        for (largest, size) in self.largest.iter_mut().zip(sizes(&seat.sum)) {
            largest.remove(&(Reverse(size), key.clone()));
        }
        Some(seat)
    }

    /// How many tenants there are.
    pub fn count(&self) -> usize {
        self.tenants.len()
    }

    /// The tenant of a name.
    pub fn get(&self, name: &str) -> Option<&Seat> {
        self.tenants.get(&*key(name))
    }

    /// Memory that the tenants request.
    pub fn requests(&self) -> Bytes {
        self.total().demand.request
    }

    /// The budget of all of them: its sums, and of the tenants' rows those that findings may name.
    pub fn report(&self) -> Report {
        self.report_with(None)
    }

    /// How many more of a size fit, and what the next one would be short of; none if nothing ever
    /// is: a tenant that requests nothing.
    pub fn more(&self, seat: &Seat) -> (u32, Option<Missing>) {
        let missing = |count| self.report_with(Some((count, seat))).missing();
        if let Some(missing) = missing(1) {
            return (0, Some(missing));
        }
        // It fits `fits` times; doubled until it does not, then halved between the two.
        let (mut fits, mut next) = (1, 2);
        let mut short = loop {
            match missing(next) {
                Some(short) => break short,
                None if next >= MOST => return (next, None),
                None => (fits, next) = (next, next * 2),
            }
        };
        while next - fits > 1 {
            let middle = fits + (next - fits) / 2;
            match missing(middle) {
                Some(less) => (next, short) = (middle, less),
                None => fits = middle,
            }
        }
        (fits, Some(short))
    }

    /// With so many more of a size.
    fn report_with(&self, more: Option<(u32, &Seat)>) -> Report {
        let mut sum = self.own.sum;
        sum.extend(&self.total());
        if let Some((count, seat)) = more {
            sum.extend(&times(&seat.sum, count));
        }
        let mut named: BTreeSet<&Key> = BTreeSet::new();
        for largest in &self.largest {
            named.extend(largest.iter().take(NAMED).map(|it| &it.1));
        }
        let row = |seat: &Seat| tenant_row(&seat.name, &seat.sum);
        let named = named.into_iter().filter_map(|key| self.tenants.get(key)).map(row).collect();
        let own = self.own.clone();
        if own.nodes.is_single() {
            return own.report(named, sum, Vec::new());
        }
        let tenants = self.tenants.values().map(|seat| (seat, 1));
        let tenants = tenants.chain(more.map(|(count, seat)| (seat, count)));
        let all: Vec<(BudgetRow, &Seat, u32)> =
            tenants.map(|(seat, times)| (row(seat), seat, times)).collect();
        let unplaced = self.own.unplaced(all.iter().flat_map(|(row, seat, times)| {
            seat.pods.iter().map(move |&(count, demand)| PendingPods {
                row,
                count: count.saturating_mul(*times),
                demand,
            })
        }));
        own.report(named, sum, unplaced)
    }

    /// What all tenants come to.
    fn total(&self) -> Total {
        let largest = |of: &BTreeMap<u64, u32>| of.last_key_value().map_or(0, |it| *it.0);
        let most = self.most.each_ref().map(largest);
        total(self.sums, most)
    }
}

/// By what the largest are named.
fn sizes(total: &Total) -> [u64; 3] {
    [total.demand.request.get(), total.demand.cpu.get(), total.demand.limit.get()]
}

/// So many equal tenants.
fn times(sum: &Total, count: u32) -> Total {
    total(amounts(sum).map(|it| u128::from(it) * u128::from(count)), maxima(sum))
}
