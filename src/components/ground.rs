//! The ground that all stands on: an alert for nodes that give less than the budget counted on.

use crate::{
    builder::{
        handle::{Alert, AlertSeverity, Contribution},
        scope::Scope,
    },
    platform::nodes::Nodes,
    units::Seconds,
};

/// Tells when the nodes can give pods less than the budget counted on: k3s was started without its configuration, a machine was replaced by a
/// smaller one, a node is gone. Nothing of the tree changes then, and the next pod that needs a place has none.
pub fn alert(scope: &mut Scope<'_>, nodes: &Nodes) {
    let sum = |resource: &str, unit: &str| format!("sum(kube_node_status_allocatable{{resource=\"{resource}\",unit=\"{unit}\"}})");
    let (memory, cpu) = (nodes.allocatable(), nodes.allocatable_cpu());
    scope.contribute(Contribution::Alert(Alert {
        name: "NodesBelowBudget",
        expression: format!(
            "{} < {} or {} < {}.{:03}",
            sum("memory", "byte"),
            memory.get(),
            sum("cpu", "core"),
            cpu.get() / 1000,
            cpu.get() % 1000
        ),
        // A node that starts again is away for less.
        after: Seconds::new(900),
        severity: AlertSeverity::Warning,
        summary: format!("The nodes can give pods less than the {} and {cpu} CPU that the budget counts on.", memory.in_mib()),
        runbook: "`kubectl describe nodes` shows what each can give. Where k3s runs without `bootstrap/k3s/config.yaml`, run `bash bootstrap/bootstrap.sh` \
                  again; where the machine is a smaller one, write that into the spec."
            .to_owned(),
    }));
}
