//! Backups in random platforms.

use proptest::{prelude::*, sample};
use serde_yaml::Value;

use super::{map, resources, some};

/// Backups on the node's disk, to an outside storage, to one by its address; and none.
pub(super) fn backup() -> impl Strategy<Value = Option<Value>> {
    let schedule = sample::select(vec!["17 3 * * *", "*/5 0-4,22 1,15 * 1-5", "0 4 29 feb *"]);
    let endpoint = sample::select(vec![
        "https://s3.example.org",
        "https://10.0.0.7:9000",
        "http://s3.example.org:8080",
    ]);
    let prefix = proptest::option::of(sample::select(vec![".", "on", "a/b c"]));
    let s3 = (endpoint, prefix).prop_map(|(endpoint, prefix)| {
        map([
            ("endpoint", some(endpoint)),
            ("bucket", some("backups.1")),
            ("prefix", prefix.map(Into::into)),
        ])
    });
    let all = (any::<bool>(), schedule, 1_u64..400, resources(64), proptest::option::of(s3))
        .prop_map(|(on, schedule, keep, memory, s3)| {
            map([
                ("enabled", (!on).then(|| false.into())),
                ("keep", some(keep)),
                ("resources", memory),
                ("schedule", some(schedule)),
                ("s3", s3),
            ])
        });
    proptest::option::of(all)
}
