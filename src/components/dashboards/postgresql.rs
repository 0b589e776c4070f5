//! The dashboard of PostgreSQL: whether it answers, and what it does.

use super::workload::{Of, volumes};
use crate::{
    builder::dashboard::{
        Dashboard, Row,
        panel::Panel,
        unit::{Milli, Unit},
    },
    components::workload_alerts::STATEFUL_SET,
};

/// The pods that ask the database how it is.
const EXPORTER: &str = "postgres-exporter";

/// Whether the database answers, and what it does.
pub fn dashboard(namespace: &str) -> Dashboard {
    let of = Of { kind: &STATEFUL_SET, namespace, name: "postgresql", container: "postgresql" };
    let own = format!("namespace=\"{namespace}\",persistentvolumeclaim=~\"postgresql.*\"");
    Dashboard {
        name: "database",
        title: "Database",
        description: "Does the database answer, and what is it busy with?",
        variables: Vec::new(),
        home: vec![of.ready("Database server"), of.memory_of_limit("Memory of the database")],
        rows: vec![
            Row::of(
                "Well-being",
                [of.ready("Ready server"), of.memory_of_limit("Memory of the limit")],
            ),
            of.row(),
            Row::of("Its disk", [volumes("Room for the database", &own)]),
            Row::over("Connections", EXPORTER, [connections(), oldest()]),
            Row::over("Work", EXPORTER, [transactions(), cached(), size(), deadlocks()]),
        ],
    }
}

/// Of the databases that people use.
fn rate(metric: &str) -> String {
    format!("rate(pg_stat_database_{metric}{{datname!~\"template.*\"}}[$__rate_interval])")
}

fn connections() -> Panel {
    Panel::series(
        "Connections by state",
        "Those that idle in a transaction hold what others wait for. Open WebUI keeps its pool \
         open (`openWebui.connectionPool`).",
        Unit::Count,
    )
    .reads("sum by (state) (pg_stat_activity_count)", "{{state}}")
}

fn oldest() -> Panel {
    Panel::series(
        "The longest transaction",
        "One that lasts for hours keeps old rows from being cleaned up.",
        Unit::Seconds,
    )
    .reads("max(pg_stat_activity_max_tx_duration)", "longest")
    .worse_above(Milli::whole(600), Milli::whole(3600))
}

fn transactions() -> Panel {
    Panel::series("Transactions", "What was done, and what was taken back.", Unit::PerSecond)
        .reads(format!("sum({})", rate("xact_commit")), "committed")
        .reads(format!("sum({})", rate("xact_rollback")), "rolled back")
}

fn cached() -> Panel {
    let (hit, read) = (rate("blks_hit"), rate("blks_read"));
    Panel::series(
        "Blocks found in memory",
        "As a part of those that were wanted. Well below 99 % all the time: more memory for the \
         database (`postgresql.resources`) saves reads.",
        Unit::Share,
    )
    .reads(format!("sum({hit}) / (sum({hit}) + sum({read}))"), "found")
}

fn size() -> Panel {
    Panel::series("Size of databases", "What each takes on the disk.", Unit::Bytes)
        .reads("max by (datname) (pg_database_size_bytes{datname!~\"template.*\"})", "{{datname}}")
}

fn deadlocks() -> Panel {
    Panel::series(
        "Deadlocks",
        "Transactions that waited for each other, of which one was ended.",
        Unit::PerSecond,
    )
    .reads(format!("sum({})", rate("deadlocks")), "ended")
}
