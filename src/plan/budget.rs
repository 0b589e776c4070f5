//! The budget of a plan: what its pods request and may use, and where they find room.

use std::{cmp::Reverse, collections::BTreeSet, sync::Arc};

use super::{Plan, applications, summary::Summary};
use crate::{
    budget::{
        demand::{self, BudgetRow, Origin, Total, Wants},
        disk::DiskUse,
        placement::{self, PendingPods},
        report::{self, Report},
        volumes,
    },
    platform::node_group::Nodes,
    units::Bytes,
};

/// How many tenants have rows of their own, first ones and largest ones: more than a page lists or
/// a finding names.
const LISTED: usize = 100;

/// The platform without its tenants: summed once, whatever comes on top of it.
#[derive(Clone)]
pub struct Own {
    /// Its pods, and those of the cluster around it.
    pub rows: Vec<BudgetRow>,
    /// Their sum.
    pub sum: Total,
    /// What they run on.
    pub nodes: Nodes,
}

/// The row of all pods of one tenant.
pub fn tenant_row(name: &Arc<str>, sum: &Total) -> BudgetRow {
    BudgetRow {
        application: applications::tenant_name(name),
        kind: "Workspace",
        namespace: name.clone(),
        name: name.clone(),
        replicas: 1,
        surge: 0,
        pod: sum.demand,
        source: Origin::Tenant,
        priority: 0,
        wants: Wants::default(),
        claims: Vec::new(),
        volumes: Bytes::default(),
    }
}

impl Own {
    /// What finds no place on any of several nodes, with the tenants' `pods`.
    pub fn unplaced<'a>(
        &'a self,
        pods: impl Iterator<Item = PendingPods<'a>>,
    ) -> Vec<placement::Unplaced> {
        if self.nodes.is_single() {
            return Vec::new();
        }
        let own = self.rows.iter();
        let own = own.map(|row| PendingPods { row, count: row.replicas, demand: row.pod });
        placement::place(&self.nodes, own.chain(pods).collect())
    }

    /// The budget with tenants on top: their rows, which may leave out what only `sum` holds.
    pub fn report(
        self,
        tenants: Vec<BudgetRow>,
        sum: Total,
        unplaced: Vec<placement::Unplaced>,
    ) -> Report {
        let own_disk = DiskUse::of(&self.nodes, &self.sum);
        let mut rows = self.rows;
        rows.extend(tenants);
        Report { own_disk, ..Report::of_sum(self.nodes, rows, sum, unplaced) }
    }
}

impl Plan {
    /// The budget of the platform and its tenants.
    pub fn budget(&self, summaries: &[Summary]) -> Report {
        // With the Job for the databases that they have, under the name that the tree has it by.
        let serving = self.serving(summaries);
        let own = serving.as_ref().unwrap_or(self).own();
        let mut sum = own.sum;
        for summary in summaries {
            sum.extend(&summary.sum);
        }
        let built = || summaries.iter().filter_map(|it| Some((it.name.as_ref()?, it)));
        let rows: Vec<_> = built().map(|(name, tenant)| tenant_row(name, &tenant.sum)).collect();
        let unplaced = own.unplaced(rows.iter().zip(built()).flat_map(|(row, (_, summary))| {
            let pods = summary.pods.iter();
            pods.map(move |&(count, demand)| PendingPods { row, count, demand })
        }));
        own.report(rows, sum, unplaced)
    }

    /// The same, without the rows of most tenants where there are many: of ten thousand, the first
    /// ones are listed on a page, and findings name the largest.
    pub fn brief(&self, summaries: &[Summary]) -> Report {
        let serving = self.serving(summaries);
        let own = serving.as_ref().unwrap_or(self).own();
        if summaries.len() <= LISTED || !own.nodes.is_single() {
            return self.budget(summaries);
        }
        let mut sum = own.sum;
        for summary in summaries {
            sum.extend(&summary.sum);
        }
        let built = || summaries.iter().filter_map(|it| Some((it.name.as_ref()?, &it.sum)));
        let mut named: BTreeSet<usize> = (0..LISTED).collect();
        let sizes: [fn(&Total) -> u64; 3] =
            [|it| it.demand.request.get(), |it| it.demand.cpu.get(), |it| it.demand.limit.get()];
        for size in sizes {
            let mut largest: BTreeSet<(Reverse<u64>, usize)> = BTreeSet::new();
            for (at, (_, sum)) in built().enumerate() {
                largest.insert((Reverse(size(sum)), at));
                if largest.len() > LISTED {
                    largest.pop_last();
                }
            }
            named.extend(largest.into_iter().map(|it| it.1));
        }
        let rows = built().enumerate().filter(|it| named.contains(&it.0));
        let rows = rows.map(|(_, (name, sum))| tenant_row(name, sum)).collect();
        own.report(rows, sum, Vec::new())
    }

    /// The platform's own part of the budget.
    pub fn own(&self) -> Own {
        let rows: Vec<BudgetRow> = self.rows();
        let mut sum: Total = rows.iter().collect();
        sum.volumes = self.assembly.components.iter().map(volumes::on_disk).sum();
        let chat = &self.assembly.platform.spec.components.open_webui;
        if chat.enabled {
            sum.images = chat.documents.disk();
        }
        Own { rows, sum, nodes: self.nodes() }
    }

    /// The pods of the platform and of the cluster around it.
    fn rows(&self) -> Vec<BudgetRow> {
        let shared: BTreeSet<(&str, &str)> =
            self.assembly.components.iter().flat_map(demand::shared_claims).collect();
        let nodes = self.nodes();
        let own = self.assembly.components.iter().flat_map(demand::rows).map(|mut row| {
            row.claims.retain(|it| !shared.contains(&(&*row.namespace, &**it)));
            // A DaemonSet has a pod on each node that it may be on.
            if row.kind == "DaemonSet" {
                BudgetRow { replicas: placement::nodes_for(&nodes, &row.wants), ..row }
            } else {
                row
            }
        });
        own.chain(report::cluster_rows(self.ingress_row())).collect()
    }

    /// The ingress controller's pod. k3s runs Traefik whether or not we set its figures: what it
    /// takes is counted either way. One that is there already has no priority that we know of.
    fn ingress_row(&self) -> BudgetRow {
        let spec = &self.assembly.platform.spec;
        let Some(ingress) = &spec.ingress else {
            return report::cluster_row("traefik", spec.components.traefik.allotment().into());
        };
        BudgetRow {
            application: ingress.namespace.shared(),
            namespace: ingress.namespace.shared(),
            priority: 0,
            source: Origin::Described,
            ..report::cluster_row(&ingress.class, ingress.allotment().into())
        }
    }
}
