//! Pods that a chart makes count like our own: where they may run, what they mount, which ports of
//! their node they take.

use espalier::{
    budget::{
        demand::{self, BudgetRow},
        placement::{PendingPods, Reason, nodes_for, place},
    },
    builder::{
        chart::{Chart, pods::ChartPod},
        may_make::MayMake,
    },
    facts::{
        charts::sealed_secrets::SEALED_SECRETS,
        requests::{ARGO_REDIS, SEALED_SECRETS as SMALL},
    },
    platform::node_group::{NodeGroup, Nodes},
};
use k8s_openapi::api::core::v1::Toleration;

use crate::support::empty_platform;

const AGENTS: MayMake = MayMake::in_namespace("agents", &["argocd"], &[]);

/// The rows of a component with a chart that makes these pods, in the namespace `argocd`.
fn rows<const N: usize>(pods: [ChartPod; N]) -> Vec<BudgetRow> {
    let mut builder = empty_platform("test");
    let cluster = builder.cluster();
    let handles = builder.build(&AGENTS, &cluster.argocd, |scope| {
        scope.chart(Chart::new(&SEALED_SECRETS, "1.0.0", ()), pods)
    });
    let built = builder.close().0.finish();
    assert!(handles.iter().all(|it| built[0].pods.contains(it)), "its pods are declared");
    demand::rows(&built[0]).collect()
}

fn anywhere() -> Toleration {
    Toleration { operator: Some("Exists".to_owned()), ..Toleration::default() }
}

fn waiting(row: &BudgetRow) -> PendingPods<'_> {
    PendingPods { row, count: row.replicas, demand: row.pod }
}

#[test]
fn what_a_chart_s_pod_wants_is_in_its_row() {
    let mut builder = empty_platform("test");
    let cluster = builder.cluster();
    let there = builder.build(&AGENTS, &cluster.argocd, |scope| {
        scope.namespace_of("node-agents", "privileged", "v1.35")
    });
    let agent = ChartPod::daemon_set("node-exporter", SMALL)
        .in_namespace(&there)
        .labelled(&[("app", "exporter")])
        .on_nodes("kubernetes.io/os", "linux")
        .tolerates(anywhere())
        .host_port(9100);
    let store = ChartPod::stateful_set("loki", SMALL).beside(ARGO_REDIS).claims("storage-loki-0");
    let rows = rows([agent, store]);
    let [agent, store] = &rows[..] else { panic!("two rows") };
    assert_eq!((&*agent.namespace, agent.kind), ("node-agents", "DaemonSet"));
    assert_eq!(agent.wants.labels["kubernetes.io/os"], "linux");
    assert_eq!(agent.wants.tolerations, [anywhere()]);
    assert_eq!(agent.wants.host_ports, [9100].into());
    assert_eq!((&*store.namespace, &*store.claims[0]), ("argocd", "storage-loki-0"));
    assert_eq!(store.pod.request, SMALL.request + ARGO_REDIS.request);
}

#[test]
fn a_chart_s_pods_are_selected_by_the_labels_that_it_writes() {
    let mut builder = empty_platform("test");
    let cluster = builder.cluster();
    let [plain, named, other] = builder.build(&AGENTS, &cluster.argocd, |scope| {
        let pods = [
            ChartPod::deployment("argocd-server", SMALL),
            ChartPod::deployment("cert-manager-webhook", SMALL).named("webhook"),
            ChartPod::deployment("operator", SMALL).labelled(&[("app", "prometheus-operator")]),
        ];
        scope.chart(Chart::new(&SEALED_SECRETS, "1.0.0", ()), pods)
    });
    let by_name = |name: &str| {
        [("app.kubernetes.io/name", name), ("app.kubernetes.io/instance", "agents")]
            .map(|(key, value)| (key.to_owned(), value.to_owned()))
            .into()
    };
    assert_eq!(plain.selector().labels(), by_name("argocd-server"));
    assert_eq!(named.selector().labels(), by_name("webhook"));
    let labels = [("app".to_owned(), "prometheus-operator".to_owned())].into();
    assert_eq!(other.selector().labels(), labels);
}

/// Two pods that take one port of their node are never on the same one.
#[test]
fn a_port_of_a_node_is_taken_once() {
    let yaml = "
- {name: a, count: 2, role: agent, cpu: 2, memory: 4Gi}
- {name: gpu, role: agent, cpu: 2, memory: 4Gi, taints: [{key: gpu, effect: NoSchedule}]}
";
    let groups: Vec<NodeGroup> = serde_yaml::from_str(yaml).expect("groups of nodes");
    let nodes = Nodes::of(None, &groups);
    let pods = |count| ChartPod::deployment("gateway", SMALL).replicas(count).host_port(443);
    let agent = || ChartPod::daemon_set("agent", SMALL).tolerates(anywhere());
    let placed = |pods: [ChartPod; 2]| {
        let mut rows = rows(pods);
        for row in rows.iter_mut().filter(|it| it.kind == "DaemonSet") {
            row.replicas = nodes_for(&nodes, &row.wants);
        }
        let found = place(&nodes, rows.iter().map(waiting).collect());
        found.iter().map(|it| (it.row.name.to_string(), it.count, it.why)).collect::<Vec<_>>()
    };
    assert_eq!(placed([pods(2), agent()]), []);
    // The third finds both ports taken, and does not tolerate the last node.
    assert_eq!(placed([pods(3), agent()]), [("gateway".to_owned(), 1, Reason::NoRoom)]);
    // A DaemonSet comes first, and takes the port everywhere.
    let all = placed([pods(2), agent().host_port(443)]);
    assert_eq!(all, [("gateway".to_owned(), 2, Reason::NoRoom)]);
}
