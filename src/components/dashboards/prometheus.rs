//! The dashboard of Prometheus: whether it sees everything, and what that takes.

use crate::builder::dashboard::{
    Dashboard, Row,
    panel::Panel,
    unit::{Milli, Unit},
};

/// Whether Prometheus sees everything, and what that takes.
pub fn dashboard() -> Dashboard {
    Dashboard {
        name: "monitoring",
        title: "Monitoring",
        description: "Does Prometheus see everything, and how long does its room last?",
        variables: Vec::new(),
        home: vec![unseen("Targets that do not answer")],
        rows: vec![
            Row::of("What is asked", [unseen("Targets without an answer"), failures(), which()]),
            Row::of("What it takes", [series(), stored(), memory()]),
        ],
    }
}

fn unseen(title: &'static str) -> Panel {
    Panel::stat(
        title,
        "What is not asked is not alerted to. The table below shows which; a pod that runs and \
         does not answer has another port, or a policy that does not let Prometheus ask.",
        Unit::Count,
    )
    .reads("count(up == 0) or vector(0)", "down")
    .worse_above(Milli::whole(1), Milli::whole(2))
}

fn failures() -> Panel {
    Panel::stat(
        "Rules that fail",
        "Evaluations of rules that failed within an hour. Prometheus' page shows the reason beside \
         the rule.",
        Unit::Count,
    )
    .reads("sum(increase(prometheus_rule_evaluation_failures_total[1h])) or vector(0)", "failed")
    .worse_above(Milli::whole(1), Milli::whole(10))
}

fn which() -> Panel {
    Panel::table(
        "Which targets do not answer",
        "By pod. An empty table is the good one.",
        Unit::Count,
    )
    .reads("count by (namespace, pod, instance) (up == 0)", "Targets")
}

fn series() -> Panel {
    Panel::series(
        "Series",
        "What is in Prometheus' memory: some 3 KiB each. A step is a label with new values.",
        Unit::Count,
    )
    .reads("max(prometheus_tsdb_head_series)", "series")
}

fn stored() -> Panel {
    Panel::series(
        "Samples on the disk",
        "Grows until the oldest samples go, by their age (`retentionDays`) or because the volume \
         is four fifths full.",
        Unit::Bytes,
    )
    .reads("max(prometheus_tsdb_storage_blocks_bytes)", "samples")
}

fn memory() -> Panel {
    Panel::series(
        "Memory of monitoring",
        "What its containers use: what it takes to know what everything else takes.",
        Unit::Bytes,
    )
    .reads(
        "max by (pod, container) (container_memory_working_set_bytes{namespace=\"monitoring\",\
         container!=\"\"})",
        "{{pod}} {{container}}",
    )
}
