//! Grafana in random platforms.

use proptest::prelude::*;
use serde_yaml::Value;

use super::{map, resources, some};

/// Grafana: off, or on wherever what it needs is.
pub(super) fn grafana() -> impl Strategy<Value = Option<Value>> {
    let all = (any::<bool>(), proptest::option::of(any::<bool>()), resources(64)).prop_map(
        |(on, anonymous, memory)| {
            map([
                ("enabled", some(on)),
                ("anonymous", anonymous.map(Into::into)),
                ("resources", memory),
            ])
        },
    );
    proptest::option::of(all)
}

/// It is on only where what it needs is.
pub(super) fn allowed(
    grafana: Option<Value>,
    monitoring: Option<&Value>,
    unseals: bool,
) -> Option<Value> {
    let is_on = |section: &Value| section["enabled"].as_bool() == Some(true);
    let has_metrics = monitoring.is_some_and(is_on);
    grafana.filter(|it| !is_on(it) || has_metrics && unseals)
}
