//! The JSON exporter's configuration: which metrics it makes of Ollama's answer.

use std::collections::BTreeMap;

use serde::Serialize;

/// The way of asking, by which a `Probe` names it.
pub(super) const MODULE: &str = "ollama_ps";

/// Where Ollama tells which models it has in memory. It loads none for that, and keeps none longer.
pub(super) const PATH: &str = "/api/ps";

/// What each metric's name begins with.
const NAME: &str = "ollama_loaded_model";

/// The exporter's file. It reads keys in lower case and without separators.
#[derive(Serialize)]
pub(super) struct Configuration {
    modules: BTreeMap<&'static str, Module>,
}

#[derive(Serialize)]
struct Module {
    metrics: [Metric; 1],
}

/// Of each object that a path finds, some values.
#[derive(Serialize)]
struct Metric {
    name: &'static str,
    help: &'static str,
    path: &'static str,
    r#type: &'static str,
    valuetype: &'static str,
    labels: BTreeMap<&'static str, &'static str>,
    values: BTreeMap<&'static str, &'static str>,
}

impl Default for Configuration {
    /// When a model goes is a time in words there, of which the exporter makes no number.
    fn default() -> Self {
        let metric = Metric {
            name: NAME,
            help: "A model that Ollama has in memory.",
            path: "{.models[*]}",
            r#type: "object",
            valuetype: "gauge",
            labels: [("model", "{.name}")].into(),
            values: [
                ("context_tokens", "{.context_length}"),
                ("size_bytes", "{.size}"),
                ("vram_bytes", "{.size_vram}"),
            ]
            .into(),
        };
        Self { modules: [(MODULE, Module { metrics: [metric] })].into() }
    }
}
