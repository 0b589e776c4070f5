//! What Alloy reads, what it makes of a line, and where it sends it: written from what components
//! say of their logs.

use std::collections::{BTreeMap, BTreeSet};

use super::syntax::{Block, Value, text};
use crate::{
    builder::{
        contribution::{Contributions, Logs},
        endpoint::Endpoint,
        meta,
    },
    facts::{
        charts::{alloy::NODE, loki::PUSH},
        logs::{AUDIT, BESIDE, Intake, JOURNAL, K3S, K3S_IN_JOURNAL, LONGEST_LINE, LONGEST_STORED},
        node::AUDIT_LOG_PATH,
    },
};

/// Where lines go, and what of them.
pub(super) struct Way {
    pub(super) loki: Endpoint,
    pub(super) intake: Intake,
    pub(super) retention_days: u32,
}

/// Labels that are a pod's name for what runs in it, the best one last: our own pods and those of
/// charts have the last, what k3s brings one of the others.
const APP: [&str; 4] = [
    "__meta_kubernetes_pod_container_name",
    "__meta_kubernetes_pod_label_app",
    "__meta_kubernetes_pod_label_k8s_app",
    "__meta_kubernetes_pod_label_app_kubernetes_io_name",
];

/// Labels that a source adds and nobody asks for.
const USELESS: [&str; 3] = ["filename", "job", "stream"];

/// The name of the node that Alloy runs on.
fn node() -> Value {
    Value::Expression(format!("sys.env(\"{NODE}\")"))
}

fn list<const N: usize>(items: [Value; N]) -> Value {
    Value::List(items.into())
}

/// The configuration.
pub(super) fn of(way: &Way, contributions: &Contributions) -> String {
    // The point at its end: looked up as it is written, and below no domain of the node's.
    let url = format!("http://{}.:{}{PUSH}", way.loki.host(), way.loki.port());
    let sink = Block::component("loki.write", "loki")
        .set("external_labels", Value::Map(vec![("node", node())]))
        .with(Block::of("endpoint").set("url", url));
    let log = Block::of("logging").set("level", "warn").set("format", "logfmt");
    let blocks: Vec<Block> = [log]
        .into_iter()
        .chain(pods(way, contributions, &sink))
        .chain(of_node(way, &sink))
        .chain([sink])
        .collect();
    text(&blocks)
}

/// Lines that are too old to be taken are not sent.
fn too_old(way: &Way) -> Block {
    Block::of("stage.drop")
        .set("older_than", format!("{}h", way.retention_days * 24 - 1))
        .set("drop_counter_reason", "too_old")
}

/// So many lines a second.
fn limited(way: &Way) -> Block {
    let (rate, burst) = way.intake.lines_of_a_pod();
    Block::of("stage.limit").set("rate", rate).set("burst", burst)
}

/// The logs of the node's pods.
fn pods(way: &Way, contributions: &Contributions, sink: &Block) -> [Block; 4] {
    let lines = Block::component("loki.process", "pods")
        .set("forward_to", list([sink.export("receiver")]))
        .with(
            Block::of("stage.cri")
                .set("max_partial_line_size", LONGEST_STORED.get())
                .set("max_partial_line_size_truncate", true),
        )
        .with_all(readings(contributions))
        .with(too_old(way))
        // A noisy pod loses lines, and no other is late for it.
        .with(limited(way).set("by_label_name", BESIDE).set("drop", true))
        .with(shortened())
        .with(
            Block::of("stage.structured_metadata")
                .set("values", Value::Map(vec![(BESIDE, "".into())])),
        )
        .with(without_useless());
    let on_node = Value::Expression(format!("\"spec.nodeName=\" + sys.env(\"{NODE}\")"));
    let pods = Block::component("discovery.kubernetes", "pods")
        .set("role", "pod")
        .with(Block::of("selectors").set("role", "pod").set("field", on_node));
    let files = files(&pods);
    let source = Block::component("loki.source.file", "pods")
        .set("targets", files.export("output"))
        .set("forward_to", list([lines.export("receiver")]))
        .with(matched());
    [pods, files, source, lines]
}

/// The logs of k3s and of the API server.
fn of_node(way: &Way, sink: &Block) -> [Block; 4] {
    // They are what somebody looks for after a break-in: they wait, and lose none.
    let lines = Block::component("loki.process", "node")
        .set("forward_to", list([sink.export("receiver")]))
        .with(too_old(way))
        .with(limited(way))
        .with(shortened())
        .with(without_useless());
    let time = Value::Map(vec![("time", "stageTimestamp".into())]);
    let events = Block::component("loki.process", "audit")
        .set("forward_to", list([lines.export("receiver")]))
        .with(Block::of("stage.json").set("expressions", time))
        .with(Block::of("stage.timestamp").set("source", "time").set("format", "RFC3339Nano"));
    let journal = Block::component("loki.source.journal", "k3s")
        .set("path", JOURNAL)
        .set("matches", K3S_IN_JOURNAL)
        .set("labels", Value::Map(labelled(K3S)))
        .set("forward_to", list([lines.export("receiver")]));
    let target = [vec![("__path__", AUDIT_LOG_PATH.into())], labelled(AUDIT)].concat();
    let audit = Block::component("loki.source.file", "audit")
        .set("targets", list([Value::Map(target)]))
        .set("forward_to", list([events.export("receiver")]))
        .with(matched());
    [journal, audit, events, lines]
}

/// The labels of what no pod says.
fn labelled((namespace, app, container): (&str, &str, &str)) -> Vec<(&'static str, Value)> {
    vec![("namespace", namespace.into()), ("app", app.into()), ("container", container.into())]
}

/// Files are looked for by their names, since there is none yet of a pod that starts, nor of an API
/// server that is elsewhere.
fn matched() -> Block {
    Block::of("file_match").set("enabled", true)
}

/// Longer lines are cut, and say so.
fn shortened() -> Block {
    let rule = Block::of("rule")
        .set("limit", format!("{}KiB", LONGEST_LINE.get() >> 10))
        .set("suffix", " (cut)");
    Block::of("stage.truncate").with(rule)
}

fn without_useless() -> Block {
    Block::of("stage.label_drop").set("values", list(USELESS.map(Value::from)))
}

/// The log files of the node's pods, with the labels of their lines.
fn files(pods: &Block) -> Block {
    let rule = |from: &[&str], to: &str| {
        let from = from.iter().map(|it| Value::from(*it)).collect();
        Block::of("rule").set("source_labels", Value::List(from)).set("target_label", to)
    };
    let path = ["__meta_kubernetes_pod_uid", "__meta_kubernetes_pod_container_name"];
    Block::component("discovery.relabel", "pods")
        .set("targets", pods.export("targets"))
        .with(rule(&["__meta_kubernetes_namespace"], "namespace"))
        .with(rule(&["__meta_kubernetes_pod_name"], BESIDE))
        .with(rule(&["__meta_kubernetes_pod_container_name"], "container"))
        // What is not there does not take the place of what is.
        .with_all(APP.map(|it| rule(&[it], "app").set("regex", "(.+)")))
        .with(
            rule(&path, "__path__")
                .set("separator", "/")
                .set("replacement", "/var/log/pods/*$1/*.log"),
        )
}

/// With what an entry begins, and which of its fields are labels.
type Said<'a> = (Option<&'a str>, &'static [&'static str]);

/// What components say of their lines, by the label `app`: a workspace's copy of a component has
/// the same, in another namespace. What is not said of is a line of text.
fn readings(contributions: &Contributions) -> Vec<Block> {
    let mut all: BTreeMap<String, BTreeSet<Said<'_>>> = BTreeMap::new();
    for logs in contributions.logs().filter(|it| it.begins.is_some() || !it.labels.is_empty()) {
        all.entry(app(logs)).or_default().insert((logs.begins, logs.labels));
    }
    let stages = all.into_iter().map(|(app, said)| {
        let inner = said.into_iter().flat_map(|(begins, labels)| stages(begins, labels));
        Block::of("stage.match").set("selector", format!("{{app=\"{app}\"}}")).with_all(inner)
    });
    stages.collect()
}

/// What the lines of some pods have as their label `app`.
fn app(logs: &Logs) -> String {
    let labels = logs.pods.selector().labels();
    labels.get(meta::NAME).cloned().unwrap_or_else(|| logs.pods.name().to_string())
}

fn stages(begins: Option<&str>, labels: &[&'static str]) -> Vec<Block> {
    let several = begins.map(|it| Block::of("stage.multiline").set("firstline", it));
    let of = || Value::Map(labels.iter().map(|it| (*it, "".into())).collect());
    let fields = (!labels.is_empty()).then(|| {
        [
            Block::of("stage.json").set("expressions", of()),
            Block::of("stage.labels").set("values", of()),
        ]
    });
    several.into_iter().chain(fields.into_iter().flatten()).collect()
}

#[cfg(test)]
mod tests {
    use super::{Way, of};
    use crate::{
        builder::{
            contribution::Logs, internet::Internet, may_make::MayMake, platform::PlatformBuilder,
        },
        facts::logs::Intake,
        platform::{node_group::Nodes, storage::Storage},
        units::Bytes,
    };

    const WEB: MayMake = MayMake::in_namespace("web", &["argocd"], &[]);

    /// What a component says of its lines is a stage for its pods, and for no other's.
    #[test]
    fn lines_are_read_as_their_component_says() {
        let (storage, nodes) = (Storage::default(), Nodes::of(None, &[]));
        let mut builder = PlatformBuilder::new("test", &storage, &nodes, None, Internet::default());
        let cluster = builder.cluster();
        let loki = builder.build(&WEB, &cluster.argocd, |scope| {
            for name in ["web", "worker", "plain"] {
                let pods = scope.pods(&scope.part(name, "server", None));
                let logs = match name {
                    "web" => Logs { labels: &["level", "route"], ..Logs::json(&pods) },
                    "worker" => Logs::text(&pods).beginning(r"^\d+ "),
                    _ => Logs::text(&pods),
                };
                scope.contribute(logs);
            }
            scope.service(&scope.part("loki", "store", None), "http", 3100).endpoint()
        });
        let way = Way { loki, intake: Intake::of(Bytes::gib(10), 7), retention_days: 7 };
        let text = of(&way, &builder.close().1);
        let stage = |app: &str| {
            let found = text.split("stage.match").find(|it| it.contains(app)).unwrap_or_default();
            found.split("\n  }").next().unwrap_or_default().to_owned()
        };
        let fields = "{\"level\" = \"\", \"route\" = \"\"}";
        assert!(stage("web").contains(&format!("expressions = {fields}")), "{text}");
        assert!(stage("web").contains(&format!("values = {fields}")), "{text}");
        assert!(stage("worker").contains(r#"firstline = "^\\d+ ""#), "{text}");
        assert!(!text.contains("plain"), "{text}");
        // A line that Loki would refuse for its age is not sent.
        assert_eq!(text.matches("\"167h\"").count(), 2, "{text}");
    }
}
