//! The dashboard of Ollama: whether models answer, and whether their memory is what was computed.

use super::workload::{Of, volumes};
use crate::{
    builder::dashboard::{Dashboard, Row},
    components::workload_alerts::STATEFUL_SET,
};

/// Whether models answer, and what they take. The request is the sum of Ollama's memory formula: a
/// line that stays above it is a formula that is wrong.
pub fn dashboard(namespace: &str) -> Dashboard {
    let of = Of { kind: &STATEFUL_SET, namespace, name: "ollama", container: "ollama" };
    let own = format!("namespace=\"{namespace}\",persistentvolumeclaim=~\".*ollama.*\"");
    Dashboard {
        name: "models",
        title: "Models",
        description: "Do models answer, and is their memory what `espalier show budget` computed?",
        variables: Vec::new(),
        home: vec![of.ready("Servers of models"), of.memory_of_limit("Memory of models")],
        rows: vec![
            Row::of(
                "Well-being",
                [of.ready("Ready servers"), of.memory_of_limit("Memory of the limit")],
            ),
            of.row(),
            Row::of("Where models are kept", [volumes("Room for models", &own)]),
        ],
    }
}
