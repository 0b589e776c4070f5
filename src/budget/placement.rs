//! Whether pods fit on several nodes: the largest are placed first, each on the first node that has
//! room.
//!
//! What is placed here can be placed: the scheduler may spread pods differently, and an unlucky
//! order can leave a large one waiting where this finds room; what is not placed here may still
//! have some place that only a search would find.

use std::{collections::BTreeSet, sync::Arc};

use k8s_openapi::api::core::v1::Toleration;

use super::demand::{BudgetRow, Demand, Wants};
use crate::{
    facts::node,
    platform::{
        node::Effect,
        node_group::{Group, Nodes, Taint},
    },
    units::{Bytes, Millicores},
};

/// Equal pods that are to be placed.
pub struct PendingPods<'a> {
    /// Their row of the budget.
    pub row: &'a BudgetRow,
    /// How many.
    pub count: u32,
    /// What each asks for.
    pub demand: Demand,
}

/// Pods that fit on no node.
#[derive(Clone, Debug)]
pub struct Unplaced {
    /// Their row of the budget: Application and workload.
    pub row: BudgetRow,
    /// What each asks for.
    pub demand: Demand,
    /// How many fit on no node.
    pub count: u32,
    /// Why none of the nodes would do.
    pub why: Reason,
    /// Others that must be on the same node, because they mount the same volume; `demand` is what
    /// all of them request.
    pub beside: Vec<Arc<str>>,
}

/// Why pods have no place.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Reason {
    /// No node has the labels that they select and only taints that they tolerate.
    NoSuchNode,
    /// Those that may hold them are too small, also when they are empty.
    TooLarge,
    /// Others have taken the room.
    NoRoom,
}

/// What is left of one node.
struct NodeRoom<'a> {
    group: &'a Group,
    request: Bytes,
    cpu: Millicores,
    gpus: u64,
    pods: u32,
    /// Ports of it that pods have taken.
    host_ports: BTreeSet<u16>,
}

impl<'a> NodeRoom<'a> {
    fn of(group: &'a Group) -> Self {
        let node = &group.node;
        Self {
            group,
            request: node.allocatable(),
            cpu: node.allocatable_cpu(),
            gpus: node.gpus.into(),
            pods: node.max_pods().saturating_sub(node::PODS_WITHOUT_REQUESTS),
            host_ports: BTreeSet::new(),
        }
    }

    fn holds(&self, set: &PodSet<'_>) -> bool {
        let demand = &set.demand;
        self.pods >= set.pods()
            && self.host_ports.is_disjoint(&set.host_ports)
            && demand.request <= self.request
            && demand.cpu <= self.cpu
            && demand.gpus <= self.gpus
    }

    fn take(&mut self, set: &PodSet<'_>) {
        let demand = &set.demand;
        self.pods -= set.pods();
        self.host_ports.extend(&set.host_ports);
        self.request = self.request.saturating_sub(demand.request);
        self.cpu = self.cpu.saturating_sub(demand.cpu);
        self.gpus -= demand.gpus;
    }
}

fn tolerates(toleration: &Toleration, taint: &Taint) -> bool {
    let is_key = toleration.key.as_deref().is_none_or(|key| taint.key == key);
    let is_effect = toleration.effect.as_deref().is_none_or(|effect| effect == taint.effect.name());
    let exists = toleration.operator.as_deref() == Some("Exists");
    is_key
        && is_effect
        && (exists
            || toleration.value.as_deref().unwrap_or_default()
                == taint.value.as_deref().unwrap_or_default())
}

fn admits(group: &Group, wants: &Wants) -> bool {
    let has = |(key, value): (&String, &String)| {
        group.labels.get(key.as_str()).is_some_and(|it| it == value.as_str())
    };
    let mut hard = group.taints.iter().filter(|it| it.effect != Effect::PreferNoSchedule);
    wants.labels.iter().all(has)
        && hard.all(|taint| wants.tolerations.iter().any(|it| tolerates(it, taint)))
}

/// How many nodes pods may be on.
pub fn nodes_for(nodes: &Nodes, wants: &Wants) -> u32 {
    nodes
        .groups()
        .iter()
        .filter(|it| admits(it, wants))
        .fold(0, |sum, group| sum.saturating_add(group.count))
}

/// Pods that are placed together: equal ones each where there is room, those that mount one volume
/// all on one node.
struct PodSet<'a> {
    members: Vec<PendingPods<'a>>,
    /// Which nodes its pods are on.
    spread: Spread,
    /// What each asks for; of those on one node, what all of them do.
    demand: Demand,
    /// Ports of its node that each takes.
    host_ports: BTreeSet<u16>,
}

/// Which nodes the pods of a set are on.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Spread {
    /// Each on any.
    Anywhere,
    /// All on one.
    Together,
    /// One on each.
    Everywhere,
}

impl<'a> PodSet<'a> {
    fn of(members: Vec<PendingPods<'a>>) -> Self {
        let pods = members.iter().fold(0, |sum: u32, member| sum.saturating_add(member.count));
        let spread = match &*members {
            [member] if member.row.kind == "DaemonSet" => Spread::Everywhere,
            [member] if member.row.claims.is_empty() => Spread::Anywhere,
            _ if pods > 1 => Spread::Together,
            _ => Spread::Anywhere,
        };
        let demand = match (&*members, spread) {
            ([member], Spread::Anywhere | Spread::Everywhere) => member.demand,
            _ => members
                .iter()
                .fold(Demand::default(), |sum, member| sum.plus(member.demand.times(member.count))),
        };
        let host_ports = members.iter().flat_map(|it| &it.row.wants.host_ports).copied().collect();
        Self { members, spread, demand, host_ports }
    }

    fn admitted_by(&self, group: &Group) -> bool {
        self.members.iter().filter(|it| it.count > 0).all(|it| admits(group, &it.row.wants))
    }

    /// Whether its pods are restricted to certain nodes. Those are placed first: others would take
    /// their nodes.
    fn is_restricted(&self) -> bool {
        self.members.iter().any(|it| it.demand.gpus > 0 || !it.row.wants.labels.is_empty())
    }

    /// Pods of it that are on a node together.
    fn pods(&self) -> u32 {
        if self.spread == Spread::Together {
            self.members.iter().fold(0, |sum, member| sum.saturating_add(member.count))
        } else {
            1
        }
    }

    fn unplaced(mut self, nodes: &Nodes, missing: u32) -> Option<Unplaced> {
        let suitable =
            || nodes.groups().iter().filter(|group| group.count > 0 && self.admitted_by(group));
        let why = if suitable().next().is_none() {
            Reason::NoSuchNode
        } else if suitable().any(|group| NodeRoom::of(group).holds(&self)) {
            Reason::NoRoom
        } else {
            Reason::TooLarge
        };
        self.members.sort_by_key(|it| std::cmp::Reverse((it.demand.request, it.demand.cpu)));
        let mut rows = self.members.iter().map(|it| it.row);
        let row = rows.next()?.clone();
        Some(Unplaced {
            row,
            demand: self.demand,
            count: missing,
            why,
            beside: rows.map(|it| it.name.clone()).collect(),
        })
    }
}

/// Pods that share a claim, directly or through a third, form one set; each other row is a set of
/// its own.
fn pod_sets(pods: Vec<PendingPods<'_>>) -> Vec<PodSet<'_>> {
    let mut sets: Vec<Vec<PendingPods<'_>>> = Vec::with_capacity(pods.len());
    let mut with_claims: Vec<Vec<PendingPods<'_>>> = Vec::new();
    for pod in pods {
        if pod.row.claims.is_empty() {
            sets.push(vec![pod]);
            continue;
        }
        let shares = |other: &PendingPods<'_>| {
            other.row.namespace == pod.row.namespace
                && other.row.claims.iter().any(|claim| pod.row.claims.contains(claim))
        };
        let (same, others): (Vec<_>, Vec<_>) =
            with_claims.into_iter().partition(|set| set.iter().any(shares));
        with_claims = others;
        with_claims.push(same.into_iter().flatten().chain([pod]).collect());
    }
    sets.into_iter().chain(with_claims).map(PodSet::of).collect()
}

/// Places pods; those of a `DaemonSet` on every node that they may be on, before all others.
/// Returns what finds no place, the largest first.
pub fn place(nodes: &Nodes, pods: Vec<PendingPods<'_>>) -> Vec<Unplaced> {
    let mut free: Vec<NodeRoom<'_>> = nodes
        .groups()
        .iter()
        .flat_map(|group| {
            std::iter::repeat_n(group, usize::try_from(group.count).unwrap_or(usize::MAX))
        })
        .map(NodeRoom::of)
        .collect();
    let mut sets = pod_sets(pods);
    sets.sort_by_key(|set| {
        std::cmp::Reverse((
            set.spread == Spread::Everywhere,
            set.is_restricted(),
            set.demand.request,
            set.demand.cpu,
        ))
    });
    let mut unplaced = Vec::new();
    for set in sets {
        let missing = match set.spread {
            Spread::Everywhere => on_every(&mut free, &set),
            Spread::Anywhere => on_first(&mut free, &set),
            Spread::Together => on_one(&mut free, &set),
        };
        if missing > 0 {
            unplaced.extend(set.unplaced(nodes, missing));
        }
    }
    unplaced.sort_by_key(|it| std::cmp::Reverse((it.demand.request, it.demand.cpu)));
    unplaced
}

/// One on each node that it may be on: on how many of them it finds no room.
fn on_every(free: &mut [NodeRoom<'_>], pod_set: &PodSet<'_>) -> u32 {
    let mut missing = 0;
    for node in free.iter_mut().filter(|node| pod_set.admitted_by(node.group)) {
        if node.holds(pod_set) { node.take(pod_set) } else { missing += 1 }
    }
    missing
}

/// All on the first node that has room for all: 1 if none has.
fn on_one(free: &mut [NodeRoom<'_>], pod_set: &PodSet<'_>) -> u32 {
    let Some(node) =
        free.iter_mut().find(|node| pod_set.admitted_by(node.group) && node.holds(pod_set))
    else {
        return 1;
    };
    node.take(pod_set);
    0
}

/// How many of equal pods find no place. Where one found none, the next finds none before that node
/// either.
fn on_first(free: &mut [NodeRoom<'_>], pod_set: &PodSet<'_>) -> u32 {
    let mut nodes = free.iter_mut().filter(|node| pod_set.admitted_by(node.group));
    let mut left = pod_set.members.iter().fold(0, |sum, member| sum.max(member.count));
    let mut node = nodes.next();
    while let (1.., Some(room)) = (left, node.as_mut()) {
        if room.holds(pod_set) {
            room.take(pod_set);
            left -= 1;
        } else {
            node = nodes.next();
        }
    }
    left
}

#[cfg(test)]
mod tests;
