//! Monitoring of random platforms: none, Prometheus alone, or with any of the exporters,
//! logs and Grafana.

use proptest::{prelude::*, sample::subsequence};
use serde_yaml::Value;

use super::parts::{map, resources, some};

/// The sections of exporters: a switch and the resources of one pod.
const EXPORTERS: [&str; 5] =
    ["blackboxExporter", "jsonExporter", "nodeExporter", "otelCollector", "postgresExporter"];

/// Pods and a volume of any size.
fn prometheus() -> impl Strategy<Value = Value> {
    let pods = (resources(64), resources(64), resources(64), resources(64));
    (1_u64..400, 1_u64..366, pods).prop_map(|(size, days, pods)| {
        let pods = map([
            ("prometheus", pods.0),
            ("configReloader", pods.1),
            ("kubeStateMetrics", pods.2),
            ("operator", pods.3),
        ]);
        map([
            ("enabled", some(true)),
            ("resources", Some(pods)),
            ("retentionDays", some(days)),
            ("storage", some(format!("{size}Gi"))),
        ])
    })
}

/// Logs: none, kept on a volume that holds the days, or also read.
fn logs() -> impl Strategy<Value = Vec<(&'static str, Option<Value>)>> {
    (resources(64), resources(64), 0..=2_usize, 1_u64..366).prop_map(|(loki, alloy, many, days)| {
        let loki = map([
            ("enabled", some(true)),
            ("resources", loki),
            ("retentionDays", some(days)),
            ("storage", some(format!("{}Gi", days + 2))),
        ]);
        let alloy = map([("enabled", some(true)), ("resources", alloy)]);
        [("loki", Some(loki)), ("alloy", Some(alloy))].into_iter().take(many).collect()
    })
}

/// Grafana, for everybody or for who signs in.
fn grafana() -> impl Strategy<Value = Option<(&'static str, Option<Value>)>> {
    let one = (proptest::option::of(any::<bool>()), resources(64)).prop_map(|(anonymous, pods)| {
        let anonymous = anonymous.map(Into::into);
        map([("enabled", some(true)), ("anonymous", anonymous), ("resources", pods)])
    });
    proptest::option::of(one.prop_map(|it| ("grafana", Some(it))))
}

/// The sections of monitoring that are written.
pub fn monitoring() -> impl Strategy<Value = Vec<(&'static str, Option<Value>)>> {
    let exporters = subsequence(EXPORTERS.to_vec(), 0..=EXPORTERS.len());
    let exporters = (exporters, resources(64)).prop_map(|(keys, pods)| {
        let one = map([("enabled", some(true)), ("resources", pods)]);
        keys.into_iter().map(|it| (it, Some(one.clone()))).collect::<Vec<_>>()
    });
    let all = (prometheus(), exporters, logs(), grafana());
    let on = all.prop_map(|(prometheus, exporters, logs, grafana)| {
        let first = [("kubePrometheusStack", Some(prometheus))];
        first.into_iter().chain(exporters).chain(logs).chain(grafana).collect()
    });
    let off = map([("enabled", some(false))]);
    prop_oneof![
        1 => Just(Vec::new()),
        1 => Just(vec![("kubePrometheusStack", Some(off))]),
        3 => on,
    ]
}

/// Whether metrics are collected.
pub fn is_on(sections: &[(&'static str, Option<Value>)]) -> bool {
    sections.iter().any(|(key, section)| {
        *key == "kubePrometheusStack"
            && section.as_ref().is_some_and(|it| it["enabled"].as_bool() == Some(true))
    })
}
