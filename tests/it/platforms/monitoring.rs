//! Monitoring of random platforms: none, Prometheus alone, or with any of the exporters.

use proptest::{prelude::*, sample::subsequence};
use serde_yaml::Value;

use super::parts::{map, resources, some};

/// The sections of exporters: a switch and the resources of one pod.
const EXPORTERS: [&str; 4] =
    ["blackboxExporter", "jsonExporter", "otelCollector", "postgresExporter"];

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

/// The sections of monitoring that are written.
pub fn monitoring() -> impl Strategy<Value = Vec<(&'static str, Option<Value>)>> {
    let exporters = subsequence(EXPORTERS.to_vec(), 0..=EXPORTERS.len());
    let exporters = (exporters, resources(64)).prop_map(|(keys, pods)| {
        let one = map([("enabled", some(true)), ("resources", pods)]);
        keys.into_iter().map(|it| (it, Some(one.clone()))).collect::<Vec<_>>()
    });
    let on = (prometheus(), exporters).prop_map(|(prometheus, exporters)| {
        [("kubePrometheusStack", Some(prometheus))].into_iter().chain(exporters).collect()
    });
    let off = map([("enabled", some(false))]);
    prop_oneof![
        1 => Just(Vec::new()),
        1 => Just(vec![("kubePrometheusStack", Some(off))]),
        3 => on,
    ]
}
