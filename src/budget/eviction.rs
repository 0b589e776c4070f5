//! In which order the kubelet evicts pods when the node is short of memory: its own order, which
//! nobody can set.
//!
//! Source: the kubelet's `rankMemoryPressure`: pods that use more than they request, then the lower
//! priority, then what a pod uses beyond its request, the most first. Pods of a critical priority
//! are left alone.

use std::{cmp::Ordering, sync::Arc};

use super::demand::{BudgetRow, Origin};
use crate::{facts::kubernetes::CRITICAL_PRIORITY, units::Bytes};

/// What the kubelet compares of a pod.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Standing {
    /// Memory that it uses: what would not be given back (its working set).
    pub usage: Bytes,
    /// Its memory request.
    pub request: Bytes,
    /// Its priority.
    pub priority: i32,
}

impl Standing {
    fn exceeds(&self) -> bool {
        self.usage > self.request
    }

    /// What it uses beyond its request; less than nothing where it uses less.
    fn beyond(&self) -> i128 {
        i128::from(self.usage.get()) - i128::from(self.request.get())
    }

    /// `Less`: evicted before the other.
    pub fn before(&self, other: &Self) -> Ordering {
        let exceeding = other.exceeds().cmp(&self.exceeds());
        exceeding.then(self.priority.cmp(&other.priority)).then(other.beyond().cmp(&self.beyond()))
    }

    /// Whether the kubelet evicts it at all.
    pub fn is_evicted(&self) -> bool {
        self.priority < CRITICAL_PRIORITY
    }
}

/// A pod of a platform, in its place.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Turn {
    /// Its Application.
    pub application: Arc<str>,
    /// Its workload.
    pub name: Arc<str>,
    /// Its priority.
    pub priority: i32,
    /// What it may use beyond its request.
    pub beyond: Bytes,
}

/// The platform's own pods in the order in which they would be evicted, had each of them grown to
/// its limit: the worst that can be. A workspace's row is a sum of pods, and none of them.
pub fn turns(rows: &[BudgetRow]) -> Vec<Turn> {
    let standing = |row: &BudgetRow| Standing {
        usage: row.pod.limit,
        request: row.pod.request,
        priority: row.priority,
    };
    let mut all: Vec<&BudgetRow> = rows
        .iter()
        .filter(|it| it.replicas > 0 && it.source != Origin::Tenant && standing(it).is_evicted())
        .collect();
    all.sort_by(|a, b| {
        let by_name = (&a.application, &a.name).cmp(&(&b.application, &b.name));
        standing(a).before(&standing(b)).then(by_name)
    });
    let turn = |row: &BudgetRow| Turn {
        application: row.application.clone(),
        name: row.name.clone(),
        priority: row.priority,
        beyond: row.pod.limit.saturating_sub(row.pod.request),
    };
    all.into_iter().map(turn).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn pod(usage: u64, request: u64, priority: i32) -> Standing {
        Standing { usage: Bytes::mib(usage), request: Bytes::mib(request), priority }
    }

    /// The order of an 8 GiB node under pressure, as the kubelet gave it: a hog over its request,
    /// then by what each used beyond its request.
    #[test]
    fn the_order_is_the_kubelet_s_own() {
        let (hog, chat, database, busy, idle) = (
            pod(900, 100, 0),
            pod(360, 384, 0),
            pod(47, 192, 0),
            pod(700, 1183, 0),
            pod(50, 1183, 0),
        );
        let mut seen = [idle, database, hog, busy, chat];
        seen.sort_by(Standing::before);
        assert_eq!(seen, [hog, chat, database, busy, idle]);
    }

    /// The same with the database's class: an idle model goes before it.
    #[test]
    fn of_pods_within_their_requests_the_database_is_the_last() {
        let (hog, chat, database, busy, idle) = (
            pod(900, 100, 0),
            pod(360, 384, 0),
            pod(47, 192, 1000),
            pod(700, 1183, 0),
            pod(50, 1183, 0),
        );
        let mut seen = [database, idle, hog, busy, chat];
        seen.sort_by(Standing::before);
        assert_eq!(seen, [hog, chat, busy, idle, database]);
    }

    /// A priority saves nobody who takes more than was promised from one who does not.
    #[test]
    fn a_database_over_its_request_goes_before_an_idle_model() {
        let (database, idle) = (pod(193, 192, 1000), pod(50, 1183, 0));
        assert_eq!(database.before(&idle), Ordering::Less);
        // Exactly the request is not more than it.
        assert_eq!(pod(192, 192, 1000).before(&idle), Ordering::Greater);
        // Of two that exceed, the priority decides before the amount.
        assert_eq!(pod(500, 192, 1000).before(&pod(385, 384, 0)), Ordering::Greater);
    }

    #[test]
    fn what_is_critical_is_left_alone() {
        assert!(!pod(900, 1, CRITICAL_PRIORITY).is_evicted());
        assert!(pod(900, 1, 1000).is_evicted());
    }
}
