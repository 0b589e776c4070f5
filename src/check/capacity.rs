//! `node-memory-exceeded` and the like, `pod-without-place`: the sums against what the nodes can
//! give, and each pod against each node.

use std::{cmp::Reverse, fmt::Display};

use super::{
    rule::rules,
    suggestions::{Amounts, fixes_for},
    view::{CapacityView, WholeView},
};
use crate::{
    budget::{
        demand::{BudgetRow, Origin},
        disk::smallest,
        placement::Reason,
    },
    builder::may_make::MayMake,
    diag::{
        diagnostic::{Diagnostic, Diagnostics, Place},
        path::FieldPath,
    },
    units::Bytes,
};

rules! {
    /// Memory requests sum to more than the node can give.
    error NODE_MEMORY_EXCEEDED = "node-memory-exceeded",
    /// CPU requests sum to more than the node can give.
    error NODE_CPU_EXCEEDED = "node-cpu-exceeded",
    /// Pods request more GPUs than the nodes have.
    error NODE_GPUS_EXCEEDED = "node-gpus-exceeded",
    /// Images, volumes, logs and what pods write sum to more than the disks hold.
    error NODE_DISK_EXCEEDED = "node-disk-exceeded",
    /// More pods than a node runs.
    error NODE_PODS_EXCEEDED = "node-pods-exceeded",
    /// Limits sum to more than the spec permits.
    error LIMITS_OVERCOMMITTED = "limits-overcommitted",
    /// No room for the pod that a rolling update adds.
    warning NO_ROOM_FOR_ROLLOUT = "no-room-for-rollout",
    /// A pod fits on none of several nodes.
    error POD_WITHOUT_PLACE = "pod-without-place":
    Whole(node);
}

/// How many consumers an error points at.
const POINTED_AT: usize = 4;
/// How many it names.
const NAMED: usize = 5;

/// What a whole takes of its nodes.
pub fn node(view: &WholeView<'_>, found: &mut Diagnostics) {
    let file_of = |name: &str| {
        let tenant = view.tenants.iter().find(|it| it.name.as_deref() == Some(name));
        tenant.map(|it| it.file.clone())
    };
    let (spec, budget, tenants) = (&view.spec, view.budget, view.tenants.len());
    let requests = view.tenants.iter().map(|it| it.sum.demand.request).sum();
    find(&CapacityView { spec, budget, tenants, requests, file_of: &file_of }, found);
}

/// Memory, CPU, pods, limits, and room for a rollout.
pub fn find(view: &CapacityView<'_>, found: &mut Diagnostics) {
    let budget = view.budget;
    if budget.requests > budget.allocatable {
        found.push(memory(view));
    } else if budget.spare() < budget.surge.request {
        found.push(rollout(view));
    }
    if budget.cpu > budget.allocatable_cpu {
        let message = format!(
            "CPU requests sum to {}, the {} can give {}",
            budget.cpu,
            nodes(view),
            budget.allocatable_cpu
        );
        let mut finding = NODE_CPU_EXCEEDED.at(view.spec.node(&["cpu"]), message);
        finding.help.extend(fixes_for(view));
        if Amounts::over(view).is_both() {
            finding = finding.note(BOTH);
        }
        finding = finding.note(named(
            view,
            |row| row.pod.cpu * u64::from(row.replicas),
            |it| it.to_string(),
        ));
        found.push(finding.note(EXPLAINED));
    }
    if let Some(usable) =
        budget.disk.usable.filter(|it| *it > Bytes::default() && !budget.disk.fits())
    {
        found.push(disk(view, usable));
    }
    if budget.gpus > budget.allocatable_gpus {
        let message = format!(
            "pods request {}, the {} {}",
            gpus(budget.gpus),
            if budget.nodes.is_single() { "node has" } else { "nodes have" },
            budget.allocatable_gpus
        );
        let place = view.spec.component(&["ollama", "gpu"]);
        let finding = NODE_GPUS_EXCEEDED
            .at(place, message)
            .related(view.spec.node(&[]), format!("the {}", nodes(view)));
        let replicas = view.spec.platform.spec.components.ollama.replicas;
        let most = budget.allocatable_gpus / (budget.gpus / u64::from(replicas.max(1))).max(1);
        found.push(if most > 0 {
            finding.help(format!("write `replicas: {most}`: each replica has GPUs of its own"))
        } else {
            finding.help(format!(
                "write `gpus: {}` if the node has that many and NVIDIA's device plugin reports \
                 them",
                budget.gpus
            ))
        });
    }
    let pods = budget.all_pods();
    let most = budget.nodes.max_pods();
    if pods > most {
        let finding = NODE_PODS_EXCEEDED.at(
            view.spec.node(&[]),
            format!(
                "there are {pods} pods, but the {} at most {most} ({} too many)",
                if budget.nodes.is_single() { "node runs" } else { "nodes run" },
                pods - most
            ),
        );
        let fewer = if view.tenants == 0 { "use fewer replicas" } else { "use fewer workspaces" };
        let finding = if budget.nodes.is_single() {
            finding.help(format!(
                "{fewer}, or write `maxPods: {pods}` and give k3s `kubelet-arg: max-pods={pods}`"
            ))
        } else {
            finding.help(format!("{fewer}, more nodes, or a larger `maxPods` for some of them"))
        };
        found.push(match largest(view, |row| row.replicas).first() {
            Some(row) if row.replicas > 1 => {
                finding.related(place(view, row), format!("{} of them", row.replicas))
            }
            _ => finding,
        });
    }
    limits(view, found);
    places(view, found);
}

fn nodes(view: &CapacityView<'_>) -> &'static str {
    if view.budget.nodes.is_single() { "node" } else { "nodes" }
}

fn gpus(number: u64) -> String {
    format!("{number} GPU{}", if number == 1 { "" } else { "s" })
}

/// For a node with too little of both: a change that frees only one of them is no help.
const BOTH: &str = "there is too little memory and too little CPU: a change that fits is enough \
                    for both";

const EXPLAINED: &str = "`espalier show budget` explains each figure";

/// The rows that the spec can change, the largest first.
fn largest<'a, T: Ord>(
    view: &'a CapacityView<'_>,
    size: impl Fn(&BudgetRow) -> T,
) -> Vec<&'a BudgetRow> {
    let mut rows: Vec<&BudgetRow> =
        view.budget.rows.iter().filter(|it| it.source != Origin::Cluster).collect();
    rows.sort_by_key(|it| Reverse(size(it)));
    rows
}

/// The largest consumers in a line.
fn named<T: Ord>(
    view: &CapacityView<'_>,
    size: impl Fn(&BudgetRow) -> T,
    show: impl Fn(T) -> String,
) -> String {
    let rows = largest(view, &size);
    let parts: Vec<String> =
        rows.iter().take(NAMED).map(|row| format!("{} {}", row.name, show(size(row)))).collect();
    format!("the largest: {}", parts.join(", "))
}

fn requested(row: &BudgetRow) -> Bytes {
    row.pod.request * u64::from(row.replicas)
}

fn mib(bytes: Bytes) -> String {
    bytes.in_mib().to_string()
}

/// `3 × 1697Mi`
fn times(replicas: u32, amount: impl Display) -> String {
    if replicas == 1 { amount.to_string() } else { format!("{replicas} × {amount}") }
}

/// The central finding: the sums, the largest consumers with their places, and the changes that
/// would fit.
fn memory(view: &CapacityView<'_>) -> Diagnostic {
    let budget = view.budget;
    let over = budget.requests.saturating_sub(budget.allocatable);
    let (requests, allocatable) = (budget.requests.in_mib(), budget.allocatable.in_mib());
    let message = format!(
        "requests sum to {requests}, the {} can give {allocatable} ({} too much)",
        nodes(view),
        over.in_mib()
    );
    // What is less than a fiftieth of the node changes nothing: it is in `show budget`.
    let counts = |row: &&BudgetRow| requested(row) >= Bytes::new(budget.allocatable.get() / 50);
    let mut places = largest(view, requested)
        .into_iter()
        .filter(counts)
        .map(|row| (place(view, row), times(row.replicas, row.pod.request.in_mib())));
    let (first, label) = places.next().unwrap_or_else(|| (Place::Nowhere, String::new()));
    let mut finding = NODE_MEMORY_EXCEEDED.at(first, message).label(label);
    let mut marked = vec![finding.place.clone()];
    for (place, label) in places.take(POINTED_AT - 1) {
        // A section of several pods is pointed at once, where its largest is.
        if !marked.contains(&place) && place != Place::Nowhere {
            marked.push(place.clone());
            finding = finding.related(place, label);
        }
    }
    finding.help.extend(fixes_for(view));
    if Amounts::over(view).is_both() {
        finding = finding.note(BOTH);
    }
    if !budget.nodes.is_single() {
        finding = finding.note(
            "a change that fits makes the sums fit; then each pod must still fit on \
                          some node",
        );
    }
    finding = finding.note(named(view, requested, mib));
    if view.tenants > 0 {
        let (tenants, count) = (view.requests, view.tenants);
        let own = budget.requests.saturating_sub(tenants);
        let workspaces = if count == 1 {
            "1 workspace requests".to_owned()
        } else {
            format!("{count} workspaces request")
        };
        finding = finding.note(format!(
            "{workspaces} {}, the platform itself {}",
            tenants.in_mib(),
            own.in_mib()
        ));
    }
    finding.note(EXPLAINED)
}

/// What the disks hold, and the change that fits.
fn disk(view: &CapacityView<'_>, usable: Bytes) -> Diagnostic {
    let (disk, machines) = (&view.budget.disk, nodes(view));
    let (needed, over) = (disk.needed(), disk.needed().saturating_sub(usable));
    let message = format!(
        "images, volumes and what pods write sum to {}, and the disk of the {machines} holds {} \
         before the kubelet evicts ({} too much)",
        needed.in_mib(),
        usable.in_mib(),
        over.in_mib()
    );
    let finding = NODE_DISK_EXCEEDED.at(view.spec.node(&["disk"]), message);
    let count = u64::from(view.budget.nodes.count().max(1));
    let each = smallest(Bytes::new(needed.get().div_ceil(count)));
    let finding = finding.help(if view.budget.nodes.is_single() {
        format!("write `disk: {each}`, if it is that large")
    } else {
        format!("write `disk: {each}` in each group, if the disks are that large")
    });
    finding
        .help("write smaller volumes: `components.ollama.storage` and the others' `storage`")
        .note(disk.parts().join(", "))
        .note(EXPLAINED)
}

/// Where the spec (or the workspace's file) says how large a row is.
fn place(view: &CapacityView<'_>, row: &BudgetRow) -> Place {
    if row.source == Origin::Tenant {
        let file = (view.file_of)(&row.name);
        let path = FieldPath::root().key("spec").key("models");
        return file.map_or(Place::Nowhere, |file| Place::Value { file, path });
    }
    if row.source == Origin::Described {
        return view.spec.value(&["ingress"]);
    }
    let sections = view.spec.platform.spec.components.sections();
    let makes = |one: &MayMake| *one.application == *row.application;
    match sections.iter().find(|it| it.may_make().iter().any(makes)) {
        Some(section) => {
            let field = section.demand(&row.application, row.replicas);
            view.spec.component(&[&[section.key()], field].concat())
        }
        None => Place::Nowhere,
    }
}

/// Pods that no node has room for, though the sums fit: the largest is named, with what kept it
/// out.
fn places(view: &CapacityView<'_>, found: &mut Diagnostics) {
    let budget = view.budget;
    let sums_fit = budget.requests <= budget.allocatable
        && budget.cpu <= budget.allocatable_cpu
        && budget.gpus <= budget.allocatable_gpus;
    let Some(first) = budget.unplaced.first().filter(|_| sums_fit) else { return };
    let (row, demand) = (&first.row, &first.demand);
    let gpus = if demand.gpus > 0 { format!(", {}", gpus(demand.gpus)) } else { String::new() };
    let amounts = format!("{} and {} CPU{gpus}", demand.request.in_mib(), demand.cpu);
    let largest = budget.nodes.groups().iter().max_by_key(|it| it.node.allocatable());
    let (why, help) = match first.why {
        Reason::NoSuchNode => (
            "no group of nodes has the labels that it selects and only taints that it tolerates"
                .to_owned(),
            "give a group in `nodes` the `labels` of the pod's `nodeSelector`, or give the pod \
             `tolerations` for that group's `taints`"
                .to_owned(),
        ),
        Reason::TooLarge => (
            if first.beside.is_empty() {
                "no node that it may run on is that large"
            } else {
                "no node that they may run on is that large"
            }
            .to_owned(),
            largest
                .map(|group| {
                    let (name, node) = (group.name.as_deref().unwrap_or_default(), &group.node);
                    format!(
                        "the largest nodes, `{name}`, can give {} and {} CPU each: use larger \
                         nodes, or a smaller pod",
                        node.allocatable().in_mib(),
                        node.allocatable_cpu()
                    )
                })
                .unwrap_or_default(),
        ),
        Reason::NoRoom => (
            "the spare capacity is spread over the nodes".to_owned(),
            "add a node, use larger nodes, or use fewer and smaller pods".to_owned(),
        ),
    };
    let name = times(first.count, format!("`{}`", row.name));
    let message = if first.beside.is_empty() {
        format!("{name} fits on no node: it requests {amounts}, and {why}")
    } else {
        let others: Vec<String> = first.beside.iter().map(|it| format!("`{it}`")).collect();
        format!(
            "{name} does not fit on a node together with {}: on the one node that mounts their \
             volume, they request {amounts} in all, and {why}",
            others.join(", ")
        )
    };
    let mut finding = POD_WITHOUT_PLACE
        .at(place(view, row), message)
        .related(view.spec.node(&[]), format!("{} nodes", budget.nodes.count()))
        .help(help)
        .note(format!(
            "requests sum to {} and {} CPU, the nodes can give {} and {}",
            mib(budget.requests),
            budget.cpu,
            mib(budget.allocatable),
            budget.allocatable_cpu
        ));
    if budget.unplaced.len() > 1 {
        let others: Vec<&str> =
            budget.unplaced.iter().skip(1).take(NAMED).map(|it| &*it.row.name).collect();
        finding = finding.note(format!("these fit on no node either: {}", others.join(", ")));
    }
    found.push(
        finding.note("the largest pods are placed first, each on the first node that has room"),
    );
}

/// A rolling update adds a pod before it takes one away.
fn rollout(view: &CapacityView<'_>) -> Diagnostic {
    let budget = view.budget;
    let memory = if view.spec.platform.spec.node.as_ref().is_some_and(|it| it.mem_total.is_some()) {
        "memTotal"
    } else {
        "memory"
    };
    let rows = budget.rows.iter().filter(|row| {
        row.surge > 0 && row.pod.request * u64::from(row.surge) == budget.surge.request
    });
    let whose = rows.map(|it| format!(" of `{}`", it.name)).next().unwrap_or_default();
    let missing = budget.surge.request.saturating_sub(budget.spare());
    let message = format!(
        "{} is spare, but a rolling update{whose} adds a pod of {}",
        budget.spare().in_mib(),
        budget.surge.request.in_mib()
    );
    NO_ROOM_FOR_ROLLOUT
        .at(view.spec.node(&[memory]), message)
        .help(format!("reduce other requests by {}, or use a larger node", missing.in_mib()))
        .note("the added pod stays Pending, and the rollout never finishes")
}

/// Σ limits against what the spec permits.
fn limits(view: &CapacityView<'_>, found: &mut Diagnostics) {
    let budget = view.budget;
    if budget.requests > budget.allocatable || !budget.is_overcommitted() {
        return;
    }
    let limit = |row: &BudgetRow| row.pod.limit * u64::from(row.replicas);
    let message = format!(
        "limits sum to {}, {} % of the {} that pods may use",
        budget.limits.in_mib(),
        budget.limits_percent(),
        budget.usable.in_mib()
    );
    let mut finding = LIMITS_OVERCOMMITTED.at(view.spec.node(&["overcommit"]), message);
    if let Some(row) = largest(view, limit).first() {
        finding = finding.related(
            place(view, row),
            format!("limit of {}", times(row.replicas, row.pod.limit.in_mib())),
        );
    }
    let enough = budget.limits_percent().div_ceil(10);
    found.push(
        finding
            .help(format!(
                "write `overcommit: {}.{}` if that is what you want, or lower the limits",
                enough / 10,
                enough % 10
            ))
            .note(named(view, limit, mib))
            .note("above 1.0, a pod can be OOM-killed because another exceeds its request"),
    );
}
