//! Whether pods find places on several nodes: the largest first, each on the first node that has room.
//!
//! What is placed here can be placed: the scheduler may spread pods differently, and an unlucky order can leave a large one waiting
//! where this finds room; what is not placed here may still have some place that only a search would find.

use k8s_openapi::api::core::v1::Toleration;

use super::ask::{Ask, Row, Wants};
use crate::{
    platform::{
        node::Effect,
        nodes::{Group, Nodes, Taint},
    },
    units::{Bytes, Millicores},
};

/// Pods of every node that request nothing: the load balancer's, and on one of them the storage provisioner.
const PODS_WITHOUT_REQUESTS: u32 = 2;

/// Equal pods that wait for a place.
pub struct Waiting<'a> {
    /// Whose they are.
    pub row: &'a Row,
    /// How many.
    pub count: u32,
    /// What each asks for.
    pub ask: Ask,
}

/// Pods that found none.
#[derive(Clone, Debug)]
pub struct Unplaced {
    /// Whose they are: Application and workload.
    pub row: Row,
    /// What each asks for.
    pub ask: Ask,
    /// How many found none.
    pub count: u32,
    /// Why none of the nodes would do.
    pub why: Why,
}

/// Why pods have no place.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Why {
    /// No node has the labels that they ask for, and only taints that they put up with.
    NoSuchNode,
    /// Those that may hold them are too small, also when they are empty.
    TooLarge,
    /// Others have taken the room.
    NoRoom,
}

/// What is left of one node.
struct Free<'a> {
    group: &'a Group,
    request: Bytes,
    cpu: Millicores,
    gpus: u64,
    pods: u32,
}

impl<'a> Free<'a> {
    fn of(group: &'a Group) -> Self {
        let node = &group.node;
        Self {
            group,
            request: node.allocatable(),
            cpu: node.allocatable_cpu(),
            gpus: node.gpus.into(),
            pods: node.max_pods().saturating_sub(PODS_WITHOUT_REQUESTS),
        }
    }

    fn holds(&self, it: &Ask) -> bool {
        self.pods > 0 && it.request <= self.request && it.cpu <= self.cpu && it.gpus <= self.gpus
    }

    fn take(&mut self, it: &Ask) {
        self.pods -= 1;
        self.request = self.request.saturating_sub(it.request);
        self.cpu = self.cpu.saturating_sub(it.cpu);
        self.gpus -= it.gpus;
    }
}

fn tolerates(it: &Toleration, taint: &Taint) -> bool {
    let is_key = it.key.as_deref().is_none_or(|key| taint.key == key);
    let is_effect = it.effect.as_deref().is_none_or(|effect| effect == taint.effect.name());
    let exists = it.operator.as_deref() == Some("Exists");
    is_key && is_effect && (exists || it.value.as_deref().unwrap_or_default() == taint.value.as_deref().unwrap_or_default())
}

fn admits(group: &Group, wants: &Wants) -> bool {
    let has = |(key, value): (&String, &String)| group.labels.get(key.as_str()).is_some_and(|it| it == value.as_str());
    let mut hard = group.taints.iter().filter(|it| it.effect != Effect::PreferNoSchedule);
    wants.labels.iter().all(has) && hard.all(|taint| wants.tolerations.iter().any(|it| tolerates(it, taint)))
}

/// Places pods; those of a `DaemonSet` on every node, before all others. Returns what finds no place, the largest first.
pub fn place(nodes: &Nodes, mut pods: Vec<Waiting<'_>>) -> Vec<Unplaced> {
    let mut free: Vec<Free<'_>> = nodes
        .groups()
        .iter()
        .flat_map(|group| std::iter::repeat_n(group, usize::try_from(group.count).unwrap_or(usize::MAX)))
        .map(Free::of)
        .collect();
    // Those that may not be everywhere first: others would take their nodes.
    let is_choosy = |it: &Waiting<'_>| it.ask.gpus > 0 || !it.row.wants.labels.is_empty();
    pods.sort_by_key(|it| {
        let of_every_node = it.row.kind == "DaemonSet";
        std::cmp::Reverse((of_every_node, is_choosy(it), it.ask.request, it.ask.cpu))
    });
    let mut unplaced = Vec::new();
    for it in pods {
        let missing = if it.row.kind == "DaemonSet" { on_every(&mut free, &it) } else { on_first(&mut free, &it) };
        if missing > 0 {
            let suitable = || nodes.groups().iter().filter(|group| group.count > 0 && admits(group, &it.row.wants));
            let why = if suitable().next().is_none() {
                Why::NoSuchNode
            } else if suitable().any(|group| Free::of(group).holds(&it.ask)) {
                Why::NoRoom
            } else {
                Why::TooLarge
            };
            unplaced.push(Unplaced { row: it.row.clone(), ask: it.ask, count: missing, why });
        }
    }
    unplaced.sort_by_key(|it| std::cmp::Reverse((it.ask.request, it.ask.cpu)));
    unplaced
}

fn on_every(free: &mut [Free<'_>], it: &Waiting<'_>) -> u32 {
    let mut missing = 0;
    for node in free.iter_mut() {
        if node.holds(&it.ask) { node.take(&it.ask) } else { missing += 1 }
    }
    missing
}

/// How many of equal pods find no place. Where one found none, the next finds none before that node either.
fn on_first(free: &mut [Free<'_>], it: &Waiting<'_>) -> u32 {
    let mut nodes = free.iter_mut().filter(|node| admits(node.group, &it.row.wants));
    let mut left = it.count;
    let mut node = nodes.next();
    while let (1.., Some(at)) = (left, node.as_mut()) {
        if at.holds(&it.ask) {
            at.take(&it.ask);
            left -= 1;
        } else {
            node = nodes.next();
        }
    }
    left
}
