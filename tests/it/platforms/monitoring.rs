//! Monitoring of random platforms: what collects metrics, and what measures nodes and reads logs.

use proptest::prelude::*;
use serde_yaml::Value;

use super::{map, resources, some};

/// Monitoring: off, or on with pods and a volume of any size, and with what else measures and reads:
/// Alloy only beside Loki, whose volume holds the days that it keeps.
pub(super) fn monitoring() -> BoxedStrategy<[(&'static str, Option<Value>); 4]> {
    let pods = (resources(64), resources(64), resources(64), resources(64));
    let others = (resources(64), resources(64), resources(64), 0_u8..8, 1_u64..366);
    let all = (any::<bool>(), 1_u64..400, 1_u64..366, pods, others);
    proptest::option::of(all)
        .prop_map(|all| {
            let keys = ["kubePrometheusStack", "nodeExporter", "loki", "alloy"];
            let Some((on, size, days, pods, others)) = all else {
                return keys.map(|it| (it, None));
            };
            let (exporter, loki, alloy, which, kept) = others;
            let has = |bit: u8| on && which & bit != 0;
            let pods = map([
                ("prometheus", pods.0),
                ("configReloader", pods.1),
                ("kubeStateMetrics", pods.2),
                ("operator", pods.3),
            ]);
            let stack = map([
                ("enabled", some(on)),
                ("resources", Some(pods)),
                ("retentionDays", some(days)),
                ("storage", some(format!("{size}Gi"))),
            ]);
            let exporter = map([("enabled", some(has(1))), ("resources", exporter)]);
            let loki = map([
                ("enabled", some(has(2))),
                ("resources", loki),
                ("retentionDays", some(kept)),
                ("storage", some(format!("{}Gi", kept + 2))),
            ]);
            let alloy = map([("enabled", some(has(2) && has(4))), ("resources", alloy)]);
            let sections = [stack, exporter, loki, alloy];
            std::array::from_fn(|at| (keys[at], Some(sections[at].clone())))
        })
        // Strategies are values, and this one is large.
        .boxed()
}
