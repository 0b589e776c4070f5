//! How a chart's Deployments are replaced on one node.

use serde::Serialize;

/// The old pod goes first: a full node has no room for a second one, and such a rollout would never end.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Strategy {
    r#type: &'static str,
    rolling_update: RollingUpdate,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct RollingUpdate {
    max_surge: u32,
    max_unavailable: u32,
}

/// The strategy, as a chart's value.
pub fn old_pod_first() -> Strategy {
    Strategy { r#type: "RollingUpdate", rolling_update: RollingUpdate { max_surge: 0, max_unavailable: 1 } }
}
