//! Placement: each reason, volumes, daemons; and a slow search that does not place the largest first
//! finds what it finds.

use std::collections::BTreeSet;

use proptest::prelude::*;

use super::{PendingPods, Reason, nodes_for, place};
use crate::{
    budget::demand::{BudgetRow, Demand, Origin, Wants},
    platform::node_group::{NodeGroup, Nodes},
    units::{Bytes, Millicores},
};

fn nodes(yaml: &str) -> Nodes {
    let groups: Vec<NodeGroup> = serde_yaml::from_str(yaml).expect("groups of nodes");
    Nodes::of(None, &groups)
}

fn row(kind: &'static str, labels: &[(&str, &str)], tolerates: &[&str]) -> BudgetRow {
    let toleration = |key: &&str| {
        serde_yaml::from_str(&format!("{{key: {key}, operator: Exists}}")).expect("a toleration")
    };
    let wants = Wants {
        labels: labels
            .iter()
            .map(|(key, value)| ((*key).to_owned(), (*value).to_owned()))
            .collect(),
        tolerations: tolerates.iter().map(toleration).collect(),
        host_ports: BTreeSet::new(),
        ..Wants::default()
    };
    let (name, pod) = ("x".into(), Demand::default());
    BudgetRow {
        application: "x".into(),
        kind,
        namespace: "x".into(),
        name,
        replicas: 1,
        surge: 0,
        pod,
        source: Origin::Object,
        priority: 0,
        wants,
        claims: Vec::new(),
        volumes: Bytes::default(),
    }
}

fn ask(mib: u64, cpu: u64, gpus: u64) -> Demand {
    let (memory, cpu) = (Bytes::mib(mib), Millicores::new(cpu));
    Demand { request: memory, limit: memory, cpu, gpus, ..Demand::default() }
}

/// Two agents with 1024Mi and 1500m for pods, and a server with 512Mi and 1500m.
const SMALL: &str = "
- {name: control, role: server, cpu: 2, memory: 4Gi, memTotal: 2688Mi}
- {name: work, count: 2, role: agent, cpu: 2, memory: 2Gi, memTotal: 1984Mi, gpus: 1, labels: {tier: models}, taints: [{key: gpu, effect: NoSchedule}]}
";

#[test]
fn each_reason_is_reported() {
    let nodes = nodes(SMALL);
    let any = row("Deployment", &[], &[]);
    let why = |row: &BudgetRow, count: u32, ask: Demand| {
        place(&nodes, vec![PendingPods { row, count, demand: ask }])
            .first()
            .map(|it| (it.count, it.why))
    };
    assert_eq!(why(&any, 1, ask(512, 0, 0)), None);
    // The agents' taint keeps it to the server.
    assert_eq!(why(&any, 2, ask(512, 0, 0)), Some((1, Reason::NoRoom)));
    assert_eq!(why(&any, 1, ask(513, 0, 0)), Some((1, Reason::TooLarge)));
    let choosy = row("StatefulSet", &[("tier", "models")], &["gpu"]);
    assert_eq!(why(&choosy, 2, ask(1024, 1500, 1)), None);
    assert_eq!(why(&choosy, 3, ask(100, 100, 1)), Some((1, Reason::NoRoom)));
    assert_eq!(why(&choosy, 1, ask(100, 1501, 0)), Some((1, Reason::TooLarge)));
    assert_eq!(
        why(&row("StatefulSet", &[("tier", "models")], &[]), 1, ask(1, 1, 0)),
        Some((1, Reason::NoSuchNode))
    );
    assert_eq!(
        why(&row("StatefulSet", &[("tier", "other")], &["gpu"]), 1, ask(1, 1, 0)),
        Some((1, Reason::NoSuchNode))
    );
    // One on every node, and the rest beside them.
    let (daemon, tolerant) = (row("DaemonSet", &[], &["gpu"]), row("Deployment", &[], &["gpu"]));
    let both = |mib| {
        vec![
            PendingPods { row: &tolerant, count: 2, demand: ask(mib, 0, 0) },
            PendingPods { row: &daemon, count: 3, demand: ask(24, 0, 0) },
        ]
    };
    assert!(place(&nodes, both(1000)).is_empty());
    assert_eq!(place(&nodes, both(1001)).len(), 1);
}

#[test]
fn pods_of_one_volume_are_on_one_node() {
    // 1024Mi and 1500m each.
    let nodes = nodes("- {name: a, count: 2, role: agent, cpu: 2, memory: 2Gi, memTotal: 1984Mi}");
    let with = |name: &str, namespace: &str, claims: &[&str]| BudgetRow {
        name: name.into(),
        namespace: namespace.into(),
        claims: claims.iter().map(|it| (*it).into()).collect(),
        ..row("Deployment", &[], &[])
    };
    let waiting = |row, mib| PendingPods { row, count: 1, demand: ask(mib, 100, 0) };
    let (chat, backup, other) = (
        with("chat", "ai", &["data"]),
        with("backup", "ai", &["data", "backups"]),
        with("x", "ai", &["x"]),
    );
    // Each would fit alone; together they are larger than a node.
    assert!(place(&nodes, vec![waiting(&chat, 700), waiting(&other, 400)]).is_empty());
    assert!(
        place(&nodes, vec![waiting(&chat, 624), waiting(&backup, 400), waiting(&other, 1024)])
            .is_empty()
    );
    let found = place(&nodes, vec![waiting(&backup, 400), waiting(&chat, 625)]);
    let told: Vec<_> = found
        .iter()
        .map(|it| (&*it.row.name, it.demand.request, it.count, it.why, it.beside.len()))
        .collect();
    assert_eq!(told, [("chat", Bytes::mib(1025), 1, Reason::TooLarge, 1)]);
    // A third pod connects them: all three must be on one node.
    let third = with("third", "ai", &["backups"]);
    let found =
        place(&nodes, vec![waiting(&chat, 400), waiting(&third, 400), waiting(&backup, 400)]);
    assert_eq!(
        found.iter().map(|it| (it.demand.request, it.beside.len())).collect::<Vec<_>>(),
        [(Bytes::mib(1200), 2)]
    );
    // Two pods of one claim count too; a claim of the same name in another namespace is another
    // claim.
    assert_eq!(
        place(&nodes, vec![PendingPods { row: &chat, count: 2, demand: ask(600, 0, 0) }]).len(),
        1
    );
    let elsewhere = with("chat", "team-a", &["data"]);
    assert!(place(&nodes, vec![waiting(&chat, 1000), waiting(&elsewhere, 1000)]).is_empty());
    // The room that another pod took.
    let free = row("Deployment", &[], &[]);
    let crowd = vec![
        waiting(&chat, 500),
        waiting(&backup, 100),
        PendingPods { row: &free, count: 2, demand: ask(601, 0, 0) },
    ];
    assert_eq!(place(&nodes, crowd)[0].why, Reason::NoRoom);
}

#[test]
fn a_daemon_is_not_on_nodes_that_it_does_not_tolerate() {
    let nodes = nodes(SMALL);
    let (daemon, everywhere, tolerant) = (
        row("DaemonSet", &[], &[]),
        row("DaemonSet", &[], &["gpu"]),
        row("Deployment", &[], &["gpu"]),
    );
    let beside = |row: &BudgetRow| {
        let pods = PendingPods { row: &tolerant, count: 2, demand: ask(1024, 0, 0) };
        place(
            &nodes,
            vec![
                pods,
                PendingPods { row, count: nodes_for(&nodes, &row.wants), demand: ask(100, 0, 0) },
            ],
        )
    };
    assert_eq!([&daemon, &everywhere].map(|it| nodes_for(&nodes, &it.wants)), [1, 3]);
    assert!(beside(&daemon).is_empty(), "the agents, which it does not tolerate, are whole");
    assert_eq!(beside(&everywhere).len(), 1);
    assert_eq!(nodes_for(&nodes, &row("DaemonSet", &[("tier", "models")], &["gpu"]).wants), 2);
}

#[test]
fn an_agent_keeps_less_for_itself() {
    let nodes = nodes(SMALL);
    let given: Vec<u64> =
        nodes.groups().iter().map(|it| it.node.allocatable().get() >> 20).collect();
    assert_eq!(given, [2688 - 384 - 1536 - 256, 1984 - 384 - 320 - 256]);
    assert_eq!(
        (nodes.allocatable(), nodes.allocatable_cpu()),
        (Bytes::mib(512 + 2 * 1024), Millicores::new(4500))
    );
    assert_eq!((nodes.count(), nodes.gpus(), nodes.max_pods()), (3, 2, 330));
    let kubelet = |at: usize| nodes.groups()[at].node.kubelet_arguments();
    assert_eq!(kubelet(0)[1], "kube-reserved=cpu=300m,memory=1536Mi");
    assert_eq!(kubelet(1)[1], "kube-reserved=cpu=300m,memory=320Mi");
}

/// Whether some assignment places all pods, found by trying each.
fn search(free: &mut [(u64, u64)], pods: &[(u64, u64)]) -> bool {
    let Some(((memory, cpu), rest)) = pods.split_first() else { return true };
    for at in 0..free.len() {
        if free[at].0 >= *memory && free[at].1 >= *cpu {
            free[at] = (free[at].0 - memory, free[at].1 - cpu);
            let found = search(free, rest);
            free[at] = (free[at].0 + memory, free[at].1 + cpu);
            if found {
                return true;
            }
        }
    }
    false
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(200) })]

    /// Every pod that is reported as placed has room; on one node, placement and sum agree; a pod
    /// that is too large is larger than each node.
    #[test]
    fn a_place_is_a_place(
        sizes in proptest::collection::vec((1_u64..1500, 1_u64..1600), 1..7),
        machines in proptest::collection::vec((1_u64..2000, 1_u64..3), 1..4),
    ) {
        let group = |(at, (mib, cpu)): (usize, &(u64, u64))| {
            let total = 384 + 320 + 256 + mib;
            format!(
                "- {{name: n{at}, role: agent, cpu: {cpu}, memory: 4Gi, memTotal: {total}Mi}}\n"
            )
        };
        let nodes = nodes(&machines.iter().enumerate().map(group).collect::<String>());
        let any = row("Deployment", &[], &[]);
        let pods = sizes
            .iter()
            .map(|&(mib, cpu)| PendingPods { row: &any, count: 1, demand: ask(mib, cpu, 0) })
            .collect();
        let unplaced = place(&nodes, pods);
        let free: Vec<(u64, u64)> =
            machines.iter().map(|(mib, cpu)| (*mib, cpu * 1000 - 500)).collect();
        if unplaced.is_empty() {
            prop_assert!(search(&mut free.clone(), &sizes));
        }
        let sums = sizes.iter().fold((0, 0), |sum, size| (sum.0 + size.0, sum.1 + size.1));
        if let [(mib, cpu)] = free[..] {
            prop_assert_eq!(unplaced.is_empty(), sums.0 <= mib && sums.1 <= cpu);
        }
        for pod in &unplaced {
            let has_room = free.iter().any(|(mib, cpu)| {
                pod.demand.request <= Bytes::mib(*mib) && pod.demand.cpu <= Millicores::new(*cpu)
            });
            prop_assert_eq!(pod.why == Reason::TooLarge, !has_room);
        }
    }
}
