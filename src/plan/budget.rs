//! The budget of a plan: what its pods request and may use, and where they find room.

use std::collections::BTreeSet;

use super::{Plan, applications, summary::Summary};
use crate::{
    budget::{
        demand::{self, BudgetRow, Origin, Total, Wants},
        disk::DiskUse,
        placement::{self, PendingPods},
        report::{self, Report},
        volumes,
    },
    units::Bytes,
};

impl Plan {
    /// The budget of the platform and its tenants.
    pub fn budget(&self, summaries: &[Summary]) -> Report {
        let mut rows: Vec<BudgetRow> = self.rows();
        let mut sum: Total = rows.iter().collect();
        sum.volumes = self.assembly.components.iter().map(volumes::on_disk).sum();
        let chat = &self.assembly.platform.spec.components.open_webui;
        if chat.enabled {
            sum.images = chat.documents.disk();
        }
        let own = sum;
        for summary in summaries {
            sum.extend(&summary.sum);
            if let Some(name) = &summary.name {
                rows.push(BudgetRow {
                    application: applications::tenant_name(name),
                    kind: "Workspace",
                    namespace: name.clone(),
                    name: name.clone(),
                    replicas: 1,
                    surge: 0,
                    pod: summary.sum.demand,
                    source: Origin::Tenant,
                    priority: 0,
                    wants: Wants::default(),
                    claims: Vec::new(),
                    volumes: Bytes::default(),
                });
            }
        }
        let nodes = self.nodes();
        let unplaced = if nodes.is_single() {
            Vec::new()
        } else {
            placement::place(&nodes, waiting(&rows, summaries))
        };
        let own_disk = DiskUse::of(&nodes, &own);
        Report { own_disk, ..Report::of_sum(nodes, rows, sum, unplaced) }
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

/// All pods that need a place. The rows of tenants come last, in the order of their summaries.
fn waiting<'a>(rows: &'a [BudgetRow], summaries: &[Summary]) -> Vec<PendingPods<'a>> {
    let (tenants, own): (Vec<&BudgetRow>, Vec<&BudgetRow>) =
        rows.iter().partition(|it| it.source == Origin::Tenant);
    let of_tenants = tenants.into_iter().zip(summaries.iter().filter(|it| it.name.is_some()));
    let of_tenants = of_tenants.flat_map(|(row, summary)| {
        summary.pods.iter().map(move |&(count, demand)| PendingPods { row, count, demand })
    });
    own.into_iter()
        .map(|row| PendingPods { row, count: row.replicas, demand: row.pod })
        .chain(of_tenants)
        .collect()
}
