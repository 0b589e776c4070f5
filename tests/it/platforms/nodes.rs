//! Nodes with room for everything.

use serde_yaml::Value;

use super::{map, some};

/// Several nodes with room for all pods, and with the label and the taint that some pods select or
/// tolerate.
pub fn nodes() -> Value {
    let group = |name: &'static str,
                 role: &'static str,
                 count: u64,
                 more: [(&'static str, Option<Value>); 2]| {
        let own = [
            ("name", some(name)),
            ("role", some(role)),
            ("count", some(count)),
            ("cpu", some(128)),
            ("memory", some("2Ti")),
        ];
        map(own.into_iter().chain([("overcommit", some(10.0)), ("gpus", some(8))]).chain(more))
    };
    let labels = || Some(map([("nvidia.com/gpu.present", some("true")), ("yes", some("true"))]));
    let taints = Some(
        vec![map([("key", some("nvidia.com/gpu")), ("effect", some("PreferNoSchedule"))])].into(),
    );
    vec![
        group("control", "server", 1, [("labels", labels()), ("taints", None)]),
        group("work", "agent", 2, [("labels", labels()), ("taints", taints)]),
    ]
    .into()
}
