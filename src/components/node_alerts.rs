//! Alerts for nodes that are not what the budget counted on.

use super::workload_alerts;
use crate::{
    builder::{
        contribution::{Alert, AlertSeverity},
        example::{Examples, Series},
        scope::Scope,
    },
    facts::alerts::{Figure, NODE_AFTER},
    platform::node_group::Nodes,
    units::Millicores,
};

/// Alerts when the nodes are not what the budget counted on. Nothing of the tree changes then: too
/// much is placed on a node, or the next pod that needs a place has none. Three alerts, because
/// three things are to be done about it. Alerts for what runs on any node come with them.
pub fn alerts(scope: &mut Scope<'_>, nodes: &Nodes) {
    for alert in [reserves_nothing(nodes), not_ready(nodes), gives_less(nodes)] {
        scope.contribute(alert);
    }
    workload_alerts::alerts(scope);
}

fn series(of: &str, resource: &str, unit: &str) -> String {
    format!("kube_node_status_{of}{{resource=\"{resource}\",unit=\"{unit}\"}}")
}

fn of_node(of: &str, resource: &str, unit: &str) -> String {
    series(of, resource, unit).replace('{', "{node=\"a\",")
}

/// Cores, rounded up: the values of examples are whole.
fn whole_cores(millicores: Millicores) -> i64 {
    Series::amount(millicores.get().div_ceil(1000))
}

/// Each node: 1 where it is Ready, 0 where it is not. Without kube-state-metrics it is of no node,
/// and no alert fires.
const READY: &str = "kube_node_status_condition{condition=\"Ready\",status=\"true\"}";

/// Kubernetes' metrics count CPU in cores.
fn cores(millicores: Millicores) -> String {
    format!("{}.{:03}", millicores.get() / 1000, millicores.get() % 1000)
}

/// Without k3s' configuration the kubelet reserves next to nothing: it *promises more* than the
/// budget counts on, and what pods take is missing to the system. The node with the least reserved
/// is what a node is held against, for a metric does not say which group it is of.
fn reserves_nothing(nodes: &Nodes) -> Alert {
    let (memory, cpu) = (nodes.kept(), nodes.kept_cpu());
    let kept = |resource, unit, least: String| {
        let (capacity, allocatable) =
            (series("capacity", resource, unit), series("allocatable", resource, unit));
        format!("({capacity} - on(node) {allocatable}) < {least}")
    };
    Alert {
        name: "NodeReservesNothing",
        expression: format!(
            "{} or {}",
            kept("memory", "byte", memory.get().to_string()),
            kept("cpu", "core", cores(cpu))
        ),
        after: NODE_AFTER.value,
        severity: AlertSeverity::Warning,
        figures: vec![
            Figure::of(
                memory.get(),
                format!(
                    "The {} that the budget leaves to k3s and the system on the node that keeps \
                     least: `espalier show budget` has it, as what a node can give.",
                    memory.in_mib()
                ),
            ),
            Figure::of(
                cores(cpu),
                format!("The same of its CPU: {cpu}, in cores as Kubernetes' metrics have it."),
            ),
            NODE_AFTER.figure(),
        ],
        summary: format!(
            "Node {{{{ $labels.node }}}} keeps less than {} or {cpu} CPU for k3s and the \
             system: pods are promised what they cannot have.",
            memory.in_mib()
        ),
        // A little less than k3s' configuration keeps, and just that.
        examples: Examples {
            fires_on: keeps(Series::amount(memory.get()) - 1, whole_cores(cpu)),
            labels: vec![("node", "a".to_owned())],
            quiet_on: keeps(Series::amount(memory.get()), whole_cores(cpu)),
            ..Examples::default()
        },
        runbook: "k3s runs there without its configuration. The only node: run `bash \
                  bootstrap/bootstrap.sh up` again. One of several: write what `out/README.md` has \
                  for its group to `/etc/rancher/k3s/config.yaml.d/espalier.yaml`, and restart \
                  k3s. `kubectl describe node` shows Capacity and Allocatable: the difference is \
                  what is kept."
            .to_owned(),
    }
}

/// What a node reports that keeps so much memory, and so many cores.
fn keeps(memory: i64, cores: i64) -> Vec<Series> {
    let node = |of, resource, unit, value| Series::of(of_node(of, resource, unit), value);
    vec![
        node("capacity", "memory", "byte", memory),
        node("allocatable", "memory", "byte", 0),
        node("capacity", "cpu", "core", cores),
        node("allocatable", "cpu", "core", 0),
    ]
}

/// A node that is gone, or does not answer: its pods may have no other place.
fn not_ready(nodes: &Nodes) -> Alert {
    let count = nodes.count();
    Alert {
        name: "NodesMissing",
        // A sum, because of no Ready node there would be no count.
        expression: format!("sum({READY}) < {count}"),
        after: NODE_AFTER.value,
        severity: AlertSeverity::Warning,
        figures: vec![
            Figure::of(count, "As many nodes as the spec has: the budget places pods on all."),
            NODE_AFTER.figure(),
        ],
        summary: format!("Fewer nodes are Ready than the {count} that the spec has."),
        examples: Examples {
            fires_on: ready(count.saturating_sub(1)),
            quiet_on: ready(count),
            ..Examples::default()
        },
        runbook: "`kubectl get nodes` shows which; `journalctl -u k3s` (`k3s-agent`) on it says \
                  why. Take a node that will not come back out of the spec: `espalier check` says \
                  whether all still fits."
            .to_owned(),
    }
}

/// Machines that are smaller than the spec's.
fn gives_less(nodes: &Nodes) -> Alert {
    let (memory, cpu) = (nodes.allocatable(), nodes.allocatable_cpu());
    let sum = |resource, unit| {
        format!("sum({} * on(node) group_left() {READY})", series("allocatable", resource, unit))
    };
    Alert {
        name: "NodesBelowBudget",
        expression: format!(
            "{} < {} or {} < {}",
            sum("memory", "byte"),
            memory.get(),
            sum("cpu", "core"),
            cores(cpu)
        ),
        after: NODE_AFTER.value,
        severity: AlertSeverity::Warning,
        figures: vec![
            Figure::of(
                memory.get(),
                format!(
                    "The {} that the budget places pods in: the machines of the spec, less what k3s \
                     and the system keep of each (`espalier show budget`).",
                    memory.in_mib()
                ),
            ),
            Figure::of(
                cores(cpu),
                format!("The same of their CPU: {cpu}, in cores as Kubernetes' metrics have it."),
            ),
            NODE_AFTER.figure(),
        ],
        summary: format!(
            "The Ready nodes can give pods less than the {} and {cpu} CPU that the budget counts \
             on.",
            memory.in_mib()
        ),
        examples: Examples {
            fires_on: gives(Series::amount(memory.get()) - 1, whole_cores(cpu)),
            quiet_on: gives(Series::amount(memory.get()), whole_cores(cpu)),
            ..Examples::default()
        },
        runbook: "`kubectl describe nodes` shows what each can give. Where a machine is smaller \
                  than in the spec (or its kernel sees less of the memory: `memTotal`), write that \
                  into the spec: `espalier check` says whether all still fits. Where a node is \
                  missing, see NodesMissing."
            .to_owned(),
    }
}

/// So many nodes that are Ready, in one series: only their sum is looked at.
fn ready(count: u32) -> Vec<Series> {
    vec![Series::of(READY, count.into())]
}

/// A Ready node that can give so much to pods.
fn gives(memory: i64, cores: i64) -> Vec<Series> {
    vec![
        Series::of(READY.replace('{', "{node=\"a\","), 1),
        Series::of(of_node("allocatable", "memory", "byte"), memory),
        Series::of(of_node("allocatable", "cpu", "core"), cores),
    ]
}
