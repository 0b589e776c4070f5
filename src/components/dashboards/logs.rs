//! The dashboard of logs, where somebody stores them.

use crate::builder::dashboard::{
    Dashboard, Row, Variable,
    logs::{LogLabel, LogQuery},
    panel::Panel,
    unit::Unit,
};

/// The pods that store logs.
const STORE: &str = "loki";

/// Words by which a line tells of a fault, whatever form it has.
const FAULT: &str = r"(?i)\b(error|fatal|panic|exception|critical)\b";

/// What pods say.
pub fn dashboard() -> Dashboard {
    let chosen = || LogQuery::of(LogLabel::Namespace, "$namespace");
    let rate = Panel::series(
        "Lines a second",
        "How much each workload says. One that suddenly says much more repeats a fault, or is \
         being asked by somebody who should not.",
        Unit::PerSecond,
    );
    let faults = Panel::series(
        "Lines that tell of a fault",
        "Lines with a word like error, by container. The lines themselves are below.",
        Unit::PerSecond,
    );
    Dashboard {
        name: "logs",
        title: "Logs",
        description: "What do pods say, and which of them tell of faults?",
        variables: vec![Variable::Namespace],
        home: Vec::new(),
        rows: vec![
            Row::over(
                "How much is said",
                STORE,
                [
                    rate.counts(chosen().counted_by(LogLabel::App), "{{app}}"),
                    faults.counts(
                        chosen().with(FAULT).counted_by(LogLabel::Container),
                        "{{container}}",
                    ),
                ],
            ),
            Row::over(
                "What is said",
                STORE,
                [
                    Panel::logs(
                        "Faults",
                        "Lines with a word like error, of the chosen namespaces.",
                        chosen().with(FAULT),
                    ),
                    Panel::logs("All lines", "Of the chosen namespaces.", chosen()),
                ],
            ),
        ],
    }
}
