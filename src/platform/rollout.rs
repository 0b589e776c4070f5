//! How a chart's Deployments are replaced on one node.

use serde::Serialize;

/// The old pod goes first: a full node has no room for a second one, and such a rollout would never
/// end.
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
    Strategy {
        r#type: "RollingUpdate",
        rolling_update: RollingUpdate { max_surge: 0, max_unavailable: 1 },
    }
}

/// Pods that a rolling update adds: `maxSurge` of the strategy in the chart's values; where the
/// chart has no value for a strategy, a quarter of a Deployment's pods, rounded up, which is
/// Kubernetes' own default. Other kinds add none.
pub fn surge(kind: &str, replicas: u32, strategy: Option<&Strategy>) -> u32 {
    match (strategy, kind) {
        (Some(strategy), _) => strategy.rolling_update.max_surge,
        (None, "Deployment") => replicas.div_ceil(4),
        (None, _) => 0,
    }
}

#[cfg(test)]
mod tests {
    use super::{old_pod_first, surge};

    #[test]
    fn a_deployment_surges_unless_it_is_told_not_to() {
        assert_eq!(surge("Deployment", 1, None), 1);
        assert_eq!(surge("Deployment", 5, None), 2);
        assert_eq!(surge("Deployment", 1, Some(&old_pod_first())), 0);
        for kind in ["StatefulSet", "DaemonSet", "Job"] {
            assert_eq!(surge(kind, 1, None), 0, "{kind}");
        }
    }
}
