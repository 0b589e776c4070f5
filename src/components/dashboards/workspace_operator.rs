//! The dashboard of the operator for workspaces: whether it works, and how workspaces are.

use super::workload::Of;
use crate::{
    builder::dashboard::{
        Dashboard, Row,
        panel::Panel,
        unit::{Milli, Unit},
    },
    components::workload_alerts::DEPLOYMENT,
};

/// The pods of the operator.
const OPERATOR: &str = "aichat-workspace-operator";

/// Whether it works, and how workspaces are.
pub fn dashboard(namespace: &str) -> Dashboard {
    let of = Of { kind: &DEPLOYMENT, namespace, name: OPERATOR, container: "operator" };
    Dashboard {
        name: "workspace-operator",
        title: "Operator for workspaces",
        description: "Does the operator make what the workspaces' resources say?",
        variables: Vec::new(),
        home: vec![of.ready("Operator for workspaces"), of.memory_of_limit("Memory of it")],
        rows: vec![
            Row::over("Workspaces", OPERATOR, [workspaces(), degraded(), room()]),
            Row::over("Its work", OPERATOR, [reconciles(), duration(), waiting(), applies()]),
            Row::over("What others change", OPERATOR, [drift(), takes()]),
            of.row(),
        ],
    }
}

fn rate(metric: &str) -> String {
    format!("rate(espalier_operator_{metric}[$__rate_interval])")
}

fn workspaces() -> Panel {
    Panel::series(
        "Workspaces by condition",
        "Of how many each condition holds. Those that are accepted and not admitted wait for room; \
         those that are admitted and not ready wait for their pods.",
        Unit::Count,
    )
    .reads("max by (condition) (espalier_operator_workspaces{status=\"True\"})", "{{condition}}")
}

fn degraded() -> Panel {
    Panel::stat(
        "Degraded",
        "`kubectl -n aichat-workspace-operator-system get aichatworkspaces` shows which, and \
         `kubectl describe` on one what to do.",
        Unit::Count,
    )
    .reads(
        "max(espalier_operator_workspaces{condition=\"Degraded\",status=\"True\"}) or vector(0)",
        "degraded",
    )
    .worse_above(Milli::whole(1), Milli::whole(2))
}

fn room() -> Panel {
    Panel::series(
        "Memory that is given away",
        "Of what the nodes give: the platform's own pods, and those of workspaces that are \
         admitted. At the upper line a further workspace waits.",
        Unit::Bytes,
    )
    .reads("max(espalier_operator_room_memory_bytes)", "there is")
    .reads("max(espalier_operator_room_memory_requested_bytes)", "requested")
}

fn reconciles() -> Panel {
    Panel::series(
        "Looks at workspaces",
        "By what came of them. Failed and panicked ones want somebody: the operator's log names \
         the workspace.",
        Unit::PerSecond,
    )
    .reads(format!("sum by (outcome) ({})", rate("reconciles_total")), "{{outcome}}")
}

fn duration() -> Panel {
    Panel::series(
        "How long one takes",
        "Nineteen of twenty took less. Minutes: the API server is slow, or holds it back.",
        Unit::Seconds,
    )
    .reads(
        format!("histogram_quantile(0.95, sum by (le) ({}))", rate("reconcile_seconds_bucket")),
        "95 %",
    )
}

fn waiting() -> Panel {
    Panel::series(
        "Workspaces that wait for a look",
        "By lane: what people changed goes before what is only looked at again.",
        Unit::Count,
    )
    .reads("max by (lane) (espalier_operator_queue_depth)", "{{lane}}")
}

fn applies() -> Panel {
    Panel::series(
        "Writes",
        "By what the API server said. Refused ones are in the condition `Degraded` of a workspace.",
        Unit::PerSecond,
    )
    .reads(format!("sum by (outcome) ({})", rate("applies_total")), "{{outcome}}")
}

fn drift() -> Panel {
    Panel::series(
        "Changes of others that were undone",
        "By kind. A rate that does not end is two programs that undo each other's work.",
        Unit::PerSecond,
    )
    .reads(format!("sum by (kind) ({})", rate("drift_corrected_total")), "{{kind}}")
}

fn takes() -> Panel {
    Panel::series(
        "Fields that were taken over",
        "By kind: somebody else had written them.",
        Unit::PerSecond,
    )
    .reads(format!("sum by (kind) ({})", rate("takes_total")), "{{kind}}")
}
